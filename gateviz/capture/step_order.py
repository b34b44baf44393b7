"""Recorded series put in the order in which they were computed, where the row before is the step before."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int64
from torch.nn.functional import linear
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from gateviz.capture.calls import RecurrentCall
from gateviz.capture.cell_rule import CellRule
from gateviz.capture.layer import CellKind, DirectionWeights
from gateviz.capture.layer_trace import LayerTrace
from gateviz.data.gates import Direction, Quantity

Values = Mapping[Quantity, Float[torch.Tensor, "B T _"]]
Series = Float[torch.Tensor, "B T _"]


def gates_by_hand(
    kind: CellKind, x: Series, hidden_before: Series, weights: DirectionWeights, rule: CellRule
) -> dict[Quantity, Series]:
    """Gates and candidate of some frames, by their input and the hidden state before each.

    PyTorch keeps the weights of the gates one below the other: i, f, g, o of an LSTM and r, z, n of a
    GRU, whose reset gate acts on the projected hidden state, bias included.
    """
    units = weights.hidden_weight.shape[0] // (4 if kind is CellKind.LSTM else 3)

    def rows(tensor: torch.Tensor | None, gate: int) -> torch.Tensor | None:
        return None if tensor is None else tensor[gate * units : (gate + 1) * units]

    def from_x(gate: int) -> torch.Tensor:
        return linear(x, weights.input_weight[gate * units : (gate + 1) * units], rows(weights.input_bias, gate))

    def from_h(gate: int) -> torch.Tensor:
        weight = weights.hidden_weight[gate * units : (gate + 1) * units]
        return linear(hidden_before, weight, rows(weights.hidden_bias, gate))

    if kind is CellKind.LSTM:
        return {
            Quantity.INPUT_GATE: rule.sigmoid(from_x(0) + from_h(0)),
            Quantity.FORGET_GATE: rule.sigmoid(from_x(1) + from_h(1)),
            Quantity.CANDIDATE: rule.tanh(from_x(2) + from_h(2)),
            Quantity.OUTPUT_GATE: rule.sigmoid(from_x(3) + from_h(3)),
        }
    reset = torch.sigmoid(from_x(0) + from_h(0))
    return {
        Quantity.RESET_GATE: reset,
        Quantity.UPDATE_GATE: torch.sigmoid(from_x(1) + from_h(1)),
        Quantity.CANDIDATE: torch.tanh(from_x(2) + reset * from_h(2)),
    }


def states_by_hand(
    kind: CellKind, values: Values, before: Values, weights: DirectionWeights, rule: CellRule
) -> dict[Quantity, Series]:
    """The states of some frames, by the recorded gates and the states before: c = f c' + i g, h = o tanh(c).

    Of a GRU h = (1 - z) n + z h'. A state is left out where a series that it takes was not recorded.
    """
    found: dict[Quantity, Series] = {}
    if kind is CellKind.GRU:
        if _has(values, Quantity.UPDATE_GATE, Quantity.CANDIDATE) and _has(before, Quantity.HIDDEN_STATE):
            z, n = values[Quantity.UPDATE_GATE], values[Quantity.CANDIDATE]
            found[Quantity.HIDDEN_STATE] = (1 - z) * n + z * before[Quantity.HIDDEN_STATE]
        return found
    gates = (Quantity.INPUT_GATE, Quantity.FORGET_GATE, Quantity.CANDIDATE)
    if _has(values, *gates) and _has(before, Quantity.CELL_STATE):
        i, f, g = (values[gate] for gate in gates)
        c = f * before[Quantity.CELL_STATE] + i * g
        found[Quantity.CELL_STATE] = c if rule.state_limit is None else c.clamp(-rule.state_limit, rule.state_limit)
    if _has(values, Quantity.OUTPUT_GATE, Quantity.CELL_STATE):
        h = values[Quantity.OUTPUT_GATE] * rule.tanh(values[Quantity.CELL_STATE])
        h = h if weights.projection is None else linear(h, weights.projection)
        found[Quantity.HIDDEN_STATE] = h if rule.round_hidden is None else rule.round_hidden(h)
    return found


def _has(values: Values, *quantities: Quantity) -> bool:
    return all(quantity in values for quantity in quantities)


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
