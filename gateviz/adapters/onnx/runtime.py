"""Parts of a graph, cut out and run by ONNX Runtime."""

import re
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

import numpy as np
import torch

from gateviz.adapters.onnx.extra import onnx_package, runtime_package
from gateviz.adapters.onnx.graph import OnnxGraph
from gateviz.errors import CheckpointError

_PLACE = re.compile(r"/\S+:\d+ [^()]*\([^()]*(?:\([^()]*\)[^()]*)*\)(?: const)?(?: \[with [^\]]*\])? ")
"""Where in its own source ONNX Runtime raised an error."""


LARGEST_MEMORY = 1 << 32
"""Bytes that ONNX Runtime may hold for gateviz's sections; a line of 65,536 columns takes a tenth."""


@cache
def _bounded_memory() -> None:
    """Makes the allocator that sections ask for; a few bytes of a graph could claim any number otherwise."""
    runtime = runtime_package()
    arena = runtime.OrtAllocatorType.ORT_ARENA_ALLOCATOR
    place = runtime.OrtMemoryInfo("Cpu", arena, 0, runtime.OrtMemType.DEFAULT)
    # Extended by what is asked for, not by doubling.
    bounds = runtime.OrtArenaCfg({"max_mem": LARGEST_MEMORY, "arena_extend_strategy": 1})
    runtime.create_and_register_allocator(place, bounds)


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
        runtime = runtime_package()
        self.values = tuple(values)
        # ONNX Runtime gives back no input as an output.
        self._passed = tuple(port.name for port in graph.inputs if port.name in self.values)
        self._made = tuple(name for name in self.values if name not in self._passed)
        _bounded_memory()
        options = runtime.SessionOptions()
        options.add_session_config_entry("session.use_env_allocators", "1")
        # Warnings would go to the terminal past gateviz, and every failure comes back as an exception.
        options.log_severity_level = 4
        options.intra_op_num_threads = torch.get_num_threads()
        self._session: Any = None
        if not self._made:
            return
        try:
            self._session = runtime.InferenceSession(
                _cut_out(graph, self._made).SerializeToString(),
                options,
                providers=["CPUExecutionProvider"],
                # Otherwise it prints an error, and tries the same once more.
                enable_fallback=0,
            )
        # ONNX Runtime has an exception for every status, without a base of their own.
        except Exception as error:
            raise CheckpointError(f"ONNX Runtime does not run the graph: {_words(error)}") from error

    def run(self, feed: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The values, for what the graph is fed.

        Raises:
            CheckpointError: the graph does not take an input of this size.
        """
        found = {name: feed[name] for name in self._passed}
        if self._session is None:
            return found
        wanted = {port.name for port in self._session.get_inputs()}
        try:
            made = self._session.run(self._made, {name: array for name, array in feed.items() if name in wanted})
        except Exception as error:
            sizes = ", ".join(" x ".join(map(str, array.shape)) for array in feed.values())
            raise CheckpointError(f"the graph does not run on an input of {sizes}: {_words(error)}") from error
        return found | dict(zip(self._made, made, strict=True))


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
    return _PLACE.sub("", re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", first))[:200]
