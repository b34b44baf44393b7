"""How far two series, two distributions or two posteriors lie apart."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float64


def spread(first: Float[np.ndarray, "T H"], second: Float[np.ndarray, "T H"]) -> float:
    """How much units vary over the frames: the root of the mean variance, over all units of both series.

    Example:
        >>> spread(np.array([[0.0], [2.0]]), np.array([[5.0], [7.0]]))
        1.0
    """
    variances = [np.asarray(series, dtype=np.float64).var(axis=0).mean() for series in (first, second)]
    return float(np.sqrt((variances[0] + variances[1]) / 2))


def apart(first: Float[np.ndarray, "T H"], second: Float[np.ndarray, "T H"], scale: float) -> Float64[np.ndarray, " T"]:
    """How far two series of the same units lie apart at every frame, in units of how much they vary.

    The root of the mean squared difference over units, divided by ``scale``: 0 where both are the same,
    about the root of 2 where they have nothing to do with each other; NaN where a value is missing.

    Args:
        first: the one.
        second: the other.
        scale: usually their ``spread`` over more frames than these.

    Example:
        >>> apart(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]), 5.0).round(6).tolist()
        [0.707107]
    """
    difference = np.asarray(first, dtype=np.float64) - second
    return np.asarray(np.sqrt((difference**2).mean(axis=1)) / scale)


def parted(distance: Float64[np.ndarray, " T"], threshold: float) -> list[tuple[int, int]]:
    """The runs of frames, half-open, whose distance is above a threshold; missing ones are not.

    Example:
        >>> parted(np.array([0.0, 0.6, 0.7, np.nan, 0.9]), 0.5)
        [(1, 3), (4, 5)]
    """
    above = np.concatenate(([False], np.nan_to_num(distance) > threshold, [False]))
    borders = np.flatnonzero(np.diff(above)).tolist()
    return list(zip(borders[::2], borders[1::2], strict=True))


def wasserstein(first: Float[np.ndarray, " N"], second: Float[np.ndarray, " M"]) -> float:
    """How far values must be moved on average to turn one distribution into the other, in the values' unit.

    The Wasserstein distance of order 1, the area between the two cumulative distributions.

    Example:
        >>> wasserstein(np.array([0.0, 1.0]), np.array([1.5, 0.5]))
        0.5
    """
    if len(first) == len(second):
        # float32 is exact here: equal values give exactly 0.
        return float(np.abs(np.sort(first) - np.sort(second)).mean(dtype=np.float64))
    from scipy.stats import wasserstein_distance

    return float(wasserstein_distance(first, second))


def unit_wasserstein(first: Float[np.ndarray, "T H"], second: Float[np.ndarray, "S H"]) -> Float64[np.ndarray, " H"]:
    """The same for each unit of one series and the same unit of the other; the frames need not be as many."""
    return np.array([wasserstein(one, other) for one, other in zip(first.T, second.T, strict=True)])


def jensen_shannon(first: Float[np.ndarray, "T C"], second: Float[np.ndarray, "T C"]) -> Float64[np.ndarray, " T"]:
    """How far two distributions over C classes lie apart at every frame, in bits: 0 equal, 1 without overlap.

    Lin 1991, "Divergence measures based on the Shannon entropy". Unlike Kullback and Leibler's, it is
    the same both ways and finite where one of the two is 0.

    Args:
        first: probabilities, each row summing to 1.
        second: likewise.

    Example:
        >>> jensen_shannon(np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([[0.0, 1.0], [0.5, 0.5]])).tolist()
        [1.0, 0.0]
    """
    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    middle = (one + other) / 2
    found = (_toward(one, middle) + _toward(other, middle)) / 2
    # Rounding may leave it a hair below 0 or above 1; what is missing is not alike.
    missing = np.isnan(middle).any(axis=1)
    return np.where(missing, np.nan, np.clip(found, 0.0, 1.0))


def densities(parts: Sequence[Float[np.ndarray, "_ _"]], edges: Float64[np.ndarray, " E"]) -> Float64[np.ndarray, " B"]:
    """The share of all values of several series in each of B bins; values beyond the ends are in none.

    Example:
        >>> densities([np.array([[0.1, 0.9]]), np.array([[0.2, 0.3]])], np.array([0.0, 0.5, 1.0])).tolist()
        [0.75, 0.25]
    """
    counts = sum(np.histogram(part, edges)[0] for part in parts)
    return np.asarray(counts / max(sum(part.size for part in parts), 1), dtype=np.float64)


def _toward(part: Float64[np.ndarray, "T C"], middle: Float64[np.ndarray, "T C"]) -> Float64[np.ndarray, " T"]:
    """Sum of p log2(p / m) over classes; where p is 0, nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(part > 0, part * np.log2(part / middle), 0.0)
    return np.asarray(terms.sum(axis=1))
