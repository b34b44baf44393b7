"""The fonts of a system, and which of them are kept for testing."""

import logging
import os
import unicodedata
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont, TTLibError
from PIL import ImageFont

from gateviz.errors import AlphabetError
from gateviz.files.inputs import will_read
from gateviz.files.placeholders import FEWEST, is_placeholder

FOLDERS = (
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "~/.fonts",
    "~/.local/share/fonts",
    "/System/Library/Fonts",
    "/Library/Fonts",
    "~/Library/Fonts",
    "C:/Windows/Fonts",
)
SUFFIXES = frozenset({".ttf", ".otf", ".ttc"})

# Families that no model of ours is trained on, so that reading them tells what reading a new font is
# like. Families of one design are held out together: AR PL UMing and SungtiL draw the same Song type,
# WenQuanYi Micro Hei and Droid Sans Fallback the same Hei.
HELD_OUT = (
    "AR PL UMing",
    "AR PL SungtiL",
    "AR PL Sungti",
    "WenQuanYi Micro Hei",
    "Droid Sans Fallback",
    "DejaVu Serif",
    "Caladea",
    "Cantarell",
    "Caveat",
    "Kalam",
    "Ma Shan Zheng",
    "Zhi Mang Xing",
)
# Symbols, initials, scripts of other languages that bring a Latin copied from their sister family.
_UNFIT = (
    "Last Resort",
    "Symbol",
    "Emoji",
    "Dingbat",
    "Keyboard",
    "Initials",
    "D050000L",
    "Z003",
    "Math",
    "OpenSymbol",
    "Ornament",
    "STIXSize",
    "STIXNonUni",
    "cmsy",
    "cmmi",
    "cmex",
)
_SISTERS = ("Noto ", "TW-", "HanaMinB")
_KEPT_SISTERS = (
    "Noto Sans",
    "Noto Serif",
    "Noto Mono",
    "Noto Sans Mono",
    "Noto Sans CJK SC",
    "Noto Serif CJK SC",
    "Noto Sans Mono CJK SC",
)
_UNFIT_STYLES = ("Thin", "Hairline", "ExtraLight", "UltraLight")
_REGIONS = (" HK", " TW", " TW MBE", " JP", " KR", " TC", "Sharp", "Hei Mono")

_UPRIGHT_AND_ITALIC = ("Regular", "Bold", "Italic", "Bold Italic")
_UPRIGHT_AND_OBLIQUE = ("Regular", "Bold", "Oblique", "Bold Oblique")
# Family and styles, by name, so that every machine that has them sets the same lines. Not all that the packages hold:
# what a package has in one release of Debian and not in another is no part of it.
_BASIC = {
    "AR PL UMing CN": ("Light",),
    "DejaVu Sans": ("Book", "Bold"),
    "DejaVu Sans Mono": ("Book", "Bold"),
    "DejaVu Serif": ("Book", "Bold"),
    "FreeMono": _UPRIGHT_AND_OBLIQUE,
    "FreeSans": _UPRIGHT_AND_OBLIQUE,
    "FreeSerif": _UPRIGHT_AND_ITALIC,
    "Liberation Mono": _UPRIGHT_AND_ITALIC,
    "Liberation Sans": _UPRIGHT_AND_ITALIC,
    "Liberation Serif": _UPRIGHT_AND_ITALIC,
    "Noto Sans CJK SC": ("Regular", "Bold"),
    "Noto Serif CJK SC": ("Regular", "Bold"),
    "WenQuanYi Micro Hei": ("Regular",),
    "WenQuanYi Zen Hei": ("Regular",),
}
BASIC = tuple((family, style) for family, styles in _BASIC.items() for style in styles)
"""Family and style of the fonts that corpora of the documents are set in: those of the smallest set, ``make test-system``."""

PACKAGES = {
    "Chinese characters": "fonts-noto-cjk, fonts-wqy-zenhei or fonts-arphic-ukai",
    "these symbols": "fonts-noto-core, fonts-dejavu or fonts-freefont-ttf",
}


@dataclass(frozen=True, order=True)
class FontFace:
    """One face of a font file.

    Attributes:
        path: the file.
        index: of the face in a collection.
        family: such as ``Liberation Serif``.
        style: such as ``Bold Italic``.
    """

    path: str
    index: int
    family: str
    style: str

    @property
    def covered(self) -> frozenset[str]:
        """The code points it has a glyph for."""
        return _covered(self.path, self.index)

    @property
    def held_out(self) -> bool:
        """Whether its family is kept for testing."""
        return self.family.startswith(HELD_OUT)


