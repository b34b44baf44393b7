"""Contrasts against hand-made sums; their tests against simulated lines with and without a planted effect."""

import numpy as np
import pytest
from scipy.stats import norm

from gateviz.errors import ShapeError
from gateviz.measure.contrast import contrast
from gateviz.measure.multiple import benjamini_hochberg

FRAMES = 60


def remembering(rng, lines, units, memory=0.8):
    """Lines of noise that remember: first-order autoregression of variance 1, as a cell state is."""
    made = []
    for _ in range(lines):
        noise = rng.normal(0, np.sqrt(1 - memory**2), (FRAMES, units))
        line = np.empty((FRAMES, units))
        line[0] = rng.normal(0, 1, units)
        for t in range(1, FRAMES):
            line[t] = memory * line[t - 1] + noise[t]
        made.append(line)
    return made


def stretches(rng, lines):
    """Masks of a few runs a line, as symbols are."""
    masks = [np.zeros(FRAMES, bool) for _ in range(lines)]
    for mask in masks:
        for start in rng.integers(0, FRAMES - 5, 3):
            mask[start : start + 5] = True
    return masks


def test_difference_and_effect_by_hand():
    rng = np.random.default_rng(0)
    values, masks = remembering(rng, 6, 4), stretches(rng, 6)
    found = contrast(values, masks, shifts=19)
    pooled, mask = np.concatenate([line - line.mean(axis=0) for line in values]), np.concatenate(masks)
    inside, outside = pooled[mask], pooled[~mask]
    spread = np.sqrt(
        (inside.var(axis=0) * len(inside) + outside.var(axis=0) * len(outside)) / (len(inside) + len(outside) - 2)
    )
    assert found.difference == pytest.approx(inside.mean(axis=0) - outside.mean(axis=0))
    assert found.effect == pytest.approx((inside.mean(axis=0) - outside.mean(axis=0)) / spread)
    assert (found.inside, found.outside, found.lines) == (len(inside), len(outside), 6)


def test_p_counts_shifts_and_the_spread_is_that_of_all_of_them():
    rng = np.random.default_rng(3)
    values, masks = remembering(rng, 5, 2), stretches(rng, 5)
    found = contrast(values, masks, shifts=4000, seed=1)
    # The same null by rolling masks one by one, with other draws.
    draws = np.random.default_rng(7)
    drawn = []
    for _ in range(4000):
        rolled = [np.roll(mask, draws.integers(FRAMES)) for mask in masks]
        pooled, mask = np.concatenate([line - line.mean(axis=0) for line in values]), np.concatenate(rolled)
        drawn.append(pooled[mask].mean(axis=0) - pooled[~mask].mean(axis=0))
    drawn = np.array(drawn)
    assert found.null_spread == pytest.approx(drawn.std(axis=0), rel=0.05)
    assert found.p == pytest.approx((np.abs(drawn) >= np.abs(found.difference)).mean(axis=0), abs=0.03)


def test_an_observed_difference_counts_itself():
    values = [np.tile(np.r_[np.ones(5), np.zeros(55)][:, None], (1, 1)) for _ in range(8)]
    masks = [np.arange(60) < 5 for _ in range(8)]
    found = contrast(values, masks, shifts=99)
    assert found.p[0] == pytest.approx(0.01)
    assert found.difference[0] == pytest.approx(1.0)


def test_false_positives_stay_at_their_nominal_level():
    # 300 corpora without an effect, in lines that remember for some five frames: 5 % and no more come out below 0.05.
    rng = np.random.default_rng(11)
    p = np.array(
        [contrast(remembering(rng, 8, 4), stretches(rng, 8), shifts=199, seed=n).p for n in range(300)]
    ).ravel()
    # The four units of a corpus share shifts and masks, not values; 1,200 tests spread by 0.6 %.
    assert 0.03 <= np.mean(p <= 0.05) <= 0.07
    assert 0.46 <= np.mean(p <= 0.5) <= 0.54


def power(difference, spread):
    """The chance that a two-sided test at 5 % finds a difference, where chance alone spreads it so (normal approximation)."""
    z, delta = norm.ppf(0.975), difference / spread
    return norm.cdf(delta - z) + norm.cdf(-delta - z)


@pytest.mark.parametrize("planted", [0.15, 0.3])
def test_a_planted_effect_is_found_as_often_as_computed(planted):
    rng = np.random.default_rng(12)
    found, expected = [], []
    for n in range(200):
        masks = stretches(rng, 12)
        clean = remembering(rng, 12, 2)
        values = [line + planted * mask[:, None] for line, mask in zip(clean, masks, strict=True)]
        one = contrast(values, masks, shifts=199, seed=n)
        found.append(one.p <= 0.05)
        expected.append([power(planted, spread) for spread in contrast(clean, masks, shifts=1).null_spread])
    assert np.mean(found) == pytest.approx(np.mean(expected), abs=0.07)
    assert np.mean(found) > 0.1


