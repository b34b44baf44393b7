"""What an exported graph may be made of: looked at before anything of it runs.

A graph runs in this process, so nothing in it may loop, call functions, read files or grow beyond what its input pays for.
"""

import math
from collections.abc import Iterator, Sized

import onnx
from onnx import TensorProto, shape_inference

from gateviz.errors import CheckpointError
from gateviz.files import budget

STANDARD = frozenset(
    [
        "Abs",
        "Add",
        "AveragePool",
        "BatchNormalization",
        "Cast",
        "Clip",
        "Concat",
        "Constant",
        "ConstantOfShape",
        "Conv",
        "DequantizeLinear",
        "Div",
        "Dropout",
        "DynamicQuantizeLinear",
        "Elu",
        "Equal",
        "Erf",
        "Exp",
        "Expand",
        "Flatten",
        "GRU",
        "Gather",
        "Gelu",
        "Gemm",
        "GlobalAveragePool",
        "GlobalMaxPool",
        "HardSigmoid",
        "HardSwish",
        "Identity",
        "InstanceNormalization",
        "LSTM",
        "LayerNormalization",
        "LeakyRelu",
        "LogSoftmax",
        "MatMul",
        "MatMulInteger",
        "Max",
        "MaxPool",
        "Min",
        "Mul",
        "Neg",
        "PRelu",
        "Pad",
        "Pow",
        "QLinearConv",
        "QLinearMatMul",
        "QuantizeLinear",
        "ReduceMean",
        "ReduceSum",
        "Relu",
        "Reshape",
        "Round",
        "Scan",
        "Shape",
        "Sigmoid",
        "Slice",
        "Softmax",
        "Split",
        "Sqrt",
        "Squeeze",
        "Sub",
        "Tanh",
        "Transpose",
        "Unsqueeze",
        "Where",
    ]
)
"""Operators of ONNX that networks of the kind are made of; a Scan only as cells run through it."""

MICROSOFT = frozenset(
    [
        "DynamicQuantizeLSTM",
        "DynamicQuantizeMatMul",
        "MatMulIntegerToFloat",
        "QLinearAdd",
        "QLinearAveragePool",
        "QLinearConcat",
    ]
)
"""Those of onnxruntime, for int8."""

_IN_SCAN = frozenset(
    [
        "Add",
        "Cast",
        "Clip",
        "Concat",
        "Constant",
        "DequantizeLinear",
        "Div",
        "Gather",
        "Gemm",
        "Identity",
        "MatMul",
        "MatMulInteger",
        "Max",
        "Min",
        "Mul",
        "QuantizeLinear",
        "Round",
        "Sigmoid",
        "Slice",
        "Split",
        "Squeeze",
        "Sub",
        "Tanh",
        "Transpose",
        "Unsqueeze",
    ]
)
_MOST_IN_SCAN = 64
_INPUT_AXES = 4
_TRIAL_WIDTH = 256
_BITS: dict[int, int] = {
    TensorProto.FLOAT: 32, TensorProto.DOUBLE: 64, TensorProto.FLOAT16: 16, TensorProto.BFLOAT16: 16, TensorProto.BOOL: 8,
    TensorProto.INT8: 8, TensorProto.UINT8: 8, TensorProto.INT16: 16, TensorProto.UINT16: 16, TensorProto.INT32: 32,
    TensorProto.UINT32: 32, TensorProto.INT64: 64, TensorProto.UINT64: 64,
}  # fmt: skip


def check_structure(model: onnx.ModelProto) -> None:
    """Returns where a graph is one that may run.

    Raises:
        CheckpointError: it has functions, unknown operators, inner graphs or weights beside the file, other inputs than one
            of lines, or values that grow beyond every network's; the file is left to the caller to name.
    """
    if model.functions or model.training_info:
        raise CheckpointError(
            "its graph has functions or training steps, which no exported recognizer has; export it again"
        )
    graph = model.graph
    budget.NODES.check(len(graph.node), "its graph")
    for node in graph.node:
        _check_node(node)
    for tensor in graph.initializer:
        _check_tensor(tensor)
    if graph.sparse_initializer:
        raise CheckpointError("its graph has sparse weights, which no exported recognizer has; export it again")
    _check_growth(model)


