"""How far a measured number could be off, by leaving out the lines one at a time."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Int64

LEVEL = 0.95
RULE = "jackknife, Student's t, skewness removed"
FEW = 10
"""Below so many lines the intervals of rates that few lines make (errors, say) hold less than they say."""


@dataclass(frozen=True)
class Estimate:
    """A ratio of two sums over lines, with its interval.

    Attributes:
        total: what was counted or measured, summed.
        of: what it is divided by, summed.
        low: lower end of the interval; NaN where there is nothing to divide by, or a single line.
        high: its upper end.
    """

    total: float | int
    of: float | int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The ratio; NaN where there is nothing to divide by."""
        return self.total / self.of if self.of else math.nan


@dataclass(frozen=True)
class Jackknife:
    """Intervals of ratios, with the line as the unit that is left out; ``interval`` says how.

    Symbols of one line share its font and its noise, so leaving out symbols would make the intervals too narrow.
    An interval says nothing where all lines are alike: if none has an error, none without one of
    them has any, and the interval is that one point.

    Attributes:
        level: share of such intervals that hold the truth.
    """

    level: float = LEVEL

    def estimates(
        self,
        columns: Mapping[str, Float64[np.ndarray, " N"] | Int64[np.ndarray, " N"]],
        ratios: Mapping[str, tuple[str, str]],
        *,
        signed: Collection[str] = (),
    ) -> dict[str, Estimate]:
        """Ratios of sums over N lines.

        Args:
            columns: numbers of every line, by name.
            ratios: the name of each ratio, with the columns above and below its bar.
            signed: names of those that may lie below 0 elsewhere, though no line at hand does, such as rises.

        Example:
            >>> columns = {"edits": np.array([0, 1, 3]), "symbols": np.array([10, 10, 20])}
            >>> Jackknife().estimates(columns, {"cer": ("edits", "symbols")})["cer"].value
            0.1
        """
        found = {}
        for name, (above, below) in ratios.items():
            one, other = columns[above].astype(np.float64), columns[below].astype(np.float64)
            low, high = ratio_interval(one[:, None], other, self.level, signed=name in signed)
            found[name] = Estimate(columns[above].sum().item(), columns[below].sum().item(), low.item(), high.item())
        return found


def ratio_interval(
    above: Float64[np.ndarray, "N H"], below: Float64[np.ndarray, " N"], level: float = LEVEL, *, signed: bool = False
) -> tuple[Float64[np.ndarray, " H"], Float64[np.ndarray, " H"]]:
    """The interval of H ratios of sums over N lines.

    Lines that add nothing on either side of the bar are no lines. Counts are not taken below 0, nor above 1 where no
    line has more above the bar than below it; what is ``signed`` may lie anywhere.
    """
    said = (below != 0) | (above != 0).any(axis=1)
    above, below = above[said], below[said]
    nothing = np.full(above.shape[1], np.nan)
    left = below.sum() - below
    if len(below) < 2 or not (left > 0).all():
        return nothing, nothing
    low, high = interval(above.sum(axis=0) / below.sum(), (above.sum(axis=0) - above) / left[:, None], level)
    if signed:
        return low, high
    least = np.where((above >= 0).all(axis=0), 0.0, -np.inf)
    most = np.where((above >= 0).all(axis=0) & (above <= below[:, None]).all(axis=0), 1.0, np.inf)
    return np.clip(low, least, most), np.clip(high, least, most)


def interval(
    value: Float[np.ndarray, " H"], left_out: Float[np.ndarray, "N H"], level: float = LEVEL
) -> tuple[Float64[np.ndarray, " H"], Float64[np.ndarray, " H"]]:
    """The interval of H numbers over N lines, from what each is without one of the lines.

    The standard error is the jackknife's (Efron and Stein 1981), its quantile that of Student's t with N - 1
    degrees of freedom, and the skewness of what single lines add is taken out by Hall's cubic
    (Hall 1992, "On the removal of skewness by transformation"): where a few lines make most of a rate, the rate of more
    lines is more likely above it than below. What such intervals hold is measured by ``python -m benchmarks statistics``.

    Args:
        value: over all lines.
        left_out: over all lines but the n-th, row by row.
        level: share of such intervals that hold the truth.

    Returns:
        The lower and the upper ends; NaN for fewer than two lines.

    Example:
        >>> lines = np.array([1.0, 2.0, 3.0])
        >>> low, high = interval(np.array([2.0]), ((6.0 - lines) / 2)[:, None])
        >>> float(low[0].round(3)), float(high[0].round(3))
        (-0.484, 4.484)
    """
    from scipy.stats import t

    lines = len(left_out)
    if lines < 2:
        nothing = np.full(value.shape, np.nan)
        return nothing, nothing
    adds = left_out.mean(axis=0) - left_out
    squares = (adds**2).sum(axis=0)
    error = standard_error(left_out)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Where lines are all alike there is no skewness, and no error either.
        skewness = np.where(squares > 0, (adds**3).sum(axis=0) / squares**1.5, 0.0)
    reach = float(t.ppf((1 + level) / 2, lines - 1))
    return value - error * _unskewed(reach, skewness), value - error * _unskewed(-reach, skewness)


def standard_error(left_out: Float[np.ndarray, "N H"]) -> Float64[np.ndarray, " H"]:
    """The jackknife's standard error, sqrt((N - 1) / N * sum of squares), of numbers without one of N lines each.

    Example:
        >>> lines = np.array([1.0, 2.0, 3.0, 6.0])
        >>> bool(np.isclose(standard_error((12.0 - lines[:, None]) / 3)[0], lines.std(ddof=1) / 2))
        True
    """
    lines = len(left_out)
    return np.asarray(np.sqrt((lines - 1) / lines * ((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0)))


def percentile_tail(lines: int, level: float = LEVEL) -> float:
    """The share of draws of lines beyond either end of a percentile interval that is as wide as one by Student's t.

    For what jumps as lines come and go, such as a share of units beyond a bound, which leaving out one line hardly
    tells (Hesterberg 2015, "What teachers should know about the bootstrap", section 4.2).

    Example:
        >>> round(percentile_tail(5), 4), round(percentile_tail(1000), 4)
        (0.001, 0.0248)
    """
    from scipy.stats import norm, t

    if lines < 2:
        return 0.0
    return float(norm.cdf(-math.sqrt(lines / (lines - 1)) * t.ppf((1 + level) / 2, lines - 1)))


def _unskewed(reach: float, skewness: Float64[np.ndarray, " H"]) -> Float64[np.ndarray, " H"]:
    """The inverse of Hall's cubic, t + g t^2 / 3 + g^2 t^3 / 27 + g / 6 with the skewness g of a mean."""
    # A cubic that is no cubic: rounding would decide.
    straight = np.abs(skewness) < 1e-6
    g = np.where(straight, 1.0, skewness)
    return np.where(straight, reach, 3 / g * (np.cbrt(1 + g * (reach - g / 6)) - 1))
