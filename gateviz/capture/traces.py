"""The traces of a network: one a layer and direction, filled while it runs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import overload

import torch

from gateviz.capture.calls import RecurrentCall
from gateviz.capture.layer_trace import LayerTrace
from gateviz.data.gates import Direction, GateTrace, Quantity
from gateviz.errors import SelectionError


@dataclass(frozen=True, eq=False)
class CapturedCall:
    """One call of a traced module, kept so that it can be made again without recording.

    Attributes:
        module: dotted name.
        call: what it was handed; ``call.plain()`` makes it again.
        result: output and final states of the recorded run.
        traces: what was recorded of it.
    """

    module: str
    call: RecurrentCall
    result: tuple[torch.Tensor, ...]
    traces: tuple[LayerTrace, ...]

    def plain(self) -> tuple[torch.Tensor, ...]:
        """Output and final states of the plain layer for the same arguments."""
        return self.call.plain()


@dataclass(eq=False)
class CellSeries:
    """The calls of a recurrent cell in one loop of somebody's own: one row a call.

    Attributes:
        layer: number of the cell.
        module: dotted name.
        engine: which engine runs it.
        call: how many loops there were before.
        first: the states before the first step.
        last: the states that the last step returned.
        step_count: steps so far, recorded or not.
        rows: what was recorded of each step.
        doubted: a state was handed in that this loop had not returned.
    """

    layer: int
    module: str
    engine: str
    call: int
    first: tuple[torch.Tensor, ...]
    last: tuple[torch.Tensor, ...] = ()
    step_count: int = 0
    rows: list[dict[Quantity, torch.Tensor]] = field(default_factory=list)
    doubted: bool = False

    def trace(self) -> LayerTrace:
        """All calls so far as one trace."""
        stored = {quantity: torch.stack([row[quantity] for row in self.rows], 1) for quantity in self.rows[0]}
        return LayerTrace(
            self.layer,
            Direction.FORWARD,
            stored=stored,
            in_step_order=False,
            lengths=None,
            module=self.module,
            engine=self.engine,
            call=self.call,
        )

    def returned(self, state: torch.Tensor) -> bool:
        """True if the state is the one that the last step returned, or a view of it."""
        if not self.last or state.shape != self.last[0].shape:
            return False
        # What was returned is kept, so no other tensor can have come to lie in its memory.
        return state.data_ptr() == self.last[0].data_ptr()

    @torch.no_grad()
    def ended_by(self, state: torch.Tensor) -> bool:
        """True if the state begins another loop: of other lines, of zeros, or the one that this loop began with."""
        if state.shape != self.last[0].shape:
            return True
        return not bool(state.any()) or torch.equal(state, self.first[0])

    @torch.no_grad()
    def resembles(self, state: torch.Tensor) -> bool:
        """True if some line's state is the one that the last step returned, as behind a mask; True after a doubt."""
        return self.doubted or bool((state == self.last[0]).all(1).any())


class Traces(Sequence[LayerTrace]):
    """What ``trace_gates`` recorded, in the order in which it ran; it grows with every run."""

    def __init__(self, module_names: Sequence[str]) -> None:
        self._module_names = tuple(module_names)
        self._entries: list[LayerTrace | CellSeries] = []
        self.calls: list[CapturedCall] = []

    @overload
    def __getitem__(self, index: int) -> LayerTrace: ...

    @overload
    def __getitem__(self, index: slice) -> "Sequence[LayerTrace]": ...

    def __getitem__(self, index: int | slice) -> "LayerTrace | Sequence[LayerTrace]":
        """The trace at a position, as in a list."""
        return list(self)[index] if isinstance(index, slice) else _trace(self._entries[index])

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[LayerTrace]:
        return map(_trace, tuple(self._entries))

    def trace(self, layer: int, direction: Direction | str = Direction.FORWARD, *, call: int = 0) -> LayerTrace:
        """The trace of a layer and direction, of the first run of its module or of the one asked for.

        Raises:
            SelectionError: lists the traces there are, and the modules that did not run.
        """
        for entry in self:
            if (entry.layer, entry.direction, entry.call) == (layer, direction, call):
                return entry
        run = "" if call == 0 else f" in run {call} of its module"
        raise SelectionError(f"there is no trace of layer {layer} {direction}{run}; {self._inventory()}")

    def of_module(self, name: str) -> tuple[LayerTrace, ...]:
        """The traces of a module, by its dotted name, over all its runs.

        Raises:
            SelectionError: lists the traces there are, and the modules that did not run.
        """
        found = tuple(entry for entry in self if entry.module == name)
        if not found:
            raise SelectionError(f"there is no trace of a module {name!r}; {self._inventory()}")
        return found

    def line(self, index: int) -> tuple[GateTrace, ...]:
        """The traces of one line of the batch, as float32 numpy, each cut to the line's own length.

        Raises:
            SelectionError: the batch has no such line.
        """
        return tuple(entry.line(index) for entry in self)

    @property
    def idle_modules(self) -> tuple[str, ...]:
        """Names of the recurrent modules of which nothing was recorded so far."""
        active = {entry.module for entry in self._entries}
        return tuple(name for name in self._module_names if name not in active)

    def add(self, entry: LayerTrace | CellSeries) -> None:
        """Appends a trace."""
        self._entries.append(entry)

    def clear(self) -> None:
        """Forgets every trace, and what it keeps in memory."""
        self._entries.clear()
        self.calls.clear()

    def without(self, module: str) -> "Traces":
        """The others, without those of one module."""
        left = Traces(self._module_names)
        left._entries = [entry for entry in self._entries if entry.module != module]
        return left

    def of_last_run(self, module: str) -> "Traces":
        """Those of the last run of one module."""
        own = [entry for entry in self._entries if entry.module == module]
        found = Traces((module,))
        found._entries = [entry for entry in own if isinstance(entry, CellSeries) or entry.call == own[-1].call]
        return found

    def replace(self, old: Sequence[LayerTrace], new: Sequence[LayerTrace]) -> None:
        """Puts other traces in the place of some that are there."""
        put = {id(before): after for before, after in zip(old, new, strict=True)}
        self._entries = [put.get(id(entry), entry) for entry in self._entries]

    def _inventory(self) -> str:
        there = ", ".join(f"{each.layer} {each.direction} ({each.module})" for each in self) or "none"
        idle = f"; not run or not asked for: {', '.join(self.idle_modules)}" if self.idle_modules else ""
        return f"recorded are {there}{idle}"


def _trace(entry: LayerTrace | CellSeries) -> LayerTrace:
    return entry if isinstance(entry, LayerTrace) else entry.trace()
