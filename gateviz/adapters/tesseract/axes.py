"""What a network does along either side of the image, as steps of ``geometry.receptive``.

Tesseract's layers work on a plane with x and y, and some turn it: they exchange x and y or run
backward. An ``Aspect`` follows one side of the image through these turns.
"""

from dataclasses import dataclass, replace
from typing import Literal

from gateviz.adapters.tesseract.records import PARALLELS, Kind, Record
from gateviz.geometry.axis_steps import Adaptive, Join, Positions, Reach, Step, Window


@dataclass(frozen=True)
class Aspect:
    """How one side of the image lies in the plane of a layer.

    Attributes:
        axis: ``x``, along which LSTMs run, or ``y``.
        backward: True if it is read from its end.
    """

    axis: Literal["x", "y"]
    backward: bool = False

    def turned(self, kind: Kind) -> "Aspect":
        """The same side inside a turning layer."""
        if kind is Kind.XY_TRANSPOSE:
            return replace(self, axis="y" if self.axis == "x" else "x")
        along = "x" if kind is Kind.RTL_REVERSED else "y"
        return replace(self, backward=self.backward != (self.axis == along))


@dataclass(frozen=True)
class Grouped:
    """Every ``scale`` positions become one; what is left over at the reading end is dropped.

    Attributes:
        scale: positions in a group.
        from_end: True if groups are counted from the end, so that the rest lies in front.
    """

    scale: int
    from_end: bool = False

    def _window(self, length: int) -> Window:
        rest = length % self.scale if self.from_end else 0
        return Window(self.scale, self.scale, padding_left=-rest)

    def forward(self, reach: Reach) -> Reach:
        """What the groups see.

        Raises:
            GeometryError: there are fewer positions than in a group.
        """
        return self._window(reach.length).forward(reach)

    def backward(self, positions: Positions, length: int) -> Positions:
        """The positions in the groups."""
        return self._window(length).backward(positions, length)


@dataclass(frozen=True)
class FixedWidth:
    """An input of a given width: longer lines are cut, shorter ones filled."""

    width: int

    def forward(self, reach: Reach) -> Reach:
        """That many positions."""
        return replace(reach, length=self.width)

    def backward(self, positions: Positions, length: int) -> Positions:
        """Those of them that the line has."""
        return positions[0], min(positions[1], length)


def steps_along(record: Record, aspect: Aspect) -> tuple[Step, ...]:
    """What a record does along one side of the image, in the order it happens."""
    number = 0 if aspect.axis == "x" else 1
    if record.kind is Kind.CONVOLVE and record.numbers[number]:
        half = record.numbers[number]
        return (Window(2 * half + 1, 1, half, half),)
    if record.kind in (Kind.MAXPOOL, Kind.RECONFIG) and record.numbers[number] > 1:
        return (Grouped(record.numbers[number], aspect.backward),)
    if record.kind is Kind.SUMM_LSTM and aspect.axis == "x":
        return (Adaptive(1),)
    if record.kind is Kind.INPUT and aspect.axis == "x" and record.numbers[2] > 0:
        return (FixedWidth(record.numbers[2]),)
    if record.kind in PARALLELS:
        branches = tuple(steps_along(child, aspect) for child in record.children)
        return (Join(branches),) if any(branches) else ()
    if record.kind is not Kind.SERIES and record.children:
        aspect = aspect.turned(record.kind)
    return tuple(step for child in record.children for step in steps_along(child, aspect))


def is_summed(steps: tuple[Step, ...]) -> bool:
    """True if the steps leave one position, whatever the line."""
    return any(
        isinstance(step, Adaptive) or (isinstance(step, Join) and any(is_summed(branch) for branch in step.branches))
        for step in steps
    )
