"""Jackknife intervals: of planted rates, by hand, and where there is nothing to draw."""

import math
from itertools import product

import numpy as np
import pytest

from gateviz.measure.jackknife import Estimate, Jackknife

RATIO = {"rate": ("errors", "symbols")}


def estimate(errors, symbols, **options):
    columns = {"errors": np.asarray(errors), "symbols": np.asarray(symbols)}
    return Jackknife(**options).estimates(columns, RATIO)["rate"]


def test_intervals_hold_a_planted_rate_about_as_often_as_they_say():
    """Lines have error rates of their own, 4 % on average: symbols are no independent draws."""
    rng = np.random.default_rng(5)
    held, experiments, planted = 0, 400, 0.04
    for number in range(experiments):
        symbols = rng.integers(5, 60, 150)
        rates = rng.beta(0.5, 0.5 * (1 - planted) / planted, 150)
        found = estimate(rng.binomial(symbols, rates), symbols, resamples=300, seed=number)
        held += found.low <= planted <= found.high
    # 95 % of 400 is 380; a percentile interval of 150 skewed lines falls a little short.
    assert 360 <= held <= 392


def test_drawing_symbols_instead_of_lines_would_be_too_sure():
    rng = np.random.default_rng(6)
    symbols = np.full(100, 50)
    errors = np.where(rng.random(100) < 0.1, 25, 0)
    found = estimate(errors, symbols)
    rate = found.value
    half_by_symbols = 1.96 * math.sqrt(rate * (1 - rate) / symbols.sum())
    assert (found.high - found.low) / 2 > 3 * half_by_symbols


def test_three_lines_have_the_quantiles_of_all_their_draws():
    errors, symbols = np.array([0, 2, 3]), np.array([10, 10, 30])
    draws = [sum(errors[list(draw)]) / sum(symbols[list(draw)]) for draw in product(range(3), repeat=3)]
    found = estimate(errors, symbols, resamples=40_000, level=0.5)
    assert found == Estimate(5, 50, found.low, found.high)
    assert found.value == 0.1
    assert found.low == pytest.approx(np.quantile(draws, 0.25, method="inverted_cdf"))
    assert found.high == pytest.approx(np.quantile(draws, 0.75, method="inverted_cdf"))


def test_many_lines_are_drawn_in_portions_with_the_same_statistics():
    """25 portions of 80 draws; the standard error of a mean is known."""
    rng = np.random.default_rng(0)
    values = rng.normal(3.0, 1.0, 25_000)
    found = estimate(values, np.ones(25_000), resamples=400)
    error = values.std() / math.sqrt(len(values))
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * error, rel=0.15)
    assert found.low < found.value < found.high


def test_the_seed_decides_and_the_level_widens():
    errors, symbols = [0, 1, 0, 4, 2, 0], [10, 12, 9, 30, 8, 10]
    assert estimate(errors, symbols, seed=1) == estimate(errors, symbols, seed=1)
    narrow, wide = estimate(errors, symbols, level=0.5), estimate(errors, symbols, level=0.99)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_lines_that_are_all_alike_have_an_interval_of_one_point():
    found = estimate([0] * 50, [10] * 50)
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


def test_where_there_is_nothing_to_divide_by_there_is_no_rate():
    nothing = estimate([0, 0], [0, 0])
    assert math.isnan(nothing.value)
    assert math.isnan(nothing.low)
    assert math.isnan(nothing.high)
    empty = estimate(np.zeros(0, np.int64), np.zeros(0, np.int64))
    assert (empty.total, empty.of) == (0, 0)
    assert math.isnan(empty.high)


def test_draws_without_anything_to_divide_by_are_left_out():
    found = estimate([1, 0, 0], [2, 0, 0])
    assert (found.value, found.low, found.high) == (0.5, 0.5, 0.5)
