"""Recorded series put in the order in which they were computed, where the row before is the step before."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from gateviz.capture.calls import RecurrentCall
from gateviz.capture.cell_rule import CellRule
from gateviz.capture.handmade import gates_by_hand, states_by_hand
from gateviz.capture.layer import DirectionWeights
from gateviz.capture.layer_trace import LayerTrace
from gateviz.data.gates import Direction, Quantity

Series = Float[torch.Tensor, "B T _"]
Pair = tuple[Float[torch.Tensor, "_ _ _"], Float[torch.Tensor, "_ _ _"], Bool[torch.Tensor, "_ _"]]
"""What was recorded, what it should be, and where both are there."""

_HALVES = (torch.float16, torch.bfloat16)
_STATES = (Quantity.HIDDEN_STATE, Quantity.CELL_STATE)


@dataclass(frozen=True, eq=False)
class StepOrder:
    """How the rows of a call lie.

    Attributes:
        call: the call.
        lengths: frames of each line, of packed lines.
    """

    call: RecurrentCall
    lengths: Int64[torch.Tensor, " B"] | None

    @classmethod
    def of(cls, call: RecurrentCall) -> "StepOrder":
        """The order of a call's rows."""
        if call.batch_sizes is None:
            return cls(call, None)
        _, lengths = pad_packed_sequence(PackedSequence(call.inputs, call.batch_sizes), batch_first=True)
        return cls(call, lengths.to(call.inputs.device))

    def padded(self, frames: torch.Tensor) -> Series:
        """The call's input or output as (B, T, D), in the order in which it was fed."""
        if self.call.batch_sizes is not None:
            return pad_packed_sequence(PackedSequence(frames, self.call.batch_sizes), batch_first=True)[0]
        return frames if self.call.batch_first else frames.transpose(0, 1)

    def turned(self, series: Series) -> Series:
        """The series with its rows turned round, each line within its own length."""
        if self.lengths is None:
            return series.flip(1)
        rows = torch.arange(series.shape[1], device=series.device).expand(len(series), -1)
        ends = self.lengths[:, None]
        source = torch.where(rows < ends, ends - 1 - rows, rows)
        return series.gather(1, source[:, :, None].expand_as(series))

    def present(self, series: Series) -> Bool[torch.Tensor, "B T"]:
        """Where a line has a frame."""
        rows = torch.arange(series.shape[1], device=series.device).expand(len(series), -1)
        return rows >= 0 if self.lengths is None else rows < self.lengths[:, None]


class Steps:
    """One layer and direction of a call, step by step, and what the equations say of it.

    Args:
        order: of the call's rows.
        trace: what was recorded.
        weights: of this layer and direction.
        states: hidden and, of an LSTM, cell state before the first step.
    """

    def __init__(
        self, order: StepOrder, trace: LayerTrace, weights: DirectionWeights, states: tuple[torch.Tensor, ...]
    ) -> None:
        backward = trace.direction is Direction.BACKWARD
        self.values: Mapping[Quantity, Series] = {
            quantity: _exact(order.turned(series) if backward else series) for quantity, series in trace.values.items()
        }
        self._before = {
            quantity: torch.cat([_exact(state)[:, None], self.values[quantity][:, :-1]], 1)
            for quantity, state in zip(_STATES, states, strict=False)
            if quantity in self.values
        }
        self._order = order
        self._rule = order.call.rule or CellRule()
        self._weights = _exact_weights(weights)

    def state_pairs(self) -> list[Pair]:
        """Every recorded state beside what follows from the recorded gates and the states before."""
        expected = states_by_hand(self._order.call.kind, self.values, self._before, self._weights, self._rule)
        return [
            (self.values[quantity], state, self._order.present(state))
            for quantity, state in expected.items()
            if quantity in self.values
        ]

    def gate_pairs(self, inputs: Series, sampled: int | None) -> list[Pair]:
        """Recorded gates beside those that follow from the input and the hidden state before.

        Args:
            inputs: what the layer read, in the order of the steps.
            sampled: at how many frames, evenly spread; None for all.
        """
        if Quantity.HIDDEN_STATE not in self._before:
            return []
        count = inputs.shape[1]
        rows = torch.linspace(0, count - 1, min(sampled or count, count)).round().long().to(inputs.device)
        hidden = self._before[Quantity.HIDDEN_STATE][:, rows]
        kind = self._order.call.kind
        expected = gates_by_hand(kind, _exact(inputs)[:, rows], hidden, self._weights, self._rule)
        present = self._order.present(inputs)[:, rows]
        return [
            (self.values[quantity][:, rows], gate, present)
            for quantity, gate in expected.items()
            if quantity in self.values
        ]


def _exact(tensor: torch.Tensor) -> torch.Tensor:
    """The numbers in a type fit to be worked with."""
    return tensor.float() if tensor.dtype in _HALVES else tensor


def _exact_weights(weights: DirectionWeights) -> DirectionWeights:
    return DirectionWeights(
        _exact(weights.input_weight),
        _exact(weights.hidden_weight),
        *(
            None if each is None else _exact(each)
            for each in (weights.input_bias, weights.hidden_bias, weights.projection)
        ),
    )
