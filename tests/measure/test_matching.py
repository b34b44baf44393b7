"""Units matched: permutations come back exactly, lineages keep their numbers, what never moves is no match."""

import numpy as np
import pytest

from gateviz.errors import ShapeError
from gateviz.measure.matching import matched, matched_layers, unit_similarity


def series(frames=300, units=8, seed=0):
    return np.random.default_rng(seed).normal(size=(frames, units)).astype(np.float32)


def test_a_permutation_comes_back_exactly():
    one, order = series(), np.random.default_rng(1).permutation(8)
    found = matched(unit_similarity(one, one[:, order]))
    # Unit order[k] of the first stands at place k of the second.
    assert found.second.tolist() == np.argsort(order).tolist()
    assert found.similarity == pytest.approx(1.0, abs=1e-12)
    assert not found.identity
    assert found.own < 0.5
    assert found.mean == pytest.approx(1.0)


def test_without_sign_a_turned_unit_is_found_and_told():
    one = series()
    other = one[:, ::-1] * np.array([1, -1] * 4, dtype=np.float32)
    likeness = unit_similarity(one, other)
    found = matched(likeness, sign=False)
    assert found.second.tolist() == list(range(7, -1, -1))
    assert found.sign.tolist() == [-1, 1] * 4
    assert found.similarity == pytest.approx(1.0)
    signed = matched(likeness)
    assert signed.sign.tolist() == [1] * 8
    assert signed.mean < 0.6


def test_the_assignment_is_the_best_of_all():
    from itertools import permutations

    rng = np.random.default_rng(3)
    for _ in range(20):
        likeness = rng.normal(size=(5, 5))
        best = max(sum(likeness[row, column] for row, column in enumerate(order)) for order in permutations(range(5)))
        assert matched(likeness, margin=0.0).similarity.sum() == pytest.approx(best)


def test_units_of_one_lineage_keep_their_numbers():
    one = series(frames=60)
    noisy = one + 0.3 * series(frames=60, seed=1)
    found = matched(unit_similarity(one, noisy))
    assert found.identity
    assert found.own == found.mean
    # Two units that do the same may be swapped by chance; that is no reason to give up their numbers.
    twins = np.array([[0.900, 0.905], [0.905, 0.900]])
    assert matched(twins).identity
    assert not matched(twins, margin=0.001).identity


def test_networks_of_other_sizes():
    one = series(units=6)
    found = matched(unit_similarity(one, one[:, [4, 1, 5]]))
    assert found.first.tolist() == [1, 4, 5]
    assert found.second.tolist() == [1, 0, 2]
    assert np.isnan(found.own)
    assert not found.identity
    with pytest.raises(ShapeError, match="units of 0 and 3 cannot be matched; both need one"):
        matched(np.zeros((0, 3)))


def test_units_that_never_move_count_neither_way():
    one = series(units=3)
    one[:, 1] = 0.5
    likeness = unit_similarity(one, one)
    assert np.isnan(likeness[1, 1])
    assert likeness[1, 0] == 0.0
    found = matched(likeness)
    assert found.identity
    assert (found.mean, found.own) == (pytest.approx(1.0), pytest.approx(1.0))
    still = np.ones((5, 2), dtype=np.float32)
    assert np.isnan(matched(unit_similarity(still, still)).mean)


def test_a_layer_is_matched_by_all_its_series_and_its_states_may_turn():
    order, turned = np.array([2, 0, 3, 1]), np.array([1, -1, 1, -1], dtype=np.float32)
    gates = [series(units=4, seed=seed) for seed in (0, 1)]
    states = [series(units=4, seed=seed) for seed in (2, 3)]
    found, together = matched_layers(
        [unit_similarity(one, one[:, order]) for one in gates],
        [unit_similarity(one, one[:, order] * turned) for one in states],
    )
    assert found.second.tolist() == np.argsort(order).tolist()
    assert found.sign.tolist() == turned[np.argsort(order)].tolist()
    assert found.similarity == pytest.approx(1.0)
    assert together.shape == (4, 4)


def test_a_state_that_turns_in_one_series_only_is_unlike():
    one = series(units=4)
    found, _ = matched_layers([], [unit_similarity(one, one), unit_similarity(one, -one)])
    assert found.similarity == pytest.approx(np.zeros(4), abs=0.2)
    with pytest.raises(ShapeError, match="by the similarity of their gates or states, and neither was given"):
        matched_layers([], [])
