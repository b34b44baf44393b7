"""PaddleOCR's CRNNs as its PyTorch ports spell them: a backbone, a recurrent encoder, a CTC head.

Every backbone (MobileNetV3 or ResNet_vd) brings 32 rows down to one and W columns to W/4 frames: columns are
halved by the first convolution (or the first pooling) and by the last pooling, rows at three more places.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Literal

import torch
from jaxtyping import Float
from torch import nn
from torch.nn import functional

from gateviz.adapters.core.lineage import Shapes, size_of
from gateviz.networks.blocks import Added, Chain, Squeeze, eighths
from gateviz.networks.mobilenet_v3 import LARGE, LAST, SMALL, STEM

Backbone = Literal["mobilenet_v3_small", "mobilenet_v3_large", "resnet18_vd", "resnet34_vd"]
PADDLE_SLOPE = 0.2
"""Slope of Paddle's hard sigmoid; PyTorch's own has 1/6, and one of the ports uses that."""

_HALF = 0.5

_ROWS, _ONE = (2, 1), (1, 1)
RESNETS: dict[Backbone, tuple[int, ...]] = {"resnet18_vd": (2, 2, 2, 2), "resnet34_vd": (3, 4, 6, 3)}
_STAGE_CHANNELS = (64, 128, 256, 512)
_STEM_CHANNELS = (32, 32, 64)


TELLTALES: dict[Backbone, tuple[str, ...]] = {
    "mobilenet_v3_small": (),
    "mobilenet_v3_large": (f"backbone.blocks.{len(SMALL)}.expand_conv.conv.weight",),
    "resnet18_vd": ("backbone.conv1_1._conv.weight",),
    "resnet34_vd": ("backbone.conv1_1._conv.weight", "backbone.block_list.bb_0_2.conv0._conv.weight"),
}
"""Keys by which a backbone is known."""


def backbone_of(shapes: Shapes) -> Backbone:
    """The backbone by a checkpoint's keys; the small MobileNetV3 where they are none of these."""
    return max(
        TELLTALES, key=lambda backbone: all(key in shapes for key in TELLTALES[backbone]) * len(TELLTALES[backbone])
    )


class HardSigmoid(nn.Module):
    """``slope * x + 0.5`` between 0 and 1."""

    def __init__(self) -> None:
        super().__init__()
        self.slope = PADDLE_SLOPE

    def forward(self, x: Float[torch.Tensor, "..."]) -> Float[torch.Tensor, "..."]:
        """The bounded line."""
        return functional.relu6(6 * self.slope * x + 3.0) / 6.0

    def axis_paths(self) -> Sequence[Sequence[nn.Module]]:
        """Each position by itself."""
        return ((),)


def _squeeze(channels: int, inner: int) -> Squeeze:
    return Squeeze(
        avg_pool=nn.AdaptiveAvgPool2d(1),
        conv1=nn.Conv2d(channels, inner, 1),
        relu1=nn.ReLU(),
        conv2=nn.Conv2d(inner, channels, 1),
        hard_sigmoid=HardSigmoid(),
    )


def _mobile_conv(
    inputs: int,
    outputs: int,
    kernel: int = 1,
    stride: int | tuple[int, int] = 1,
    *,
    groups: int = 1,
    activation: nn.Module | None = None,
) -> Chain:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return Chain(conv=convolution, bn=nn.BatchNorm2d(outputs), act=activation)


