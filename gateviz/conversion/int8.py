"""A recognizer's graph in int8, by onnxruntime's own quantization: a quarter of the size, and faster.

``dynamic`` rounds the LSTMs and the products with matrices, whose inputs are rounded while it runs, by their own range.
``static`` rounds the convolutions too, whose ranges are those that some lines have. Gates are added afterwards
(``graphs.gates.with_gates``), since those of the int8 layer are other gates than those of the float one.
"""

import logging
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import onnx
from jaxtyping import Float32
from numpy import ndarray

from gateviz.errors import CheckpointError, MissingExtraError
from gateviz.graphs.recurrent_nodes import recurrent_nodes

if TYPE_CHECKING:
    from types import ModuleType

WAYS = ("dynamic", "static")

_ALONG_LINES = ("LSTM", "MatMul")
_ROUNDED = (*_ALONG_LINES, "Gemm")
"""onnxruntime rounds a Gemm as the product that it is."""

_IN_IMAGES = ("Conv", "MaxPool", "AveragePool", "Relu", "Add")
"""What a backbone is made of: rounded between two convolutions as well, since numbers that stay int8 are not copied."""


def in_int8(
    graph: onnx.ModelProto, quantize: str, lines: Sequence[Float32[ndarray, "_ _ _ _"]] = ()
) -> onnx.ModelProto:
    """A copy of a graph with its weights in int8, by channel.

    Args:
        graph: in float32; gates among its outputs are left out.
        quantize: ``dynamic``: LSTMs and matrices; ``static``: convolutions too.
        lines: prepared lines, for ``static`` alone: the ranges of its convolutions are those of these lines. Some dozens
            of the kind that will be read.

    Raises:
        CheckpointError: there is no such way, no lines for one that needs them, a graph that is int8 already or has
            nothing to round, or onnxruntime cannot round it.
        MissingExtraError: a package of onnxruntime's quantization is not installed.
    """
    if quantize not in WAYS:
        raise CheckpointError(f"there is no quantization {quantize!r}; there are {' and '.join(WAYS)}")
    if quantize == "static" and not lines:
        raise CheckpointError(
            "static quantization rounds convolutions by the ranges that lines have, and no line was given; "
            "give some dozens of the kind that will be read (--calibrate LINES), or ask for dynamic"
        )
    nodes = recurrent_nodes(graph)
    kinds = {node.op_type for node in graph.graph.node}
    if any(node.rounded for node in nodes) or "QuantizeLinear" in kinds:
        raise CheckpointError("the graph is in int8 already; quantize the float one it was made from")
    if not kinds & {*_ROUNDED, *(_IN_IMAGES[:1] if quantize == "static" else ())}:
        raise CheckpointError(f"the graph has none of {', '.join(_ROUNDED)}, so that {quantize} has nothing to round")
    ways = _quantization()
    # onnxruntime moves the weights of what it is given into files of its own.
    own = _without_gates(graph)
    with tempfile.TemporaryDirectory() as folder, _quiet():
        if quantize == "static":
            own = _static(ways, own, lines, Path(folder) / "static.onnx")
        rounded = _dynamic(ways, own, Path(folder) / "dynamic.onnx")
    # What onnxruntime notes of its own work is no part of the file.
    del rounded.metadata_props[:], rounded.graph.value_info[:]
    rounded.producer_name, rounded.producer_version = graph.producer_name, graph.producer_version
    return rounded


def _without_gates(graph: onnx.ModelProto) -> onnx.ModelProto:
    """A copy that gives the scores alone, without what only the other outputs need."""
    own = onnx.ModelProto()
    own.CopyFrom(graph)
    del own.graph.output[1:]
    needed = {own.graph.output[0].name}
    kept = []
    for node in reversed(own.graph.node):
        if needed & set(node.output):
            kept.append(node)
            needed.update(node.input)
    del own.graph.node[:]
    own.graph.node.extend(reversed(kept))
    weights = [each for each in own.graph.initializer if each.name in needed]
    del own.graph.initializer[:]
    own.graph.initializer.extend(weights)
    return own


def _dynamic(ways: "ModuleType", graph: onnx.ModelProto, path: Path) -> onnx.ModelProto:
    with _said("its LSTMs and matrices"):
        ways.quantize_dynamic(
            graph, path, op_types_to_quantize=list(_ALONG_LINES), per_channel=True, weight_type=ways.QuantType.QInt8
        )
        return onnx.load(path)


def _static(
    ways: "ModuleType", graph: onnx.ModelProto, lines: Sequence[Float32[ndarray, "_ _ _ _"]], path: Path
) -> onnx.ModelProto:
    (port,) = graph.graph.input

    class Lines(ways.CalibrationDataReader):  # type: ignore[misc, name-defined]
        """The lines, one batch a call."""

        def __init__(self) -> None:
            self._left = iter(lines)

        def get_next(self) -> dict[str, Any] | None:
            """The next of them, by the name of the graph's input."""
            batch = next(self._left, None)
            return None if batch is None else {port.name: batch}

    with _said("its convolutions"):
        ways.quantize_static(
            graph,
            path,
            Lines(),
            quant_format=ways.QuantFormat.QDQ,
            op_types_to_quantize=list(_IN_IMAGES),
            per_channel=True,
            activation_type=ways.QuantType.QUInt8,
            weight_type=ways.QuantType.QInt8,
        )
        return onnx.load(path)


def _quantization() -> "ModuleType":
    try:
        from onnxruntime import quantization
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"int8 needs the package {error.name}, which is not installed; run pip install {(error.name or '').replace('_', '-')}"
        ) from error
    return quantization  # type: ignore[no-any-return]


@contextmanager
def _said(what: str) -> Iterator[None]:
    """Errors of onnxruntime's quantization, which are of many kinds, in one."""
    try:
        yield
    except Exception as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise CheckpointError(
            f"onnxruntime cannot round {what}: {first[:160].rstrip(' .')}; export the float graph"
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """onnxruntime's quantization advises on the root logger, about what gateviz has done already."""

    def is_anothers(record: logging.LogRecord) -> bool:
        return "onnxruntime" not in record.pathname or record.levelno >= logging.ERROR

    root = logging.getLogger()
    root.addFilter(is_anothers)
    try:
        yield
    finally:
        root.removeFilter(is_anothers)
