"""What a graph claims: what its bytes would become, and which files beside it hold its weights (the format's external data).

Two bytes can stand for a node, an axis or a text, which take a hundred each once a parser has made them, and a
function that calls another one twice doubles with every level; so fields are counted before they are parsed. The
numbers of the fields are those of onnx.proto.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gateviz.adapters.core.protobuf import Message
from gateviz.adapters.onnx.node import text
from gateviz.errors import CheckpointError
from gateviz.files import budget
from gateviz.files.inputs import read_input

_TENSORS = {1: "tensor", 2: "tensor"}
_PARTS: Mapping[str, Mapping[int, str]] = {
    "model": {7: "graph", 8: "leaf", 14: "leaf", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph", 3: "leaf", 4: "leaf"},
    "graph": {1: "node", 5: "tensor", 11: "value", 12: "value", 13: "value", 14: "leaf", 15: "sparse", 16: "leaf"},
    "function": {7: "node", 9: "leaf", 11: "attribute", 12: "value", 14: "leaf"},
    "node": {5: "attribute", 9: "leaf"},
    "attribute": {
        5: "tensor",
        6: "graph",
        10: "tensor",
        11: "graph",
        14: "type",
        15: "type",
        22: "sparse",
        23: "sparse",
    },
    "sparse": _TENSORS,
    "value": {2: "type", 4: "leaf"},
    "type": {1: "of tensor", 4: "of type", 5: "of map", 8: "of tensor", 9: "of type"},
    "of type": {1: "type"},
    "of map": {2: "type"},
    "of tensor": {2: "shape"},
    "shape": {1: "leaf"},
    "tensor": {3: "leaf", 13: "leaf", 16: "leaf"},
    "leaf": {},
}
"""What lies under the number of a field, for each kind of message."""

_PACKED: Mapping[str, frozenset[int]] = {"tensor": frozenset({1, 5, 7, 11}), "attribute": frozenset({8})}
"""Fields of whole numbers of one byte and more, each of which takes four or eight in memory."""


def check_wire(data: bytes) -> None:
    """Returns where a graph's bytes stay within the bounds on fields, nodes, depth and packed numbers.

    Raises:
        CheckpointError: they do not, or break off.
    """
    counts = {"node": 0, "packed": 0}
    waiting = [(Message(memoryview(data), "ONNX graph"), "model", 0)]
    while waiting:
        message, kind, depth = waiting.pop()
        budget.DEPTH.check(depth, "the nesting of its graphs")
        parts, packed = _PARTS[kind], _PACKED.get(kind, frozenset())
        for number, value in message.fields():
            if not isinstance(value, memoryview):
                continue
            if number in packed:
                counts["packed"] += len(value)
                budget.PACKED_BYTES.check(counts["packed"], "what it packs")
            inner = parts.get(number)
            if inner is None:
                continue
            if inner == "node":
                counts["node"] += 1
                budget.NODES.check(counts["node"], "it, functions and inner graphs included,")
            # Whatever nests nests through graphs or types.
            deeper = depth + (inner in ("graph", "type"))
            waiting.append((message.inside(value, "ONNX graph"), inner, deeper))


def check_functions(model: Any) -> None:
    """Returns where a model has few enough nodes once its functions are written out.

    Raises:
        CheckpointError: it has too many, or a function that calls itself.
    """
    functions = {(each.domain, each.name): each for each in model.functions}
    sizes: dict[tuple[str, str], int] = {}

    def size(nodes: Any, within: tuple[tuple[str, str], ...]) -> int:
        budget.DEPTH.check(len(within), "the nesting of its functions")
        total = 0
        for node in nodes:
            called = (node.domain, node.op_type)
            if called in within:
                raise CheckpointError(
                    f"its function {text(node.op_type)[:40]!r} calls itself; the file is damaged or malicious"
                )
            if called in functions and called not in sizes:
                sizes[called] = size(functions[called].node, (*within, called))
            total += sizes.get(called, 1)
            for each in node.attribute:
                for inner in (each.g, *each.graphs):
                    total += size(inner.node, within)
        return total

    budget.NODES.check(size(model.graph.node, ()), "it, its functions written out,")


def read_beside(onnx: Any, graph: Any, path: Path) -> Mapping[str, str]:
    """Puts every tensor's numbers into the graph at ``path``; returns the files they came from, with their digests.

    Raises:
        CheckpointError: a file is missing, lies in another folder, or is shorter than the graph says.
    """
    outside = [tensor for tensor in _tensors(graph) if tensor.data_location == onnx.TensorProto.EXTERNAL]
    if not outside:
        return {}
    files: dict[str, bytes] = {}
    taken = 0
    for tensor in outside:
        place = {text(entry.key): text(entry.value) for entry in tensor.external_data}
        name = place.get("location", "")
        if name not in files:
            files[name] = _content(path, name, sum(len(content) for content in files.values()))
        start = _number(place, "offset", 0)
        length = _number(place, "length", len(files[name]) - start)
        if start < 0 or length < 0 or start + length > len(files[name]):
            raise CheckpointError(
                f"{tensor.name} should lie at bytes {start:,} to {start + length:,} of {name}, which has "
                f"{len(files[name]):,}; download or export both files again"
            )
        taken += length
        budget.GRAPH_BYTES.check(taken, "what its tensors take of the files beside it")
        tensor.raw_data = files[name][start : start + length]
        tensor.data_location = onnx.TensorProto.DEFAULT
        del tensor.external_data[:]
    return {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def _tensors(graph: Any) -> Iterator[Any]:
    """Every tensor of the graph, in its nodes and their inner graphs too."""
    yield from graph.initializer
    for node in graph.node:
        for each in node.attribute:
            if each.HasField("t"):
                yield each.t
            yield from each.tensors
            for inner in (each.g, *each.graphs):
                yield from _tensors(inner)


def _content(graph: Path, name: str, read: int) -> bytes:
    if not name or Path(name).name != name or name in (".", ".."):
        raise CheckpointError(
            f"its weights should lie in {name!r}, and only files in the graph's own folder are read; "
            f"put them there and save the graph anew"
        )
    path = graph.parent / name
    try:
        path.stat()
    except FileNotFoundError:
        # Said below, for links too.
        pass
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise CheckpointError(
            f"its weights should lie in {name[:80]!r}, and no file has such a name ({said})"
        ) from error
    # Where the graph is a link itself, as in caches of downloads, both may lie in another folder together.
    if path.resolve().parent not in (graph.parent.resolve(), graph.resolve().parent):
        raise CheckpointError(
            f"its weights should lie in {name}, which is a link into another folder, and only files in the graph's own folder "
            f"are read; put the file itself there"
        )
    if not path.is_file():
        raise CheckpointError(
            f"its weights should lie in {name} beside it, and there is no such file; put it there, "
            f"or export the model into a single file (external_data=False)"
        )
    size = path.stat().st_size
    budget.GRAPH_BYTES.check(read + size, f"the size of its weights up to those in {name}")
    return read_input(path)


def _number(place: Mapping[str, str], key: str, default: int) -> int:
    digits = place.get(key, "")
    if not digits:
        return default
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > 18:
        raise CheckpointError(f"the {key} of its weights is {digits[:40]!r} and no number; the file is damaged")
    return int(digits)
