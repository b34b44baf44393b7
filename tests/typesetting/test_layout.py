"""Glyphs set on a line."""

import numpy as np
import pytest

from gateviz.typesetting.glyphs import VISIBLE, GlyphCache
from gateviz.typesetting.layout import Spacing, set_line

TIGHT = Spacing(margins=(0.0, 0.0, 0.0, 0.0), full_height=False)


@pytest.fixture(scope="module")
def sans(faces):
    return next(face for face in faces if (face.family, face.style) == ("DejaVu Sans", "Book"))


@pytest.fixture(scope="module")
def glyphs():
    return GlyphCache()


def lay(text, face, glyphs, spacing=TIGHT, size=32):
    return set_line(text, [face] * len(text), size, spacing, glyphs, np.random.default_rng(0))


def ink_runs(coverage):
    """Runs of columns with visible ink."""
    seen = np.concatenate([[False], coverage.max(axis=0) > VISIBLE, [False]])
    borders = np.flatnonzero(np.diff(seen.astype(int)))
    return borders.reshape(-1, 2).tolist()


def test_the_columns_of_symbols_that_do_not_touch_are_the_runs_of_ink(sans, glyphs):
    line = lay("HIVE", sans, glyphs, Spacing(0.3, (0.5, 0.5, 0.2, 0.2)))
    assert line.columns.tolist() == ink_runs(line.coverage)


def test_a_space_has_the_columns_of_its_advance(sans, glyphs):
    line = lay("H H", sans, glyphs)
    first, space, last = line.columns
    assert first[1] <= space[0] + 4
    assert space[1] - space[0] == glyphs(sans, 32, " ").advance
    assert space[1] <= last[0] + 1


def test_margins_are_ems_around_the_ink_and_negative_ones_crop(sans, glyphs):
    plain = lay("Hp", sans, glyphs)
    framed = lay("Hp", sans, glyphs, Spacing(margins=(1.0, 0.5, 0.25, 0.125), full_height=False))
    height, width = plain.coverage.shape
    assert framed.coverage.shape == (height + 8 + 4, width + 32 + 16)
    assert np.array_equal(framed.coverage[8 : 8 + height, 32 : 32 + width], plain.coverage)
    cropped = lay("Hp", sans, glyphs, Spacing(margins=(0.0, 0.0, -0.125, 0.0), full_height=False))
    assert np.array_equal(cropped.coverage, plain.coverage[4:])


def test_tracking_moves_symbols_apart(sans, glyphs):
    near, far = lay("HH", sans, glyphs), lay("HH", sans, glyphs, Spacing(0.5, TIGHT.margins, full_height=False))
    assert far.columns[1, 0] - near.columns[1, 0] == 16


def test_letters_stand_on_the_baseline(sans, glyphs):
    line = lay("Hp", sans, glyphs)
    capital = line.coverage[:, int(line.columns[0, 0]) : int(line.columns[0, 1])]
    assert np.flatnonzero(capital.max(axis=1) > VISIBLE)[-1] + 1 == line.baseline


def test_nothing_but_spaces_is_no_line(sans, glyphs):
    assert lay("   ", sans, glyphs) is None


def test_a_glyph_is_drawn_once(sans):
    cache = GlyphCache()
    assert cache(sans, 32, "a") is cache(sans, 32, "a")
    assert cache(sans, 32, "a") is not cache(sans, 24, "a")
