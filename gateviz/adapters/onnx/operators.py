"""Operations that come after recurrent layers in exported recognizers, in torch.

Each is a function of a node, the graph's opset and the node's inputs (None where an optional one is left
out). What they compute is what the operators of the ONNX standard compute (docs/Operators.md and
docs/Changelog.md of github.com/onnx/onnx), in float32 for every floating type.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch

from gateviz.adapters.onnx.node import Node
from gateviz.errors import CheckpointError
from gateviz.files import budget

Given = Sequence[torch.Tensor | None]
Operation = Callable[[Node, int, Given], tuple[torch.Tensor, ...]]

_INTEGERS = {2: torch.uint8, 3: torch.int8, 5: torch.int16, 6: torch.int32, 7: torch.int64, 9: torch.bool}
_FLOATS = (1, 10, 11, 16)


def as_tensor(array: np.ndarray) -> torch.Tensor:
    """An array of the file as a tensor: floating types become float32.

    Raises:
        CheckpointError: text, or a type that torch does not have.
    """
    if array.dtype.kind in "fV":
        return torch.from_numpy(np.array(array, np.float32))
    if array.dtype.kind not in "iub":
        raise CheckpointError(f"a constant holds {array.dtype} and no numbers; export the recognizer without text")
    return torch.from_numpy(np.array(array, np.int64 if array.dtype.kind == "u" else array.dtype))


def _integers(value: torch.Tensor | None) -> tuple[int, ...]:
    assert value is not None
    return tuple(int(each) for each in value.reshape(-1).tolist())


def _first(given: Given) -> torch.Tensor:
    value = given[0]
    assert value is not None
    return value


def _chosen_axes(node: Node, given: Given, position: int = 1) -> tuple[int, ...] | None:
    """Axes from an input (opset 13 and later) or an attribute (before); None where neither is there."""
    if len(given) > position and given[position] is not None:
        return _integers(given[position])
    axes = node.attributes.get("axes")
    return None if axes is None else tuple(axes)


def _constant(node: Node, opset: int, given: Given) -> tuple[torch.Tensor, ...]:
    for name, kind in (("value_float", np.float32), ("value_floats", np.float32)):
        if name in node.attributes:
            return (as_tensor(np.array(node.attributes[name], kind)),)
    for name in ("value_int", "value_ints"):
        if name in node.attributes:
            return (as_tensor(np.array(node.attributes[name], np.int64)),)
    return (as_tensor(np.asarray(node.attributes["value"])),)


def _constant_of_shape(node: Node, opset: int, given: Given) -> tuple[torch.Tensor, ...]:
    shape = _integers(given[0])
    _check_size(shape)
    fill = as_tensor(np.asarray(node.attributes.get("value", np.zeros(1, np.float32)))).reshape(())
    return (fill.expand(shape).contiguous(),)


def _check_size(shape: Sequence[int]) -> None:
    budget.DIMS.check(len(shape), "the shape that it asks for")
    budget.VALUE_NUMBERS.check(math.prod(shape), f"a value of the shape {list(shape)}")


def _cast(node: Node, opset: int, given: Given) -> tuple[torch.Tensor, ...]:
    kind = node.attributes["to"]
    value = _first(given)
    if kind in _FLOATS:
        return (value.to(torch.float32),)
    if kind not in _INTEGERS:
        raise CheckpointError(f"it casts to the type number {kind}, which torch does not have")
    return (value.to(_INTEGERS[kind]),)


def _transpose(node: Node, opset: int, given: Given) -> tuple[torch.Tensor, ...]:
    value = _first(given)
    return (value.permute(node.attributes.get("perm", tuple(reversed(range(value.ndim))))),)


def _reshape(node: Node, opset: int, given: Given) -> tuple[torch.Tensor, ...]:
    value = _first(given)
    asked = node.attributes["shape"] if "shape" in node.attributes else _integers(given[1])
    keep = not node.attributes.get("allowzero", 0)
    return (value.reshape([value.shape[axis] if size == 0 and keep else size for axis, size in enumerate(asked)]),)


def _flatten(node: Node, opset: int, given: Given) -> tuple[torch.Tensor, ...]:
    value = _first(given)
    axis = node.attributes.get("axis", 1)
    axis = axis + value.ndim if axis < 0 else axis
    return (value.reshape(math.prod(value.shape[:axis]), -1),)


def _squeeze(node: Node, opset: int, given: Given) -> tuple[torch.Tensor, ...]:
    value = _first(given)
    axes = _chosen_axes(node, given)
    if axes is None:
        return (value.squeeze(),)
    if any(value.shape[axis] != 1 for axis in axes):
        raise CheckpointError(f"it squeezes the axes {list(axes)} of {list(value.shape)}, which are not all of size 1")
    return (value.squeeze(tuple(axes)),)


def _unsqueeze(node: Node, opset: int, given: Given) -> tuple[torch.Tensor, ...]:
    value = _first(given)
    axes = _chosen_axes(node, given) or ()
    for axis in sorted(axis % (value.ndim + len(axes)) for axis in axes):
        value = value.unsqueeze(axis)
    return (value,)


def _shape(node: Node, opset: int, given: Given) -> tuple[torch.Tensor, ...]:
    shape = tuple(_first(given).shape)
    return (torch.tensor(shape[node.attributes.get("start", 0) : node.attributes.get("end")], dtype=torch.int64),)


def _gather(node: Node, opset: int, given: Given) -> tuple[torch.Tensor, ...]:
    value, places = _first(given), given[1]
    assert places is not None
    axis = node.attributes.get("axis", 0) % max(value.ndim, 1)
    size = value.shape[axis]
    places = torch.where(places < 0, places + size, places)
    gathered = value.index_select(axis, places.reshape(-1).to(torch.int64))
    return (gathered.reshape((*value.shape[:axis], *places.shape, *value.shape[axis + 1 :])),)


def _concat(node: Node, opset: int, given: Given) -> tuple[torch.Tensor, ...]:
    return (torch.cat([each for each in given if each is not None], node.attributes["axis"]),)


def _slice(node: Node, opset: int, given: Given) -> tuple[torch.Tensor, ...]:
    value = _first(given)
    if opset < 10:
        starts, ends = node.attributes["starts"], node.attributes["ends"]
        axes, steps = node.attributes.get("axes"), None
    else:
        starts, ends = _integers(given[1]), _integers(given[2])
        axes = _integers(given[3]) if len(given) > 3 and given[3] is not None else None
        steps = _integers(given[4]) if len(given) > 4 and given[4] is not None else None
    chosen = axes if axes is not None else tuple(range(len(starts)))
    for axis, start, end, step in zip(chosen, starts, ends, steps or (1,) * len(starts), strict=True):
        if step < 1:
            raise CheckpointError("it turns an axis around, so gateviz cannot tell which way later layers read")
        size = value.shape[axis]
        start, stop, _ = slice(start, end).indices(size)
        value = value[(slice(None),) * (axis % value.ndim) + (slice(start, stop, step),)]
    return (value,)


def _split(node: Node, opset: int, given: Given) -> tuple[torch.Tensor, ...]:
    value = _first(given)
    axis = node.attributes.get("axis", 0)
    if len(given) > 1 and given[1] is not None:
        sizes: Sequence[int] = _integers(given[1])
    elif "split" in node.attributes:
        sizes = node.attributes["split"]
    else:
        return torch.split(value, -(-value.shape[axis] // len(node.outputs)), axis)
    return torch.split(value, list(sizes), axis)


def _expand(node: Node, opset: int, given: Given) -> tuple[torch.Tensor, ...]:
    value, shape = _first(given), _integers(given[1])
    wide = np.broadcast_shapes(tuple(value.shape), shape)
    _check_size(wide)
    return (value.expand(wide),)


def _gemm(node: Node, opset: int, given: Given) -> tuple[torch.Tensor, ...]:
    left, right = _first(given), given[1]
    assert right is not None
    left = left.T if node.attributes.get("transA", 0) else left
    right = right.T if node.attributes.get("transB", 0) else right
    product = node.attributes.get("alpha", 1.0) * (left @ right)
    added = given[2] if len(given) > 2 else None
    return (product if added is None else product + node.attributes.get("beta", 1.0) * added,)


def _divide(node: Node, opset: int, given: Given) -> tuple[torch.Tensor, ...]:
    left, right = _first(given), given[1]
    assert right is not None
    whole = not left.is_floating_point() and not right.is_floating_point()
    return (torch.div(left, right, rounding_mode="trunc" if whole else None),)


def _normalized(function: Callable[[torch.Tensor, int], torch.Tensor]) -> Operation:
    def operation(node: Node, opset: int, given: Given) -> tuple[torch.Tensor, ...]:
        value = _first(given)
        if opset >= 13:
            return (function(value, node.attributes.get("axis", -1)),)
        # Before opset 13 all axes from this one on were one.
        axis = node.attributes.get("axis", 1) % value.ndim
        return (function(value.reshape(math.prod(value.shape[:axis]), -1), 1).reshape(value.shape),)

    return operation


def _batch_norm(node: Node, opset: int, given: Given) -> tuple[torch.Tensor, ...]:
    value, scale, shift, mean, variance = given[:5]
    assert value is not None
    epsilon = node.attributes.get("epsilon", 1e-5)
    return (torch.nn.functional.batch_norm(value, mean, variance, scale, shift, eps=epsilon),)


def _layer_norm(node: Node, opset: int, given: Given) -> tuple[torch.Tensor, ...]:
    value = _first(given)
    shape = value.shape[node.attributes.get("axis", -1) % value.ndim :]
    scale, shift = given[1], given[2] if len(given) > 2 else None
    return (torch.nn.functional.layer_norm(value, shape, scale, shift, node.attributes.get("epsilon", 1e-5)),)


def _clip(node: Node, opset: int, given: Given) -> tuple[torch.Tensor, ...]:
    value = _first(given)
    low = given[1] if len(given) > 1 else node.attributes.get("min")
    high = given[2] if len(given) > 2 else node.attributes.get("max")
    value = value if low is None else value.clamp_min(low)
    return (value if high is None else value.clamp_max(high),)


def _where(node: Node, opset: int, given: Given) -> tuple[torch.Tensor, ...]:
    condition, yes, no = given
    assert condition is not None
    assert yes is not None
    assert no is not None
    return (torch.where(condition.bool(), yes, no),)


def _of_one(function: Callable[[torch.Tensor], torch.Tensor]) -> Operation:
    return lambda node, opset, given: (function(_first(given)),)


def _of_two(function: Callable[[torch.Tensor, torch.Tensor], torch.Tensor]) -> Operation:
    def operation(node: Node, opset: int, given: Given) -> tuple[torch.Tensor, ...]:
        right = given[1]
        assert right is not None
        return (function(_first(given), right),)

    return operation


OPERATIONS: dict[str, Operation] = {
    "Add": _of_two(torch.add),
    "BatchNormalization": _batch_norm,
    "Cast": _cast,
    "Clip": _clip,
    "Concat": _concat,
    "Constant": _constant,
    "ConstantOfShape": _constant_of_shape,
    "Div": _divide,
    "Dropout": _of_one(lambda value: value),
    "Equal": _of_two(torch.eq),
    "Expand": _expand,
    "Flatten": _flatten,
    "Gather": _gather,
    "Gemm": _gemm,
    "Identity": _of_one(lambda value: value),
    "LayerNormalization": _layer_norm,
    "LogSoftmax": _normalized(lambda value, axis: value.log_softmax(axis)),
    "MatMul": _of_two(torch.matmul),
    "Mul": _of_two(torch.mul),
    "Relu": _of_one(torch.relu),
    "Reshape": _reshape,
    "Shape": _shape,
    "Sigmoid": _of_one(torch.sigmoid),
    "Slice": _slice,
    "Softmax": _normalized(lambda value, axis: value.softmax(axis)),
    "Split": _split,
    "Squeeze": _squeeze,
    "Sub": _of_two(torch.sub),
    "Tanh": _of_one(torch.tanh),
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
    "Where": _where,
}
"""The operations of the standard that are rebuilt, by their names."""
