"""MobileNetV3 with small strides, for lines of text."""

from torch import nn

from gateviz.networks.blocks import InvertedResidual, eighths

# Kernel, widened channels, output channels, squeeze and excitation, hard swish, rows halved:
# MobileNetV3-Large (arXiv 1905.02244, table 1) with strides on the rows only, at four places.
_BLOCKS = (
    (3, 16, 16, False, False, False),
    (3, 64, 24, False, False, True),
    (3, 72, 24, False, False, False),
    (5, 72, 40, True, False, True),
    (5, 120, 40, True, False, False),
    (5, 120, 40, True, False, False),
    (3, 240, 80, False, True, False),
    (3, 200, 80, False, True, False),
    (3, 184, 80, False, True, False),
    (3, 184, 80, False, True, False),
    (3, 480, 112, True, True, False),
    (3, 672, 112, True, True, False),
    (5, 672, 160, True, True, True),
    (5, 960, 160, True, True, False),
    (5, 960, 160, True, True, False),
)
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
    before = eighths(16 * width)
    layers: list[nn.Module] = [
        nn.Conv2d(channels, before, 3, 2, 1, bias=False),
        nn.BatchNorm2d(before),
        nn.Hardswish(inplace=True),
    ]
    for kernel, widened, outputs, squeeze, hard_swish, rows_halved in _BLOCKS:
        after = eighths(outputs * width)
        layers.append(
            InvertedResidual(
                before,
                eighths(widened * width),
                after,
                kernel=kernel,
                stride=(2, 1) if rows_halved else (1, 1),
                squeeze=squeeze,
                hard_swish=hard_swish,
            )
        )
        before = after
    last = eighths(960 * width)
    layers += [
        nn.Conv2d(before, last, 1, bias=False),
        nn.BatchNorm2d(last),
        nn.Hardswish(inplace=True),
        nn.MaxPool2d((height // _ROWS_HALVED, 2)),
    ]
    return nn.Sequential(*layers), last
