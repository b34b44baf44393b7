"""What one layer does to the axis that runs along the line: steps that run forward and backward.

The arithmetic is that of Araujo, Norris, Sim, "Computing receptive fields of convolutional neural
networks" (Distill, 2019), on the pixel convention of ``data.frames``: column c covers [c, c + 1).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol, runtime_checkable

from gateviz.errors import GeometryError


@dataclass(frozen=True)
class Reach:
    """Which columns of the network's input the positions after some steps see.

    Position t sees the columns [start + stride * t, start + stride * t + size).

    Attributes:
        length: number of positions.
        stride: columns between neighboring positions.
        start: first column that position 0 sees; negative where it begins in padding.
        size: columns that one position sees.
        whole_line: every position sees the whole line besides, through a mean over it.
    """

    length: int
    stride: float = 1.0
    start: float = 0.0
    size: float = 1.0
    whole_line: bool = False


Positions = tuple[int, int]
"""Half-open positions [start, stop); empty where stop <= start."""


@runtime_checkable
class Step(Protocol):
    """One step along the line."""

    def forward(self, reach: Reach) -> Reach:
        """What the positions after this step see.

        Raises:
            GeometryError: no position is left.
        """

    def backward(self, positions: Positions, length: int) -> Positions:
        """The positions before this step, of which there are ``length``, that the given ones after it see."""


@dataclass(frozen=True)
class Window:
    """A convolution or a pooling; with a kernel of 1, also a padding (or, where negative, a crop).

    Attributes:
        kernel: positions under the window, without the gaps of a dilation.
        stride: positions it moves on.
        padding_left: positions added in front.
        padding_right: positions added behind.
        dilation: distance between neighboring positions under the window.
        ceil_mode: a window that hangs over the right end counts, if it begins before it.
    """

    kernel: int = 1
    stride: int = 1
    padding_left: int = 0
    padding_right: int = 0
    dilation: int = 1
    ceil_mode: bool = False

    @property
    def extent(self) -> int:
        """Positions from the window's first to its last, both counted."""
        return self.dilation * (self.kernel - 1) + 1

    def output_length(self, length: int) -> int:
        """Positions after this step, by the formulas of ``torch.nn.Conv2d`` and ``torch.nn.MaxPool2d``."""
        room = length + self.padding_left + self.padding_right - self.extent
        if not self.ceil_mode:
            return room // self.stride + 1
        windows = -(-room // self.stride) + 1
        last_start = (windows - 1) * self.stride
        return windows - 1 if last_start >= length + self.padding_left else windows

    def forward(self, reach: Reach) -> Reach:
        """What the positions after the window see.

        Raises:
            GeometryError: the window is wider than what is there.
        """
        length = self.output_length(reach.length)
        if length < 1:
            raise GeometryError(
                f"a window over {self.extent} positions was given {reach.length} and {self.padding_left} + "
                f"{self.padding_right} of padding; make the input wider"
            )
        return replace(
            reach,
            length=length,
            stride=reach.stride * self.stride,
            start=reach.start - self.padding_left * reach.stride,
            size=reach.size + (self.extent - 1) * reach.stride,
        )

    def backward(self, positions: Positions, length: int) -> Positions:
        """The positions under the windows, without padding."""
        start, stop = positions
        first = start * self.stride - self.padding_left
        last = (stop - 1) * self.stride - self.padding_left + self.extent
        return max(first, 0), min(last, length)


@dataclass(frozen=True)
class Adaptive:
    """A mean or maximum over as many windows as asked for, whatever the width.

    Where the length is no multiple of ``size`` the windows have different widths; the geometry
    then gives the widest, and centers that are right within half a position.

    Attributes:
        size: positions after this step.
    """

    size: int

    def forward(self, reach: Reach) -> Reach:
        """What the windows see."""
        stride = reach.length / self.size
        widest = max(stop - start for start, stop in (self._window(t, reach.length) for t in range(self.size)))
        return replace(
            reach,
            length=self.size,
            stride=reach.stride * stride,
            start=reach.start + (stride - widest) / 2 * reach.stride,
            size=reach.size + (widest - 1) * reach.stride,
        )

    def backward(self, positions: Positions, length: int) -> Positions:
        """The positions under the windows."""
        start, stop = positions
        return self._window(start, length)[0], self._window(stop - 1, length)[1]

    def _window(self, position: int, length: int) -> Positions:
        return position * length // self.size, -((position + 1) * -length // self.size)


@dataclass(frozen=True)
class WholeLine:
    """A normalization by numbers of the whole line: after it every position depends on every column."""

    def forward(self, reach: Reach) -> Reach:
        """The same positions, seeing everything."""
        return replace(reach, whole_line=True)

    def backward(self, positions: Positions, length: int) -> Positions:
        """All positions."""
        return 0, length


@dataclass(frozen=True)
class Join:
    """Branches that are added, multiplied or stacked: a position sees what its branches see together.

    A branch that comes down to a single position (squeeze and excitation) is spread over the
    others' positions, which then see the whole line.

    Attributes:
        branches: the steps of each; an empty branch is a shortcut.
    """

    branches: tuple[tuple[Step, ...], ...]

    def forward(self, reach: Reach) -> Reach:
        """What the joined positions see.

        Raises:
            GeometryError: the branches have different numbers of positions or strides.
        """
        reached = [run(steps, reach) for steps in self.branches]
        wide = [
            branch for branch, steps in zip(reached, self.branches, strict=True) if not _collapses(steps)
        ] or reached
        length = wide[0].length
        if len({(branch.length, branch.stride) for branch in wide}) > 1:
            shapes = ", ".join(f"{branch.length} positions of stride {branch.stride:g}" for branch in reached)
            raise GeometryError(f"branches with {shapes} cannot be joined; check the steps of each branch")
        start = min(branch.start for branch in wide)
        stop = max(branch.start + branch.size for branch in wide)
        whole_line = len(wide) < len(reached) or any(branch.whole_line for branch in reached)
        return Reach(length, wide[0].stride, start, stop - start, whole_line)

    def backward(self, positions: Positions, length: int) -> Positions:
        """The positions that any branch sees."""
        seen = [seen_by(steps, (0, 1) if _collapses(steps) else positions, length) for steps in self.branches]
        seen = [(start, stop) for start, stop in seen if start < stop] or [(0, 0)]
        return min(start for start, _ in seen), max(stop for _, stop in seen)


def _collapses(steps: Sequence[Step]) -> bool:
    """True for a branch that comes down to one position at any width."""
    return any(isinstance(step, Adaptive) and step.size == 1 for step in steps)


def run(steps: Sequence[Step], reach: Reach) -> Reach:
    """What the positions after all steps see.

    Raises:
        GeometryError: no position is left, or branches do not fit.
    """
    for step in steps:
        reach = step.forward(reach)
    return reach


@lru_cache(maxsize=1024)
def lengths(steps: tuple[Step, ...], length: int) -> tuple[int, ...]:
    """Number of positions before the first step, and after each."""
    # Every frame of a line asks for the same ones.
    found = [length]
    for step in steps:
        found.append(step.forward(Reach(found[-1])).length)
    return tuple(found)


def seen_by(steps: Sequence[Step], positions: Positions, length: int) -> Positions:
    """The positions of an input of ``length`` that the given positions after all steps see; (0, 0) for padding only."""
    for step, before in zip(reversed(steps), reversed(lengths(tuple(steps), length)[:-1]), strict=True):
        positions = step.backward(positions, before)
        if positions[0] >= positions[1]:
            return 0, 0
    return positions
