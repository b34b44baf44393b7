"""Weights that an exporter put into files beside the graph (the format's external data)."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gateviz.adapters.onnx.node import text
from gateviz.errors import CheckpointError
from gateviz.files.inputs import read_input

LARGEST_BYTES = 1 << 29
"""Bytes of all weights beside a graph beyond which none are read."""


def read_beside(onnx: Any, graph: Any, folder: Path) -> Mapping[str, str]:
    """Puts every tensor's numbers into the graph; returns the files they came from, with their digests.

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
            files[name] = _content(folder, name, sum(len(content) for content in files.values()))
        start = _number(place, "offset", 0)
        length = _number(place, "length", len(files[name]) - start)
        if start < 0 or length < 0 or start + length > len(files[name]):
            raise CheckpointError(
                f"{tensor.name} should lie at bytes {start:,} to {start + length:,} of {name}, which has "
                f"{len(files[name]):,}; download or export both files again"
            )
        taken += length
        if taken > LARGEST_BYTES:
            raise CheckpointError(
                f"its tensors claim more than {LARGEST_BYTES:,} bytes of the files beside it; it is no line recognizer"
            )
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


def _content(folder: Path, name: str, read: int) -> bytes:
    if not name or Path(name).name != name or name in (".", ".."):
        raise CheckpointError(
            f"its weights should lie in {name!r}, and only files in the graph's own folder are read; "
            f"put them there and save the graph anew"
        )
    path = folder / name
    if not path.is_file():
        raise CheckpointError(
            f"its weights should lie in {name} beside it, and there is no such file; put it there, "
            f"or export the model into a single file (external_data=False)"
        )
    size = path.stat().st_size
    if read + size > LARGEST_BYTES:
        raise CheckpointError(
            f"its weights in {name} come to {read + size:,} bytes, and at most {LARGEST_BYTES:,} are read; "
            f"it is no line recognizer"
        )
    return read_input(path)


def _number(place: Mapping[str, str], key: str, default: int) -> int:
    digits = place.get(key, "")
    if not digits:
        return default
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > 18:
        raise CheckpointError(f"the {key} of its weights is {digits[:40]!r} and no number; the file is damaged")
    return int(digits)
