"""The program in which graphs run: a process of its own, with limits, that knows NumPy and ONNX Runtime alone.

It is started by its path and never imported. A request on its standard input is a length, a JSON document, and
as many bytes as that says; an answer on what was its standard output has the same form. A limit on memory ends
in an error that is answered; a limit on processor time, in the end of the process, since nothing else stops a
loop inside the runtime.
"""

import json
import os
import signal
import struct
import sys
import time
from typing import IO, Any

LENGTH = struct.Struct("<Q")


def main() -> None:
    """Answers requests until its standard input ends."""
    requests = sys.stdin.buffer
    answers = os.fdopen(os.dup(1), "wb")
    # What the runtime itself may print would stand between the answers.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    # The terminal's interrupt goes to both processes; the other one ends this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    memory = int(sys.argv[1])
    try:
        runner = _Runner(memory)
    except ImportError as error:
        _write(answers, {"error": str(error)}, [])
        return
    _write(answers, {"limits": _limited(memory)}, [])
    while (request := _read(requests)) is not None:
        document, content = request
        started = time.process_time()
        try:
            _timer(document.get("seconds", 0.0))
            found, arrays = runner.answer(document, content)
        # Every failure of a graph is an answer; the runtime has an exception for each status, without a base.
        except Exception as error:
            found, arrays = {"error": f"{error}".strip() or type(error).__name__}, []
        finally:
            _timer(0.0)
        _write(answers, found | {"spent": time.process_time() - started}, arrays)


def _limited(memory: int) -> list[str]:
    """Sets the limits that this system knows; returns their names."""
    found = ["seconds"] if hasattr(signal, "setitimer") else []
    try:
        import resource
        from pathlib import Path

        held = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (held + memory, held + memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    except (ImportError, OSError, ValueError):
        # No such limits here: what is missing is told to the user.
        return found
    return ["memory", *found]


def _timer(seconds: float) -> None:
    """After so much processor time of this process its end comes; 0 for none."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _read(stream: IO[bytes]) -> tuple[dict[str, Any], list[bytes]] | None:
    head = stream.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    document = json.loads(stream.read(*LENGTH.unpack(head)))
    return document, [stream.read(size) for size in document["sizes"]]


def _write(stream: IO[bytes], document: dict[str, Any], arrays: list[Any]) -> None:
    content = [array.tobytes() for array in arrays]
    shapes = [[array.dtype.str, list(array.shape)] for array in arrays]
    text = json.dumps(document | {"arrays": shapes}).encode()
    stream.write(LENGTH.pack(len(text)) + text)
    for each in content:
        stream.write(each)
    stream.flush()


class _Runner:
    """The sessions that are open, by their numbers."""

    def __init__(self, memory: int) -> None:
        import numpy
        import onnxruntime

        self._numpy, self._runtime = numpy, onnxruntime
        self._sessions: dict[int, Any] = {}
        arena = onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR
        place = onnxruntime.OrtMemoryInfo("Cpu", arena, 0, onnxruntime.OrtMemType.DEFAULT)
        # Extended by what is asked for, not by doubling.
        bounds = onnxruntime.OrtArenaCfg({"max_mem": memory, "arena_extend_strategy": 1})
        onnxruntime.create_and_register_allocator(place, bounds)

    def answer(self, request: dict[str, Any], content: list[bytes]) -> tuple[dict[str, Any], list[Any]]:
        """What a request asks for: a graph to be opened, or to be run."""
        for number in request["drop"]:
            self._sessions.pop(number, None)
        if "graph" in request:
            session = self._opened(content[0], request["threads"])
            self._sessions[request["graph"]] = session
            return {"inputs": [port.name for port in session.get_inputs()]}, []
        feed = {
            name: self._numpy.frombuffer(data, kind).reshape(shape)
            for (name, kind, shape), data in zip(request["feed"], content, strict=True)
        }
        made = self._sessions[request["run"]].run(request["values"], feed)
        arrays = [self._numpy.ascontiguousarray(value).reshape(self._numpy.shape(value)) for value in made]
        if strange := [str(array.dtype) for array in arrays if array.dtype.kind not in "fiub"]:
            return {"error": f"it gives values of the type {strange[0]}, which are no numbers"}, []
        return {}, arrays

    def _opened(self, graph: bytes, threads: int) -> Any:
        options = self._runtime.SessionOptions()
        options.add_session_config_entry("session.use_env_allocators", "1")
        # Warnings would be lost, and every failure comes back as an exception.
        options.log_severity_level = 4
        options.intra_op_num_threads = threads
        # Without the last, it prints an error, and tries the same once more.
        return self._runtime.InferenceSession(graph, options, providers=["CPUExecutionProvider"], enable_fallback=0)


if __name__ == "__main__":
    main()
