"""Characters that no font has are said once a figure, with the fonts that would help."""

import sys
import unicodedata
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from types import FrameType

from gateviz.errors import GatevizWarning

# Debian's packages by the first word of a character's Unicode name; most scripts are in the last one.
_CJK = ("fonts-noto-cjk", "fonts-wqy-zenhei")
_PACKAGES = dict.fromkeys(("CJK", "KANGXI", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC"), _CJK)
_PICTURES, _SCRIPTS, _ANYTHING = ("fonts-symbola",), ("fonts-noto-core",), ("fonts-unifont",)
_NAMED = 5

_missed: ContextVar[dict[str, None] | None] = ContextVar("missed", default=None)


class GlyphWarning(GatevizWarning):
    """Code points stand in a figure for characters that no font has."""


def missed(characters: Iterable[str]) -> None:
    """Note that code points are drawn in place of these characters."""
    found = _missed.get()
    if found is not None:
        found.update(dict.fromkeys(characters))


@contextmanager
def said_once() -> Iterator[None]:
    """Warn at the end of the block of all characters that were missed in it; a block inside another leaves it to that.

    Warns:
        GlyphWarning: names the characters, their scripts and packages of fonts that have them.
    """
    if _missed.get() is not None:
        yield
        return
    found: dict[str, None] = {}
    before = _missed.set(found)
    try:
        yield
    finally:
        _missed.reset(before)
    if found:
        warnings.warn(missing_sentence(tuple(found)), GlyphWarning, stacklevel=_depth(sys._getframe()))


def missing_sentence(characters: Sequence[str]) -> str:
    """Which characters no font has, and what to install.

    Example:
        >>> missing_sentence("កខ")
        "no font here has U+1780, U+1781 (Khmer): code points or the line's own pixels stand for them; \
install a font that has them (Debian: fonts-noto-core)"
    """
    names = ", ".join(f"U+{ord(character):04X}" for character in characters[:_NAMED])
    more = f" and {len(characters) - _NAMED:,} more" if len(characters) > _NAMED else ""
    kinds = dict.fromkeys(filter(None, (_script(character) for character in characters)))
    which = f" ({', '.join(word if word.isupper() and len(word) < 4 else word.capitalize() for word in kinds)})"
    packages = dict.fromkeys(package for character in characters for package in _packages(character))
    return (
        f"no font here has {names}{more}{which if kinds else ''}: code points or the line's own pixels stand for them; "
        f"install a font that has them (Debian: {' or '.join(packages)})"
    )


def _depth(frame: FrameType) -> int:
    """How many frames away the caller of gateviz is: a warning belongs to their line."""
    depth = 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] in ("gateviz", "contextlib"):
        frame, depth = frame.f_back, depth + 1
    return depth


def _script(character: str) -> str:
    """The first word of a letter's name, which is its script; ``pictures`` for emoji and the like."""
    if unicodedata.category(character) == "So" and ord(character) >= 0x2600:
        return "pictures"
    return unicodedata.name(character, "").split(" ")[0] if unicodedata.category(character)[0] in "LM" else ""


def _packages(character: str) -> Sequence[str]:
    script = _script(character)
    if script == "pictures":
        return _PICTURES
    if script:
        return _PACKAGES.get(script, _SCRIPTS)
    return _PACKAGES.get(unicodedata.name(character, "").split(" ")[0], _ANYTHING)
