"""Mergeable sums against the same measures of one long series."""

from itertools import pairwise

import numpy as np
import pytest

from gateviz.measure.agreement import participation_ratio, redundancy, similarity
from gateviz.measure.covariance import Covariance, cluster_order


def test_sums_of_lines_are_those_of_one_series_without_the_lines_levels():
    rng = np.random.default_rng(0)
    lines = [
        rng.normal(size=(frames, 4)) @ rng.normal(size=(4, 4)) + 5 * number for number, frames in enumerate((9, 30, 2))
    ]
    found = Covariance.merged([Covariance.of(line) for line in lines])
    whole = np.concatenate([line - line.mean(axis=0) for line in lines])
    np.testing.assert_allclose(found.correlation, similarity(whole, whole), atol=1e-12)
    np.testing.assert_allclose(found.redundancy, redundancy(whole), atol=1e-12)
    assert found.participation_ratio == pytest.approx(participation_ratio(whole))
    assert found.frames == 41


def test_merging_in_steps_is_merging_at_once():
    rng = np.random.default_rng(1)
    one, two, three = (Covariance.of(rng.normal(size=(12, 3))) for _ in range(3))
    steps = Covariance.merged([Covariance.merged([one, two]), three])
    np.testing.assert_allclose(steps.scatter, Covariance.merged([one, two, three]).scatter)
    np.testing.assert_array_equal(steps.largest, Covariance.merged([one, two, three]).largest)


def test_a_level_that_two_units_share_by_line_is_no_agreement():
    rng = np.random.default_rng(2)
    lines = [rng.normal(size=(40, 2)) + 10 * rng.normal() for _ in range(50)]
    pooled = np.concatenate(lines)
    assert similarity(pooled, pooled)[0, 1] > 0.9
    assert abs(Covariance.merged([Covariance.of(line) for line in lines]).correlation[0, 1]) < 0.1


def test_a_unit_that_never_moves_agrees_with_nothing():
    series = np.stack([np.full(50, 0.1), np.arange(50.0), -np.arange(50.0)], axis=1)
    found = Covariance.merged([Covariance.of(series)] * 3)
    np.testing.assert_allclose(found.correlation, [[0, 0, 0], [0, 1, -1], [0, -1, 1]], atol=1e-12)
    np.testing.assert_allclose(found.redundancy, [0, 1, 1])
    assert np.isnan(Covariance.of(np.ones((5, 2))).participation_ratio)


def test_groups_of_alike_units_stand_together():
    rng = np.random.default_rng(3)
    sources = rng.normal(size=(200, 3))
    # Units 0, 3, 6 follow the first source, some of them upside down, and so on.
    series = np.stack([(-1) ** unit * sources[:, unit % 3] for unit in range(9)], axis=1) + 0.1 * rng.normal(
        size=(200, 9)
    )
    order = cluster_order(Covariance.of(series).correlation)
    groups = [unit % 3 for unit in order]
    assert sorted(order) == list(range(9))
    assert sum(one != two for one, two in pairwise(groups)) == 2
    assert cluster_order(np.eye(2)) == [0, 1]
