import pytest

from gateviz.plot import fonts
from gateviz.plot.canvas import settings
from gateviz.plot.fonts import (
    Face,
    base_face,
    code_points,
    face_for,
    has_postscript_outlines,
    running_text,
    running_width,
    shown,
    visible,
)
from gateviz.plot.missing import GlyphWarning, missing_sentence
from tests.plot.conftest import KHMER
from tests.plot.made_fonts import empty, make_font, own_box, same_box


@pytest.fixture
def no_other_fonts(font_list):
    font_list()


def test_spaces_become_visible():
    assert visible(" ") == visible("\u3000") == "␣"
    assert visible("a") == "a"
    assert visible("\u200b") == "U+200B"
    assert face_for("␣") is not None


def test_ascii_needs_no_other_font(monkeypatch):
    face_for.cache_clear()
    monkeypatch.setattr(fonts, "_others", lambda: pytest.fail("fonts were scanned for a text that needs none"))
    assert face_for("Hello, 27") == base_face()
    assert running_text("Hello") == ("Hello", [base_face().name])
    face_for.cache_clear()


def test_a_face_covers_what_it_says(font_list, khmer_font):
    font_list(khmer_font)
    face = face_for("ក")
    assert face is not None
    assert face.name == "Made Khmer"
    assert face.covers("កខគ")
    assert not face.covers("ក你")
    assert face.width("ក") == pytest.approx(1.0)
    assert face.width("កខ") == pytest.approx(2.0)


@pytest.mark.parametrize("one_glyph", [True, False], ids=["one glyph", "equal glyphs"])
def test_a_box_for_every_letter_is_no_letter(font_list, tmp_path, one_glyph):
    codes = [*range(0x0E01, 0x0E3B), *KHMER, *range(0x4E00, 0x4E80), 0x1F600, *range(0x1F601, 0x1F640)]
    font_list(make_font(tmp_path / "any.ttf", "Any Script", codes, same_box, one_glyph=one_glyph))
    for character in ("ក", "ឳ", "ก", "一", "\U0001f63f"):
        assert fonts.get_font(Face("Any Script").path).get_char_index(ord(character)) != 0
        assert not Face("Any Script").covers(character)
    assert face_for("ក") is None
    assert shown("ក") == ("U+1780", base_face())


def test_a_letter_without_an_outline_is_no_letter(font_list, tmp_path):
    font_list(make_font(tmp_path / "blank.ttf", "Blank", KHMER, empty))
    assert face_for("ក") is None


def test_letters_beside_boxes_are_letters(font_list, tmp_path, khmer_font):
    font_list(make_font(tmp_path / "any.ttf", "Any Script", KHMER, same_box), khmer_font)
    assert face_for("កខ") == Face("Made Khmer")


def test_matplotlibs_own_font_of_last_resort_is_not_taken():
    others = [entry for entry in fonts.fontManager.ttflist if "last resort" in entry.name.lower()]
    if not others:
        pytest.skip("this matplotlib brings no font of last resort")
    assert not any(Face(entry.name, entry.weight).covers(letter) for entry in others for letter in "aក你א\U0001f600")


def test_a_font_that_was_installed_later_is_found_once_something_is_missing(font_list, khmer_font):
    font_list(later=[khmer_font])
    assert "Made Khmer" not in {entry.name for entry in fonts.fontManager.ttflist}
    assert face_for("abc") == base_face()
    assert "Made Khmer" not in {entry.name for entry in fonts.fontManager.ttflist}, "nothing was missing"
    assert face_for("ក") == Face("Made Khmer")
    assert running_text("ក") == ("ក", [base_face().name, "Made Khmer"])


def test_of_fonts_that_were_installed_later_a_quiet_one_is_taken_before_handwriting(font_list, tmp_path):
    hand = make_font(tmp_path / "a-hand.ttf", "A Hand", [0x4E00], own_box)
    quiet = make_font(tmp_path / "quiet.ttf", "Noto Sans CJK SC", [0x4E00], own_box)
    font_list(later=[hand, quiet])
    assert face_for("一") == Face("Noto Sans CJK SC")


def test_a_font_that_came_after_a_miss_is_found_by_the_next_figure(font_list, khmer_font, monkeypatch):
    font_list()
    with pytest.warns(GlyphWarning), settings():
        assert running_text("ក")[0] == "<U+1780>"
    monkeypatch.setattr(fonts, "findSystemFonts", lambda: [str(khmer_font)])
    with settings():
        assert running_text("ក")[0] == "ក"


def test_what_no_font_has_is_said_once_with_what_would_help(font_list):
    font_list()
    with pytest.warns(GlyphWarning) as said, settings():
        running_text("កខ")
        with settings():
            shown("你")
        running_text("ខ")
    assert [str(one.message) for one in said] == [
        "no font here has U+1780, U+1781, U+4F60 (Khmer, CJK): code points or the line's own pixels stand for them; "
        "install a font that has them (Debian: fonts-noto-core or fonts-noto-cjk or fonts-wqy-zenhei)"
    ]
    assert said[0].filename == __file__


def test_of_many_missing_characters_the_first_are_named():
    assert missing_sentence("一二三四五六七").startswith(
        "no font here has U+4E00, U+4E8C, U+4E09, U+56DB, U+4E94 and 2 more"
    )
    assert "fonts-symbola" in missing_sentence("\U0001f600")
    assert "fonts-unifont" in missing_sentence("\u20bf")


def test_controls_and_surrogates_are_never_drawn():
    assert running_text("a\x1b[31mb\ud800")[0] == "a<U+001B>[31mb<U+D800>"


def test_of_a_symbol_that_is_a_text_the_beginning_is_drawn(font_list):
    font_list()
    assert visible("x" * 100_000) == "x" * 15 + "…"
    assert visible("x" * 16) == "x" * 16
    assert shown("ក" * 100_000) == ("U+1780 U+1780 U+1780…", base_face())


def test_without_a_font_there_is_never_an_empty_box(no_other_fonts):
    assert face_for("你") is None
    assert shown("你") == ("U+4F60", base_face())
    assert running_text("a你b") == ("a<U+4F60>b", [base_face().name])


def test_code_points_and_widths(font_list, khmer_font):
    font_list(khmer_font)
    assert code_points("你a") == "U+4F60 U+0061"
    assert base_face().width("MM") == pytest.approx(2 * base_face().width("M"), rel=0.05)
    assert running_width("aក") == pytest.approx(base_face().width("a") + 1)
    # What is drawn is measured, not what it stands for.
    assert running_width("你") == pytest.approx(base_face().width("<U+4F60>"))
    assert running_width("M", weight=700) == pytest.approx(Face("DejaVu Sans", 700).width("M"))


def test_outlines_are_told_apart(tmp_path):
    assert not has_postscript_outlines(base_face().path)
    plain, collection = tmp_path / "a.otf", tmp_path / "b.ttc"
    plain.write_bytes(b"OTTO" + bytes(8))
    collection.write_bytes(b"ttcf" + bytes(8) + (16).to_bytes(4, "big") + b"OTTO")
    assert has_postscript_outlines(str(plain))
    assert has_postscript_outlines(str(collection))
