"""Which font draws which text: never an empty box, never a warning about a missing glyph."""

import unicodedata
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from pathlib import Path

from matplotlib.font_manager import FontProperties, findfont, findSystemFonts, fontManager, get_font

from gateviz.files.placeholders import has_shape, is_placeholder
from gateviz.plot.missing import missed

# Narrow, quiet faces first; the last one comes with matplotlib and is always there.
_LATIN = ("Arial", "Helvetica", "Liberation Sans", "Nimbus Sans", "DejaVu Sans")
_BUNDLED = "DejaVu Sans"
# Faces with Chinese, Japanese or Korean glyphs on the usual systems. Those with TrueType outlines go
# first, because PDF readers know them best.
_CJK = (
    "Microsoft YaHei",
    "WenQuanYi Micro Hei",
    "PingFang SC",
    "Hiragino Sans GB",
    "Noto Sans SC",
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Noto Sans CJK TC",
    "Noto Sans CJK JP",
    "Noto Sans JP",
    "Hiragino Sans",
    "Yu Gothic",
    "Noto Sans CJK KR",
    "Noto Sans KR",
    "Malgun Gothic",
    "Apple SD Gothic Neo",
    "SimHei",
    "SimSun",
    "WenQuanYi Zen Hei",
    "Droid Sans Fallback",
    "Arial Unicode MS",
    "AR PL UMing CN",
    "AR PL UKai CN",
)
# Of a longer symbol the beginning is drawn, and of many code points the first ones.
LONGEST_SYMBOL = 16
_MOST_CODE_POINTS = 3
# What a reader could not see otherwise.
_VISIBLE = {" ": "␣", "\u00a0": "␣", "\u3000": "␣", "\t": "⇥", "\n": "⏎"}


@dataclass(frozen=True)
class Face:
    """One font by the name and weight under which matplotlib knows it."""

    name: str
    weight: int | str = 400

    @property
    def path(self) -> str:
        """File of the font; matplotlib's own kind of ``str`` also knows which face of a collection it is."""
        return _file(self.name, self.weight)

    def covers(self, text: str) -> bool:
        """Whether the font draws every character: a box that stands for many characters draws none of them."""
        path = self.path
        return all(_draws(path, character) for character in text)

    def width(self, text: str) -> float:
        """Advance width of a text, in units of the type size."""
        path = self.path
        return sum(_advance(path, character) for character in text)


@cache
def _file(name: str, weight: int | str) -> str:
    return findfont(FontProperties(family=name, weight=weight), fallback_to_default=False)


@lru_cache(maxsize=1 << 16)
def _draws(path: str, character: str) -> bool:
    if not has_shape(character):
        return get_font(path).get_char_index(ord(character)) != 0
    outline = partial(_outline, path)
    return outline(ord(character)) is not None and not is_placeholder(character, outline)


@lru_cache(maxsize=1 << 16)
def _outline(path: str, code: int) -> Hashable | None:
    """The outline of a code point's glyph; None where the font has no glyph, or an empty one."""
    font = get_font(path)
    index = font.get_char_index(code)
    if index == 0:
        return None
    font.set_size(100, 72)
    font.load_glyph(index)
    points, kinds = font.get_path()
    return (points.tobytes(), kinds.tobytes()) if len(points) else None


@lru_cache(maxsize=1 << 16)
def _advance(path: str, character: str) -> float:
    font = get_font(path)
    font.set_size(100, 72)
    return float(font.load_char(ord(character)).linearHoriAdvance) / 6553600


@cache
def base_face() -> Face:
    """The face of all labels."""
    there = {entry.name for entry in fontManager.ttflist}
    return Face(next(name for name in _LATIN if name in there))


@lru_cache(maxsize=1 << 16)
def face_for(text: str) -> Face | None:
    """A face with all glyphs of a text; None where this system has none.

    The files of other fonts are opened only for a text that the base face does not cover. Where no font that
    matplotlib knows covers it, those are looked at that were installed after matplotlib made its list.
    """
    for face in (base_face(), Face(_BUNDLED)):
        if face.covers(text):
            return face
    for face in _others():
        if face.covers(text):
            return face
    return _newly_installed(text)


@cache
def _others() -> tuple[Face, ...]:
    """The other upright faces of this system, those with CJK glyphs first, one a file."""
    # The list may also be older than the removal of a font.
    upright = [entry for entry in fontManager.ttflist if entry.style == "normal" and Path(entry.fname).is_file()]
    upright.sort(key=lambda entry: (_rank(entry.name), abs(_number(entry.weight) - 400), entry.name))
    by_file: dict[str, Face] = {}
    for entry in upright:
        by_file.setdefault(str(entry.fname), Face(entry.name, entry.weight))
    return tuple(by_file.values())


