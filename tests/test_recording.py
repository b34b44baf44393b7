"""What a recording promises before it meets a file."""

import numpy as np
import pytest

from gateviz.data.alphabet import Alphabet
from gateviz.data.emission import Emission
from gateviz.data.frames import FrameGrid
from gateviz.data.gates import Direction, GateTrace, Quantity
from gateviz.errors import AlignmentError, GeometryError, SelectionError, ShapeError
from gateviz.recording import Recording


def trace(frames: int = 4, layer: int = 0, direction: Direction = Direction.FORWARD) -> GateTrace:
    return GateTrace(layer, direction, {Quantity.FORGET_GATE: np.full((frames, 3), 0.5, np.float32)})


def emission(labels: list[int]) -> Emission:
    log_probs = np.full((len(labels), 3), np.log(0.05), np.float32)
    log_probs[np.arange(len(labels)), labels] = np.log(0.9)
    return Emission(log_probs, Alphabet.from_symbols("ab", blank=0))


def test_text_and_alignment_are_derived_from_the_emission():
    recording = Recording(None, FrameGrid(5, 4.0, 2.0, 10.0, 20), (), emission([1, 1, 0, 1, 2]))
    assert recording.text == "aab"
    assert [(span.symbol, span.start, span.stop) for span in recording.alignment.spans] == [
        ("a", 0, 2),
        ("a", 3, 4),
        ("b", 4, 5),
    ]


def test_without_an_emission_there_is_no_text():
    recording = Recording.of_traces([trace()])
    assert recording.text == ""
    with pytest.raises(AlignmentError, match="has no posteriors, so there is no text to align"):
        _ = recording.alignment


def test_a_trace_is_found_by_layer_and_direction_or_the_others_are_named():
    backward = trace(layer=1, direction=Direction.BACKWARD)
    recording = Recording.of_traces([trace(), backward])
    assert recording.trace(1, "backward") is backward
    with pytest.raises(SelectionError, match=r"no trace of layer 1 forward; recorded are 0.forward, 1.backward"):
        recording.trace(1)


def test_all_parts_have_the_same_frames():
    with pytest.raises(ShapeError, match=r"a recording of 4 frames was given \{'0.backward': 5\}"):
        Recording.of_traces([trace(), trace(5, direction=Direction.BACKWARD)])


def test_a_recording_of_nothing_is_refused():
    with pytest.raises(ShapeError, match="needs at least one trace or an emission; neither was given"):
        Recording(None, FrameGrid(4, 1.0, 0.5, 1.0, 4), ())
    with pytest.raises(ShapeError, match="needs at least one trace; none was given"):
        Recording.of_traces([])


def test_the_grid_speaks_of_the_image_it_comes_with():
    with pytest.raises(GeometryError, match="the image has 9 columns and the frame grid speaks of 4"):
        Recording(np.zeros((5, 9), np.uint8), FrameGrid(4, 1.0, 0.5, 1.0, 4), (trace(),))


def test_text_that_runs_from_right_to_left_is_read_that_way():
    alphabet = Alphabet.from_symbols("אבג12", blank=0)
    # As the frames stand, from left to right: gimel, bet, alef, then the number 12 on the far left.
    path = [4, 5, 0, 3, 2, 1]
    probabilities = np.full((6, 6), 0.01, np.float32)
    probabilities[np.arange(6), path] = 0.95
    recording = Recording(None, FrameGrid(6, 1.0, 0.5, 1.0, 6), (), Emission(np.log(probabilities), alphabet))
    assert recording.alignment.text == "12גבא"
    assert [span.symbol for span in recording.alignment.spans] == list("12גבא")
    assert recording.text == "אבג12"
