import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateviz.measure.timescale import timescale


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
