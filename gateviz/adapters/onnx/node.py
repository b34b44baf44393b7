"""One node of an ONNX file, and the numbers that are stored in the file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gateviz.errors import CheckpointError
from gateviz.files import budget

STANDARD_DOMAINS = frozenset({"", "ai.onnx"})


@dataclass(frozen=True, eq=False)
class Node:
    """One operation.

    Attributes:
        op: its type, such as ``LSTM``.
        domain: whose operation it is; empty for the standard's own.
        name: what the exporter called it, or a number where it has no name.
        inputs: names of the values it takes; empty where an optional one is left out.
        outputs: names of the values it gives.
        attributes: its settings: numbers, text, arrays; graphs as they are in the file.
        captured: values that a graph inside it takes from outside.
    """

    op: str
    domain: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]
    captured: frozenset[str] = frozenset()

    @property
    def standard(self) -> bool:
        """True for an operation of the ONNX standard."""
        return self.domain in STANDARD_DOMAINS

    @property
    def words(self) -> str:
        """What it is, for people, such as ``the LSTM node '/decoder/LSTM'``."""
        kind = self.op if self.standard else f"{self.op} ({self.domain})"
        return f"the {kind} node {self.name!r}"


def read_node(onnx: Any, number: int, node: Any) -> Node:
    """A node of the file, the ``number``-th.

    Raises:
        CheckpointError: a tensor in it claims more numbers than are there.
    """
    attributes, captured = {}, set()
    for each in node.attribute:
        value = onnx.helper.get_attribute_value(each)
        if each.type == onnx.AttributeProto.TENSOR:
            value = tensor_array(onnx, value)
        elif each.type == onnx.AttributeProto.GRAPH:
            captured |= _captured(value)
        elif each.type == onnx.AttributeProto.GRAPHS:
            captured.update(*(_captured(graph) for graph in value))
        attributes[text(each.name)] = _plain(value)
    return Node(
        op=text(node.op_type),
        domain=text(node.domain),
        name=text(node.name) or f"{number} (without a name)",
        inputs=tuple(text(name) for name in node.input),
        outputs=tuple(text(name) for name in node.output),
        attributes=attributes,
        captured=frozenset(text(name) for name in captured),
    )


def _plain(value: Any) -> Any:
    """Text as text, lists as tuples."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, list):
        return tuple(_plain(each) for each in value)
    return value


def _captured(graph: Any) -> set[str]:
    """Values that an inner graph takes from outside."""
    known = {value.name for value in graph.input} | {tensor.name for tensor in graph.initializer}
    taken: set[str] = set()
    for node in graph.node:
        taken.update(name for name in node.input if name and name not in known)
        for each in node.attribute:
            for inner in (each.g, *each.graphs):
                taken |= _captured(inner) - known
        known.update(node.output)
    return taken | ({value.name for value in graph.output} - known)


def inner_ops(graph: Any) -> Iterator[str]:
    """Types of all nodes of a graph inside a node, however deep."""
    for node in graph.node:
        yield node.op_type
        for each in node.attribute:
            for inner in (each.g, *each.graphs):
                yield from inner_ops(inner)


def tensor_array(onnx: Any, tensor: Any) -> np.ndarray:
    """The numbers of a tensor of the file.

    Raises:
        CheckpointError: it claims another number of them than the file stores, or holds NaN or infinity.
    """
    name = tensor.name or "a constant"
    count = 1
    budget.DIMS.check(len(tensor.dims), name[:80])
    for size in tensor.dims:
        if size < 0:
            raise CheckpointError(f"{name} has an axis of {size} positions; the file is damaged")
        count *= size
    # The packed types (4 bits and less) and text are no one's weights; their count is checked by onnx itself.
    fields = ("float_data", "int32_data", "int64_data", "double_data", "uint64_data", "string_data")
    numbers = sum(len(getattr(tensor, field)) for field in fields)
    if max(len(tensor.raw_data) * 2, numbers) < count:
        raise CheckpointError(
            f"{name} claims {count:,} numbers and {len(tensor.raw_data) + 4 * numbers:,} bytes are there; "
            f"the file is damaged or malicious"
        )
    try:
        array = np.asarray(onnx.numpy_helper.to_array(tensor))
    except Exception as error:
        raise CheckpointError(f"{name} cannot be read ({first_line(error)}); the file is damaged") from error
    # Exporters write the ends of an open slice as the largest integers, but weights are finite.
    if array.dtype.kind == "f" and array.size > 1 and not np.isfinite(array).all():
        broken = int((~np.isfinite(array)).sum())
        raise CheckpointError(
            f"{name} has {broken} of {array.size} numbers that are NaN or infinite; "
            f"the training diverged, so take an earlier model"
        )
    return array


def text(value: str | bytes) -> str:
    """A name in the file.

    Raises:
        CheckpointError: it is no text, which protobuf hands over as bytes.
    """
    if isinstance(value, bytes):
        raise CheckpointError(f"it has the name {value[:40]!r}, which is no UTF-8; the file is damaged")
    return value


def first_line(error: Exception) -> str:
    """The first line of what an error says, or its kind."""
    said = str(error).strip()
    return said.splitlines()[0][:160] if said else type(error).__name__
