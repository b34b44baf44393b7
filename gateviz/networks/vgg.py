"""The backbone of the CRNN paper, and two of fewer parameters: convolutions down to one row."""

from collections.abc import Sequence

from torch import nn

from gateviz.networks.blocks import Pair, convolution


def vgg(channels: int, height: int, scale: float = 1.0) -> tuple[nn.Sequential, int]:
    """The convolutional layers of Shi, Bai, Yao (arXiv 1507.05717), table 1, and their output channels.

    512 channels x 1 row x W/4 + 1 frames. Batch norms stand after the fifth and the sixth
    convolution, as in the table. The last two poolings halve the rows only; their windows are two
    columns wide with a column of padding, as in the authors' own code, where the table says 1 x 2.

    Args:
        channels: of the image.
        height: rows of the image, a multiple of 16.
        scale: times the paper's channels.
    """
    first, second, third, last = (max(round(scale * size), 1) for size in (64, 128, 256, 512))
    square: Pair = (3, 3)
    same: Pair = (1, 1)

    def halve_rows() -> nn.Module:
        return nn.MaxPool2d((2, 2), stride=(2, 1), padding=(0, 1))

    layers = [
        *convolution(channels, first, square, padding=same, norm=False),
        nn.MaxPool2d(2),
        *convolution(first, second, square, padding=same, norm=False),
        nn.MaxPool2d(2),
        *convolution(second, third, square, padding=same, norm=False),
        *convolution(third, third, square, padding=same, norm=False),
        halve_rows(),
        *convolution(third, last, square, padding=same, norm=True),
        *convolution(last, last, square, padding=same, norm=True),
        halve_rows(),
        *convolution(last, last, (height // 16, 2), padding=(0, 0), norm=False),
    ]
    return nn.Sequential(*layers), last


def vgg_small(channels: int, height: int, scale: float = 1.0) -> tuple[nn.Sequential, int]:
    """Five convolutions with a third of the paper's parameters, and the output channels.

    384 channels x 1 row x W/4 frames. No pooling pads, so frame t stands at column 4 t + 2 without
    the drift of half a stride that the paper's padded poolings bring.

    Args:
        channels: of the image.
        height: rows of the image, a multiple of 16.
        scale: times the channels 64, 128, 256, 320, 384.
    """
    return _five_convolutions(channels, height, [scale * size for size in (64, 128, 256, 320, 384)])


def vgg_narrow(channels: int, height: int, scale: float = 1.0) -> tuple[nn.Sequential, int]:
    """``vgg_small``'s layers with their channels moved to where they cost least, and the output channels.

    256 channels x 1 row x W/4 frames; frame t stands at column 4 t + 2. A layer's work is its weights
    times its positions, and a position of the first layer is seen 32 times where one of the last is
    seen once: narrow layers in front make a network of 0.64 M weights as fast as one of 0.47 M.

    Args:
        channels: of the image.
        height: rows of the image, a multiple of 16.
        scale: times the channels 24, 64, 144, 192, 256.
    """
    return _five_convolutions(channels, height, [scale * size for size in (24, 64, 144, 192, 256)])


def _five_convolutions(channels: int, height: int, sizes: Sequence[float]) -> tuple[nn.Sequential, int]:
    """Four blocks of convolution, batch norm and pooling, and a last convolution over the rows."""
    *outputs, last = (max(round(size), 1) for size in sizes)
    layers: list[nn.Module] = []
    for size, pool in zip(outputs, ((2, 2), (2, 2), (2, 1), (2, 1)), strict=True):
        layers += [*convolution(channels, size, (3, 3), padding=(1, 1), norm=True), nn.MaxPool2d(pool)]
        channels = size
    layers += convolution(channels, last, (height // 16, 3), padding=(0, 1), norm=True)
    return nn.Sequential(*layers), last
