"""What happens to a line of type, and where its symbols are afterwards."""

import numpy as np
import pytest

from gateviz.typesetting.degrade import HARDNESS, add_strokes, draw_level, print_on_paper, soften, warp
from gateviz.typesetting.layout import SetLine


def blocks(count=5, width=20, gap=12, rows=60):
    """A line of full blocks in the middle rows, whose columns can be seen in any image of it."""
    coverage = np.zeros((rows, gap + count * (width + gap)), np.uint8)
    columns = np.array([[gap + place * (width + gap), (place + 1) * (width + gap)] for place in range(count)], float)
    for left, right in columns.astype(int):
        coverage[rows // 4 : 3 * rows // 4, left:right] = 255
    return SetLine(coverage, columns, np.full(count, rows / 2), 3 * rows // 4, 40)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_the_columns_follow_the_ink_through_every_warp(level):
    """Measured where the ink of the middle row crosses one half."""
    for seed in range(60):
        warped = warp(blocks(), 32, level, np.random.default_rng(seed))
        row = warped.ink[14:18].mean(axis=0)
        assert warped.ink.shape[0] == 32
        crossings = np.flatnonzero(np.diff((row > 0.5).astype(int))) + 1
        assert crossings.reshape(-1, 2) == pytest.approx(warped.columns, abs=1.3), seed


def test_ink_stays_between_none_and_full():
    for seed in range(60):
        rng = np.random.default_rng(seed)
        ink = soften(warp(blocks(), 32, 2, rng).ink, 2, rng)
        assert ink.dtype == np.float32
        assert ink.min() >= 0
        assert ink.max() <= 1


def test_a_clean_line_is_ink_on_even_paper():
    ink = warp(blocks(), 32, 0, np.random.default_rng(1)).ink
    dark = 0
    for seed in range(100):
        image = print_on_paper(soften(ink, 0, np.random.default_rng(seed)), 0, np.random.default_rng(seed))
        paper = image[0]
        assert len(np.unique(paper)) == 1
        assert abs(int(image.max()) - int(image.min())) >= 160
        dark += paper[0] < 128
    assert 3 < dark < 30, "some lines are light on dark"


def test_even_faint_lines_can_be_told_from_their_paper():
    ink = warp(blocks(), 32, 0, np.random.default_rng(1)).ink
    for seed in range(100):
        image = print_on_paper(ink, 2, np.random.default_rng(seed)).astype(float)
        contrast = abs(image[ink > 0.95].mean() - image[ink < 0.05].mean())
        assert contrast > 20, seed


def test_a_line_wider_than_the_banks_of_noise_is_printed_too():
    ink = np.zeros((700, 5000), np.float32)
    for seed in range(12):
        assert print_on_paper(ink, 2, np.random.default_rng(seed)).shape == (700, 5000)


def test_strokes_add_ink_and_take_none_away():
    changed = 0
    for seed in range(100):
        line, before = blocks(), blocks().coverage
        add_strokes(line, np.random.default_rng(seed))
        assert (line.coverage >= before).all()
        changed += not np.array_equal(line.coverage, before)
    assert 5 < changed < 40


def test_the_levels_come_in_the_shares_of_their_hardness():
    rng = np.random.default_rng(0)
    shares = {name: np.bincount([draw_level(name, rng) for _ in range(2000)], minlength=3) / 2000 for name in HARDNESS}
    assert shares["clean"].tolist() == [1, 0, 0]
    assert shares["noisy"].tolist() == [0, 0, 1]
    assert shares["mixed"] == pytest.approx([0.3, 0.52, 0.18], abs=0.04)
