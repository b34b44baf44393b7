"""How EasyOCR brings a line to size, and its second look at pale ones."""

import math
from dataclasses import dataclass

import numpy as np

from gateviz.geometry.canvas import Canvas, PadToWidth
from gateviz.geometry.line_sizes import check_width
from gateviz.geometry.preprocess import ResizeToHeight, Stretch

EASYOCR_HEIGHT = 64
EASYOCR_CONTRAST = 0.5
_GRAY_LEVELS = 200.0
_DARKEST = 25.0
_LEAST = 10.0


@dataclass(frozen=True)
class RaiseContrast:
    """EasyOCR's second look: gray levels spread where the line is pale.

    Contrast is (p90 - p10) / (p90 + p10), by percentiles of the gray levels.

    Attributes:
        target: contrast below which a line is changed.
    """

    target: float = EASYOCR_CONTRAST

    def __call__(self, canvas: Canvas) -> Canvas:
        """The levels x at (x - p10 + 25) * 200 / (p90 - p10); the line as it is where it has contrast enough."""
        high, low = np.percentile(canvas.pixels, 90), np.percentile(canvas.pixels, 10)
        if (high - low) / np.maximum(_LEAST, high + low) >= self.target:
            return canvas
        spread = (canvas.pixels.astype(int) - low + _DARKEST) * (_GRAY_LEVELS / np.maximum(_LEAST, high - low))
        return canvas.redrawn(np.clip(spread, 0, 255).astype(np.uint8))

    @property
    def words(self) -> str:
        """What it does, for people."""
        return f"contrast raised where below {self.target:g}"


@dataclass(frozen=True)
class EasyOcrLine:
    """EasyOCR's resize: the height fixed, the aspect kept and rounded down, whole squares of columns.

    It resizes by OpenCV's linear interpolation (a name of Pillow's for Lanczos is handed to OpenCV, where
    the number behind it means linear). A line higher than wide first comes to one square's width.

    Attributes:
        height: rows to come to.
        contrast: whether this is the second look, with ``RaiseContrast``.
    """

    height: int = EASYOCR_HEIGHT
    contrast: bool = False

    def __call__(self, canvas: Canvas) -> Canvas:
        """The line at its size, its last column repeated up to the next square.

        Raises:
            ImageError: the line would have too many columns.
        """
        aspect = canvas.width / canvas.height
        tall = aspect < 1.0
        aspect = 1.0 / aspect if tall else aspect
        columns = math.ceil(aspect) * self.height
        check_width(canvas, columns, self.height)
        long, short = int(self.height * aspect), self.height
        canvas = Stretch(*((long, short) if tall else (short, long)), "opencv linear")(canvas)
        if self.contrast:
            canvas = RaiseContrast()(canvas)
        if tall:
            canvas = ResizeToHeight(self.height, "pillow bicubic")(canvas)
        return PadToWidth(columns, "edge")(canvas)

    @property
    def words(self) -> str:
        """What it does, for people."""
        contrast = f", {RaiseContrast().words}" if self.contrast else ""
        return (
            f"height {self.height} keeping the aspect (opencv linear){contrast}, "
            f"padded to the next {self.height} columns with the border repeated"
        )
