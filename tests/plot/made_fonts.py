"""Fonts that a test draws itself, so that what it measures is on every machine."""

from collections.abc import Callable, Iterable
from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

EM = 1000


def box(width: int, height: int = 700) -> object:
    """The outline of a rectangle."""
    pen = TTGlyphPen(None)
    pen.moveTo((50, 0))
    for point in ((50, height), (width, height), (width, 0)):
        pen.lineTo(point)
    pen.closePath()
    return pen.glyph()


def own_box(code: int) -> object:
    """A box that no other code point has."""
    return box(100 + code % 397, 100 + code % 601)


def same_box(code: int) -> object:
    """The box that every code point has."""
    del code
    return box(600)


def empty(code: int) -> object:
    """Nothing."""
    del code
    return TTGlyphPen(None).glyph()


def make_font(
    path: Path,
    name: str,
    codes: Iterable[int],
    draw: Callable[[int], object],
    *,
    one_glyph: bool = False,
    advance: int = EM,
    style: str = "Regular",
) -> Path:
    """Write a font of that name with a glyph for every code point, or with one glyph for all of them."""
    codes = list(codes)
    names = {code: "all" if one_glyph else f"u{code:05X}" for code in codes}
    glyphs = {".notdef": box(500), **{names[code]: draw(code) for code in codes}}
    builder = FontBuilder(EM, isTTF=True)
    builder.setupGlyphOrder(list(glyphs))
    builder.setupCharacterMap(names)
    builder.setupGlyf(glyphs)
    builder.setupHorizontalMetrics(dict.fromkeys(glyphs, (advance, 50)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": name, "styleName": style})
    builder.setupOS2(sTypoAscender=800, usWeightClass=400)
    builder.setupPost()
    builder.save(path)
    return path


def make_fonts(folder: Path, names: Iterable[tuple[str, str]], codes: Iterable[int]) -> Path:
    """Write a font for each family and style, in files whose order is not that of the names; returns the folder."""
    folder.mkdir()
    codes = list(codes)
    for number, (family, style) in enumerate(names):
        make_font(folder / f"{97 * number % 101:03d}.ttf", family, codes, own_box, style=style)
    return folder
