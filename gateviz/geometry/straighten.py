"""How kraken prepares a line: straightened by its ink or at its own aspect, light on dark.

Lines cut along a baseline are resized; those cut out as boxes are first straightened: every column moves up or down so that
the middle of its ink comes to the middle row, and the rows are cut to four times the mean distance of the ink from it
(``CenterNormalizer`` in ``kraken/lib/lineest.py``, of ocropy).
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int, UInt8

from gateviz.data.frames import ColumnMap
from gateviz.geometry.canvas import Canvas
from gateviz.geometry.line_sizes import check_width
from gateviz.geometry.preprocess import Stretch

_INK_RANGE = 4
_ALONG, _SMOOTHER = 1.0, 0.3
"""Widths of the Gaussians along the line, in line heights: over the ink, and over its middle."""


@dataclass(frozen=True)
class ToHeight:
    """A fixed height; the width follows the aspect, rounded down.

    Attributes:
        height: rows to come to.
    """

    height: int

    def __call__(self, canvas: Canvas) -> Canvas:
        """The resized image.

        Raises:
            ImageError: the line would have no column, or too many.
        """
        width = int(canvas.width * self.height / canvas.height)
        check_width(canvas, width, self.height)
        return Stretch(self.height, width, "pillow lanczos")(canvas)

    @property
    def words(self) -> str:
        """What it does, for people."""
        return f"height {self.height} keeping the aspect (pillow lanczos)"


@dataclass(frozen=True)
class Straighten:
    """A line brought level and to a fixed height by where its ink lies.

    Attributes:
        height: rows to come to.
    """

    height: int

    def __call__(self, canvas: Canvas) -> Canvas:
        """The straightened image; a line without ink has nothing to straighten, and is resized.

        Raises:
            ImageError: the line would have no column, or too many.
        """
        # scipy's filters take a quarter of a second to import, and every file of tensors is shown to this lineage.
        from scipy.ndimage import affine_transform

        gray: UInt8[np.ndarray, "_ _"] = canvas.pixels
        ink: Float64[np.ndarray, "_ _"] = np.max(gray) - gray.astype(np.float64)
        if not ink.any():
            return ToHeight(self.height)(canvas)
        ink /= ink.max()
        center = _center(ink)
        rows = np.arange(len(ink))[:, None]
        distance = np.abs(rows - center)[ink != 0].mean()
        reach = int(1 + _INK_RANGE * distance)
        paper = float(gray.max())
        tall = np.pad(gray.astype(np.float64), ((len(ink), len(ink)), (0, 0)), constant_values=paper)
        taken = center + len(ink) + np.arange(-reach, reach)[:, None]
        # A row above the first of the padded image is counted from its end.
        level = tall[taken, np.arange(tall.shape[1])].astype(np.float32)
        scale = self.height / len(level)
        width = int(scale * canvas.width)
        check_width(canvas, width, self.height)
        scaled = affine_transform(
            1.0 * level,
            np.ones(2) / scale,
            order=1,
            output_shape=(self.height, width),
            mode="constant",
            cval=paper,
        ).astype(np.float32)
        pixels = np.clip(scaled, 0, 255).astype(np.uint8)
        # Centers of pixels are scaled, not their borders.
        to_this = ColumnMap(1 / scale, 0.5 - 0.5 / scale)
        return canvas.moved(pixels, to_this, min(width, int(np.ceil(canvas.content_width * scale))))

    @property
    def words(self) -> str:
        """What it does, for people."""
        return f"straightened by its ink to height {self.height} (kraken's center line, scipy linear)"


def _center(ink: Float64[np.ndarray, "rows columns"]) -> Int[np.ndarray, " columns"]:
    """The row of every column's middle, smoothed along the line."""
    from scipy.ndimage import gaussian_filter, uniform_filter

    height, width = ink.shape
    smooth = gaussian_filter(ink, (height * 0.5, height * _ALONG), mode="constant")
    # Far from any ink the middle of the whole line's decides.
    smooth += 0.001 * uniform_filter(smooth, (height * 0.5, width), mode="constant")
    rows: Int[np.ndarray, " columns"] = gaussian_filter(np.argmax(smooth, axis=0), height * _SMOOTHER)
    return rows


@dataclass(frozen=True)
class FromBrightest:
    """Light on dark between 0 and 1: the brightest pixel of the line less each, over 255, in float32."""

    def __call__(self, canvas: Canvas) -> Canvas:
        """The numbers for the network."""
        unit = canvas.pixels.astype(np.float32) / np.float32(255)
        return canvas.redrawn(unit.max() - unit)

    @property
    def words(self) -> str:
        """What it does, for people."""
        return "(brightest - x)/255"


@dataclass(frozen=True)
class RowsAsFeatures:
    """One row whose channels are the rows of the image."""

    def __call__(self, canvas: Canvas) -> Canvas:
        """The image of height 1."""
        return canvas.redrawn(np.ascontiguousarray(canvas.pixels.T)[None])

    @property
    def words(self) -> str:
        """What it does, for people."""
        return "rows as channels"
