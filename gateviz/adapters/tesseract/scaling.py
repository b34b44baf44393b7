"""The image scaling that Tesseract's lines go through, and where the columns come to lie.

Tesseract scales with Leptonica's ``pixScale``: below a factor of 0.7 every new pixel is the mean of
the area it covers, from 0.7 on it is interpolated between four pixels; then the image is sharpened
unless it grew or shrank a lot.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from gateviz.adapters.tesseract.resampling import Gray, area_means, box_means, halved, interpolated, sharpened
from gateviz.data.frames import ColumnMap
from gateviz.errors import ImageError

INTERPOLATED_FROM = 0.7
"""Factors from here on are interpolated, smaller ones averaged."""
WHOLE_PIXELS_BELOW = 0.02
"""Factors below this are averaged over whole pixels."""

_SHARPENED_ABOVE, _SHARPENED_BELOW = 0.2, 1.4
_HALVINGS = {0.5: 1, 0.25: 2, 0.125: 3, 0.0625: 4}


@dataclass(frozen=True)
class ScaledLine:
    """An image and where its columns come from.

    Attributes:
        pixels: the scaled channels.
        to_source: from its columns to columns of the image before.
    """

    pixels: UInt8[np.ndarray, "channels height width"]
    to_source: ColumnMap


def scale_to_height(channels: UInt8[np.ndarray, "channels _ _"], height: int) -> ScaledLine:
    """The image at another height, its width in proportion.

    Raises:
        ImageError: it is so narrow that no column is left.
    """
    rows, columns = channels.shape[1:]
    # Single precision, but compared in double precision: 0.2 in single precision is more than 0.2.
    factor = float(np.float32(height) / np.float32(rows))
    if factor == 1:
        return ScaledLine(channels, ColumnMap())
    halvings = _HALVINGS.get(factor, 0)
    width = columns >> halvings if halvings else int(float(np.float32(factor) * np.float32(columns)) + 0.5)
    if width < 1:
        raise ImageError(
            f"an image of {columns} x {rows} pixels is {columns * height / rows:.2f} columns wide at height {height}; "
            "it is too narrow for a line of text"
        )
    scaled = np.stack([_scaled(channel, factor, height, width, halvings) for channel in channels])
    if halvings:
        return ScaledLine(scaled, ColumnMap(float(1 << halvings)))
    step = columns / width
    # An interpolated pixel is what lies at its upper left corner, in columns of pixel centers.
    return ScaledLine(scaled, ColumnMap(step, 0.5 - 0.5 * step if factor >= INTERPOLATED_FROM else 0.0))


def _scaled(gray: Gray, factor: float, height: int, width: int, halvings: int) -> Gray:
    if factor >= INTERPOLATED_FROM:
        # Doubling and quadrupling cut where the general case rounds.
        scaled = interpolated(gray, height, width, rounding=0 if factor in (2, 4) else 128)
        return sharpened(scaled, 2, 0.4) if factor < _SHARPENED_BELOW else scaled
    if halvings:
        scaled = gray
        for _ in range(halvings):
            scaled = halved(scaled)
    elif factor < WHOLE_PIXELS_BELOW:
        scaled = box_means(gray, factor, height, width)
    else:
        scaled = area_means(gray, height, width)
    return sharpened(scaled, 1, 0.2) if factor > _SHARPENED_ABOVE else scaled
