"""Deskewing: the slant is found, the shear keeps columns, no ink is lost."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from gateviz.errors import ImageError
from gateviz.geometry.canvas import Deskew
from gateviz.geometry.deskew import estimate_slope, rise_share, shear_columns
from gateviz.geometry.preprocess import Preprocess

LIMIT = float(np.tan(np.radians(5)))


def text_image(text="The quick brown fox jumps over the lazy dog", size=32, margin=40) -> np.ndarray:
    font = ImageFont.load_default(size)
    left, top, right, bottom = font.getbbox(text)
    image = Image.new("L", (round(right - left) + 20, round(bottom - top) + 2 * margin), 235)
    ImageDraw.Draw(image).text((10 - left, margin - top), text, font=font, fill=30)
    return np.array(image)


def rotated(image: np.ndarray, degrees: float) -> np.ndarray:
    """Turned so that the line falls to the right by ``degrees``."""
    picture = Image.fromarray(image).rotate(-degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=235)
    return np.array(picture)


@pytest.mark.parametrize("degrees", [-4.0, -1.5, -0.3, 0.0, 0.7, 2.0, 4.5])
@pytest.mark.parametrize("negative", [False, True])
def test_the_slant_of_a_rotated_line_is_found(degrees, negative):
    image = rotated(text_image(), degrees)
    slope = estimate_slope(255 - image if negative else image, LIMIT)
    assert np.degrees(np.arctan(slope)) == pytest.approx(degrees, abs=0.15)


def test_a_leveled_line_is_as_low_as_the_level_one():
    level = text_image()
    leveled = Preprocess((Deskew(),)).apply(rotated(level, 3.0)).pixels

    def ink_rows(image):
        return np.ptp(np.flatnonzero((image < 130).any(axis=1))) + 1

    assert ink_rows(rotated(level, 3.0)) > 1.8 * ink_rows(level)
    assert ink_rows(leveled) <= ink_rows(level) + 3


def test_an_image_without_ink_has_no_slant():
    blank = np.full((20, 200), 255, np.uint8)
    assert estimate_slope(blank, LIMIT) == 0.0
    assert np.array_equal(Preprocess((Deskew(),)).apply(blank).pixels, blank)


@settings(max_examples=40)
@given(
    degrees=st.floats(-5, 5),
    column=st.integers(0, 119),
    row=st.integers(0, 39),
    color=st.booleans(),
)
def test_ink_keeps_its_column_and_none_is_lost(degrees, column, row, color):
    image = np.full((40, 120), 255, np.uint8)
    image[row, column] = 5
    if color:
        image = np.repeat(image[:, :, None], 3, axis=2)
    sheared = shear_columns(image, float(np.tan(np.radians(degrees))))
    darkness = 255.0 - (sheared.mean(axis=2) if color else sheared)
    assert sheared.shape[1] == 120
    assert np.flatnonzero(darkness.sum(axis=0)).tolist() == [column]
    assert darkness.sum() == pytest.approx(250, abs=1.5)


def test_the_shear_moves_each_column_by_its_own_shift():
    """A line falling by one row in two columns comes out level, at the height it has in the middle."""
    image = np.full((60, 41), 255, np.uint8)
    for column in range(41):
        image[20 + column // 2, column] = 0
    sheared = shear_columns(image, 0.5)
    darkness = 255.0 - sheared
    centers = (darkness * np.arange(len(sheared))[:, None]).sum(axis=0) / darkness.sum(axis=0)
    assert np.ptp(centers) <= 0.51
    # Rows that every column fills: 60 - 0.5 * 40.
    assert len(sheared) == 40


def test_a_shear_that_would_fill_the_memory_is_refused():
    image = np.full((1, 100_000), 255, np.uint8)
    image[0, ::7] = 0
    with pytest.raises(ImageError, match=r"leveling an image of 100000 x 1 pixels by 5.00 degrees takes 87"):
        shear_columns(image, LIMIT)


def test_a_line_that_rises_by_next_to_nothing_is_left_level_and_said():
    level = text_image()
    canvas = Preprocess((Deskew(),)).apply(rotated(level, 0.1))
    np.testing.assert_array_equal(canvas.pixels, rotated(level, 0.1))
    [remark] = canvas.remarks
    assert re.fullmatch(
        r"left level: the slope found is -?0\.\d\d degrees, [0-5] % of the height of the ink from end to end, "
        r"and less than 6 % is not turned",
        remark,
    )
    turned = Preprocess((Deskew(),)).apply(rotated(level, 1.0))
    assert turned.remarks == ()
    assert turned.pixels.shape != rotated(level, 1.0).shape


def test_a_slope_that_is_given_is_turned_however_small():
    image = rotated(text_image(), 0.1)
    canvas = Preprocess((Deskew(degrees=0.1),)).apply(image)
    assert canvas.remarks == ()
    assert not np.array_equal(canvas.pixels, image)


def test_the_rise_is_that_of_the_ink_from_end_to_end():
    image = np.full((50, 200), 255, np.uint8)
    image[10:30, 20:121] = 0
    assert rise_share(image, 0.1) == pytest.approx(0.1 * 100 / 20)
    assert rise_share(image, -0.1) == rise_share(image, 0.1)
    assert rise_share(np.full((50, 200), 255, np.uint8), 0.1) == 0.0
