"""Hostile and broken files of every kind but models, each read by the command that would read it.

``python -m benchmarks.hostile_inputs [NAME ...]`` makes every input in a temporary folder, reads it in a
child process, and prints what came of it: exit status, seconds of processor time, the largest memory,
and the first line that was said. An input passes when it is answered without a traceback within
``SECONDS`` and ``MEBIBYTES``; the exit status says whether all passed. Children are forked from a process that has the
model loaded, whose memory is printed first and counts in theirs.
"""

import os
import resource
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path

from benchmarks.hostile_inputs_made import Input, made_inputs

SECONDS = 10.0
MEBIBYTES = 1024.0


@dataclass(frozen=True)
class Outcome:
    """What came of one input.

    Attributes:
        status: exit status; negative for the signal that ended it.
        seconds: of processor time.
        mebibytes: largest resident memory.
        said: what stood on stderr, else on stdout.
    """

    status: int
    seconds: float
    mebibytes: float
    said: str

    @property
    def passed(self) -> bool:
        """Whether it was answered as it should be."""
        answered = self.status in (0, 1, 2) and "Traceback" not in self.said
        return answered and self.seconds <= SECONDS and self.mebibytes <= MEBIBYTES


def outcome_of(given: Input, folder: Path) -> Outcome:
    """The outcome of one input in a forked child."""
    said = folder / "said"
    child = os.fork()
    if not child:
        _run(given, folder, said)
    _, status, usage = os.wait4(child, 0)
    code = os.waitstatus_to_exitcode(status)
    words = said.read_text(encoding="utf-8", errors="replace").strip()
    return Outcome(code, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, words)


def _run(given: Input, folder: Path, said: Path) -> None:
    """Run the command line in this (child) process, with both outputs in a file; does not return."""
    status = 70
    limit = int(3 * SECONDS)
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    os.chdir(folder)
    output = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    try:
        from gateviz.cli.main import main

        main(list(given.arguments), prog_name="gateviz")
    except SystemExit as left:
        status = left.code if isinstance(left.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def main() -> int:
    """Print the table; 0 where every input passes."""
    import gateviz
    import gateviz.plot.figures
    import gateviz.widget.html

    wanted = sys.argv[1:]
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        started = time.monotonic()
        gateviz.record(gateviz.load(), gateviz.sample())
        baseline = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"loaded in {time.monotonic() - started:.0f} s, {baseline:.0f} MiB\n")
        print("| input | command | exit | s | MiB | said |\n|---|---|---|---|---|---|")
        for given in made_inputs(folder):
            if wanted and not any(word in given.name for word in wanted):
                continue
            found = outcome_of(given, folder)
            failed += not found.passed
            lines = [line for line in found.said.splitlines() if line.startswith("gateviz")] or found.said.splitlines()
            words = (lines[-1 if "Traceback" in found.said else 0] if lines else "").replace(str(folder) + "/", "")
            mark = "" if found.passed else " **FAILS**"
            print(
                f"| {given.name}{mark} | {given.arguments[0]} | {found.status} | {found.seconds:.1f} | "
                f"{found.mebibytes:.0f} | {words[:240]} |",
                flush=True,
            )
    print(f"\n{failed} fail")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
