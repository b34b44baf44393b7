"""A study of interventions on disk, line by line, so that one that was stopped goes on.

JSON lines: the first says what the study is (checkpoint, plan, groups), each further one is the outcome
of a line. A line that was cut off while it was written is read again.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gateviz.errors import OutputError
from gateviz.files.json_text import json_text
from gateviz.survey.ablation import LineOutcome

FORMAT_VERSION = 1


class AblationLog:
    """The outcomes of a study that are kept in a file.

    Args:
        path: the file; a new one is begun with ``header``.
        header: what the study is; one that goes on must be the same study.

    Raises:
        OutputError: the file cannot be read or written, or is that of another study.
    """

    def __init__(self, path: Path, header: Mapping[str, Any]) -> None:
        self._path = path
        self._header = {"format_version": FORMAT_VERSION, **json.loads(json.dumps(header))}
        self.outcomes = self._read()

    def add(self, outcome: LineOutcome) -> None:
        """Keep one more outcome.

        Raises:
            OutputError: the file cannot be written.
        """
        self.outcomes.append(outcome)
        self._append(_to_json(outcome))

    def _read(self) -> list[LineOutcome]:
        try:
            text = self._path.read_text(encoding="utf-8") if self._path.exists() else ""
        except (OSError, UnicodeDecodeError) as error:
            raise OutputError(f"the outcomes in {self._path} cannot be read ({error}); name another folder") from error
        whole = text[: text.rfind("\n") + 1]
        if not whole:
            self._write(json_text(self._header) + "\n")
            return []
        try:
            header, *outcomes = (json.loads(line) for line in whole.splitlines())
            found = [_from_json(outcome) for outcome in outcomes]
        except Exception as error:  # what was written there may be anything
            raise OutputError(f"{self._path} is no file of outcomes ({error}); name another folder") from error
        if header != self._header:
            differing = sorted(key for key in {*header, *self._header} if header.get(key) != self._header.get(key))
            raise OutputError(
                f"{self._path} is of another study (its {', '.join(differing)} differ); name another folder or remove it"
            )
        if whole != text:
            self._write(whole)
        return found

    def _write(self, text: str) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise OutputError(f"the outcomes cannot be written to {self._path}: {error.strerror}") from error

    def _append(self, document: Mapping[str, Any]) -> None:
        try:
            with self._path.open("a", encoding="utf-8") as handle:
                handle.write(json_text(document, infinite=True) + "\n")
        except OSError as error:
            raise OutputError(f"the outcomes cannot be written to {self._path}: {error.strerror}") from error


def _to_json(outcome: LineOutcome) -> dict[str, Any]:
    return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in vars(outcome).items()}


def _from_json(document: Mapping[str, Any]) -> LineOutcome:
    series = {
        "divergence": np.array(document["divergence"], dtype=np.float64),
        "edits": np.array(document["edits"], dtype=np.int64),
        "errors": np.array(document["errors"], dtype=np.int64),
    }
    return LineOutcome(**{**document, **series})
