import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateviz.measure.timescale import LONGEST, SHORTEST, memory_spread, share_beyond, share_curve, timescale


@given(st.floats(0.01, 0.999), st.integers(1, 30))
def test_a_held_state_falls_to_one_part_in_e(forget, frames):
    frames_to_fall = timescale(np.full((frames, 1), forget))[0]
    assert forget**frames_to_fall == pytest.approx(np.exp(-1), rel=1e-9)


def test_the_ends():
    assert timescale(np.ones((4, 1)))[0] == np.inf
    assert timescale(np.zeros((4, 1)))[0] == 0.0


def test_the_mean_gate_counts_not_the_mean_timescale():
    assert timescale(np.array([[0.2], [0.8]]))[0] == pytest.approx(-1 / np.log(0.5))


def test_a_missing_value_gives_no_number():
    assert np.isnan(timescale(np.array([[np.nan], [0.5]]))[0])


def test_quartiles_lie_where_numpy_has_them():
    values = np.random.default_rng(0).exponential(size=37)
    found = memory_spread(values)
    np.testing.assert_allclose([found.lower, found.median, found.upper], np.quantile(values, [0.25, 0.5, 0.75]))
    assert (found.units, found.infinite, found.unknown) == (37, 0, 0)


def test_units_that_keep_everything_are_infinite_and_never_nan():
    found = memory_spread(np.array([1.0, 2.0, np.inf, np.inf, np.nan]))
    assert (found.lower, found.median, found.upper) == (1.75, np.inf, np.inf)
    assert (found.units, found.infinite, found.unknown) == (4, 2, 1)
    assert memory_spread(np.full(3, np.inf)).median == np.inf
    assert np.isnan(memory_spread(np.array([np.nan])).median)


def test_the_share_beyond_a_length_counts_units_with_a_timescale():
    assert share_beyond(np.array([0.5, 1.0, 1.5, np.inf, np.nan]), 1.0) == 0.5
    assert np.isnan(share_beyond(np.array([np.nan]), 1.0))


def test_a_curve_says_how_many_units_remember_no_longer():
    at, share = share_curve(np.array([0.0, 0.05, 1.0, 1.0, 30.0, 5000.0, np.inf, np.nan]))
    assert at.tolist() == [SHORTEST, 1.0, 1.0, 30.0, LONGEST]
    # Seven units have a timescale, two of them below the axis and two beyond it.
    np.testing.assert_allclose(share, np.array([2, 4, 4, 5, 5]) / 7)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_layer_without_a_finite_timescale_is_a_curve_at_zero(value):
    assert share_curve(np.full(3, value))[1].tolist() == [0.0, 0.0]


def test_units_at_the_very_end_of_the_axis_are_beyond_it():
    x, share = share_curve(np.array([1.0, LONGEST]))
    assert x.tolist() == [SHORTEST, 1.0, LONGEST]
    assert share.tolist() == [0.0, 0.5, 0.5]
