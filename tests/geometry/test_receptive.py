"""The arithmetic of windows along the line, on plain data."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from gateviz.errors import GeometryError
from gateviz.geometry.axis_steps import Adaptive, Join, Reach, WholeLine, Window
from gateviz.geometry.receptive import AxisGeometry

CONV = Window(3, 1, 1, 1)
HALVE = Window(2, 2)


def test_two_convolutions_and_two_poolings_by_hand():
    geometry = AxisGeometry((CONV, HALVE, CONV, HALVE))
    # Position 0 after each: [-1, 2), [-1, 3), [-3, 5), [-3, 7).
    assert geometry.reach(100) == Reach(25, 4.0, -3.0, 10.0)
    grid = geometry.frame_grid(100)
    assert (grid.frame_count, grid.stride, grid.first_center, grid.receptive_field, grid.source_width) == (
        25,
        4.0,
        2.0,
        10.0,
        100,
    )
    assert geometry.seen_columns(0, 100) == (0, 7)
    assert geometry.seen_columns(1, 100) == (1, 11)


def test_columns_that_a_pooling_leaves_over_are_not_seen():
    # Nine columns pool to four positions: column 8 is left over, and the convolution's padding is no column.
    geometry = AxisGeometry((HALVE, CONV))
    assert geometry.frame_count(9) == 4
    assert geometry.seen_columns(3, 9) == (4, 8)


def test_a_crop_hides_columns_and_a_padding_shows_none():
    cropped = AxisGeometry((Window(padding_left=-2, padding_right=-1), CONV))
    assert cropped.frame_count(10) == 7
    assert cropped.frame_grid(10).first_center == 2.5
    assert cropped.seen_columns(0, 10) == (2, 4)
    padded = AxisGeometry((Window(padding_left=2),))
    assert padded.frame_count(3) == 5
    assert [padded.seen_columns(t, 3) for t in range(5)] == [(0, 0), (0, 0), (0, 1), (1, 2), (2, 3)]


@settings(max_examples=200)
@given(
    kernel=st.integers(1, 5),
    stride=st.integers(1, 4),
    padding=st.integers(0, 2),
    dilation=st.integers(1, 3),
    ceil_mode=st.booleans(),
    length=st.integers(1, 40),
)
def test_output_length_is_torchs(kernel, stride, padding, dilation, ceil_mode, length):
    padding = min(padding, kernel // 2)
    window = Window(kernel, stride, padding, padding, dilation, ceil_mode)
    try:
        wanted = nn.MaxPool1d(kernel, stride, padding, dilation, ceil_mode=ceil_mode)(torch.zeros(1, 1, length)).shape[
            -1
        ]
    except RuntimeError:
        wanted = 0
    assert max(window.output_length(length), 0) == wanted


@pytest.mark.parametrize(("size", "length"), [(4, 20), (5, 23), (3, 7), (1, 9), (6, 6)])
def test_adaptive_windows_are_torchs(size, length):
    geometry = AxisGeometry((Adaptive(size),))
    position = torch.arange(length, dtype=torch.float64).reshape(1, 1, length)
    means = nn.AdaptiveAvgPool1d(size)(position).flatten() + 0.5
    grid = geometry.frame_grid(length)
    assert geometry.frame_count(length) == size
    for t in range(size):
        start, stop = geometry.seen_columns(t, length)
        assert (start + stop) / 2 == pytest.approx(float(means[t]))
        assert abs(grid.centers[t] - float(means[t])) <= 0.5
        if length % size == 0:
            assert grid.centers[t] == pytest.approx(float(means[t]))
            assert grid.receptive_span(t) == (start, stop)


def test_branches_see_together():
    wide, narrow = (Window(5, 1, 2, 2),), (CONV,)
    geometry = AxisGeometry((Join(((), narrow, wide)), HALVE))
    assert geometry.receptive_field == 6.0
    assert geometry.first_center == 1.0
    assert geometry.seen_columns(3, 20) == (4, 10)


def test_a_branch_of_one_position_shows_the_whole_line():
    geometry = AxisGeometry((CONV, Join(((), (Adaptive(1),))), HALVE))
    assert geometry.whole_line
    assert geometry.receptive_field == 4.0
    assert geometry.seen_columns(0, 30) == (0, 30)
    grid = geometry.frame_grid(30)
    assert [grid.receptive_span(t) for t in (0, 7, 14)] == [(0.0, 30.0)] * 3
    assert grid.first_center == 1.0


def test_a_normalization_over_the_line_shows_the_whole_line():
    geometry = AxisGeometry((CONV, WholeLine()))
    assert geometry.seen_columns(5, 12) == (0, 12)
    assert not AxisGeometry((CONV,)).whole_line


def test_branches_that_do_not_fit_are_refused():
    with pytest.raises(GeometryError, match=r"10 positions of stride 1, 5 positions of stride 2 cannot be joined"):
        Join(((), (HALVE,))).forward(Reach(10))
    with pytest.raises(GeometryError, match="no input of up to 4096 columns"):
        _ = AxisGeometry((Join(((CONV,), (Window(3),))),)).minimum_width


def test_too_narrow_an_input_is_refused_with_the_width_it_needs():
    geometry = AxisGeometry((HALVE, HALVE, Window(2)))
    assert geometry.minimum_width == 8
    with pytest.raises(GeometryError, match="an input of 7 columns gives no frame: this network needs at least 8"):
        geometry.frame_grid(7)
    assert geometry.frame_count(8) == 1


@pytest.mark.parametrize(
    ("steps", "rule"),
    [
        ((HALVE, HALVE), "W/4"),
        ((HALVE, HALVE, Window(2)), "W/4 - 1"),
        ((HALVE, HALVE, Window(2, 1, 1, 1), Window(2, 1, 1, 1), Window(2)), "W/4 + 1"),
        ((Window(3, 2, 1, 1),), "(W + 1)/2"),
        ((CONV,), "W"),
        ((Adaptive(7),), ""),
    ],
)
def test_the_rule_for_people(steps, rule):
    assert AxisGeometry(steps).frame_rule == rule


_WINDOWS = st.builds(
    lambda kernel, stride, left, right, dilation: Window(kernel, stride, left, right, dilation),
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(0, 2),
    st.integers(0, 2),
    st.integers(1, 2),
)


@settings(max_examples=150)
@given(steps=st.lists(_WINDOWS, min_size=1, max_size=5), width=st.integers(1, 60))
def test_nominal_and_exact_columns_agree(steps, width):
    """What a frame sees exactly lies in its nominal span, and fills it wherever that lies well inside the line."""
    geometry = AxisGeometry(tuple(steps))
    try:
        grid = geometry.frame_grid(width)
    except GeometryError:
        return
    left_over = grid.stride
    for t in range(grid.frame_count):
        start, stop = geometry.seen_columns(t, width)
        center = grid.first_center + grid.stride * t
        nominal = (center - grid.receptive_field / 2, center + grid.receptive_field / 2)
        if start < stop:
            assert nominal[0] <= start
            assert stop <= nominal[1]
        if nominal[0] >= 0 and nominal[1] <= width - left_over * 2:
            assert (start, stop) == nominal
