"""Where the frames of an unknown network look, from which columns they take notice of.

The first columns of neighboring frames must lie in a row of even steps, and so must their last ones, away
from the line's ends; whatever does not is refused and said by its own name. What is found at one width is
held against others, of every remainder that a width can leave.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Int64

from gateviz.adapters.factory.column_probe import OUTPUT, Noticed
from gateviz.data.frames import FrameGrid
from gateviz.errors import GeometryError

FEWEST = 3
"""Neighboring frames that must begin, and end, inside of a line, so that their steps can be told."""

_AT_ENDS = 4
"""Frames that begin or end in the outermost quarter of a line may be cut by what happens at its ends."""


@dataclass(frozen=True)
class MeasuredGeometry:
    """A ``Geometry`` of numbers that were measured, and of frames that are counted by running the network.

    Attributes:
        stride: columns between neighboring frames.
        first_center: center of frame 0.
        receptive_field: columns that a frame sees.
        whole_line: every frame sees the whole line besides.
        count: T for an input of some width, by running it.
    """

    stride: float
    first_center: float
    receptive_field: float
    whole_line: bool
    count: Callable[[int], int]
    _counts: dict[int, int] = field(default_factory=dict, compare=False)

    def frame_grid(self, width: int) -> FrameGrid:
        """The frames of a network input of ``width`` columns, in columns of that input.

        Raises:
            GeometryError: the network cannot read an input of this width.
        """
        if width not in self._counts:
            self._counts[width] = self.count(width)
        count, size = self._counts[width], self.receptive_field
        if self.whole_line:
            ends = (self.first_center, self.first_center + self.stride * (count - 1))
            size = max(size, *(2 * abs(border - at) for border in (0, width) for at in ends))
        return FrameGrid(count, self.stride, self.first_center, size, width)

    @property
    def frame_rule(self) -> str:
        """T in words."""
        return f"by running the network, a frame every {self.stride:g} columns"


@dataclass(frozen=True)
class EvenRow:
    """Frames that look at evenly spaced stretches of the line.

    Attributes:
        start: first column of frame 0, which may lie in front of the line.
        stop: behind its last column.
        stride: columns from frame to frame; negative where they run from right to left.
    """

    start: int
    stop: int
    stride: int

    def spans(self, count: int) -> Int64[np.ndarray, "T 2"]:
        """The half-open columns of every frame."""
        at = self.stride * np.arange(count)[:, None]
        return np.asarray(at + np.array([[self.start, self.stop]]), dtype=np.int64)

    def turned(self, count: int) -> "EvenRow":
        """The same frames in the other order."""
        shift = self.stride * (count - 1)
        return EvenRow(self.start + shift, self.stop + shift, -self.stride)


def even_row(found: Noticed, place: str = OUTPUT) -> EvenRow | None:
    """The row in which the frames of a place lie; None where too few begin or end inside of the line to tell.

    Args:
        found: of every column of a width.
        place: the output, or a recurrent module.

    Raises:
        GeometryError: they lie in no such row; says how they lie.
    """
    width, seen = found.width, found.frames[place]
    frames = np.flatnonzero(seen.any(axis=0))
    first, last = seen.argmax(axis=0), width - seen[::-1].argmax(axis=0)
    margin = max(1, width // _AT_ENDS)
    begun = frames[(first[frames] >= margin) & (first[frames] < width - 1)]
    ended = frames[(last[frames] <= width - margin) & (last[frames] > 1)]
    begun, ended = _longest_run(begun), _longest_run(ended)
    if min(len(begun), len(ended)) < FEWEST:
        return None
    start, stride = _step(begun, first, first, last, place)
    stop, other = _step(ended, last, first, last, place)
    if stride != other:
        raise GeometryError(
            f"{_frames(place)} begin every {abs(stride)} columns and end every {abs(other)}, so they have no one size"
        )
    row = EvenRow(start, stop, stride)
    _require_within(row, found, place)
    return row


def _frames(place: str) -> str:
    return "the frames of the output" if place == OUTPUT else f"the frames that {place} is given"


def _longest_run(frames: Int64[np.ndarray, " N"]) -> Int64[np.ndarray, " run"]:
    """The longest stretch of neighboring frames."""
    runs = np.split(frames, np.flatnonzero(np.diff(frames) != 1) + 1)
    return max(runs, key=len)


def _step(
    frames: Int64[np.ndarray, " N"],
    borders: Int64[np.ndarray, " T"],
    first: Int64[np.ndarray, " T"],
    last: Int64[np.ndarray, " T"],
    place: str,
) -> tuple[int, int]:
    """Where the border of frame 0 lies, and how far it moves on from frame to frame.

    Raises:
        GeometryError: it does not move on evenly.
    """
    steps = np.diff(borders[frames])
    stride = int(steps[0])
    if (steps == stride).all() and stride:
        return int(borders[frames[0]] - stride * frames[0]), stride
    same = [t for t in frames[:-1] if (first[t], last[t]) == (first[t + 1], last[t + 1])]
    if same:
        at = same[len(same) // 2]
        raise GeometryError(
            f"{_frames(place)} do not each have a place of their own: {at} and {at + 1} see the same columns "
            f"{first[at]} to {last[at]}, as after an upsampling"
        )
    kinds = ", ".join(str(step) for step in sorted(set(steps.tolist()))[:5])
    raise GeometryError(
        f"{_frames(place)} do not stand at even distances from the left: from one to the next their borders move on by "
        f"{kinds} columns"
    )


def _require_within(row: EvenRow, found: Noticed, place: str) -> None:
    """Returns if no frame sees a column outside of its stretch.

    Raises:
        GeometryError: one does, such as the other end of a line that is rolled or padded by wrapping it around.
    """
    spans = row.spans(found.frame_count(place))
    columns = np.array(found.columns)[:, None]
    outside = found.frames[place] & ~((columns >= spans[:, 0]) & (columns < spans[:, 1]))
    if outside.any():
        at, frame = np.argwhere(outside)[0]
        raise GeometryError(
            f"{_frames(place)} have no one place: by its neighbors frame {frame} sees columns {spans[frame, 0]} to "
            f"{spans[frame, 1]} of {found.width}, and it takes notice of column {found.columns[at]} (the line is rolled, "
            f"wrapped around or put together anew)"
        )


def require_same(row: EvenRow, found: Noticed, place: str = OUTPUT) -> None:
    """Returns if at another width, too, the frames lie in the row.

    Args:
        row: in reading order.
        found: at another width; some columns are enough, neighboring ones in the middle among them.
        place: the output, or a recurrent module.

    Raises:
        GeometryError: they do not.
    """
    count = found.frame_count(place)
    spans, seen = row.spans(count), found.frames[place]
    columns = np.array(found.columns)
    expected = (columns[:, None] >= spans[:, 0]) & (columns[:, None] < spans[:, 1])
    middle = (columns >= found.width // 4) & (columns < found.width - found.width // 4)
    edge = (columns[:, None] == spans[:, 0]) | (columns[:, None] == spans[:, 1] - 1)
    wrong: Bool[np.ndarray, "columns T"] = (seen & ~expected) | (edge & middle[:, None] & ~seen)
    if wrong.any():
        at = int(np.argwhere(wrong)[0][0])
        raise GeometryError(
            f"{_frames(place)} do not stand at the same distance from the left for lines of all widths: of "
            f"{found.width} columns, column {columns[at]} is seen by {_listed(seen[at])} and not by {_listed(expected[at])} "
            f"(the line is flipped, or padded by its width)"
        )


def _listed(frames: Bool[np.ndarray, " T"]) -> str:
    found = np.flatnonzero(frames)
    return f"frames {found[0]} to {found[-1]}" if len(found) else "none"


def geometry_of(row: EvenRow, *, whole_line: bool, count: Callable[[int], int]) -> MeasuredGeometry:
    """The geometry of frames in a row that runs from left to right."""
    return MeasuredGeometry(
        float(row.stride), (row.start + row.stop) / 2, float(row.stop - row.start), whole_line, count
    )


def checked_columns(width: int, stride: int) -> Sequence[int]:
    """The columns by which a row is known again: neighboring ones in the middle, and some elsewhere."""
    middle = range(width // 2 - stride, width // 2 + stride + 1)
    return sorted({0, width // 4, 3 * width // 4, width - 1, *(at for at in middle if 0 <= at < width)})
