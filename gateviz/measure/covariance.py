"""How units of a layer vary together, in sums that merge: a corpus needs no more memory than a line."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64


@dataclass(frozen=True)
class Covariance:
    """Sums over frames of H units, each line less its own mean.

    Lines of another level as a whole (a bolder font, a brighter scan) would make all units look alike; what is
    left is how the units move together along a line.

    Attributes:
        scatter: sum over frames of products of deviations, (H, H), in the square of the series' scale.
        frames: how many frames are summed.
        largest: largest magnitude of each unit, by which rounding is told from movement; shape (H,).
    """

    scatter: Float64[np.ndarray, "H H"]
    frames: int
    largest: Float64[np.ndarray, " H"]

    @classmethod
    def of(cls, series: Float[np.ndarray, "T H"]) -> "Covariance":
        """The sums of one line."""
        values = np.asarray(series, dtype=np.float64)
        centered = values - values.mean(axis=0)
        return cls(centered.T @ centered, len(values), np.abs(values).max(axis=0, initial=0.0))

    @classmethod
    def merged(cls, parts: Sequence["Covariance"]) -> "Covariance":
        """The sums of several lines together.

        Example:
            >>> ramp = np.arange(4.0)[:, None]
            >>> Covariance.merged([Covariance.of(ramp), Covariance.of(ramp + 9)]).scatter.tolist()
            [[10.0]]
        """
        return cls(
            np.sum([part.scatter for part in parts], axis=0),
            sum(part.frames for part in parts),
            np.max([part.largest for part in parts], axis=0),
        )

    @property
    def correlation(self) -> Float64[np.ndarray, "H H"]:
        """Pearson's correlation of every unit with every other; the row of a unit that never moves is 0."""
        lengths = np.sqrt(np.diag(self.scatter))
        # A constant has no direction; rounding must not give it one.
        still = lengths <= 1e-12 * self.largest * max(self.frames, 1)
        safe = np.where(still, 1.0, lengths)
        found = np.where(still[:, None] | still[None], 0.0, self.scatter / np.outer(safe, safe))
        return np.asarray(np.clip(found, -1.0, 1.0))

    @property
    def redundancy(self) -> Float64[np.ndarray, " H"]:
        """The magnitude of each unit's correlation with the unit most like it, between 0 and 1."""
        alike = np.abs(self.correlation)
        np.fill_diagonal(alike, 0.0)
        return np.asarray(alike.max(axis=1, initial=0.0))

    @property
    def participation_ratio(self) -> float:
        """How many directions the units really use: (sum of eigenvalues)^2 / sum of their squares, of the covariance.

        Between 1 and H; NaN where nothing moves (Gao and Ganguli 2015, "On simplicity and complexity in the brave
        new world of large-scale neuroscience").
        """
        squares = float((self.scatter**2).sum())
        return float(np.trace(self.scatter) ** 2 / squares) if squares else float("nan")


def cluster_order(correlation: Float64[np.ndarray, "H H"]) -> list[int]:
    """The units in the order of a tree that joins those most alike first, so that groups stand as blocks.

    Average linkage over the distance 1 - |r|: units that do exactly the opposite say the same.

    Example:
        >>> cluster_order(np.array([[1.0, 0.0, 0.9], [0.0, 1.0, 0.1], [0.9, 0.1, 1.0]]))
        [1, 2, 0]
    """
    if len(correlation) < 3:
        return list(range(len(correlation)))
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    apart = 1 - np.abs(correlation)
    apart = (apart + apart.T) / 2
    np.fill_diagonal(apart, 0.0)
    near = squareform(np.clip(apart, 0, 1), checks=False)
    return [int(leaf) for leaf in leaves_list(linkage(near, "average", optimal_ordering=True))]
