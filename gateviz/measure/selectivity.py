"""How well a unit's value alone tells frames of an event from all others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64

from gateviz.errors import ShapeError


@dataclass(frozen=True)
class Selectivity:
    """Area under the ROC curve of every unit, with its interval.

    Attributes:
        auc: chance that a frame of the event has a higher value than another frame, ties counted half;
            0.5 tells nothing, 0 and 1 everything; NaN without frames of both kinds. Shape (H,).
        low: lower end of the interval.
        high: its upper end.
        inside: frames of the event.
        outside: the others.
        lines: lines that both come from.
    """

    auc: Float64[np.ndarray, " H"]
    low: Float64[np.ndarray, " H"]
    high: Float64[np.ndarray, " H"]
    inside: int
    outside: int
    lines: int


def selectivity(
    values: Sequence[Float[np.ndarray, "_ H"]], masks: Sequence[Bool[np.ndarray, " _"]], *, level: float = 0.95
) -> Selectivity:
    """The selectivity of H units for an event, over the frames of several lines.

    The interval takes lines, not frames, for independent: the variance is that of clustered ROC
    areas (Obuchowski 1997, "Nonparametric analysis of clustered ROC curve data", section 2), which
    for clusters of one frame is DeLong's. It is cut to [0, 1].

    Args:
        values: a series (T, H) a line.
        masks: True at the frames of the event, (T,) a line.
        level: share of such intervals that hold the truth.

    Raises:
        ShapeError: values and masks do not go together.

    Example:
        >>> rising = np.arange(8.0)[:, None]
        >>> selectivity([rising], [np.arange(8) >= 4]).auc.tolist()
        [1.0]
    """
    # scipy's import is long, and most of the package has no need of it.
    from scipy.stats import norm, rankdata

    _check(values, masks)
    pooled = np.concatenate([np.asarray(line, dtype=np.float64) for line in values])
    inside = np.concatenate(list(masks))
    line_of = np.repeat(np.arange(len(masks)), [len(mask) for mask in masks])
    count, rest = int(inside.sum()), int((~inside).sum())
    units = pooled.shape[1]
    if not count or not rest:
        nothing = np.full(units, np.nan)
        return Selectivity(nothing, nothing, nothing, count, rest, len(masks))
    ranks = rankdata(pooled, axis=0)
    # Share of the other kind's frames below a frame: ranks among all less ranks among its own kind.
    above = (ranks[inside] - rankdata(pooled[inside], axis=0)) / rest
    below = 1 - (ranks[~inside] - rankdata(pooled[~inside], axis=0)) / count
    auc = above.mean(axis=0)
    spread = np.sqrt(_clustered_variance(above - auc, below - auc, line_of[inside], line_of[~inside], len(masks)))
    reach = norm.ppf((1 + level) / 2) * spread
    return Selectivity(auc, np.clip(auc - reach, 0, 1), np.clip(auc + reach, 0, 1), count, rest, len(masks))


def _clustered_variance(
    above: Float64[np.ndarray, "M H"],
    below: Float64[np.ndarray, "N H"],
    line_above: np.ndarray,
    line_below: np.ndarray,
    lines: int,
) -> Float64[np.ndarray, " H"]:
    """The variance of an AUC from the deviations of its frames, summed by line; NaN with a single line."""
    count, rest = len(above), len(below)
    sums_above, sums_below = (np.zeros((lines, above.shape[1])) for _ in range(2))
    np.add.at(sums_above, line_above, above)
    np.add.at(sums_below, line_below, below)

    def spread(first: np.ndarray, second: np.ndarray, clusters: int) -> Float64[np.ndarray, " H"]:
        if clusters < 2:
            return np.full(first.shape[1], np.nan)
        return np.asarray(clusters / (clusters - 1) * (first * second).sum(axis=0))

    variance = spread(sums_above, sums_above, len(np.unique(line_above))) / count**2
    variance += spread(sums_below, sums_below, len(np.unique(line_below))) / rest**2
    variance += 2 * spread(sums_above, sums_below, lines) / (count * rest)
    return np.maximum(variance, 0.0)


def _check(values: Sequence[np.ndarray], masks: Sequence[np.ndarray]) -> None:
    if not values or len(values) != len(masks):
        raise ShapeError(f"{len(values)} series and {len(masks)} masks were given; every line needs one of each")
    for number, (line, mask) in enumerate(zip(values, masks, strict=True)):
        if len(line) != len(mask):
            raise ShapeError(f"line {number} has {len(line)} frames and its mask {len(mask)}")
