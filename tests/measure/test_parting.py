"""Distances of series, distributions and posteriors, against numbers worked out by hand."""

import numpy as np
import pytest
from scipy.stats import wasserstein_distance

from gateviz.measure.parting import apart, densities, jensen_shannon, parted, spread, unit_wasserstein, wasserstein


def test_unrelated_series_lie_the_root_of_two_apart():
    rng = np.random.default_rng(0)
    one, other = 3.0 * rng.normal(size=(2000, 40)), 3.0 * rng.normal(size=(2000, 40))
    scale = spread(one, other)
    assert scale == pytest.approx(3.0, rel=0.02)
    assert apart(one, other, scale).mean() == pytest.approx(np.sqrt(2), rel=0.02)
    assert apart(one, one, scale).tolist() == [0.0] * 2000


def test_parting_begins_and_ends_where_the_threshold_is_passed():
    assert parted(np.array([0.3, 0.1, 0.3, 0.25, np.nan, 0.4]), 0.25) == [(0, 1), (2, 3), (5, 6)]
    assert parted(np.array([0.1, np.nan]), 0.25) == []
    assert parted(np.zeros(0), 0.25) == []


def test_wasserstein_is_scipys_and_exactly_zero_for_equal_values():
    rng = np.random.default_rng(1)
    one, other = rng.normal(size=50), rng.normal(1.0, 2.0, size=50)
    assert wasserstein(one, other) == pytest.approx(wasserstein_distance(one, other))
    assert wasserstein(one, other[:31]) == pytest.approx(wasserstein_distance(one, other[:31]))
    values = rng.random(1000).astype(np.float32)
    assert wasserstein(values, rng.permutation(values)) == 0.0


def test_each_unit_has_its_own_distance():
    one = np.random.default_rng(2).random((30, 3))
    moved = one + np.array([0.0, 0.5, -2.0])
    # All units together hide what each does.
    assert unit_wasserstein(one, moved).tolist() == pytest.approx([0.0, 0.5, 2.0])


def test_jensen_shannon_is_symmetric_bounded_and_by_the_formula():
    rng = np.random.default_rng(3)
    one, other = rng.dirichlet(np.ones(6), size=40), rng.dirichlet(np.ones(6), size=40)
    found = jensen_shannon(one, other)
    assert found == pytest.approx(jensen_shannon(other, one), abs=1e-15)
    assert found.min() > 0
    assert found.max() < 1
    middle = (one + other) / 2

    def entropy(p):
        return -(p * np.log2(p)).sum(axis=1)

    assert found == pytest.approx(entropy(middle) - (entropy(one) + entropy(other)) / 2)
    assert jensen_shannon(one, one).tolist() == [0.0] * 40


def test_what_is_missing_stays_missing():
    known, missing = np.array([[0.2, 0.8]]), np.array([[np.nan, np.nan]])
    assert np.isnan(jensen_shannon(known, missing)).all()
    assert np.isnan(apart(known, missing, 1.0)).all()


def test_densities_are_shares_of_all_values():
    edges = np.linspace(0, 1, 5)
    parts = [np.full((2, 3), 0.1), np.full((1, 2), 0.9)]
    assert densities(parts, edges).tolist() == [0.75, 0.0, 0.0, 0.25]
    # What lies beyond the ends is in no bin, and yet one of all.
    assert densities([np.array([[0.1, 7.0]])], edges).tolist() == [0.5, 0.0, 0.0, 0.0]
