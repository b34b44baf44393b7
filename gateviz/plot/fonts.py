"""Which font draws which text: never an empty box, never a warning about a missing glyph."""

import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font

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
# What a reader could not see otherwise.
_VISIBLE = {" ": "␣", "\u00a0": "␣", "\u3000": "␣", "\t": "⇥", "\n": "⏎"}


@dataclass(frozen=True)
class Face:
    """One font by the name and weight under which matplotlib knows it."""

    name: str
    weight: int | str = 400

    @property
    def path(self) -> str:
        """File of the font."""
        return str(findfont(FontProperties(family=self.name, weight=self.weight), fallback_to_default=False))

    def covers(self, text: str) -> bool:
        """Whether the font has a glyph for every character."""
        characters = get_font(self.path)
        return all(characters.get_char_index(ord(character)) != 0 for character in text)

    def width(self, text: str) -> float:
        """Advance width of a text, in units of the type size."""
        font = get_font(self.path)
        font.set_size(100, 72)
        font.set_text(text)
        return float(font.get_width_height()[0]) / 6400


@cache
def base_face() -> Face:
    """The face of all labels."""
    there = {entry.name for entry in fontManager.ttflist}
    return Face(next(name for name in _LATIN if name in there))


@cache
def face_for(text: str) -> Face | None:
    """A face with all glyphs of a text; None where this system has none.

    The files of other fonts are opened only for a text that the base face does not cover.
    """
    for face in (base_face(), Face(_BUNDLED)):
        if face.covers(text):
            return face
    for face in _others():
        if face.covers(text):
            return face
    return None


@cache
def _others() -> tuple[Face, ...]:
    """The other upright faces of this system, those with CJK glyphs first, one a file."""
    rank = {name: position for position, name in enumerate(_CJK)}
    upright = [entry for entry in fontManager.ttflist if entry.style == "normal"]
    upright.sort(key=lambda entry: (rank.get(entry.name, len(rank)), abs(_number(entry.weight) - 400), entry.name))
    by_file: dict[str, Face] = {}
    for entry in upright:
        by_file.setdefault(str(entry.fname), Face(entry.name, entry.weight))
    return tuple(by_file.values())


def _number(weight: int | str) -> int:
    # Old entries of the font list carry names such as "bold" instead of numbers.
    return weight if isinstance(weight, int) else 700


def visible(symbol: str) -> str:
    """What stands for a symbol in a picture: ``␣`` for a space, ``U+200B`` for what has no shape."""
    if symbol in _VISIBLE:
        return _VISIBLE[symbol]
    if all(unicodedata.category(character)[0] in "CZ" for character in symbol):
        return code_points(symbol)
    return symbol


def code_points(symbol: str) -> str:
    """The symbol's code points, such as ``U+4F60``."""
    return " ".join(f"U+{ord(character):04X}" for character in symbol)


def shown(symbol: str) -> tuple[str, Face]:
    """The text that stands for a symbol and a face that has it: its code points where no font has the symbol."""
    text = visible(symbol)
    face = face_for(text)
    return (text, face) if face is not None else (code_points(symbol), base_face())


def running_text(text: str) -> tuple[str, list[str]]:
    """A text that can be drawn as it is, and the font families that draw it.

    Characters that no font of this system has are replaced by their code points.
    """
    families = [base_face().name]
    drawn = []
    for character in text:
        if ord(character) < 128:
            drawn.append(character)
            continue
        face = face_for(character)
        if face is None:
            drawn.append(f"<{code_points(character)}>")
            continue
        drawn.append(character)
        if face.name not in families:
            families.append(face.name)
    return "".join(drawn), families


def running_width(text: str) -> float:
    """About the width of a text, in units of the type size: characters of other scripts count as squares."""
    plain = "".join(character for character in text if ord(character) < 128)
    return base_face().width(plain) + len(text) - len(plain)


def has_postscript_outlines(path: str) -> bool:
    """Whether a font file holds CFF outlines, which PDF readers take only in another kind of embedding."""
    with Path(path).open("rb") as file:
        tag = file.read(4)
        if tag == b"ttcf":
            file.seek(12)
            file.seek(int.from_bytes(file.read(4), "big"))
            tag = file.read(4)
    return tag == b"OTTO"
