"""Tables for people: columns that line up, also where a symbol is two cells wide."""

import math
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from gateviz.cli.terminal import say, takes
from gateviz.files.json_text import json_text
from gateviz.files.printable import printable


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The lines of a table, its columns two spaces apart; what would break a cell out of its row is shown by its code.

    Example:
        >>> print(table(["symbol", "frames"], [["a", "0:2"], ["中", "2:3"]]))
        symbol  frames
        a       0:2
        中      2:3
    """
    lines = [[printable(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(text_width, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell + " " * (width - text_width(cell)) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def visible(symbol: str) -> str:
    """A symbol that can be seen: a space as ␣, other unprintable ones by their code."""
    return "".join("␣" if c == " " else c if c.isprintable() else f"U+{ord(c):04X}" for c in symbol)


def print_json(value: Any) -> None:
    """Print one JSON document; infinity and NaN, for which JSON has no word, become strings."""
    words = json_text(finite(value), indent=2)
    say(words if takes(words) else json_text(finite(value), indent=2, ascii_only=True))


def finite(value: Any) -> Any:
    """A value that JSON has words for: infinity and NaN as strings."""
    if isinstance(value, Mapping):
        return {name: finite(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def text_width(words: str) -> int:
    """Columns of a terminal that words take: two for a Chinese character, none for a combining mark."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in words)
