"""A backbone of five convolutions with a third of the paper's parameters."""

from torch import nn

from gateviz.networks.blocks import Pair, convolution


def vgg_small(channels: int, height: int, scale: float = 1.0) -> tuple[nn.Sequential, int]:
    """Four blocks of convolution, batch norm and pooling, a last convolution over the rows, and the output channels.

    384 channels x 1 row x W/4 frames. No pooling pads, so frame t stands at column 4 t + 2 without
    the drift of half a stride that the paper's padded poolings bring.

    Args:
        channels: of the image.
        height: rows of the image, a multiple of 16.
        scale: times the channels 64, 128, 256, 320, 384.
    """
    first, second, third, fourth, last = (max(round(scale * size), 1) for size in (64, 128, 256, 320, 384))
    square: Pair = (3, 3)
    same: Pair = (1, 1)
    layers = [
        *convolution(channels, first, square, padding=same, norm=True),
        nn.MaxPool2d(2),
        *convolution(first, second, square, padding=same, norm=True),
        nn.MaxPool2d(2),
        *convolution(second, third, square, padding=same, norm=True),
        nn.MaxPool2d((2, 1)),
        *convolution(third, fourth, square, padding=same, norm=True),
        nn.MaxPool2d((2, 1)),
        *convolution(fourth, last, (height // 16, 3), padding=(0, 1), norm=True),
    ]
    return nn.Sequential(*layers), last