def mobilenet(shapes: Shapes, backbone: Backbone) -> tuple[nn.Module, int]:
    """MobileNetV3 at a checkpoint's sizes, and its output channels; usual sizes are those of half width."""

    def outputs_of(key: str, usual: int) -> int:
        return size_of(shapes, f"backbone.{key}.conv.weight", 0, eighths(usual * _HALF))

    image_channels, inputs = size_of(shapes, "backbone.conv1.conv.weight", 1, 3), outputs_of("conv1", STEM)
    stem = _mobile_conv(image_channels, inputs, 3, 2, activation=nn.Hardswish())
    blocks = nn.Sequential()
    table = LARGE if backbone == "mobilenet_v3_large" else SMALL
    # The port of 2020 to 2022 calls the squeeze-and-excitation layer otherwise.
    squeeze_name = "se" if any(".se.conv1." in key for key in shapes) else "mid_se"
    for number, block in enumerate(table):
        at = f"blocks.{number}"
        widened = outputs_of(f"{at}.expand_conv", block.widened)
        outputs = outputs_of(f"{at}.linear_conv", block.outputs)
        activation = nn.Hardswish if block.hard_swish else nn.ReLU
        stride = _ROWS if block.halves_line else _ONE
        branch: dict[str, nn.Module] = {
            "expand_conv": _mobile_conv(inputs, widened, activation=activation()),
            "bottleneck_conv": _mobile_conv(
                widened, widened, block.kernel, stride, groups=widened, activation=activation()
            ),
        }
        if block.squeeze:
            inner = size_of(shapes, f"backbone.{at}.{squeeze_name}.conv1.weight", 0, max(widened // 4, 1))
            branch[squeeze_name] = _squeeze(widened, inner)
        branch["linear_conv"] = _mobile_conv(widened, outputs)
        # The small network's first stride is written as a pair of ones, which PaddleOCR does not take for one.
        pair = block.halves and number == 0
        adds = not block.halves_line and not pair and inputs == outputs
        blocks.append(Added(branch, adds=adds, relu=False))
        inputs = outputs
    last = outputs_of("conv2", LAST[table])
    final = _mobile_conv(inputs, last, activation=nn.Hardswish())
    return Chain(conv1=stem, blocks=blocks, conv2=final, pool=nn.MaxPool2d(2, 2)), last


def _resnet_conv(
    inputs: int,
    outputs: int,
    kernel: int,
    stride: tuple[int, int],
    *,
    activation: nn.Module | None = None,
    pool: bool = False,
) -> Chain:
    """A convolution whose stride, in a ResNet_vd's shortcut, is a mean before it (arXiv 1812.01187, figure 2c)."""
    mean = nn.AvgPool2d(stride, stride, ceil_mode=True) if pool else None
    convolution = nn.Conv2d(inputs, outputs, kernel, _ONE if pool else stride, kernel // 2, bias=False)
    return Chain(_pool2d_avg=mean, _conv=convolution, _batch_norm=nn.BatchNorm2d(outputs), _act=activation)


def resnet(shapes: Shapes, backbone: Backbone) -> tuple[nn.Module, int]:
    """ResNet_vd at a checkpoint's sizes, and its output channels."""

    def outputs_of(key: str, usual: int) -> int:
        return size_of(shapes, f"backbone.{key}._conv.weight", 0, usual)

    inputs = size_of(shapes, "backbone.conv1_1._conv.weight", 1, 3)
    stem: dict[str, nn.Module] = {}
    for number, usual in enumerate(_STEM_CHANNELS, start=1):
        outputs = outputs_of(f"conv1_{number}", usual)
        stem[f"conv1_{number}"] = _resnet_conv(inputs, outputs, 3, _ONE, activation=nn.ReLU())
        inputs = outputs
    blocks = nn.Sequential()
    for stage, depth in enumerate(RESNETS[backbone]):
        for number in range(depth):
            name = f"bb_{stage}_{number}"
            first = number == 0
            stride = _ROWS if first and stage else _ONE
            middle = outputs_of(f"block_list.{name}.conv0", _STAGE_CHANNELS[stage])
            outputs = outputs_of(f"block_list.{name}.conv1", middle) if first else inputs
            short = _resnet_conv(inputs, outputs, 1, stride, pool=stage > 0) if first else None
            branch: dict[str, nn.Module] = {
                "conv0": _resnet_conv(inputs, middle, 3, stride, activation=nn.ReLU()),
                "conv1": _resnet_conv(middle, outputs, 3, _ONE),
            }
            blocks.add_module(name, Added(branch, {} if short is None else {"short": short}))
            inputs = outputs
    pool = nn.MaxPool2d(3, 2, 1)
    return Chain(**stem, pool2d_max=pool, block_list=blocks, out_pool=nn.MaxPool2d(2, 2)), inputs


_UNITS = 48
_LAYERS = 2
_CLASSES = 37


class BothWays(nn.Module):
    """The current encoder: one bidirectional LSTM of two layers."""

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(inputs, units, _LAYERS, batch_first=True, bidirectional=True)

    def forward(self, sequence: Float[torch.Tensor, "B T D"]) -> Float[torch.Tensor, "B T D2"]:
        """Both directions side by side."""
        states: torch.Tensor = self.lstm(sequence)[0]
        return states


class TwoStacks(nn.Module):
    """The legacy encoder: two one-way LSTMs of two layers, the second of which is fed the line backward.

    No bidirectional LSTM: the second layer of either never sees what the other one found.
    """

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__()
        self.rnn1 = nn.LSTM(inputs, units, _LAYERS, batch_first=True)
        self.rnn2 = nn.LSTM(inputs, units, _LAYERS, batch_first=True)

    def forward(self, sequence: Float[torch.Tensor, "B T D"]) -> Float[torch.Tensor, "B T D2"]:
        """Both stacks side by side, in reading order."""
        ahead, _ = self.rnn1(sequence)
        behind, _ = self.rnn2(sequence.flip(1))
        return torch.cat((ahead, behind.flip(1)), 2)


class PaddleCrnn(nn.Module):
    """(B, 3, 32, W) to logits (B, T, C) with T = (W + 1)/4, rounded down."""

    def __init__(self, shapes: Shapes) -> None:
        """The network at a checkpoint's sizes; where a key is absent, at those of a model of half width."""
        super().__init__()
        self.kind = backbone_of(shapes)
        build = resnet if self.kind in RESNETS else mobilenet
        self.backbone, channels = build(shapes, self.kind)
        self.legacy = any(key.startswith("neck.encoder.rnn1.") for key in shapes)
        key = f"neck.encoder.{'rnn1' if self.legacy else 'lstm'}.weight_hh_l0"
        self.units = size_of(shapes, key, 1, _UNITS)
        self.neck = nn.ModuleDict(
            {"encoder": TwoStacks(channels, self.units) if self.legacy else BothWays(channels, self.units)}
        )
        features = 2 * self.units
        if "head.fc1.weight" in shapes:
            middle = size_of(shapes, "head.fc1.weight", 0, features)
            self.classes = size_of(shapes, "head.fc2.weight", 0, _CLASSES)
            layers = {"fc1": nn.Linear(features, middle), "fc2": nn.Linear(middle, self.classes)}
        else:
            self.classes = size_of(shapes, "head.fc.weight", 0, _CLASSES)
            layers = {"fc": nn.Linear(features, self.classes)}
        self.head = nn.Sequential(OrderedDict(layers))

    @property
    def image_channels(self) -> int:
        """Channels of the line image."""
        return next(layer for layer in self.modules() if isinstance(layer, nn.Conv2d)).in_channels

    def slope(self, slope: float) -> None:
        """Sets the slope of every hard sigmoid, which no checkpoint carries."""
        for layer in self.modules():
            if isinstance(layer, HardSigmoid):
                layer.slope = slope

    def forward(self, images: Float[torch.Tensor, "B channels 32 W"]) -> Float[torch.Tensor, "B T C"]:
        """Logits of every class at every frame."""
        features = self.backbone(images).squeeze(2).transpose(1, 2)
        logits: torch.Tensor = self.head(self.neck["encoder"](features))
        return logits
