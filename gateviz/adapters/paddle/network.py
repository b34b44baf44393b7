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
from gateviz.networks.blocks import eighths

Backbone = Literal["mobilenet_v3_small", "mobilenet_v3_large", "resnet18_vd", "resnet34_vd"]
PADDLE_SLOPE = 0.2
"""Slope of Paddle's hard sigmoid; PyTorch's own has 1/6, and one of the ports uses that."""

_HALF = 0.5

# MobileNetV3 (arXiv 1905.02244, tables 1 and 2) as (kernel, widened channels, output channels, squeeze and
# excitation, hard swish, stride), halving rows only; a block adds its input where its stride is None.
_Block = tuple[int, int, int, bool, bool, tuple[int, int] | None]
_ROWS, _ONE = (2, 1), (1, 1)
_LARGE: tuple[_Block, ...] = (
    (3, 16, 16, False, False, None),
    (3, 64, 24, False, False, _ROWS),
    (3, 72, 24, False, False, None),
    (5, 72, 40, True, False, _ROWS),
    (5, 120, 40, True, False, None),
    (5, 120, 40, True, False, None),
    (3, 240, 80, False, True, None),
    (3, 200, 80, False, True, None),
    (3, 184, 80, False, True, None),
    (3, 184, 80, False, True, None),
    (3, 480, 112, True, True, None),
    (3, 672, 112, True, True, None),
    (5, 672, 160, True, True, _ROWS),
    (5, 960, 160, True, True, None),
    (5, 960, 160, True, True, None),
)
# The first block's stride is written as a pair of ones, which PaddleOCR does not take for one: no input is added.
_SMALL: tuple[_Block, ...] = (
    (3, 16, 16, True, False, _ONE),
    (3, 72, 24, False, False, _ROWS),
    (3, 88, 24, False, False, None),
    (5, 96, 40, True, True, _ROWS),
    (5, 240, 40, True, True, None),
    (5, 240, 40, True, True, None),
    (5, 120, 48, True, True, None),
    (5, 144, 48, True, True, None),
    (5, 288, 96, True, True, _ROWS),
    (5, 576, 96, True, True, None),
    (5, 576, 96, True, True, None),
)
_LAST = {"mobilenet_v3_small": 576, "mobilenet_v3_large": 960}
RESNETS: dict[Backbone, tuple[int, ...]] = {"resnet18_vd": (2, 2, 2, 2), "resnet34_vd": (3, 4, 6, 3)}
_STAGE_CHANNELS = (64, 128, 256, 512)
_STEM_CHANNELS = (32, 32, 64)