def find_fonts(*folders: str | Path) -> tuple[FontFace, ...]:
    """The faces of text fonts in folders, or in those of the system, in a fixed order.

    Left out are fonts of symbols, the lightest styles, and families whose letters are copies of
    another family's.

    Raises:
        AlphabetError: a folder that was named is missing, or there is no font at all.
    """
    for folder in folders:
        if not Path(folder).is_dir():
            raise AlphabetError(f"there is no folder of fonts {folder}; check the path")
    found = {
        (face.family, face.style): face
        for folder in reversed(folders or FOLDERS)
        for path in _files(Path(folder).expanduser())
        for face in _faces(path)
        if _fit(face)
    }
    if not found:
        where = ", ".join(map(str, folders)) or "the system's folders"
        raise AlphabetError(
            f"there is no font in {where}; run make fonts, or name a folder of .ttf, .otf or .ttc files"
        )
    return tuple(sorted(found.values(), key=lambda face: (face.family, face.style, face.path)))


def basic_fonts(*folders: str | Path) -> tuple[FontFace, ...]:
    """The faces of ``BASIC``, all of them, from folders or from those of the system.

    Raises:
        AlphabetError: one is missing, for then the lines would be others than elsewhere.
    """
    found = {(face.family, face.style): face for face in find_fonts(*folders)}
    if missing := [" ".join(name) for name in BASIC if name not in found]:
        names = ", ".join(missing[:5]) + (f" and {len(missing) - 5} more" if len(missing) > 5 else "")
        raise AlphabetError(
            f"the basic fonts are {len(BASIC)} faces, and {len(missing)} are not here: {names}; run make test-system "
            "(Debian: fonts-noto-cjk, fonts-wqy-zenhei, fonts-wqy-microhei, fonts-arphic-uming, fonts-liberation, "
            "fonts-dejavu, fonts-freefont-ttf), or leave out that these be used"
        )
    return tuple(found[name] for name in BASIC)


def missing_fonts(symbols: Sequence[str], *, held_out: bool = False) -> AlphabetError:
    """The error for symbols that no font has, naming the packages that do."""
    chinese = any("\u4e00" <= symbol <= "\u9fff" for symbol in symbols)
    kind = "Chinese characters" if chinese else "these symbols"
    names = ", ".join(map(repr, symbols[:10])) + (f" and {len(symbols) - 10} more" if len(symbols) > 10 else "")
    which = "font kept for testing" if held_out else "font at hand"
    return AlphabetError(
        f"no {which} has {names}; install a font with {kind} (Debian: {PACKAGES[kind]}; make fonts installs all), "
        f"name a folder with --fonts, or take them out of the alphabet"
    )


def _files(folder: Path) -> Iterator[Path]:
    for home, names, files in os.walk(folder):
        names.sort()
        found = [Path(home, name) for name in sorted(files) if Path(name).suffix.lower() in SUFFIXES]
        will_read(found)
        yield from found


def _faces(path: Path) -> Iterator[FontFace]:
    for index in range(64 if path.suffix.lower() == ".ttc" else 1):
        try:
            family, style = ImageFont.truetype(str(path), 16, index=index).getname()
        except OSError:
            # Past the last face of a collection, or a file that FreeType does not read.
            return
        yield FontFace(str(path), index, family or path.stem, style or "")


def _fit(face: FontFace) -> bool:
    if any(word in face.family for word in _UNFIT) or face.family.endswith(_REGIONS):
        return False
    if any(word in face.style.replace(" ", "").replace("-", "") for word in _UNFIT_STYLES):
        return False
    return not face.family.startswith(_SISTERS) or face.family in _KEPT_SISTERS


@cache
def _covered(path: str, index: int) -> frozenset[str]:
    try:
        with _unsaid(), TTFont(path, fontNumber=index, lazy=True) as font:
            glyphs = font.getBestCmap() or {}
            outline = _outlines(font, glyphs)
    except (TTLibError, OSError, KeyError, AssertionError):
        # A bitmap font or one without a Unicode table covers nothing that can be drawn.
        return frozenset()
    # Only what several characters share can be a placeholder of theirs.
    shared = Counter(map(outline, glyphs))
    return frozenset(
        chr(code)
        for code in glyphs
        if shared[outline(code)] < FEWEST
        or unicodedata.category(chr(code)) in ("Zs", "Zl", "Zp", "Cc", "Cf")
        or not is_placeholder(chr(code), outline)
    )


@contextmanager
def _unsaid() -> Iterator[None]:
    """A block in which fontTools warns of nothing: when a font was made is no matter of a line's."""
    logger = logging.getLogger("fontTools")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)


def _outlines(font: TTFont, glyphs: Mapping[int, str]) -> Callable[[int], Hashable | None]:
    """From a code point to its outline as the file holds it; glyphs of other kinds are known by their names."""
    if "glyf" not in font:
        return glyphs.get
    table, starts = font.getTableData("glyf"), font["loca"]
    data = {
        name: table[starts[number] : starts[number + 1]]
        for name in set(glyphs.values())
        for number in [font.getGlyphID(name)]
    }
    return lambda code: data.get(glyphs.get(code, ""))
