"""Two recordings beside each other, their difference, and edits with and without a kernel."""

import json
from dataclasses import replace

import numpy as np
import pytest

from gateviz.panels.explorer import explorer_document
from gateviz.panels.wire import encode

pytestmark = pytest.mark.system


def test_the_difference_is_second_minus_first(explore, recording, edited):
    opened = explore(recording, edited)
    opened.page.get_by_label("difference", exact=True).check()
    opened.page.mouse.move(*opened.cell("forget_gate", 4, 22))
    value = float(opened.field("value").split(" ±")[0].replace("−", "-"))
    first, second = (each.trace(1, "forward").forget_gate[22, 4] for each in (recording, edited))
    assert value == pytest.approx(float(second - first), abs=2 / 255)


def test_both_values_are_said_side_by_side(explore, recording, edited):
    opened = explore(recording, edited)
    opened.page.mouse.move(*opened.cell("output_gate", 6, 15))
    one, other = opened.field("value").replace("−", "-").split(" → ")
    assert float(one.split(" ±")[0]) == pytest.approx(recording.trace(1, "forward").output_gate[15, 6], abs=1 / 255)
    assert float(other.split(" ±")[0]) == pytest.approx(edited.trace(1, "forward").output_gate[15, 6], abs=1 / 255)


def test_without_a_common_shape_the_page_says_why_there_is_no_difference(explore, recording):
    shorter = replace(
        recording,
        grid=replace(recording.grid, frame_count=59),
        traces=tuple(
            replace(trace, values={name: series[:59] for name, series in trace.values.items()})
            for trace in recording.traces
        ),
        emission=replace(recording.emission, log_probs=recording.emission.log_probs[:59]),
    )
    opened = explore(recording, shorter)
    assert opened.page.get_by_label("difference").is_disabled()
    assert "No difference: the first line has 60 frames and the second 59." in opened.text(".notes")


def test_edits_of_a_run_cannot_be_overlooked(explore, recording, edited):
    opened = explore(recording, edited)
    assert "Second: Edited run: forget gate held at 0" in opened.text(".notes")


def test_a_file_says_that_edits_need_a_kernel(explore, recording):
    opened = explore(recording)
    opened.tab("Edit")
    panel = opened.page.get_by_role("tabpanel", name="Edit")
    assert panel.get_by_role("button", name="Hold the gate").is_disabled()
    assert "No edits are on." in panel.inner_text()
    assert "Edits need a kernel with the recognizer" in panel.inner_text()


def test_a_hold_is_sent_with_the_chosen_units_and_columns(explore_live, recording):
    opened = explore_live(recording)
    opened.press("ArrowDown", "Enter", "Home", "Shift+ArrowRight")
    opened.tab("Edit")
    panel = opened.page.get_by_role("tabpanel", name="Edit")
    panel.get_by_role("button", name="hold at 1").click()
    panel.get_by_role("button", name="Hold the gate").click()
    panel.get_by_role("button", name="Silence the units").click()
    hold, ablate = opened.page.evaluate("window.sent")
    where = {"trace": "1.forward", "units": [0], "columns": pytest.approx(list(recording.grid.columns(0, 2)))}
    assert hold == {"type": "hold", "gate": "forget_gate", "value": 1, **where}
    assert ablate == {"type": "ablate", **where}


def test_the_answer_is_shown_beside_the_first_run(explore_live, recording, edited):
    opened = explore_live(recording)
    wire = encode(explorer_document([recording, edited], live=True))
    opened.page.evaluate(
        """([header, bytes]) => window.tell({
          document: header, data: new DataView(new Uint8Array(bytes).buffer), view: "both",
          edits: ["forget gate held at 0"], status: { busy: false, words: "read again as “x”" },
        })""",
        [json.loads(json.dumps(wire.header)), list(wire.data)],
    )
    opened.settle()
    assert opened.page.locator(".stack").count() == 2
    assert "forget gate held at 0" in opened.text(".notes")
    opened.tab("Edit")
    panel = opened.page.get_by_role("tabpanel", name="Edit")
    panel.get_by_text("read again as “x”").wait_for()
    panel.get_by_role("button", name="Undo").click()
    assert opened.page.evaluate("window.sent") == [{"type": "undo"}]


def test_small_curves_of_the_ranking_are_those_of_the_answer(explore_live, recording, edited):
    opened = explore_live(recording)
    opened.press("n")
    drawn = "[...document.querySelector('#gateviz').shadowRoot.querySelectorAll('.ranked button')].map((each) => \
        [each.dataset.unit, each.querySelector('canvas').toDataURL()])"
    opened.settle()
    before = dict(opened.page.evaluate(drawn))
    wire = encode(explorer_document([edited], live=True))
    opened.page.evaluate(
        "([header, bytes]) => window.tell({ document: header, data: new DataView(new Uint8Array(bytes).buffer) })",
        [json.loads(json.dumps(wire.header)), list(wire.data)],
    )
    opened.settle()
    after = dict(opened.page.evaluate(drawn))
    assert before.keys() == after.keys()
    assert all(after[unit] != picture for unit, picture in before.items())


@pytest.mark.parametrize(
    ("death", "words"),
    [
        ("window.kernel.status = 'dead'", "the kernel is dead"),
        ("window.broken = 'comm closed'", "could not be reached (comm closed)"),
    ],
)
def test_a_dead_kernel_is_said_and_the_page_keeps_what_it_has(explore_live, recording, death, words):
    opened = explore_live(recording)
    opened.page.evaluate(death)
    opened.tab("Edit")
    panel = opened.page.get_by_role("tabpanel", name="Edit")
    panel.get_by_role("button", name="Hold the gate").click()
    panel.get_by_text(words).first.wait_for()
    assert "What you see is what was sent last" in panel.inner_text()
    assert words in opened.text(".notes")
    assert panel.get_by_role("button", name="Hold the gate").is_disabled()
    assert opened.ask("valueAt('1.forward', 'forget_gate', 0, 0)") == pytest.approx(
        float(recording.trace(1, "forward").forget_gate[0, 0]), abs=1 / 255
    )


def test_what_python_chooses_is_shown(explore_live, recording):
    opened = explore_live(recording)
    opened.page.evaluate("window.tell({ trace: '0.backward', selected_units: [4], columns: [40, 80] })")
    state = opened.state()
    assert (state["trace"], state["selected_units"], state["columns"]) == ("0.backward", [4], [40, 80])


def test_second_minus_first_is_there_for_every_unit(explore, recording, edited):
    opened = explore(recording, edited, exact=True)
    found = [opened.ask(f"valueAt('0.forward', 'hidden_state', {unit}, 9, 'difference')") for unit in range(12)]
    change = edited.trace(0, "forward").hidden_state[9] - recording.trace(0, "forward").hidden_state[9]
    np.testing.assert_allclose(found, change, atol=1e-6)


def test_dashes_tell_the_recordings_apart_in_a_difference(explore, recording, edited):
    opened = explore(recording, edited, state={"view": "difference", "selected_units": [3, 5]})
    assert opened.text(".legend").split("\n")[-2:] == ["first", "second"]
    opened.page.get_by_label("both", exact=True).check()
    assert opened.text(".legend").split("\n")[-2:] == ["unit 3", "unit 5"]
