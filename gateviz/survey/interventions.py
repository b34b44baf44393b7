"""What is held, and in which units: the words of ``gateviz ablate`` made precise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Bool, Float64

from gateviz.capture.held_rows import Held, RowHold
from gateviz.data.gates import GateTrace, Place, Quantity, place_words
from gateviz.errors import SelectionError
from gateviz.measure.timescale import timescale
from gateviz.recording import Recording

MEAN = "mean"
ONE_MINUS_F = "1-f"
TIMESCALE_GROUPS = 4
_KEEPING = (Quantity.FORGET_GATE, Quantity.UPDATE_GATE)


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


@dataclass(frozen=True, eq=False)
class UnitGroup:
    """Units that are held together.

    Attributes:
        place: their layer and direction.
        units: True for each of them, (H,).
        words: for a table, such as ``unit 17`` or ``memory of 2.1 to 3.4 frames``.
    """

    place: Place
    units: Bool[np.ndarray, " H"]
    words: str

    @property
    def row(self) -> RowHold:
        """What is held in a row of a batch."""
        return RowHold(self.place, self.units)


def unit_groups(
    recordings: Sequence[Recording], quantity: Quantity, grouping: Grouping | str, places: Sequence[Place]
) -> tuple[UnitGroup, ...]:
    """The groups of units of some layers and directions.

    Args:
        recordings: of the model as it is, at least one; all of them tell the timescales.
        quantity: what will be held.
        grouping: how units are put together.
        places: layers and directions.

    Raises:
        SelectionError: no such grouping, a place that was not recorded, or a timescale without forget gates.
    """
    if grouping not in set(Grouping):
        raise SelectionError(f"there is no grouping {grouping!r}; choose one of {', '.join(Grouping)}")
    groups: list[UnitGroup] = []
    for place in places:
        width = recordings[0].trace(*place)[quantity].shape[1]
        if grouping == Grouping.LAYER:
            groups.append(UnitGroup(place, np.ones(width, dtype=bool), "all units"))
        elif grouping == Grouping.UNIT:
            groups += [UnitGroup(place, np.arange(width) == unit, f"unit {unit}") for unit in range(width)]
        else:
            groups += _by_timescale(place, [recording.trace(*place) for recording in recordings], width)
    return tuple(groups)


def held(
    intervention: Intervention,
    recordings: Sequence[Recording],
    places: Sequence[Place],
    frames: Bool[np.ndarray, " T"] | None = None,
) -> Held:
    """What the intervention holds on a line.

    Args:
        intervention: what and at what.
        recordings: of the model as it is; a mean is taken over all their frames.
        places: layers and directions that are held.
        frames: of the line, True where it is held; None for all.
    """
    value: float | Mapping[Place, np.ndarray] | None
    if intervention.at == ONE_MINUS_F:
        value = None
    elif isinstance(intervention.at, str):
        value = {place: _mean(recordings, place, intervention.quantity) for place in places}
    else:
        value = float(intervention.at)
    return Held(intervention.quantity, value, frames)


def _mean(recordings: Sequence[Recording], place: Place, quantity: Quantity) -> Float64[np.ndarray, " H"]:
    series = np.concatenate([recording.trace(*place)[quantity] for recording in recordings])
    return np.asarray(series.mean(axis=0, dtype=np.float64))


def _by_timescale(place: Place, traces: Sequence[GateTrace], width: int) -> list[UnitGroup]:
    gate = next((gate for gate in _KEEPING if gate in traces[0].values), None)
    if gate is None:
        raise SelectionError(f"{place_words(place)} has no forget or update gate, so its units have no timescale")
    memory = timescale(np.concatenate([trace[gate] for trace in traces]))
    if len(memory) != width:
        raise SelectionError(f"{place_words(place)} projects its state, so its timescales are not those of its outputs")
    order = np.argsort(memory, kind="stable")
    found = []
    for part in np.array_split(order, min(TIMESCALE_GROUPS, width)):
        units = np.zeros(width, dtype=bool)
        units[part] = True
        words = f"memory of {memory[part].min():.1f} to {memory[part].max():.1f} frames"
        found.append(UnitGroup(place, units, words))
    return found
