"""From the user's line image to what Tesseract gives its network.

The image is scaled to the network's height, turned gray, and stretched so that its ink is about -1
and its paper about 1: the black point is the lower quartile of the local minima of the middle pixel
row, the white point the upper quartile of the local maxima. For int8 networks the result is rounded.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64, UInt8

from gateviz.adapters.tesseract.scaling import scale_to_height
from gateviz.errors import ImageError
from gateviz.lines.recognizer import PreparedLine

TALLEST_FREE = 48
"""Height to which taller images are scaled for networks that take any height."""
WIDEST = 65_536
"""Columns beyond which a network input is refused: no line of text is that long."""

_LUMINANCE = np.array([0.3, 0.5, 0.2], np.float32)


@dataclass(frozen=True)
class TesseractPreprocess:
    """How one network's lines are prepared.

    Attributes:
        height: of the network's input; 0 takes images as they are, up to 48 rows.
        color: True for a network of three input channels, whose values are not stretched.
        int8: True to round to 127ths.
        narrowest: columns that a network input must have.
    """

    height: int
    color: bool = False
    int8: bool = False
    narrowest: int = 1

    @property
    def words(self) -> str:
        """What is done, for people."""
        height = f"height {self.height}" if self.height else f"height up to {TALLEST_FREE}"
        stretch = "color" if self.color else "gray, black and white points from the middle row"
        return f"{height} by Leptonica's scaling, {stretch}{', rounded to int8' if self.int8 else ''}"

    def __call__(self, image: UInt8[np.ndarray, "height width *channels"], *, inverted: bool = False) -> PreparedLine:
        """The network's input; ``inverted`` takes the negative of the image.

        Raises:
            ImageError: the image is too small or too long for the network.
        """
        rows, columns = image.shape[:2]
        height = self.height or min(rows, TALLEST_FREE)
        if columns * height / rows > WIDEST:
            raise ImageError(
                f"an image of {columns} x {rows} pixels is {columns * height / rows:.0f} columns wide at height {height}, "
                f"more than {WIDEST}; cut it into lines"
            )
        channels = image[None] if image.ndim == 2 else np.ascontiguousarray(np.moveaxis(image, 2, 0))
        scaled = scale_to_height(channels, height)
        pixels = scaled.pixels
        if pixels.shape[2] < self.narrowest:
            raise ImageError(
                f"an image of {columns} x {rows} pixels is {pixels.shape[2]} columns wide at height {height}; "
                f"the network needs at least {self.narrowest}"
            )
        if inverted:
            pixels = 255 - pixels
        if self.color:
            values = _stretched(np.broadcast_to(pixels, (3, *pixels.shape[1:])), np.float32(0), np.float32(255))
        else:
            gray = pixels[0] if len(pixels) == 1 else _luminance(pixels)
            black, white = black_and_white(gray)
            values = _stretched(gray[None], black, white)
        if self.int8:
            values = _rounded(values)
        return PreparedLine(values, scaled.to_source, columns, values.shape[2])


def _luminance(rgb: UInt8[np.ndarray, "3 height width"]) -> UInt8[np.ndarray, "height width"]:
    wide = rgb.astype(np.float32)
    luminance = _LUMINANCE[0] * wide[0] + _LUMINANCE[1] * wide[1] + _LUMINANCE[2] * wide[2]
    gray: UInt8[np.ndarray, "height width"] = (luminance.astype(np.float64) + 0.5).astype(np.uint8)
    return gray


def _stretched(
    pixels: UInt8[np.ndarray, "channels height width"], black: np.float32, white: np.float32
) -> Float32[np.ndarray, "channels height width"]:
    contrast = (white - black) / np.float32(2)
    if contrast <= 0:
        contrast = np.float32(1)
    return (pixels.astype(np.float32) - black) / contrast - np.float32(1)


def _rounded(values: Float32[np.ndarray, "channels height width"]) -> Float32[np.ndarray, "channels height width"]:
    """Steps of 1/127: Tesseract scales by 128 here, rounds halves away from zero and cuts at 127."""
    steps = values * np.float32(128)
    steps = np.trunc(steps + np.copysign(np.float32(0.5), steps))
    return np.clip(steps, -127, 127) / np.float32(127)


def black_and_white(gray: UInt8[np.ndarray, "height width"]) -> tuple[np.float32, np.float32]:
    """The black and the white point of a line of text: quartiles of the extremes of its middle row."""
    row = gray[gray.shape[0] // 2].astype(np.int64)
    before, here, after = row[:-2], row[1:-1], row[2:]
    lows = here[((here < before) & (here <= after)) | ((here <= before) & (here < after))]
    highs = here[((here > before) & (here >= after)) | ((here >= before) & (here > after))]
    black = _quantile(lows if len(lows) else np.zeros(1, np.int64), 0.25)
    white = _quantile(highs if len(highs) else np.full(1, 255), 0.75)
    return np.float32(black), np.float32(white)


def _quantile(levels: Int64[np.ndarray, " n"], share: float) -> float:
    """The level below which a share of the levels lies, each level spread evenly over [level, level + 1)."""
    counts = np.bincount(levels, minlength=256)
    target = min(max(share * len(levels), 1.0), float(len(levels)))
    totals = np.cumsum(counts)
    level = int(np.searchsorted(totals, target))
    return level + 1 - (float(totals[level]) - target) / float(counts[level])
