"""The widget: traits that can be set and observed, choices that are checked, edits that never leave a half state."""

import base64
import json
import re
import subprocess
import sys

import numpy as np
import pytest
import traitlets

import gateviz
from gateviz.errors import GatevizError, OutputError, SelectionError
from gateviz.panels.wire import Wire, decode
from gateviz.widget.traits import CHOICES
from tests.widget.conftest import line, recorded, without


@pytest.fixture
def explorer(recording):
    return gateviz.explore(recording, still=False)


@pytest.fixture
def live(recording, recognizer):
    return gateviz.explore(recording, recognizer=recognizer, still=False)


def document_of(explorer) -> dict:
    return decode(Wire(explorer.document, explorer.data))


def state_of(explorer) -> dict:
    return {name: getattr(explorer, name) for name in (*CHOICES, "edits", "layer", "direction", "document", "data")}


def test_the_widget_holds_the_recording_and_begins_as_a_page_does(explorer, recording):
    [part] = document_of(explorer)["recordings"]
    values = part["traces"][0]["quantities"]["forget_gate"]["values"].values
    np.testing.assert_allclose(values, recording.trace(0).forget_gate.T, atol=1 / 255)
    assert (explorer.trace, explorer.layer, explorer.direction) == ("1.forward", 1, "forward")
    assert (explorer.order, explorer.view, explorer.theme) == ("index", "first", "auto")
    assert (explorer.selected_units, explorer.columns, explorer.edits) == ([], [], [])
    assert explorer.status == {"busy": False, "words": ""}
    assert explorer.document["live"] is False


def test_the_front_end_is_told_every_trait_of_the_contract(explorer):
    told = explorer.get_state()
    names = {"document", "data", *CHOICES, "edits", "status", "_esm"}
    assert names <= told.keys()
    assert isinstance(told["data"], bytes)
    assert "function render(" in told["_esm"]
    assert not {"layer", "direction"} & told.keys()


def test_choices_can_be_made_at_the_door(recording):
    explorer = gateviz.explore(
        recording,
        trace="0.backward",
        quantities=["f", "cell_state"],
        order="timescale",
        selected_units=[3, 1],
        columns=(8, 20),
        theme="dark",
        title="T",
        exact=True,
    )
    assert (explorer.trace, explorer.layer, explorer.direction) == ("0.backward", 0, "backward")
    assert explorer.quantities == ["forget_gate", "cell_state"]
    assert (explorer.order, explorer.selected_units, explorer.columns) == ("timescale", [3, 1], [8.0, 20.0])
    assert (explorer.document["title"], explorer.document["exact"]) == ("T", True)


WRONG = [
    ("trace", "9.up", r"there is no layer and direction '9\.up' to explore; there are 0\.forward, 0\.backward"),
    ("layer", 7, r"there is no layer 7 to explore; there are 0\.forward"),
    ("direction", "up", r"there is no layer and direction '1\.up'"),
    ("quantities", ["valve"], "there is no quantity valve; recorded are input_gate"),
    ("order", "size", "there is no unit order 'size'; choose one of index, peak, similarity, timescale, selectivity"),
    ("selected_units", [0, 6], r"1\.forward has no unit 6; units are 0 to 5"),
    ("selected_units", [-1], r"1\.forward has no unit -1"),
    ("columns", [3.0], r"\[3\.0\] are no columns; give \[start, stop\]"),
    ("columns", [5.0, 5.0], r"\[5\.0, 5\.0\] are no columns"),
    ("columns", [0.0, float("nan")], "are no columns"),
    ("columns", [48.0, 60.0], r"the columns \[48\.0, 60\.0\] lie beside the line, which has 0 to 48"),
    ("view", "third", "there is no view 'third'; choose one of first, second, both, difference"),
    ("view", "both", "the view 'both' needs two recordings and there is one"),
    ("theme", "pink", "there is no theme 'pink'; choose one of auto, light, dark"),
]


@pytest.mark.parametrize(("name", "value", "words"), WRONG)
def test_a_wrong_choice_says_what_there_is_and_changes_nothing(explorer, name, value, words):
    before = state_of(explorer)
    with pytest.raises(SelectionError, match=words):
        setattr(explorer, name, value)
    assert state_of(explorer) == before


@pytest.mark.parametrize(("name", "value", "words"), [each for each in WRONG if each[0] in CHOICES])
def test_a_wrong_choice_at_the_door_is_refused(recording, name, value, words):
    with pytest.raises(SelectionError, match=words):
        gateviz.explore(recording, **{name: value})


