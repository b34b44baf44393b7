"""What can be chosen in an explorer, and what cannot."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateviz.data.gates import Direction, GateTrace
from gateviz.errors import SelectionError
from gateviz.panels.choice import KEEPING, Order, chosen_quantities
from gateviz.panels.explorer import Document, Orders, explorer_document
from gateviz.recording import Recording


@dataclass(frozen=True, eq=False)
class Scene:
    """Made whole, or not at all.

    Attributes:
        recordings: one, or two to compare.
        document: what the front end is told of them.
        choices: what can be chosen.
    """

    recordings: tuple[Recording, ...]
    document: Document
    choices: Choices

    @classmethod
    def of(cls, recordings: Sequence[Recording], *, title: str, exact: bool, live: bool, orders: Orders) -> "Scene":
        """The scene of these recordings; arguments and errors as ``panels.explorer.explorer_document``."""
        document = explorer_document(recordings, title=title, exact=exact, live=live, orders=orders)
        return cls(tuple(recordings), document, Choices(recordings, document))


# By selectivity is the front end's own order: of the chosen columns.
SELECTIVITY = "selectivity"
ORDERS = (*map(str, Order), SELECTIVITY)
VIEWS = ("first", "second", "both", "difference")
THEMES = ("auto", "light", "dark")


class Choices:
    """Checks what is chosen against the recordings that are shown.

    Args:
        recordings: one or two.
        document: what ``panels.explorer.explorer_document`` made of them.
    """

    def __init__(self, recordings: Sequence[Recording], document: Mapping[str, Any]) -> None:
        self.traces: dict[str, GateTrace] = {trace.name: trace for trace in recordings[0].traces}
        self._all = [trace for recording in recordings for trace in recording.traces]
        self._views = VIEWS[: 3 if len(recordings) > 1 else 1]
        self._comparison: Mapping[str, Any] = document["comparison"] or {"difference": [], "words": ""}
        axes = [recording["axis"] for recording in document["recordings"]]
        self._axis = min(axis["start"] for axis in axes), max(axis["stop"] for axis in axes)

    def checked(self, name: str, value: Any, *, trace: str, layer: int) -> Any:
        """A choice as it is kept.

        Args:
            name: what is chosen, such as ``columns``.
            value: the choice.
            trace: the layer and direction it is made for.
            layer: the number of that layer.

        Raises:
            SelectionError: it is none; says what there is.
        """
        if name == "layer":
            self.of_layer(value)
            return value
        if name == "direction":
            return self.trace(f"{layer}.{value}").partition(".")[2]
        if name == "selected_units":
            return self.units(value, trace)
        if name == "order":
            return self.order(value, trace)
        return getattr(self, name)(value)

    def trace(self, name: str) -> str:
        """A layer and direction, by name.

        Raises:
            SelectionError: lists those there are.
        """
        if name not in self.traces:
            raise SelectionError(
                f"there is no layer and direction {name!r} to explore; there are {', '.join(self.traces)}"
            )
        return name

    def of_layer(self, layer: int, direction: Direction | str = "") -> str:
        """The name of a layer's trace in that direction; in the first there is where the layer has no other.

        Raises:
            SelectionError: lists the layers there are.
        """
        of_layer = [trace.name for trace in self.traces.values() if trace.layer == layer]
        if not of_layer:
            raise SelectionError(f"there is no layer {layer} to explore; there are {', '.join(self.traces)}")
        wanted = f"{layer}.{direction}"
        return wanted if wanted in of_layer else of_layer[0]

    def quantities(self, names: Sequence[str]) -> list[str]:
        """Quantities by name or letter, as names; none at all is a choice too.

        Raises:
            SelectionError: lists those there are.
        """
        return [str(quantity) for quantity in chosen_quantities(self._all, list(names))] if names else []

    def order(self, order: str, trace: str) -> str:
        """An order of the units of a trace.

        Raises:
            SelectionError: there is no such order, or not for these units.
        """
        if order not in ORDERS:
            raise SelectionError(f"there is no unit order {order!r}; choose one of {', '.join(ORDERS)}")
        if order == Order.TIMESCALE and not any(gate in self.traces[self.trace(trace)].values for gate in KEEPING):
            raise SelectionError(f"{trace} cannot be ordered by timescale without its forget or update gate")
        return order

    def units(self, units: Sequence[int], trace: str) -> list[int]:
        """Units of a trace, each once.

        Raises:
            SelectionError: says how many there are.
        """
        count = self.traces[self.trace(trace)].unit_count
        if odd := [str(unit) for unit in units if not 0 <= unit < count]:
            raise SelectionError(f"{trace} has no unit {', '.join(odd)}; units are 0 to {count - 1}")
        return list(dict.fromkeys(units))

    def columns(self, columns: Sequence[float]) -> list[float]:
        """Two columns, the second excluded, or none.

        Raises:
            SelectionError: they are no span that touches the line.
        """
        if not columns:
            return []
        start, stop = self._axis
        if len(columns) != 2 or not all(map(math.isfinite, columns)) or not columns[0] < columns[1]:
            raise SelectionError(
                f"{list(columns)} are no columns; give [start, stop] with start < stop, or [] for none"
            )
        if columns[1] <= start or columns[0] >= stop:
            raise SelectionError(f"the columns {list(columns)} lie beside the line, which has {start:g} to {stop:g}")
        return [float(columns[0]), float(columns[1])]

    def view(self, view: str) -> str:
        """What is shown of two recordings.

        Raises:
            SelectionError: there is no such view, no second recording, or no difference of the two.
        """
        if view not in VIEWS:
            raise SelectionError(f"there is no view {view!r}; choose one of {', '.join(VIEWS)}")
        if view != "first" and len(self._views) == 1:
            raise SelectionError(
                f"the view {view!r} needs two recordings and there is one; give versus or make an edit"
            )
        if view == "difference" and not self._comparison["difference"]:
            raise SelectionError(f"the view 'difference' cannot be had. {self._comparison['words']}".rstrip("."))
        return view

    def theme(self, theme: str) -> str:
        """Light or dark.

        Raises:
            SelectionError: there is no such theme.
        """
        if theme not in THEMES:
            raise SelectionError(f"there is no theme {theme!r}; choose one of {', '.join(THEMES)}")
        return theme
