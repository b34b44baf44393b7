"""What a camera does to a line, and where its symbols are afterwards."""

import numpy as np
import pytest

from gateviz.typesetting.layout import SetLine
from gateviz.typesetting.photograph import _bent, photograph

SEEDS = range(60)


def blocks(count=6, width=24, gap=20, rows=60):
    """Full blocks in the middle rows, whose columns can be seen in any image of them."""
    coverage = np.zeros((rows, gap + count * (width + gap)), np.uint8)
    columns = np.array([[gap + place * (width + gap), (place + 1) * (width + gap)] for place in range(count)], float)
    for left, right in columns.astype(int):
        coverage[rows // 3 : 2 * rows // 3, left:right] = 255
    return SetLine(coverage, columns, np.full(count, rows / 2), 2 * rows // 3, 40)


def crossings(row):
    """Where it passes one half, between the samples; pairs of left and right."""
    places = np.flatnonzero(np.diff((row > 0.5).astype(int)))
    return (places + 0.5 + (0.5 - row[places]) / (row[places + 1] - row[places])).reshape(-1, 2) + 0.0


def test_the_columns_follow_the_ink_exactly_through_every_bend():
    """Measured over the rows where each block has its middle, so that the slant shows itself."""
    moved = []
    for seed in SEEDS:
        line = blocks()
        ink, columns = _bent(line.coverage / np.float32(255), line, np.random.default_rng(seed))
        for left, right in columns:
            inside = slice(max(round(left) - 6, 0), round(right) + 7)
            rows = ink[:, (round(left) + round(right)) // 2] > 0.5
            middle = int(np.flatnonzero(rows).mean().round())
            found = crossings(ink[middle - 1 : middle + 2, inside].mean(axis=0)) + inside.start
            assert found[0] == pytest.approx((left, right), abs=0.8), seed
        moved.append(np.abs(np.diff(columns.mean(axis=1), 2)).max())
    assert max(moved) > 1, "perspective moves symbols unevenly"


def test_a_photograph_has_its_height_and_its_symbols_where_it_says():
    """The correlation of the darkness of the middle rows with the columns told, at no shift beats any other."""
    for seed in SEEDS:
        pixels, columns = photograph(blocks(), 32, np.random.default_rng(seed))
        assert (pixels.dtype, pixels.shape[0]) == (np.uint8, 32)
        assert columns[0, 0] > -3
        assert columns[-1, 1] < pixels.shape[1] + 3
        told = np.zeros(pixels.shape[1])
        for left, right in columns:
            told[max(round(left), 0) : round(right)] = 1
        seen = pixels[12:20].mean(axis=0)
        fits = {shift: abs(np.corrcoef(told[10:-10], np.roll(seen, shift)[10:-10])[0, 1]) for shift in range(-6, 7)}
        best = max(fits, key=fits.get)
        assert abs(best) <= 2, (seed, fits)


def test_the_same_dice_give_the_same_photograph():
    first, second = (photograph(blocks(), 32, np.random.default_rng(5))[0] for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_ink_can_be_told_from_paper():
    for seed in SEEDS:
        pixels, columns = photograph(blocks(), 32, np.random.default_rng(seed))
        inside = pixels[13:19, round(columns[2].mean()) - 1 : round(columns[2].mean()) + 2].mean()
        between = pixels[13:19, round((columns[2, 1] + columns[3, 0]) / 2)].mean()
        assert abs(inside - between) > 12, seed
