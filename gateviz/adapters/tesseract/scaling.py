"""The image scaling that Tesseract's lines go through, and where the columns come to lie.

Tesseract scales with Leptonica's ``pixScale``: below a factor of 0.7 every new pixel is the mean of
the area it covers, from 0.7 on it is interpolated between four pixels; then the image is sharpened
unless it grew or shrank a lot. Positions are kept in sixteenths of a pixel, in single precision, and cut,
not rounded.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64, UInt8

from gateviz.data.frames import ColumnMap
from gateviz.errors import ImageError

Gray = UInt8[np.ndarray, "_ _"]
Wide = Int64[np.ndarray, "_ _"]
Positions = Int64[np.ndarray, " n"]

LARGEST_BOX = 10_000


def _step(size: int, scaled_size: int, units: int) -> np.float32:
    return np.float32(units) * np.float32(size) / np.float32(scaled_size)


def interpolated(gray: Gray, height: int, width: int, *, rounding: int = 128) -> Gray:
    """Every new pixel between four old ones; ``rounding`` is what is added before 256ths are cut off."""
    top, bottom, down = _taps(gray.shape[0], height)
    left, right, across = _taps(gray.shape[1], width)
    wide: Wide = gray.astype(np.int64)
    rows: Wide = wide[top] * (16 - down)[:, None] + wide[bottom] * down[:, None]
    mixed: Wide = rows[:, left] * (16 - across) + rows[:, right] * across
    result: Gray = ((mixed + rounding) >> 8).astype(np.uint8)
    return result


def _taps(size: int, scaled_size: int) -> tuple[Positions, Positions, Positions]:
    """The first pixel, the one after it, and the sixteenths by which the second counts."""
    at: Positions = (_step(size, scaled_size, 16) * np.arange(scaled_size, dtype=np.float32)).astype(np.int64)
    return at >> 4, np.minimum((at >> 4) + 1, size - 1), at & 15


def area_means(gray: Gray, height: int, width: int) -> Gray:
    """Every new pixel the mean of the area it covers."""
    top, bottom = _borders(gray.shape[0], height)
    left, right = _borders(gray.shape[1], width)
    sums = _sums_over(_sums_over(gray.astype(np.int64), top, bottom).T, left, right).T
    means: Wide = (sums + 128) // ((bottom - top)[:, None] * (right - left))
    # Areas that reach the last row or column are not averaged: they are their upper left pixel.
    edge = (bottom >> 4 > gray.shape[0] - 2)[:, None] | (right >> 4 > gray.shape[1] - 2)
    result: Gray = np.where(edge, gray[top >> 4][:, left >> 4], means).astype(np.uint8)
    return result


def _borders(size: int, scaled_size: int) -> tuple[Positions, Positions]:
    """Where each new pixel begins and ends, in sixteenths; the ends are computed in double precision."""
    step = _step(size, scaled_size, 16)
    index = np.arange(scaled_size)
    start: Positions = (step * index.astype(np.float32)).astype(np.int64)
    stop: Positions = (np.float64(step) * (index + 1.0)).astype(np.int64)
    return start, stop


def _sums_over(values: Wide, start: Positions, stop: Positions) -> Wide:
    """16 x the sums of the rows from ``start`` to ``stop``, which are in sixteenths of a row."""
    before: Wide = np.cumsum(values, 0) - values

    def up_to(at: Positions) -> Wide:
        row = np.minimum(at >> 4, len(values) - 1)
        result: Wide = 16 * before[row] + (at - 16 * row)[:, None] * values[row]
        return result

    sums: Wide = up_to(stop) - up_to(start)
    return sums


def halved(gray: Gray) -> Gray:
    """Every new pixel the mean of four; an odd row or column is dropped."""
    wide = gray[: gray.shape[0] // 2 * 2, : gray.shape[1] // 2 * 2].astype(np.int64)
    result: Gray = ((wide[::2, ::2] + wide[::2, 1::2] + wide[1::2, ::2] + wide[1::2, 1::2]) >> 2).astype(np.uint8)
    return result


def box_means(gray: Gray, factor: float, height: int, width: int) -> Gray:
    """Every new pixel the mean of a square of whole pixels.

    Raises:
        ImageError: the image is smaller than such a square.
    """
    size = min(LARGEST_BOX, max(2, int(float(np.float32(1) / np.float32(factor)) + 0.5)))
    if min(gray.shape) < size:
        raise ImageError(
            f"an image of {gray.shape[1]} x {gray.shape[0]} pixels is too narrow for its height to be a line of text"
        )
    top, left = _starts(gray.shape[0], height, size), _starts(gray.shape[1], width, size)
    sums = np.pad(gray.astype(np.int64).cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    lower, upper = sums[top + size], sums[top]
    boxes = lower[:, left + size] - lower[:, left] - upper[:, left + size] + upper[:, left]
    norm = np.float32(1) / np.float32(size * size)
    result: Gray = (boxes.astype(np.float32) * norm).astype(np.uint8)
    return result


def _starts(length: int, scaled_length: int, size: int) -> Positions:
    step = _step(length, scaled_length, 1)
    starts: Positions = (step * np.arange(scaled_length, dtype=np.float32)).astype(np.int64)
    cut: Positions = np.minimum(starts, length - size)
    return cut


def sharpened(gray: Gray, half: int, share: float) -> Gray:
    """Unsharp masking by the mean of a square of 2 ``half`` + 1 pixels; the border stays as it is."""
    height, width = gray.shape
    size = 2 * half + 1
    if height < size or width < size:
        return gray
    wide: Float32[np.ndarray, "_ _"] = gray.astype(np.float32)
    # Sums of bytes are exact in single precision, whatever their order.
    along = np.sum([wide[:, at : width - size + 1 + at] for at in range(size)], 0)
    sums = np.sum([along[at : height - size + 1 + at] for at in range(size)], 0)
    low = np.float32(1) / np.float32(size * size) * sums
    inner = wide[half : height - half, half : width - half]
    sharp = np.trunc((inner + np.float32(share) * (inner - low)).astype(np.float64) + 0.5)
    result: Gray = gray.copy()
    result[half : height - half, half : width - half] = np.clip(sharp, 0, 255)
    return result


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
