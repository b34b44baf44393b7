"""How much the units of a layer do the same."""

import numpy as np
from jaxtyping import Float, Float64

from gateviz.measure.covariance import Covariance


def similarity(first: Float[np.ndarray, "T H"], second: Float[np.ndarray, "T K"]) -> Float64[np.ndarray, "H K"]:
    """Pearson's correlation of every unit of one series with every unit of another, over the same frames.

    A unit that never moves correlates with nothing: its row or column is 0.

    Example:
        >>> ramp = np.arange(4.0)[:, None]
        >>> similarity(ramp, np.hstack([-ramp, np.ones((4, 1))])).round(6).tolist()
        [[-1.0, 0.0]]
    """
    return np.asarray(_standardized(first).T @ _standardized(second))


def redundancy(series: Float[np.ndarray, "T H"]) -> Float64[np.ndarray, " H"]:
    """The magnitude of each unit's correlation with the unit most like it, between 0 and 1.

    Example:
        >>> ramp = np.arange(4.0)
        >>> redundancy(np.stack([ramp, -ramp], axis=1)).round(6).tolist()
        [1.0, 1.0]
    """
    return Covariance.of(series).redundancy


def participation_ratio(series: Float[np.ndarray, "T H"]) -> float:
    """How many directions of the H units' space the series really uses: (sum of eigenvalues)^2 / sum of their squares.

    Of the covariance over frames: 1 where all units move as one, H where all move independently and
    equally much; NaN where nothing moves (Gao and Ganguli 2015, "On simplicity and complexity in the
    brave new world of large-scale neuroscience").

    Example:
        >>> participation_ratio(np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]]))
        2.0
    """
    return Covariance.of(series).participation_ratio


def _standardized(series: Float[np.ndarray, "T H"]) -> Float64[np.ndarray, "T H"]:
    centered = np.asarray(series, dtype=np.float64)
    centered = centered - centered.mean(axis=0)
    lengths = np.linalg.norm(centered, axis=0)
    # A constant has no direction; rounding must not give it one.
    still = lengths <= 1e-12 * np.abs(series).max(axis=0, initial=0.0)
    return np.where(still, 0.0, centered / np.where(lengths > 0, lengths, 1.0))
