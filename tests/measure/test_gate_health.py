"""Cells that only add up, by hand."""

import numpy as np
import pytest

from gateviz.data.gate_health import GateHealth
from gateviz.data.gates import Direction, GateTrace, Quantity
from gateviz.measure.gate_health import forgetful, gate_health


def trace(forget, candidate, cell, direction=Direction.FORWARD):
    """One frame a row, one unit a column."""
    values = {
        Quantity.FORGET_GATE: np.array(forget, np.float32),
        Quantity.CANDIDATE: np.array(candidate, np.float32),
        Quantity.CELL_STATE: np.array(cell, np.float32),
    }
    return GateTrace(0, direction, values)


def test_a_unit_that_keeps_all_and_writes_all_over_all_lines_only_adds_up():
    """Unit 0 adds up on both lines, unit 1 lets go on the second, unit 2 writes little."""
    first = trace([[1, 1, 1]], [[-1, 1, 0.2]], [[-1, 1, 0.2]])
    second = trace([[0.96, 0.5, 1]] * 2, [[1, -1, 0.5]] * 2, [[0.5, 0.4, 0.3]] * 2)
    assert gate_health([[first], [second]]).accumulators == pytest.approx(1 / 3)


def test_directions_are_units_of_their_own():
    adding = trace([[1]], [[1]], [[1]])
    resting = trace([[0.5]], [[0.5]], [[0.5]], Direction.BACKWARD)
    health = gate_health([[adding, resting]])
    assert (health.units, health.accumulators) == (2, 0.5)


def test_cells_are_counted_over_frames_and_units():
    cells = np.linspace(-5, 5, 1001)[:, None]
    health = gate_health([[trace(np.full_like(cells, 0.5), np.full_like(cells, 0.5), cells)]])
    assert health.cell_quantile == pytest.approx(5, abs=0.01)
    # tanh passes 0.999 at 3.8.
    assert health.saturated_cells == pytest.approx(2 * (5 - 3.8) / 10, abs=0.002)
    assert health.words == "0.0 % of 1 cells only add up, 99.9 % of |c| below 5.0, 24.0 % saturated"


def test_lines_that_are_read_otherwise_without_a_layers_memory_are_its_share():
    assert forgetful(["a", "bb", "", "d"], [["a", "b", "", "d"], ["x", "", "y", "d"]]) == (0.25, 0.75)
    health = GateHealth(8, 0.0, 4.0, 0.0, (0.25, 0.75))
    assert health.words.endswith(
        "; without memory (f = 0) other readings on 25 % (layer 0), 75 % (layer 1) of the lines"
    )


def test_a_gru_has_no_cells():
    gate = {Quantity.UPDATE_GATE: np.zeros((3, 2), np.float32)}
    assert gate_health([[GateTrace(0, Direction.FORWARD, gate)]]) is None
