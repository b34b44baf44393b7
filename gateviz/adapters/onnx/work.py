"""What the rebuilt part of a graph may make in one run: a few nodes can ask for any number of numbers.

A line pays for what is made of it: the bounds grow with the pixels that a graph is fed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

from gateviz.adapters.onnx.node import Node
from gateviz.errors import CheckpointError
from gateviz.files import budget

_JOINED = frozenset({"Add", "Sub", "Mul", "Div", "Equal", "Where"})
_VIEWS = frozenset(
    {"Constant", "ConstantOfShape", "Dropout", "Expand", "Identity", "Reshape", "Shape", "Slice", "Split"}
) | {
    "Flatten",
    "Squeeze",
    "Transpose",
    "Unsqueeze",
}
"""Operations that make no numbers of their own, or bound them themselves."""


@dataclass
class Work:
    """What one run has made so far.

    Attributes:
        pixels: that the graph was fed.
        columns: of the widest line.
    """

    pixels: int
    columns: int
    _made: int = 0
    _held: set[int] = field(default_factory=set)

    def before(self, node: Node, given: Sequence[torch.Tensor | None]) -> None:
        """Holds what an operation is about to make against the bounds.

        Raises:
            CheckpointError: it would make too much.
        """
        shapes = [tuple(each.shape) for each in given if each is not None]
        if not shapes or node.op in _VIEWS:
            return
        self._check_numbers(_numbers_of(node, shapes))
        if node.op in ("MatMul", "Gemm") and len(shapes) > 1 and shapes[0]:
            inner = shapes[0][-1] if not node.attributes.get("transA", 0) else shapes[0][0]
            paid = budget.MULTIPLICATIONS_A_PIXEL * self.pixels
            budget.MULTIPLICATIONS.check(_product(shapes) * inner - paid, node.words)

    def after(self, made: Sequence[torch.Tensor]) -> None:
        """Counts what an operation has made, views of what was there before left out.

        Raises:
            CheckpointError: it is too much.
        """
        for value in made:
            place = value.untyped_storage().data_ptr()
            if place not in self._held:
                self._held.add(place)
                self._made += value.untyped_storage().nbytes() // 4
        self._check_numbers(0)

    def frames(self, count: int) -> None:
        """Holds the frames that a recurrent layer is about to read against the line's columns.

        Raises:
            CheckpointError: there are too many.
        """
        bound = budget.FRAMES_A_COLUMN
        if bound.passed_by((count - _SPARE_FRAMES) / max(self.columns, 1)):
            raise CheckpointError(
                f"it makes {count:,} frames of {self.columns:,} columns, and at most {bound.most} a column are read "
                f"(the bound on {bound.name}); it is no line recognizer"
            )

    def _check_numbers(self, more: int) -> None:
        paid = budget.NUMBERS_A_PIXEL * self.pixels
        budget.GRAPH_NUMBERS.check(self._made + more - paid, "what it makes of a line")


_SPARE_FRAMES = 64


def _numbers_of(node: Node, shapes: Sequence[tuple[int, ...]]) -> int:
    """How many numbers an operation makes of values of these shapes."""
    if node.op in ("MatMul", "Gemm") and len(shapes) > 1:
        return _product(shapes)
    if node.op == "Concat":
        return sum(map(math.prod, shapes))
    if node.op == "Gather" and len(shapes) > 1 and shapes[0]:
        axis = int(node.attributes.get("axis", 0)) % len(shapes[0])
        return math.prod(shapes[0]) // max(shapes[0][axis], 1) * math.prod(shapes[1])
    if node.op in _JOINED:
        rank = max(map(len, shapes))
        wide = [(1,) * (rank - len(shape)) + shape for shape in shapes]
        return math.prod(max(sizes) for sizes in zip(*wide, strict=True))
    return math.prod(shapes[0])


def _product(shapes: Sequence[tuple[int, ...]]) -> int:
    """Numbers of a matrix product, whatever way its matrices lie: the most that it can be."""
    left, right = shapes[0] or (1,), shapes[1] or (1,)
    batch = max(math.prod(left[:-2]), math.prod(right[:-2]))
    if len(left) > 2 and len(right) > 2:
        rank = max(len(left), len(right)) - 2
        wide = [(1,) * (rank + 2 - len(shape)) + shape for shape in (left, right)]
        batch = math.prod(max(one, other) for one, other in zip(wide[0][:-2], wide[1][:-2], strict=True))
    rows = left[-2] if len(left) > 1 else 1
    return batch * max(rows, 1) * right[-1]
