"""The process that graphs of strangers run in: started once a session, asked over pipes, ended where it passes a bound.

A graph is a program, and a few hundred bytes of one can loop for ever or ask for any memory. So ONNX Runtime
is never loaded here: ``worker_program`` runs it, with limits on memory and on processor time.
"""

import atexit
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np

from gateviz.adapters.onnx.worker_program import LENGTH
from gateviz.errors import CheckpointError, MissingExtraError
from gateviz.files import budget

_PROGRAM = Path(__file__).with_name("worker_program.py")
_PATIENCE, _AT_LEAST = 6.0, 30.0
"""Seconds of waiting for one of processor time, since the machine may have other things to do; and for the start."""
_LOOKED_AT_EVERY = 1.0
_KINDS = frozenset("fiub")
NUMBERS = itertools.count()
"""Of graphs that were opened, so that none is taken for another."""


@dataclass(frozen=True)
class Answer:
    """What the process answered.

    Attributes:
        document: what it said.
        arrays: the numbers that came with it.
    """

    document: Mapping[str, Any]
    arrays: Sequence[np.ndarray]


@dataclass
class _Allowance:
    """Processor time that a stretch of work may still take in the process.

    Attributes:
        left: seconds.
        until: the processor time of this process at which its own part of the work ends.
    """

    left: float
    until: float


@dataclass(eq=False)
class Worker:
    """One such process.

    Attributes:
        limits: the limits that the system gave it, of ``memory`` and ``seconds``.
        dropped: numbers of graphs that nobody needs any more.
    """

    process: subprocess.Popen[bytes]
    owner: int
    limits: tuple[str, ...] = ()
    dropped: list[int] = field(default_factory=list)
    allowance: _Allowance | None = None
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _until: float | None = None

    def watch(self) -> None:
        """Ends the process where it has not answered in time: what waits for no processor passes no limit on it."""
        while self.alive:
            time.sleep(_LOOKED_AT_EVERY)
            until = self._until
            if until is not None and time.monotonic() > until:
                self.process.kill()

    @property
    def alive(self) -> bool:
        """Whether it can be asked by this process."""
        return self.owner == os.getpid() and self.process.poll() is None

    def ask(self, request: Mapping[str, Any], content: Sequence[memoryview], seconds: float) -> Answer:
        """What it answers.

        Args:
            request: what is asked.
            content: bytes that go with it.
            seconds: of processor time that it may take.

        Raises:
            CheckpointError: the graph fails there, or takes more time or memory than it may.
        """
        with self._lock:
            bound = budget.RUN_SECONDS
            if self.allowance is not None and time.process_time() > self.allowance.until:
                raise CheckpointError(budget.LOADING_SECONDS.spent("the graph", "it is no line recognizer"))
            if self.allowance is not None and self.allowance.left < seconds:
                bound, seconds = budget.LOADING_SECONDS, max(self.allowance.left, 0.01)
            dropped, self.dropped = self.dropped, []
            asked = {**request, "drop": dropped, "seconds": seconds, "sizes": [len(each) for each in content]}
            answer = self._answered(asked, content, bound, seconds)
            if self.allowance is not None:
                self.allowance.left -= float(answer.document.get("spent", 0.0))
        if "error" in answer.document:
            raise CheckpointError(str(answer.document["error"]))
        return answer

    def _answered(
        self, request: Mapping[str, Any], content: Sequence[memoryview], bound: budget.Bound, seconds: float
    ) -> Answer:
        """Sends a request and waits for what comes back; ends the process where that is not the whole of an answer."""
        self._until = time.monotonic() + _AT_LEAST + _PATIENCE * seconds
        whole = False
        try:
            assert self.process.stdin is not None
            text = json.dumps(request).encode()
            self.process.stdin.write(LENGTH.pack(len(text)) + text)
            for each in content:
                self.process.stdin.write(each)
            self.process.stdin.flush()
            answer = _received(self.process.stdout)
            whole = answer is not None
        except (BrokenPipeError, ValueError, TypeError, LookupError) as error:
            raise CheckpointError(self._ended(bound)) from error
        finally:
            self._until = None
            if not whole:
                # Whatever it sends from now on would be taken for the answer to another question.
                self.process.kill()
                self.process.wait()
        if answer is None:
            raise CheckpointError(self._ended(bound))
        return answer

    def _ended(self, bound: budget.Bound) -> str:
        """Why the process is no more."""
        self.process.kill()
        status = self.process.wait()
        if status == -getattr(signal, "SIGPROF", 0):
            return bound.spent("the graph", "it is no line recognizer")
        if status == -getattr(signal, "SIGKILL", 0):
            return bound.spent("the graph", "it is no line recognizer, or the machine has too much else to do")
        name = signal.Signals(-status).name if status < 0 else f"exit status {status}"
        return f"the process that runs graphs came to its end in it ({name}); the graph is damaged or malicious"

    def close(self) -> None:
        """Ends it."""
        if self.owner == os.getpid():
            for stream in (self.process.stdin, self.process.stdout):
                if stream is not None:
                    stream.close()
            self.process.kill()
            self.process.wait()


