"""One call of a recurrent module: what ``torch._VF.lstm`` and ``torch._VF.gru`` are handed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from gateviz.capture.cell_rule import CellRule
from gateviz.capture.layer import CellKind, DirectionWeights


@dataclass(frozen=True, eq=False)
class RecurrentCall:
    """A call of a whole recurrent module, all its layers.

    Attributes:
        kind: LSTM or GRU.
        function: the plain torch function, such as ``torch._VF.lstm``.
        arguments: what it was handed.
        inputs: (T, B, D), (B, T, D) with ``batch_first``, or all frames of packed lines, (N, D).
        batch_sizes: lines that have frame t, of packed lines; else None.
        states: hidden (L, B, P) and, of an LSTM, cell (L, B, H) before the first step; L counts directions too.
        flat_weights: of all layers and directions, in PyTorch's order.
        has_biases: two vectors of each direction are biases.
        layer_count: layers, each with all its directions.
        dropout: probability between layers.
        training: dropout is at work.
        bidirectional: two directions.
        batch_first: how ``inputs`` and the output are laid out.
        rule: what the cell does beyond the textbook's.
    """

    kind: CellKind
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    inputs: torch.Tensor
    batch_sizes: torch.Tensor | None
    states: tuple[torch.Tensor, ...]
    flat_weights: Sequence[torch.Tensor]
    has_biases: bool
    layer_count: int
    dropout: float
    training: bool
    bidirectional: bool
    batch_first: bool
    rule: CellRule | None = None

    def plain(self) -> tuple[torch.Tensor, ...]:
        """Output and final states of the plain torch function for the same arguments.

        With dropout at work it draws anew, so the numbers are others.
        """
        result: tuple[torch.Tensor, ...] = self.function(*self.arguments)
        return result

    @property
    def direction_count(self) -> int:
        """1 or 2."""
        return 2 if self.bidirectional else 1

    def weights(self, layer: int) -> tuple[DirectionWeights, ...]:
        """The weights of each direction of one layer of the module."""
        count = len(self.flat_weights) // (self.layer_count * self.direction_count)
        starts = (count * (layer * self.direction_count + index) for index in range(self.direction_count))
        return tuple(self._direction(self.flat_weights[start : start + count]) for start in starts)

    def layer_states(self, layer: int) -> tuple[tuple[torch.Tensor, ...], ...]:
        """The states of each direction of one layer before its first step."""
        first = layer * self.direction_count
        return tuple(tuple(state[first + index] for state in self.states) for index in range(self.direction_count))

    def _direction(self, tensors: Sequence[torch.Tensor]) -> DirectionWeights:
        biases = tensors[2:4] if self.has_biases else (None, None)
        rest = tensors[4:] if self.has_biases else tensors[2:]
        return DirectionWeights(tensors[0], tensors[1], *biases, *rest)


def fused_call(function: Callable[..., Any], arguments: tuple[Any, ...]) -> RecurrentCall:
    """The call of ``torch._VF.lstm`` or ``torch._VF.gru``, whichever of their two signatures was used."""
    kind = CellKind.LSTM if function == torch._VF.lstm else CellKind.GRU
    packed = isinstance(arguments[2], torch.Tensor) if kind is CellKind.GRU else isinstance(arguments[1], torch.Tensor)
    if packed:
        inputs, batch_sizes, state, flat_weights, *options = arguments
        options.append(False)
    else:
        inputs, state, flat_weights, *options = arguments
        batch_sizes = None
    states = tuple(state) if kind is CellKind.LSTM else (state,)
    return RecurrentCall(kind, function, arguments, inputs, batch_sizes, states, flat_weights, *options)
