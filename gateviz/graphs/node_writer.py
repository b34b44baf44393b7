"""Nodes appended to an ONNX graph, one call a node."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper


class NodeWriter:
    """Appends nodes and constants to a graph, under names that nothing else in it has.

    Args:
        graph: what is appended to.
        prefix: of every name that is made.
    """

    def __init__(self, graph: onnx.GraphProto, prefix: str) -> None:
        self.graph = graph
        self._prefix = prefix
        self._count = 0

    def fresh(self) -> str:
        """A name that no value has."""
        self._count += 1
        return f"{self._prefix}{self._count}"

    def constant(self, values: np.ndarray | np.generic | Sequence[int], name: str = "") -> str:
        """The name of a stored tensor; a sequence of whole numbers is one of int64."""
        array = np.ascontiguousarray(values, dtype=None if isinstance(values, np.ndarray | np.generic) else np.int64)
        name = name or self.fresh()
        self.graph.initializer.append(numpy_helper.from_array(array.reshape(np.shape(values)), name))
        return name

    def node(self, kind: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """The name of what a node with one output gives."""
        return self.nodes(kind, inputs, [name or self.fresh()], **attributes)[0]

    def nodes(self, kind: str, inputs: Sequence[str], outputs: Sequence[str], **attributes: Any) -> list[str]:
        """The names of what a node gives."""
        self.graph.node.append(helper.make_node(kind, list(inputs), list(outputs), **attributes))
        return list(outputs)

    def output(self, name: str, dims: Sequence[str | int]) -> None:
        """Makes a value of float32 an output of the graph."""
        self.graph.output.append(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, list(dims)))
