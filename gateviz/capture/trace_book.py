"""What one observer writes down while modules run: the traces, and how layers, runs and loops of cells are counted."""

import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from gateviz.capture.stack import CallPlace
from gateviz.capture.surroundings import recomputing
from gateviz.capture.traces import CellSeries, Traces
from gateviz.errors import GatevizWarning, SelectionError


class LoopWarning(GatevizWarning):
    """Where a loop over a cell ends and the next begins could not be told for sure."""


class TraceBook:
    """Traces, and the numbers of layers and runs in them.

    A copy of a book, also by pickle, is an empty one: it goes with a copied model, and traces do not.

    Args:
        names: dotted names of the recurrent modules.

    Attributes:
        traces: what was recorded.
        call_count: calls that were heard, of whole modules and of single steps.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._lock = threading.RLock()
        self._depth = 0
        self.restart()

    def __reduce__(self) -> tuple[type["TraceBook"], tuple[tuple[str, ...]]]:
        return TraceBook, (self._names,)

    def restart(self) -> None:
        """Begins anew, with traces of their own: whoever holds the old ones keeps them."""
        self.traces = Traces(self._names)
        self._first_layer: dict[str, int] = {}
        self._layer_count = 0
        self._runs: dict[str, int] = {}
        self._loops: dict[str, list[CellSeries]] = {}
        self.call_count = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        """A run of the whole model, which begins the book anew; a call of the model by itself belongs to the run.

        Raises:
            SelectionError: another thread runs it.
        """
        if not self._lock.acquire(blocking=False):
            raise SelectionError(
                "the instrumented model runs in another thread already, and its traces are of one run; give each thread "
                "a copy (copy.deepcopy), or trace a plain model by trace_gates, which is a thread's own"
            )
        self._depth += 1
        try:
            if self._depth == 1 and not recomputing():
                self.restart()
            yield
        finally:
            self._depth -= 1
            self._lock.release()

    @contextmanager
    def begun(self, name: str) -> Iterator[None]:
        """A run of one module: outside a run of the whole model it takes the place of the module's last one."""
        if self._depth == 0 and name in self._runs:
            self.traces = self.traces.without(name)
            del self._runs[name]
        yield

    @property
    def has_run(self) -> bool:
        """True if any of the modules ran."""
        return self.call_count > 0

    @property
    def layers_run(self) -> range:
        """Numbers of the layers that ran."""
        return range(self._layer_count)

    def first_layer(self, name: str, layer_count: int) -> int:
        """The number of a module's first layer: layers are numbered in the order in which their modules first run."""
        if name not in self._first_layer:
            self._first_layer[name] = self._layer_count
            self._layer_count += layer_count
        return self._first_layer[name]

    def place(self, name: str, layer_count: int, *, reads_backward: bool = False) -> CallPlace:
        """Where the next call of a module stands."""
        self.call_count += 1
        self._runs[name] = self._runs.get(name, -1) + 1
        return CallPlace(name, self.first_layer(name, layer_count), self._runs[name], reads_backward)

    def loop(self, name: str, states: tuple[torch.Tensor, ...], engine: str) -> CellSeries:
        """The loop that a step of a cell goes on with, by the state that it is handed.

        A state that an earlier step returned, whole or changed by the user, goes on with that step's loop. A state of
        zeros, one of another number of lines and the one that the loop began with begin the next loop.

        Warns:
            LoopWarning: once a loop, when the state has nothing in common with those.
        """
        self.call_count += 1
        loops = self._loops.setdefault(name, [])
        for series in reversed(loops):
            if series.returned(states[0]):
                return series
        if not loops or loops[-1].ended_by(states[0]):
            place = self.place(name, 1)
            loops.append(CellSeries(place.first_layer, name, engine, place.call, states))
        elif not loops[-1].resembles(states[0]):
            loops[-1].doubted = True
            warnings.warn(
                f"{name or 'the cell'} was handed a state in step {loops[-1].step_count} that it had not returned, and the "
                "step is taken for the next one of the same loop; if another line begins there, trace it in a block of its "
                "own, or begin with a state of zeros",
                LoopWarning,
                stacklevel=2,
            )
        return loops[-1]
