"""Where the frames of a graph look: by arithmetic over its nodes, else measured on the graph itself.

Arithmetic is held against the graph before it is believed: the number of frames at several widths,
and columns of noise that are drawn anew, of which only the frames that see them may take notice.

Where a node is not known along the line, the map is measured the same way. At one width every column
is drawn anew in turn, and the frames that change are noted (the larger of several draws, since a
maximum or a ReLU may hide one). A frame's first and last changing columns move on by the stride from
frame to frame; their middle is its center. A graph whose every frame takes notice of every column, or
whose frames do not stand in a row of even steps, has no such map, and is refused rather than guessed.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool

from gateviz.adapters.onnx.graph import OnnxGraph
from gateviz.adapters.onnx.width_steps import steps_to
from gateviz.data.frames import FrameGrid
from gateviz.errors import GeometryError
from gateviz.geometry.receptive import AxisGeometry

Features = Callable[[torch.Tensor], torch.Tensor]
"""From an image (channels, H, W) to frames (T, D): those that a recurrent layer is given, or the output's."""

PROBE_WIDTH = 160
"""Columns of the line that open graphs are tried on."""

_DRAWS = 4
_ROUNDING = 1e-6
_WIDEST_STRIDE = 64
_LARGEST_PROBE = 640
_FEWEST_FRAMES = 4
_IN_ROW = 0.75
_PERIODS = (2, 3, 4)


@dataclass(frozen=True)
class MeasuredGeometry:
    """Where frames look, as measured.

    Attributes:
        stride: columns between neighboring frames.
        first_center: center of frame 0, in columns.
        receptive_field: columns between the first and the last that a frame took notice of.
        from_width: width at which ``counts`` begins.
        counts: frames at as many widths as the stride has columns; each further stride gives one frame more.
    """

    stride: float
    first_center: float
    receptive_field: float
    from_width: int
    counts: tuple[int, ...]

    def frame_grid(self, width: int) -> FrameGrid:
        """The frames of an input of ``width`` columns.

        Raises:
            GeometryError: an input of this width gives no frame.
        """
        strides, rest = divmod(width - self.from_width, len(self.counts))
        count = self.counts[rest] + strides
        if count < 1:
            raise GeometryError(f"an input of {width} columns gives no frame; widen the image")
        return FrameGrid(count, self.stride, self.first_center, self.receptive_field, width)


@dataclass(frozen=True)
class FixedWidth:
    """The geometry of a graph that takes lines of one width.

    Attributes:
        inner: where the frames look.
        width: the width.
    """

    inner: AxisGeometry | MeasuredGeometry
    width: int

    def frame_grid(self, width: int) -> FrameGrid:
        """The frames of an input of ``width`` columns.

        Raises:
            GeometryError: it is not the graph's width.
        """
        if width != self.width:
            raise GeometryError(
                f"the graph takes lines of exactly {self.width} columns and was given {width}; "
                f"export it with a dynamic width"
            )
        return self.inner.frame_grid(width)


@dataclass(frozen=True)
class Columns:
    """A column map and how it was found.

    Attributes:
        geometry: where the frames look.
        words: how that is known, for people.
    """

    geometry: AxisGeometry | MeasuredGeometry
    words: str


def find_columns(
    graph: OnnxGraph, value: str, features: Features, shape: tuple[int, int, int], width_axis: int, *, open_width: bool
) -> Columns:
    """The column map of the frames in ``value``.

    Args:
        graph: whose nodes are read.
        value: what a recurrent layer reads, or the output.
        features: computes it.
        shape: of the image to try: channels, height, width.
        width_axis: of the graph's input.
        open_width: the graph takes lines of any width.

    Raises:
        GeometryError: the map can neither be worked out nor measured.
    """
    try:
        geometry = AxisGeometry(steps_to(graph, value, width_axis))
        _hold_against(geometry, features, shape, open_width=open_width)
    except GeometryError as error:
        reason = str(error)
    else:
        return Columns(geometry, f"worked out from {len(geometry.steps)} windows, and held against the graph")
    try:
        measured = measure(features, shape, open_width=open_width)
    except GeometryError as error:
        raise GeometryError(
            f"where the frames look cannot be worked out ({reason}) and cannot be measured: {error}"
        ) from error
    return Columns(measured, f"measured by drawing columns anew, since {reason}")


