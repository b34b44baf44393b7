import numpy as np
import pytest

from gateviz.data.gates import GateTrace, Quantity
from gateviz.panels.panel import Palette
from gateviz.panels.traces import rounded_up, scales_for, state_scale


def test_bounded_quantities_have_the_bounds_of_their_equations(trace):
    scales = scales_for([trace], tuple(trace.values))
    assert {scales[q] for q in trace.values if q.is_gate} == {scales[Quantity.INPUT_GATE]}
    gate, hidden = scales[Quantity.INPUT_GATE], scales[Quantity.HIDDEN_STATE]
    assert (gate.palette, gate.low, gate.high, gate.rule) == (Palette.GATE, 0.0, 1.0, "")
    assert (hidden.palette, hidden.low, hidden.high, hidden.rule) == (Palette.SIGNED, -1.0, 1.0, "")
    assert scales[Quantity.CANDIDATE] == hidden


def test_the_cell_state_is_symmetric_and_the_same_for_all_traces(trace):
    quiet = GateTrace(0, trace.direction, {Quantity.CELL_STATE: np.full((100, 2), -0.5, dtype=np.float32)})
    loud = GateTrace(1, trace.direction, {Quantity.CELL_STATE: np.full((100, 2), 3.31, dtype=np.float32)})
    scale = scales_for([quiet, loud], [Quantity.CELL_STATE])[Quantity.CELL_STATE]
    assert (scale.low, scale.high, scale.rule) == (-3.4, 3.4, "covers 99 % of |c|")


def test_a_runaway_unit_does_not_wash_out_the_rest():
    values = np.linspace(-2, 2, 10_001, dtype=np.float32)
    values[:50] = 1000.0
    assert state_scale([values[None]], "c").high == 2.0


def test_a_projected_hidden_state_has_no_bound(trace):
    values = {Quantity.CELL_STATE: np.zeros((9, 4), np.float32), Quantity.HIDDEN_STATE: np.full((9, 2), 5, np.float32)}
    scales = scales_for([GateTrace(0, trace.direction, values)], tuple(values))
    assert scales[Quantity.HIDDEN_STATE].high == 5.0
    assert scales[Quantity.HIDDEN_STATE].rule == "covers 99 % of |h|"
    assert scales[Quantity.CELL_STATE].high == 1.0


def test_missing_values_have_no_say():
    assert state_scale([np.array([[np.nan, np.inf, 0.25]], dtype=np.float32)], "c").high == 0.25
    assert state_scale([], "c").high == 1.0


@pytest.mark.parametrize(
    ("value", "rounded"), [(3.1416, 3.2), (0.0991, 0.1), (120.0, 120.0), (121.0, 130.0), (0.0, 0.0)]
)
def test_rounding_is_upwards_to_two_digits(value, rounded):
    assert rounded_up(value) == rounded
