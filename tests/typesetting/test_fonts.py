"""Which fonts there are, and which of them are kept for testing."""

import shutil
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from gateviz.errors import AlphabetError
from gateviz.typesetting.fonts import BASIC, FontFace, basic_fonts, find_fonts, missing_fonts
from tests.plot.made_fonts import make_font, make_fonts, own_box, same_box


def test_faces_are_found_by_family_and_style_in_a_fixed_order(font_folder):
    found = find_fonts(font_folder)
    names = [(face.family, face.style) for face in found]
    assert ("DejaVu Sans", "Book") in names
    assert ("DejaVu Serif", "Bold Italic") in names
    assert names == sorted(names)
    assert find_fonts(font_folder) == found


def test_fonts_of_symbols_and_broken_files_are_left_out(font_folder, tmp_path):
    shutil.copy(font_folder / "DejaVuSans.ttf", tmp_path)
    shutil.copy(font_folder / "cmsy10.ttf", tmp_path / "symbols.ttf")
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    (tmp_path / "notes.txt").write_text("no font")
    assert [face.family for face in find_fonts(tmp_path)] == ["DejaVu Sans"]


def test_a_face_knows_what_it_covers(font_folder):
    face = next(face for face in find_fonts(font_folder) if (face.family, face.style) == ("DejaVu Sans", "Book"))
    assert face.covered >= set("aZ0é€")
    assert "好" not in face.covered


def test_when_a_font_was_made_is_not_warned_of(tmp_path, caplog):
    made = make_font(tmp_path / "old.ttf", "Old", range(0x61, 0x7B), own_box)
    font = TTFont(made, recalcTimestamp=False)
    font["head"].created = 5
    font.save(tmp_path / "older.ttf")
    TTFont(tmp_path / "older.ttf")["head"]
    assert "seems very low" in caplog.text
    caplog.clear()
    (face,) = [face for face in find_fonts(tmp_path) if face.path.endswith("older.ttf")]
    assert face.covered == frozenset(map(chr, range(0x61, 0x7B)))
    assert caplog.text == ""


def test_a_box_that_stands_for_many_letters_covers_none(tmp_path):
    codes = [0x20, *range(0x61, 0x7B), *range(0x1780, 0x17B4)]
    make_font(tmp_path / "mixed.ttf", "Mixed", codes, lambda code: own_box(code) if code < 0x80 else same_box(code))
    make_font(tmp_path / "one.ttf", "One", codes, same_box, one_glyph=True)
    covered = {face.family: face.covered for face in find_fonts(tmp_path)}
    assert covered == {"Mixed": frozenset(" abcdefghijklmnopqrstuvwxyz"), "One": frozenset(" ")}


def test_some_families_are_kept_for_testing():
    for family, kept in {
        "AR PL UMing CN": True,
        "WenQuanYi Micro Hei": True,
        "DejaVu Serif": True,
        "DejaVu Serif Condensed": True,
        "Cantarell": True,
        "DejaVu Sans": False,
        "Noto Serif CJK SC": False,
    }.items():
        assert FontFace("x.ttf", 0, family, "Regular").held_out is kept, family


def test_a_missing_folder_and_one_without_fonts_are_told_apart(tmp_path):
    with pytest.raises(AlphabetError, match="there is no folder of fonts"):
        find_fonts(tmp_path / "none")
    with pytest.raises(AlphabetError, match=r"there is no font in .*make fonts"):
        find_fonts(tmp_path)


def test_symbols_without_a_font_name_the_packages_that_have_them():
    assert "fonts-noto-cjk" in str(missing_fonts(["好", "的"]))
    assert "fonts-dejavu" in str(missing_fonts(["ß"]))
    assert "and 2 more" in str(missing_fonts([chr(0x4E00 + number) for number in range(12)]))


@pytest.fixture
def basic(tmp_path):
    """A folder with a font under each of the basic names, and one that is none of them."""
    return make_fonts(tmp_path / "fonts", [*BASIC, ("Made Sans", "Regular")], range(0x61, 0x64))


def named(folder, family, style):
    return next(face for face in find_fonts(folder) if (face.family, face.style) == (family, style))


def test_basic_fonts_are_those_of_the_names_in_their_order_and_no_others(basic):
    found = basic_fonts(basic)
    assert [(face.family, face.style) for face in found] == list(BASIC)
    assert ("Made Sans", "Regular") in {(face.family, face.style) for face in find_fonts(basic)}
    assert len(set(BASIC)) == len(BASIC)


def test_basic_fonts_are_all_there_or_it_is_said_which_are_not(basic):
    Path(named(basic, "FreeMono", "Oblique").path).unlink()
    with pytest.raises(AlphabetError) as one:
        basic_fonts(basic)
    assert str(one.value) == (
        f"the basic fonts are {len(BASIC)} faces, and 1 are not here: FreeMono Oblique; run make test-system "
        "(Debian: fonts-noto-cjk, fonts-wqy-zenhei, fonts-wqy-microhei, fonts-arphic-uming, fonts-liberation, "
        "fonts-dejavu, fonts-freefont-ttf), or leave out that these be used"
    )
    for family, style in BASIC[-7:]:
        Path(named(basic, family, style).path).unlink()
    with pytest.raises(AlphabetError, match=r"8 are not here: FreeMono Oblique, .* and 3 more; run make test-system"):
        basic_fonts(basic)
