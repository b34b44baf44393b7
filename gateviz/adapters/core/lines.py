"""Ways to bring a line to a network's size that more than one lineage has."""

import math
from dataclasses import dataclass

from gateviz.errors import ImageError
from gateviz.geometry.canvas import Canvas
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
