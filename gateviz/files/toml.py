"""TOML of strangers: read within bounds, or refused in one sentence."""

import tomllib
from pathlib import Path
from typing import Any

from gateviz.errors import GatevizError
from gateviz.files.budget import KEY_PARTS, SETTINGS_BYTES
from gateviz.files.inputs import read_within


def read_toml(path: Path, error: type[GatevizError]) -> dict[str, Any]:
    """The tables and values of a TOML file.

    The standard library's parser keeps every prefix of a dotted key, so that 200 KB of dots take 7 GB; what
    could be such a key is refused before it is parsed.

    Args:
        path: the file, UTF-8, with or without a byte order mark.
        error: what is raised; ``OSError`` passes, since callers say differently what is missing.

    Raises:
        GatevizError: the given kind: too large, not UTF-8, no TOML, or a key or number beyond the bounds.
    """
    content = read_within(
        path, SETTINGS_BYTES, str(path), advice="put a long alphabet into a file of its own", error=error
    )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise error(f"{path} is not UTF-8 (byte {problem.start}); save it as UTF-8") from problem
    for number, line in enumerate(text.split("\n"), start=1):
        dots = sum(1 for piece in line.split(".")[1:] if piece)
        KEY_PARTS.check(dots, f"line {number} of {path}", advice="write settings as KEY = VALUE", error=error)
    try:
        return tomllib.loads(text)
    except Exception as problem:  # besides its own error: numbers of 5,000 digits, dates, nesting too deep
        words = " ".join(str(problem).split())
        raise error(f"{path} is no TOML: {words[:200] or type(problem).__name__}; mend or remove it") from problem
