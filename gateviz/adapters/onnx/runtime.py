"""Parts of a graph, cut out and run by ONNX Runtime."""

import re
import weakref
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from gateviz.adapters.onnx.graph import OnnxGraph, onnx_package, require_runtime
from gateviz.adapters.onnx.worker import NUMBERS, Worker, worker
from gateviz.errors import CheckpointError
from gateviz.files import budget

_PLACE = re.compile(r"/\S+:\d+ [^()]*\([^()]*(?:\([^()]*\)[^()]*)*\)(?: const)?(?: \[with [^\]]*\])? ")
"""Where in its own source ONNX Runtime raised an error."""


_MEMORY = re.compile(r"Available memory|bad.?alloc|std::bad_alloc|Unable to allocate|Failed to allocate")
"""How the runtime and NumPy say that they were refused memory."""


class Section:
    """The nodes that some values are made by, as a graph of their own.

    Attributes:
        values: names of what comes out.
    """

    def __init__(self, graph: OnnxGraph, values: Collection[str]) -> None:
        """Cuts the nodes out and prepares to run them.

        Raises:
            CheckpointError: ONNX Runtime refuses a node.
            MissingExtraError: the package onnxruntime is not installed.
        """
        require_runtime()
        self.values = tuple(values)
        # ONNX Runtime gives back no input as an output.
        self._passed = tuple(port.name for port in graph.inputs if port.name in self.values)
        self._made = tuple(name for name in self.values if name not in self._passed)
        self._graph = _cut_out(graph, self._made).SerializeToString() if self._made else b""
        self._opened: _Opened | None = None
        if self._made:
            self._open()

    def __getstate__(self) -> dict[str, Any]:
        """Without what is open in another process: a copy opens its own."""
        return {**self.__dict__, "_opened": None}

    def run(self, feed: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The values, for what the graph is fed.

        Raises:
            CheckpointError: the graph does not take an input of this size, or takes too long or too much memory.
        """
        found = {name: feed[name] for name in self._passed}
        if not self._made:
            return found
        opened = self._open()
        given = {name: np.ascontiguousarray(array) for name, array in feed.items() if name in opened.inputs}
        pixels = sum(array.size for array in given.values())
        request = {
            "run": opened.number,
            "values": self._made,
            "feed": [(name, array.dtype.str, array.shape) for name, array in given.items()],
        }
        content = [array.reshape(-1).view(np.uint8).data for array in given.values()]
        try:
            answer = opened.worker.ask(request, content, _seconds(pixels))
        except CheckpointError as error:
            sizes = ", ".join(" x ".join(map(str, array.shape)) for array in feed.values())
            raise CheckpointError(f"the graph does not run on an input of {sizes}: {_words(error)}") from error
        return found | dict(zip(self._made, answer.arrays, strict=True))

    def _open(self) -> "_Opened":
        """The graph in the process that runs graphs, opened there where that process is a new one."""
        if self._opened is None or not self._opened.worker.alive:
            asked, number = worker(), next(NUMBERS)
            request = {"graph": number, "threads": torch.get_num_threads()}
            try:
                answer = asked.ask(request, [memoryview(self._graph)], _seconds(0))
            except CheckpointError as error:
                raise CheckpointError(f"ONNX Runtime does not run the graph: {_words(error)}") from error
            self._opened = _Opened(asked, number, frozenset(map(str, answer.document["inputs"])))
            weakref.finalize(self, asked.dropped.append, number)
        return self._opened


@dataclass(frozen=True, eq=False)
class _Opened:
    """A graph that is open in a process.

    Attributes:
        worker: the process.
        number: of the graph there.
        inputs: what it takes.
    """

    worker: Worker
    number: int
    inputs: frozenset[str]


def _seconds(pixels: int) -> float:
    """Processor time that a run may take, on all threads together."""
    return (budget.RUN_SECONDS.most + pixels / budget.PIXELS_A_SECOND) * torch.get_num_threads()


def _cut_out(graph: OnnxGraph, values: Collection[str]) -> Any:
    """A model of the nodes that the values are made by, with the stored tensors that those take."""
    onnx = onnx_package()
    nodes = frozenset(graph.upstream(values))
    taken = {name for node in nodes for name in (*node.inputs, *node.captured)}
    source = graph.model
    model = onnx.ModelProto(ir_version=source.ir_version)
    model.opset_import.extend(source.opset_import)
    model.graph.name = "section"
    for node, proto in zip(graph.nodes, source.graph.node, strict=True):
        if node in nodes:
            model.graph.node.add().CopyFrom(proto)
    model.graph.initializer.extend(tensor for tensor in source.graph.initializer if tensor.name in taken)
    model.graph.input.extend(
        value for value in source.graph.input if value.name in taken and value.name not in graph.stored
    )
    for name in values:
        model.graph.output.add().name = name
    return model


def _words(error: Exception) -> str:
    said = str(error).strip()
    first = said.splitlines()[0] if said else type(error).__name__
    # "[ONNXRuntimeError] : 1 : FAIL : source.cc:256 function(...) ..." begins with what the user need not know.
    words = _PLACE.sub("", re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", first))[:400]
    return f"{words} (the bound on {budget.WORKER_BYTES.name})" if _MEMORY.search(words) else words
