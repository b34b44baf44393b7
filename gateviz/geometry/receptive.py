"""Where the frames of a convolutional stack look, by arithmetic.

A stack is plain data, a tuple of steps. Run forward, the steps give the number of frames, their
stride, the center of the first one and how far each one sees; run backward, they give the exact
columns that one frame of one input sees, paddings and left-over columns included.
"""

import math
from dataclasses import dataclass
from functools import cached_property

from gateviz.data.frames import FrameGrid
from gateviz.errors import GeometryError
from gateviz.geometry.axis_steps import Positions, Reach, Step, run, seen_by

WIDEST_MINIMUM = 4096


@dataclass(frozen=True)
class AxisGeometry:
    """Where the frames of a stack look, in columns of the network's input, for any width.

    Attributes:
        steps: what the stack does along the line, first to last.

    Example:
        >>> from gateviz.geometry.axis_steps import Window
        >>> conv, pool = Window(3, 1, 1, 1), Window(2, 2)
        >>> geometry = AxisGeometry((conv, pool, conv, pool))
        >>> geometry.frame_count(100), geometry.stride, geometry.first_center, geometry.receptive_field
        (25, 4.0, 2.0, 10.0)
        >>> geometry.seen_columns(0, 100)
        (0, 7)
    """

    steps: tuple[Step, ...]

    def reach(self, width: int) -> Reach:
        """What the frames of an input of ``width`` columns see.

        Raises:
            GeometryError: an input of this width gives no frame.
        """
        if (known := self._reaches.get(width)) is not None:
            return known
        try:
            return self._reaches.setdefault(width, run(self.steps, Reach(width)))
        except GeometryError as error:
            raise GeometryError(
                f"an input of {width} columns gives no frame: this network needs at least "
                f"{self.minimum_width} columns; widen the image"
            ) from error

    @cached_property
    def _reaches(self) -> dict[int, Reach]:
        """What has been found out by width: a deep network takes a hundred steps, and one image asks several times."""
        return {}

    def frame_count(self, width: int) -> int:
        """T for an input of ``width`` columns.

        Raises:
            GeometryError: an input of this width gives no frame.
        """
        return self.reach(width).length

    def frame_grid(self, width: int) -> FrameGrid:
        """Where the frames of an input of ``width`` columns look, in columns of that input.

        The receptive field is nominal: at the borders a frame sees less, by padding and by the
        columns that a pooling leaves over on the right (``seen_columns``). Where every frame sees
        the whole line, it is wide enough to cover the line from any frame.

        Raises:
            GeometryError: an input of this width gives no frame.
        """
        reach = self.reach(width)
        first_center = reach.start + reach.size / 2
        last_center = first_center + reach.stride * (reach.length - 1)
        size = reach.size
        if reach.whole_line:
            size = max(size, *(2 * abs(border - at) for border in (0, width) for at in (first_center, last_center)))
        return FrameGrid(reach.length, reach.stride, first_center, size, width)

    def seen_columns(self, frame: int, width: int) -> Positions:
        """The columns [start, stop) of an input of ``width`` columns that one frame depends on, exactly.

        Raises:
            GeometryError: an input of this width gives no frame.
        """
        self.reach(width)
        return seen_by(self.steps, (frame, frame + 1), width)

    @cached_property
    def minimum_width(self) -> int:
        """Fewest columns that give a frame.

        Raises:
            GeometryError: branches do not fit at any width.
        """
        refused = GeometryError("a stack of no width was asked for its smallest input")
        for width in range(1, WIDEST_MINIMUM):
            try:
                run(self.steps, Reach(width))
            except GeometryError as error:
                refused = error
            else:
                return width
        raise GeometryError(f"no input of up to {WIDEST_MINIMUM} columns gives a frame: {refused}") from refused

    @property
    def whole_line(self) -> bool:
        """True where every frame sees the whole line besides its receptive field."""
        return self._narrowest.whole_line

    @property
    def stride(self) -> float:
        """Columns between neighboring frames (of the narrowest input, if it depends on the width)."""
        return self._narrowest.stride

    @property
    def first_center(self) -> float:
        """Center of frame 0, in columns (of the narrowest input, if it depends on the width)."""
        return self._narrowest.start + self._narrowest.size / 2

    @property
    def receptive_field(self) -> float:
        """Columns that one frame sees through its windows (of the narrowest input, if it depends on the width)."""
        return self._narrowest.size

    @property
    def _narrowest(self) -> Reach:
        return self.reach(self.minimum_width)

    @property
    def frame_rule(self) -> str:
        """T as a formula of the width W, such as ``W/4 + 1`` (rounded down); empty where there is none so simple."""
        stride = math.floor(self.stride)
        widths = range(self.minimum_width, self.minimum_width + 4 * stride + 4)
        counts = {width: self.frame_count(width) for width in widths}
        for shift in range(stride):
            extra = {count - (width + shift) // stride for width, count in counts.items()}
            if len(extra) == 1:
                top = f"(W + {shift})" if shift else "W"
                fraction = f"{top}/{stride}" if stride > 1 else top
                (more,) = extra
                return fraction if not more else f"{fraction} {'+' if more > 0 else '-'} {abs(more)}"
        return ""
