"""What hostile and broken files come to: ``python -m benchmarks hostile-files FOLDER [FOLDER ...]``.

Every file is given to ``gateviz read LINE --model FILE`` in a process of its own. The table says how it ended
(in one sentence, as a reading, or otherwise), after how many seconds of the clock and of the processor (the limit
is on the latter, since other programs may run), and the most memory that the process and its children held
together. The exit status is 1 where a file ended in a traceback, or passed a limit.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

MEBIBYTE = 1024**2
_LOOKED_AT_EVERY = 0.02
_PATIENCE = 6
_UNASKED = frozenset({".pdiparams", ".bin", ".png", ".log", ".toml"})
"""Endings of files that belong to another one."""


@dataclass(frozen=True)
class Outcome:
    """What became of one file.

    Attributes:
        name: the file.
        status: exit status of the process; None where it was stopped.
        said: its last line, of what it printed.
        lines: how many lines it printed on stderr.
        seconds: from its start to its end.
        processor: of those that it and its children worked.
        peak: most bytes that it and its children held in memory together.
    """

    name: str
    status: int | None
    said: str
    lines: int
    seconds: float
    processor: float
    peak: int

    def faults(self, seconds: float, mebibytes: float) -> list[str]:
        """What is wrong with it; nothing where it ended in a sentence or a reading within the limits."""
        found = []
        if self.status not in (0, 1) or "Traceback" in self.said:
            found.append("no sentence")
        if self.processor > seconds:
            found.append("time")
        if self.peak > mebibytes * MEBIBYTE:
            found.append("memory")
        return found


def main(arguments: Sequence[str]) -> int:
    """Tries every file and prints the table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks hostile-files", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("folders", nargs="+", type=Path, help="folders of files, or files")
    parser.add_argument("--seconds", type=float, default=10.0, help="a file should take no longer (10)")
    parser.add_argument("--mebibytes", type=float, default=1024.0, help="a file should take no more memory (1024)")
    parser.add_argument("--command", choices=("read", "info"), default="read", help="what is done with it (read)")
    options = parser.parse_args(arguments)
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        line = _line(Path(folder))
        print("| file | outcome | seconds | of the processor | peak MiB | |\n|---|---|---:|---:|---:|---|")
        for path in _files(options.folders):
            asked = ["read", str(line), "--model", str(path)] if options.command == "read" else ["info", str(path)]
            outcome = tried(path, asked, options.seconds * _PATIENCE)
            faults = outcome.faults(options.seconds, options.mebibytes)
            failed += bool(faults)
            print(
                f"| `{outcome.name}` | {outcome.said.replace('|', chr(92) + '|')} | {outcome.seconds:.1f} | "
                f"{outcome.processor:.1f} | {outcome.peak / MEBIBYTE:.0f} | {', '.join(faults)} |",
                flush=True,
            )
    print(f"\n{failed} files ended otherwise than in a sentence or a reading, or passed a limit.")
    return 1 if failed else 0


def tried(path: Path, asked: Sequence[str], patience: float) -> Outcome:
    """What becomes of a file; its process is stopped after ``patience`` seconds."""
    started, before = time.monotonic(), _worked()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateviz", *asked], stdout=out, stderr=err, start_new_session=True
        )
        peak, status = 0, None
        while (status := process.poll()) is None and time.monotonic() - started < patience:
            peak = max(peak, _held(process.pid))
            time.sleep(_LOOKED_AT_EVERY)
        seconds = time.monotonic() - started
        if status is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        out.seek(0)
        err.seek(0)
        told = err.read(1 << 20).decode("utf-8", "replace")
        said = (told or out.read(1 << 16).decode("utf-8", "replace")).strip().splitlines()
    if "Traceback" in told:
        said.append(f"Traceback: {said[-1]}")
    if status is None:
        said.append(f"stopped after {patience:.0f} s")
    words = _plain(said[-1] if said else "").replace(str(path), path.name)
    return Outcome(path.name, status, words, len(told.splitlines()), seconds, _worked() - before, peak)


def _files(folders: Sequence[Path]) -> Iterator[Path]:
    for folder in folders:
        inside = sorted(each for each in folder.iterdir() if each.is_file()) if folder.is_dir() else [folder]
        yield from (each for each in inside if each.suffix not in _UNASKED)


def _line(folder: Path) -> Path:
    """A line image to read."""
    pixels = np.full((48, 320), 255, np.uint8)
    cv2.putText(pixels, "gates 1997", (10, 34), cv2.FONT_HERSHEY_SIMPLEX, 1.1, 0, 2, cv2.LINE_AA)
    path = folder / "line.png"
    cv2.imwrite(str(path), pixels)
    return path


def _held(group: int) -> int:
    """Bytes that the processes of a group hold in memory."""
    total = 0
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[2]) == group:
                total += int((entry / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            # It ended while it was looked at, or is somebody else's.
            continue
    return total


def _worked() -> float:
    """Processor time of all processes that were waited for."""
    times = os.times()
    return times.children_user + times.children_system


def _plain(said: str) -> str:
    """A line for a table: no control characters, and not endless."""
    shown = re.sub(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e]", "?", said)
    return shown if len(shown) <= 300 else f"{shown[:297]}..."
