"""Flipping through lines: one explorer, and controls that agree with each other."""

import pytest

import gateviz
from gateviz.errors import SelectionError
from tests.widget.conftest import line, recorded, without


@pytest.fixture(scope="module")
def lines(recognizer):
    return [recorded(recognizer, line(seed, frames), name=f"{seed}.png") for seed, frames in ((1, 12), (2, 20), (3, 6))]


@pytest.fixture
def gallery(lines, recognizer):
    return gateviz.gallery(lines, recognizer=recognizer)


def shown(gallery) -> str:
    return gallery.explorer.document["recordings"][0]["name"]


def places(gallery) -> tuple[int, int, int]:
    return gallery.index, gallery.slider.value, gallery.dropdown.value


def test_the_first_line_is_shown_first_and_texts_are_listed(gallery, lines):
    assert (shown(gallery), places(gallery)) == ("1.png", (0, 0, 0))
    assert gallery.dropdown.options == tuple((f"{n}: {each.text or f'{n + 1}.png'}", n) for n, each in enumerate(lines))
    assert (gallery.slider.min, gallery.slider.max) == (0, 2)
    assert (gallery.previous.disabled, gallery.following.disabled) == (True, False)


def test_every_control_moves_all_of_them_and_the_explorer_is_one(gallery):
    explorer = gallery.explorer
    gallery.following.click()
    assert (shown(gallery), places(gallery)) == ("2.png", (1, 1, 1))
    gallery.slider.value = 2
    assert (shown(gallery), places(gallery)) == ("3.png", (2, 2, 2))
    assert (gallery.previous.disabled, gallery.following.disabled) == (False, True)
    gallery.following.click()
    assert gallery.index == 2
    gallery.dropdown.value = 0
    assert (shown(gallery), places(gallery)) == ("1.png", (0, 0, 0))
    gallery.index = 1
    gallery.previous.click()
    assert (shown(gallery), places(gallery)) == ("1.png", (0, 0, 0))
    assert gallery.explorer is explorer
    assert gallery.children[1] is explorer


def test_choices_stay_from_line_to_line_and_edits_do_not(gallery):
    gallery.explorer.trace, gallery.explorer.selected_units = "0.backward", [3]
    gallery.explorer.hold("forget_gate", 0.0)
    gallery.index = 1
    assert (gallery.explorer.trace, gallery.explorer.selected_units) == ("0.backward", [3])
    assert gallery.explorer.edits == []
    assert gallery.explorer.hold("forget_gate", 0.0) is not None


def test_one_line_is_a_gallery_too(lines):
    gallery = gateviz.gallery(lines[:1])
    assert (gallery.previous.disabled, gallery.following.disabled) == (True, True)


def test_what_is_not_there_is_said(gallery, recording):
    with pytest.raises(SelectionError, match="there is no line 3 in this gallery; lines are 0 to 2"):
        gallery.index = 3
    assert places(gallery) == (0, 0, 0)
    with pytest.raises(SelectionError, match="a gallery was asked for without any recording; give at least one"):
        gateviz.gallery([])
    bare = without(recording, *(trace.name for trace in recording.traces))
    with pytest.raises(SelectionError, match="the recording 1 of the gallery has no gates to explore"):
        gateviz.gallery([recording, bare])
