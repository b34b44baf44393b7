"""Heatmaps, strips, scatter and whole stacks."""

import dataclasses

import numpy as np
import pytest

from gateviz.data.gates import GateTrace, Quantity
from gateviz.errors import AlignmentError, SelectionError, ShapeError
from gateviz.measure.saturation import saturation
from gateviz.panels.build import gates_stack, overview_stack, reading_stack, saturation_row, units_stack
from gateviz.panels.choice import Order
from gateviz.panels.panel import HeatmapPanel, ImagePanel, LinePanel, SpanPanel
from gateviz.panels.traces import GATE_SCALE, gate_strip, heatmaps, scales_for, spread
from gateviz.recording import Recording

ALL = tuple(Quantity)


def kinds(stack):
    return [type(panel).__name__ for panel in stack.panels]


def test_a_heatmap_has_a_row_a_unit_over_its_frames(recording, trace):
    scales = scales_for([trace], tuple(trace.values))
    (panel,) = heatmaps(trace, recording.grid, [Quantity.FORGET_GATE], scales)
    np.testing.assert_array_equal(panel.values, trace.forget_gate.T)
    assert np.shares_memory(panel.values, trace.forget_gate)
    assert (panel.start, panel.stop) == (-4.0, 28.0)
    assert panel.row_labels == ("0", "1", "2", "3", "4")
    assert (panel.letter, panel.color_key, panel.group) == ("f", "forget gate", "layer 0 forward")
    assert panel.title == "layer 0 forward: forget gate f"
    assert panel.row_title == "5 units, 0 on top"
    assert panel.mask is None


def test_units_and_order_choose_the_rows(recording, trace):
    scales = scales_for([trace], tuple(trace.values))
    (listed,) = heatmaps(trace, recording.grid, [Quantity.CELL_STATE], scales, units=[4, 1])
    assert listed.row_labels == ("4", "1")
    np.testing.assert_array_equal(listed.values, trace.cell_state[:, [4, 1]].T)
    assert (listed.row_title, listed.rows_in_order) == ("2 units", False)
    (by_peak,) = heatmaps(trace, recording.grid, [Quantity.CELL_STATE], scales, units=[4, 1, 2], order=Order.PEAK)
    peaks = np.abs(by_peak.values).argmax(axis=1)
    assert (np.diff(peaks) >= 0).all()
    assert sorted(by_peak.row_labels) == ["1", "2", "4"]
    assert by_peak.row_title == "3 units by peak frame"


def test_saturation_is_marked_for_gates_alone(recording, trace):
    scales = scales_for([trace], tuple(trace.values))
    quantities = [Quantity.FORGET_GATE, Quantity.CANDIDATE]
    gate, candidate = heatmaps(trace, recording.grid, quantities, scales, mark_saturation=True)
    np.testing.assert_array_equal(gate.mask, (gate.values < 0.1) | (gate.values > 0.9))
    assert gate.mask.any()
    assert candidate.mask is None


def test_row_labels_must_fit():
    with pytest.raises(ShapeError, match="the heatmap 'x' has 2 rows and 1 row labels"):
        HeatmapPanel("x", np.zeros((2, 3), np.float32), 0.0, 1.0, ("0",), GATE_SCALE)


def test_a_strip_has_mean_and_quantiles_of_every_gate(recording, trace):
    strip = gate_strip(trace, recording.grid, ALL)
    assert [line.label for line in strip.lines] == ["i", "f", "o"]
    forget = strip.lines[1]
    np.testing.assert_allclose(forget.values, trace.forget_gate.mean(axis=1), rtol=1e-6)
    np.testing.assert_allclose(forget.low, np.quantile(trace.forget_gate, 0.1, axis=1), rtol=1e-6)
    np.testing.assert_allclose(forget.high, np.quantile(trace.forget_gate, 0.9, axis=1), rtol=1e-6)
    chosen = gate_strip(trace, recording.grid, [Quantity.FORGET_GATE], units=[2])
    np.testing.assert_allclose(chosen.lines[0].values, trace.forget_gate[:, 2], rtol=1e-6)
    assert gate_strip(trace, recording.grid, [Quantity.CELL_STATE]) is None


def test_missing_values_do_not_count_in_a_strip():
    mean, low, high = spread(np.array([[0.2, np.nan, 0.4], [np.nan, np.nan, np.nan]]))
    assert mean[0] == pytest.approx(0.3)
    assert low[0] == pytest.approx(0.22)
    assert high[0] == pytest.approx(0.38)
    assert np.isnan([mean[1], low[1], high[1]]).all()


