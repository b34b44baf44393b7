"""The explorer in a real JupyterLab with a live kernel: edits, traits from both sides, and the end of the kernel."""

import json
import re
from typing import Any

import numpy as np
import pytest

import gateviz
from tests.widget.browser.conftest import DRAWN

pytestmark = pytest.mark.system

IMAGE = gateviz.sample()
TRACE = "1.forward"
UNITS = list(range(64))
COLUMNS = (120.0, 200.0)

# What a reader would write.
MAKE = f"""\
import gateviz
recognizer = gateviz.load()
recording = gateviz.record(recognizer, {str(IMAGE)!r})
explorer = gateviz.explore(recording, recognizer=recognizer, trace={TRACE!r})
explorer"""
CHOOSE = f"explorer.selected_units = {UNITS}"
TELL = """\
import json
print(json.dumps({"units": explorer.selected_units, "columns": explorer.columns, "edits": explorer.edits}))"""

# The element that shows the explorer, in the one output that has it.
ELEMENT = "[...document.querySelectorAll('.jp-OutputArea-output *')].find((each) => each.gatevizExplorer)"


class Notebook:
    """A notebook that is open in a page, with one explorer."""

    def __init__(self, page: Any) -> None:
        self.page = page
        page.get_by_text("| Idle").wait_for()

    def run(self, cell: int) -> str:
        """Run a cell, wait for its end, and return what it printed."""
        found = self.page.locator(".jp-CodeCell").nth(cell)
        number = f"document.querySelectorAll('.jp-CodeCell')[{cell}].querySelector('.jp-InputPrompt').textContent"
        before = self.page.evaluate(number)
        found.locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        self.page.wait_for_function(f"(before) => /\\d/.test({number}) && {number} !== before", arg=before)
        assert found.locator("[data-mime-type='application/vnd.jupyter.error']").all_inner_texts() == []
        return "\n".join(found.locator("[data-mime-type='application/vnd.jupyter.stdout']").all_inner_texts())

    def ask(self, call: str) -> Any:
        """What the explorer answers, after everything was drawn."""
        self.page.wait_for_function(f"() => Boolean({ELEMENT})")
        return self.page.evaluate(f"{DRAWN}.then(() => {ELEMENT}.gatevizExplorer.{call})")

    def texts(self) -> list[str]:
        """What each side reads, its spaces as spaces, after everything was drawn."""
        self.ask("state()")
        rows = self.page.locator(".reading .letters").all()
        return ["".join(row.locator(".letter").all_inner_texts()).replace("␣", " ") for row in rows]

    def panel(self, kind: str, side: int = 0) -> dict[str, float]:
        """Where a panel is, scrolled into the window."""
        panel = self.page.locator(f'canvas[data-panel="{kind}"]').nth(side)
        panel.scroll_into_view_if_needed()
        return panel.bounding_box()

    def drag(self, start: float, stop: float) -> None:
        """Drag over columns of the line."""
        box = self.panel("posterior")
        first, last = (self.ask(f"columnToX({column})") for column in (start, stop))
        self.page.mouse.move(first, box["y"] + box["height"] / 2)
        self.page.mouse.down()
        self.page.mouse.move(last, box["y"] + box["height"] / 2, steps=5)
        self.page.mouse.up()

    def posteriors(self, column: float, side: int) -> tuple[str, float, float]:
        """What the page says of a column: the likeliest symbol, its posterior, and that of the blank."""
        box = self.panel("posterior", side)
        self.page.mouse.move(self.ask(f"columnToX({column}, {side})"), box["y"] + box["height"] / 2)
        self.ask("state()")
        words = self.page.locator('[data-field="symbol"]').inner_text()
        symbol, best, blank = re.search(r"p\((.+?)\) (\S+), p\(blank\) (\S+)", words).groups()
        return symbol, float(best), float(blank)

    def until_words(self, words: str) -> None:
        """Wait for words in the panel of the edits."""
        self.edit.get_by_text(words).wait_for()

    @property
    def edit(self) -> Any:
        return self.page.get_by_role("tabpanel", name="Edit")


def expected_posteriors(recording, frame) -> tuple[str, float, float]:
    """As ``posteriors`` tells them."""
    posteriors = np.exp(recording.emission.log_probs[frame])
    alphabet = recording.emission.alphabet
    best = int(np.where(np.arange(len(posteriors)) == alphabet.blank, -1, posteriors).argmax())
    symbol = alphabet.symbol(best)
    return symbol.replace(" ", "␣"), float(posteriors[best]), float(posteriors[alphabet.blank])