def line_shape(model: onnx.ModelProto) -> tuple[int, int]:
    """Channels and rows of the one input of lines.

    Raises:
        CheckpointError: the graph takes anything else.
    """
    stored = {tensor.name for tensor in model.graph.initializer}
    fed = [value for value in model.graph.input if value.name not in stored]
    kinds = [value.type.tensor_type for value in fed]
    if len(fed) != 1 or kinds[0].elem_type != TensorProto.FLOAT or len(kinds[0].shape.dim) != _INPUT_AXES:
        raise CheckpointError(
            f"its graph takes {len(fed)} inputs, and that of an exported recognizer takes one of lines, channels, rows and "
            f"columns in float32; export it again"
        )
    channels, rows = (kinds[0].shape.dim[axis].dim_value for axis in (1, 2))
    if channels not in (1, 3) or not 1 <= rows <= budget.INPUT_NUMBERS.most // _TRIAL_WIDTH:
        raise CheckpointError(
            f"its graph takes lines of {channels} channels and {rows} rows, which cannot be; export it again"
        )
    return channels, rows


def _check_node(node: onnx.NodeProto) -> None:
    known = STANDARD if node.domain in ("", "ai.onnx") else MICROSOFT if node.domain == "com.microsoft" else frozenset()
    if node.op_type not in known:
        domain = f" of {node.domain[:40]!r}" if node.domain not in ("", "ai.onnx") else ""
        raise CheckpointError(
            f"its graph has the operator {node.op_type[:40]!r}{domain}, which no exported recognizer has; export it again, or "
            f"read the graph as any other (adapter='onnx')"
        )
    for attribute in node.attribute:
        for inner in (*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])):
            _check_inner(node, inner)
        for tensor in (*attribute.tensors, *([attribute.t] if attribute.HasField("t") else [])):
            _check_tensor(tensor)


def _check_inner(node: onnx.NodeProto, inner: onnx.GraphProto) -> None:
    """A cell's step: a handful of nodes without anything nested."""
    nested = any(attribute.HasField("g") or attribute.graphs for each in inner.node for attribute in each.attribute)
    strange = [
        each.op_type for each in inner.node if each.op_type not in _IN_SCAN or each.domain not in ("", "ai.onnx")
    ]
    if node.op_type != "Scan" or nested or strange or len(inner.node) > _MOST_IN_SCAN:
        raise CheckpointError(
            f"its graph runs an inner graph of {len(inner.node)} nodes ({', '.join(strange[:3])[:60] or node.op_type}), which no "
            f"exported recognizer does; export it again"
        )
    for tensor in inner.initializer:
        _check_tensor(tensor)


def _check_tensor(tensor: onnx.TensorProto) -> None:
    """A tensor holds the numbers that its shape claims, in the file itself."""
    name = tensor.name[:40]
    if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
        raise CheckpointError(
            f"its weights {name!r} lie beside the file, which an exported recognizer's do not; export it again"
        )
    budget.DIMS.check(len(tensor.dims), f"its tensor {name!r}")
    bits = _BITS.get(tensor.data_type)
    if bits is None or any(size < 0 for size in tensor.dims):
        raise CheckpointError(f"its tensor {name!r} has a type or shape that no weights have; the file is damaged")
    claimed = math.prod(tensor.dims)
    held = len(tensor.raw_data) * 8 // bits if tensor.raw_data else sum(map(len, _packed(tensor)))
    if claimed != held:
        raise CheckpointError(f"its tensor {name!r} claims {claimed:,} numbers and holds {held:,}; the file is damaged")


def _packed(tensor: onnx.TensorProto) -> Iterator[Sized]:
    yield from (tensor.float_data, tensor.int32_data, tensor.int64_data, tensor.double_data, tensor.uint64_data)


def _check_growth(model: onnx.ModelProto) -> None:
    """Every value's size is told without running anything, and is what a line of that size pays for."""
    channels, rows = line_shape(model)
    trial = onnx.ModelProto()
    trial.CopyFrom(model)
    stored = {tensor.name for tensor in trial.graph.initializer}
    (line,) = (value for value in trial.graph.input if value.name not in stored)
    for dim, size in zip(line.type.tensor_type.shape.dim, (1, channels, rows, _TRIAL_WIDTH), strict=True):
        dim.dim_value = size
    for value in trial.graph.output:
        value.type.tensor_type.ClearField("shape")
    del trial.graph.value_info[:]
    try:
        shaped = shape_inference.infer_shapes(trial, strict_mode=True, data_prop=True)
    except Exception as error:
        said = str(error).strip().splitlines()
        raise CheckpointError(
            f"its graph does not fit together: {said[-1][:160] if said else error}; export it again"
        ) from error
    total = 0
    for value in (*shaped.graph.value_info, *shaped.graph.output):
        sizes = [dim.dim_value if dim.HasField("dim_value") else 1 for dim in value.type.tensor_type.shape.dim]
        total += math.prod(sizes)
        budget.VALUE_NUMBERS.check(total, "what its graph makes of a line", advice="it is damaged or malicious")
    paid = channels * rows * _TRIAL_WIDTH * budget.NUMBERS_A_PIXEL
    budget.GRAPH_NUMBERS.check(total - paid, "what its graph makes of a line", advice="it is damaged or malicious")
