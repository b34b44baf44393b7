"""Outcomes of a study on disk, one a line of the corpus, so that a study that was stopped goes on.

JSON lines: the first says what the study is, each further one is an outcome. One that was cut off while it was
written is made again.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateviz.errors import OutputError
from gateviz.files.json_text import json_text

FORMAT_VERSION = 1


class KeptOutcomes:
    """The outcomes of a study that are kept in a file.

    Args:
        path: the file; a new one is begun with ``header``.
        header: what the study is; one that goes on must be the same study.

    Attributes:
        outcomes: as they were added, those of an earlier run first.

    Raises:
        OutputError: the file cannot be read or written, or is that of another study.
    """

    def __init__(self, path: Path, header: Mapping[str, Any]) -> None:
        self._path = path
        self._header = {"format_version": FORMAT_VERSION, **json.loads(json.dumps(header))}
        self.outcomes: list[dict[str, Any]] = self._read()

    def add(self, outcome: dict[str, Any]) -> None:
        """Keep one more outcome, of JSON's types.

        Raises:
            OutputError: the file cannot be written.
        """
        self.outcomes.append(outcome)
        self._write(json_text(outcome, infinite=True) + "\n", mode="a")

    def _read(self) -> list[dict[str, Any]]:
        try:
            text = self._path.read_text(encoding="utf-8") if self._path.exists() else ""
        except (OSError, UnicodeDecodeError) as error:
            raise OutputError(f"the outcomes in {self._path} cannot be read ({error}); name another folder") from error
        whole = text[: text.rfind("\n") + 1]
        if not whole:
            self._write(json_text(self._header) + "\n")
            return []
        try:
            header, *outcomes = (dict(json.loads(line)) for line in whole.splitlines())
        except (ValueError, TypeError) as error:  # what was written there may be anything
            raise OutputError(f"{self._path} is no file of outcomes ({error}); name another folder") from error
        if header != self._header:
            differing = sorted(key for key in {*header, *self._header} if header.get(key) != self._header.get(key))
            raise OutputError(
                f"{self._path} is of another study (its {', '.join(differing)} differ); name another folder or remove it"
            )
        if whole != text:
            self._write(whole)
        return outcomes

    def _write(self, text: str, mode: str = "w") -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open(mode, encoding="utf-8") as handle:
                handle.write(text)
        except OSError as error:
            raise OutputError(f"the outcomes cannot be written to {self._path}: {error.strerror}") from error
