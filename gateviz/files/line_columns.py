"""Where the symbols of line images stand: ``columns.jsonl`` beside a manifest, one JSON object a line."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32

from gateviz.errors import ImageError
from gateviz.files.budget import LIST_BYTES
from gateviz.files.inputs import opened_input

COLUMNS_FILE = "columns.jsonl"


@dataclass(frozen=True)
class LineColumns:
    """What is known of a line besides its text.

    Attributes:
        path: its image, as the manifest writes it.
        script: ``latin``, ``chinese``, ``mixed``, ``number``, or empty.
        font: the family it is set in, or empty.
        columns: left and right edge of each code point, in columns of the image; None where nobody knows.
    """

    path: str
    script: str = ""
    font: str = ""
    columns: Float32[np.ndarray, "symbols 2"] | None = None

    def to_json(self) -> str:
        """One line of the file, without its end. Edges are rounded to hundredths of a column.

        Example:
            >>> LineColumns("a.png", "latin", "DejaVu Sans", np.array([[1, 5.5]], np.float32)).to_json()
            '{"path": "a.png", "script": "latin", "font": "DejaVu Sans", "columns": [[1.0, 5.5]]}'
        """
        edges = None if self.columns is None else [[round(edge, 2) for edge in pair] for pair in self.columns.tolist()]
        fields = {"path": self.path, "script": self.script, "font": self.font, "columns": edges}
        return json.dumps(fields, ensure_ascii=False)


def read_columns(path: Path) -> dict[str, LineColumns]:
    """The lines of a ``columns.jsonl`` by the path of their image.

    Raises:
        ImageError: it cannot be read, or a line of it is not what it should be.
    """
    found: dict[str, LineColumns] = {}
    try:
        LIST_BYTES.check(path.stat().st_size, str(path), advice="cut the lines into several folders", error=ImageError)
        with opened_input(path) as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    read = _parsed(path, number, line.decode("utf-8"))
                    found[read.path] = read
    except OSError as error:
        raise ImageError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ImageError(f"{path} is not UTF-8 ({error.reason}); write it anew or remove it") from error
    return found


def _parsed(path: Path, number: int, line: str) -> LineColumns:
    try:
        document = json.loads(line)
        texts = {name: _text(document, name) for name in ("path", "script", "font")}
        return LineColumns(**texts, columns=_edges(document.get("columns")))
    except Exception as error:  # numbers beyond floats, nesting too deep
        raise ImageError(
            f"line {number} of {path} is no line's columns: {error}; write it anew or remove it"
        ) from error


def _text(document: Any, name: str) -> str:
    if not isinstance(document, dict):
        raise ImageError(f"a JSON object is wanted, not {type(document).__name__}")
    value = document.get(name, "")
    if not isinstance(value, str) or (name == "path" and not value):
        raise ImageError(f"{name!r} is {value!r}, not a text")
    return value


def _edges(value: Any) -> Float32[np.ndarray, "symbols 2"] | None:
    if value is None:
        return None
    pairs = isinstance(value, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in value)
    if not pairs or not all(type(edge) in (int, float) for pair in value for edge in pair):
        raise ImageError("'columns' is no list of [left, right]")
    edges = np.array(value, dtype=np.float64).reshape(-1, 2)
    # Written so that NaN fails as well.
    if not ((np.abs(edges) < 1e6).all() and (edges[:, 0] <= edges[:, 1]).all()):
        raise ImageError("'columns' has edges that are no positions, or a right edge before its left one")
    return edges.astype(np.float32)
