"""Texts that fit their place: broken into lines, or cut with an ellipsis."""

from typing import Any

from matplotlib.figure import Figure

from gateviz.plot.fonts import Face, running_text, running_width, shown
from gateviz.plot.style import Style

# A reading may be a whole page; a figure is no place to read it.
MOST_LINES = 8
_ELLIPSIS = "…"
# Longer labels of rows are cut; in type sizes.
ROW_LABEL = 8.0
# Points from one baseline to the next, and around a heading, in type sizes.
_LEADING, _AROUND = 1.35, 0.65
# Inches at the left and right end that a heading leaves free.
_SIDES = 0.15


def cut(text: str, room: float, *, weight: int = 400) -> str:
    """The text, or as much of its beginning as fits ``room`` type sizes with an ellipsis."""
    width, last = 0.0, 0
    spare = room - running_width(_ELLIPSIS, weight=weight)
    for place, character in enumerate(text):
        width += running_width(character, weight=weight)
        if width <= spare:
            last = place + 1
        if width > room:
            return text[:last].rstrip() + _ELLIPSIS
    return text


def wrapped(text: str, size: float, length: float, *, weight: int = 400) -> list[str]:
    """The text in lines of at most ``length`` points, broken between words where it can; too many lines are cut.

    Args:
        text: what is to be drawn; line breaks in it count as spaces.
        size: of the type.
        length: of the longest line, in points.
        weight: of the type.
    """
    room = max(length / size, 1.0)
    lines: list[str] = []
    width = 0.0
    space = running_width(" ", weight=weight)
    for word in text.split():
        parts = _parts(word, room, weight)
        wide = running_width(parts[-1], weight=weight)
        if lines and len(parts) == 1 and width + space + wide <= room:
            lines[-1] += f" {word}"
            width += space + wide
        else:
            lines += parts
            width = wide
        if len(lines) > MOST_LINES:
            # What did not fit the last line makes it too long, so that an ellipsis ends it.
            last = cut(f"{lines[MOST_LINES - 1]} {lines[MOST_LINES]}", room, weight=weight)
            return [*lines[: MOST_LINES - 1], last]
    return lines


def _parts(word: str, room: float, weight: int) -> list[str]:
    """A word that is longer than a line in pieces that are not, as many as could be drawn."""
    parts, width = [""], 0.0
    for character in word:
        wide = running_width(character, weight=weight)
        if parts[-1] and width + wide > room:
            if len(parts) > MOST_LINES:
                break
            parts.append("")
            width = 0.0
        parts[-1] += character
        width += wide
    return parts


def row_label(symbol: str) -> tuple[str, Face]:
    """What stands for a symbol at the left end of its row, and its face; columns must not pay for long symbols."""
    text, face = shown(symbol)
    if face.width(text) <= ROW_LABEL:
        return text, face
    room = ROW_LABEL - 1.0
    length = next(length for length in range(len(text), -1, -1) if face.width(text[:length]) <= room)
    return text[:length] + _ELLIPSIS, face


def heading_height(text: str, style: Style) -> float:
    """Inches that a heading takes above a figure; 0 without one."""
    lines = len(_heading(text, style))
    return (_LEADING * lines + _AROUND) * style.font_size / 72 if lines else 0.0


def write_heading(figure: Figure, text: str, style: Style, **properties: Any) -> None:
    """The title of a figure in as many lines as it needs, in fonts that have it."""
    lines = _heading(text, style)
    if lines:
        words, families = running_text("\n".join(lines))
        figure.suptitle(words, fontsize=style.font_size, family=families, parse_math=False, **properties)


def write_footing(figure: Figure, text: str, style: Style, **properties: Any) -> None:
    """A remark below a figure, in small type, broken like a heading."""
    lines = wrapped(text, style.small_size, 72 * (style.width - _SIDES))
    if lines:
        words, families = running_text("\n".join(lines))
        figure.supxlabel(words, fontsize=style.small_size, family=families, parse_math=False, **properties)


def _heading(text: str, style: Style) -> list[str]:
    # Bold is the widest that a heading is drawn in.
    return wrapped(text, style.font_size, 72 * (style.width - _SIDES), weight=700)
