"""Selectivity within lines: against brute force, against planted levels of lines, and its false positives."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateviz.errors import ShapeError
from gateviz.measure.selectivity import rank_sums, selectivity


def pairs_won(values, mask):
    return sum((a > b) + 0.5 * (a == b) for a in values[mask] for b in values[~mask])


def noise(rng, frames, memory=0.8):
    made = rng.normal(size=frames)
    for t in range(1, frames):
        made[t] += memory * made[t - 1]
    return made


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=12))
def test_every_pair_of_a_line_is_counted(frames):
    values = np.array([value for value, _ in frames], dtype=np.float64)
    mask = np.array([inside for _, inside in frames])
    found = rank_sums(values[:, None], mask[None])
    assert found.wins[0, 0] == pytest.approx(pairs_won(values, mask))
    assert found.pairs[0] == mask.sum() * (~mask).sum()


@pytest.mark.parametrize("frames", [2, 9, 10])
def test_the_variance_is_that_of_all_shifts(frames):
    rng = np.random.default_rng(frames)
    values, mask = rng.integers(0, 4, frames).astype(float), np.arange(frames) % 3 == 1
    shifted = [pairs_won(values, np.roll(mask, by)) for by in range(frames)]
    found = rank_sums(values[:, None], mask[None])
    assert found.variance[0, 0] == pytest.approx(np.var(shifted))
    assert np.mean(shifted) == pytest.approx(found.pairs[0] / 2)


def test_a_unit_that_is_1_at_the_event_alone_tells_it_perfectly():
    masks = [np.isin(np.arange(20), [3, 11]) for _ in range(12)]
    values = [np.stack([mask, ~mask, np.full(20, 0.3)], axis=1).astype(float) for mask in masks]
    found = selectivity(values, masks)
    assert found.auc.tolist() == [1.0, 0.0, 0.5]
    assert found.low.tolist() == [1.0, 0.0, 0.5]
    assert (found.inside, found.outside, found.lines, found.why_not) == (24, 216, 12, "")
    assert (found.p[:2] < 1e-6).all()
    assert found.p[2] == 1.0


def test_lines_of_another_level_with_more_events_are_no_effect():
    rng = np.random.default_rng(4)
    masks, values = [], []
    for number in range(60):
        # Every other line is bright as a whole and has four times the events.
        mask = rng.random(40) < (0.4 if number % 2 else 0.1)
        values.append((3.0 * (number % 2) + rng.normal(size=40))[:, None])
        masks.append(mask)
    pooled, mask = np.concatenate(values)[:, 0], np.concatenate(masks)
    assert pairs_won(pooled, mask) / (mask.sum() * (~mask).sum()) > 0.65
    found = selectivity(values, masks)
    assert found.auc[0] == pytest.approx(0.5, abs=0.04)
    assert found.low[0] < 0.5 < found.high[0]
    assert found.p[0] > 0.05


def test_false_positives_and_coverage_are_nominal_where_gates_and_events_remember():
    rng = np.random.default_rng(5)
    wrong = held = 0
    rounds = 300
    for _ in range(rounds):
        # Runs of event frames in noise that remembers; the gate knows nothing of them.
        masks = [np.convolve(rng.random(50) < 0.04, np.ones(4), "same") > 0 for _ in range(12)]
        values = [noise(rng, 50)[:, None] for _ in masks]
        found = selectivity(values, masks)
        wrong += found.p[0] < 0.05
        held += found.low[0] <= 0.5 <= found.high[0]
    # Two standard deviations of 300 draws are 2.5 %.
    assert 0.02 <= wrong / rounds <= 0.08
    assert 0.88 <= held / rounds <= 0.98


def test_the_interval_holds_the_truth_where_lines_differ_as_a_whole():
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(200):
        masks = [rng.random(20) < 0.3 for _ in range(40)]
        values = [(3 * rng.normal() + 0.8 * mask + rng.normal(0, 1, 20))[:, None] for mask in masks]
        found = selectivity(values, masks)
        # Within a line two normal values that differ by 0.8, each with variance 1: Phi(0.8 / sqrt(2)) = 0.714.
        held += found.low[0] <= 0.7142 <= found.high[0]
    assert 0.90 <= held / 200 <= 0.99


def test_a_single_line_has_an_area_and_no_interval():
    found = selectivity([np.arange(6.0)[:, None]], [np.arange(6) > 2])
    assert found.auc[0] == 1.0
    assert np.isnan(found.low[0])


def test_too_few_events_are_said_in_words():
    rng = np.random.default_rng(6)
    values = [rng.normal(size=(30, 2)) for _ in range(8)]
    none = [np.zeros(30, bool)] * 8
    found = selectivity(values, none)
    assert np.isnan(found.auc).all()
    assert found.why_not == "no line has frames of the event and others"
    one = [np.arange(30) < 12, *none[1:]]
    assert selectivity(values, one).why_not == "1 line has the event, and a test needs 5"
    rare = [np.arange(30) == 3] * 6 + none[6:]
    found = selectivity(values, rare)
    assert found.why_not == "6 frames of the event and 174 others, and a test needs 10 of each"
    assert np.isnan(found.p).all()
    assert np.isfinite(found.auc).all()


def test_series_and_masks_that_do_not_go_together():
    with pytest.raises(ShapeError, match="1 series and 2 masks were given"):
        selectivity([np.ones((4, 2))], [np.zeros(4, bool)] * 2)
    with pytest.raises(ShapeError, match="the line has 4 frames and its masks 3"):
        selectivity([np.ones((4, 2))], [np.zeros(3, bool)])


def test_the_interval_of_three_lines_is_no_narrower_than_cochrans():
    # Cochran 1977, "Sampling Techniques", equation 6.13, with the normal quantile: what is wider is more careful.
    # Three lines by hand: 4, 3 and 0 of 4 pairs won, an area of 7/12 and residuals of 5/3, 2/3 and -7/3.
    masks = [np.array([True, True, False, False])] * 3
    values = [np.array(line, dtype=float)[:, None] for line in ([3, 4, 1, 2], [2, 4, 1, 3], [1, 2, 3, 4])]
    found = selectivity(values, masks, level=0.5)
    residuals = np.array([5 / 3, 2 / 3, -7 / 3])
    spread = np.sqrt(3 / 2 * (residuals**2).sum()) / 12
    reach = (found.high[0] - found.low[0]) / 2
    assert found.auc[0] == pytest.approx(7 / 12)
    assert reach >= 0.6744897501960817 * spread * (1 - 1e-9)
