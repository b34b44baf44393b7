"""One line read many times at once, each time with other units held: what a study of interventions runs.

A batch of N equal lines goes through the recurrent layers together; row n has its own group of units
held. The convolutions before them run once (``capture.equal_lines``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float

from gateviz.capture.equal_lines import EqualLines
from gateviz.capture.layer import StepEditor
from gateviz.capture.recognizer import Recognizer, device_of
from gateviz.capture.tracing import trace_gates
from gateviz.data.gates import Direction, Place, Quantity, place_words
from gateviz.errors import SelectionError


@dataclass(frozen=True, eq=False)
class RowHold:
    """What is held in one row: some units of one layer and direction.

    Attributes:
        place: the layer and direction.
        units: True for those that are held, (H,).
    """

    place: Place
    units: Bool[np.ndarray, " H"]


@dataclass(frozen=True, eq=False)
class Held:
    """What a quantity is held at.

    Attributes:
        quantity: the series.
        value: a number; one number a unit for each place; or None for 1 - f, the input gate of a cell
            that writes exactly as much as it drops.
        frames: True where it is held, (T,); None for the whole line.
    """

    quantity: Quantity
    value: float | Mapping[Place, np.ndarray] | None
    frames: Bool[np.ndarray, " T"] | None = None

    def __post_init__(self) -> None:
        if self.value is None and self.quantity is not Quantity.INPUT_GATE:
            raise SelectionError(f"only the input gate can be held at 1 - f, not the {self.quantity.words}")


@torch.no_grad()
def held_log_probs(
    recognizer: Recognizer,
    pixels: Float[torch.Tensor, "channels height width"],
    held: Held,
    rows: Sequence[RowHold | None],
) -> Float[torch.Tensor, "N T C"]:
    """Log posteriors of one line, once a row; a row of None is read as it is.

    Args:
        recognizer: what reads; it is not changed.
        pixels: a prepared line.
        held: what is held, in every row.
        rows: where, one a row.

    Raises:
        SelectionError: the network does not have such a quantity, layer or unit.
    """
    device = device_of(recognizer.module, pixels.device)
    editors = _Editors(held, rows)
    traced = trace_gates(
        recognizer.module,
        quantities=(Quantity.HIDDEN_STATE,),
        edits=editors,
        modules=getattr(recognizer, "traced_modules", None),
        reversed_modules=getattr(recognizer, "reversed_modules", ()),
    )
    with traced, EqualLines():
        result = recognizer.log_probs(pixels.to(device).expand(len(rows), -1, -1, -1))
    editors.finish()
    return result


class _Editors:
    """The editors of every place that a row names: an ``EditorSource``."""

    def __init__(self, held: Held, rows: Sequence[RowHold | None]) -> None:
        self._held = held
        self._editors: dict[Place, _PlaceEditor] = {}
        for place in dict.fromkeys(row.place for row in rows if row is not None):
            self._editors[place] = _PlaceEditor(place, held, rows)

    def __bool__(self) -> bool:
        # Also without any hold every row runs on the engine that takes edits, so that rows can be compared.
        return True

    def editor_for(self, layer: int, direction: Direction) -> StepEditor | None:
        """What changes this layer and direction."""
        return self._editors.get((layer, direction))

    def finish(self) -> None:
        """Returns if every place ran and had the quantity.

        Raises:
            SelectionError: one did not.
        """
        for place, editor in self._editors.items():
            if not editor.met:
                raise SelectionError(f"{place_words(place)} has no {self._held.quantity.words} to hold in this network")


class _PlaceEditor:
    """Holds the units of one layer and direction, other ones in every row."""

    def __init__(self, place: Place, held: Held, rows: Sequence[RowHold | None]) -> None:
        self.met = False
        self._place, self._held = place, held
        width = next(len(row.units) for row in rows if row is not None and row.place == place)
        masks = [row.units if row is not None and row.place == place else np.zeros(width, dtype=bool) for row in rows]
        self._units = torch.from_numpy(np.stack(masks))
        self._forget: torch.Tensor | None = None

    def touches(self, quantity: Quantity) -> bool:
        """True for the held quantity, and for the forget gate where another is held by it."""
        return quantity is self._held.quantity or (self._held.value is None and quantity is Quantity.FORGET_GATE)

    def apply(self, quantity: Quantity, frame: int, values: Float[torch.Tensor, "B H"]) -> Float[torch.Tensor, "B H"]:
        """The values of one step, held in every row's own units.

        Raises:
            SelectionError: the layer has another number of units.
        """
        if quantity is not self._held.quantity:
            self._forget = values
            return values
        self.met = True
        if self._held.frames is not None and not self._held.frames[frame]:
            return values
        if self._units.shape != values.shape:
            raise SelectionError(
                f"{place_words(self._place)} has {values.shape[1]} units of {quantity.words} in {len(values)} rows, "
                f"and {self._units.shape[1]} in {len(self._units)} were to be held"
            )
        return torch.where(self._units.to(values.device), self._value(values), values)

    def _value(self, values: torch.Tensor) -> torch.Tensor:
        value = self._held.value
        if value is None:
            assert self._forget is not None, "the forget gate is computed before the input gate"
            return 1 - self._forget
        if isinstance(value, Mapping):
            return torch.from_numpy(np.asarray(value[self._place])).to(values).expand_as(values)
        return torch.full_like(values, value)
