"""Decisions from one generator."""

from collections import Counter

import numpy as np
import pytest

from gateviz.typesetting.dice import Dice, Kinds, Weighted


def test_the_same_state_gives_the_same_decisions_and_the_numbers_are_spread_evenly():
    first, second = Dice(np.random.default_rng(5)), Dice(np.random.default_rng(5))
    numbers = [first.random() for _ in range(1000)]
    assert numbers == [second.random() for _ in range(1000)]
    assert len(set(numbers)) == 1000
    tenths = np.histogram(numbers, bins=10, range=(0, 1))[0]
    assert tenths.sum() == 1000
    assert tenths.min() > 65 and tenths.max() < 140


def test_numbers_at_once_are_as_random_and_never_given_twice():
    dice = Dice(np.random.default_rng(5))
    numbers = [number for count in (1, 7, 60, 300, 2) for number in [*dice.numbers(count), dice.random()]]
    assert len(set(numbers)) == 375
    assert 0.42 < np.mean(numbers) < 0.58


def test_between_holds_both_ends_and_digits_keep_their_count():
    dice = Dice(np.random.default_rng(0))
    assert {dice.between(3, 6) for _ in range(200)} == {3, 4, 5, 6}
    assert {dice.between(4, 4) for _ in range(20)} == {4}
    assert {len(dice.digits(count)) for _ in range(50) for count in (15,)} == {15}
    assert {dice.digits(1) for _ in range(300)} == set("0123456789")


def test_chance_and_pick_are_as_probable_as_asked():
    dice = Dice(np.random.default_rng(0))
    assert sum(dice.chance(0.2) for _ in range(2000)) == pytest.approx(400, abs=80)
    picked = Counter(dice.pick("abcd") for _ in range(2000))
    assert all(picked[letter] == pytest.approx(500, abs=90) for letter in "abcd")


@pytest.mark.parametrize(
    "weights", [[1.0], [1.0, 2.0, 7.0], [1e-9, 1.0, 1e-9], list(np.random.default_rng(1).random(300) ** 8 + 1e-6)]
)
def test_weighted_items_come_in_proportion(weights):
    weighted = Weighted(list(range(len(weights))), weights)
    dice = Dice(np.random.default_rng(2))
    drawn = np.bincount([weighted.draw(dice) for _ in range(4000)], minlength=len(weights)) / 4000
    np.testing.assert_allclose(drawn, np.array(weights) / sum(weights), atol=0.03)


def test_weighted_finds_what_a_plain_search_of_the_sums_finds():
    weights = np.random.default_rng(3).random(997) ** 6 + 1e-9
    weighted = Weighted(list(range(997)), weights.tolist())
    rng = np.random.default_rng(4)
    dice, again = Dice(rng), Dice(np.random.default_rng(4))
    sums = np.cumsum(weights)
    for _ in range(1000):
        assert weighted.draw(dice) == np.searchsorted(sums, again.random() * sums[-1], side="right")


def test_as_many_weights_as_items_are_needed():
    with pytest.raises(AssertionError, match="every item has a weight"):
        Weighted(["a", "b"], [1.0, 1.0, 1.0])
    assert len(Weighted([], [])) == 0


def test_only_kinds_that_fit_the_alphabet_come_and_the_spare_where_none_does():
    kinds = [(1.0, lambda dice: "abc"), (1.0, lambda dice: dice.pick(("12", "1x"))), (5.0, lambda dice: "ÿ")]
    fitting = Kinds(kinds, frozenset("abc12"), lambda dice: "2")
    assert len(fitting) == 2
    dice = Dice(np.random.default_rng(0))
    assert {fitting.draw(dice) for _ in range(400)} == {"abc", "12"}
    none = Kinds(kinds, frozenset("q"), lambda dice: "qq")
    assert len(none) == 0
    assert none.draw(dice) == "qq"
