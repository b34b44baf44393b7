"""Names and texts of strangers as words that a terminal, a table and a figure's metadata can take.

A symbol, a file name, a message out of a file may hold anything: an escape that retitles the window, a line break
that makes one row of a table two, a half of a surrogate pair that cannot be written at all. Text of any script is
left as it is, in either direction.
"""

import re
import unicodedata
from collections.abc import Sequence

# Controls (C0, DEL, C1), line and paragraph separators, what embeds, overrides or isolates a direction, lone surrogates.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# The same without what puts words in order: line feeds and tabs.
_UNSAFE_IN_LINES = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
# Libraries go on with a message on the next line, and indent it.
_CONTINUED = re.compile(r"\s*\n[ \t]+")


def printable(value: object) -> str:
    r"""A name or a text as part of a line: what would move the cursor, end the line or turn its direction by its code.

    A byte of a file name that is no UTF-8 is written as that byte.

    Example:
        >>> printable("a\nb\x1b[31m \udcff שלום")
        'a\\nb\\x1b[31m \\xff שלום'
    """
    return _UNSAFE.sub(lambda found: _code(found[0]), str(value))


def printable_lines(value: object) -> str:
    """The same of words in several lines: line feeds and tabs stay."""
    return _UNSAFE_IN_LINES.sub(lambda found: _code(found[0]), str(value))


def one_line(words: object) -> str:
    r"""A message on one line.

    Example:
        >>> one_line("it does not fit:\n\ta is missing")
        'it does not fit: a is missing'
    """
    return printable(_CONTINUED.sub(" ", str(words).strip()))


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


def text_width(words: str) -> int:
    """Columns of a terminal that words take: two for a Chinese character, none for a combining mark."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in words)


def _code(character: str) -> str:
    number = ord(character)
    if 0xDC80 <= number <= 0xDCFF:  # how Python keeps a byte of a name that is no UTF-8
        return f"\\x{number - 0xDC00:02x}"
    return _SHORT.get(character) or (f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}")
