"""Frames to columns and back."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gateviz.data.frames import ColumnMap, FrameGrid
from gateviz.errors import GeometryError

SCALES = st.floats(0.01, 100)
POSITIONS = st.floats(-5000, 5000)
MAPS = st.tuples(SCALES, POSITIONS)
GRIDS = st.tuples(st.integers(1, 500), st.floats(0.1, 64), POSITIONS, st.floats(0.5, 600), st.integers(1, 5000))


@given(first=MAPS, position=POSITIONS)
def test_a_map_and_its_inverse_leave_a_column_where_it_was(first, position):
    column_map = ColumnMap(*first)
    assert column_map.inverse()(column_map(position)) == pytest.approx(position, rel=1e-9, abs=1e-6)
    assert column_map(column_map.inverse()(position)) == pytest.approx(position, rel=1e-9, abs=1e-6)


@given(first=MAPS, second=MAPS, position=POSITIONS)
def test_then_is_one_map_after_the_other(first, second, position):
    inner, outer = ColumnMap(*first), ColumnMap(*second)
    assert inner.then(outer)(position) == pytest.approx(outer(inner(position)), rel=1e-9, abs=1e-6)


def test_resize_then_padding_by_hand():
    # Doubled in width, then 3 columns of padding on the left: network column 13 is source column 5.
    to_source = ColumnMap(1.0, -3.0).then(ColumnMap(1 / 2, 0.0))
    assert to_source(13.0) == 5
    assert to_source.inverse()(5.0) == 13


@given(first=GRIDS)
def test_edges_lie_half_way_between_centers(first):
    grid = FrameGrid(*first)
    np.testing.assert_allclose((grid.edges[1:] + grid.edges[:-1]) / 2, grid.centers, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(np.diff(grid.edges), grid.stride, rtol=1e-6, atol=1e-6)


@given(first=GRIDS, data=st.data())
def test_columns_of_a_span_are_its_outer_edges_and_hold_its_frames(first, data):
    grid = FrameGrid(*first)
    start = data.draw(st.integers(0, grid.frame_count - 1))
    stop = data.draw(st.integers(start + 1, grid.frame_count))
    left, right = grid.columns(start, stop)
    assert (left, right) == pytest.approx((grid.edges[start], grid.edges[stop]))
    assert grid.frames_between(left, right) == (start, stop)


@given(first=GRIDS, start=POSITIONS, width=st.floats(0, 5000))
def test_frames_between_are_those_whose_centers_are(first, start, width):
    grid = FrameGrid(*first)
    stop = start + width
    # A center that falls on a border only up to rounding may go either way.
    assume(np.abs(grid.centers - start).min() > 1e-6 and np.abs(grid.centers - stop).min() > 1e-6)
    inside = np.flatnonzero((grid.centers >= start) & (grid.centers < stop)).tolist()
    assert list(range(*grid.frames_between(start, stop))) == inside


@given(first=GRIDS, second=MAPS, data=st.data())
def test_a_mapped_grid_maps_every_column(first, second, data):
    grid, column_map = FrameGrid(*first), ColumnMap(*second)
    mapped = grid.mapped(column_map, 700)
    assert mapped.source_width == 700
    np.testing.assert_allclose(mapped.centers, [column_map(center) for center in grid.centers], rtol=1e-9, atol=1e-5)
    np.testing.assert_allclose(mapped.edges, [column_map(edge) for edge in grid.edges], rtol=1e-9, atol=1e-5)
    assert mapped.receptive_field == pytest.approx(grid.receptive_field * column_map.scale)
    back = mapped.mapped(column_map.inverse(), grid.source_width)
    np.testing.assert_allclose(back.centers, grid.centers, rtol=1e-9, atol=1e-5)


def test_receptive_spans_are_cut_to_the_image():
    grid = FrameGrid(frame_count=4, stride=10.0, first_center=-8.0, receptive_field=12.0, source_width=20)
    assert [grid.receptive_span(frame) for frame in range(4)] == [(0, 0), (0, 8), (6, 18), (16, 20)]


def test_a_grid_by_hand():
    grid = FrameGrid(frame_count=3, stride=4.0, first_center=2.0, receptive_field=6.0, source_width=12)
    assert grid.centers.tolist() == [2, 6, 10]
    assert grid.edges.tolist() == [0, 4, 8, 12]
    assert grid.columns(1, 3) == (4, 12)
    assert grid.frames_between(2.0, 6.0) == (0, 1)
    assert grid.frames_between(2.1, 6.1) == (1, 2)
    assert grid.frames_between(20.0, 30.0) == (3, 3)


@pytest.mark.parametrize("numbers", [(0, 0), (-1, 0), (math.nan, 0), (math.inf, 0), (1, math.nan), (1, math.inf)])
def test_maps_that_are_none(numbers):
    with pytest.raises(GeometryError, match="a column map needs a positive scale and a finite offset, not"):
        ColumnMap(*map(float, numbers))


@pytest.mark.parametrize(
    ("numbers", "words"),
    [
        ((0, 4.0, 2.0, 6.0, 12), "needs at least one frame and one column, not 0 and 12"),
        ((3, 4.0, 2.0, 6.0, 0), "needs at least one frame and one column, not 3 and 0"),
        ((3, 0.0, 2.0, 6.0, 12), "needs a positive stride and receptive field and a finite first center, not 0.0"),
        ((3, math.nan, 2.0, 6.0, 12), "not nan, 6.0 and 2.0"),
        ((3, 4.0, math.inf, 6.0, 12), "not 4.0, 6.0 and inf"),
        ((3, 4.0, 2.0, 0.0, 12), "not 4.0, 0.0 and 2.0"),
    ],
)
def test_grids_that_are_none(numbers, words):
    with pytest.raises(GeometryError, match="a frame grid needs") as raised:
        FrameGrid(*numbers)
    assert words in str(raised.value)
