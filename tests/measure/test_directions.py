"""Forward against backward: planted differences are found, equal layers give no effect at the nominal rate."""

import numpy as np
import pytest
from scipy.stats import t

from gateviz.errors import ShapeError
from gateviz.measure.directions import UnitRatios, cliffs_delta, direction_contrast


def ratios(rng, lines=20, units=12, level=0.5, folded=False):
    """Shares of frames, a little different from line to line."""
    below = np.full(lines, 50.0)
    above = 50 * np.clip(level + 0.1 * rng.normal(size=(lines, units)), 0, 1)
    return UnitRatios(above, below, folded)


def test_the_delta_is_counted_over_all_pairs():
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 5, (3, 6)).astype(float), rng.integers(0, 5, (3, 4)).astype(float)
    for row, found in enumerate(cliffs_delta(first, second)):
        assert found == pytest.approx(np.mean([np.sign(a - b) for a in first[row] for b in second[row]]))


def test_ratios_are_of_sums_not_means_of_ratios():
    one = UnitRatios(np.array([[1.0, 0.0], [1.0, 3.0]]), np.array([1.0, 3.0]))
    assert one.values.tolist() == [0.5, 0.75]
    assert one.by_line.tolist() == [[1.0, 0.0], [1 / 3, 1.0]]
    assert UnitRatios(one.above, one.below, folded=True).values.tolist() == [0.0, 0.5]


def test_odd_lines_say_which_way_and_even_ones_how_far():
    folded = UnitRatios(np.array([[0.9, 0.9], [0.8, 0.3], [0.3, 0.3], [0.6, 0.6]]), np.ones(4), folded=True)
    np.testing.assert_allclose(folded.by_line, [[0.8, -0.8], [-0.4, 0.4]])
    assert direction_contrast(folded, folded).why_not == "4 lines took part, and a test needs 10"


def test_a_planted_difference_is_found():
    rng = np.random.default_rng(1)
    found = direction_contrast(ratios(rng, level=0.8), ratios(rng, level=0.2))
    assert found.effect == 1.0
    assert (found.low, found.high) == (1.0, 1.0)
    # All 20 signs the same way is one in 2^19, and the observed one counts: 1 of 2,000.
    assert found.p == 0.0005
    assert found.p_units < 1e-4
    turned = direction_contrast(ratios(np.random.default_rng(1), level=0.2), ratios(rng, level=0.8))
    assert turned.effect == -1.0


def test_the_same_layer_twice_has_no_effect():
    side = ratios(np.random.default_rng(2))
    found = direction_contrast(side, side)
    assert (found.effect, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 1.0)
    assert found.p_units == pytest.approx(1.0)


@pytest.mark.parametrize("folded", [False, True])
def test_equal_directions_are_told_apart_no_more_often_than_nominal(folded):
    rng = np.random.default_rng(3)
    rounds = 300
    found = [
        direction_contrast(ratios(rng, folded=folded), ratios(rng, folded=folded), flips=199) for _ in range(rounds)
    ]
    assert 0.02 <= np.mean([one.p < 0.05 for one in found]) <= 0.085
    assert np.mean([one.p_units < 0.05 for one in found]) <= 0.085
    assert abs(np.mean([one.effect for one in found])) < 0.05


def test_units_of_one_network_may_differ_while_directions_do_not():
    # Each unit has its own level, drawn from one pool for both directions: lines show the difference again and
    # again, but another pair of halves would differ as much.
    rng = np.random.default_rng(4)
    over_lines, over_units = [], []
    for _ in range(60):
        sides = [ratios(rng, level=rng.uniform(0.2, 0.8, 12)) for _ in range(2)]
        found = direction_contrast(*sides, flips=199)
        over_lines.append(found.p < 0.05)
        over_units.append(found.p_units < 0.05)
    assert np.mean(over_lines) > 0.5
    assert np.mean(over_units) <= 0.15


@pytest.mark.parametrize("shared", [0.0, 0.1])
def test_p_over_units_is_of_what_varies_over_units_and_what_lines_share(shared):
    """Lines of equal length, by plain variances; what single units do on single lines is in both, and counts once."""
    rng = np.random.default_rng(8)
    sides = [0.5 + 0.1 * rng.normal(size=(7, units)) + shared * rng.normal(size=(7, 1)) for units in (4, 6)]
    found = direction_contrast(*(UnitRatios(50 * side, np.full(7, 50.0)) for side in sides))
    over_units = [side.mean(axis=0).var(ddof=1) / side.shape[1] for side in sides]
    over_lines = (sides[0].mean(axis=1) - sides[1].mean(axis=1)).var(ddof=1) / 7
    for side in sides:
        alone = (side - side.mean(axis=1, keepdims=True)).var(axis=0, ddof=1) / 7
        over_lines -= alone.sum() / side.shape[1] / (side.shape[1] - 1)
    parts = [*over_units, max(over_lines, 0.0)]
    freedom = sum(parts) ** 2 / sum(part**2 / free for part, free in zip(parts, (3, 5, 6), strict=True))
    difference = sides[0].mean() - sides[1].mean()
    assert found.p_units == pytest.approx(2 * t.sf(abs(difference) / np.sqrt(sum(parts)), freedom))


def test_the_same_seed_gives_the_same_digits_and_few_lines_no_p():
    rng = np.random.default_rng(5)
    one, two = ratios(rng), ratios(rng)
    assert direction_contrast(one, two, seed=3) == direction_contrast(one, two, seed=3)
    few = direction_contrast(ratios(rng, lines=3), ratios(rng, lines=3))
    assert few.why_not == "3 lines took part, and a test needs 5"
    assert np.isnan(few.p)
    assert np.isfinite(few.effect)


def test_lines_without_a_number_take_no_part():
    rng = np.random.default_rng(6)
    one, two = ratios(rng), ratios(rng)
    below = np.where(np.arange(20) < 13, 50.0, 0.0)
    assert direction_contrast(UnitRatios(one.above, below), two).lines == 13
    nothing = direction_contrast(UnitRatios(one.above, np.zeros(20)), two)
    assert np.isnan(nothing.effect)
    assert nothing.why_not == "no line has a number for both directions"
    with pytest.raises(ShapeError, match="measured on 20 lines and the backward ones on 8"):
        direction_contrast(one, ratios(rng, lines=8))
