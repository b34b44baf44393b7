"""Glyphs as coverage, drawn once each."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

from gateviz.typesetting.fonts import FontFace

VISIBLE = 40


@dataclass(frozen=True)
class Glyph:
    """A symbol in one face and size; positions are pixels from its origin on the baseline, y downward.

    Attributes:
        coverage: 0 to 255; None where nothing is drawn.
        left: column of the coverage's first column.
        top: row of its first row.
        advance: to the origin of the next glyph.
        ink: first and last + 1 column of ``coverage`` that can be seen.
    """

    coverage: UInt8[np.ndarray, "height width"] | None
    left: int
    top: int
    advance: float
    ink: tuple[int, int]


class GlyphCache:
    """Draws every glyph once; a process keeps some 100 MB of them for a large alphabet."""

    def __init__(self) -> None:
        self._fonts: dict[tuple[str, int, int], ImageFont.FreeTypeFont] = {}
        self._glyphs: dict[tuple[str, int, int, str], Glyph] = {}

    def __call__(self, face: FontFace, size: int, symbol: str) -> Glyph:
        """The glyph of a symbol at ``size`` pixels an em."""
        key = face.path, face.index, size, symbol
        glyph = self._glyphs.get(key)
        if glyph is None:
            glyph = self._glyphs[key] = _draw(self._font(face, size), symbol)
        return glyph

    def _font(self, face: FontFace, size: int) -> ImageFont.FreeTypeFont:
        key = face.path, face.index, size
        if key not in self._fonts:
            self._fonts[key] = ImageFont.truetype(
                face.path, size, index=face.index, layout_engine=ImageFont.Layout.BASIC
            )
        return self._fonts[key]


def _draw(font: ImageFont.FreeTypeFont, symbol: str) -> Glyph:
    left, top, right, bottom = map(int, font.getbbox(symbol, anchor="ls"))
    advance = float(font.getlength(symbol))
    if symbol.isspace() or right <= left or bottom <= top:
        return Glyph(None, left, top, advance, (0, 0))
    image = Image.new("L", (right - left, bottom - top))
    ImageDraw.Draw(image).text((-left, -top), symbol, fill=255, font=font, anchor="ls")
    coverage = np.asarray(image)
    seen = np.flatnonzero(coverage.max(axis=0) > VISIBLE)
    ink = (int(seen[0]), int(seen[-1]) + 1) if len(seen) else (0, coverage.shape[1])
    return Glyph(coverage, left, top, advance, ink)
