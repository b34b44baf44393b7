"""The convolutional parts of gateviz's own recognizers as tables of layers: what torch and ONNX graphs are made of alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Pair = tuple[int, int]


@dataclass(frozen=True)
class Convolution:
    """A convolution of stride 1, a batch norm where there is one, and a ReLU; the norm makes the bias superfluous.

    Attributes:
        inputs: channels that come in.
        outputs: channels that come out.
        kernel: rows and columns.
        padding: rows and columns of zeros on each side.
        norm: whether a batch norm follows.
    """

    inputs: int
    outputs: int
    kernel: Pair
    padding: Pair
    norm: bool


@dataclass(frozen=True)
class Pooling:
    """A maximum over windows.

    Attributes:
        window: rows and columns.
        stride: rows and columns that it moves on.
        padding: rows and columns on each side.
    """

    window: Pair
    stride: Pair
    padding: Pair = (0, 0)


Layer = Convolution | Pooling
Backbone = tuple[tuple[Layer, ...], int]
"""The layers, first to last, and the channels that come out of them."""


def vgg_layers(channels: int, height: int, scale: float = 1.0) -> Backbone:
    """The layers of ``networks.vgg.vgg``."""
    first, second, third, last = (max(round(scale * size), 1) for size in (64, 128, 256, 512))

    def same(inputs: int, outputs: int, *, norm: bool = False) -> Convolution:
        return Convolution(inputs, outputs, (3, 3), (1, 1), norm)

    halve, halve_rows = Pooling((2, 2), (2, 2)), Pooling((2, 2), (2, 1), (0, 1))
    layers = (
        same(channels, first),
        halve,
        same(first, second),
        halve,
        same(second, third),
        same(third, third),
        halve_rows,
        same(third, last, norm=True),
        same(last, last, norm=True),
        halve_rows,
        Convolution(last, last, (height // 16, 2), (0, 0), norm=False),
    )
    return layers, last


def vgg_small_layers(channels: int, height: int, scale: float = 1.0) -> Backbone:
    """The layers of ``networks.vgg.vgg_small``."""
    return _five_convolutions(channels, height, [scale * size for size in (64, 128, 256, 320, 384)])


def vgg_narrow_layers(channels: int, height: int, scale: float = 1.0) -> Backbone:
    """The layers of ``networks.vgg.vgg_narrow``."""
    return _five_convolutions(channels, height, [scale * size for size in (24, 64, 144, 192, 256)])


LAYERED: dict[str, Callable[[int, int, float], Backbone]] = {
    "vgg": vgg_layers,
    "vgg_small": vgg_small_layers,
    "vgg_narrow": vgg_narrow_layers,
}
"""The backbones that are a row of such layers, by the names that a ``CrnnConfig`` has for them."""


def _five_convolutions(channels: int, height: int, sizes: Sequence[float]) -> Backbone:
    """Four blocks of convolution, batch norm and pooling, and a last convolution over the rows."""
    *outputs, last = (max(round(size), 1) for size in sizes)
    layers: list[Layer] = []
    for size, pool in zip(outputs, ((2, 2), (2, 2), (2, 1), (2, 1)), strict=True):
        layers += [Convolution(channels, size, (3, 3), (1, 1), norm=True), Pooling(pool, pool)]
        channels = size
    layers.append(Convolution(channels, last, (height // 16, 3), (0, 1), norm=True))
    return tuple(layers), last
