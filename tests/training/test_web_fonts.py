"""The families that `make fonts` fetches, and what is made of their files."""

import importlib.util
import re
from pathlib import Path

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.ttLib import TTFont
from fontTools.ttLib.tables._g_l_y_f import Glyph

from gateviz.typesetting.fonts import HELD_OUT, find_fonts

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def web_fonts():
    specification = importlib.util.spec_from_file_location("web_fonts", ROOT / "tools" / "web_fonts.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def part(path, characters, family="Thin Name"):
    """A font of empty boxes for some characters."""
    builder = FontBuilder(1000, isTTF=True)
    names = [".notdef", *(f"u{ord(each):04X}" for each in characters)]
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(each): f"u{ord(each):04X}" for each in characters})
    builder.setupGlyf({name: Glyph() for name in names})
    builder.setupHorizontalMetrics(dict.fromkeys(names, (500, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": family, "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    return path


def test_the_document_lists_what_is_fetched_and_what_is_kept_for_testing(web_fonts):
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (\w+) \|.*\| ([a-z ]+) \|$", (ROOT / "docs/fonts.md").read_text(), re.M)
    assert tuple(name for name, script, _ in rows if script == "Latin") == web_fonts.LATIN
    assert tuple(name for name, script, _ in rows if script == "Chinese") == web_fonts.CHINESE
    held_out = {name.lower().replace(" ", "-") for name in HELD_OUT}
    assert {name for name, _, use in rows if use == "kept for testing"} == held_out & {name for name, _, _ in rows}


def test_slices_become_one_font_under_the_familys_own_name(web_fonts, tmp_path):
    slices = [part(tmp_path / "a.ttf", "ab"), part(tmp_path / "b.ttf", "中文")]
    font = web_fonts._merged(slices)
    web_fonts._name(font, "Brush", 700, "italic")
    (tmp_path / "whole").mkdir()
    font.save(tmp_path / "whole" / "brush-700-italic.ttf")
    assert set(TTFont(tmp_path / "whole" / "brush-700-italic.ttf").getBestCmap()) == set(map(ord, "ab中文"))
    (face,) = find_fonts(tmp_path / "whole")
    assert (face.family, face.style) == ("Brush", "Bold Italic")


def test_a_package_that_is_not_free_or_cannot_be_had_leaves_nothing(web_fonts, tmp_path, monkeypatch, capsys):
    home = tmp_path / "fonts"

    def unpack(family, place):
        if family == "gone":
            raise web_fonts.UnavailableError("npm is not installed (Debian: npm)")
        (place / "package/files").mkdir(parents=True)
        (place / "package/package.json").write_text('{"license": "Proprietary"}')

    monkeypatch.setattr(web_fonts, "_unpack", unpack)
    monkeypatch.setattr("sys.argv", ["web_fonts", "--out", str(home), "--only", "gone", "owned"])
    assert web_fonts.main() == 1
    assert list(home.iterdir()) == []
    said = capsys.readouterr()
    assert "gone: npm is not installed" in said.err
    assert "owned: its license is Proprietary" in said.err
    assert f"0 of 2 families are in {home}" in said.out