def test_the_default_shows_strips_of_all_layers_and_heatmaps_of_the_last(recording):
    stack = gates_stack(recording)
    assert kinds(stack)[:3] == ["ImagePanel", "SpanPanel", "LinePanel"]
    strips = [panel.group for panel in stack.panels[3:] if isinstance(panel, LinePanel)]
    assert strips == ["layer 0 forward", "layer 0 backward", "layer 1 forward", "layer 1 backward"]
    shown = [(panel.group, panel.letter) for panel in stack.panels if isinstance(panel, HeatmapPanel)]
    assert shown == [(f"layer 1 {way}", letter) for way in ("forward", "backward") for letter in "ifgoch"]
    assert (stack.start, stack.stop) == (0.0, 24.0)
    assert stack.rules == (0.0, 10.0, 16.0)


def test_a_selection_shows_itself_alone(recording):
    stack = gates_stack(recording, layers=[0], directions=["backward"], quantities=["f", "c"])
    groups = {panel.group for panel in stack.panels[3:]}
    assert groups == {"layer 0 backward"}
    assert [panel.letter for panel in stack.panels if isinstance(panel, HeatmapPanel)] == ["f", "c"]


def test_frames_are_marked_on_request(recording):
    stack = gates_stack(recording, frames=[3])
    assert stack.highlights == ((8.0, 12.0),)
    assert stack.panels[0].shaded == ((4.0, 16.0),)


def test_edits_and_marks_are_said(recording):
    edited = dataclasses.replace(
        recording, provenance=dataclasses.replace(recording.provenance, edits=("f held at 0", "c scaled by 2"))
    )
    stack = gates_stack(edited, mark_saturation=True)
    assert stack.notes == ("Edited run: f held at 0; c scaled by 2",)
    assert "Saturated gates" in stack.remarks[0]
    assert stack.metadata["edits"] == "f held at 0; c scaled by 2"
    assert gates_stack(recording).notes == ()


def test_metadata_says_where_the_picture_comes_from(recording):
    metadata = gates_stack(recording).metadata
    assert metadata["adapter"] == "toy"
    assert metadata["image"] == "ab.png"
    assert metadata["text"] == "ab"
    assert metadata["witness"] == "1e-07"
    assert metadata["versions"] == '{"gateviz": "1.2"}'
    assert metadata["stride"] == "4"
    assert "checkpoint" not in metadata


def test_a_recording_without_image_and_posteriors_is_drawn(gru):
    stack = gates_stack(Recording.of_traces([gru]))
    assert kinds(stack) == ["LinePanel"] + 4 * ["HeatmapPanel"]
    assert stack.axis_label == "frame"
    assert stack.rules == ()
    assert [line.label for line in stack.panels[0].lines] == ["r", "z"]


def test_reading_and_overview(recording):
    assert kinds(overview_stack(recording)) == ["ImagePanel", "SpanPanel"] + 5 * ["LinePanel"]
    assert kinds(reading_stack(recording)) == ["ImagePanel", "SpanPanel", "LinePanel"]
    assert kinds(reading_stack(recording, with_classes=True))[-1] == "HeatmapPanel"
    with pytest.raises(AlignmentError, match="no posteriors to draw"):
        reading_stack(dataclasses.replace(recording, emission=None))


def test_curves_of_single_units(recording):
    stack = units_stack(recording, units=[3], directions=["backward"])
    gates, states = stack.panels[2:]
    assert isinstance(stack.panels[0], ImagePanel)
    assert isinstance(stack.panels[1], SpanPanel)
    trace = recording.trace(1, "backward")
    assert [line.label for line in gates.lines] == ["i", "f", "o"]
    assert [line.label for line in states.lines] == ["g", "c", "h"]
    np.testing.assert_array_equal(gates.lines[1].values, trace.forget_gate[:, 3])
    np.testing.assert_array_equal(states.lines[1].values, trace.cell_state[:, 3])
    assert states.low == -states.high <= -1.0
    with pytest.raises(SelectionError, match="has no unit 99"):
        units_stack(recording, units=[99])


def test_saturation_has_a_point_a_unit(recording):
    row = saturation_row(recording)
    assert [panel.letter for panel in row.panels] == ["i", "f", "o"]
    group = row.panels[1].groups[2]
    shares = saturation(recording.trace(1, "forward").forget_gate)
    np.testing.assert_array_equal(group.x, shares.left)
    np.testing.assert_array_equal(group.y, shares.right)
    assert (group.label, group.rank, group.marker) == ("layer 1 forward", 1, "forward")
    with pytest.raises(SelectionError, match="no gate was chosen; recorded are input_gate"):
        saturation_row(recording, quantities=["c"])


def test_traces_may_have_recorded_different_quantities(recording):
    bare = GateTrace(1, recording.traces[3].direction, {Quantity.FORGET_GATE: recording.traces[3].forget_gate})
    mixed = dataclasses.replace(recording, traces=(*recording.traces[:3], bare))
    letters = [panel.letter for panel in gates_stack(mixed).panels if isinstance(panel, HeatmapPanel)]
    assert letters == [*"ifgoch", "f"]