def assert_posteriors(notebook, side, recording, frame) -> None:
    """The page says what was recorded, in the two digits that it gives."""
    symbol, best, blank = notebook.posteriors(recording.grid.centers[frame], side)
    expected = expected_posteriors(recording, frame)
    assert symbol == expected[0]
    assert (best, blank) == pytest.approx(expected[1:], rel=0.06, abs=1e-6)


def test_a_notebook_from_the_first_cell_to_the_end_of_its_kernel(open_notebook):
    """One notebook for all, for a kernel takes long to start."""
    recognizer = gateviz.load()
    plain = gateviz.record(recognizer, IMAGE)
    notebook = Notebook(open_notebook("explore.ipynb", MAKE, CHOOSE, TELL))
    notebook.run(0)
    assert notebook.ask("state()")["trace"] == TRACE
    assert notebook.texts() == [plain.text]

    columns = choices_from_both_sides(notebook)
    edit = gateviz.clamp("forget_gate", 1.0, layer=1, direction="forward", units=UNITS, columns=tuple(columns))
    held = gateviz.record(recognizer, IMAGE, edits=[edit])
    assert held.text != plain.text
    hold_and_undo(notebook, plain, held, edit.sentence())
    end_of_the_kernel(notebook, plain)


def choices_from_both_sides(notebook) -> list[float]:
    """Python chooses units and the page shows them; the page chooses columns and Python has them."""
    notebook.run(1)
    assert notebook.ask("state()")["selected_units"] == UNITS
    notebook.drag(*COLUMNS)
    columns = notebook.ask("state()")["columns"]
    assert columns == pytest.approx(COLUMNS, abs=1)
    assert json.loads(notebook.run(2)) == {"units": UNITS, "columns": pytest.approx(columns), "edits": []}
    return columns


def hold_and_undo(notebook, plain, held, sentence) -> None:
    """Text and posteriors are those of Python's own run with the edit, which is listed; and back again."""
    notebook.page.get_by_role("tab", name="Edit").click()
    notebook.edit.get_by_role("button", name="hold at 1").click()
    notebook.edit.get_by_role("button", name="Hold the gate").click()
    notebook.until_words(f"read again as “{held.text}”")
    assert notebook.texts() == [plain.text, held.text]
    listed = notebook.edit.get_by_role("list", name="edits that are on").get_by_role("listitem")
    assert listed.all_inner_texts() == [sentence]
    assert sentence in notebook.page.locator(".notes").inner_text()
    assert json.loads(notebook.run(2))["edits"] == [sentence]
    changes = np.abs(np.exp(held.emission.log_probs) - np.exp(plain.emission.log_probs)).max(axis=1)
    frame = int(changes.argmax())
    assert_posteriors(notebook, 0, plain, frame)
    assert_posteriors(notebook, 1, held, frame)

    notebook.edit.get_by_role("button", name="Undo").click()
    notebook.until_words(f"read again as “{plain.text}”")
    assert notebook.texts() == [plain.text]
    assert sentence not in notebook.edit.inner_text()
    assert json.loads(notebook.run(2))["edits"] == []
    assert_posteriors(notebook, 0, plain, frame)


def end_of_the_kernel(notebook, plain) -> None:
    """The explorer says that nobody can read the line again, and keeps what it has."""
    call = f"valueAt('{TRACE}', 'forget_gate', 3, 20)"
    value = notebook.ask(call)
    assert value == pytest.approx(float(plain.trace(1, "forward").forget_gate[20, 3]), abs=1 / 255)
    notebook.page.get_by_role("menuitem", name="Kernel").click()
    notebook.page.get_by_role("menuitem", name="Shut Down Kernel", exact=True).click()
    notebook.until_words("Nobody can read the line again")
    assert "What you see is what was sent last" in notebook.edit.inner_text()
    assert notebook.edit.get_by_role("button", name="Hold the gate").is_disabled()
    assert notebook.texts() == [plain.text]
    assert notebook.ask(call) == value
    notebook.drag(20.0, 60.0)
    assert notebook.ask("state()")["columns"] == pytest.approx([20.0, 60.0], abs=1)
    assert len(notebook.ask("ranking()")["units"]) == plain.trace(1, "forward").unit_count
