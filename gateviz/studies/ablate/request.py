"""What is held, and in which units: the words of ``gateviz ablate`` made precise."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from gateviz.data.gates import Place, Quantity
from gateviz.errors import SelectionError
from gateviz.measure.events import Event, What
from gateviz.recording import Recording

MEAN = "mean"
ONE_MINUS_F = "1-f"
BLANK = Event(What.BLANK)


@dataclass(frozen=True)
class Intervention:
    """What a quantity is held at.

    Attributes:
        quantity: the series.
        at: a number, ``mean`` (each unit's own over the corpus), or ``1-f`` (the input gate alone).
    """

    quantity: Quantity
    at: float | str

    @property
    def words(self) -> str:
        """Words for a figure, such as ``forget gate held at 0``."""
        if isinstance(self.at, str):
            at = {MEAN: "its mean", ONE_MINUS_F: "1 - f"}[self.at]
        else:
            at = f"{self.at:g}"
        return f"{self.quantity.words} held at {at}"


def intervention_named(words: str) -> Intervention:
    """The intervention that ``f=0``, ``i=1-f``, ``o=1`` or ``forget_gate=mean`` stands for.

    Raises:
        SelectionError: no quantity, or nothing that it can be held at.

    Example:
        >>> intervention_named("f=0").words
        'forget gate held at 0'
    """
    name, equals, value = (part.strip() for part in words.partition("="))
    by_name = {key: quantity for quantity in Quantity for key in (quantity.letter, quantity.value)}
    if not equals or name not in by_name:
        there = ", ".join(f"{quantity.letter} ({quantity.words})" for quantity in Quantity)
        raise SelectionError(f"{words!r} holds nothing; write QUANTITY=VALUE such as f=0, with a quantity of {there}")
    quantity = by_name[name]
    if value == MEAN or (value == ONE_MINUS_F and quantity is Quantity.INPUT_GATE):
        return Intervention(quantity, value)
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not np.isfinite(number):
        raise SelectionError(
            f"the {quantity.words} cannot be held at {value!r}; give a number, {MEAN}, or for the input gate {ONE_MINUS_F}"
        )
    return Intervention(quantity, number)


class Grouping(StrEnum):
    """Which units are held together: each alone, all of a layer and direction, or those of like memory."""

    UNIT = "unit"
    LAYER = "layer"
    TIMESCALE = "timescale"


@dataclass(frozen=True)
class AblateRequest:
    """What is done to every line.

    Attributes:
        intervention: what is held, and at what.
        grouping: which units are held together.
        layers: in these; none for all that are recorded.
        directions: in these; none for both.
        event: hold it at the frames of this event alone; None for the whole line.
        beside: show beside the effect how well each unit's value tells this event.

    Raises:
        SelectionError: there is no such grouping.
    """

    intervention: Intervention
    grouping: str = Grouping.UNIT
    layers: tuple[int, ...] = ()
    directions: tuple[str, ...] = ()
    event: Event | None = None
    beside: Event = BLANK

    def __post_init__(self) -> None:
        if self.grouping not in set(Grouping):
            raise SelectionError(f"there is no grouping {self.grouping!r}; choose one of {', '.join(Grouping)}")

    @property
    def words(self) -> str:
        """What is done, for a title."""
        return self.intervention.words + (f", {self.event.words}" if self.event else "")

    def places(self, recording: Recording) -> tuple[Place, ...]:
        """The recorded layers and directions among those asked for."""
        return tuple(
            (trace.layer, trace.direction)
            for trace in recording.traces
            if (not self.layers or trace.layer in self.layers)
            and (not self.directions or trace.direction in self.directions)
        )
