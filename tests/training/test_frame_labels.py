"""Which label each frame should carry."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gateviz.ctc.collapse import collapse
from gateviz.training.frame_labels import IGNORED, frame_labels


def labels_of(labels, columns, frames, stride=4.0):
    centers = 2.0 + stride * np.arange(frames)
    return frame_labels(labels, np.array(columns, np.float64), centers, 0).tolist()


def test_a_symbol_owns_the_middle_of_its_columns_and_the_rest_is_ignored():
    # Columns 8 to 28 hold the centers 10, 14, 18, 22, 26; the middle 60 % is 12 to 24.
    assert labels_of([7], [[8, 28]], 9) == [0, 0, IGNORED, 7, 7, 7, IGNORED, 0, 0]


def test_a_symbol_narrower_than_a_frame_owns_the_nearest_one():
    assert labels_of([7], [[8.5, 9.5]], 5) == [0, 0, 7, 0, 0]


def test_equal_neighbors_have_a_blank_between_them():
    assert labels_of([5, 5], [[0, 12], [12, 24]], 6) == [IGNORED, 5, IGNORED, 0, 5, IGNORED]
    assert labels_of([5, 6], [[0, 12], [12, 24]], 6) == [IGNORED, 5, IGNORED, IGNORED, 6, IGNORED]


def test_equal_neighbors_too_narrow_for_a_blank_are_left_to_ctc():
    # Two symbols of 5 columns each, and one of 12 after them.
    assert labels_of([5, 5, 6], [[8, 13], [13, 18], [18, 30]], 8) == [0, 0, IGNORED, IGNORED, IGNORED, 6, 6, 0]
    assert labels_of([5, 7, 6], [[8, 13], [13, 18], [18, 30]], 8) == [0, 0, 5, 7, IGNORED, 6, 6, 0]


def test_neighbors_too_close_for_their_frames_take_the_next_free_one():
    assert labels_of([5, 6, 7], [[4, 5], [7, 8], [11, 12]], 6) == [0, 5, 6, 7, 0, 0]


def test_more_symbols_than_frames_leave_the_last_ones_out():
    assert labels_of([5, 6, 7, 8], [[4, 5], [5, 6], [6, 7], [7, 8]], 4) == [0, 5, 6, 0]


def test_symbols_beyond_the_last_frame_are_left_out():
    assert labels_of([5, 6], [[0, 4], [100, 104]], 2) == [5, 6]
    assert labels_of([5, 6, 7, 8], [[0, 4], [4, 8], [8, 12], [12, 16]], 2) == [5, 6]


@given(
    st.lists(st.integers(1, 3), min_size=1, max_size=8),
    st.lists(st.floats(6, 40), min_size=8, max_size=8),
)
def test_the_known_frames_spell_the_text_where_there_is_room(labels, widths):
    """Symbols of at least two frames each: the labels collapse to the text."""
    edges = np.cumsum([0.0, *(2 * width for width in widths[: len(labels)])])
    columns = np.stack([edges[:-1], edges[1:]], axis=1)
    centers = 2.0 + 4.0 * np.arange(int(edges[-1] // 4) + 2)
    target = frame_labels(labels, columns, centers, 0)
    known = np.where(target == IGNORED, 0, target)
    assert collapse(known.astype(np.int64), 0) == labels
