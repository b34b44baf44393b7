"""The folder of a training run: its config, log, state and best model."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from gateviz.errors import OutputError, TrainingError
from gateviz.files.atomic import check_not_read, make_folder, write_whole
from gateviz.files.budget import LIST_BYTES
from gateviz.files.json_text import json_text
from gateviz.files.watch_files import FOLDER, LINE, forget_from
from gateviz.training.progress import GateReport, StepReport, ValidationReport

CONFIG = "config.json"
LOG = "log.jsonl"
STATE = "last.pt"
CURVES = "curves.png"
GATES = "gates.png"
BEST = "best"
PLANNED = "settings"
"""A key that the config of every run has."""

_KINDS = {StepReport: "step", ValidationReport: "validation", GateReport: "gates"}


class RunFolder:
    """Where a run leaves what it makes.

    A run that was killed before its first checkpoint has learned nothing that is kept: it is begun anew, by ``resume``
    as it was told then.

    Args:
        path: the folder, made where it is missing.
        resume: go on with the run that is there.

    Attributes:
        begun_anew: in words, what was there of a run without a checkpoint; empty where there was none.

    Raises:
        TrainingError: there is a run already and ``resume`` is false, or none and it is true.
        OutputError: the folder cannot be made, or what the run reads lies where it would write.
    """

    def __init__(self, path: str | Path, *, resume: bool = False) -> None:
        self.path = Path(path)
        self.begun_anew = ""
        models = sorted(self.path.glob(f"{BEST}.*"))
        logged, told = (self.path / LOG).exists(), (self.path / CONFIG).exists()
        kept = self.state.exists() or bool(models)
        unborn = not kept and self._has_plan()
        if resume and not unborn and not self.state.is_file():
            raise TrainingError(f"there is no run to resume in {self.path}: it has no {STATE}; start without --resume")
        if not resume and not unborn and (logged or kept):
            raise TrainingError(f"{self.path} holds a run already; go on with --resume, or name another folder")
        if not resume and not unborn and told:
            raise TrainingError(
                f"{self.path} has a {CONFIG} that is no run's and would be replaced; name another folder"
            )
        if unborn:
            self.begun_anew = f"the run in {self.path} was stopped before its first checkpoint, so it begins anew"
        self._made = not self.path.exists()
        make_folder(self.path)
        # Any of these may be the model to go on from, or a line that somebody drew.
        for path in (*models, *(self.path / name for name in (CONFIG, LOG, STATE, CURVES, GATES))):
            check_not_read(path)

    @contextmanager
    def starting(self) -> Iterator[None]:
        """What a run needs before its first word: a start that is refused leaves no empty folder behind."""
        try:
            yield
        finally:
            if self._made:
                with suppress(OSError):  # it is not empty: the run has begun
                    self.path.rmdir()

    def _has_plan(self) -> bool:
        """Whether the config in the folder is that of a run."""
        try:
            return PLANNED in self.read_config()
        except TrainingError:
            return False

    def forget_unborn(self) -> None:
        """Remove the log and the watched gates of a run that never came to a checkpoint.

        Raises:
            OutputError: one of them cannot be removed.
        """
        try:
            (self.path / LOG).unlink(missing_ok=True)
            (self.gates / LINE).unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(
                f"what the stopped run left in {self.path} cannot be removed: {error.strerror}"
            ) from error
        forget_from(self.gates, 0)

    @property
    def state(self) -> Path:
        """Everything needed to go on."""
        return self.path / STATE

    @property
    def gates(self) -> Path:
        """The folder of what the gates did, where they are watched."""
        return self.path / FOLDER

    def best(self, suffix: str) -> Path:
        """The model with the lowest validation CER so far."""
        return self.path / f"{BEST}{suffix}"

    def write_config(self, config: Mapping[str, Any]) -> None:
        """Write what the run was told.

        Raises:
            OutputError: it cannot be written.
        """
        text = json_text(config, indent=2)
        write_whole(self.path / CONFIG, (text + "\n").encode())

    def read_config(self) -> dict[str, Any]:
        """What the run was told.

        Raises:
            TrainingError: it is missing or no JSON object.
        """
        try:
            config = json.loads((self.path / CONFIG).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise TrainingError(f"the {CONFIG} of the run {self.path} cannot be read: {error}") from error
        if not isinstance(config, dict):
            raise TrainingError(f"the {CONFIG} of the run {self.path} is no JSON object")
        return config

    def read_log(self) -> list[dict[str, Any]]:
        """What was logged, in order; a line that a crash or a full disk cut short is left out.

        Raises:
            TrainingError: it cannot be read, or a line of it is no report.
        """
        path = self.path / LOG
        if not path.is_file():
            return []
        try:
            LIST_BYTES.check(path.stat().st_size, str(path), advice="start a new run", error=TrainingError)
            lines = path.read_text(encoding="utf-8").split("\n")[:-1]
        except (OSError, UnicodeDecodeError) as error:
            raise TrainingError(f"the log {path} cannot be read: {error}") from error
        reports = (_report(path, number, line) for number, line in enumerate(lines, start=1))
        return [report for report in reports if report is not None]

    def forget_after(self, step: int) -> None:
        """Take the steps after ``step`` out of the log: a run that goes on from there logs them again.

        Raises:
            OutputError: the log cannot be written.
        """
        kept = [json_text(entry, infinite=True) + "\n" for entry in self.read_log() if entry["step"] <= step]
        write_whole(self.path / LOG, "".join(kept).encode())

    def log(self, report: StepReport | ValidationReport | GateReport) -> None:
        """Add a line to the log.

        Raises:
            OutputError: it cannot be written.
        """
        line = json_text({"kind": _KINDS[type(report)], **asdict(report)}, infinite=True)
        try:
            with (self.path / LOG).open("a", encoding="utf-8") as handle:
                handle.write(line + "\n")
        except OSError as error:
            raise OutputError(f"the log in {self.path} could not be written: {error.strerror}") from error


def _report(path: Path, number: int, line: str) -> dict[str, Any] | None:
    """The report in a line; None for half a line, with what was logged right after it once there was room again."""
    try:
        report = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(report, dict) or type(report.get("step")) is not int:
        raise TrainingError(f"line {number} of the log {path} is {line[:60]!r}, and a report has its step; remove it")
    return report