def test_several_wrong_choices_of_the_front_end_are_rolled_back_together(explorer):
    with pytest.raises(SelectionError):
        explorer.set_state({"trace": "0.forward", "selected_units": [1], "theme": "pink"})
    assert (explorer.trace, explorer.selected_units, explorer.theme) == ("1.forward", [], "auto")
    explorer.set_state({"trace": "0.forward", "selected_units": [1], "columns": [0, 8]})
    assert (explorer.trace, explorer.layer, explorer.selected_units, explorer.columns) == (
        "0.forward",
        0,
        [1],
        [0.0, 8.0],
    )


def test_choices_can_be_observed_and_linked(explorer):
    seen = []
    explorer.observe(lambda change: seen.append((change["name"], change["new"])), ["selected_units", "layer", "trace"])
    explorer.selected_units = [2, 4, 2]
    explorer.layer = 0
    assert ("selected_units", [2, 4]) in seen
    assert ("trace", "0.forward") in seen
    assert ("layer", 0) in seen

    class Other(traitlets.HasTraits):
        units = traitlets.List()

    other = Other()
    traitlets.link((explorer, "selected_units"), (other, "units"))
    other.units = [5]
    assert explorer.selected_units == [5]


def test_layer_direction_and_trace_follow_each_other(explorer):
    explorer.direction = "backward"
    assert explorer.trace == "1.backward"
    explorer.layer = 0
    assert explorer.trace == "0.backward"
    explorer.trace = "1.forward"
    assert (explorer.layer, explorer.direction) == (1, "forward")


def test_a_layer_that_reads_one_way_only_is_shown_that_way(recording):
    explorer = gateviz.explore(without(recording, "0.backward"), trace="1.backward", still=False)
    explorer.layer = 0
    assert (explorer.trace, explorer.direction) == ("0.forward", "forward")
    with pytest.raises(SelectionError, match=r"there is no layer and direction '0\.backward'"):
        explorer.direction = "backward"


def test_letters_become_names_and_none_at_all_is_a_choice(explorer):
    explorer.quantities = ["c", "forget_gate", "c"]
    assert explorer.quantities == ["cell_state", "forget_gate"]
    explorer.quantities = []
    assert explorer.quantities == []


# Two recordings


def test_two_recordings_can_be_compared(recording, recognizer):
    other = recorded(recognizer, line(seed=5), name="other.png")
    explorer = gateviz.explore(recording, other, still=False)
    assert explorer.view == "both"
    assert [part["name"] for part in explorer.document["recordings"]] == ["line.png", "other.png"]
    for view in ("first", "second", "difference", "both"):
        explorer.view = view
        assert explorer.view == view


def test_lines_of_other_lengths_have_no_difference(recording, recognizer):
    longer = recorded(recognizer, line(seed=5, frames=20), name="longer.png")
    explorer = gateviz.explore(recording, longer, still=False)
    with pytest.raises(
        SelectionError, match=r"'difference' cannot be had\. No difference: the first line has 12 frames and"
    ):
        explorer.view = "difference"
    assert explorer.view == "both"
    explorer.columns = [50, 70]
    assert explorer.columns == [50.0, 70.0]


# Edits


def test_a_gate_is_held_from_python(live, recording, recognizer):
    live.selected_units = [1, 2]
    live.columns = [8, 24]
    text = live.hold("forget_gate", 0.0)
    expected = recorded(
        recognizer,
        edits=[gateviz.clamp("forget_gate", 0.0, layer=1, direction="forward", units=[1, 2], columns=(8, 24))],
    )
    assert text == expected.text
    first, second = document_of(live)["recordings"]
    assert (first["text"], second["text"], second["name"]) == (recording.text, expected.text, "line.png, edited")
    np.testing.assert_allclose(second["posterior"]["best"], np.exp(np.delete(expected.emission.log_probs, 0, 1).max(1)))
    assert live.edits == ["forget gate of units 1-2 in layer 1 forward, held at 0 in columns [8, 24)"]
    assert second["notes"] == ["Edited run: " + live.edits[0]]
    assert live.view == "both"
    assert live.status["busy"] is False
    assert f"“{text}”" in live.status["words"]


