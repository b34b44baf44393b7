"""Traces and what they say when asked for something that is not there."""

import numpy as np
import pytest

from gateviz.data.gates import GRU_QUANTITIES, LSTM_QUANTITIES, Direction, GateTrace, Quantity
from gateviz.errors import SelectionError, ShapeError


def series(frames=4, units=3, value=0.5):
    return np.full((frames, units), value, dtype=np.float32)


def test_every_quantity_by_name_and_by_attribute():
    for quantities in (LSTM_QUANTITIES, GRU_QUANTITIES):
        trace = GateTrace(0, Direction.FORWARD, {q: series(value=place) for place, q in enumerate(quantities)})
        for place, quantity in enumerate(quantities):
            assert trace[quantity][0, 0] == place
            assert trace[quantity.value] is trace[quantity]
            assert getattr(trace, quantity.value) is trace[quantity]


def test_a_projected_state_is_narrower_than_its_cells():
    values = {Quantity.FORGET_GATE: series(units=5), Quantity.HIDDEN_STATE: series(units=2)}
    trace = GateTrace(1, Direction.BACKWARD, values)
    assert (trace.unit_count, trace.frame_count, trace.name) == (5, 4, "1.backward")


def test_which_quantities_are_gates():
    gates = {quantity for quantity in Quantity if quantity.is_gate}
    assert {gate.letter for gate in gates} == {"i", "f", "o", "r", "z"}
    assert Quantity.FORGET_GATE.words == "forget gate"
    assert {quantity.letter for quantity in Quantity} == set("ifgochrz")


def test_a_quantity_that_was_not_recorded():
    trace = GateTrace(2, Direction.FORWARD, {Quantity.INPUT_GATE: series(), Quantity.CELL_STATE: series()})
    words = "layer 2 forward has no forget_gate; recorded are input_gate, cell_state"
    with pytest.raises(SelectionError, match=words):
        trace["forget_gate"]
    with pytest.raises(SelectionError, match=words):
        _ = trace.forget_gate
    with pytest.raises(SelectionError, match="layer 2 forward has no gate of heaven; recorded are"):
        trace["gate of heaven"]


def test_a_trace_of_nothing():
    with pytest.raises(ShapeError, match="a trace of layer 0 backward without any series was asked for"):
        GateTrace(0, Direction.BACKWARD, {})


def test_series_of_different_lengths():
    values = {Quantity.INPUT_GATE: series(4), Quantity.CELL_STATE: series(5)}
    words = "the series of layer 0 forward have different frame counts: {'input_gate': 4, 'cell_state': 5}"
    with pytest.raises(ShapeError) as raised:
        GateTrace(0, Direction.FORWARD, values)
    assert str(raised.value) == words
