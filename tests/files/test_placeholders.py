"""A glyph that is its neighbors' too draws none of them."""

import pytest

from gateviz.files.placeholders import has_shape, is_placeholder


def outlines(shared):
    """Every code point has an outline of its own, but those in ``shared`` have one together."""
    return lambda code: "box" if code in shared else code


@pytest.mark.parametrize("letter", ["a", "\u1780", "\u4e00", "\u9fff", "\U0001f600", "\u0e3f"])
def test_a_box_for_a_whole_script_is_a_placeholder(letter):
    around = range(ord(letter) - 20, ord(letter) + 21)
    assert is_placeholder(letter, outlines(around))
    # The first and the last letter of a script have strange neighbors on one side.
    assert is_placeholder(
        letter, outlines(range(ord(letter), ord(letter) + 21)) if letter != "\u9fff" else outlines(around)
    )
    assert not is_placeholder(letter, outlines(()))


def test_letters_may_share_a_glyph():
    assert not is_placeholder("A", outlines({ord("A"), 0x391, 0x410}))
    assert not is_placeholder("b", outlines(set(range(ord("a"), ord("a") + 3))))


def test_neighbors_that_the_font_has_not_tell_nothing():
    assert not is_placeholder("a", lambda code: "box" if code == ord("a") else None)


def test_what_has_a_shape():
    assert all(map(has_shape, "a\u4e2d\u0301.\U0001f600"))
    assert not any(map(has_shape, " \u3000\u200b\x1b\ue000\ud800\U0010ffff"))
