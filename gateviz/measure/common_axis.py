"""Which frames of two lines belong together: by the columns of one image, or symbol by symbol of two."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float, Float64

from gateviz.data.alignment import Alignment, Span
from gateviz.data.frames import FrameGrid
from gateviz.errors import AlignmentError, GeometryError
from gateviz.measure.edit_distance import Pairs, paired

# Positions that differ by rounding alone are the same.
_SAME = 1e-9


@dataclass(frozen=True, eq=False)
class FramePairs:
    """N places at which two lines are compared.

    A frame number may lie between two frames, whose values are then mixed; NaN where a line has no counterpart.

    Attributes:
        columns: of the places, in the first line's image; shape (N,).
        first: frame number in the first line; shape (N,).
        second: frame number in the second line; shape (N,).
    """

    columns: Float64[np.ndarray, " N"]
    first: Float64[np.ndarray, " N"]
    second: Float64[np.ndarray, " N"]

    @property
    def count(self) -> int:
        """Places at which both lines have something."""
        return int((np.isfinite(self.first) & np.isfinite(self.second)).sum())


def by_column(first: FrameGrid, second: FrameGrid) -> FramePairs:
    """The frames of two readings of one image, put together where they look at the same columns.

    The places are the frames of the coarser grid, as far as the finer one reaches (half a frame beyond
    its outer centers); of two grids that are equal, frame is put to frame.

    Raises:
        GeometryError: the images differ in width, or no frame of one looks where the other does.
    """
    if first.source_width != second.source_width:
        raise GeometryError(
            f"frames over {first.source_width} columns and over {second.source_width} cannot be put on one column axis; "
            "compare them symbol by symbol"
        )
    coarse = first if first.stride >= second.stride else second
    columns = coarse.centers
    found = at_columns(columns, first, second)
    places = (found.first, found.second)
    there = np.isfinite(places[0]) & np.isfinite(places[1])
    if not there.any():
        raise GeometryError(
            f"the frames of the two lie at columns {first.centers[0]:.1f} to {first.centers[-1]:.1f} and "
            f"{second.centers[0]:.1f} to {second.centers[-1]:.1f}; no frame of one looks where one of the other does"
        )
    return FramePairs(columns[there], places[0][there], places[1][there])


def at_columns(columns: Float64[np.ndarray, " N"], first: FrameGrid, second: FrameGrid) -> FramePairs:
    """The frames of two readings of one image at given columns of it; NaN where one has no frame."""
    return FramePairs(columns, _frames_at(first, columns), _frames_at(second, columns))


def by_symbol(first: Alignment, grid: FrameGrid, second: Alignment) -> FramePairs:
    """The frames of two lines, put together where they read the same symbol of an edit alignment.

    Between the borders of a symbol (half-way to its neighbors) and the middle of its frames, frames are
    spread evenly; before the first symbol and after the last, frame is put to frame from the border on.
    The frames of a symbol that the second line has not have no counterpart.

    Args:
        first: symbols of the first line.
        grid: its frames.
        second: symbols of the second line.

    Raises:
        AlignmentError: no symbol of one has a counterpart in the other.
    """
    pairs = [(a, b) for a, b in symbol_pairs(first, second) if a is not None and b is not None]
    if not pairs:
        raise AlignmentError(
            f"{first.text!r} and {second.text!r} have no symbols to put beside each other; compare them by column"
        )
    here, there = _anchors(first.spans), _anchors(second.spans)
    frames = np.arange(grid.frame_count) + 0.5
    at = np.full(grid.frame_count, np.nan)
    for a, b in pairs:
        inside = (frames >= here[a][0]) & (frames < here[a][2])
        at[inside] = _interpolated(frames[inside], here[a], there[b])
    if pairs[0] == (0, 0):
        before = frames < here[0][0]
        at[before] = frames[before] - here[0][0] + there[0][0]
    if pairs[-1] == (len(here) - 1, len(there) - 1):
        after = frames >= here[-1][2]
        at[after] = frames[after] - here[-1][2] + there[-1][2]
    return FramePairs(grid.centers, np.arange(grid.frame_count, dtype=np.float64), _snapped(at - 0.5, len(second.path)))


def symbol_pairs(first: Alignment, second: Alignment) -> Pairs:
    """Which symbol of one line stands for which of another, with the fewest edits, in the frames' order."""
    return paired([span.symbol for span in first.spans], [span.symbol for span in second.spans])


def sampled(series: Float[np.ndarray, "T H"], frames: Float64[np.ndarray, " N"]) -> Float[np.ndarray, "N H"]:
    """A series at frame numbers, linear between frames; exact at frames, NaN where the number is.

    Example:
        >>> sampled(np.array([[0.0], [2.0]]), np.array([0.0, 0.25, np.nan])).ravel().tolist()
        [0.0, 0.5, nan]
    """
    there = np.isfinite(frames)
    number = np.where(there, frames, 0.0)
    low = np.floor(number).astype(np.int64)
    share = (number - low)[:, None].astype(series.dtype)
    high = np.minimum(low + 1, len(series) - 1)
    mixed = np.where(share > 0, (1 - share) * series[low] + share * series[high], series[low])
    mixed[~there] = np.nan
    return np.asarray(mixed)


def _frames_at(grid: FrameGrid, columns: Float64[np.ndarray, " N"]) -> Float64[np.ndarray, " N"]:
    return _snapped((columns - grid.first_center) / grid.stride, grid.frame_count)


def _snapped(numbers: Float64[np.ndarray, " N"], count: int) -> Float64[np.ndarray, " N"]:
    """Frame numbers without rounding; NaN beyond the outer frames' borders."""
    whole = np.round(numbers)
    numbers = np.where(np.abs(numbers - whole) < _SAME * max(count, 1), whole, numbers)
    outside = (numbers < -0.5) | (numbers > count - 0.5)
    return np.where(outside, np.nan, np.clip(numbers, 0.0, count - 1.0))


def _anchors(spans: Sequence[Span]) -> list[tuple[float, float, float]]:
    """The left border, middle and right border of every symbol, in frames; frame t covers [t, t + 1)."""
    inner = [(left.stop + right.start) / 2 for left, right in pairwise(spans)]
    borders = [float(spans[0].start), *inner, float(spans[-1].stop)]
    return [
        (start, (span.start + span.stop) / 2, stop)
        for (start, stop), span in zip(pairwise(borders), spans, strict=True)
    ]


def _interpolated(
    frames: Float64[np.ndarray, " N"], here: tuple[float, float, float], there: tuple[float, float, float]
) -> Float64[np.ndarray, " N"]:
    # Where both are cut alike nothing may be lost to rounding.
    offset = there[0] - here[0]
    if all(abs(b - a - offset) < _SAME for a, b in zip(here, there, strict=True)):
        return frames + offset
    return np.asarray(np.interp(frames, here, there))