def test_lines_of_other_levels_and_densities_are_no_effect():
    # Lines with more events lie higher as a whole; within each line nothing happens at the events.
    rng = np.random.default_rng(14)
    masks = [rng.random(FRAMES) < share for share in np.linspace(0.05, 0.6, 12)]
    values = [line + 3 * mask.mean() for line, mask in zip(remembering(rng, 12, 40), masks, strict=True)]
    found = contrast(values, masks, shifts=499)
    assert np.abs(found.effect).max() < 0.4
    assert 0.3 < found.p.mean() < 0.7
    # And an effect within the lines is found under such levels.
    planted = [line + 0.5 * mask[:, None] for line, mask in zip(values, masks, strict=True)]
    assert (contrast(planted, masks, shifts=499).p < 0.05).mean() > 0.9


def test_the_interval_holds_the_effect():
    rng = np.random.default_rng(13)
    held = 0
    for n in range(150):
        masks = stretches(rng, 30)
        values = [line + 0.5 * mask[:, None] for line, mask in zip(remembering(rng, 30, 1), masks, strict=True)]
        one = contrast(values, masks, shifts=1, seed=n)
        held += one.low[0] <= 0.5 <= one.high[0]
    assert 0.88 <= held / 150 <= 0.99


def test_the_same_seed_gives_the_same_digits():
    rng = np.random.default_rng(5)
    values, masks = remembering(rng, 6, 3), stretches(rng, 6)
    first, again, other = (contrast(values, masks, shifts=99, seed=seed) for seed in (4, 4, 5))
    assert first.p.tolist() == again.p.tolist()
    assert first.p.tolist() != other.p.tolist()
    # The interval draws nothing.
    assert first.low.tolist() == other.low.tolist()


def test_too_few_events_give_words_and_no_p():
    rng = np.random.default_rng(6)
    values = remembering(rng, 4, 2)
    few = contrast(values, stretches(rng, 4), shifts=9)
    assert np.isnan(few.p).all()
    assert np.isfinite(few.effect).all()
    assert few.why_not == "4 lines have the event, and a test needs 5"
    masks = [np.arange(FRAMES) == 3 for _ in range(6)]
    assert contrast(remembering(rng, 6, 2), masks, shifts=9).why_not == (
        "6 frames of the event and 354 others, and a test needs 10 of each"
    )
    nothing = contrast(values, [np.zeros(FRAMES, bool)] * 4)
    assert nothing.why_not == "no line has frames of the event and others"
    assert np.isnan(nothing.effect).all()


def test_lines_without_the_event_take_no_part():
    rng = np.random.default_rng(8)
    values, masks = remembering(rng, 7, 2), stretches(rng, 7)
    without = contrast([*values, np.full((20, 2), 9.0)], [*masks, np.zeros(20, bool)], shifts=49)
    assert without.difference == pytest.approx(contrast(values, masks, shifts=49).difference)
    assert without.lines == 7


def test_a_constant_series_has_no_effect():
    found = contrast([np.ones((FRAMES, 1))] * 6, stretches(np.random.default_rng(0), 6), shifts=19)
    assert found.difference[0] == 0.0
    assert found.effect[0] == 0.0
    assert found.p[0] == 1.0


def test_series_and_masks_that_do_not_go_together():
    with pytest.raises(ShapeError, match="2 series and 1 masks were given; every line needs one of each"):
        contrast([np.ones((4, 1))] * 2, [np.ones(4, bool)])


def test_benjamini_and_hochberg_by_hand():
    p = np.array([0.01, 0.02, 0.03, 0.04, 0.9])
    assert benjamini_hochberg(p) == pytest.approx([0.05, 0.05, 0.05, 0.05, 0.9])
    assert benjamini_hochberg(p[::-1]) == pytest.approx([0.9, 0.05, 0.05, 0.05, 0.05])
    assert np.isnan(benjamini_hochberg(np.array([np.nan, np.nan]))).all()
    assert benjamini_hochberg(np.array([np.nan, 0.04])).tolist()[1] == 0.04


def test_false_discoveries_stay_below_their_share():
    rng = np.random.default_rng(9)
    shares = []
    for _ in range(400):
        p = np.r_[rng.random(80), rng.random(20) * 1e-4]
        found = benjamini_hochberg(p) <= 0.1
        shares.append(found[:80].sum() / max(found.sum(), 1))
    assert np.mean(shares) <= 0.1
    assert np.mean(shares) >= 0.05
