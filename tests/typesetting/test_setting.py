"""Which face sets which symbol."""

import numpy as np
import pytest

from gateviz.errors import AlphabetError
from gateviz.typesetting.fonts import FontFace
from gateviz.typesetting.setting import Typecase

LATIN = frozenset(map(chr, range(32, 127)))
HAN = frozenset("你好世界的一是在不了有和人这中大为上个国")


class Face(FontFace):
    """A face that covers what its style says."""

    @property
    def covered(self):
        return {"latin": LATIN, "han": HAN, "both": LATIN | HAN, "euro": frozenset("€")}[self.style]


def face(family, style):
    return Face(f"{family}.ttf", 0, family, style)


NARROW, WIDE, BOTH = face("Narrow", "latin"), face("Wide", "han"), face("Both", "both")
SYMBOLS = (*sorted(LATIN), *sorted(HAN))


def draws(case, text, count=200):
    rng = np.random.default_rng(1)
    return [case.choose(text, rng) for _ in range(count)]


def test_chinese_is_set_in_a_wide_face_and_latin_beside_it_in_its_own_or_another():
    chosen = draws(Typecase(SYMBOLS, [NARROW, BOTH], held_out=None), "a好")
    assert {faces[1] for faces in chosen} == {BOTH}
    assert {faces[0] for faces in chosen} == {NARROW, BOTH}


def test_where_the_drawn_faces_lack_a_symbol_there_is_no_choice():
    chosen = draws(Typecase(SYMBOLS, [NARROW, WIDE], held_out=None), "a好")
    assert None in chosen
    assert any(faces == (NARROW, WIDE) for faces in chosen)


def test_families_are_drawn_alike_however_many_faces_they_have():
    styles = [FontFace(f"{number}.ttf", 0, "Many", str(number)) for number in range(9)]
    many = [type("Styled", (Face,), {"covered": LATIN})(one.path, 0, "Many", one.style) for one in styles]
    chosen = draws(Typecase(LATIN, [NARROW, *many], held_out=None), "abc", 600)
    share = sum(faces[0] == NARROW for faces in chosen) / len(chosen)
    assert 0.42 < share < 0.58


def test_families_kept_for_testing_are_apart():
    kept = face("DejaVu Serif", "latin")
    for held_out, expected in ((True, kept), (False, NARROW)):
        chosen = draws(Typecase(LATIN, [NARROW, kept], held_out=held_out), "abc", 50)
        assert {faces[0] for faces in chosen} == {expected}


def test_a_symbol_that_no_face_has_is_named_with_its_packages():
    with pytest.raises(AlphabetError, match=r"no font at hand has '好'.*fonts-noto-cjk"):
        Typecase(["a", "好"], [NARROW], held_out=None)
    with pytest.raises(AlphabetError, match=r"no font kept for testing has"):
        Typecase(LATIN, [NARROW], held_out=True)


def test_a_space_needs_no_glyph():
    case = Typecase(["好", " "], [WIDE], held_out=None)
    assert case.choose("好 好", np.random.default_rng(0)) == (WIDE, WIDE, WIDE)


def test_some_words_stand_in_a_second_face():
    other = face("Other", "latin")
    chosen = draws(Typecase(LATIN, [NARROW, other], held_out=None), "one two six", 400)
    mixed = [faces for faces in chosen if len(set(faces)) == 2]
    assert 0.03 < len(mixed) / 400 < 0.15
    for faces in mixed:
        words = [set(faces[start : start + 3]) for start in (0, 4, 8)]
        assert all(len(word) == 1 for word in words), "a word is set in one face"
