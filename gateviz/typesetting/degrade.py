"""What paper, ink, screens, scanners and cameras do to a line of type."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from jaxtyping import Float32, Float64, UInt8

from gateviz.typesetting.layout import SetLine

HARDNESS = ("clean", "mixed", "noisy", "touching", "photo")
BANK = (512, 4096)
SMALLEST_CONTRAST = 35.0
# Shares of the lines that are clean, light and strong, of each hardness.
_LEVELS = {"clean": (1.0, 0.0), "mixed": (0.3, 0.52), "touching": (0.3, 0.52), "noisy": (0.0, 0.0), "photo": (0.0, 0.0)}

Gray = Float32[np.ndarray, "height width"]


@dataclass(frozen=True)
class Warped:
    """A line at its final height.

    Attributes:
        ink: 0 to 1.
        columns: left and right edge of each symbol.
    """

    ink: Gray
    columns: Float64[np.ndarray, "symbols 2"]


def draw_level(hardness: str, rng: np.random.Generator) -> int:
    """How hard one line is: 0 clean, 1 light, 2 strong."""
    clean, light = _LEVELS[hardness]
    chance = rng.random()
    return 0 if chance < clean else 1 if chance < clean + light else 2


def add_strokes(line: SetLine, rng: np.random.Generator) -> None:
    """Underlines, rules, and the edges of the lines above and below, drawn into the coverage."""
    coverage, size = line.coverage, line.size
    height, width = coverage.shape
    if rng.random() < 0.06:
        row = min(height - 1, line.baseline + max(1, size // 10))
        coverage[row : row + max(1, size // 16)] = 255
    if rng.random() < 0.02:
        column = int(rng.integers(width))
        coverage[:, column : column + max(1, size // 20)] = 255
    if rng.random() < 0.1:
        rows = min(height // 6, max(1, size // 6))
        other = np.roll(coverage, int(rng.integers(width)), axis=1)
        if rng.random() < 0.5:
            start = max(0, height - rows - size // 4)
            place = coverage[:rows]
            np.maximum(place, other[start : start + rows], out=place)
        else:
            place = coverage[-rows:]
            np.maximum(place, other[size // 5 : size // 5 + rows], out=place)


def add_specks(line: SetLine, rng: np.random.Generator) -> None:
    """Dots of dirt, drawn into the coverage; none is larger than a full stop."""
    height, width = line.coverage.shape
    for _ in range(int(rng.integers(1, 12))):
        radius = int(rng.integers(0, max(line.size // 14, 1) + 1))
        place = int(rng.integers(width)), int(rng.integers(height))
        cv2.circle(line.coverage, place, radius, int(rng.integers(90, 256)), thickness=-1)


def warp(line: SetLine, height: int, level: int, rng: np.random.Generator) -> Warped:
    """The line at its final height: scaled, and where it is not clean, turned, slanted or waved.

    Turning moves rows only and slanting shifts columns by their row, so the edges of a symbol are
    those of its middle row.
    """
    rows, columns = line.coverage.shape
    scale = height / rows
    stretch = scale * float(rng.uniform(0.8, 1.25) if level else rng.uniform(0.95, 1.05))
    width = max(8, round(columns * stretch))
    if not level or rng.random() > 0.35:
        ways = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR if rng.random() < 0.7 else cv2.INTER_CUBIC
        ink = cv2.resize(line.coverage, (width, height), interpolation=ways)
        return Warped(_unit(ink), line.columns * (width / columns))
    steepest = 4.0 / max(width, 1)
    turn = float(np.clip(rng.normal(0, 0.015 * level), -steepest, steepest))
    slant = float(rng.normal(0, 0.06))
    matrix = np.array([[stretch, -slant * scale, slant * height / 2], [turn * stretch, scale, -turn * width / 2]])
    source = line.coverage
    if scale < 0.6:
        source = cv2.GaussianBlur(source, (0, 0), 0.35 / scale)
    ink = cv2.warpAffine(source, matrix, (width, height), flags=cv2.INTER_LINEAR)
    shift = slant * (height / 2 - line.middles * scale)
    if rng.random() < 0.25:
        ink = _waved(ink, rng)
    return Warped(_unit(ink), line.columns * stretch + shift[:, None])


def _unit(ink: UInt8[np.ndarray, "height width"]) -> Gray:
    return ink.astype(np.float32) * np.float32(1 / 255)


def _waved(ink: UInt8[np.ndarray, "height width"], rng: np.random.Generator) -> UInt8[np.ndarray, "height width"]:
    """Rows moved up and down along the line, as on paper that is not flat."""
    height, width = ink.shape
    x = np.arange(width, dtype=np.float32)
    lift = (
        rng.uniform(0.02, 0.06) * height * np.sin(x * rng.uniform(1, 6) / max(width, 100) * 6.3 + rng.uniform(0, 6.3))
    )
    map_x = np.broadcast_to(x, (height, width))
    map_y = np.arange(height, dtype=np.float32)[:, None] + lift.astype(np.float32)
    return cv2.remap(ink, np.ascontiguousarray(map_x), np.ascontiguousarray(map_y), cv2.INTER_LINEAR).astype(np.uint8)


def soften(ink: Gray, level: int, rng: np.random.Generator) -> Gray:
    """Blur, spread or thinned ink, a camera's motion, a scan at too few pixels."""
    if not level:
        return ink
    chance = rng.random()
    if chance < 0.3:
        ink = cv2.GaussianBlur(ink, (0, 0), float(rng.uniform(0.3, 0.6 + 0.35 * level)))
    elif chance < 0.35:
        length = int(rng.integers(2, 3 + 2 * level))
        ink = cv2.blur(ink, (length, 1))
    elif chance < 0.45:
        height, width = ink.shape
        share = float(rng.uniform(0.45, 0.8))
        small = cv2.resize(ink, (max(4, int(width * share)), max(8, int(height * share))), interpolation=cv2.INTER_AREA)
        ink = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.15:
        strength = float(rng.uniform(1.2, 1.8))
        ink = np.asarray(ink * strength if rng.random() < 0.5 else ink**strength)
    # Filters overshoot by a rounding error.
    within: Gray = np.clip(ink, 0, 1).astype(np.float32)
    return within


