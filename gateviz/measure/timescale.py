"""How long a unit keeps what it holds."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64

SHORTEST, LONGEST = 0.1, 1000.0
"""Beyond these a timescale, in symbols, says no more than that nothing, or everything, is kept: ends of axes."""


def timescale(forget_gate: Float[np.ndarray, "T H"]) -> Float64[np.ndarray, " H"]:
    """The memory of each unit in frames: -1 / ln(mean f).

    After that many frames a cell state that is only multiplied by the mean forget gate has fallen
    to 1/e. It is 0 for a gate that is always shut and infinite for one that is always open. For a
    GRU the update gate takes the forget gate's place (PyTorch's convention: 1 keeps).

    Example:
        >>> timescale(np.full((5, 1), np.exp(-0.25))).round(6).tolist()
        [4.0]
    """
    with np.errstate(divide="ignore"):
        rate = -np.log(np.asarray(forget_gate, dtype=np.float64).mean(axis=0))
        # A mean of exactly 1 gives a rate of -0.0: the memory is infinite, not negative infinite.
        return np.asarray(1.0 / np.abs(rate))


@dataclass(frozen=True)
class MemorySpread:
    """How the timescales of a layer's units are spread, in the unit of length that they were given in.

    Attributes:
        units: units that have a timescale.
        lower: first quartile; like the other two, infinite where so many units keep everything; NaN without a unit.
        median: half of the units remember longer.
        upper: third quartile.
        infinite: units that keep everything: a mean forget gate of 1.
        unknown: units without a timescale (NaN), which count nowhere else.
    """

    units: int
    lower: float
    median: float
    upper: float
    infinite: int
    unknown: int


def memory_spread(timescales: Float64[np.ndarray, " H"]) -> MemorySpread:
    """The quartiles of timescales, between neighboring units where they fall between two.

    Example:
        >>> found = memory_spread(np.array([1.0, 2.0, 3.0, np.inf, np.inf]))
        >>> found.lower, found.median, found.upper, found.infinite
        (2.0, 3.0, inf, 2)
    """
    known = np.sort(timescales[~np.isnan(timescales)])
    lower, median, upper = (_quantile(known, share) for share in (0.25, 0.5, 0.75))
    infinite = int(np.isinf(known).sum())
    return MemorySpread(
        len(known), lower, median=median, upper=upper, infinite=infinite, unknown=len(timescales) - len(known)
    )


def share_beyond(timescales: Float64[np.ndarray, " H"], length: float) -> float:
    """The share of units that remember longer than ``length``, of those with a timescale; NaN without one.

    Example:
        >>> share_beyond(np.array([0.5, 2.0, np.inf, np.nan]), 1.0) == 2 / 3
        True
    """
    known = timescales[~np.isnan(timescales)]
    return float((known > length).mean()) if len(known) else float("nan")


def _quantile(ordered: Float64[np.ndarray, " N"], share: float) -> float:
    """By linear interpolation; from a finite value on to an infinite one it is infinite, never NaN."""
    if not len(ordered):
        return float("nan")
    place = share * (len(ordered) - 1)
    below, above = float(ordered[int(place)]), float(ordered[math.ceil(place)])
    return below if below == above else below + (place - int(place)) * (above - below)


def share_curve(values: Float64[np.ndarray, " H"]) -> tuple[Float64[np.ndarray, " N"], Float64[np.ndarray, " N"]]:
    """The cumulative distribution of units' timescales, cut to the axis: ends of steps, and shares of units there.

    Example:
        >>> x, share = share_curve(np.array([2.0, np.inf, 0.0, 5.0]))
        >>> x.tolist(), share.tolist()
        ([0.1, 2.0, 5.0, 1000.0], [0.25, 0.5, 0.75, 0.75])
    """
    known = np.sort(values[~np.isnan(values)])
    x = np.concatenate([[SHORTEST], known[(known > SHORTEST) & (known < LONGEST)], [LONGEST]])
    shares = np.searchsorted(known, x, side="right") / max(len(known), 1)
    # Units at the very end of the axis or beyond it are not reached on it.
    shares[-1] = (known < LONGEST).sum() / max(len(known), 1)
    return x, shares.astype(np.float64)
