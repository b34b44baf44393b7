"""docTR's three CRNNs: torchvision's VGG-16 or MobileNetV3 with rectangular strides, one LSTM of two layers, a linear layer.

Rows are halved five times and columns twice, so that a line of 32 rows comes to one row and W/4 frames.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import nn

from gateviz.adapters.core.lineage import Shapes, size_of
from gateviz.networks.blocks import eighths

Backbone = Literal["vgg16_bn", "mobilenet_v3_small", "mobilenet_v3_large"]
ROWS_HALVED = 32
_UNITS = 128
_CLASSES = 127
_LAYERS = 2

# VGG-16 (arXiv 1409.1556, configuration D): output channels of the convolutions between two poolings.
_VGG = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
_SQUARE_POOLS = 2

# MobileNetV3 (arXiv 1905.02244, tables 1 and 2) as (kernel, widened channels, output channels, squeeze and
# excitation, hard swish, stride): where the tables halve rows and columns, later blocks halve rows only.
_Block = tuple[int, int, int, bool, bool, tuple[int, int]]
_ONE, _BOTH, _ROWS = (1, 1), (2, 2), (2, 1)
_LARGE: tuple[_Block, ...] = (
    (3, 16, 16, False, False, _ONE),
    (3, 64, 24, False, False, _BOTH),
    (3, 72, 24, False, False, _ONE),
    (5, 72, 40, True, False, _ROWS),
    (5, 120, 40, True, False, _ONE),
    (5, 120, 40, True, False, _ONE),
    (3, 240, 80, False, True, _ROWS),
    (3, 200, 80, False, True, _ONE),
    (3, 184, 80, False, True, _ONE),
    (3, 184, 80, False, True, _ONE),
    (3, 480, 112, True, True, _ONE),
    (3, 672, 112, True, True, _ONE),
    (5, 672, 160, True, True, _ROWS),
    (5, 960, 160, True, True, _ONE),
    (5, 960, 160, True, True, _ONE),
)
_SMALL: tuple[_Block, ...] = (
    (3, 16, 16, True, False, _BOTH),
    (3, 72, 24, False, False, _ROWS),
    (3, 88, 24, False, False, _ONE),
    (5, 96, 40, True, True, _ROWS),
    (5, 240, 40, True, True, _ONE),
    (5, 240, 40, True, True, _ONE),
    (5, 120, 48, True, True, _ONE),
    (5, 144, 48, True, True, _ONE),
    (5, 288, 96, True, True, _ROWS),
    (5, 576, 96, True, True, _ONE),
    (5, 576, 96, True, True, _ONE),
)
_BLOCKS: Mapping[Backbone, tuple[_Block, ...]] = {"mobilenet_v3_small": _SMALL, "mobilenet_v3_large": _LARGE}
_LAST = {"mobilenet_v3_small": 576, "mobilenet_v3_large": 960}
_FEATURES = "feat_extractor"


def backbone_of(shapes: Shapes) -> Backbone:
    """The backbone by a checkpoint's keys; VGG where they are no docTR recognizer's."""
    if f"{_FEATURES}.0.0.weight" not in shapes:
        return "vgg16_bn"
    beyond_small = f"{_FEATURES}.{len(_SMALL) + 2}."
    return "mobilenet_v3_large" if any(key.startswith(beyond_small) for key in shapes) else "mobilenet_v3_small"


class SqueezeExcite(nn.Module):
    """Channels scaled by numbers from their means over the whole line (arXiv 1709.01507), under torchvision's names."""

    def __init__(self, channels: int, inner: int) -> None:
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(channels, inner, 1)
        self.fc2 = nn.Conv2d(inner, channels, 1)
        self.activation = nn.ReLU()
        self.scale_activation = nn.Hardsigmoid()

    def forward(self, x: Float[torch.Tensor, "B C H W"]) -> Float[torch.Tensor, "B C H W"]:
        """The input, each channel by its own scale between 0 and 1."""
        inner = self.activation(self.fc1(self.avgpool(x)))
        scaled: torch.Tensor = x * self.scale_activation(self.fc2(inner))
        return scaled

    def axis_paths(self) -> Sequence[Sequence[nn.Module]]:
        """The shortcut, and the mean over the line that scales it."""
        return (), (self.avgpool, self.fc1, self.activation, self.fc2, self.scale_activation)


