"""What a line image looks like before it is read."""

import numpy as np
import pytest

from gateviz.geometry import line_looks
from gateviz.geometry.line_looks import LineLook


def striped(*bands, height=60, width=90, left=5, right=85, ink=20, paper=230):
    """Paper with ink in the columns ``left:right`` of each band of rows, every third column left out."""
    image = np.full((height, width), paper, np.uint8)
    for start, stop in bands:
        image[start:stop, left:right] = ink
    image[:, ::3] = paper
    return image


def test_levels_ground_and_contrast():
    look = LineLook(striped((10, 30)))
    assert (look.width, look.height, look.ground, look.levels, look.contrast) == (90, 60, 230.0, (20.0, 230.0), 210.0)
    assert not look.light_on_dark
    assert LineLook(255 - striped((10, 30))).light_on_dark


def test_color_is_looked_at_as_gray():
    image = np.stack([striped((10, 30))] * 3, axis=-1)
    look = LineLook(image)
    assert (look.ink_rows, look.bands) == (20, ((10, 30),))


def test_ink_is_what_stands_out_on_either_ground():
    for image in (striped((10, 30)), 255 - striped((10, 30))):
        look = LineLook(image)
        assert look.ink_rows == 20
        assert np.flatnonzero(look.ink.any(axis=1)).tolist() == list(range(10, 30))


def test_without_contrast_there_is_no_ink():
    look = LineLook(np.array([[250, 255], [251, 254]] * 20, np.uint8))
    assert (look.ink_rows, look.bands, look.light_on_dark) == (0, (), False)


@pytest.mark.parametrize(
    ("bands", "expected"),
    [
        ([(5, 25)], [(5, 25)]),
        ([(5, 25), (35, 55)], [(5, 25), (35, 55)]),
        ([(2, 14), (20, 34), (42, 56)], [(2, 14), (20, 34), (42, 56)]),
        ([(5, 8), (14, 35)], [(14, 35)]),  # dots and accents over letters
        ([(5, 28), (31, 55)], [(5, 55)]),  # strokes of one Chinese character, parted by little
    ],
)
def test_bands_are_rows_of_ink_that_empty_rows_part(bands, expected):
    assert LineLook(striped(*bands)).bands == tuple(expected)


def test_two_narrow_stacks_are_no_two_lines():
    assert len(LineLook(striped((5, 25), (35, 55), right=20)).bands) == 0
    assert len(LineLook(striped((5, 25), (35, 55), right=60)).bands) == 2


def test_specks_between_lines_do_not_join_them():
    image = striped((5, 25), (35, 55))
    image[25:35, 40] = 20
    assert LineLook(image).bands == ((5, 25), (35, 55))


def test_of_a_very_large_image_every_so_many_columns_are_looked_at(monkeypatch):
    monkeypatch.setattr(line_looks, "_MOST_PIXELS", 60 * 45)
    look = LineLook(striped((5, 25), (35, 55)))
    assert look.ink.shape == (60, 45)
    assert (look.width, look.bands, look.ink_rows) == (90, ((5, 25), (35, 55)), 50)
    assert look.ink_columns == pytest.approx(80, abs=4)
