"""Plain data of the measures' figures."""

import numpy as np

from gateviz.data.gates import Direction
from gateviz.panels.measures import LONGEST, SHORTEST, alike_panel, share_curve, sides_panel


def test_a_curve_says_how_many_units_remember_no_longer():
    values = np.array([0.0, 0.05, 1.0, 1.0, 30.0, 5000.0, np.inf, np.nan])
    curve = share_curve("layer 1 backward", 1, Direction.BACKWARD, values)
    assert curve.x.tolist() == [SHORTEST, 1.0, 1.0, 30.0, LONGEST]
    # Seven units have a timescale, two of them below the axis and two beyond it.
    np.testing.assert_allclose(curve.share, np.array([2, 4, 4, 5, 5]) / 7)
    assert (curve.rank, curve.direction) == (1, "backward")


def test_units_at_the_very_end_of_the_axis_are_beyond_it():
    curve = share_curve("layer 0 forward", 0, Direction.FORWARD, np.array([1.0, LONGEST]))
    assert curve.x.tolist() == [SHORTEST, 1.0, LONGEST]
    assert curve.share.tolist() == [0.0, 0.5, 0.5]


def test_a_layer_without_a_timescale_is_a_curve_at_zero():
    curve = share_curve("layer 0 forward", 0, Direction.FORWARD, np.full(3, np.nan))
    assert curve.share.tolist() == [0.0, 0.0]
    everything = share_curve("layer 0 forward", 0, Direction.FORWARD, np.full(3, np.inf))
    assert everything.share.tolist() == [0.0, 0.0]


def test_maps_are_in_the_order_of_their_rows():
    rng = np.random.default_rng(0)
    correlation = np.corrcoef(rng.normal(size=(6, 40)))
    panel = alike_panel("layer 0 forward", "note", correlation)
    assert sorted(panel.order) == list(range(6))
    for row, unit in enumerate(panel.order):
        for column, other in enumerate(panel.order):
            assert panel.values[row, column] == correlation[unit, other]


def test_timescales_are_logarithms_cut_to_the_axis_and_shares_are_as_they_are():
    memory = sides_panel(
        "timescale", "symbols", [("layer 0", 0, np.array([10.0, np.inf, np.nan]), np.zeros(2))], logarithmic=True
    )
    assert memory.pairs[0].forward.tolist() == [1.0, 3.0]
    assert memory.pairs[0].backward.tolist() == [-1.0, -1.0]
    assert (memory.ends, memory.powers) == ((-1.0, 3.0), True)
    shares = sides_panel("f above 0.9", "share of frames", [("layer 0", 0, np.array([0.2]), np.array([0.4]))])
    assert shares.pairs[0].forward.tolist() == [0.2]
    assert (shares.ends, shares.powers) == ((0.0, 1.0), False)
