import numpy as np
import pytest

from gateviz.adapters.tesseract.preprocess import TesseractPreprocess, black_and_white
from gateviz.adapters.tesseract.scaling import scale_to_height
from gateviz.errors import ImageError


def levels_by_definition(row):
    """The engine's rule, one pixel at a time."""
    lows, highs = [], []
    for before, here, after in zip(row, row[1:], row[2:], strict=False):
        if (here < before and here <= after) or (here <= before and here < after):
            lows.append(here)
        if (here > before and here >= after) or (here >= before and here > after):
            highs.append(here)

    def quantile(levels, share):
        target = min(max(share * len(levels), 1.0), len(levels))
        total = 0
        for level in range(256):
            total += levels.count(level)
            if total >= target:
                return level + 1 - (total - target) / levels.count(level)
        raise AssertionError

    return quantile(lows or [0], 0.25), quantile(highs or [255], 0.75)


@pytest.mark.parametrize("seed", range(8))
def test_black_and_white_are_quartiles_of_the_middle_rows_extremes(seed):
    rng = np.random.default_rng(seed)
    gray = rng.integers(0, 256 if seed % 2 else 4, (7, 60), dtype=np.uint8)
    assert black_and_white(gray) == pytest.approx(levels_by_definition([int(value) for value in gray[3]]))


def test_flat_and_tiny_rows_have_the_full_range():
    assert black_and_white(np.full((5, 9), 77, np.uint8)) == (1.0, 256.0)
    assert black_and_white(np.zeros((1, 2), np.uint8)) == (1.0, 256.0)


def test_ink_is_minus_one_and_paper_one():
    gray = np.full((36, 40), 201, np.uint8)
    gray[:, 5::6] = 11
    values = TesseractPreprocess(36)(gray).pixels[0]
    # Quartiles spread each level evenly over [level, level + 1), so the points lie inside these.
    assert values[0, 5] == pytest.approx(-1, abs=0.01)
    assert values[0, 6] == pytest.approx(1, abs=0.01)


def test_int8_pixels_are_128ths_cut_at_127_and_counted_in_127ths():
    gray = np.random.default_rng(0).integers(0, 256, (36, 50), dtype=np.uint8)
    plain = TesseractPreprocess(36)(gray).pixels
    steps = TesseractPreprocess(36, int8=True)(gray).pixels * 127
    away = np.sign(plain) * np.floor(np.abs(plain * np.float32(128)) + 0.5)
    np.testing.assert_allclose(steps, np.clip(away, -127, 127), atol=1e-4)
    assert steps.min() == -127


def test_color_becomes_gray_by_leptonicas_weights():
    rgb = np.zeros((36, 9, 3), np.uint8)
    rgb[:, ::3] = (200, 100, 50)
    rgb[:, 1::3] = (255, 255, 255)
    gray = np.zeros((36, 9), np.uint8)
    gray[:, ::3] = int(0.3 * 200 + 0.5 * 100 + 0.2 * 50 + 0.5)
    gray[:, 1::3] = 255
    np.testing.assert_array_equal(TesseractPreprocess(36)(rgb).pixels, TesseractPreprocess(36)(gray).pixels)


def test_color_networks_get_three_channels_of_the_full_range():
    rgb = np.random.default_rng(0).integers(0, 256, (36, 9, 3), dtype=np.uint8)
    pixels = TesseractPreprocess(36, color=True)(rgb).pixels
    np.testing.assert_allclose(pixels, np.moveaxis(rgb, 2, 0) / 127.5 - 1, atol=1e-6)
    gray = TesseractPreprocess(36, color=True)(rgb[:, :, 0]).pixels
    assert gray.shape == (3, 36, 9)
    np.testing.assert_array_equal(gray[0], gray[2])


def test_inverted_is_the_negative():
    gray = np.random.default_rng(0).integers(0, 256, (30, 50), dtype=np.uint8)
    scaled = scale_to_height(gray[None], 36).pixels[0]
    negative = TesseractPreprocess(36)(gray, inverted=True).pixels
    np.testing.assert_array_equal(negative, TesseractPreprocess(36)(255 - scaled).pixels)


@pytest.mark.parametrize("rows", [18, 25, 36, 41, 60, 72, 100, 145])
def test_columns_of_the_input_are_known_in_the_image(rows):
    """A narrow line drawn somewhere is found there again: the center of its ink, mapped back."""
    for column in (60.5, 133.5, 171.5):
        x = np.arange(240) + 0.5
        ink = np.exp(-(((x - column) / 6) ** 2))
        gray = np.tile((250 - 200 * ink), (rows, 1)).astype(np.uint8)
        line = TesseractPreprocess(36)(gray)
        scaled = scale_to_height(gray[None], 36)
        row = 250 - scaled.pixels[0, 18].astype(float)
        row[row < 4] = 0
        center = np.average(np.arange(len(row)) + 0.5, weights=row)
        assert line.to_source == scaled.to_source
        assert line.source_width == 240
        # Positions are cut to sixteenths of a pixel, and levels to whole ones.
        assert line.to_source(center) == pytest.approx(column, abs=0.12)


def test_free_heights_are_scaled_from_48_rows_on():
    assert TesseractPreprocess(0)(np.zeros((30, 9), np.uint8)).pixels.shape == (1, 30, 9)
    assert TesseractPreprocess(0)(np.zeros((96, 20), np.uint8)).pixels.shape == (1, 48, 10)


def test_images_that_cannot_be_lines_are_refused():
    with pytest.raises(ImageError, match=r"2 columns wide at height 36; the network needs at least 3"):
        TesseractPreprocess(36, narrowest=3)(np.zeros((36, 2), np.uint8))
    with pytest.raises(ImageError, match=r"an image of 1 x 200 pixels is 0.18 columns wide at height 36"):
        TesseractPreprocess(36)(np.zeros((200, 1), np.uint8))
    with pytest.raises(ImageError, match=r"more than 65536; cut it into lines"):
        TesseractPreprocess(36)(np.zeros((1, 2000), np.uint8))
    with pytest.raises(ImageError, match=r"an image of 50 x 2000 pixels is too narrow"):
        TesseractPreprocess(36)(np.zeros((2000, 50), np.uint8))
