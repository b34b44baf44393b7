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


@pytest.mark.parametrize(
    "state",
    [
        {},
        {"order": "similarity", "quantities": ["forget_gate", "cell_state"], "trace": "0.backward"},
        {"columns": [60.0, 100.0], "selected_units": [3, 7]},
        {"columns": [60.0, 100.0], "order": "selectivity"},
        {"quantities": []},
    ],
)
def test_the_python_lines_run(explore, recording, tmp_path, monkeypatch, state):
    opened = explore(recording, state=state)
    opened.press("Home", "ArrowRight")
    lines = opened.ask("code()")
    monkeypatch.setattr(gateviz, "load", lambda: None)
    monkeypatch.setattr(gateviz, "record", lambda recognizer, image: recording)
    monkeypatch.chdir(tmp_path)
    exec(lines, {})
    assert Path("gates.pdf").exists()
    assert Path("units.pdf").exists() == ("selected_units" in state)


def test_the_python_lines_name_what_is_shown(explore, recording):
    opened = explore(recording, state={"quantities": ["forget_gate"], "order": "peak"})
    assert (
        'gateviz.plot.gates(recording, layers=[1], directions=["forward"], quantities=["forget_gate"], order="peak")'
        in (opened.ask("code()"))
    )
