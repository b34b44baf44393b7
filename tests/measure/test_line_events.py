"""The frames of an event, counted by hand on one line."""

from dataclasses import replace

import numpy as np
import pytest

from gateviz.data.alignment import Alignment, Span
from gateviz.data.gates import Direction
from gateviz.measure.events import Event
from gateviz.measure.line_events import EventRule, celled, frames_a_symbol, line_event, mirrored

#        frames 0 1 2 3 4 5 6 7 8 9 10 11 12 13
PATH = np.array([0, 1, 0, 0, 2, 2, 0, 3, 0, 0, 4, 0, 0, 0])
SPANS = (Span("a", 1, 2, 0.0), Span(".", 4, 6, 0.0), Span("b", 7, 8, 0.0), Span("c", 10, 11, 0.0))
LINE = Alignment(PATH, SPANS, "a.bc", 0.0)


def rule(what="any", at="span", **more):
    return EventRule(Event(what, at), **more)


def frames(given, direction=Direction.FORWARD):
    return line_event(given, LINE, 0, direction).frames


def test_cells_meet_half_way_and_the_outer_ones_are_symmetric():
    assert [(cell.start, cell.stop) for cell in celled(LINE).spans] == [(0, 3), (3, 6), (6, 9), (9, 12)]
    alone = Alignment(PATH, SPANS[:1], "a", 0.0)
    assert [(cell.start, cell.stop) for cell in celled(alone).spans] == [(0, 14)]
    nothing = Alignment(PATH, (), "", 0.0)
    assert celled(nothing) is nothing


def test_cells_stay_on_the_line_and_hold_their_spans():
    wide = (Span("a", 0, 1, 0.0), Span("b", 8, 9, 0.0))
    cells = celled(Alignment(np.zeros(9, int), wide, "ab", 0.0)).spans
    assert [(cell.start, cell.stop) for cell in cells] == [(0, 4), (4, 9)]


def test_turning_twice_changes_nothing():
    again = mirrored(mirrored(LINE))
    assert again.spans == LINE.spans
    assert (again.path == LINE.path).all()
    assert mirrored(LINE).text == "cb.a"


@pytest.mark.parametrize(
    ("given", "forward", "backward"),
    [
        (rule("punctuation"), (3, 4, 5), (3, 4, 5)),
        (rule("punctuation", borders="emitted"), (4, 5), (4, 5)),
        (rule("any", "onset"), (0, 3, 6, 9), (2, 5, 8, 11)),
        (rule("any", "onset", as_met=False), (0, 3, 6, 9), (0, 3, 6, 9)),
        (rule("any", "onset", margin=3), (3, 6), (5, 8)),
        # From the right a word begins with its last symbol: c, and a beyond the mark.
        (rule("word", "onset"), (0, 6), (2, 11)),
        (rule("word", "end"), (2, 11), (0, 6)),
        (rule("sentence", "onset"), (0, 6), (2, 11)),
        (rule("sentence", "onset", margin=3), (6,), ()),
        (rule("any", "end", borders="emitted", offset=1), (2, 6, 8), (3, 6, 9)),
        (rule("line", "onset"), (0,), (13,)),
        (rule("blank", "onset"), (0, 2, 6, 8, 11), (0, 3, 6, 9)),
        (rule("any", margin=9), (), ()),
    ],
)  # fmt: skip
def test_the_frames_of_an_event(given, forward, backward):
    given = replace(given, margin=given.margin or 0)
    assert frames(given) == forward
    assert frames(given, Direction.BACKWARD) == backward


def long_line(symbols=12, pitch=4):
    start = (pitch - 1) // 2
    spans = tuple(Span("a", pitch * n + start, pitch * (n + 1) - start, 0.0) for n in range(symbols))
    return Alignment(np.zeros(pitch * symbols, int), spans, "a" * symbols, 0.0)


def test_by_default_three_symbols_at_both_ends_take_no_part_and_are_counted():
    event = line_event(rule("any", "onset"), long_line(), 0, Direction.FORWARD)
    # Twelve symbols of four frames: three at each end are left out, six stay.
    assert event.kept == (12, 36)
    assert event.frames == (12, 16, 20, 24, 28, 32)
    assert event.left_out == 6
    none = line_event(rule("any", "onset", margin=0), long_line(), 0, Direction.FORWARD)
    assert (len(none.frames), none.left_out) == (12, 0)


def test_the_margin_goes_by_the_symbols_of_the_line_and_never_cuts_events_of_the_line_itself():
    wide = line_event(rule(), long_line(pitch=7), 0, Direction.BACKWARD)
    assert wide.kept == (21, 63)
    for short in (long_line(symbols=6), long_line(symbols=1), Alignment(PATH, (), "", 0.0)):
        assert line_event(rule(), short, 0, Direction.FORWARD).kept == (0, 0)
    start = line_event(rule("line", "onset"), long_line(), 0, Direction.FORWARD)
    assert (start.kept, start.frames, start.left_out) == ((0, 48), (0,), 0)


def test_blanks_outside_the_text_are_in_the_margin():
    path = np.zeros(60, int)
    spans = tuple(Span("a", 10 + 4 * n, 11 + 4 * n, 0.0) for n in range(10))
    line = Alignment(path, spans, "a" * 10, 0.0)
    event = line_event(rule("blank", margin=0), line, 0, Direction.FORWARD)
    assert event.kept[0] > 0
    assert event.kept[1] < 60
    assert event.left_out == 60 - len(event.frames)


def test_frames_from_symbol_to_symbol():
    # Middles at 1, 4.5, 7 and 10.
    assert frames_a_symbol([LINE]).tolist() == [[9.0, 3.0]]
    assert frames_a_symbol([Alignment(PATH, SPANS[:1], "a", 0.0)]).tolist() == [[0.0, 0.0]]
