"""MobileNetV3 (Howard and others, arXiv 1905.02244): its tables, and a network of small strides for lines of text."""

from typing import NamedTuple

from torch import nn

from gateviz.networks.blocks import Added, Squeeze, eighths


class Block(NamedTuple):
    """A row of the tables.

    Attributes:
        kernel: of the convolution that filters each channel by itself.
        widened: channels before it.
        outputs: channels behind the block.
        squeeze: whether they are scaled by squeeze and excitation.
        hard_swish: its activation, else ReLU.
        halves: whether rows and columns are halved here.
        halves_line: whether a network for lines, as PaddleOCR has it, halves the rows here.
    """

    kernel: int
    widened: int
    outputs: int
    squeeze: bool
    hard_swish: bool
    halves: bool = False
    halves_line: bool = False


LARGE = (
    Block(3, 16, 16, False, False),
    Block(3, 64, 24, False, False, halves=True, halves_line=True),
    Block(3, 72, 24, False, False),
    Block(5, 72, 40, True, False, halves=True, halves_line=True),
    Block(5, 120, 40, True, False),
    Block(5, 120, 40, True, False),
    Block(3, 240, 80, False, True, halves=True),
    Block(3, 200, 80, False, True),
    Block(3, 184, 80, False, True),
    Block(3, 184, 80, False, True),
    Block(3, 480, 112, True, True),
    Block(3, 672, 112, True, True),
    Block(5, 672, 160, True, True, halves=True, halves_line=True),
    Block(5, 960, 160, True, True),
    Block(5, 960, 160, True, True),
)
"""Table 1."""

SMALL = (
    Block(3, 16, 16, True, False, halves=True),
    Block(3, 72, 24, False, False, halves=True, halves_line=True),
    Block(3, 88, 24, False, False),
    Block(5, 96, 40, True, True, halves=True, halves_line=True),
    Block(5, 240, 40, True, True),
    Block(5, 240, 40, True, True),
    Block(5, 120, 48, True, True),
    Block(5, 144, 48, True, True),
    Block(5, 288, 96, True, True, halves=True, halves_line=True),
    Block(5, 576, 96, True, True),
    Block(5, 576, 96, True, True),
)
"""Table 2."""

STEM = 16
"""Channels behind the first convolution."""

LAST = {LARGE: 960, SMALL: 576}
"""Channels behind the last one."""

_HALF = 0.5
_ROWS_HALVED = 16


def mobilenet_v3(channels: int, height: int, scale: float = 1.0) -> tuple[nn.Sequential, int]:
    """MobileNetV3-Large of half width with small strides, and its output channels.

    480 channels x 1 row x W/4 frames: the shape that PaddleOCR's mobile recognizers hand to two
    bidirectional LSTMs of 96 units. Its squeeze-and-excitation layers take means over the line, so
    that every frame depends a little on every column; the geometry says so.

    Args:
        channels: of the image.
        height: rows of the image, a multiple of 16.
        scale: times the half width.
    """
    width = _HALF * scale
    before = eighths(STEM * width)
    layers: list[nn.Module] = [
        nn.Conv2d(channels, before, 3, 2, 1, bias=False),
        nn.BatchNorm2d(before),
        nn.Hardswish(inplace=True),
    ]
    for block in LARGE:
        after = eighths(block.outputs * width)
        layers.append(_inverted_residual(before, eighths(block.widened * width), after, block))
        before = after
    last = eighths(LAST[LARGE] * width)
    layers += [
        nn.Conv2d(before, last, 1, bias=False),
        nn.BatchNorm2d(last),
        nn.Hardswish(inplace=True),
        nn.MaxPool2d((height // _ROWS_HALVED, 2)),
    ]
    return nn.Sequential(*layers), last


def _inverted_residual(inputs: int, middle: int, outputs: int, block: Block) -> Added:
    """Widen, filter each channel by itself, scale, narrow, and add the input where the shapes agree."""
    activation = nn.Hardswish if block.hard_swish else nn.ReLU
    stride = (2, 1) if block.halves_line else (1, 1)
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, middle, 1, bias=False),
        nn.BatchNorm2d(middle),
        activation(inplace=True),
        nn.Conv2d(middle, middle, block.kernel, stride, block.kernel // 2, groups=middle, bias=False),
        nn.BatchNorm2d(middle),
        activation(inplace=True),
    ]
    if block.squeeze:
        inner = max(middle // 4, 1)
        gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(middle, inner, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(inner, middle, 1),
            nn.Hardsigmoid(),
        )
        layers.append(Squeeze(gate=gate))
    layers += [nn.Conv2d(middle, outputs, 1, bias=False), nn.BatchNorm2d(outputs)]
    adds = not block.halves_line and inputs == outputs
    return Added({"layers": nn.Sequential(*layers)}, adds=adds, relu=False)
