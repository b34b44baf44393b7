"""Averages around events, and agreement between units, by hand."""

import numpy as np
import pytest

from gateviz.errors import ShapeError
from gateviz.measure.agreement import participation_ratio, redundancy, similarity
from gateviz.measure.dynamics import around


def test_the_mean_course_by_hand():
    first, second = np.array([0.0, 1, 2, 3, 4]), np.array([10.0, 20, 30])
    found = around([first, second], [np.array([0, 3]), np.array([1])], before=1, after=2)
    assert found.offsets.tolist() == [-1, 0, 1, 2]
    # Frame 0 has none before it, frame 3 of five only one after it.
    assert found.count.tolist() == [2, 3, 3, 1]
    assert found.mean == pytest.approx([(2 + 10) / 2, (0 + 3 + 20) / 3, (1 + 4 + 30) / 3, 2.0])
    assert found.columns(4.0).tolist() == [-4.0, 0.0, 4.0, 8.0]


def test_the_band_holds_the_mean_of_other_lines():
    rng = np.random.default_rng(0)
    lines = [rng.normal(size=40) + np.where(np.arange(40) == 20, 2.0, 0.0) for _ in range(50)]
    found = around(lines, [np.array([20])] * 50, before=3, after=3)
    assert found.mean[3] > 1.5
    assert (found.low <= found.mean).all()
    assert (found.high >= found.mean).all()
    assert found.high[3] - found.low[3] == pytest.approx(2 * 1.96 / np.sqrt(50), rel=0.3)


def test_no_event_at_all_gives_no_numbers():
    found = around([np.ones(5)], [np.array([], dtype=np.int64)], before=1, after=0)
    assert np.isnan(found.mean).all()
    assert found.count.tolist() == [0, 0]


def test_series_without_events_are_refused():
    with pytest.raises(ShapeError, match="1 series and 0 lists of events were given"):
        around([np.ones(5)], [])


def test_similarity_is_numpys_correlation():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(30, 3)), rng.normal(size=(30, 2))
    assert similarity(first, second) == pytest.approx(np.corrcoef(first.T, second.T)[:3, 3:])


def test_a_unit_that_never_moves_is_like_none():
    series = np.stack([np.full(6, 0.1), np.arange(6.0), np.arange(6.0) * 3], axis=1)
    assert redundancy(series) == pytest.approx([0.0, 1.0, 1.0])
    assert redundancy(series[:, :1]).tolist() == [0.0]


def test_participation_by_eigenvalues():
    rng = np.random.default_rng(0)
    series = rng.normal(size=(50, 6)) * np.arange(1, 7)
    eigenvalues = np.linalg.eigvalsh(np.cov(series.T))
    assert participation_ratio(series) == pytest.approx(eigenvalues.sum() ** 2 / (eigenvalues**2).sum())
    assert participation_ratio(np.outer(np.arange(5.0), [1, -2, 3])) == pytest.approx(1.0)
    assert np.isnan(participation_ratio(np.ones((4, 2))))