def _received(stream: IO[bytes] | None) -> Answer | None:
    """The next answer; None where the stream ends.

    What comes from there is believed no more than a file: a graph may have taken the process over.
    """
    assert stream is not None
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (size,) = LENGTH.unpack(head)
    budget.DOCUMENT_BYTES.check(size, "an answer of the process that runs graphs")
    text = stream.read(size)
    if len(text) < size:
        return None
    document = json.loads(text)
    arrays = []
    for kind, shape in document["arrays"]:
        made = np.dtype(str(kind))
        count = 1
        for each in shape:
            count *= int(each)
        if made.kind not in _KINDS or count < 0:
            return None
        budget.WORKER_BYTES.check(count * made.itemsize, "what a graph gives")
        content = bytearray(count * made.itemsize)
        at = memoryview(content)
        while at:
            taken = stream.readinto(at)  # type: ignore[attr-defined]
            if not taken:
                return None
            at = at[taken:]
        arrays.append(np.frombuffer(content, made).reshape(shape))
    return Answer(document, arrays)


_started: list[Worker] = []
_starting = threading.Lock()


def worker() -> Worker:
    """The process, started where none runs.

    Raises:
        MissingExtraError: the package onnxruntime is not installed.
        CheckpointError: no process can be started here.
    """
    with _starting:
        if not (_started and _started[-1].alive):
            _started[:] = [_start()]
        found = _started[-1]
    if not found.limits:
        found.limits = _greeted(found)
    return found


def start_worker() -> None:
    """Starts the process and does not wait for it, so that it imports while a graph is read."""
    with _starting:
        if not (_started and _started[-1].alive):
            _started[:] = [_start()]


def _start() -> Worker:
    # It looks for packages where this process does.
    paths = os.pathsep.join(path for path in sys.path if path)
    try:
        process = subprocess.Popen(
            [sys.executable, "-P", str(_PROGRAM), str(budget.WORKER_BYTES.most)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": paths},
        )
    except OSError as error:
        raise CheckpointError(
            f"graphs run in a process of their own, and none can be started here ({error.strerror or error}); "
            f"mend {sys.executable or 'the path of Python'}"
        ) from error
    started = Worker(process, os.getpid())
    atexit.register(started.close)
    # A thread for all requests, since starting one takes as long as a small graph runs.
    threading.Thread(target=started.watch, daemon=True).start()
    return started


def _greeted(found: Worker) -> tuple[str, ...]:
    """The limits of a process that has just been started."""
    answer = _received(found.process.stdout)
    if answer is None or "error" in answer.document:
        found.close()
        said = "" if answer is None else f" ({answer.document['error']})"
        raise MissingExtraError(
            f"running an ONNX graph needs onnxruntime, which cannot be imported{said}; pip install 'gateviz[onnx]'"
        )
    return (*answer.document["limits"], "process")


@contextmanager
def loading_time() -> Iterator[None]:
    """Bounds what all runs inside the block take together.

    Raises:
        MissingExtraError, CheckpointError: as ``worker``.
    """
    seconds = float(budget.LOADING_SECONDS.most)
    allowance = _Allowance(seconds, time.process_time() + seconds)
    asked = worker()
    asked.allowance = allowance
    try:
        yield
    finally:
        asked.allowance = None
