"""What a watched training has to show."""

from dataclasses import replace

import numpy as np
import pytest

from gateviz.data.watch import GateHistory, WatchRecord
from gateviz.errors import SelectionError
from gateviz.panels.panel import HeatmapPanel, ImagePanel, LinePanel, SpanPanel
from gateviz.plot.training_course import spread_out, watch_course
from gateviz.plot.training_film import line_stack
from gateviz.plot.training_gates import saturation_by_step
from tests.panels.watched import FRAMES, GATES, STEPS, history, record


def test_the_course_is_made_of_the_quantiles_over_the_units():
    course = watch_course(history())
    assert course.steps.tolist() == list(STEPS)
    assert [layer.label for layer in course.layers] == [
        "layer 0 forward", "layer 0 backward", "layer 1 forward", "layer 1 backward",
    ]  # fmt: skip
    first = course.layers[0]
    assert [gate.gate for gate in first.gates] == list(GATES)
    gate = first.gates[1]
    np.testing.assert_allclose(gate.shut[:, 0], [0.04, 0.2, 0.36], atol=1e-6)
    np.testing.assert_allclose(gate.shut[:, 2], [0.02, 0.1, 0.18], atol=1e-6)
    np.testing.assert_allclose(gate.open[:, 0], 0.0)
    np.testing.assert_allclose(gate.open[:, 3], [0.1, 0.5, 0.9], atol=1e-6)
    assert gate.stuck_open.tolist() == [0.0, 0.0, 0.2, 0.2]
    assert gate.stuck_shut.tolist() == [0.0] * 4


def test_an_endless_timescale_is_drawn_at_ten_times_the_line():
    course = watch_course(history())
    assert course.longest == 10.0 * FRAMES
    np.testing.assert_allclose(course.layers[0].timescale[:, 0], [0.4, 10.0, 80.0])


def test_the_blank_the_error_and_the_readings():
    course = watch_course(history())
    np.testing.assert_allclose(course.blank, [1.0, 1.0, 0.7, 0.7])
    np.testing.assert_allclose(course.blank_mean, [1.0, 1 - 1 / 6, 1 - 1 / 3, 0.5], atol=1e-6)
    np.testing.assert_allclose(course.cer, [1.25, 1.25, 0.5, 0.5])
    assert course.readings == ((0, ""), (10, ""), (20, "好b"), (30, "好b"))
    assert course.truth == "好ab"


def test_without_a_truth_there_is_no_error_and_without_a_reading_no_blank():
    assert watch_course(history(truth=None)).cer is None
    course = watch_course(history(read=False))
    assert (course.blank, course.cer, course.readings) == (None, None, ())


def test_records_are_spread_evenly_with_the_first_and_the_last():
    records = [record(step) for step in range(9)]
    assert [found.step for found in spread_out(records, 5)] == [0, 2, 4, 6, 8]
    assert [found.step for found in spread_out(records[:2], 5)] == [0, 1]
    assert [found.step for found in spread_out(records[:1], 5)] == [0]


def test_the_scatter_has_a_row_a_gate_and_a_panel_a_step():
    rows = saturation_by_step(history(), count=3)
    assert [[panel.title for panel in row] for row in rows] == [["step 0", "step 20", "step 30"]] * 3
    assert [row[0].role for row in rows] == list(GATES)
    group = rows[2][1].groups[3]
    assert (group.label, group.rank, group.marker) == ("layer 1 backward", 1, "backward")
    np.testing.assert_allclose(group.x, np.arange(5) / 20, atol=1e-6)
    np.testing.assert_allclose(group.y, [0, 0.25, 0.5, 0.75, 1])


def test_the_line_at_one_step():
    told = history()
    stack = line_stack(told, told.records[2])
    kinds = [type(panel) for panel in stack.panels]
    assert kinds == [ImagePanel, SpanPanel, LinePanel, HeatmapPanel, HeatmapPanel, HeatmapPanel]
    assert stack.title == "step 20, CER 50.0 %, blank at 70.0 % of the frames"
    assert stack.axis_label == "column of the line image, frames spread evenly (px)"
    spans = stack.panels[1].spans
    assert [(span.symbol, span.start, span.stop, span.doubtful) for span in spans] == [
        ("好", 4.0, 12.0, False),
        ("b", 24.0, 28.0, True),
    ]
    forget = stack.panels[4]
    assert (forget.letter, forget.row_labels) == ("f", ("0 →", "0 ←", "1 →", "1 ←"))
    np.testing.assert_allclose(forget.values, np.tile(np.linspace(0, 2 / 3, FRAMES), (4, 1)), atol=1e-6)
    assert (forget.start, forget.stop) == (0.0, 40.0)
    assert stack.rules == (4.0, 18.0, 28.0)


def test_a_line_of_which_nothing_was_read_and_one_without_an_image():
    told = history()
    stack = line_stack(told, told.records[0])
    assert stack.panels[1].spans == ()
    assert stack.remarks == ("Nothing was read",)
    told = history(read=False, image=False)
    stack = line_stack(told, told.records[0])
    assert [type(panel) for panel in stack.panels] == [HeatmapPanel] * 3
    assert (stack.title, stack.axis_label) == ("step 0", "frame")


def test_what_bars_are_is_said_where_no_symbol_is_doubtful():
    """A renderer says it of the others itself; it is one remark either way."""
    told = history()
    assert line_stack(told, told.records[2]).remarks == ()
    reading = told.records[2].reading
    for log_prob, remarks in ((-0.69, ("Bars: the frames of each symbol",)), (-0.7, ())):
        sure = replace(reading, spans=tuple(replace(span, log_prob=log_prob) for span in reading.spans))
        assert line_stack(told, replace(told.records[2], reading=sure)).remarks == remarks


def test_what_was_not_looked_at_is_said():
    empty = GateHistory(history().line, ())
    for draw in (watch_course, saturation_by_step):
        with pytest.raises(SelectionError, match="the training was not looked at yet, so there is nothing to draw"):
            draw(empty)
    without = GateHistory(history().line, (WatchRecord(0, (), record(0).reading),))
    assert watch_course(without).layers == ()
    with pytest.raises(SelectionError, match="has no recurrent layer, so there are no gates to draw"):
        saturation_by_step(without)
