"""The layers that the backbones are made of."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import nn

Pair = tuple[int, int]


def convolution(
    inputs: int, outputs: int, kernel: Pair, *, padding: Pair, norm: bool, activation: bool = True
) -> list[nn.Module]:
    """A convolution, a batch norm where asked for, and a ReLU where asked for; the norm makes the bias superfluous."""
    layers: list[nn.Module] = [nn.Conv2d(inputs, outputs, kernel, padding=padding, bias=not norm)]
    if norm:
        layers.append(nn.BatchNorm2d(outputs))
    if activation:
        layers.append(nn.ReLU(inplace=True))
    return layers


def eighths(channels: float) -> int:
    """Channels rounded to a multiple of 8, at least 8 and never below nine tenths of what was asked for.

    The rule of MobileNet's authors (arXiv 1801.04381).

    Example:
        >>> eighths(36.0), eighths(8.5), eighths(480.0)
        (40, 8, 480)
    """
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


class Squeeze(nn.Module):
    """Squeeze and excitation (arXiv 1709.01507): channels scaled by numbers from their mean over the whole line."""

    def __init__(self, channels: int, reduction: int = 4) -> None:
        super().__init__()
        inner = max(channels // reduction, 1)
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(channels, inner, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(inner, channels, 1),
            nn.Hardsigmoid(),
        )

    def forward(self, x: Float[torch.Tensor, "B C H W"]) -> Float[torch.Tensor, "B C H W"]:
        """The input, each channel by its own scale between 0 and 1."""
        scaled: torch.Tensor = x * self.gate(x)
        return scaled

    def axis_paths(self) -> Sequence[Sequence[nn.Module]]:
        """The shortcut, and the mean over the line that scales it."""
        return (), (self.gate,)


class InvertedResidual(nn.Module):
    """MobileNetV3's block (arXiv 1905.02244): widen, filter each channel by itself, scale, narrow, add."""

    def __init__(
        self, inputs: int, middle: int, outputs: int, *, kernel: int, stride: Pair, squeeze: bool, hard_swish: bool
    ) -> None:
        super().__init__()

        def activation() -> nn.Module:
            return nn.Hardswish(inplace=True) if hard_swish else nn.ReLU(inplace=True)

        self.adds_input = stride == (1, 1) and inputs == outputs
        layers: list[nn.Module] = [
            nn.Conv2d(inputs, middle, 1, bias=False),
            nn.BatchNorm2d(middle),
            activation(),
            nn.Conv2d(middle, middle, kernel, stride, kernel // 2, groups=middle, bias=False),
            nn.BatchNorm2d(middle),
            activation(),
        ]
        if squeeze:
            layers.append(Squeeze(middle))
        layers += [nn.Conv2d(middle, outputs, 1, bias=False), nn.BatchNorm2d(outputs)]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Float[torch.Tensor, "B C H W"]) -> Float[torch.Tensor, "B D h w"]:
        """The block's output, with the input added where the shapes agree."""
        out: torch.Tensor = self.layers(x)
        return x + out if self.adds_input else out

    def axis_paths(self) -> Sequence[Sequence[nn.Module]]:
        """The layers, beside the shortcut where there is one."""
        return ((), (self.layers,)) if self.adds_input else ((self.layers,),)
