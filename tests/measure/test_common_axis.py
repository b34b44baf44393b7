"""Frames of two lines put together: exact where grids are equal, by columns where not, by symbols of two images."""

import numpy as np
import pytest

from gateviz.data.alignment import Alignment, Span
from gateviz.data.frames import FrameGrid
from gateviz.errors import AlignmentError, GeometryError
from gateviz.measure.common_axis import at_columns, by_column, by_symbol, sampled


def alignment(frames, *spans):
    text = "".join(symbol for symbol, _, _ in spans)
    return Alignment(np.zeros(frames, dtype=np.int64), tuple(Span(*span, -0.1) for span in spans), text, -1.0)


def test_equal_grids_are_put_frame_to_frame():
    grid = FrameGrid(7, 6.006079, 3.00304, 51.0, 42)
    pairs = by_column(grid, grid)
    assert pairs.first.tolist() == list(range(7))
    assert pairs.second.tolist() == list(range(7))
    assert pairs.columns.tolist() == grid.centers.tolist()
    assert pairs.count == 7


def test_grids_of_other_strides_meet_at_their_columns():
    fine, coarse = FrameGrid(20, 4.0, 2.0, 9.0, 80), FrameGrid(10, 8.0, 4.0, 20.0, 80)
    for first, second in ((fine, coarse), (coarse, fine)):
        pairs = by_column(first, second)
        assert pairs.columns.tolist() == coarse.centers.tolist()
        # A series that is linear in the columns is the same in both.
        one = sampled(first.centers[:, None], pairs.first)
        other = sampled(second.centers[:, None], pairs.second)
        assert one == pytest.approx(other)
        assert one.ravel() == pytest.approx(pairs.columns)


def test_what_one_grid_does_not_reach_is_left_out():
    long, short = FrameGrid(10, 8.0, 4.0, 9.0, 80), FrameGrid(5, 8.0, 4.0, 9.0, 80)
    assert by_column(long, short).columns.tolist() == [4.0, 12.0, 20.0, 28.0, 36.0]
    beyond = FrameGrid(2, 4.0, 70.0, 9.0, 80)
    with pytest.raises(GeometryError, match=r"4\.0 to 36\.0 and 70\.0 to 74\.0; no frame of one looks where"):
        by_column(short, beyond)
    with pytest.raises(GeometryError, match="over 80 columns and over 90 cannot be put on one column axis"):
        by_column(long, FrameGrid(5, 8.0, 4.0, 9.0, 90))


def test_symbols_carry_their_frames_with_them():
    grid = FrameGrid(12, 4.0, 2.0, 9.0, 48)
    first = alignment(12, ("a", 1, 3), ("b", 5, 7), ("c", 9, 11))
    # The same text, three frames further on.
    second = alignment(16, ("a", 4, 6), ("b", 8, 10), ("c", 12, 14))
    pairs = by_symbol(first, grid, second)
    assert pairs.first.tolist() == list(range(12))
    assert pairs.second.tolist() == list(range(3, 15))
    assert by_symbol(first, grid, first).second.tolist() == list(range(12))


def test_a_wider_symbol_is_spread_and_a_missing_one_has_no_counterpart():
    grid = FrameGrid(12, 4.0, 2.0, 9.0, 48)
    first = alignment(12, ("a", 1, 3), ("b", 5, 7), ("c", 9, 11))
    second = alignment(20, ("a", 2, 6), ("c", 12, 16))
    at = by_symbol(first, grid, second).second
    # b covers frames 4 to 7 of the first line.
    assert np.isnan(at[4:8]).all()
    assert np.isfinite(at[[0, 1, 2, 3, 8, 9, 10, 11]]).all()
    assert np.all(np.diff(at[np.isfinite(at)]) > 0)
    # The middles of a and of c lie on the middles of theirs: frames 1.5 and 9.5, 3.5 and 13.5.
    assert np.interp(1.5, range(4), at[:4]) == pytest.approx(3.5, abs=0.6)
    assert np.interp(9.5, range(8, 12), at[8:]) == pytest.approx(13.5, abs=0.6)


def test_lines_without_a_common_symbol_cannot_be_put_together():
    grid = FrameGrid(4, 4.0, 2.0, 9.0, 16)
    with pytest.raises(AlignmentError, match="'ab' and '' have no symbols to put beside each other"):
        by_symbol(alignment(4, ("a", 0, 1), ("b", 2, 3)), grid, alignment(4))


def test_series_between_frames_are_linear_and_keep_their_type():
    series = np.array([[0.0, 4.0], [1.0, 0.0], [5.0, 2.0]], dtype=np.float32)
    found = sampled(series, np.array([0.0, 1.5, 2.0, np.nan]))
    assert found.dtype == np.float32
    assert found[:3].tolist() == [[0.0, 4.0], [3.0, 1.0], [5.0, 2.0]]
    assert np.isnan(found[3]).all()


def test_an_outer_frame_reaches_half_a_frame_beyond_its_center_and_no_farther():
    grid = FrameGrid(3, 4.0, 2.0, 8.0, 12)
    found = at_columns(np.array([-0.1, 0.0, 1.0, 2.0, 10.0, 11.0, 12.0, 12.1]), grid, grid)
    np.testing.assert_array_equal(found.first, [np.nan, 0.0, 0.0, 0.0, 2.0, 2.0, 2.0, np.nan])
    assert found.count == 6
