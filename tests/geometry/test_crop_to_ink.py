"""A loosely cropped line, cut to its ink."""

import numpy as np
import pytest
import torch

from gateviz.capture.ctc_recognizer import CtcRecognizer
from gateviz.data.alphabet import Alphabet
from gateviz.data.frames import ColumnMap
from gateviz.geometry.canvas import Canvas
from gateviz.geometry.crop_to_ink import CropToInk, crop_window
from gateviz.geometry.preprocess import Gray, Preprocess, ResizeToHeight
from gateviz.lines.recognizer import RecognizerCard, asked_crop
from tests.training.barcodes import EveryFour

LETTER_ROWS, LETTER_COLUMNS = 20, 14


def line(count=10, above=60, below=60, before=10, after=10, *, paper=235, ink=30):
    """Hollow letters of 20 x 14 pixels; every third has a stem that reaches eight rows up."""
    rows = above + 8 + LETTER_ROWS + below
    pixels = np.full((rows, before + count * (LETTER_COLUMNS + 6) + after), paper, np.uint8)
    for number in range(count):
        left, top = before + number * (LETTER_COLUMNS + 6), above + 8
        pixels[top : top + LETTER_ROWS, left : left + LETTER_COLUMNS] = ink
        pixels[top + 4 : top + LETTER_ROWS - 4, left + 4 : left + LETTER_COLUMNS - 4] = paper
        if number % 3 == 0:
            pixels[above:top, left : left + 4] = ink
    return pixels


def held(window, above=60, height=28):
    """Whether the window holds the line with little around it."""
    (top, bottom), _ = window
    return above - 0.4 * height <= top <= above and above + height <= bottom <= above + 1.4 * height


@pytest.mark.parametrize("above, below", [(60, 60), (20, 200), (150, 30)])
def test_a_loose_line_is_cut_to_its_rows(above, below):
    assert held(crop_window(line(above=above, below=below)), above)


def test_a_tight_line_stays_as_it_is():
    pixels = line(above=4, below=4)
    assert crop_window(pixels) == ((0, pixels.shape[0]), (0, pixels.shape[1]))


def test_light_ink_on_dark_paper_and_color_are_cropped_alike():
    dark = line(paper=20, ink=230)
    assert held(crop_window(dark))
    assert crop_window(np.repeat(line()[:, :, None], 3, axis=2)) == crop_window(line())


def test_a_shadow_is_no_ink():
    pixels = line().astype(float)
    pixels *= np.linspace(0.45, 1.0, pixels.shape[1])[None]
    assert held(crop_window(pixels.astype(np.uint8)))


def test_specks_and_rules_do_not_widen_it():
    pixels = line()
    rng = np.random.default_rng(3)
    for y, x in zip(rng.integers(0, 148, 40), rng.integers(0, pixels.shape[1], 40), strict=True):
        pixels[y, x] = 60
    pixels[2:4] = 40
    assert held(crop_window(pixels))


def test_the_cut_off_edges_of_other_lines_are_not_the_line():
    pixels = line(count=14)
    pixels[:9, 10::30] = 30
    pixels[-7:, 14::26] = 30
    assert held(crop_window(pixels))


def test_a_dot_above_and_a_comma_below_belong_to_it():
    pixels = line()
    pixels[54:58, 34:38] = 30
    pixels[90:94, 130:134] = 30
    (top, bottom), _ = crop_window(pixels)
    assert top <= 54
    assert bottom >= 94


def test_paper_at_both_ends_is_cut_to_one_height_of_the_line():
    pixels = line(before=400, after=300)
    _, (left, right) = crop_window(pixels)
    assert left == pytest.approx(400 - 28, abs=3)
    assert right == pytest.approx(pixels.shape[1] - 306 + 28, abs=3)


def test_columns_are_followed():
    pixels = line(before=400, after=300)
    cropped = CropToInk()(Canvas(pixels, ColumnMap(2.0, 5.0), pixels.shape[1]))
    _, (left, _) = crop_window(pixels)
    assert cropped.to_source(7.0) == 2.0 * (left + 7.0) + 5.0
    np.testing.assert_array_equal(
        cropped.pixels[:, 0], pixels[crop_window(pixels)[0][0] : crop_window(pixels)[0][1], left]
    )
    assert cropped.content_width == cropped.width


@pytest.mark.parametrize(
    "pixels",
    [
        np.full((64, 200), 255, np.uint8),
        np.zeros((64, 200), np.uint8),
        np.full((1, 1), 7, np.uint8),
        np.full((3, 4000), 7, np.uint8),
        np.random.default_rng(1).integers(0, 256, (64, 200)).astype(np.uint8),
        np.random.default_rng(1).normal(200, 4, (64, 200)).astype(np.uint8),
    ],
    ids=["white", "black", "one pixel", "three rows", "noise", "grain"],
)
def test_an_image_without_a_line_stays_as_it_is(pixels):
    assert crop_window(pixels) == ((0, pixels.shape[0]), (0, pixels.shape[1]))


def test_two_lines_are_not_cut_to_one():
    pixels = np.concatenate([line(above=20, below=10), line(above=10, below=20)])
    assert crop_window(pixels)[0] == (0, pixels.shape[0])


def test_a_model_that_crops_can_be_told_not_to_and_another_to_crop():
    plain = recognizer(Gray(), ResizeToHeight(32))
    cropping = recognizer(CropToInk(), Gray(), ResizeToHeight(32))
    assert asked_crop(plain, None) == (plain, ())
    assert asked_crop(plain, False) == (plain, ())
    assert asked_crop(plain, True) == (plain, (CropToInk(),))
    assert asked_crop(cropping, True) == (cropping, ())
    told, steps = asked_crop(cropping, False)
    assert steps == ()
    assert told.preprocess == plain.preprocess
    assert cropping.prepare(line()).pixels.shape[2] > 2 * told.prepare(line()).pixels.shape[2]


def recognizer(*steps):
    alphabet = Alphabet.from_symbols("ab", blank=0)
    return CtcRecognizer(
        torch.nn.Identity(), alphabet, RecognizerCard("test"), Preprocess(steps), EveryFour(), "BTC", "logits"
    )
