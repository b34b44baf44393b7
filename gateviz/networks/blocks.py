"""The layers that the backbones are made of."""

from collections.abc import Mapping, Sequence

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


class Chain(nn.Module):
    """Layers under names of their own that run one after the other; None is no layer."""

    def __init__(self, **layers: nn.Module | None) -> None:
        super().__init__()
        for name, layer in layers.items():
            if layer is not None:
                self.add_module(name, layer)

    def forward(self, x: Float[torch.Tensor, "B C H W"]) -> Float[torch.Tensor, "B D h w"]:
        """What the last layer gives."""
        for layer in self.children():
            x = layer(x)
        return x

    def axis_paths(self) -> Sequence[Sequence[nn.Module]]:
        """The layers in their order."""
        return (tuple(self.children()),)


class Squeeze(Chain):
    """Squeeze and excitation (arXiv 1709.01507): channels scaled by what the layers make of their mean over the line."""

    def forward(self, x: Float[torch.Tensor, "B C H W"]) -> Float[torch.Tensor, "B C H W"]:
        """The input, each channel by its own scale between 0 and 1."""
        return x * super().forward(x)

    def axis_paths(self) -> Sequence[Sequence[nn.Module]]:
        """The shortcut, and the mean over the line that scales it."""
        return (), tuple(self.children())


class Added(nn.Module):
    """A branch added to a shortcut (arXiv 1512.03385), the layers of both under names of their own.

    Args:
        branch: its layers in the order they run.
        short: the shortcut's; without any it is the input itself.
        adds: False for the branch alone.
        relu: whether a ReLU follows.
    """

    def __init__(
        self,
        branch: Mapping[str, nn.Module],
        short: Mapping[str, nn.Module] | None = None,
        *,
        adds: bool = True,
        relu: bool = True,
    ) -> None:
        super().__init__()
        self._branch, self._short, self._adds, self._relu = tuple(branch), tuple(short or ()), adds, relu
        for name, layer in (*branch.items(), *(short or {}).items()):
            self.add_module(name, layer)

    def forward(self, x: Float[torch.Tensor, "B C H W"]) -> Float[torch.Tensor, "B D h w"]:
        """The sum."""
        out, kept = x, x
        for name in self._branch:
            out = self.get_submodule(name)(out)
        for name in self._short:
            kept = self.get_submodule(name)(kept)
        summed = out + kept if self._adds else out
        return summed.relu() if self._relu else summed

    def axis_paths(self) -> Sequence[Sequence[nn.Module]]:
        """The branch, beside the shortcut where it is added to one."""
        branch, short = ([self.get_submodule(name) for name in names] for names in (self._branch, self._short))
        return (branch, short) if self._adds else (branch,)


class BidirectionalLstm(nn.Module):
    """A bidirectional LSTM ``rnn`` and a linear layer on its two hidden states, which is called as the lineage has it.

    Args:
        inputs: features of a frame.
        hidden: units of each direction.
        outputs: of the linear layer.
        linear: its name.
        batch_first: (B, T, D), else (T, B, D).
    """

    def __init__(
        self, inputs: int, hidden: int, outputs: int, linear: str = "embedding", *, batch_first: bool = False
    ) -> None:
        super().__init__()
        self.rnn = nn.LSTM(inputs, hidden, bidirectional=True, batch_first=batch_first)
        self.add_module(linear, nn.Linear(2 * hidden, outputs))
        self._linear = linear

    def forward(self, sequence: Float[torch.Tensor, "one other D"]) -> Float[torch.Tensor, "one other D2"]:
        """The linear layer's output at every frame."""
        outputs: torch.Tensor = self.get_submodule(self._linear)(self.rnn(sequence)[0])
        return outputs
