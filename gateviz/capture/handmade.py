"""The equations of the cells, written out gate by gate, as the witness checks recorded values against them.

Written apart from the engines on purpose: they share no line, so a swapped gate there shows here.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch.nn.functional import linear

from gateviz.capture.cell_rule import CellRule
from gateviz.capture.layer import CellKind, DirectionWeights
from gateviz.data.gates import Quantity

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