class InvertedResidual(nn.Module):
    """MobileNetV3's block under torchvision's names: widen, filter each channel by itself, scale, narrow, add."""

    def __init__(self, inputs: int, widened: int, outputs: int, squeezed: int, block: _Block, *, widens: bool) -> None:
        super().__init__()
        kernel, _, _, squeeze, hard_swish, stride = block
        self.adds_input = stride == _ONE and inputs == outputs
        activation = nn.Hardswish if hard_swish else nn.ReLU
        self.block = nn.Sequential()
        if widens:
            self.block.append(_normed(inputs, widened, 1, _ONE, 1, activation()))
        else:
            widened = inputs
        self.block.append(_normed(widened, widened, kernel, stride, widened, activation()))
        if squeeze:
            self.block.append(SqueezeExcite(widened, squeezed))
        self.block.append(_normed(widened, outputs, 1, _ONE, 1, None))

    def forward(self, x: Float[torch.Tensor, "B C H W"]) -> Float[torch.Tensor, "B D h w"]:
        """The block's output, with the input added where the shapes agree."""
        out: torch.Tensor = self.block(x)
        return x + out if self.adds_input else out

    def axis_paths(self) -> Sequence[Sequence[nn.Module]]:
        """The layers, beside the shortcut where there is one."""
        return ((), (self.block,)) if self.adds_input else ((self.block,),)


def _normed(
    inputs: int, outputs: int, kernel: int, stride: tuple[int, int], groups: int, activation: nn.Module | None
) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    layers = nn.Sequential(convolution, nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.01))
    return layers if activation is None else layers.append(activation)


def _vgg16_bn(shapes: Shapes) -> tuple[nn.Sequential, int]:
    features, inputs = nn.Sequential(), size_of(shapes, f"{_FEATURES}.0.weight", 1, 3)
    for number, group in enumerate(_VGG):
        for usual in group:
            outputs = size_of(shapes, f"{_FEATURES}.{len(features)}.weight", 0, usual)
            features.append(nn.Conv2d(inputs, outputs, 3, padding=1))
            features.append(nn.BatchNorm2d(outputs))
            features.append(nn.ReLU(inplace=True))
            inputs = outputs
        features.append(nn.MaxPool2d(2 if number < _SQUARE_POOLS else (2, 1)))
    return features, inputs


def _mobilenet(shapes: Shapes, backbone: Backbone) -> tuple[nn.Sequential, int]:
    def outputs_of(key: str, usual: int) -> int:
        return size_of(shapes, f"{_FEATURES}.{key}.0.weight", 0, usual)

    image_channels, inputs = size_of(shapes, f"{_FEATURES}.0.0.weight", 1, 3), outputs_of("0", 16)
    features = nn.Sequential(_normed(image_channels, inputs, 3, _BOTH, 1, nn.Hardswish()))
    for number, block in enumerate(_BLOCKS[backbone], start=1):
        _, usual_widened, usual_outputs, squeeze, _, _ = block
        # The first block filters the stem's channels as they are.
        widens = number > 1
        filters = int(widens)
        widened = outputs_of(f"{number}.block.0", usual_widened)
        squeezed = size_of(shapes, f"{_FEATURES}.{number}.block.{filters + 1}.fc1.weight", 0, eighths(widened / 4))
        outputs = outputs_of(f"{number}.block.{filters + 1 + squeeze}", usual_outputs)
        features.append(InvertedResidual(inputs, widened, outputs, squeezed, block, widens=widens))
        inputs = outputs
    last = outputs_of(str(len(features)), _LAST[backbone])
    return features.append(_normed(inputs, last, 1, _ONE, 1, nn.Hardswish())), last


@dataclass(frozen=True)
class DoctrSizes:
    """What a rebuilt network came out as.

    Attributes:
        backbone: which of the three.
        image_channels: of the line image.
        height: rows of the line image.
        units: of the LSTM.
        classes: with the blank.
    """

    backbone: Backbone
    image_channels: int
    height: int
    units: int
    classes: int


class DoctrCrnn(nn.Module):
    """(B, channels, height, W) to logits (B, T, C) with T = W/4, rounded up behind MobileNet and down behind VGG."""

    def __init__(self, shapes: Shapes) -> None:
        """The network at a checkpoint's sizes; where a key is absent, at those of docTR's own model."""
        super().__init__()
        backbone = backbone_of(shapes)
        self.feat_extractor, channels = _vgg16_bn(shapes) if backbone == "vgg16_bn" else _mobilenet(shapes, backbone)
        # A model trained on higher lines hands all rows that are left to the LSTM.
        rows = max(size_of(shapes, "decoder.weight_ih_l0", 1, channels) // channels, 1)
        units = size_of(shapes, "decoder.weight_hh_l0", 1, _UNITS)
        classes = size_of(shapes, "linear.weight", 0, _CLASSES)
        self.decoder = nn.LSTM(channels * rows, units, _LAYERS, batch_first=True, bidirectional=True)
        self.linear = nn.Linear(2 * units, classes)
        image_channels = next(layer for layer in self.modules() if isinstance(layer, nn.Conv2d)).in_channels
        self.sizes = DoctrSizes(backbone, image_channels, ROWS_HALVED * rows, units, classes)

    def forward(self, images: Float[torch.Tensor, "B channels height W"]) -> Float[torch.Tensor, "B T C"]:
        """Logits of every class at every frame."""
        features = self.feat_extractor(images).flatten(1, 2).transpose(1, 2)
        states, _ = self.decoder(features)
        logits: torch.Tensor = self.linear(states)
        return logits
