"""The backbone of the CRNN paper: seven convolutions down to one row."""

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
