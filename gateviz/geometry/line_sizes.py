"""How lineages bring a line to the size that their networks were trained with, each by its own rule and rounding."""

import math
from dataclasses import dataclass

from gateviz.data.frames import ColumnMap
from gateviz.errors import ImageError
from gateviz.geometry.antialiased import resized
from gateviz.geometry.canvas import Canvas, Pad
from gateviz.geometry.preprocess import WIDEST, Stretch

PADDLE_HEIGHT, PADDLE_WIDTH = 32, 320
"""Rows of PaddleOCR's recognizers before PP-OCRv3, the last with recurrent layers, and columns they are padded to."""


def check_width(canvas: Canvas, width: int, height: int) -> None:
    """Returns where a line may come to so many columns at a height.

    Raises:
        ImageError: there are none, or more than fit in memory.
    """
    if not 1 <= width <= WIDEST:
        raise ImageError(
            f"a line image of {canvas.width} x {canvas.height} pixels comes to {width} columns at height {height}, and "
            f"the network takes 1 to {WIDEST}; crop the image to one line of text"
        )


@dataclass(frozen=True)
class PaddleResize:
    """A height with the aspect kept, as PaddleOCR rounds it: up where the line is padded, down where it sets the width.

    That is ``resize_norm_img`` of PaddleOCR and RapidOCR, one line at a time, without the padding.

    Attributes:
        height: rows to come to.
        usual: columns up to which the line will be padded.
        at_least: columns that a narrower line is stretched to.
        at_most: columns that a wider line is squeezed to; None never squeezes.
    """

    height: int = PADDLE_HEIGHT
    usual: int = PADDLE_WIDTH
    at_least: int = 1
    at_most: int | None = None

    def __call__(self, canvas: Canvas) -> Canvas:
        """The resized line.

        Raises:
            ImageError: the line would have more columns than fit in memory.
        """
        aspect = canvas.width / canvas.height
        limit = int(self.height * max(aspect, self.usual / self.height))
        if self.at_most is not None:
            limit = min(limit, self.at_most)
        width = min(max(math.ceil(self.height * aspect), self.at_least), limit)
        check_width(canvas, width, self.height)
        return Stretch(self.height, width, "opencv linear")(canvas)

    @property
    def words(self) -> str:
        """What it does, for people."""
        bounds = f", at least {self.at_least} columns" if self.at_least > 1 else ""
        bounds += f", at most {self.at_most} columns" if self.at_most is not None else ""
        return f"height {self.height} keeping the aspect{bounds} (opencv linear)"


@dataclass(frozen=True)
class Narrow:
    """A width by a factor, at the same height: training squeezed lines of 280 columns into 160.

    Attributes:
        before: columns that come to ...
        after: ... this many; the width is rounded down.
    """

    before: int
    after: int

    def __call__(self, canvas: Canvas) -> Canvas:
        """The narrowed line.

        Raises:
            ImageError: no column would be left.
        """
        width = int(canvas.width / (self.before / self.after))
        if width < 1:
            raise ImageError(
                f"a line of {canvas.width} columns narrowed by {self.after}/{self.before} has none left; crop it wider"
            )
        return Stretch(canvas.height, width, "opencv cubic")(canvas)

    @property
    def words(self) -> str:
        """What it does, for people."""
        return f"width x {self.after}/{self.before} (opencv cubic)"


@dataclass(frozen=True)
class RescaleToHeight:
    """A fixed height; the width follows the aspect, rounded up, then to the nearest multiple of a divisor.

    Attributes:
        height: rows to come to.
        divisor: of the width; half a divisor goes to the even multiple.
        at_least: columns that a narrower line is stretched to.
    """

    height: int = PADDLE_HEIGHT
    divisor: int = 16
    at_least: int = 32

    def __call__(self, canvas: Canvas) -> Canvas:
        """The resized image.

        Raises:
            ImageError: the line would have too many columns.
        """
        width = max(math.ceil(self.height / canvas.height * canvas.width), self.at_least)
        width = round(width / self.divisor) * self.divisor
        check_width(canvas, width, self.height)
        return Stretch(self.height, width, "opencv linear")(canvas)

    @property
    def words(self) -> str:
        """What it does, for people."""
        return (
            f"height {self.height} and a width of the nearest multiple of {self.divisor}, "
            f"at least {self.at_least} columns (opencv linear)"
        )


@dataclass(frozen=True)
class FitInside:
    """The largest size of the same aspect inside ``height`` x ``width``, by torch's antialiased bilinear.

    Attributes:
        height: rows not to exceed.
        width: columns not to exceed; None for any number.
    """

    height: int
    width: int | None

    def __call__(self, canvas: Canvas) -> Canvas:
        """The resized line, of at least one row and one column.

        Raises:
            ImageError: the line would have more columns than fit in memory.
        """
        rows, columns = self._size(canvas.height, canvas.width)
        check_width(canvas, columns, self.height)
        whole = resized(canvas.pixels, rows, columns)
        return canvas.moved(whole, ColumnMap(canvas.width / columns), columns)

    def _size(self, height: int, width: int) -> tuple[int, int]:
        aspect = height / width
        if self.width is None or aspect > self.height / self.width:
            return self.height, max(int(self.height / aspect), 1)
        return max(int(self.width * aspect), 1), self.width

    @property
    def words(self) -> str:
        """What it does, for people."""
        bounds = "" if self.width is None else f", at most {self.width} columns"
        return f"height {self.height} keeping the aspect{bounds} (torch bilinear, antialiased)"


@dataclass(frozen=True)
class PadAround:
    """Black rows and columns up to a size, the line in the middle.

    Attributes:
        height: rows to reach.
        width: columns to reach.
    """

    height: int
    width: int

    def __call__(self, canvas: Canvas) -> Canvas:
        """The line with its border; of an odd one the larger half comes first."""
        rows, columns = self.height - canvas.height, self.width - canvas.width
        left, top = (columns + 1) // 2, (rows + 1) // 2
        return Pad(left, columns - left, top, rows - top, fill=0.0)(canvas)

    @property
    def words(self) -> str:
        """What it does, for people."""
        return f"padded around to {self.width} x {self.height} with 0"


@dataclass(frozen=True)
class PadToHeight:
    """Black rows below up to a height.

    Attributes:
        height: rows to reach.
    """

    height: int

    def __call__(self, canvas: Canvas) -> Canvas:
        """The line with its rows."""
        return Pad(bottom=self.height - canvas.height, fill=0.0)(canvas)

    @property
    def words(self) -> str:
        """What it does, for people."""
        return f"padded to {self.height} rows with 0"
