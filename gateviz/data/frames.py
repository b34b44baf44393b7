"""The one map between frames and pixel columns.

Pixel convention, stated once: column c of an image covers the interval [c, c + 1) and its center
is c + 1/2. All positions here are real numbers on that axis.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from gateviz.errors import GeometryError


@dataclass(frozen=True)
class ColumnMap:
    """An affine map of positions on the column axis of one image to that of another.

    ``target = scale * position + offset``. A resize of the source by the factor s before the
    network is ``ColumnMap(1 / s, 0)`` from network-input columns back to source columns; p columns
    of padding on the left are ``ColumnMap(1, -p)``.
    """

    scale: float = 1.0
    offset: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.scale) and self.scale > 0 and math.isfinite(self.offset)):
            raise GeometryError(
                f"a column map needs a positive scale and a finite offset, not {self.scale} and {self.offset}"
            )

    def __call__(self, position: float) -> float:
        """The position on the target's column axis."""
        return self.scale * position + self.offset

    def then(self, outer: "ColumnMap") -> "ColumnMap":
        """The map that applies this one first and ``outer`` after it."""
        return ColumnMap(outer.scale * self.scale, outer(self.offset))

    def inverse(self) -> "ColumnMap":
        """The map from the target's columns back."""
        return ColumnMap(1 / self.scale, -self.offset / self.scale)


@dataclass(frozen=True)
class FrameGrid:
    """Where each frame of a recognizer looked, in columns of the image the user gave.

    Attributes:
        frame_count: T.
        stride: columns between the centers of neighboring frames.
        first_center: position of the center of frame 0; it may lie outside the image.
        receptive_field: width in columns of what one frame can see.
        source_width: columns of the source image.
    """

    frame_count: int
    stride: float
    first_center: float
    receptive_field: float
    source_width: int

    def __post_init__(self) -> None:
        if self.frame_count < 1 or self.source_width < 1:
            raise GeometryError(
                f"a frame grid needs at least one frame and one column, not {self.frame_count} and {self.source_width}"
            )
        if not (self.stride > 0 and self.receptive_field > 0 and math.isfinite(self.first_center)):
            raise GeometryError(
                f"a frame grid needs a positive stride and receptive field and a finite first center, "
                f"not {self.stride}, {self.receptive_field} and {self.first_center}"
            )

    @property
    def centers(self) -> Float64[np.ndarray, " {self.frame_count}"]:
        """Center of every frame, in columns."""
        return self.first_center + self.stride * np.arange(self.frame_count)

    @property
    def edges(self) -> Float64[np.ndarray, " {self.frame_count}+1"]:
        """Borders between frames, half-way between neighboring centers; frame t lies in [edges[t], edges[t + 1])."""
        return self.first_center + self.stride * (np.arange(self.frame_count + 1) - 0.5)

    def columns(self, start: int, stop: int) -> tuple[float, float]:
        """The columns that frames ``start`` to ``stop - 1`` stand for: the outer edges of the half-open span."""
        return (
            self.first_center + self.stride * (start - 0.5),
            self.first_center + self.stride * (stop - 0.5),
        )

    def receptive_span(self, frame: int) -> tuple[float, float]:
        """The columns that frame ``frame`` can see, cut to the image; empty where it sees padding only."""
        center = self.first_center + self.stride * frame
        half = self.receptive_field / 2
        width = float(self.source_width)
        return min(max(center - half, 0.0), width), min(max(center + half, 0.0), width)

    def frames_between(self, start: float, stop: float) -> tuple[int, int]:
        """The half-open span of frames whose centers lie in the columns [start, stop)."""
        first = math.ceil((start - self.first_center) / self.stride)
        last = math.ceil((stop - self.first_center) / self.stride)
        first = min(max(first, 0), self.frame_count)
        return first, min(max(last, first), self.frame_count)

    def mapped(self, column_map: ColumnMap, source_width: int) -> "FrameGrid":
        """The same frames in the columns of another image."""
        return FrameGrid(
            frame_count=self.frame_count,
            stride=self.stride * column_map.scale,
            first_center=column_map(self.first_center),
            receptive_field=self.receptive_field * column_map.scale,
            source_width=source_width,
        )
