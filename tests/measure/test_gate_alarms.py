"""Blank collapse and dying gates: what is said, when, and how often."""

import numpy as np
import pytest

from gateviz.data.alignment import Span
from gateviz.data.gate_health import GateHealth
from gateviz.data.gates import Direction, Quantity
from gateviz.data.watch import LayerWatch, ReadingWatch, WatchRecord
from gateviz.measure.gate_alarms import PATIENCE, GateAlarms, is_collapsed, stuck

FRAMES = 200


def reading(text, blank_share, cer=None):
    blank = np.full(FRAMES, blank_share, np.float32)
    spans = tuple(Span(symbol, place, place + 1, 0.0) for place, symbol in enumerate(text))
    return ReadingWatch(text, spans, blank, 1 - blank, blank_share, cer)


def layer(shut=0, open_=0, units=20, gate=Quantity.OUTPUT_GATE):
    """So many units whose gate is at one side at every frame, the others never."""
    left, right = np.zeros(units, np.float32), np.zeros(units, np.float32)
    left[:shut], right[shut : shut + open_] = 1.0, 1.0
    means = {gate: np.full(FRAMES, 0.5, np.float32)}
    return LayerWatch(1, Direction.BACKWARD, {gate: left}, {gate: right}, means, np.ones(units, np.float32))


def said(records, truth="abcd"):
    alarms = GateAlarms(truth)
    return {record.step: words for record in records if (words := alarms.look(record))}


def of_readings(*readings):
    return [WatchRecord(step, (), each) for step, each in enumerate(readings)]


def test_cells_that_only_add_up_are_told_of_when_a_tenth_and_when_three_tenths_do():
    shares = (0.05, 0.125, 0.2, 0.05, 0.4, 0.5)
    health = [GateHealth(384, share, 69.96, 0.43) for share in shares]
    found = said([WatchRecord(step, (), None, each) for step, each in enumerate(health)])
    assert list(found) == [1, 4]
    assert found[1] == [
        "cells that only add up: 12.5 % of 384 units keep everything (mean f above 0.95) and write at every frame "
        "(mean |g| above 0.9); 99.9 % of |c| are below 70.0, and 43.0 % of the cells are saturated"
    ]


def test_a_line_that_was_read_and_is_blank_now_is_told_once_and_again_when_it_happens_again():
    good, gone = reading("abcd", 0.6, 0.0), reading("", 1.0, 1.0)
    found = said(of_readings(good, gone, gone, gone, good, gone))
    assert set(found) == {1, 5}
    assert found[1] == [
        "blank collapse: the blank is the best class at 100.0 % of the frames, and was at 60.0 % at step 0; "
        "read is '' of 'abcd', mean blank posterior 1.000"
    ]
    assert "and was at 60.0 % at step 4" in found[5][0]


def test_a_training_that_begins_with_blanks_is_told_of_after_some_looks():
    start, gone = reading("z", 0.2, 1.0), reading("", 1.0, 1.0)
    found = said(of_readings(start, *[gone] * (PATIENCE + 3)))
    assert list(found) == [PATIENCE]
    assert f"as at {PATIENCE} looks in a row (every CTC training begins so" in found[PATIENCE][0]
    assert said(of_readings(start, *[gone] * (PATIENCE - 1))) == {}


@pytest.mark.parametrize(
    ("text", "share", "truth", "expected"),
    [
        ("", 1.0, "abcd", True),
        ("a", 0.995, "abcd", True),
        ("ab", 0.995, "abcd", False),  # a short text on a wide line
        ("", 0.98, "abcd", False),
        ("", 1.0, "", False),  # nothing is written
        ("", 1.0, None, True),
        ("a", 0.995, None, False),
    ],
)
def test_what_a_collapse_is(text, share, truth, expected):
    assert is_collapsed(reading(text, share), truth) is expected


def test_stuck_units_are_counted_by_side_and_a_gate_that_jumps_is_not_stuck():
    found = layer(shut=3, open_=5)
    found.left[Quantity.OUTPUT_GATE][10] = found.right[Quantity.OUTPUT_GATE][10] = 0.5
    found.left[Quantity.OUTPUT_GATE][11] = 0.99
    counts = stuck(found, Quantity.OUTPUT_GATE)
    assert (counts.shut, counts.open, counts.units) == (3, 5, 20)


def test_gates_that_die_are_told_with_their_shares_once_a_level():
    records = [WatchRecord(step, (layer(shut),)) for step, shut in enumerate([2, 1, 4, 6, 6, 10, 11, 20])]
    found = said(records)
    assert set(found) == {3, 6}
    assert found[3] == [
        "dying gates: layer 1 backward has its output gate stuck shut in 6 of 20 units (30.0 %), "
        "at more than 99 % of the frames; they were 5.0 % at step 1"
    ]
    assert "in 11 of 20 units (55.0 %)" in found[6][0]


def test_sides_are_told_apart():
    found = said([WatchRecord(0, (layer(),)), WatchRecord(1, (layer(5, 5),))])
    assert [("stuck shut" in words, "stuck open" in words) for words in found[1]] == [(True, False), (False, True)]


def test_a_layer_that_is_dead_from_the_start_is_told_of_and_one_that_is_half_so_is_not():
    assert said([WatchRecord(0, (layer(10),))]) == {}
    (words,) = said([WatchRecord(0, (layer(18),)), WatchRecord(1, (layer(18),))])[0]
    assert words.endswith("stuck shut in 18 of 20 units (90.0 %), at more than 99 % of the frames")