def test_a_gate_is_held_from_the_front_end(live):
    message = {"type": "hold", "gate": "input_gate", "value": 0, "trace": "0.backward", "units": [1], "columns": None}
    live._handle_custom_msg(message, [])
    assert live.edits == ["input gate of unit 1 in layer 0 backward, held at 0"]
    live._handle_custom_msg({"type": "ablate", "trace": "1.forward", "units": [0], "columns": [0, 48]}, [])
    assert live.edits[1] == "hidden state of unit 0 in layer 1 forward, held at 0 in columns [0, 48)"
    live._handle_custom_msg({"type": "undo"}, [])
    assert len(live.edits) == 1
    live._handle_custom_msg({"type": "redo"}, [])
    assert len(live.edits) == 2
    live._handle_custom_msg({"type": "clear"}, [])
    assert (live.edits, live.view, len(live.document["recordings"])) == ([], "first", 1)


def test_python_undoes_redoes_and_clears(live, recording):
    edited = live.hold("forget_gate", 0.0, trace="0.forward")
    assert live.ablate(units=[1], columns=(0, 8)) is not None
    assert len(live.edits) == 2
    assert live.undo() == edited
    assert live.undo() == recording.text
    assert live.edits == []
    assert live.redo() == edited
    assert live.clear() == recording.text
    assert live.undo() == edited


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ({"type": "undo"}, "there is no edit to take back"),
        ({"type": "dance"}, "an explorer was asked to 'dance'"),
        ("nonsense", "an explorer was asked to None"),
        ({"type": "hold", "gate": "forget_gate", "value": 0, "trace": "1.forward", "units": [99]}, "has no unit 99"),
        ({"type": "hold", "gate": "reset_gate", "value": 0, "trace": "1.forward", "units": []}, "changed nothing"),
    ],
)
def test_what_the_front_end_cannot_have_is_said_in_the_status(live, message, words):
    live.hold("forget_gate", 0.5)
    before = state_of(live)
    if message == {"type": "undo"}:
        live.undo()
        before = state_of(live)
    live._handle_custom_msg(message, [])
    assert words in live.status["words"]
    assert live.status["busy"] is False
    assert state_of(live) == before


def test_an_error_nobody_foresaw_leaves_no_half_state(live, monkeypatch):
    live.hold("forget_gate", 0.5)
    before = state_of(live)

    def broken(*arguments, **options):
        raise ZeroDivisionError

    monkeypatch.setattr("gateviz.widget.selection.explorer_document", broken)
    with pytest.raises(ZeroDivisionError):
        live.hold("input_gate", 0.0)
    monkeypatch.undo()
    assert state_of(live) == before
    assert live.status == {"busy": False, "words": "an unforeseen error ended the edit; the notebook's log has it"}
    live.hold("input_gate", 0.0)
    assert len(live.edits) == 2


def test_the_front_end_hears_that_work_is_under_way_and_gets_document_and_data_together(live, monkeypatch):
    sent = []
    monkeypatch.setattr(type(live), "_send", lambda self, message, buffers=None: sent.append(message))
    live.hold("forget_gate", 0.0)
    states = [message["state"] for message in sent if message["method"] == "update"]
    assert states[0]["status"]["busy"] is True
    assert states[-1]["status"]["busy"] is False
    [whole] = [(state, message) for state, message in zip(states, sent, strict=True) if "document" in state]
    assert ["data"] in whole[1]["buffer_paths"]
    assert {"view", "edits"} <= whole[0].keys()


def test_without_a_recognizer_there_is_nobody_to_read_again(explorer):
    with pytest.raises(
        SelectionError, match=r"no edit can be made without the recognizer; explore\(recording, recognizer"
    ):
        explorer.hold("forget_gate", 0.0)
    assert explorer.status["words"].startswith("no edit can be made without the recognizer")


def test_the_view_comes_back_when_the_last_edit_is_gone(recording, recognizer):
    other = recorded(recognizer, line(seed=5), name="other.png")
    explorer = gateviz.explore(recording, other, recognizer=recognizer, still=False, view="difference")
    explorer.hold("forget_gate", 0.0)
    assert explorer.document["recordings"][1]["name"] == "line.png, edited"
    explorer.clear()
    assert (explorer.view, explorer.document["recordings"][1]["name"]) == ("difference", "other.png")


# Other lines, files, pictures


