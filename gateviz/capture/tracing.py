"""``trace_gates``: what every recurrent layer of any torch module does while the module runs.

Nothing is hooked, patched or replaced. For the time of a ``with`` block, and in its thread alone, a
``TorchFunctionMode`` sees the calls that ``nn.LSTM``, ``nn.GRU`` and their cells make to torch, and
those that belong to the traced module are run by an engine that records. A call belongs to a module
when it is handed the module's own list of weights, so shared weights, weights that are made anew for
each run (weight normalization, ``functional_call``) and modules run from elsewhere are told apart.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from gateviz.capture.calls import RecurrentCall, fused_call
from gateviz.capture.cells import CellListener, cell_engine, cell_states_of, run_cell
from gateviz.capture.edit_plan import EditPlan
from gateviz.capture.edits import Edit
from gateviz.capture.layer import EditorSource
from gateviz.capture.ruled import ruled_call, ruled_lstm
from gateviz.capture.stack import CaptureRequest, Listener
from gateviz.capture.surroundings import plain_result, recomputing, require_numbers, run_heard, uncompiled
from gateviz.capture.targets import recurrent_modules
from gateviz.capture.trace_book import TraceBook
from gateviz.capture.traces import CapturedCall, Traces
from gateviz.data.gates import Quantity, quantity_of
from gateviz.errors import SelectionError

_MODES: Any = torch.overrides
"""Torch's stack of function modes, which it does not type."""
FUSED = (torch._VF.lstm, torch._VF.gru)
CELLS = (torch._VF.lstm_cell, torch._VF.gru_cell)


@contextmanager
def trace_gates(
    module: nn.Module,
    *,
    layers: Collection[int] | None = None,
    quantities: Collection[Quantity | str] | None = None,
    edits: Sequence[Edit] | EditorSource = (),
    modules: Collection[str] | None = None,
    reversed_modules: Collection[str] = (),
    keep_calls: bool = False,
) -> Iterator[Traces]:
    """A context in which every recurrent layer of a module is recorded; yields the traces, filled as it runs.

    Layers are numbered from 0 in the order in which their modules first run; a module of several layers
    takes as many numbers. Every run of a module is a trace of its own (``LayerTrace.call``). A cell
    (``nn.LSTMCell``) has one trace a loop, a row a call; a loop begins with a state of zeros or with other
    lines. Packed lines are in the user's order. Without edits the module computes the numbers that it
    computes without recording, up to the order of additions (1e-6 in float32).

    What ``torch.compile`` made of the module runs uncompiled inside the block. Activation checkpoints are
    recorded when they run forward, as constants under ``use_reentrant=False``, and not when they run again. A block
    within another one records too, and so does it.

    Args:
        module: anything that holds ``nn.LSTM``, ``nn.GRU``, their cells or ``RuledLSTM``, however nested.
        layers: numbers of the layers to record; None for all.
        quantities: what to record; None for everything that the cells compute.
        edits: change values on the way, in this order; by frames, since a module knows no columns. An edit that
            changed nothing is an error when the context ends.
        modules: dotted names of the recurrent modules to trace; None for all.
        reversed_modules: dotted names of one-way modules that are fed the line backward.
        keep_calls: keep arguments and results of every call in ``Traces.calls``.

    Raises:
        SelectionError: there is nothing to trace in the module, a name or quantity is none, a layer is
            scripted or quantized and cannot be opened; or, when the block ends, nothing was recorded, because the
            module ran in another thread or not at all, a layer that was asked for did not run, or an edit changed nothing.

    Example:
        >>> model = nn.Sequential(nn.LSTM(4, 3, bidirectional=True))
        >>> with torch.no_grad(), trace_gates(model) as traces:
        ...     output, _ = model(torch.ones(6, 1, 4))
        >>> [trace.direction.value for trace in traces], traces[0]["forget_gate"].shape
        (['forward', 'backward'], torch.Size([1, 6, 3]))
    """
    targets = recurrent_modules(module, modules, reversed_modules)
    plan: EditorSource = EditPlan(edits) if isinstance(edits, Sequence) else edits
    request = CaptureRequest(
        None if quantities is None else frozenset(quantity_of(each) for each in quantities),
        None if layers is None else frozenset(layers),
        plan or None,
    )
    tracer = Tracer(targets, frozenset(reversed_modules), request, keep_calls=keep_calls)
    with tracer, uncompiled():
        yield tracer.traces
    tracer.require_heard()
    # Whoever hands in a plan of their own finishes it after the last batch.
    if isinstance(plan, EditPlan) and plan is not edits:
        plan.finish()


