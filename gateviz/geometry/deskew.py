"""How much a line of text slants, and the vertical shear that brings it level.

The slant is found by projection: at the right slope the ink falls into the fewest rows, so the sum
of the squares of the ink in each row is largest (the profile criterion of Postl, US patent 4,723,297).
"""

import numpy as np
from jaxtyping import Bool, Float64, UInt8

from gateviz.errors import ImageError

COARSE_STEP = np.tan(np.radians(0.25))
FINE_STEP = np.tan(np.radians(0.02))
MOST_POINTS = 100_000
LEAST_RISE = 1 / 16
"""Of the height of the ink: a line that rises by less from end to end is left as it is. The estimate is off by
0.2 degrees on average, and what is gained by leveling less cannot be measured (``benchmarks/deskew.py``)."""
MOST_PIXELS = 2**25


def estimate_slope(pixels: UInt8[np.ndarray, "height width *channels"], limit: float) -> float:
    """How many rows the line falls a column; 0 for an image without ink.

    Args:
        pixels: dark on light or light on dark.
        limit: largest slope looked for, either way.
    """
    rows, columns = np.nonzero(_ink(pixels))
    if not len(rows):
        return 0.0
    stride = -(-len(rows) // MOST_POINTS)
    height, across = rows[::stride].astype(np.float64), columns[::stride] + 0.5
    steps = int(np.ceil(limit / COARSE_STEP))
    coarse = _best_slope(height, across, np.clip(COARSE_STEP * np.arange(-steps, steps + 1), -limit, limit))
    steps = int(np.ceil(COARSE_STEP / FINE_STEP))
    return _best_slope(height, across, np.clip(coarse + FINE_STEP * np.arange(-steps, steps + 1), -limit, limit))


def rise_share(pixels: UInt8[np.ndarray, "height width *channels"], slope: float) -> float:
    """How far a line of that slope rises or falls from its first ink to its last, for one of the height of its ink."""
    rows, columns = np.nonzero(_ink(pixels))
    if not len(rows):
        return 0.0
    return float(abs(slope) * np.ptp(columns) / (np.ptp(rows) + 1))


def shear_columns(
    pixels: UInt8[np.ndarray, "height width *channels"], slope: float
) -> UInt8[np.ndarray, "level_height width *channels"]:
    """The image with column c moved up by ``slope * (c + 1/2 - W/2)`` rows, linearly interpolated.

    Kept are the rows that the image fills in every column, and the rows beyond them that hold ink;
    what lies outside the image takes the image's median color.

    Raises:
        ImageError: the sheared image would be too large.
    """
    height, width = pixels.shape[:2]
    shift = slope * (np.arange(width) + 0.5 - width / 2)
    reach = abs(slope) * (width - 1) / 2
    rows, columns = np.nonzero(_ink(pixels))
    level = rows - shift[columns] if len(rows) else np.array([height / 2])
    top = int(np.floor(min(reach, level.min())))
    bottom = int(np.ceil(max(height - 1 - reach, level.max()))) + 1
    if (bottom - top) * width > MOST_PIXELS:
        raise ImageError(
            f"leveling an image of {width} x {height} pixels by {np.degrees(np.arctan(slope)):.2f} degrees takes "
            f"{bottom - top} rows, more than {MOST_PIXELS} pixels in all; deskew a shorter line, or not at all"
        )
    position = np.arange(top, bottom)[:, None] + shift
    above = np.floor(position).astype(np.int64)
    share = position - above
    background = np.asarray(np.median(pixels, axis=(0, 1)))
    if pixels.ndim == 3:
        share = share[:, :, None]
    blend = (1 - share) * _rows(pixels, above, background) + share * _rows(pixels, above + 1, background)
    return np.asarray(np.rint(blend), np.uint8)


def _ink(pixels: UInt8[np.ndarray, "height width *channels"]) -> Bool[np.ndarray, "height width"]:
    """Where the image is further from its median than half of the farthest pixel."""
    gray = pixels if pixels.ndim == 2 else pixels.mean(axis=2)
    contrast = np.abs(gray - np.median(gray))
    return np.asarray(contrast > contrast.max() / 2)


def _best_slope(
    rows: Float64[np.ndarray, " n"], columns: Float64[np.ndarray, " n"], slopes: Float64[np.ndarray, " k"]
) -> float:
    """The slope whose row profile is sharpest; of equals the one nearest to level."""
    scores = []
    for slope in slopes:
        level = rows - slope * columns
        profile = np.bincount(np.rint(level - level.min()).astype(np.int64))
        scores.append(float(np.square(profile, dtype=np.float64).sum()))
    best = np.flatnonzero(np.array(scores) == max(scores))
    return float(min(slopes[best], key=abs))


def _rows(pixels: np.ndarray, rows: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Each column's pixels at its own rows; the background outside the image."""
    inside = (rows >= 0) & (rows < len(pixels))
    values = pixels[np.clip(rows, 0, len(pixels) - 1), np.arange(pixels.shape[1])]
    return np.where(inside if pixels.ndim == 2 else inside[:, :, None], values, background)
