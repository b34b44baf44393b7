"""Figures of traces: of one line of any network, over its frames."""

import numpy as np
import pytest

from gateviz.data.gates import Direction, GateTrace, Quantity
from gateviz.errors import AlignmentError, SelectionError, ShapeError
from gateviz.plot.figures import alignment, as_recording, gates, overview, saturation, units
from gateviz.recording import Recording


def gate_trace(frames=5, layer=0, direction=Direction.FORWARD):
    """A trace of three units whose forget gate rises along the line."""
    rising = np.linspace(0.2, 0.8, frames * 3, dtype=np.float32).reshape(frames, 3)
    return GateTrace(layer, direction, {Quantity.FORGET_GATE: rising, Quantity.CELL_STATE: 2 * rising - 1})


class Batch:
    """As ``capture.layer_trace.LayerTrace``, without torch."""

    def __init__(self, *lines):
        self._lines = lines
        self.batch_size = len(lines)

    def line(self, index):
        return self._lines[index]


def test_a_recording_is_drawn_as_it_is():
    recording = Recording.of_traces([gate_trace()])
    assert as_recording(recording) is recording


@pytest.mark.parametrize(
    "drawable",
    [
        gate_trace(),
        Batch(gate_trace()),
        [gate_trace()],
        (Batch(gate_trace()),),
        [gate_trace(), Batch(gate_trace(layer=1)), gate_trace(direction=Direction.BACKWARD)],
    ],
)
def test_traces_stand_over_their_frames(drawable):
    recording = as_recording(drawable)
    assert (recording.image, recording.emission) == (None, None)
    assert recording.grid.frame_count == recording.grid.source_width == 5
    assert np.array_equal(recording.trace(0).forget_gate, gate_trace().forget_gate)
    for figure in (gates(drawable), overview(drawable), units(drawable, units=[1]), saturation(drawable)):
        assert figure.axes
    assert gates(drawable).axes[-1].get_xlabel() == "frame"


@pytest.mark.parametrize(
    ("drawable", "error", "words"),
    [
        (abs, SelectionError, "drawn of a recording or of traces, and a builtin_function_or_method was given"),
        ("line.png", SelectionError, "drawn of a recording or of traces, and a str was given"),
        ([gate_trace(), 3], SelectionError, "and a list was given; hand in what gateviz.record returned"),
        ([], SelectionError, "these traces are empty, so there is nothing to draw; run the model"),
        ([Batch(gate_trace(), gate_trace())], SelectionError, r"of a batch of 2 lines, .* draw traces.line\(0\)"),
        ([gate_trace(), gate_trace()], SelectionError, "0.forward was recorded more than once, and a figure shows one"),
        ([gate_trace(), gate_trace(7, layer=1)], ShapeError, "a recording of 5 frames was given"),
    ],
)
def test_what_cannot_be_drawn_is_said(drawable, error, words):
    with pytest.raises(error, match=words):
        as_recording(drawable)


def test_traces_have_no_text():
    with pytest.raises(AlignmentError, match="no posteriors"):
        alignment([gate_trace()])