class Tracer(TorchFunctionMode):
    """Sees the torch calls of one thread, and runs those of the traced modules by the engines.

    Of several tracers one within the other the innermost runs the call, and all hear it.

    Args:
        targets: the recurrent modules by their dotted names.
        reversed_modules: names of those that are fed the line backward.
        request: what to record and to change.
        keep_calls: keep arguments and results.
        book: where to write it down; None for a new one.
    """

    listens = True
    """False for one that runs the layers otherwise, and lets nobody within it run them."""

    def __init__(
        self,
        targets: dict[str, nn.Module],
        reversed_modules: frozenset[str],
        request: CaptureRequest,
        *,
        keep_calls: bool = False,
        book: TraceBook | None = None,
    ) -> None:
        super().__init__()
        self.book = TraceBook(tuple(targets)) if book is None else book
        self.request = request
        self._targets = targets
        self._reversed = reversed_modules
        self._keep_calls = keep_calls
        self._unsorted: CapturedCall | None = None

    @property
    def traces(self) -> Traces:
        """What was recorded so far."""
        return self.book.traces

    def __exit__(self, *exception: Any) -> None:
        """Goes, and leaves whatever was entered later: blocks of generators need not end in the reverse order."""
        if all(mode is not self for mode in _MODES._get_current_function_mode_stack()):
            raise SelectionError(
                "a trace_gates block ended in another thread than the one it began in; begin and end it in one thread"
            )
        later = []
        while (mode := _MODES._pop_mode()) is not self:
            later.append(mode)
        for mode in reversed(later):
            _MODES._push_mode(mode)

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """The function's result, by an engine that records if it is a traced module's."""
        # A compiler that looks into the block is to see the plain function.
        if not torch.compiler.is_compiling():
            if func in FUSED:
                call = fused_call(func, args)
                return self._run(call) or func(*args)
            if func is ruled_lstm:
                return self._run(ruled_call(args)) or func(*args)
            if func in CELLS:
                return self._run_cell(func, args)
            if self._unsorted is not None and func is torch.Tensor.index_select:
                self._put_in_order(args)
        return func(*args, **kwargs) if kwargs else func(*args)

    def _run(self, call: RecurrentCall) -> tuple[torch.Tensor, ...] | None:
        """Output and states of the call; None if it is no traced module's, or another tracer is to run it."""
        tracers = self._hearing(lambda tracer: tracer._owner(call) is not None)
        if not tracers:
            return None
        if recomputing():
            return plain_result(call)
        listeners = [tracer._listener(call) for tracer in tracers]
        result, heard = run_heard(call, listeners)
        for tracer, listener, traces in zip(tracers, listeners, heard, strict=True):
            tracer._write(CapturedCall(listener.place.module, call, result, traces))
        return result

    def _hearing(self, owns: Callable[["Tracer"], bool]) -> list["Tracer"]:
        """Who hears a call, this tracer first; nobody where it is not this tracer's, or an outer one runs it otherwise."""
        if not owns(self):
            return []
        outer = [each for each in _MODES._get_current_function_mode_stack() if isinstance(each, Tracer) and owns(each)]
        return [self, *reversed(outer)] if all(tracer.listens for tracer in outer) else []

    def _listener(self, call: RecurrentCall) -> Listener:
        name = self._owner(call)
        assert name is not None, "only who owns a call listens"
        place = self.book.place(name, call.layer_count, reads_backward=self._reads_backward(name))
        return Listener(self.request, place)

    def _write(self, captured: CapturedCall) -> None:
        for trace in captured.traces:
            self.traces.add(trace)
        if self._keep_calls:
            self.traces.calls.append(captured)
        # nn.LSTM sorts packed lines by length before the call, and its states back after it.
        self._unsorted = captured if captured.call.batch_sizes is not None else None

    def _run_cell(self, func: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        tracers = self._hearing(lambda tracer: tracer._cell(args) is not None)
        if not tracers or recomputing():
            return func(*args)
        states = cell_states_of(func, args[1])
        require_numbers(args[0], self._cell(args) or "")
        listeners = [tracer._cell_listener(args, states) for tracer in tracers]
        result, began = run_cell(func, args, listeners)
        for tracer, listener, first in zip(tracers, listeners, began, strict=True):
            if first:
                tracer.traces.add(listener.series)
        return result

    def _cell_listener(self, args: tuple[Any, ...], states: tuple[torch.Tensor, ...]) -> CellListener:
        name = self._cell(args) or ""
        engine = cell_engine(self.request, self.book.first_layer(name, 1))
        return CellListener(self.request, self.book.loop(name, states, engine))

    def _cell(self, args: tuple[Any, ...]) -> str | None:
        return next((name for name, each in self._targets.items() if getattr(each, "weight_hh", None) is args[3]), None)

    def _put_in_order(self, args: tuple[Any, ...]) -> None:
        """Rows of the last packed run in the user's order, once its states are put in that order."""
        captured = self._unsorted
        if captured is not None and len(args) == 3 and args[0] is captured.result[1] and args[1] == 1:
            self._unsorted = None
            if self.request.edits and not torch.equal(args[2], torch.arange(len(args[2]), device=args[2].device)):
                raise SelectionError(
                    f"{captured.module or 'the layer'} was edited while it ran packed lines in the order of their lengths, "
                    f"so edits may have met other lines than meant; hand the lines over longest first"
                )
            self.traces.replace(captured.traces, [trace.reordered(args[2]) for trace in captured.traces])

    def _owner(self, call: RecurrentCall) -> str | None:
        for name, module in self._targets.items():
            if getattr(module, "_flat_weights", None) is call.flat_weights:
                return name
        return None

    def _reads_backward(self, name: str) -> bool:
        return name in self._reversed or bool(getattr(self._targets[name], "reads_backward", False))

    def _first_of(self, name: str, layer_count: int) -> int:
        return self.book.first_layer(name, layer_count)

    def require_heard(self) -> None:
        """Returns if something was recorded, and every layer that was asked for ran.

        Raises:
            SelectionError: names what did not run.
        """
        names = ", ".join(name or type(module).__name__ for name, module in self._targets.items())
        if not self.book.has_run:
            raise SelectionError(
                f"nothing was recorded: {names} did not run inside the block, in the thread that began it; a run in "
                "another thread (DataParallel too) needs a block there, and a compiled or scripted copy is not seen"
            )
        ran = self.book.layers_run
        if missing := [layer for layer in self.request.layers or () if layer not in ran]:
            recorded = [layer for layer in self.request.layers or () if layer in ran]
            raise SelectionError(
                f"layer {', '.join(map(str, sorted(missing)))} was asked for and did not run; recorded are layers "
                f"{recorded or 'none'}, and those of {names} are 0 to {len(ran) - 1}"
            )
