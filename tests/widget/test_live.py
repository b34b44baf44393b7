"""Reading a line again: edits on top of each other, taken back, put on again, and what cannot be."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

from gateviz.capture.edits import ablate, clamp
from gateviz.capture.recorder import record_lines
from gateviz.data.gates import Direction, Quantity
from gateviz.errors import SelectionError
from gateviz.geometry.preprocess import Invert
from gateviz.widget.live import LiveLine, edit_of
from tests.widget.conftest import line, recorded, small_recognizer

HOLD = {"type": "hold", "gate": "forget_gate", "value": 0.0, "trace": "1.forward", "units": [2, 3], "columns": [8, 24]}


@pytest.fixture
def live(recording, recognizer):
    return LiveLine(recording, recognizer)


@pytest.fixture(scope="module")
def traces(recording):
    return {trace.name: trace for trace in recording.traces}


def done(live, message):
    move = live.asked(message)
    live.make(move)
    return move.recording


def test_a_message_is_the_librarys_edit(traces):
    where = {"layer": 1, "direction": "forward", "units": [2, 3], "columns": (8.0, 24.0)}
    assert edit_of(HOLD, traces) == clamp("forget_gate", 0.0, **where)
    assert edit_of({**HOLD, "type": "ablate"}, traces) == ablate("hidden_state", **where)
    everywhere = {**HOLD, "units": [], "columns": None}
    assert edit_of(everywhere, traces) == clamp("forget_gate", 0.0, layer=1, direction="forward")


def test_units_of_a_layer_that_projects_are_silenced_where_they_still_are_units():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "LSTM with projections is not supported with oneDNN")
        recording = recorded(small_recognizer(projection=3))
    assert recording.trace(1).hidden_state.shape[1] == 3
    edit = edit_of({**HOLD, "type": "ablate", "units": [5]}, {trace.name: trace for trace in recording.traces})
    assert edit == ablate("output_gate", layer=1, direction="forward", units=[5], columns=(8.0, 24.0))


def test_the_edited_run_is_that_of_the_recorder(live, recording, recognizer):
    found = done(live, HOLD)
    expected = recorded(recognizer, edits=[edit_of(HOLD, {trace.name: trace for trace in recording.traces})])
    np.testing.assert_array_equal(found.trace(1).forget_gate, expected.trace(1).forget_gate)
    np.testing.assert_array_equal(found.emission.log_probs, expected.emission.log_probs)
    assert found.trace(1).forget_gate[2:6, 2:4].max() == 0
    assert recording.trace(1).forget_gate[2:6, 2:4].min() > 0
    assert np.abs(found.emission.log_probs - recording.emission.log_probs).max() > 1e-3
    assert found.provenance.edits == tuple(edit.sentence() for edit in live.edits)


def test_only_what_was_recorded_is_recorded_again(recognizer):
    [recording] = record_lines(
        recognizer, [(line(), "line.png")], layers=[1], quantities=["forget_gate", "hidden_state"]
    )
    found = done(LiveLine(recording, recognizer), HOLD)
    assert [trace.name for trace in found.traces] == ["1.forward", "1.backward"]
    assert set(found.traces[0].values) == {Quantity.FORGET_GATE, Quantity.HIDDEN_STATE}


def test_every_change_can_be_taken_back_and_put_on_again(live):
    other = {**HOLD, "gate": "input_gate", "trace": "0.backward"}
    first = done(live, HOLD)
    both = done(live, other)
    sentences = [edit.sentence() for edit in live.edits]
    assert len(sentences) == 2
    assert done(live, {"type": "clear"}) is None
    assert live.edits == ()
    again = done(live, {"type": "undo"})
    np.testing.assert_array_equal(again.emission.log_probs, both.emission.log_probs)
    assert [edit.sentence() for edit in live.edits] == sentences
    back = done(live, {"type": "undo"})
    np.testing.assert_array_equal(back.emission.log_probs, first.emission.log_probs)
    assert done(live, {"type": "undo"}) is None
    assert done(live, {"type": "redo"}).provenance.edits == tuple(sentences[:1])


def test_a_new_edit_ends_what_could_be_put_on_again(live):
    done(live, HOLD)
    done(live, {"type": "undo"})
    done(live, {**HOLD, "value": 1.0})
    assert "held at 1" in live.edits[0].sentence()
    with pytest.raises(SelectionError, match="there is no edit to put on again; nothing was taken back"):
        live.asked({"type": "redo"})


def test_clearing_nothing_is_nothing(live):
    assert done(live, {"type": "clear"}) is None
    with pytest.raises(SelectionError, match="there is no edit to take back; hold a gate first"):
        live.asked({"type": "undo"})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            {"trace": "7.forward"},
            r"an edit was asked for in '7\.forward', which is no layer and direction; there are 0",
        ),
        ({"units": [6]}, "layer 1 forward has no unit 6; units are 0 to 5"),
        ({"units": ["3"]}, "layer 1 forward has no unit '3'"),
        ({"units": [True]}, "layer 1 forward has no unit True"),
        ({"value": "shut"}, "'shut' was given for a value to hold a gate at; give a number"),
        ({"value": None}, "None was given for a value"),
        ({"value": float("nan")}, "clamp was asked for nan; it takes a finite number"),
        ({"gate": "valve"}, "an edit was asked for 'valve', which is no quantity"),
        ({"gate": "reset_gate"}, "changed nothing: this network has"),
        ({"columns": [24, 8]}, r"an edit was asked for columns \(24\.0, 8\.0\)"),
        ({"columns": [9.9, "x"]}, "'x' was given for a column"),
        ({"columns": [400, 500]}, "holds no frame of this line"),
        ({"type": "dance"}, "an explorer was asked to 'dance'; it knows hold, ablate, undo, redo and clear"),
    ],
)
def test_what_cannot_be_leaves_the_edits_as_they_were(live, change, words):
    done(live, HOLD)
    with pytest.raises(SelectionError, match=words):
        live.asked({**HOLD, **change})
    assert len(live.edits) == 1


def test_a_move_that_is_not_made_changes_nothing(live):
    assert live.asked(HOLD).recording is not None
    assert live.edits == ()


def test_another_recognizer_is_found_out_before_its_edits_mislead(recording):
    other = LiveLine(recording, small_recognizer(seed=1))
    with pytest.raises(SelectionError, match=r"with other posteriors than were recorded .*; give the recognizer that"):
        other.asked(HOLD)
    assert other.edits == ()


def test_the_steps_on_the_image_must_be_those_of_the_recording(recognizer):
    [recording] = record_lines(recognizer, [(line(), "line.png")], retouch=[Invert()])
    with pytest.raises(SelectionError, match="and its invert, deskew or clahe"):
        LiveLine(recording, recognizer).asked(HOLD)
    assert done(LiveLine(recording, recognizer, [Invert()]), HOLD).text is not None


def test_a_line_that_cannot_be_read_again_is_refused_at_once(recording, recognizer):
    with pytest.raises(SelectionError, match="a recording without a line image cannot be read again"):
        LiveLine(replace(recording, image=None), recognizer)
    edited = recorded(recognizer, edits=[clamp("forget_gate", 0.0, direction=Direction.FORWARD)])
    with pytest.raises(SelectionError, match="the recording is of an edited run, on which no further edits"):
        LiveLine(edited, recognizer)
    straight = replace(recording, provenance=replace(recording.provenance, seen="straightened by TPS"))
    with pytest.raises(
        SelectionError, match="shows the line image straightened by TPS, and read again that would be done"
    ):
        LiveLine(straight, recognizer)
