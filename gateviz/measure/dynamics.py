"""What a series does around an event: the average over its occurrences, with a band."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Int64

from gateviz.errors import ShapeError
from gateviz.measure.jackknife import Jackknife


@dataclass(frozen=True)
class Dynamics:
    """The mean course of a series around an event.

    Attributes:
        offsets: frames after the event, negative before it; shape (K,).
        mean: of the occurrences that have a frame there.
        low: lower end of the band, an interval over lines.
        high: its upper end.
        count: occurrences that have a frame there.
    """

    offsets: Int64[np.ndarray, " K"]
    mean: Float64[np.ndarray, " K"]
    low: Float64[np.ndarray, " K"]
    high: Float64[np.ndarray, " K"]
    count: Int64[np.ndarray, " K"]

    def columns(self, stride: float) -> Float64[np.ndarray, " K"]:
        """The offsets in columns of the line image, by the columns a frame."""
        return np.asarray(self.offsets * stride, dtype=np.float64)


def around(
    series: Sequence[Float[np.ndarray, " _"]],
    events: Sequence[Int64[np.ndarray, " _"]],
    *,
    before: int = 8,
    after: int = 8,
    jackknife: Jackknife | None = None,
) -> Dynamics:
    """The event-triggered average of one series over the lines of a corpus.

    A window that passes an end of its line takes part with the frames it has.

    Args:
        series: one value a frame, (T,) a line, such as the mean of a gate or one unit of it.
        events: frames of the event, a line.
        before: frames shown before the event.
        after: and after it.
        jackknife: of the band.

    Raises:
        ShapeError: series and events are not of the same lines.

    Example:
        >>> step = np.array([0.0, 0.0, 1.0, 1.0])
        >>> around([step, step], [np.array([2]), np.array([2])], before=1, after=1).mean.tolist()
        [0.0, 1.0, 1.0]
    """
    if len(series) != len(events):
        raise ShapeError(f"{len(series)} series and {len(events)} lists of events were given; every line needs both")
    found = [windows(line, frames, before=before, after=after) for line, frames in zip(series, events, strict=True)]
    width = before + after + 1
    sums = np.array([one for one, _ in found], dtype=np.float64).reshape(-1, width)
    counts = np.array([one for _, one in found], dtype=np.int64).reshape(-1, width)
    return course_of_windows(sums, counts, before=before, jackknife=jackknife)


def windows(
    line: Float[np.ndarray, " T"], frames: Int64[np.ndarray, " E"], *, before: int, after: int
) -> tuple[Float64[np.ndarray, " K"], Int64[np.ndarray, " K"]]:
    """The series of one line around its E events, summed over them, and how many have a frame at each offset."""
    at = frames[:, None] + np.arange(-before, after + 1)
    there = (at >= 0) & (at < len(line))
    values = np.asarray(line, dtype=np.float64)[np.clip(at, 0, len(line) - 1)]
    return np.where(there, values, 0).sum(axis=0), there.sum(axis=0)


def course_of_windows(
    sums: Float64[np.ndarray, "L K"],
    counts: Int64[np.ndarray, "L K"],
    *,
    before: int,
    jackknife: Jackknife | None = None,
) -> Dynamics:
    """The mean course from the windows of L lines, or of L groups of lines.

    Args:
        sums: over the events of a line, at each of K offsets.
        counts: events of a line that have a frame there.
        before: offsets before the event.
        jackknife: of the band.
    """
    columns: dict[str, np.ndarray] = {}
    places = range(sums.shape[1])
    for k in places:
        columns[f"sum {k}"], columns[f"count {k}"] = sums[:, k], counts[:, k]
    ratios = {str(k): (f"sum {k}", f"count {k}") for k in places}
    found = (jackknife or Jackknife()).estimates(columns, ratios, signed=ratios)
    ordered = [found[str(k)] for k in places]
    return Dynamics(
        np.arange(-before, sums.shape[1] - before),
        np.array([one.value for one in ordered]),
        np.array([one.low for one in ordered]),
        np.array([one.high for one in ordered]),
        counts.sum(axis=0),
    )
