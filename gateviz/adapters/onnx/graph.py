"""An ONNX file as plain data: nodes in the order they run, stored tensors, inputs, outputs, metadata.

The format is that of onnx.proto (github.com/onnx/onnx). Nothing in the file is run here, and no
number is believed before it is held against the bytes that are there.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from gateviz.adapters.core.files import ModelFile
from gateviz.adapters.core.protobuf import DamagedMessageError
from gateviz.adapters.onnx.claims import check_functions, check_wire, read_beside
from gateviz.adapters.onnx.node import STANDARD_DOMAINS, Node, first_line, read_node, tensor_array, text
from gateviz.errors import CheckpointError, MissingExtraError
from gateviz.files import budget

_WORDS = "reading an ONNX graph needs {}, which is not installed; pip install 'gateviz[onnx]'"


def onnx_package() -> Any:
    """The package ``onnx``, which reads and writes graphs.

    Raises:
        MissingExtraError: it is not installed.
    """
    return _imported("onnx")


def inliner() -> Any:
    """The module of ``onnx`` that writes functions out where they are called.

    Raises:
        MissingExtraError: onnx is not installed, or is older than 1.15.
    """
    return _imported("onnx.inliner")


def require_runtime() -> None:
    """Returns where the package ``onnxruntime``, which runs graphs in a process of its own, is installed.

    Raises:
        MissingExtraError: it is not.
    """
    if find_spec("onnxruntime") is None:
        raise MissingExtraError(_WORDS.format("onnxruntime"))


def _imported(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingExtraError(_WORDS.format(name)) from error


@dataclass(frozen=True)
class Port:
    """An input of the graph.

    Attributes:
        name: of the value.
        type: of its numbers, such as ``float``.
        dims: its axes: a size, or None where the size is left open.
    """

    name: str
    type: str
    dims: tuple[int | None, ...]

    @property
    def words(self) -> str:
        """Its axes for people, such as ``1 x 3 x 32 x ?``."""
        return " x ".join("?" if size is None else str(size) for size in self.dims)


@dataclass(frozen=True, eq=False)
class OnnxGraph:
    """A graph.

    Attributes:
        nodes: in an order in which they can run.
        stored: the tensors of the file, by name.
        inputs: what has to be fed.
        outputs: names of what comes out.
        opset: version of the standard's operations.
        metadata: what the exporter wrote beside the graph.
        producer: the program that wrote it.
        sha256: digest of the file.
        beside: files with weights beside it, and their digests.
        model: the file's own structure, of which parts are cut out to be run.
    """

    nodes: tuple[Node, ...]
    stored: Mapping[str, np.ndarray]
    inputs: tuple[Port, ...]
    outputs: tuple[str, ...]
    opset: int
    metadata: Mapping[str, str]
    producer: str
    sha256: str
    beside: Mapping[str, str]
    model: Any

    @cached_property
    def maker(self) -> Mapping[str, Node]:
        """The node that makes each value."""
        return {name: node for node in self.nodes for name in node.outputs if name}

    @cached_property
    def fed(self) -> frozenset[str]:
        """Values that depend on what is fed in."""
        found = {port.name for port in self.inputs}
        for node in self.nodes:
            if not found.isdisjoint((*node.inputs, *node.captured)):
                found.update(node.outputs)
        return frozenset(found - {""})

    def downstream(self, seeds: Iterable[Node]) -> tuple[Node, ...]:
        """The given nodes and every node that depends on one of them, in order."""
        chosen = set(seeds)
        found = {name for node in chosen for name in node.outputs if name}
        for node in self.nodes:
            if node not in chosen and not found.isdisjoint((*node.inputs, *node.captured)):
                chosen.add(node)
                found.update(name for name in node.outputs if name)
        return tuple(node for node in self.nodes if node in chosen)

    def upstream(self, values: Iterable[str]) -> tuple[Node, ...]:
        """Every node that the given values are made by, in order."""
        wanted = set(values)
        chosen = set()
        for node in reversed(self.nodes):
            if not wanted.isdisjoint(node.outputs):
                chosen.add(node)
                wanted.update((*node.inputs, *node.captured))
        return tuple(node for node in self.nodes if node in chosen)


def read_graph(file: ModelFile) -> OnnxGraph:
    """The graph in a file.

    Raises:
        CheckpointError: the file is cut short or damaged, passes a bound of ``files.budget``, claims
            more numbers than it stores, or lacks the weights that should lie beside it.
        MissingExtraError: the package onnx is not installed.
    """
    onnx = onnx_package()
    budget.GRAPH_BYTES.check(file.size, str(file.path))
    data, digest = file.read()
    try:
        return _graph_of(onnx, _parsed(onnx, bytes(data)), file.path, digest)
    except CheckpointError as error:
        raise CheckpointError(f"{file.path} cannot be read: {error}") from error


def _graph_of(onnx: Any, model: Any, path: Path, digest: str) -> OnnxGraph:
    """The graph of a file's structure.

    Raises:
        CheckpointError: it claims more than it stores, or does not hang together.
    """
    graph = model.graph
    beside = read_beside(onnx, graph, path)
    stored = dict(_stored(onnx, graph))
    given = (*stored, *(text(value.name) for value in graph.input))
    nodes = tuple(_ordered((read_node(onnx, number, node) for number, node in enumerate(graph.node)), given))
    return OnnxGraph(
        nodes=nodes,
        stored=stored,
        inputs=tuple(_port(onnx, value) for value in graph.input if value.name not in stored),
        outputs=tuple(text(value.name) for value in graph.output),
        opset=max((each.version for each in model.opset_import if each.domain in STANDARD_DOMAINS), default=1),
        metadata={text(each.key): text(each.value) for each in model.metadata_props},
        producer=f"{text(model.producer_name)} {text(model.producer_version)}".strip(),
        sha256=digest,
        beside=beside,
        model=model,
    )


def _parsed(onnx: Any, data: bytes) -> Any:
    """The file's structure, its functions written out where they are called.

    Raises:
        CheckpointError: it is damaged.
    """
    try:
        check_wire(data)
    except DamagedMessageError as error:
        raise CheckpointError(
            f"it is a truncated or damaged ONNX graph ({str(error).partition(' is damaged: ')[2]}); download or export it again"
        ) from error
    model = _or_damaged(lambda: onnx.load_model_from_string(data))
    if model.functions:
        check_functions(model)
        inline = inliner()
        model = _or_damaged(lambda: inline.inline_local_functions(model))
    if not model.graph.node:
        raise CheckpointError("it is an ONNX file without a single node; download or export it again")
    return model


def _or_damaged(parse: Callable[[], Any]) -> Any:
    """What ``parse`` gives.

    Raises:
        CheckpointError: it fails.
    """
    try:
        return parse()
    # protobuf's errors share no base that is worth naming, and a damaged file can cause any of them.
    except Exception as error:
        raise CheckpointError(
            f"it is a truncated or damaged ONNX graph ({first_line(error)}); download or export it again"
        ) from error


def _stored(onnx: Any, graph: Any) -> Iterator[tuple[str, np.ndarray]]:
    if graph.sparse_initializer:
        raise CheckpointError("it stores sparse tensors, which no recognizer has; export it with dense weights")
    for tensor in graph.initializer:
        yield text(tensor.name), tensor_array(onnx, tensor)


def _ordered(nodes: Iterable[Node], given: Iterable[str]) -> Iterator[Node]:
    """The nodes as they stand.

    Raises:
        CheckpointError: a value is made twice, or used before it is made, which the format forbids; or
            nothing makes it.
    """
    every = tuple(nodes)
    made_by = {name for node in every for name in node.outputs if name}
    made = set(given)
    for node in every:
        for name in (*node.inputs, *node.captured):
            if name and name not in made:
                how = " before it is made" if name in made_by else ", which is not in the file"
                raise CheckpointError(f"{node.words} uses {name!r}{how}; download or export the graph again")
        if twice := [name for name in node.outputs if name in made]:
            raise CheckpointError(f"{node.words} makes {twice[0]!r} a second time; the file is damaged")
        made.update(name for name in node.outputs if name)
        yield node


def _port(onnx: Any, value: Any) -> Port:
    tensor = value.type.tensor_type
    kind = onnx.TensorProto.DataType.Name(tensor.elem_type).lower() if tensor.elem_type in _types(onnx) else "unknown"
    dims = tuple(
        axis.dim_value if axis.HasField("dim_value") and axis.dim_value > 0 else None for axis in tensor.shape.dim
    )
    return Port(text(value.name), kind, dims)


def _types(onnx: Any) -> frozenset[int]:
    return frozenset(onnx.TensorProto.DataType.values())
