"""docTR's three CRNNs: torchvision's VGG-16 or MobileNetV3 with rectangular strides, one LSTM of two layers, a linear layer.

Rows are halved five times and columns twice, so that a line of 32 rows comes to one row and W/4 frames.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import nn

from gateviz.adapters.core.lineage import Shapes, size_of
from gateviz.networks.blocks import Added, Squeeze, eighths
from gateviz.networks.mobilenet_v3 import LARGE, LAST, SMALL, STEM, Block

Backbone = Literal["vgg16_bn", "mobilenet_v3_small", "mobilenet_v3_large"]
ROWS_HALVED = 32
_UNITS = 128
_CLASSES = 127
_LAYERS = 2

# VGG-16 (arXiv 1409.1556, configuration D): output channels of the convolutions between two poolings.
_VGG = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
_SQUARE_POOLS = 2

_ONE, _BOTH, _ROWS = (1, 1), (2, 2), (2, 1)
_BLOCKS: Mapping[Backbone, tuple[Block, ...]] = {"mobilenet_v3_small": SMALL, "mobilenet_v3_large": LARGE}
_FEATURES = "feat_extractor"


def backbone_of(shapes: Shapes) -> Backbone:
    """The backbone by a checkpoint's keys; VGG where they are no docTR recognizer's."""
    if f"{_FEATURES}.0.0.weight" not in shapes:
        return "vgg16_bn"
    beyond_small = f"{_FEATURES}.{len(SMALL) + 2}."
    return "mobilenet_v3_large" if any(key.startswith(beyond_small) for key in shapes) else "mobilenet_v3_small"


def _normed(
    inputs: int,
    outputs: int,
    kernel: int = 1,
    stride: tuple[int, int] = _ONE,
    *,
    groups: int = 1,
    activation: nn.Module | None = None,
) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
    layers = nn.Sequential(convolution, nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.01))
    return layers if activation is None else layers.append(activation)


def _squeeze(channels: int, inner: int) -> Squeeze:
    return Squeeze(
        avgpool=nn.AdaptiveAvgPool2d(1),
        fc1=nn.Conv2d(channels, inner, 1),
        activation=nn.ReLU(),
        fc2=nn.Conv2d(inner, channels, 1),
        scale_activation=nn.Hardsigmoid(),
    )


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

    image_channels, inputs = size_of(shapes, f"{_FEATURES}.0.0.weight", 1, 3), outputs_of("0", STEM)
    features = nn.Sequential(_normed(image_channels, inputs, 3, _BOTH, activation=nn.Hardswish()))
    blocks = _BLOCKS[backbone]
    first = next(number for number, block in enumerate(blocks, start=1) if block.halves)
    for number, block in enumerate(blocks, start=1):
        # Where the table halves rows and columns, only the first block halves both.
        stride = _ONE if not block.halves else _BOTH if number == first else _ROWS
        activation = nn.Hardswish if block.hard_swish else nn.ReLU
        layers = nn.Sequential()
        asked = outputs_of(f"{number}.block.0", block.widened)
        # The first block filters the stem's channels as they are.
        widened = asked if number > 1 else inputs
        if number > 1:
            layers.append(_normed(inputs, widened, activation=activation()))
        layers.append(_normed(widened, widened, block.kernel, stride, groups=widened, activation=activation()))
        if block.squeeze:
            key = f"{_FEATURES}.{number}.block.{len(layers)}.fc1.weight"
            layers.append(_squeeze(widened, size_of(shapes, key, 0, eighths(asked / 4))))
        outputs = outputs_of(f"{number}.block.{len(layers)}", block.outputs)
        layers.append(_normed(widened, outputs))
        features.append(Added({"block": layers}, adds=stride == _ONE and inputs == outputs, relu=False))
        inputs = outputs
    last = outputs_of(str(len(features)), LAST[blocks])
    return features.append(_normed(inputs, last, activation=nn.Hardswish())), last


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
