"""JSON as text that every file and every terminal can hold, and that says exactly the same."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

# Halves of surrogate pairs, which UTF-8 has no bytes for; controls beyond ASCII's, which json leaves as they are; and
# what turns the direction of the text around it.
_ESCAPED = re.compile("[\ud800-\udfff\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def json_text(value: Any, *, indent: int | None = None, ascii_only: bool = False, infinite: bool = False) -> str:
    r"""A value as JSON, its characters as they are but for those that cannot be written or shown.

    Args:
        value: of JSON's types.
        indent: spaces a level; None writes one line without spaces.
        ascii_only: write every character beyond ASCII by its code.
        infinite: let infinity and NaN through, which only Python reads; without it they are a ``ValueError``.

    Example:
        >>> json_text("é\x1b\udcff")
        '"é\\u001b\\udcff"'
    """
    between = (",", ":") if indent is None else None
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent, allow_nan=infinite, separators=between)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def finite(value: Any) -> Any:
    """A value that JSON has words for: infinity and NaN as strings."""
    if isinstance(value, Mapping):
        return {name: finite(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
