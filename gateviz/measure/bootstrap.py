"""How far a measured rate could be off, by drawing the lines again."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

RESAMPLES = 1000
LEVEL = 0.95
# Below so many lines the intervals are too narrow to be trusted.
FEW = 30
# Draws in memory at a time.
_DRAWS = 2_000_000


@dataclass(frozen=True)
class Estimate:
    """A ratio of two sums over lines, with its interval.

    Attributes:
        total: what was counted or measured, summed.
        of: what it is divided by, summed.
        low: lower end of the interval; NaN where there is nothing to divide by.
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
class Bootstrap:
    """Percentile intervals of ratios, with the line as the unit that is drawn.

    Lines are drawn with replacement, as many as there are, and the ratio of sums is computed anew
    each time; the interval holds the middle share of these ratios (Efron and Tibshirani 1993, "An
    Introduction to the Bootstrap", section 13.3). Symbols of one line share its font and its noise,
    so drawing symbols would make the intervals too narrow.

    An interval says nothing where all lines are alike: if none has an error, every draw is without
    error too, and the interval is that one point. With fewer than about 30 lines (``FEW``) it is too narrow.

    Attributes:
        resamples: how often lines are drawn.
        level: share of the ratios that the interval holds.
        seed: of the draws; the same seed gives the same interval.
    """

    resamples: int = RESAMPLES
    level: float = LEVEL
    seed: int = 0

    def estimates(
        self,
        columns: Mapping[str, Float64[np.ndarray, " N"] | Int64[np.ndarray, " N"]],
        ratios: Mapping[str, tuple[str, str]],
    ) -> dict[str, Estimate]:
        """Ratios of sums over N lines, all by the same draws.

        Args:
            columns: numbers of every line, by name.
            ratios: the name of each ratio, with the columns above and below its bar.

        Example:
            >>> columns = {"edits": np.array([0, 1, 3]), "symbols": np.array([10, 10, 20])}
            >>> Bootstrap().estimates(columns, {"cer": ("edits", "symbols")})["cer"].value
            0.1
        """
        names = list(columns)
        sums = self._drawn_sums(np.stack([columns[name].astype(np.float64) for name in names], axis=1))
        return {
            name: self._estimate(
                columns[above].sum().item(),
                columns[below].sum().item(),
                sums[:, names.index(above)],
                sums[:, names.index(below)],
            )
            for name, (above, below) in ratios.items()
        }

    def _estimate(
        self, total: float | int, of: float | int, above: Float64[np.ndarray, " R"], below: Float64[np.ndarray, " R"]
    ) -> Estimate:
        there = below > 0
        if not there.any():
            return Estimate(total, of, math.nan, math.nan)
        tail = (1 - self.level) / 2
        low, high = np.quantile(above[there] / below[there], [tail, 1 - tail])
        return Estimate(total, of, float(low), float(high))

    def _drawn_sums(self, values: Float64[np.ndarray, "N K"]) -> Float64[np.ndarray, "R K"]:
        """The sums over the lines of each draw."""
        rng = np.random.default_rng(self.seed)
        lines = len(values)
        if not lines:
            return np.zeros((self.resamples, values.shape[1]))
        together = max(1, _DRAWS // lines)
        sums = []
        for start in range(0, self.resamples, together):
            draws = min(together, self.resamples - start)
            drawn = rng.integers(lines, size=(draws, lines)) + lines * np.arange(draws)[:, None]
            times = np.bincount(drawn.ravel(), minlength=draws * lines).reshape(draws, lines)
            sums.append(times @ values)
        return np.concatenate(sums)
