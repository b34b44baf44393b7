"""What the nodes before a recurrent layer do along the line, as the steps of ``geometry.axis_steps``.

Every value that carries the image is followed with the steps that led to it and the axis its columns
stand on. Where lines become sequences (Reshape, Flatten) the axis is let go of: from there on only
nodes are known that do not mix positions, and ``columns`` holds the whole against the graph itself.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from gateviz.adapters.onnx.graph import OnnxGraph
from gateviz.adapters.onnx.node import Node
from gateviz.adapters.onnx.runtime import Section
from gateviz.errors import GeometryError
from gateviz.geometry.axis_steps import Adaptive, Join, Step, WholeLine, Window


@dataclass(frozen=True)
class Trail:
    """How a value came from the image.

    Attributes:
        steps: along the line.
        axis: on which its columns stand; None once that is let go of.
        rank: number of its axes; None once that is let go of.
    """

    steps: tuple[Step, ...]
    axis: int | None
    rank: int | None


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


_POINTWISE = _names(
    "Abs BatchNormalization Cast Ceil Celu Clip Dropout Elu Erf Exp Floor Gelu HardSigmoid HardSwish Identity "
    "LeakyRelu Log LpNormalization LRN Mish Neg Not PRelu Reciprocal Relu Round Selu Sigmoid Sign Softplus Softsign "
    "Sqrt Swish Tanh ThresholdedRelu QuickGelu If"
)
_TOGETHER = _names("Add And Div Equal Greater Less Max Mean Min Mod Mul Or Pow Sub Sum Where")
_OF_SIZES = _names("Shape Size ConstantOfShape")
_REDUCED = _names("ReduceMean ReduceMax ReduceSum ReduceMin ReduceL2 ReduceProd ReduceSumSquare")
_OVER_LINE = _names("InstanceNormalization GroupNormalization MeanVarianceNormalization")
_OVER_AXIS = {"Softmax": 1, "LogSoftmax": 1, "LayerNormalization": -1}


def steps_to(graph: OnnxGraph, value: str, width_axis: int) -> tuple[Step, ...]:
    """The steps along the line from the image to a value.

    Raises:
        GeometryError: names the first node whose effect along the line is not known.
    """
    (port,) = graph.inputs
    trails = {port.name: Trail((), width_axis, len(port.dims))}
    for node in graph.upstream([value]):
        carried = [trails[name] for name in (*node.inputs, *sorted(node.captured)) if name in trails]
        if not carried or node.op in _OF_SIZES:
            continue
        after = _after(graph, node, carried)
        trails.update((name, after) for name in node.outputs if name)
    if value not in trails:
        raise GeometryError(f"the value {value!r}, which a recurrent layer reads, does not depend on the image")
    return trails[value].steps


def _after(graph: OnnxGraph, node: Node, carried: Sequence[Trail]) -> Trail:
    if node.op in _TOGETHER:
        return _joined(node, carried)
    first = carried[0]
    if node.op == "Concat":
        if first.axis is None or node.attributes["axis"] % (first.rank or 1) == first.axis:
            raise _unknown(node, "puts stretches of the line together")
        return _joined(node, carried)
    if len(carried) > 1:
        raise _unknown(node, "joins parts of the image in its own way")
    if node.op in _POINTWISE or (first.axis is None and node.op in _SHAPING):
        return first
    read = _READERS.get(node.op)
    if read is None:
        raise _unknown(node, "is not known along the line")
    return read(graph, node, first)


def _unknown(node: Node, words: str) -> GeometryError:
    return GeometryError(f"{node.words} {words}")


def _joined(node: Node, carried: Sequence[Trail]) -> Trail:
    """Branches that meet: what they share stays in front, and the rest is joined."""
    first = carried[0]
    if len({(trail.axis, trail.rank) for trail in carried}) > 1:
        raise _unknown(node, "joins values whose columns stand on other axes")
    paths = list(dict.fromkeys(trail.steps for trail in carried))
    if len(paths) == 1:
        return first
    shared = 0
    while all(len(path) > shared for path in paths) and len({path[shared] for path in paths}) == 1:
        shared += 1
    return Trail((*paths[0][:shared], Join(tuple(path[shared:] for path in paths))), first.axis, first.rank)


def _constant(graph: OnnxGraph, node: Node, position: int) -> np.ndarray | None:
    """A constant input of a node, stored or made from what is stored; None where it is left out or depends on the image."""
    name = node.inputs[position] if len(node.inputs) > position else ""
    if name in graph.stored:
        return graph.stored[name]
    return None if not name or name in graph.fed else Section(graph, [name]).run({})[name]


def _numbers(graph: OnnxGraph, node: Node, attribute: str, position: int) -> tuple[int, ...] | None:
    """Whole numbers that newer opsets take as an input and older ones as an attribute."""
    given = _constant(graph, node, position)
    if given is not None:
        return tuple(int(each) for each in given.reshape(-1))
    return tuple(node.attributes[attribute]) if attribute in node.attributes else None


def _windowed(graph: OnnxGraph, node: Node, trail: Trail) -> Trail:
    """A convolution or a pooling."""
    if trail.axis is None or trail.axis < 2:
        raise _unknown(node, "runs over axes that do not hold the columns")
    at = trail.axis - 2
    kernel = node.attributes.get("kernel_shape")
    if kernel is None:
        weights = _constant(graph, node, 1)
        if weights is None:
            raise _unknown(node, "has a window whose size is not stored")
        kernel = weights.shape[2:]
    spatial = len(kernel)
    stride = node.attributes.get("strides", (1,) * spatial)[at]
    dilation = node.attributes.get("dilations", (1,) * spatial)[at]
    pads = node.attributes.get("pads", (0,) * (2 * spatial))
    left, right = pads[at], pads[at + spatial]
    fit = node.attributes.get("auto_pad", "NOTSET")
    if fit in ("SAME_UPPER", "SAME_LOWER"):
        if stride != 1:
            raise _unknown(node, f"pads by the line's width ({fit} with stride {stride})")
        total = dilation * (kernel[at] - 1)
        left, right = (total // 2, total - total // 2) if fit == "SAME_UPPER" else (total - total // 2, total // 2)
    ceil = bool(node.attributes.get("ceil_mode", 0))
    step = Window(
        kernel=int(kernel[at]),
        stride=int(stride),
        padding_left=int(left),
        padding_right=int(right),
        dilation=int(dilation),
        ceil_mode=ceil,
    )
    return Trail((*trail.steps, step), trail.axis, trail.rank)


def _whole(graph: OnnxGraph, node: Node, trail: Trail) -> Trail:
    return Trail((*trail.steps, Adaptive(1)), trail.axis, trail.rank)


def _normalized_over_line(graph: OnnxGraph, node: Node, trail: Trail) -> Trail:
    return Trail((*trail.steps, WholeLine()), trail.axis, trail.rank)


def _over_axis(graph: OnnxGraph, node: Node, trail: Trail) -> Trail:
    """A softmax or layer norm: over columns it sees the whole line."""
    if trail.axis is None or trail.rank is None:
        return trail
    axis = node.attributes.get("axis", -1 if graph.opset >= 13 else _OVER_AXIS[node.op]) % trail.rank
    covers = trail.axis >= axis if node.op == "LayerNormalization" or graph.opset < 13 else trail.axis == axis
    return _normalized_over_line(graph, node, trail) if covers else trail


def _reduced(graph: OnnxGraph, node: Node, trail: Trail) -> Trail:
    axes = _numbers(graph, node, "axes", 1)
    if trail.axis is None or trail.rank is None or axes is None:
        raise _unknown(node, "reduces axes that are not known")
    gone = {axis % trail.rank for axis in axes}
    if trail.axis in gone:
        if not node.attributes.get("keepdims", 1):
            raise _unknown(node, "takes the columns away")
        return _whole(graph, node, trail)
    if node.attributes.get("keepdims", 1):
        return trail
    return Trail(trail.steps, trail.axis - sum(axis < trail.axis for axis in gone), trail.rank - len(gone))


def _padded(graph: OnnxGraph, node: Node, trail: Trail) -> Trail:
    pads = _numbers(graph, node, "pads", 1)
    if trail.axis is None or trail.rank is None or pads is None or len(pads) != 2 * trail.rank:
        raise _unknown(node, "pads axes that are not known")
    left, right = pads[trail.axis], pads[trail.axis + trail.rank]
    if not left and not right:
        return trail
    if node.attributes.get("mode", "constant") not in ("constant", "edge"):
        raise _unknown(node, f"pads the line by {node.attributes['mode']}")
    return Trail((*trail.steps, Window(padding_left=left, padding_right=right)), trail.axis, trail.rank)


def _transposed(graph: OnnxGraph, node: Node, trail: Trail) -> Trail:
    assert trail.axis is not None
    assert trail.rank is not None
    order = node.attributes.get("perm", tuple(reversed(range(trail.rank))))
    return Trail(trail.steps, order.index(trail.axis), trail.rank)


def _squeezed(graph: OnnxGraph, node: Node, trail: Trail) -> Trail:
    axes = _numbers(graph, node, "axes", 1)
    assert trail.axis is not None
    assert trail.rank is not None
    if axes is None:
        return Trail(trail.steps, None, None)
    gone = {axis % trail.rank for axis in axes}
    return Trail(trail.steps, trail.axis - sum(axis < trail.axis for axis in gone), trail.rank - len(gone))


def _unsqueezed(graph: OnnxGraph, node: Node, trail: Trail) -> Trail:
    axes = _numbers(graph, node, "axes", 1)
    assert trail.axis is not None
    assert trail.rank is not None
    if axes is None:
        return Trail(trail.steps, None, None)
    rank = trail.rank + len(axes)
    new = {axis % rank for axis in axes}
    kept = [axis for axis in range(rank) if axis not in new]
    return Trail(trail.steps, kept[trail.axis], rank)


def _let_go(graph: OnnxGraph, node: Node, trail: Trail) -> Trail:
    return Trail(trail.steps, None, None)


def _multiplied(graph: OnnxGraph, node: Node, trail: Trail) -> Trail:
    """A linear layer: it mixes the last axis, which holds the features of a sequence."""
    if trail.axis is not None and trail.axis == (trail.rank or 0) - 1:
        raise _unknown(node, "mixes the columns of the line")
    return trail


def _cut(graph: OnnxGraph, node: Node, trail: Trail) -> Trail:
    """A slice or split of another axis than the columns'."""
    if node.op == "Split":
        axes: tuple[int, ...] | None = (node.attributes.get("axis", 0),)
    else:
        axes = _numbers(graph, node, "axes", 3)
    if axes is None or trail.axis is None or trail.axis in {axis % (trail.rank or 1) for axis in axes}:
        raise _unknown(node, "cuts the line")
    return trail


def _recurrent(graph: OnnxGraph, node: Node, trail: Trail) -> Trail:
    """A recurrent layer: where a frame looks, not what it remembers, is asked for; its output has other axes."""
    return Trail(trail.steps, None, None)


_SHAPING = _names("Transpose Squeeze Unsqueeze Reshape Flatten")
_READERS: dict[str, Callable[[OnnxGraph, Node, Trail], Trail]] = {
    **dict.fromkeys(("Conv", "MaxPool", "AveragePool", "LpPool"), _windowed),
    **dict.fromkeys(("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool"), _whole),
    **dict.fromkeys(_REDUCED, _reduced),
    **dict.fromkeys(_OVER_LINE, _normalized_over_line),
    **dict.fromkeys(_OVER_AXIS, _over_axis),
    **dict.fromkeys(("MatMul", "Gemm"), _multiplied),
    **dict.fromkeys(("Reshape", "Flatten"), _let_go),
    **dict.fromkeys(("Slice", "Split"), _cut),
    **dict.fromkeys(("LSTM", "GRU", "RNN"), _recurrent),
    "Pad": _padded,
    "Transpose": _transposed,
    "Squeeze": _squeezed,
    "Unsqueeze": _unsqueezed,
}
