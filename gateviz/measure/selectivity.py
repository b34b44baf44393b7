"""How well a unit's value tells frames of an event from the others of the same line, in sums that merge.

Frames are ranked within their line and never held against those of another: a line whose gates are higher as a
whole, and that has more events, says nothing of what a unit does at them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64, Int64

from gateviz.errors import ShapeError
from gateviz.measure.contrast import FEWEST_FRAMES, FEWEST_LINES
from gateviz.measure.jackknife import LEVEL, ratio_interval


@dataclass(frozen=True)
class RankSums:
    """What one line says of H units at E events.

    Attributes:
        wins: pairs of a frame of the event and another in which the first has the higher value, ties half; (E, H).
        pairs: how many such pairs there are; 0 where a line has frames of one kind only; (E,).
        variance: of ``wins`` over all circular shifts of the event's frames along the line; (E, H).
        inside: frames of the event, 0 where there is no pair; (E,).
        outside: the others, 0 where there is no pair; (E,).
    """

    wins: Float64[np.ndarray, "E H"]
    pairs: Float64[np.ndarray, " E"]
    variance: Float64[np.ndarray, "E H"]
    inside: Int64[np.ndarray, " E"]
    outside: Int64[np.ndarray, " E"]


@dataclass(frozen=True)
class Selectivity:
    """Area under the ROC curve of every unit, over pairs of frames of one line.

    Attributes:
        auc: chance that a frame of the event has a higher value than another frame of its line, ties counted half;
            0.5 tells nothing, 0 and 1 everything; NaN without a pair. Shape (H,).
        low: lower end of the interval, lines taken for independent; NaN for a single line.
        high: its upper end.
        p: two-sided, by circular shifts, uncorrected; NaN where no test was made.
        inside: frames of the event, in lines that have both kinds.
        outside: the others.
        lines: lines that have both kinds.
        why_not: why there is no test; empty where there is one.
    """

    auc: Float64[np.ndarray, " H"]
    low: Float64[np.ndarray, " H"]
    high: Float64[np.ndarray, " H"]
    p: Float64[np.ndarray, " H"]
    inside: int
    outside: int
    lines: int
    why_not: str = ""


def rank_sums(series: Float[np.ndarray, "T H"], masks: Bool[np.ndarray, "E _"]) -> RankSums:
    """The sums of one line: Mann and Whitney's U of every event and unit, and its variance over circular shifts.

    The sum of ranks inside a mask that is shifted around the line is a circular correlation, so its variance over
    all T shifts follows from the two power spectra (Parseval); its mean is that of no effect, pairs / 2.

    Args:
        series: a value a frame and unit.
        masks: True at the frames of each event.

    Raises:
        ShapeError: they are not of the same frames.
    """
    from scipy.stats import rankdata

    frames = len(series)
    if masks.shape[1] != frames:
        raise ShapeError(
            f"the line has {frames} frames and its masks {masks.shape[1]}; both must be of the same frames"
        )
    inside = masks.sum(axis=1)
    both = (inside > 0) & (inside < frames)
    used = np.where(both[:, None], masks, False).astype(np.float64)
    counted = np.where(both, inside, 0).astype(np.int64)
    others = np.where(both, frames - inside, 0).astype(np.int64)
    ranks = np.asarray(rankdata(np.asarray(series, dtype=np.float64), axis=0)) if frames else np.zeros(series.shape)
    wins = used @ ranks - (counted * (counted + 1) / 2)[:, None]
    return RankSums(wins, (counted * others).astype(np.float64), _shift_variance(ranks, used), counted, others)


def selectivity_of_sums(
    wins: Float64[np.ndarray, "L H"],
    pairs: Float64[np.ndarray, " L"],
    variance: Float64[np.ndarray, " H"],
    *,
    inside: int,
    outside: int,
    lines: int,
    level: float = LEVEL,
) -> Selectivity:
    """The selectivity of H units from the sums of lines, or of groups of them.

    The area is the stratified one, pairs won over all pairs (van Elteren 1960, with weights by pairs). Its interval
    leaves out lines one at a time (``measure.jackknife``).
    The null hypothesis is that the event might as well stand anywhere along its line: under it the pairs won have a
    known mean and variance, which sum over lines, and their sum is nearly normal.

    Args:
        wins: pairs won, a line.
        pairs: how many there are.
        variance: of all wins under the null hypothesis.
        inside: frames of the event.
        outside: the others.
        lines: lines that have both.
        level: of the interval.
    """
    from scipy.stats import norm

    total, units = float(pairs.sum()), wins.shape[1]
    why_not = _too_few(inside, outside, lines)
    if not total:
        nothing = np.full(units, np.nan)
        return Selectivity(nothing, nothing, high=nothing, p=nothing, inside=0, outside=0, lines=0, why_not=why_not)
    low, high = ratio_interval(wins, pairs, level)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.abs(wins.sum(axis=0) - total / 2) / np.sqrt(variance)
    p = np.full(units, np.nan) if why_not else np.where(variance > 0, 2 * norm.sf(z), 1.0)
    return Selectivity(
        wins.sum(axis=0) / total, low, high=high, p=p, inside=inside, outside=outside, lines=lines, why_not=why_not
    )


def selectivity(
    values: Sequence[Float[np.ndarray, "_ H"]], masks: Sequence[Bool[np.ndarray, " _"]], *, level: float = LEVEL
) -> Selectivity:
    """The selectivity of H units for one event over several lines, each frame held against those of its line.

    Args:
        values: a series (T, H) a line.
        masks: True at the frames of the event, (T,) a line.
        level: share of such intervals that hold the truth.

    Raises:
        ShapeError: values and masks do not go together.

    Example:
        >>> rising = np.arange(8.0)[:, None]
        >>> selectivity([rising, rising + 100], [np.arange(8) >= 4] * 2).auc.tolist()
        [1.0]
    """
    if not values or len(values) != len(masks):
        raise ShapeError(f"{len(values)} series and {len(masks)} masks were given; every line needs one of each")
    sums = [rank_sums(line, mask[None]) for line, mask in zip(values, masks, strict=True)]
    return selectivity_of_sums(
        np.concatenate([one.wins for one in sums]),
        np.concatenate([one.pairs for one in sums]),
        np.sum([one.variance[0] for one in sums], axis=0),
        inside=sum(int(one.inside[0]) for one in sums),
        outside=sum(int(one.outside[0]) for one in sums),
        lines=sum(bool(one.pairs[0]) for one in sums),
        level=level,
    )


def rank_correlation(first: Float64[np.ndarray, " N"], second: Float64[np.ndarray, " N"]) -> float:
    """Spearman's rank correlation; NaN below three pairs or where one does not vary.

    Example:
        >>> rank_correlation(np.array([1.0, 2.0, 9.0]), np.array([0.0, 5.0, 6.0]))
        1.0
    """
    if len(first) < 3 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    from scipy.stats import rankdata

    return round(float(np.corrcoef(rankdata(first), rankdata(second))[0, 1]), 12)


def _shift_variance(ranks: Float64[np.ndarray, "T H"], masks: Float64[np.ndarray, "E T"]) -> Float64[np.ndarray, "E H"]:
    frames = len(ranks)
    if frames < 2:
        return np.zeros((len(masks), ranks.shape[1]))
    of_ranks = np.abs(np.fft.rfft(ranks, axis=0)[1:]) ** 2
    of_masks = np.abs(np.fft.rfft(masks, axis=1)[:, 1:]) ** 2
    # Every frequency but the highest of an even length stands for two.
    twice = np.full(len(of_ranks), 2.0)
    if frames % 2 == 0:
        twice[-1] = 1.0
    return np.asarray((of_masks * twice) @ of_ranks / frames**2)


def _too_few(inside: int, outside: int, lines: int) -> str:
    if not inside:
        return "no line has frames of the event and others"
    if lines < FEWEST_LINES:
        return f"{lines} {'line has' if lines == 1 else 'lines have'} the event, and a test needs {FEWEST_LINES}"
    if min(inside, outside) < FEWEST_FRAMES:
        return f"{inside} frames of the event and {outside} others, and a test needs {FEWEST_FRAMES} of each"
    return ""
