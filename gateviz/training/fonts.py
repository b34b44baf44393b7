"""The fonts of a system, and which of them are kept for testing."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fontTools.ttLib import TTFont, TTLibError
from PIL import ImageFont

from gateviz.errors import AlphabetError

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
        yield from (Path(home, name) for name in sorted(files) if Path(name).suffix.lower() in SUFFIXES)


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
        with TTFont(path, fontNumber=index, lazy=True) as font:
            return frozenset(map(chr, font.getBestCmap() or ()))
    except (TTLibError, OSError, KeyError, AssertionError):
        # A bitmap font or one without a Unicode table covers nothing that can be drawn.
        return frozenset()