def test_another_line_keeps_what_it_has_of_the_choices(recording, recognizer):
    explorer = gateviz.explore(recording, recognizer=recognizer, still=False, trace="0.forward", columns=[30, 44])
    explorer.selected_units = [2]
    explorer.hold("forget_gate", 0.0)
    explorer.show(recorded(recognizer, line(seed=5, frames=6), name="short.png"))
    assert (explorer.edits, explorer.status) == ([], {"busy": False, "words": ""})
    assert (explorer.trace, explorer.selected_units, explorer.columns) == ("0.forward", [2], [])
    assert (explorer.view, explorer.document["recordings"][0]["name"]) == ("first", "short.png")
    explorer.show(without(recording, "0.forward", "0.backward"))
    assert (explorer.trace, explorer.layer) == ("1.forward", 1)
    with pytest.raises(SelectionError, match="has no gates to explore"):
        explorer.show(without(recording, *(trace.name for trace in recording.traces)))
    assert explorer.document["recordings"][0]["name"] == "line.png"


def test_a_file_has_what_is_chosen_now(live, tmp_path):
    live.trace, live.selected_units, live.theme = "0.backward", [4], "dark"
    live.hold("forget_gate", 0.0)
    live.to_html(tmp_path / "gates.html", exact=True)
    text = (tmp_path / "gates.html").read_text(encoding="utf-8")
    state = json.loads(re.search(r'id="gateviz-state"[^>]*>(.*?)</script>', text)[1])
    document = json.loads(re.search(r'id="gateviz-document"[^>]*>(.*?)</script>', text)[1])
    assert (state["trace"], state["selected_units"], state["theme"]) == ("0.backward", [4], "dark")
    assert state["edits"] == live.edits
    assert (document["live"], document["exact"], len(document["recordings"])) == (False, True, 2)
    with pytest.raises(OutputError, match="is a folder"):
        live.to_html(tmp_path)


def test_a_saved_notebook_keeps_a_picture_of_what_is_shown(recording, monkeypatch):
    asked = []

    def still(recording, trace, quantities):
        asked.append((recording, trace, tuple(quantities)))
        return b"\x89PNG..."

    monkeypatch.setattr("gateviz.exploring.still_picture", still)
    explorer = gateviz.explore(recording, trace="0.backward", quantities=["f"])
    bundle, _ = explorer._repr_mimebundle_()
    assert base64.b64decode(bundle["image/png"]) == b"\x89PNG..."
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert asked == [(recording, "0.backward", ("forget_gate",))]
    plain, _ = gateviz.explore(recording, still=False)._repr_mimebundle_()
    assert "image/png" not in plain


@pytest.mark.parametrize("quantities", [["forget_gate"], []])
def test_the_picture_is_a_figure_of_the_plot_room(recording, quantities):
    from gateviz.exploring import still_picture

    picture = still_picture(recording, "0.forward", quantities)
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 5_000


def test_a_recording_without_posteriors_can_be_explored():
    rng = np.random.default_rng(0)
    from gateviz.data.gates import Direction, GateTrace, Quantity

    trace = GateTrace(0, Direction.FORWARD, {Quantity.HIDDEN_STATE: rng.random((1, 1), dtype=np.float32)})
    explorer = gateviz.explore(gateviz.Recording.of_traces([trace]), still=False)
    assert explorer.document["recordings"][0]["text"] is None
    with pytest.raises(SelectionError, match=r"0\.forward cannot be ordered by timescale without its forget or update"):
        explorer.order = "timescale"


def test_errors_are_gatevizs_own_and_traitlets_knows_them(explorer):
    with pytest.raises(GatevizError) as found:
        explorer.theme = "pink"
    assert isinstance(found.value, traitlets.TraitError)


@pytest.mark.parametrize(
    ("missing", "call", "words"),
    [
        ("anywidget", "gateviz.explore(r)", "needs anywidget, which is not installed; pip install 'gateviz[jupyter]'"),
        ("anywidget", "gateviz.gallery([r])", "pip install 'gateviz[jupyter]'"),
    ],
)
def test_a_missing_extra_says_what_to_install(recording, tmp_path, missing, call, words):
    recording.save(tmp_path / "line.safetensors")
    script = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "import gateviz\nr = gateviz.open_recording(sys.argv[1])\n"
        f"try: {call}\nexcept gateviz.GatevizError as error: sys.stdout.write(type(error).__name__ + ' ' + str(error))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "line.safetensors"], capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("MissingExtraError"), done.stderr
    assert words in done.stdout
