"""Frames of symbols, classes, words, sentences and blanks, counted by hand on one line."""

import numpy as np
import pytest

from gateviz.data.alignment import Alignment, Span
from gateviz.errors import SelectionError
from gateviz.measure.events import Event, What, symbol_class

BLANK = 0
TEXT = "All. 你好，7"
# Frames:      0  1  2  3  4  5  6  7  8  9  10 11 12
PATH = np.array([0, 1, 1, 2, 0, 2, 3, 4, 5, 5, 6, 7, 8])
SPANS = (
    Span("A", 1, 3, 0.0),
    Span("l", 3, 4, 0.0),
    Span("l", 5, 6, 0.0),
    Span(".", 6, 7, 0.0),
    Span(" ", 7, 8, 0.0),
    Span("你", 8, 10, 0.0),
    Span("好", 10, 11, 0.0),
    Span("，", 11, 12, 0.0),
    Span("7", 12, 13, 0.0),
)
LINE = Alignment(PATH, SPANS, TEXT, 0.0)


@pytest.mark.parametrize(
    ("what", "at", "frames"),
    [
        ("any", "onset", [1, 3, 5, 6, 7, 8, 10, 11, 12]),
        ("any", "end", [2, 3, 5, 6, 7, 9, 10, 11, 12]),
        ("punctuation", "span", [6, 11]),
        ("digit", "span", [12]),
        ("space", "span", [7]),
        ("letter", "span", [1, 2, 3, 5]),
        ("han", "span", [8, 9, 10]),
        ("han", "center", [8, 10]),
        ("doubled", "onset", [5]),
        ("word", "onset", [1, 8, 12]),
        ("sentence", "onset", [1, 8]),
        ("blank", "span", [0, 4]),
        ("blank", "onset", [0, 4]),
        ("line", "onset", [0]),
        ("line", "end", [12]),
        ("symbol:,，", "span", [11]),
        ("symbol:l", "span", [3, 5]),
    ],
)
def test_the_frames_of_an_event(what, at, frames):
    event = Event(what, at)
    assert event.frames(LINE, BLANK).tolist() == frames
    assert np.flatnonzero(event.mask(LINE, BLANK)).tolist() == frames


def test_a_line_without_the_event_has_no_frames():
    empty = Alignment(np.zeros(4, np.int64), (), "", 0.0)
    assert Event("punctuation", "onset").frames(empty, BLANK).size == 0
    assert Event("blank").stretches(empty, BLANK) == ((0, 4),)


def test_what_an_event_is_called():
    assert Event("punctuation").words == "within punctuation"
    assert Event("symbol:,，", "end").words == "end of ,，"


def test_unknown_events_are_refused_by_name():
    with pytest.raises(SelectionError, match="there is no event 'comma'; choose one of any, line, blank"):
        Event("comma")
    with pytest.raises(SelectionError, match="there is no event 'symbol:'"):
        Event("symbol:")
    with pytest.raises(SelectionError, match="no part 'middle' of an event; choose one of span, onset, center, end"):
        Event("any", "middle")


def test_classes_of_symbols():
    assert symbol_class("ﬀ") == What.LETTER
    assert [symbol_class(symbol) for symbol in ("《", "…", "٣", "\u3000", "龍", "é", "", "€")] == [
        What.PUNCTUATION,
        What.PUNCTUATION,
        What.DIGIT,
        What.SPACE,
        What.HAN,
        What.LETTER,
        What.ANY,
        What.ANY,
    ]
