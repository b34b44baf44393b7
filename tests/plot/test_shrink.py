import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateviz.plot.painters.heatmap import shrunk


def test_a_small_matrix_stays_as_it_is():
    values = np.random.default_rng(0).random((3, 4))
    assert shrunk(values, 3, 10) is values


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 12), st.integers(1, 12))
def test_every_value_is_in_one_block(rows, columns, most_rows, most_columns):
    values = np.random.default_rng(rows).random((rows, columns))
    small = shrunk(values, most_rows, most_columns)
    assert small.shape == (min(rows, most_rows), min(columns, most_columns))
    ones = shrunk(np.ones((rows, columns)), most_rows, most_columns)
    np.testing.assert_allclose(ones, 1.0)
    assert small.min() >= values.min() - 1e-12
    assert small.max() <= values.max() + 1e-12


def test_blocks_are_averaged():
    values = np.arange(12.0).reshape(6, 2)
    np.testing.assert_allclose(shrunk(values, 3, 2), [[1, 2], [5, 6], [9, 10]])
    np.testing.assert_allclose(shrunk(values, 6, 1), values.mean(axis=1, keepdims=True))


def test_marks_are_not_averaged_away():
    values = np.full((4, 2), 0.5)
    values[0, 0], values[3, 1], values[2, 0] = np.nan, 1.2, -0.1
    small = shrunk(values, 2, 2, bounds=(0.0, 1.0))
    assert np.isnan(small[0, 0])
    assert small[1, 1] == 1.2
    assert small[1, 0] == -0.1
    assert small[0, 1] == 0.5
    assert shrunk(values, 2, 2)[1, 1] == pytest.approx(0.85)
