"""Weights that an exporter put into files beside the graph (the format's external data)."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from gateviz.adapters.onnx.node import text
from gateviz.errors import CheckpointError
from gateviz.files import budget
from gateviz.files.inputs import read_input


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
