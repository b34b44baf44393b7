"""Areas under ROC curves against brute force over pairs, and their intervals against simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateviz.errors import ShapeError
from gateviz.measure.selectivity import selectivity


def brute_force(inside, outside):
    pairs = [(a > b) + 0.5 * (a == b) for a in inside for b in outside]
    return np.mean(pairs)


@settings(deadline=None)
@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=8),
    st.lists(st.integers(0, 4), min_size=1, max_size=8),
)
def test_every_pair_counted(inside, outside):
    values = np.array([*inside, *outside], dtype=np.float64)[:, None]
    mask = np.arange(len(values)) < len(inside)
    found = selectivity([values], [mask])
    assert found.auc[0] == pytest.approx(brute_force(inside, outside))
    assert (found.inside, found.outside) == (len(inside), len(outside))


def test_lines_are_pooled():
    rng = np.random.default_rng(0)
    values = [rng.integers(0, 5, (n, 3)).astype(np.float32) for n in (7, 12, 1)]
    masks = [rng.random(n) < 0.4 for n in (7, 12, 1)]
    pooled, mask = np.concatenate(values), np.concatenate(masks)
    found = selectivity(values, masks)
    for unit in range(3):
        assert found.auc[unit] == pytest.approx(brute_force(pooled[mask, unit], pooled[~mask, unit]))


def test_lines_of_one_frame_give_delongs_variance():
    rng = np.random.default_rng(1)
    inside, outside = rng.normal(0.7, 1, 30), rng.normal(0, 1, 40)
    values = [np.array([[value]]) for value in (*inside, *outside)]
    masks = [np.array([number < 30]) for number in range(70)]
    found = selectivity(values, masks)
    above = np.array([np.mean(value > outside) for value in inside])
    below = np.array([np.mean(inside > value) for value in outside])
    variance = above.var(ddof=1) / 30 + below.var(ddof=1) / 40
    assert (found.high - found.low)[0] / 2 == pytest.approx(1.959964 * np.sqrt(variance))


def test_the_interval_holds_the_truth_where_lines_differ_as_a_whole():
    # Each line adds its own offset to all its frames: intervals that took frames for independent would be too narrow.
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(200):
        masks = [rng.random(20) < 0.3 for _ in range(40)]
        values = [(rng.normal(0, 1) + 0.8 * mask + rng.normal(0, 1, 20))[:, None] for mask in masks]
        found = selectivity(values, masks)
        # Two normal values that differ by 0.8, each with variance 2: Phi(0.8 / 2) = 0.655.
        held += found.low[0] <= 0.6554 <= found.high[0]
    assert 0.90 <= held / 200 <= 0.99


def test_no_frames_of_one_kind_gives_no_number():
    found = selectivity([np.ones((4, 2))], [np.zeros(4, bool)])
    assert np.isnan(found.auc).all()
    assert (found.inside, found.outside) == (0, 4)


def test_a_single_line_has_an_area_and_no_interval():
    found = selectivity([np.arange(6.0)[:, None]], [np.arange(6) > 2])
    assert found.auc[0] == 1.0
    assert np.isnan(found.low[0])


def test_series_and_masks_that_do_not_go_together():
    with pytest.raises(ShapeError, match="1 series and 2 masks were given"):
        selectivity([np.ones((4, 2))], [np.zeros(4, bool)] * 2)
    with pytest.raises(ShapeError, match="line 0 has 4 frames and its mask 3"):
        selectivity([np.ones((4, 2))], [np.zeros(3, bool)])
