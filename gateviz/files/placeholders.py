"""Whether a font draws a character, or a box that stands for all characters that it has not.

Fonts such as "Last Resort" have a glyph for every code point and mean none of them: every letter of a script is
the same box. Such a font is known by what it does, not by its name.
"""

import unicodedata
from collections.abc import Callable, Hashable

# Neighbors are looked for so many code points away.
_REACH = 16
# So many neighbors with the very same outline are no coincidence, and so many with another one settle that it is none.
_ALIKE, _OTHER = 4, 5
# So many characters have one outline at least where it is a placeholder.
FEWEST = _ALIKE + 1


def is_placeholder(character: str, outline: Callable[[int], Hashable | None]) -> bool:
    """Whether a character's glyph is also that of its neighbors among the code points.

    Two letters may share a glyph (Latin A and Greek Alpha); four of those next to it never do.

    Args:
        character: one, that the font has a glyph for.
        outline: of a code point, anything that is equal for equal outlines; None for a code point without a glyph.

    Example:
        >>> is_placeholder("ក", lambda code: "box")
        True
        >>> is_placeholder("ក", lambda code: code)
        False
    """
    code = ord(character)
    own = outline(code)
    alike = other = 0
    for distance in range(1, _REACH + 1):
        for neighbor in (code - distance, code + distance):
            if not 0 <= neighbor <= 0x10FFFF or has_shape(chr(neighbor)) != has_shape(character):
                continue
            found = outline(neighbor)
            if found is None:
                continue
            alike, other = (alike + 1, other) if found == own else (alike, other + 1)
            if alike == _ALIKE:
                return True
            if other == _OTHER:
                return False
    return False


def has_shape(character: str) -> bool:
    """Whether a reader could see the character: it is no space, no control and no unassigned code point."""
    return unicodedata.category(character)[0] not in "CZ"