TELLTALES: dict[Backbone, tuple[str, ...]] = {
    "mobilenet_v3_small": (),
    "mobilenet_v3_large": (f"backbone.blocks.{len(_SMALL)}.expand_conv.conv.weight",),
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


class SqueezeExcite(nn.Module):
    """Channels scaled by numbers from their means over the whole line (arXiv 1709.01507)."""

    def __init__(self, channels: int, inner: int) -> None:
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.conv1 = nn.Conv2d(channels, inner, 1)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(inner, channels, 1)
        self.hard_sigmoid = HardSigmoid()

    def forward(self, x: Float[torch.Tensor, "B C H W"]) -> Float[torch.Tensor, "B C H W"]:
        """The input, each channel by its own scale between 0 and 1."""
        inner = self.relu1(self.conv1(self.avg_pool(x)))
        scaled: torch.Tensor = x * self.hard_sigmoid(self.conv2(inner))
        return scaled

    def axis_paths(self) -> Sequence[Sequence[nn.Module]]:
        """The shortcut, and the mean over the line that scales it."""
        return (), (self.avg_pool, self.conv1, self.relu1, self.conv2, self.hard_sigmoid)


class _Chain(nn.Module):
    """Layers under names of their own that run one after the other."""

    def forward(self, x: Float[torch.Tensor, "B C H W"]) -> Float[torch.Tensor, "B D h w"]:
        """What the last layer gives."""
        for layer in self.children():
            x = layer(x)
        return x

    def axis_paths(self) -> Sequence[Sequence[nn.Module]]:
        """The layers in their order."""
        return (tuple(self.children()),)


def _chain(**layers: nn.Module | None) -> _Chain:
    chain = _Chain()
    for name, layer in layers.items():
        if layer is not None:
            chain.add_module(name, layer)
    return chain


class _Added(nn.Module):
    """A branch added to a shortcut, and a ReLU where the family has one."""

    def __init__(self, branch: dict[str, nn.Module], short: nn.Module | None, *, adds: bool, relu: bool) -> None:
        super().__init__()
        for name, layer in branch.items():
            self.add_module(name, layer)
        if short is not None:
            self.add_module("short", short)
        self._branch, self._adds, self._relu = tuple(branch), adds, relu

    def forward(self, x: Float[torch.Tensor, "B C H W"]) -> Float[torch.Tensor, "B D h w"]:
        """The sum."""
        out = x
        for name in self._branch:
            out = self.get_submodule(name)(out)
        if self._adds:
            out = out + (self.get_submodule("short")(x) if "short" in self._modules else x)
        return out.relu() if self._relu else out

    def axis_paths(self) -> Sequence[Sequence[nn.Module]]:
        """The branch, beside the shortcut where there is one."""
        branch = tuple(self.get_submodule(name) for name in self._branch)
        if not self._adds:
            return (branch,)
        return branch, ((self.get_submodule("short"),) if "short" in self._modules else ())


def _mobile_conv(
    inputs: int, outputs: int, kernel: int, stride: int | tuple[int, int], groups: int, activation: nn.Module | None
) -> _Chain:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    return _chain(conv=convolution, bn=nn.BatchNorm2d(outputs), act=activation)


def mobilenet(shapes: Shapes, backbone: Backbone) -> tuple[nn.Module, int]:
    """MobileNetV3 at a checkpoint's sizes, and its output channels; usual sizes are those of half width."""

    def outputs_of(key: str, usual: int) -> int:
        return size_of(shapes, f"backbone.{key}.conv.weight", 0, eighths(usual * _HALF))

    image_channels, inputs = size_of(shapes, "backbone.conv1.conv.weight", 1, 3), outputs_of("conv1", 16)
    stem = _mobile_conv(image_channels, inputs, 3, 2, 1, nn.Hardswish())
    blocks = nn.Sequential()
    table = _LARGE if backbone == "mobilenet_v3_large" else _SMALL
    # The port of 2020 to 2022 calls the squeeze-and-excitation layer otherwise.
    squeeze_name = "se" if any(".se.conv1." in key for key in shapes) else "mid_se"
    for number, (kernel, usual_widened, usual_outputs, squeeze, hard_swish, stride) in enumerate(table):
        at = f"blocks.{number}"
        widened, outputs = (
            outputs_of(f"{at}.expand_conv", usual_widened),
            outputs_of(f"{at}.linear_conv", usual_outputs),
        )
        activation = nn.Hardswish if hard_swish else nn.ReLU
        branch: dict[str, nn.Module] = {
            "expand_conv": _mobile_conv(inputs, widened, 1, 1, 1, activation()),
            "bottleneck_conv": _mobile_conv(widened, widened, kernel, stride or 1, widened, activation()),
        }
        if squeeze:
            inner = size_of(shapes, f"backbone.{at}.{squeeze_name}.conv1.weight", 0, max(widened // 4, 1))
            branch[squeeze_name] = SqueezeExcite(widened, inner)
        branch["linear_conv"] = _mobile_conv(widened, outputs, 1, 1, 1, None)
        blocks.append(_Added(branch, None, adds=stride is None and inputs == outputs, relu=False))
        inputs = outputs
    last = outputs_of("conv2", _LAST[backbone])
    final = _mobile_conv(inputs, last, 1, 1, 1, nn.Hardswish())
    return _chain(conv1=stem, blocks=blocks, conv2=final, pool=nn.MaxPool2d(2, 2)), last


def _resnet_conv(
    inputs: int, outputs: int, kernel: int, stride: tuple[int, int], activation: nn.Module | None, pool: bool = False
) -> _Chain:
    """A convolution whose stride, in a ResNet_vd's shortcut, is a mean before it (arXiv 1812.01187, figure 2c)."""
    mean = nn.AvgPool2d(stride, stride, ceil_mode=True) if pool else None
    convolution = nn.Conv2d(inputs, outputs, kernel, _ONE if pool else stride, kernel // 2, bias=False)
    return _chain(_pool2d_avg=mean, _conv=convolution, _batch_norm=nn.BatchNorm2d(outputs), _act=activation)


def resnet(shapes: Shapes, backbone: Backbone) -> tuple[nn.Module, int]:
    """ResNet_vd at a checkpoint's sizes, and its output channels."""

    def outputs_of(key: str, usual: int) -> int:
        return size_of(shapes, f"backbone.{key}._conv.weight", 0, usual)

    inputs = size_of(shapes, "backbone.conv1_1._conv.weight", 1, 3)
    stem: dict[str, nn.Module] = {}
    for number, usual in enumerate(_STEM_CHANNELS, start=1):
        outputs = outputs_of(f"conv1_{number}", usual)
        stem[f"conv1_{number}"] = _resnet_conv(inputs, outputs, 3, _ONE, nn.ReLU())
        inputs = outputs
    blocks = nn.Sequential()
    for stage, depth in enumerate(RESNETS[backbone]):
        for number in range(depth):
            name = f"bb_{stage}_{number}"
            first = number == 0
            stride = _ROWS if first and stage else _ONE
            middle = outputs_of(f"block_list.{name}.conv0", _STAGE_CHANNELS[stage])
            outputs = outputs_of(f"block_list.{name}.conv1", middle) if first else inputs
            short = _resnet_conv(inputs, outputs, 1, stride, None, pool=stage > 0) if first else None
            branch: dict[str, nn.Module] = {
                "conv0": _resnet_conv(inputs, middle, 3, stride, nn.ReLU()),
                "conv1": _resnet_conv(middle, outputs, 3, _ONE, None),
            }
            blocks.add_module(name, _Added(branch, short, adds=True, relu=True))
            inputs = outputs
    pool = nn.MaxPool2d(3, 2, 1)
    return _chain(**stem, pool2d_max=pool, block_list=blocks, out_pool=nn.MaxPool2d(2, 2)), inputs


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
