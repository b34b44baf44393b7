"""A graph written as the bytes of its file, without the package onnx: it and its copies of the weights cost a reader time and memory.

The format is that of protocol buffers (https://protobuf.dev/programming-guides/encoding), the fields' numbers those of
onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto). What is written is read by ``onnx`` in the tests.
"""

from collections.abc import Sequence

import numpy as np

OPSET, IR_VERSION = 17, 8

Part = bytes | memoryview
Message = list[Part]

_FLOAT, _INT64 = 1, 7
_INT_ATTRIBUTE, _TEXT_ATTRIBUTE, _INTS_ATTRIBUTE = 2, 3, 7


class GraphWriter:
    """Nodes, stored tensors, inputs and outputs of one graph, appended one by one.

    Args:
        prefix: of every name that is made.
    """

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._count = 0
        self._graph: Message = [*_text(2, prefix.strip("/"))]

    def constant(self, values: np.ndarray | Sequence[int], name: str = "") -> str:
        """The name of a stored tensor: float32, or int64 where whole numbers are given."""
        kind = np.dtype("<f4") if isinstance(values, np.ndarray) and values.dtype.kind == "f" else np.dtype("<i8")
        array = np.ascontiguousarray(values, dtype=kind)
        name = name or self._fresh()
        tensor = [part for size in array.shape for part in _number(1, size)]
        tensor += _number(2, _FLOAT if kind.kind == "f" else _INT64) + _text(8, name)
        self._graph += _message(5, tensor + _field(9, array.reshape(-1).view(np.uint8).data))
        return name

    def node(self, kind: str, *inputs: str, name: str = "", **attributes: int | str | Sequence[int]) -> str:
        """The name of what a node with one output gives."""
        output = name or self._fresh()
        node = [part for each in inputs for part in _text(1, each)] + _text(2, output) + _text(4, kind)
        for key, value in attributes.items():
            node += _message(5, _attribute(key, value))
        self._graph += _message(1, node)
        return output

    def input(self, name: str, dims: Sequence[str | int]) -> None:
        """A value of float32 that the graph is given."""
        self._graph += _message(11, _value(name, dims))

    def output(self, name: str, dims: Sequence[str | int]) -> None:
        """A value of float32 that the graph gives."""
        self._graph += _message(12, _value(name, dims))

    def content(self) -> bytes:
        """The bytes of a file that holds the graph."""
        head = _number(1, IR_VERSION) + _text(2, "gateviz")
        return b"".join(head + _message(7, self._graph) + _message(8, _text(1, "") + _number(2, OPSET)))

    def _fresh(self) -> str:
        self._count += 1
        return f"{self._prefix}{self._count}"


def _attribute(name: str, value: int | str | Sequence[int]) -> Message:
    if isinstance(value, int):
        return _text(1, name) + _number(3, value) + _number(20, _INT_ATTRIBUTE)
    if isinstance(value, str):
        return _text(1, name) + _text(4, value) + _number(20, _TEXT_ATTRIBUTE)
    return _text(1, name) + [part for each in value for part in _number(8, each)] + _number(20, _INTS_ATTRIBUTE)


def _value(name: str, dims: Sequence[str | int]) -> Message:
    shape: Message = []
    for size in dims:
        shape += _message(1, _number(1, size) if isinstance(size, int) else _text(2, size))
    return _text(1, name) + _message(2, _message(1, _number(1, _FLOAT) + _message(2, shape)))


def _number(field: int, value: int) -> Message:
    return [_varint(field << 3) + _varint(value)]


def _text(field: int, value: str) -> Message:
    return _field(field, value.encode("utf-8"))


def _field(field: int, value: Part) -> Message:
    return [_varint(field << 3 | 2) + _varint(len(value)), value]


def _message(field: int, parts: Message) -> Message:
    return [_varint(field << 3 | 2) + _varint(sum(map(len, parts))), *parts]


def _varint(value: int) -> bytes:
    assert value >= 0, "no count in a graph is negative"
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
