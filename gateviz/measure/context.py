"""Effective context: how far away lies what a state answers to.

Of one frame the *mass* at a distance is the squared Frobenius norm of the state's derivative by what lies
there, over the sum of all distances: the share that it would have in the state's variance if everything
that is read moved a little, independently and equally. The effective context is the smallest distance
within which at least 90 % of the mass lies, over all frames, each of which counts the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from gateviz.errors import ShapeError
from gateviz.measure.jackknife import Estimate, Jackknife

WITHIN = 0.9
"""Share of the mass, or of an effect, that the effective context holds."""


@dataclass(frozen=True, eq=False)
class Course:
    """Sensitivities by signed distance, of any number of frames; the courses of one network add up.

    Distances are ``first + phase``, one more each, left of the frame below 0; the phase is where between two
    columns a frame's center lies.

    Attributes:
        first: whole part of the first distance.
        phase: from 0 to less than 1.
        squared: sum of the squared norms at each distance.
        seen: frames that have something at that distance, whatever its norm.
        mass: sum of the frames' masses at that distance.
        frames: frames whose derivative is not zero everywhere; only those have a mass.
    """

    first: int
    phase: float
    squared: Float64[np.ndarray, " K"]
    seen: Float64[np.ndarray, " K"]
    mass: Float64[np.ndarray, " K"]
    frames: int

    @property
    def distances(self) -> Float64[np.ndarray, " K"]:
        """Signed distances, in columns or frames."""
        return self.first + self.phase + np.arange(len(self.mass))

    @property
    def norm(self) -> Float64[np.ndarray, " K"]:
        """Root of the mean squared norm at each distance; NaN where no frame has anything."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(np.sqrt(self.squared / self.seen))

    @property
    def shares(self) -> Float64[np.ndarray, " K"]:
        """Mean mass at each distance; they sum to 1. NaN without a frame that has any."""
        return self.mass / (self.frames or np.nan)

    def beyond(self, distance: float) -> float:
        """Sum of the masses further away than this."""
        return float(self.mass[np.abs(self.distances) > distance].sum())

    def __add__(self, other: "Course") -> "Course":
        """Both together.

        Raises:
            ShapeError: their frames do not lie alike between columns.
        """
        if abs(self.phase - other.phase) > 1e-6:
            raise ShapeError(
                f"courses of phases {self.phase:g} and {other.phase:g} cannot be added; they are of other networks"
            )
        first = min(self.first, other.first)
        stop = max(self.first + len(self.mass), other.first + len(other.mass))

        def both(name: str) -> Float64[np.ndarray, " K"]:
            total = np.zeros(stop - first)
            for one in (self, other):
                total[one.first - first : one.first - first + len(one.mass)] += getattr(one, name)
            return total

        return Course(
            first,
            self.phase,
            squared=both("squared"),
            seen=both("seen"),
            mass=both("mass"),
            frames=self.frames + other.frames,
        )


def course(squared: Float64[np.ndarray, "F N"], centers: Float64[np.ndarray, " F"], origin: float = 0.5) -> Course:
    """The course of some frames of one line.

    Args:
        squared: squared norms of each frame by each of N columns.
        centers: where the frames lie, on the axis of the columns.
        origin: where column 0 lies; 1/2 for columns of pixels, 0 for frames.

    Raises:
        ShapeError: there is no frame.

    Example:
        >>> one = course(np.array([[1.0, 3.0, 0.0]]), np.array([2.5]))
        >>> one.distances.tolist(), one.shares.tolist()
        ([-2.0, -1.0, 0.0], [0.25, 0.75, 0.0])
    """
    if not len(squared):
        raise ShapeError("a course needs at least one frame")
    offsets = origin - centers
    # Frames of a stride that is no whole number lie between columns in many ways: the nearest whole distance serves.
    phase = round(float(offsets[0] - np.floor(offsets[0])), 6) % 1.0
    starts = np.rint(offsets - phase).astype(np.int64)
    first, columns = int(starts.min()), squared.shape[1]
    count = int(starts.max()) - first + columns
    totals = np.zeros((3, count))
    mass = squared.sum(axis=1)
    for row, start, whole in zip(squared, starts - first, mass, strict=True):
        span = slice(start, start + columns)
        totals[0, span] += row
        totals[1, span] += 1
        if whole > 0:
            totals[2, span] += row / whole
    return Course(first, phase, squared=totals[0], seen=totals[1], mass=totals[2], frames=int((mass > 0).sum()))


@dataclass(frozen=True, eq=False)
class Reach:
    """How much lies beyond each distance, with an interval over lines.

    Attributes:
        distances: without sign, ascending, the first 0.
        beyond: share of the mass or the effect further away than each.
        low: lower end of its interval.
        high: its upper end.
        lines: lines that were measured.
    """

    distances: Float64[np.ndarray, " D"]
    beyond: Float64[np.ndarray, " D"]
    low: Float64[np.ndarray, " D"]
    high: Float64[np.ndarray, " D"]
    lines: int

    def context(self, within: float = WITHIN) -> tuple[float, float, float]:
        """The effective context with its interval: the smallest distance from which on no more than the rest lies beyond.

        Where even beyond the last distance there is more, it is infinite; where nothing was measured, NaN.
        """
        return (
            _smallest(self.distances, self.beyond, within),
            _smallest(self.distances, self.low, within),
            _smallest(self.distances, self.high, within),
        )


def reach(courses: Sequence[Course], jackknife: Jackknife | None = None) -> Reach:
    """How much of the mass of several lines lies beyond each distance.

    Raises:
        ShapeError: there is no line.
    """
    if not courses:
        raise ShapeError("the reach of no line was asked for; give the courses of some")
    furthest = max(float(np.abs(one.distances).max()) for one in courses)
    distances = np.arange(0.0, np.ceil(furthest) + 1)
    columns = {"frames": np.array([one.frames for one in courses])}
    for distance in distances:
        columns[f"{distance:g}"] = np.array([one.beyond(float(distance)) for one in courses])
    found = (jackknife or Jackknife()).estimates(
        columns, {f"{distance:g}": (f"{distance:g}", "frames") for distance in distances}
    )
    return reach_of(distances, [found[f"{distance:g}"] for distance in distances], len(courses))


def reach_of(distances: Float64[np.ndarray, " D"], beyond: Sequence[Estimate], lines: int) -> Reach:
    """A reach of estimates."""
    return Reach(
        distances,
        np.array([each.value for each in beyond], dtype=np.float64),
        np.array([each.low for each in beyond], dtype=np.float64),
        np.array([each.high for each in beyond], dtype=np.float64),
        lines,
    )


def _smallest(distances: Float64[np.ndarray, " D"], beyond: Float64[np.ndarray, " D"], within: float) -> float:
    if np.isnan(beyond).any():
        return float("nan")
    # A sum of shares may be off by a rounding.
    more = np.flatnonzero(beyond > 1 - within + 1e-9)
    if not len(more):
        return float(distances[0])
    return float(distances[more[-1] + 1]) if more[-1] + 1 < len(distances) else float("inf")