def _rank(family: str) -> int:
    """The place of a family among those that are preferred; the rest come after them all."""
    return _CJK.index(family) if family in _CJK else len(_CJK)


def _newly_installed(text: str) -> Face | None:
    """A face that covers the text from a file that matplotlib's list of fonts does not have; that file joins the list."""
    covering = []
    for path in _unlisted():
        try:
            if all(_draws(path, character) for character in text):
                covering.append((_rank(get_font(path).family_name), path))
        except (OSError, RuntimeError):
            # A file that FreeType does not read is no font to choose.
            continue
    # A quiet face before somebody's handwriting, whichever of them comes first in a folder.
    for _, path in sorted(covering):
        fontManager.addfont(path)
        for known in (_unlisted, _others, _file):
            known.cache_clear()
        added = next(entry for entry in reversed(fontManager.ttflist) if str(entry.fname) == path)
        face = Face(added.name, added.weight)
        # Another file may go by the same name and weight.
        if face.covers(text):
            return face
    return None


@cache
def _unlisted() -> tuple[str, ...]:
    """Font files of this system that matplotlib's list does not have."""
    listed = {str(Path(entry.fname).resolve()) for entry in fontManager.ttflist}
    return tuple(sorted(path for path in findSystemFonts() if str(Path(path).resolve()) not in listed))


def look_again() -> None:
    """Forget which texts no font has: they are looked for again, in files that were installed meanwhile too."""
    if not _unlisted.cache_info().currsize:
        return
    _unlisted.cache_clear()
    face_for.cache_clear()
    _piece.cache_clear()


def _number(weight: int | str) -> int:
    # Old entries of the font list carry names such as "bold" instead of numbers.
    return weight if isinstance(weight, int) else 700


def visible(symbol: str) -> str:
    """What stands for a symbol in a picture: ``␣`` for a space, ``U+200B`` for what has no shape.

    Of a symbol that is a text by itself only the beginning is drawn.
    """
    if symbol in _VISIBLE:
        return _VISIBLE[symbol]
    begin = symbol[:LONGEST_SYMBOL]
    if not any(map(has_shape, begin)):
        return code_points(symbol)
    return begin if len(symbol) <= LONGEST_SYMBOL else begin[:-1] + "…"


def code_points(symbol: str) -> str:
    """The symbol's code points, such as ``U+4F60``; of many the first ones."""
    words = [f"U+{ord(character):04X}" for character in symbol[:_MOST_CODE_POINTS]]
    return " ".join(words) + ("…" if len(symbol) > _MOST_CODE_POINTS else "")


def shown(symbol: str) -> tuple[str, Face]:
    """The text that stands for a symbol and a face that has it: its code points where no font has the symbol."""
    text = visible(symbol)
    face = face_for(text)
    if face is not None:
        return text, face
    missed(character for character in text if face_for(character) is None)
    return code_points(symbol), base_face()


def running_text(text: str) -> tuple[str, list[str]]:
    """A text that can be drawn as it is, and the font families that draw it.

    Characters that no font of this system has, and those that would steer a terminal or a page instead of being
    drawn, are replaced by their code points; line breaks stay.
    """
    families = [base_face().name]
    drawn = []
    for character in text:
        words, face = _piece(character)
        drawn.append(words)
        if face is None:
            if has_shape(character):
                missed(character)
        elif face.name not in families:
            families.append(face.name)
    return "".join(drawn), families


def running_width(text: str, *, weight: int = 400) -> float:
    """The width of a text as ``running_text`` draws it, in units of the type size."""
    base = Face(base_face().name, weight)
    width = 0.0
    for character in text:
        words, face = _piece(character)
        width += (base if face is None or face == base_face() else face).width(words)
    return width


@lru_cache(maxsize=1 << 16)
def _piece(character: str) -> tuple[str, Face | None]:
    """What is drawn for a character and by which face; its code point and None where no face has it."""
    if character == "\n" or " " <= character < "\x7f":
        return character, base_face()
    # Controls, surrogates, and what means something else in every font or nothing at all.
    face = None if unicodedata.category(character) in ("Cc", "Cs", "Co", "Cn") else face_for(character)
    return (f"<{code_points(character)}>", None) if face is None else (character, face)


def has_postscript_outlines(path: str) -> bool:
    """Whether a font file holds CFF outlines, which PDF readers take only in another kind of embedding."""
    with Path(path).open("rb") as file:
        tag = file.read(4)
        if tag == b"ttcf":
            file.seek(12)
            file.seek(int.from_bytes(file.read(4), "big"))
            tag = file.read(4)
    return tag == b"OTTO"