def _noise(shape: tuple[int, int, int], seed: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _hold_against(geometry: AxisGeometry, features: Features, shape: tuple[int, int, int], *, open_width: bool) -> None:
    """Returns if the graph behaves as the geometry says.

    Raises:
        GeometryError: it does not.
    """
    channels, height, width = shape
    for each in (width, width + 1, width + 3, 2 * width - 2) if open_width else (width,):
        found, said = len(features(_noise((channels, height, each), 0))), geometry.frame_count(each)
        if found != said:
            raise GeometryError(
                f"the nodes' windows give {said} frames for {each} columns, and the graph gives {found}"
            )
    spans = [geometry.seen_columns(frame, width) for frame in range(geometry.frame_count(width))]
    for column in (0, width // 4, width // 2, 3 * width // 4):
        changed = _changed(features, shape, column)
        sees = np.array([start <= column < stop for start, stop in spans])
        if not geometry.whole_line and bool((changed & ~sees).any()):
            raise GeometryError(
                f"the nodes' windows say that column {column} is seen by the frames {_listed(sees)}, "
                f"and the frames {_listed(changed)} take notice of it"
            )
        if column and not bool((changed & sees).any()):
            raise GeometryError(f"no frame takes notice of column {column}")


def _listed(frames: Bool[np.ndarray, " T"]) -> str:
    found = np.flatnonzero(frames)
    return f"{found[0]} to {found[-1]}" if len(found) else "(none)"


def _changed(features: Features, shape: tuple[int, int, int], column: int) -> Bool[np.ndarray, " T"]:
    """The frames that take notice when a column is drawn anew."""
    found: Bool[np.ndarray, " T"] | None = None
    for draw in range(_DRAWS):
        image = _noise(shape, 2 * draw)
        other = image.clone()
        other[:, :, column] = 4 * _noise(shape, 2 * draw + 1)[:, :, column]
        before, after = features(image), features(other)
        # A kernel may round otherwise where nothing changed.
        differs = ((before - after).abs() > _ROUNDING * before.abs().max()).any(1).numpy()
        found = differs if found is None else found | differs
    assert found is not None
    return found


def measure(features: Features, shape: tuple[int, int, int], *, open_width: bool) -> MeasuredGeometry:
    """The column map of a graph by what its frames take notice of.

    Raises:
        GeometryError: every frame takes notice of every column, or the frames stand in no even row.
    """
    channels, height, width = shape
    period = len(_counts(features, shape)) if open_width else None
    while True:
        noticed = np.stack([_changed(features, (channels, height, width), column) for column in range(width)])
        first, last = noticed.argmax(0), width - noticed[::-1].argmax(0)
        begun = np.flatnonzero(noticed.any(axis=0) & (first > 0))
        ended = np.flatnonzero(noticed.any(axis=0) & (last < width))
        if min(len(begun), len(ended)) >= _FEWEST_FRAMES:
            break
        if not open_width or 2 * width > _LARGEST_PROBE:
            raise GeometryError(
                f"of {noticed.shape[1]} frames, {min(len(begun), len(ended))} begin or end inside a line of {width} "
                f"columns, and {_FEWEST_FRAMES} would show where they look"
            )
        width *= 2
    stride = period or _stride_of(begun, first[begun])
    start = -_even_row(frames=begun, borders=-first[begun], stride=-stride)
    stop = _even_row(frames=ended, borders=last[ended], stride=stride)
    if stop <= start:
        raise GeometryError(f"frame 0 begins at column {start} and ends at {stop}")
    widths = range(width, width + (period or 1))
    counts = tuple(len(features(_noise((channels, height, each), 0))) for each in widths)
    return MeasuredGeometry(float(stride), (start + stop) / 2, float(stop - start), width, counts)


def _counts(features: Features, shape: tuple[int, int, int]) -> tuple[int, ...]:
    """Frames at widths from the shape's on, as many as the stride has columns.

    Raises:
        GeometryError: the frames do not grow by one in as many columns, whatever the width.
    """
    channels, height, width = shape
    found: list[int] = []
    for more in range(3 * _WIDEST_STRIDE + 1):
        found.append(len(features(_noise((channels, height, width + more), 0))))
        period = more // 3
        if (
            more == 3 * period
            and period
            and all(found[at + period] == found[at] + 1 for at in range(more - period + 1))
        ):
            return tuple(found[:period])
    raise GeometryError(
        f"{width} to {width + len(found) - 1} columns give {found[0]} to {found[-1]} frames, which do not grow evenly"
    )


def _stride_of(frames: np.ndarray, borders: np.ndarray) -> int:
    """Whole columns from frame to frame with which most frames lie in one row."""
    rows = [np.unique(borders - stride * frames, return_counts=True)[1].max() for stride in range(1, _WIDEST_STRIDE)]
    return int(np.argmax(rows)) + 1


def _even_row(*, frames: np.ndarray, borders: np.ndarray, stride: int) -> int:
    """The border of frame 0, of frames whose borders lie in a row: the outermost, since draws may hide a column.

    Raises:
        GeometryError: fewer than three frames in four lie within a stride of that row.
    """
    offsets = borders - stride * frames
    outermost = int(offsets.max())
    near = float(np.mean(offsets >= outermost - abs(stride)))
    if near < _IN_ROW:
        raise GeometryError(
            f"{1 - near:.0%} of the frames lie beside an even row of {abs(stride)} columns from frame to frame"
        )
    for period in _PERIODS:
        # Every class of frames has its outermost border in the row; where one has not, frames come in groups.
        lags = [outermost - int(offsets[at::period].max()) for at in range(period)]
        if len(offsets) >= 3 * period and max(lags):
            at = int(np.argmax(lags))
            raise GeometryError(
                f"of every {period} frames, one (such as {frames[at]}) lies {max(lags)} columns beside an even row of {abs(stride)} "
                f"columns from frame to frame, as after an upsampling"
            )
    return outermost
