"""What a hand-held camera does to a line on paper: the paper bends, the lens blurs, the light is uneven, the sensor is noisy.

Columns of symbols are followed exactly: a position along the line moves by a function of its column alone, and by a
slant that is measured at the middle of each symbol.
"""

import cv2
import numpy as np
from jaxtyping import Float, Float32, Float64, UInt8

from gateviz.typesetting.degrade import Gray
from gateviz.typesetting.layout import SetLine

EM = 48.0
"""Rows for which the sizes of blurs and grains below are given; they grow with the line."""

STEEPEST = 0.06
"""Rows that a line rises a column at most: more needs a page's worth of straightening first."""


def photograph(
    line: SetLine, height: int, rng: np.random.Generator
) -> tuple[UInt8[np.ndarray, "{height} width"], Float64[np.ndarray, "symbols 2"]]:
    """A photograph of a line at its final height, and the left and right edge of each symbol in it.

    Args:
        line: in type, at its own size.
        height: rows of the photograph.
        rng: decides all of it.
    """
    coverage = line.coverage.astype(np.float32) / np.float32(255)
    ink, columns = _bent(coverage, line, rng) if rng.random() < 0.75 else (coverage, line.columns)
    ink = _through_lens(ink, rng)
    light = _lit(ink, rng)
    pixels = _sensed(light, height, rng)
    return pixels, columns * (pixels.shape[1] / ink.shape[1])


def _bent(
    ink: Gray, line: SetLine, rng: np.random.Generator
) -> tuple[Float32[np.ndarray, "_ _"], Float64[np.ndarray, "symbols 2"]]:
    """Seen from the side, sloping and curved: each output column looks at one input column, shifted by its row."""
    height, width = ink.shape
    far = float(rng.uniform(0.75, 1.0)) if rng.random() < 0.7 else 1.0
    near, far = (1.0, far) if rng.random() < 0.5 else (far, 1.0)
    # What is further away is smaller, along the line as across it.
    sizes = np.linspace(near, far, width)
    border = np.concatenate([[0.0], np.cumsum(sizes)])
    bent_width = max(8, round(float(border[-1])))
    along = np.arange(bent_width) + 0.5
    seen_column = np.interp(along, border, np.arange(width + 1.0))
    seen_size = np.interp(seen_column, np.arange(width) + 0.5, sizes)
    lift = _lift(bent_width, height, rng)
    room = int(np.ceil(np.abs(lift).max())) if rng.random() < 0.85 else 0
    rows = np.arange(height + 2 * room)[:, None] + 0.5 - (height / 2 + room)
    slant = float(rng.normal(0, 0.08))
    look_y = (rows - lift) / seen_size + height / 2
    look_x = seen_column + slant * (look_y - height / 2)
    # OpenCV counts from the middle of the first pixel.
    map_x, map_y = (np.asarray(at - 0.5, dtype=np.float32) for at in np.broadcast_arrays(look_x, look_y))
    seen = cv2.remap(ink, map_x, map_y, cv2.INTER_LINEAR)
    shifted = line.columns - slant * (line.middles - height / 2)[:, None]
    return np.asarray(seen, dtype=np.float32), np.interp(shifted, np.arange(width + 1.0), border)


def _lift(width: int, height: int, rng: np.random.Generator) -> Float64[np.ndarray, " width"]:
    """Rows by which the line lies lower at each column: a slope, the curve of an open book, a wave."""
    place = np.linspace(-1.0, 1.0, width)
    lift = np.zeros(width)
    if rng.random() < 0.6:
        # At most a tenth of the height from end to end, however short the line.
        steepest = min(STEEPEST, 0.2 * height / width)
        lift += float(np.clip(rng.normal(0, 0.02), -steepest, steepest)) * place * width / 2
    if rng.random() < 0.5:
        lift += float(rng.uniform(-0.12, 0.12)) * height * (place**2 - 1 / 3)
    if rng.random() < 0.25:
        lift += float(rng.uniform(0.02, 0.06)) * height * np.sin(place * rng.uniform(1, 5) + rng.uniform(0, 2 * np.pi))
    return lift


def _through_lens(ink: Gray, rng: np.random.Generator) -> Gray:
    """Out of focus, moved, or merely soft."""
    scale = len(ink) / EM
    chance = rng.random()
    if chance < 0.45:
        ink = cv2.filter2D(ink, -1, _disk(float(rng.uniform(0.5, 1.8)) * scale))
    elif chance < 0.6:
        ink = cv2.filter2D(ink, -1, _streak(float(rng.uniform(2, 5)) * scale, float(rng.uniform(0, np.pi))))
    elif chance < 0.85:
        ink = cv2.GaussianBlur(ink, (0, 0), float(rng.uniform(0.4, 1.3)) * scale)
    return np.asarray(ink, dtype=np.float32)


