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
from gateviz.capture.cells import cell_engine, run_cell
from gateviz.capture.edit_plan import EditPlan
from gateviz.capture.edits import Edit
from gateviz.capture.layer import EditorSource
from gateviz.capture.ruled import ruled_call, ruled_lstm
from gateviz.capture.stack import CallPlace, CaptureRequest, run_call
from gateviz.capture.traces import CapturedCall, CellSeries, Traces
from gateviz.data.gates import Quantity
from gateviz.errors import SelectionError

FUSED = (torch._VF.lstm, torch._VF.gru)
CELLS = (torch._VF.lstm_cell, torch._VF.gru_cell)
SCRIPTED_NAMES = ("LSTM", "GRU", "LSTMCell", "GRUCell")


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
    (``nn.LSTMCell``) that is called in a loop has one trace, a row a call. Packed lines are in the
    user's order. Without edits the module computes the numbers that it computes without recording:
    outputs agree to 1e-6, and bit for bit with gradients enabled.

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
            scripted and cannot be opened, or an edit changed nothing.

    Example:
        >>> model = nn.Sequential(nn.LSTM(4, 3, bidirectional=True))
        >>> with torch.no_grad(), trace_gates(model) as traces:
        ...     output, _ = model(torch.ones(6, 1, 4))
        >>> [trace.direction.value for trace in traces], traces[0]["forget_gate"].shape
        (['forward', 'backward'], torch.Size([1, 6, 3]))
    """
    targets = _targets(module, modules, reversed_modules)
    plan: EditorSource = EditPlan(edits) if isinstance(edits, Sequence) else edits
    request = CaptureRequest(
        None if quantities is None else frozenset(quantity_of(each) for each in quantities),
        None if layers is None else frozenset(layers),
        plan or None,
    )
    tracer = Tracer(targets, frozenset(reversed_modules), request, keep_calls=keep_calls)
    with tracer:
        yield tracer.traces
    # Whoever hands in a plan of their own finishes it after the last batch.
    if isinstance(plan, EditPlan) and plan is not edits:
        plan.finish()


class Tracer(TorchFunctionMode):
    """Sees the torch calls of one thread, and runs those of the traced modules by the engines.

    Args:
        targets: the recurrent modules by their dotted names.
        reversed_modules: names of those that are fed the line backward.
        request: what to record and to change.
        keep_calls: keep arguments and results.
    """

    def __init__(
        self,
        targets: dict[str, nn.Module],
        reversed_modules: frozenset[str],
        request: CaptureRequest,
        *,
        keep_calls: bool = False,
    ) -> None:
        super().__init__()
        self.traces = Traces(tuple(targets))
        self._targets = targets
        self._reversed = reversed_modules
        self._request = request
        self._keep_calls = keep_calls
        self._first_layer: dict[str, int] = {}
        self._layer_count = 0
        self._runs: dict[str, int] = {}
        self._cells: dict[str, CellSeries] = {}
        self._unsorted: CapturedCall | None = None

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """The function's result, by an engine that records if it is a traced module's."""
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
        """Output and states of the call; None if it is no traced module's."""
        name = self._owner(call)
        if name is None:
            return None
        first = self._first_of(name, call.layer_count)
        place = CallPlace(name, first, self._count_run(name), self._reads_backward(name))
        result, traces = run_call(call, self._request, place)
        for trace in traces:
            self.traces.add(trace)
        captured = CapturedCall(name, call, result, traces)
        if self._keep_calls:
            self.traces.calls.append(captured)
        # nn.LSTM sorts packed lines by length before the call, and its states back after it.
        self._unsorted = captured if call.batch_sizes is not None else None
        return result

    def _run_cell(self, func: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        name = next((name for name, each in self._targets.items() if getattr(each, "weight_hh", None) is args[3]), None)
        if name is None:
            return func(*args)
        layer = self._first_of(name, 1)
        series = self._cells.get(name)
        if series is None or (series.rows and len(next(iter(series.rows[0].values()))) != len(args[0])):
            engine = cell_engine(self._request, layer)
            series = self._cells[name] = CellSeries(layer, name, engine, self._count_run(name))
        result = run_cell(func, args, self._request, series)
        if len(series.rows) == 1:
            self.traces.add(series)
        return result

    def _put_in_order(self, args: tuple[Any, ...]) -> None:
        """Rows of the last packed run in the user's order, once its states are put in that order."""
        captured = self._unsorted
        if captured is not None and len(args) == 3 and args[0] is captured.result[1] and args[1] == 1:
            self._unsorted = None
            if self._request.edits and not torch.equal(args[2], torch.arange(len(args[2]), device=args[2].device)):
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
        if name not in self._first_layer:
            self._first_layer[name] = self._layer_count
            self._layer_count += layer_count
        return self._first_layer[name]

    def _count_run(self, name: str) -> int:
        self._runs[name] = self._runs.get(name, -1) + 1
        return self._runs[name]


def _targets(
    module: nn.Module, names: Collection[str] | None, reversed_modules: Collection[str]
) -> dict[str, nn.Module]:
    """The recurrent modules by their dotted names, those of ``names`` if given."""
    found: dict[str, nn.Module] = {}
    for name, each in module.named_modules():
        if isinstance(each, torch.jit.ScriptModule) and each.original_name in SCRIPTED_NAMES:
            raise SelectionError(
                f"{name or 'the module'} is a scripted {each.original_name}, which cannot be opened; "
                "trace the module it was scripted from"
            )
        if type(each).__name__.startswith("Instrumented"):
            raise SelectionError(
                f"{name or 'the module'} is an {type(each).__name__} and records by itself: read its traces"
            )
        if isinstance(each, nn.LSTM | nn.GRU | nn.LSTMCell | nn.GRUCell):
            found[name] = each
    if not found:
        raise SelectionError(
            f"{type(module).__name__} holds no nn.LSTM, nn.GRU or cell of theirs, so there are no gates to trace"
        )
    for name in (*(names or ()), *reversed_modules):
        if name not in found:
            raise SelectionError(f"there is no recurrent module {name!r}; there are {', '.join(map(repr, found))}")
    return found if names is None else {name: found[name] for name in found if name in names}


def quantity_of(name: Quantity | str) -> Quantity:
    """The quantity of this name.

    Raises:
        SelectionError: there is none.
    """
    if name not in tuple(Quantity):
        raise SelectionError(f"{name!r} was asked for and is no quantity; there are {', '.join(Quantity)}")
    return Quantity(name)
