"""Every reader of files against bytes that a fuzzer makes up: ``python -m benchmarks fuzz-readers [READER ...]``.

It stands here and not among the tests, since it runs for as long as one lets it and needs atheris
(``pip install atheris``), which nothing else does. Each reader starts from small files that the project's own
writers make, and runs in a process of its own, with what atheris itself limits (memory, seconds for one input).
An input after which a reader raises anything but a ``GatevizError`` is a finding, kept in ``--keep``; what was
caught at the one door is listed too, since such a message says less than one of the reader's own.
"""

import argparse
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.fuzz_entries import READERS, Reader

_LARGEST = 65_536
_SLOWEST = 25
_MEMORY = 2048
_DOOR = re.compile(r"cannot be read \((\w+): ")


def main(arguments: Sequence[str]) -> int:
    """Runs the readers one after the other and prints a table; the exit status is 1 where there was a finding."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks fuzz-readers", description=_first_line())
    parser.add_argument("readers", nargs="*", help=f"which; all without a name ({', '.join(READERS)})")
    parser.add_argument("--seconds", type=int, default=60, help="for each reader (60)")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"), help="folder of what is found and learned")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.readers) - set(READERS)):
        parser.error(f"there is no reader {unknown[0]!r}; there are {', '.join(READERS)}")
    if importlib.util.find_spec("atheris") is None:
        print("atheris is not installed, and it is what makes the files up; pip install atheris", file=sys.stderr)
        return 2
    if options.inside:
        return _fuzzed(options.readers[0], options.seconds, options.keep)
    findings = 0
    print("| reader | executions | processor seconds | findings | caught at the door |\n|---|---:|---:|---:|---|")
    for name in options.readers or READERS:
        found, row = _ran(name, options.seconds, options.keep)
        findings += found
        print(row, flush=True)
    return 1 if findings else 0


def _first_line() -> str:
    return (__doc__ or "").partition("\n")[0]


def _ran(name: str, seconds: int, keep: Path) -> tuple[int, str]:
    """The findings of a reader, and its row of the table."""
    folder = keep / name
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    started = os.times()
    command = [sys.executable, "-m", "benchmarks", "fuzz-readers", "--inside", "--seconds", str(seconds)]
    log = folder / "log.txt"
    with log.open("wb") as stream:
        before = set(folder.iterdir())
        subprocess.run([*command, "--keep", str(keep), name], stdout=stream, stderr=stream, check=False)
    ended = os.times()
    worked = ended.children_user + ended.children_system - started.children_user - started.children_system
    told = log.read_text(encoding="utf-8", errors="replace")
    executions = max(
        (int(each) for each in re.findall(r"#(\d+)\s|executed_units: (\d+)", told) for each in each if each), default=0
    )
    found = sorted(
        path.name for path in set(folder.iterdir()) - before if path.name.startswith(("crash-", "timeout-", "oom-"))
    )
    caught = Counter(re.findall(r"AT THE DOOR (.*)", told))
    words = "; ".join(f"{kind} ({count})" for kind, count in caught.most_common(6))
    ending = "" if executions else f" (it did not start: see {log})"
    return len(found) + (not executions), f"| {name}{ending} | {executions:,} | {worked:.0f} | {len(found)} | {words} |"


def _fuzzed(name: str, seconds: int, keep: Path) -> int:
    """Fuzzes one reader; atheris leaves the process itself when the time is over."""
    import atheris

    with atheris.instrument_imports(include=["gateviz"]):
        reader = READERS[name]
        folder = keep / name
        for number, seed in enumerate(reader.seeds()):
            (folder / "corpus" / f"seed-{number}").write_bytes(seed)
        # The modules that a reader imports when it reads are instrumented too.
        target = _target(reader, Path(tempfile.mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None)))
        for seed in sorted((folder / "corpus").glob("seed-*")):
            target(seed.read_bytes())
    limits = (f"-max_total_time={seconds}", f"-rss_limit_mb={_MEMORY}", f"-timeout={_SLOWEST}", f"-max_len={_LARGEST}")
    options = [sys.argv[0], *limits, "-print_final_stats=1", f"-artifact_prefix={folder}/", str(folder / "corpus")]
    atheris.Setup(options, target)
    atheris.Fuzz()
    return 0


def _target(reader: Reader, folder: Path) -> Callable[[bytes], None]:
    from gateviz.errors import GatevizError

    path = folder / f"model{reader.suffix}"
    known: set[str] = set()

    def target(data: bytes) -> None:
        path.write_bytes(data)
        try:
            reader.read(path)
        except GatevizError as error:
            if (caught := _DOOR.search(str(error))) is not None and (place := _place(error)) not in known:
                known.add(place)
                print(f"AT THE DOOR {caught[1]} in {place}", file=sys.stderr, flush=True)

    return target


def _place(error: BaseException) -> str:
    """Where in gateviz the cause of an error was raised."""
    trace, found = (error.__cause__ or error).__traceback__, "?"
    while trace is not None:
        code = trace.tb_frame.f_code
        if "gateviz" in code.co_filename:
            found = f"{Path(code.co_filename).name}:{code.co_name}"
        trace = trace.tb_next
    return found