def print_on_paper(ink: Gray, level: int, rng: np.random.Generator) -> UInt8[np.ndarray, "height width"]:
    """Gray levels of ink on paper, with the paper's texture, the light, noise, and a JPEG's blocks."""
    paper, dark = _levels(level, rng)
    image = paper + (dark - paper) * ink
    height, width = image.shape
    if level:
        if rng.random() < 0.4:
            texture = _textures()[int(rng.integers(len(_textures())))]
            image = image + _crop(texture, height, width, rng) * float(rng.uniform(1, 9 if level == 1 else 16))
        if rng.random() < 0.2:
            image = image + np.linspace(-1, 1, width, dtype=np.float32) * float(rng.uniform(-30, 30))
        if rng.random() < 0.5:
            image = image + _crop(_noise(), height, width, rng) * float(rng.uniform(1, 8 if level == 1 else 22))
    pixels = np.clip(image, 0, 255).astype(np.uint8)
    if level and rng.random() < 0.25:
        quality = int(rng.integers(45 if level == 1 else 25, 95))
        _, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
        pixels = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)
    return pixels


def _levels(level: int, rng: np.random.Generator) -> tuple[float, float]:
    """Gray levels of paper and ink; some lines are faint, some light on dark."""
    if level:
        paper, dark = float(rng.uniform(150, 255)), float(rng.uniform(0, 90))
        dark = min(dark, paper - 90)
        if rng.random() < 0.1 * level:
            dark = paper - float(rng.uniform(SMALLEST_CONTRAST, 70))
    else:
        paper, dark = 255.0, float(rng.integers(0, 90))
    return (dark, paper) if rng.random() < 0.12 else (paper, dark)


def _crop(
    bank: Float32[np.ndarray, "_ _"], height: int, width: int, rng: np.random.Generator
) -> Float32[np.ndarray, "_ _"]:
    """A random part of a bank, repeated where the line is larger than the bank."""
    rows, columns = bank.shape
    y, x = int(rng.integers(max(rows - height, 0) + 1)), int(rng.integers(max(columns - width, 0) + 1))
    part = bank[y : y + height, x : x + width]
    if part.shape != (height, width):
        part = np.pad(part, ((0, height - part.shape[0]), (0, width - part.shape[1])), mode="wrap")
    return part


@cache
def _noise() -> Gray:
    """Independent noise of unit variance."""
    return np.random.default_rng(5).standard_normal(BANK, dtype=np.float32)


@cache
def _textures() -> tuple[Gray, ...]:
    """Noise of several grains, of about unit variance."""
    rng = np.random.default_rng(6)
    grains = [cv2.GaussianBlur(rng.standard_normal(BANK, dtype=np.float32), (0, 0), grain) for grain in (1, 3, 8, 20)]
    return tuple((grain / grain.std()).astype(np.float32) for grain in grains)
