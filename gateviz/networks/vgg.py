"""The backbone of the CRNN paper, and two of fewer parameters: convolutions down to one row."""

from torch import nn

from gateviz.data.backbones import Backbone, Pooling, vgg_layers, vgg_narrow_layers, vgg_small_layers
from gateviz.networks.blocks import convolution


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
    return _built(vgg_layers(channels, height, scale))


def vgg_small(channels: int, height: int, scale: float = 1.0) -> tuple[nn.Sequential, int]:
    """Five convolutions with a third of the paper's parameters, and the output channels.

    384 channels x 1 row x W/4 frames. No pooling pads, so frame t stands at column 4 t + 2 without
    the drift of half a stride that the paper's padded poolings bring.

    Args:
        channels: of the image.
        height: rows of the image, a multiple of 16.
        scale: times the channels 64, 128, 256, 320, 384.
    """
    return _built(vgg_small_layers(channels, height, scale))


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
    return _built(vgg_narrow_layers(channels, height, scale))


def _built(backbone: Backbone) -> tuple[nn.Sequential, int]:
    layers, features = backbone
    modules: list[nn.Module] = []
    for layer in layers:
        if isinstance(layer, Pooling):
            modules.append(nn.MaxPool2d(layer.window, layer.stride, layer.padding))
        else:
            modules += convolution(layer.inputs, layer.outputs, layer.kernel, padding=layer.padding, norm=layer.norm)
    return nn.Sequential(*modules), features
