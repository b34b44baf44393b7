"""What is on screen as PNG, SVG, and Python lines that really draw it."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from PIL import Image

import gateviz

pytestmark = pytest.mark.system


def saved(opened, kind, folder):
    with opened.page.expect_download() as waiting:
        opened.page.get_by_role("button", name=f"as {kind}").click()
    path = Path(folder, waiting.value.suggested_filename)
    waiting.value.save_as(path)
    return path


def test_png_has_two_pixels_for_each_of_the_screen(explore, recording, tmp_path):
    opened = explore(recording)
    path = saved(opened, "PNG", tmp_path)
    assert path.name == "line-1_forward.png" or path.name == "line-1.forward.png"
    with Image.open(path) as picture:
        assert picture.width > 2 * opened.ask("panels()")[0]["width"]


def test_svg_keeps_text_as_text(explore, recording, tmp_path):
    opened = explore(recording)
    tree = ElementTree.parse(saved(opened, "SVG", tmp_path))
    texts = ["".join(text.itertext()) for text in tree.iter("{http://www.w3.org/2000/svg}text")]
    assert "ab ba, cab" in texts
    assert {"forget gate", "hidden state", "posterior"} <= set(texts)
    assert len(list(tree.iter("{http://www.w3.org/2000/svg}image"))) >= 7


def test_an_edited_run_says_so_in_every_picture(explore, recording, edited):
    assert "Second: Edited run: forget gate held at 0" in explore(recording, edited).ask("svg()")


def run_lines(lines, folder, monkeypatch, **recordings):
    """Run Python lines in a folder; what they read or open are these recordings, by file name."""
    monkeypatch.setattr(gateviz, "load", lambda: "the bundled model")
    monkeypatch.setattr(gateviz, "record", lambda recognizer, image: recordings[image.partition(".")[0]])
    monkeypatch.setattr(gateviz, "open_recording", lambda path: recordings[path.partition(".")[0]])
    monkeypatch.chdir(folder)
    exec(lines, {})
    return {path.name for path in Path(folder).iterdir() if path.suffix in {".pdf", ".gif"}}


@pytest.mark.parametrize(
    ("state", "keys", "files"),
    [
        ({}, (), {"gates.pdf"}),
        (
            {"order": "similarity", "quantities": ["forget_gate", "cell_state"], "trace": "0.backward"},
            (),
            {"gates.pdf"},
        ),
        ({"columns": [60.0, 100.0], "selected_units": [3, 7]}, (), {"gates.pdf", "units.pdf"}),
        ({"columns": [60.0, 100.0], "order": "selectivity"}, ("+", "+"), {"gates.pdf"}),
        ({"quantities": []}, (), {"overview.pdf"}),
        ({"quantities": ["forget_gate"]}, ("End", ",", "."), {"gates.pdf", "reading.gif"}),
    ],
)
def test_the_python_lines_run(explore, recording, tmp_path, monkeypatch, state, keys, files):
    opened = explore(recording, state=state)
    opened.press("Home", "ArrowRight", *keys)
    assert run_lines(opened.ask("code()"), tmp_path, monkeypatch, line=recording) == files


def test_the_python_lines_open_an_edited_run_and_say_what_was_edited(explore, recording, edited, tmp_path, monkeypatch):
    lines = explore(recording, edited).ask("code()")
    assert 'first = gateviz.record(recognizer, "line.png")' in lines
    assert "# Edited run: forget gate held at 0" in lines
    assert 'second = gateviz.open_recording("second.safetensors")' in lines
    assert run_lines(lines, tmp_path, monkeypatch, line=recording, second=edited) == {
        "first-gates.pdf", "second-gates.pdf",
    }  # fmt: skip


def test_the_python_lines_draw_the_rows_that_are_on_screen(explore, recording):
    opened = explore(recording, state={"columns": [60.0, 100.0]})
    rows = next(panel["rows"] for panel in opened.ask("panels()") if panel["kind"] == "heat")
    assert f"units={rows}" in opened.ask("code()")


def test_the_python_lines_name_what_is_shown(explore, recording):
    opened = explore(recording, state={"quantities": ["forget_gate"], "order": "peak"})
    assert (
        'gateviz.plot.gates(recording, layers=[1], directions=["forward"], quantities=["forget_gate"], order="peak")'
        in opened.ask("code()")
    )


def test_the_python_lines_say_what_they_leave_out(explore, recording, edited):
    opened = explore(recording, edited, state={"view": "difference"})
    opened.press("Home", "+", "+")
    lines = opened.ask("code()")
    assert "their difference is the explorer's own" in lines
    first, last = (round(share * recording.grid.source_width) for share in opened.state()["zoom"])
    assert f"# gateviz.plot draws the whole line; on screen are the columns {first} to {last}." in lines


def test_the_python_lines_stand_in_a_window_to_copy(explore, recording):
    opened = explore(recording)
    opened.page.get_by_role("button", name="The Python lines").click()
    window = opened.page.get_by_role("dialog", name="Python")
    assert window.get_by_role("textbox").input_value() == opened.ask("code()")
    window.get_by_role("button", name="Copy").click()
    window.get_by_text("copied").or_(window.get_by_text("press Ctrl+C")).wait_for()
    opened.page.keyboard.press("Escape")
    opened.page.get_by_role("dialog").wait_for(state="detached")