def _disk(radius: float) -> Float32[np.ndarray, "size size"]:
    """The image of a point out of focus."""
    reach = int(np.ceil(radius))
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disk = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1).astype(np.float32)
    return np.asarray(disk / disk.sum())


def _streak(length: float, angle: float) -> Float32[np.ndarray, "size size"]:
    """The image of a point that moved, by the share of the time it spent on each pixel."""
    reach = int(np.ceil(length / 2))
    streak = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    for step in np.linspace(-length / 2, length / 2, 4 * reach + 1):
        streak[round(reach + step * np.sin(angle)), round(reach + step * np.cos(angle))] += 1
    return np.asarray(streak / streak.sum())


def _lit(ink: Gray, rng: np.random.Generator) -> Gray:
    """Gray levels of ink on paper under an uneven light, with a shadow's edge and the paper's grain, not yet cut off."""
    height, width = ink.shape
    paper = float(rng.uniform(110, 245))
    dark = max(min(float(rng.uniform(5, 120)), paper - float(rng.uniform(60, 110))), 0.0)
    if rng.random() < 0.12:
        paper, dark = dark, paper
    image = paper + (dark - paper) * ink
    if rng.random() < 0.1:
        behind = cv2.GaussianBlur(np.roll(ink[:, ::-1], int(rng.integers(width)), axis=1), (0, 0), 1.5 * height / EM)
        image = image + (dark - paper) * float(rng.uniform(0.05, 0.18)) * behind
    if rng.random() < 0.7:
        image = image * _smooth(height, width, (2, int(rng.integers(2, 7))), rng, (float(rng.uniform(0.55, 0.9)), 1.1))
    if rng.random() < 0.4:
        image = image * (1 - float(rng.uniform(0.15, 0.5)) * _shadow(height, width, rng))
    if rng.random() < 0.4:
        grain = float(rng.uniform(1, 6)) * height / EM
        cells = max(2, round(height / grain)), max(2, round(width / grain))
        image = image + _smooth(height, width, cells, rng, (-1.0, 1.0)) * float(rng.uniform(1, 14))
    return np.asarray(image, dtype=np.float32)


def _smooth(
    height: int, width: int, cells: tuple[int, int], rng: np.random.Generator, ends: tuple[float, float]
) -> Gray:
    """Numbers between two ends that change slowly: a few random ones with a smooth surface through them."""
    few = rng.uniform(*ends, cells).astype(np.float32)
    return np.asarray(cv2.resize(few, (width, height), interpolation=cv2.INTER_CUBIC), dtype=np.float32)


def _shadow(height: int, width: int, rng: np.random.Generator) -> Float[np.ndarray, "height width"]:
    """1 in a shadow, 0 outside, with a slanted edge of some softness."""
    x, y = np.arange(width, dtype=np.float32)[None], np.arange(height, dtype=np.float32)[:, None] - height / 2
    softness = float(rng.uniform(1, 50)) * height / EM
    side = 1 if rng.random() < 0.5 else -1
    distance = side * (x - float(rng.uniform(0, width)) + y * np.tan(float(rng.uniform(-1.2, 1.2))))
    return np.asarray(1 / (1 + np.exp(-np.clip(4 * distance / softness, -30, 30))))


def _sensed(light: Gray, height: int, rng: np.random.Generator) -> UInt8[np.ndarray, "_ _"]:
    """The photograph at its final height: sampled, often at fewer rows, with shot noise, contrast and a JPEG's blocks."""
    rows = height if rng.random() < 0.55 else int(rng.integers(height // 2, height))
    sampled = cv2.resize(light, _size(light, rows), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.75:
        # Photons: the noise grows with the root of the light.
        strength = float(rng.uniform(1, 12)) * np.sqrt(np.clip(sampled, 20, 255) / 160)
        sampled = sampled + strength * rng.standard_normal(sampled.shape, dtype=np.float32)
    if rng.random() < 0.2:
        sampled = (sampled - 128) * float(rng.uniform(1.1, 1.5)) + 128 + float(rng.uniform(-10, 40))
    pixels = np.clip(sampled, 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        _, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 92))])
        pixels = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)
    size = _size(light, height)
    if pixels.shape != size[::-1]:
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)
    return pixels


def _size(light: Gray, rows: int) -> tuple[int, int]:
    """Columns and rows at a height."""
    height, width = light.shape
    return max(8, round(width * rows / height)), rows
