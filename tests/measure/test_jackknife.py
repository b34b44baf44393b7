"""Intervals over lines: by hand, of planted rates over few and many lines, and where there is nothing to leave out."""

import math

import numpy as np
import pytest
from scipy import stats

from gateviz.measure.jackknife import Estimate, Jackknife, interval, percentile_tail, ratio_interval, standard_error

RATIO = {"rate": ("errors", "symbols")}


def estimate(errors, symbols, **options):
    columns = {"errors": np.asarray(errors), "symbols": np.asarray(symbols)}
    return Jackknife(**options).estimates(columns, RATIO)["rate"]


@pytest.mark.parametrize(("lines", "least"), [(5, 0.92), (10, 0.93), (50, 0.93)])
def test_intervals_hold_a_planted_share_over_few_lines_too(lines, least):
    """Percentiles of lines drawn again hold 85 % over 5 lines and 89 % over 10, of 4,000 shares at once."""
    rng = np.random.default_rng(lines)
    below = np.full(lines, 50.0)
    above = 50 * (0.5 + 0.1 * rng.normal(size=(lines, 4000)))
    low, high = ratio_interval(above, below)
    held = np.mean((low <= 0.5) & (high >= 0.5))
    assert least <= held <= 0.97


@pytest.mark.parametrize(("lines", "least"), [(5, 0.86), (10, 0.89), (50, 0.92)])
def test_intervals_hold_a_rate_that_few_lines_make(lines, least):
    """Lines have error rates of their own, 4 % on average, most of them none: percentiles hold 74, 83 and 91 %."""
    rng = np.random.default_rng(lines)
    held = 0
    for _ in range(600):
        symbols = rng.integers(5, 60, lines)
        found = estimate(rng.binomial(symbols, rng.beta(0.5, 12, lines)), symbols)
        held += found.low <= 0.04 <= found.high
    assert least <= held / 600 <= 0.97


def test_leaving_out_symbols_instead_of_lines_would_be_too_sure():
    rng = np.random.default_rng(6)
    symbols = np.full(100, 50)
    errors = np.where(rng.random(100) < 0.1, 25, 0)
    found = estimate(errors, symbols)
    half_by_symbols = 1.96 * math.sqrt(found.value * (1 - found.value) / symbols.sum())
    assert (found.high - found.low) / 2 > 3 * half_by_symbols


def test_without_skewness_the_interval_is_that_of_a_mean_by_students_t():
    lines = np.array([1.0, 2.0, 4.0, 8.0, 10.0, 11.0])
    low, high = interval(lines.mean(keepdims=True), ((lines.sum() - lines) / 5)[:, None])
    expected = stats.t.interval(0.95, 5, lines.mean(), stats.sem(lines))
    assert (low[0], high[0]) == pytest.approx(expected)


def test_the_ends_of_a_skewed_interval_solve_halls_cubic():
    lines = np.array([0.0, 0.0, 1.0, 9.0])
    value, left_out = lines.mean(keepdims=True), ((lines.sum() - lines) / 3)[:, None]
    low, high = interval(value, left_out)
    assert high[0] - value[0] > value[0] - low[0]
    adds = lines - lines.mean()
    g = (adds**3).sum() / (adds**2).sum() ** 1.5
    for end, quantile in ((low[0], 1), (high[0], -1)):
        t = (value[0] - end) / stats.sem(lines)
        cubic = t + g * t**2 / 3 + g**2 * t**3 / 27 + g / 6
        assert cubic == pytest.approx(quantile * stats.t.ppf(0.975, 3))


def test_the_standard_error_of_a_mean_is_the_textbooks():
    lines = np.array([3.0, 1.0, 4.0, 1.0, 5.0])
    assert standard_error(((lines.sum() - lines) / 4)[:, None])[0] == pytest.approx(stats.sem(lines))


def test_the_level_widens():
    errors, symbols = [0, 1, 0, 4, 2, 0], [10, 12, 9, 30, 8, 10]
    narrow, wide = estimate(errors, symbols, level=0.5), estimate(errors, symbols, level=0.99)
    assert wide.low <= narrow.low < narrow.high < wide.high


def test_shares_stay_shares_and_counts_do_not_fall_below_0():
    share = estimate([0, 0, 1, 9], [9, 9, 9, 9])
    assert share.low == 0.0
    assert share.high == 1.0
    errors = estimate([0, 0, 1, 30], [9, 9, 9, 9])
    assert errors.low == 0.0
    assert errors.high > 1.0
    assert estimate([-3, 1, -2, 0], [9, 9, 9, 9]).low < 0


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


def test_a_single_line_has_a_rate_and_no_interval_and_empty_ones_are_none():
    found = estimate([1, 0, 0], [2, 0, 0])
    assert found == Estimate(1, 2, found.low, found.high)
    assert found.value == 0.5
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    with_empty, without = estimate([1, 0, 3], [4, 0, 4]), estimate([1, 3], [4, 4])
    assert (with_empty.low, with_empty.high) == (without.low, without.high)


def test_percentiles_are_widened_for_few_lines():
    # Of five lines t is 2.776 where a normal quantile is 1.96, and their spread is too small by sqrt(4/5).
    assert percentile_tail(5) == pytest.approx(stats.norm.cdf(-2.7764 * math.sqrt(5 / 4)), rel=1e-3)
    assert percentile_tail(10**6) == pytest.approx(0.025, rel=1e-3)
    assert percentile_tail(1) == 0.0
