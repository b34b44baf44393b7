"""Glyphs set on a line."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, UInt8

from gateviz.typesetting.fonts import FontFace
from gateviz.typesetting.glyphs import Glyph, GlyphCache

ASCENT, DESCENT = 0.88, 0.22


@dataclass(frozen=True)
class Spacing:
    """How a line is set, in ems.

    Attributes:
        tracking: added between symbols.
        margins: left, right, top and bottom of the ink or the type's box; negative ones crop.
        full_height: the box is the type's own, not that of the ink.
        wobble: how far symbols leave the baseline.
        space: times the width of the fonts' spaces.
    """

    tracking: float = 0.0
    margins: tuple[float, float, float, float] = (0.2, 0.2, 0.1, 0.1)
    full_height: bool = True
    wobble: float = 0.0
    space: float = 1.0


@dataclass(frozen=True)
class SetLine:
    """A line of type.

    Attributes:
        coverage: 0 to 255.
        columns: left and right edge of each symbol's ink; of a space, its advance.
        middles: row of the middle of each symbol.
        baseline: its row.
        size: pixels an em.
    """

    coverage: UInt8[np.ndarray, "height width"]
    columns: Float64[np.ndarray, "symbols 2"]
    middles: Float64[np.ndarray, " symbols"]
    baseline: int
    size: int


def set_line(
    text: str, faces: Sequence[FontFace], size: int, spacing: Spacing, glyphs: GlyphCache, rng: np.random.Generator
) -> SetLine | None:
    """The text in type; None where it leaves no ink or not enough rows.

    Args:
        text: what to set.
        faces: of every symbol.
        size: pixels an em.
        spacing: how.
        glyphs: draws the symbols.
        rng: decides how symbols leave the baseline.
    """
    pen = 0.0
    placed: list[tuple[Glyph, int, int, float]] = []
    for symbol, face in zip(text, faces, strict=True):
        glyph = glyphs(face, size, symbol)
        drop = round(float(rng.normal(0, spacing.wobble * size))) if spacing.wobble else 0
        placed.append((glyph, round(pen) + glyph.left, glyph.top + drop, pen))
        pen += _advance(glyph, spacing) + spacing.tracking * size
    inked = [(x, y, *glyph.coverage.shape) for glyph, x, y, _ in placed if glyph.coverage is not None]
    if not inked:
        return None
    left, right = min(x for x, _, _, _ in inked), max(x + width for x, _, _, width in inked)
    top, bottom = min(y for _, y, _, _ in inked), max(y + height for _, y, height, _ in inked)
    if spacing.full_height:
        top, bottom = min(top, -int(ASCENT * size)), max(bottom, int(DESCENT * size))
    before, after, above, below = (round(margin * size) for margin in spacing.margins)
    shape = bottom - top + above + below, right - left + max(before, 0) + max(after, 0)
    if shape[0] < max(6, size // 3):
        return None
    shift_x, shift_y = max(before, 0) - left, above - top
    coverage = np.zeros(shape, np.uint8)
    columns, middles = np.empty((len(placed), 2)), np.empty(len(placed))
    for number, (glyph, x, y, origin) in enumerate(placed):
        if glyph.coverage is None:
            columns[number] = origin + shift_x, max(origin + _advance(glyph, spacing), origin + 1) + shift_x
            middles[number] = shift_y - ASCENT * size / 3
            continue
        _paste(coverage, glyph.coverage, x + shift_x, y + shift_y)
        columns[number] = x + shift_x + glyph.ink[0], x + shift_x + glyph.ink[1]
        middles[number] = y + shift_y + glyph.coverage.shape[0] / 2
    return SetLine(coverage, columns, middles, shift_y, size)


def _advance(glyph: Glyph, spacing: Spacing) -> float:
    return glyph.advance if glyph.coverage is not None else glyph.advance * spacing.space


def _paste(canvas: UInt8[np.ndarray, "H W"], glyph: UInt8[np.ndarray, "h w"], x: int, y: int) -> None:
    """The darker of the two, where the canvas has rows for it."""
    height, width = glyph.shape
    first, last = max(0, -y), min(height, canvas.shape[0] - y)
    if last > first:
        place = canvas[y + first : y + last, x : x + width]
        np.maximum(place, glyph[first:last, : place.shape[1]], out=place)
