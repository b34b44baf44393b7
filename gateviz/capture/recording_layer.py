"""What every layer that records has: what to record, where it goes, and the run in between."""

import functools
import sys
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import torch
from torch import nn

from gateviz.capture.layer import EditorSource
from gateviz.capture.stack import CaptureRequest
from gateviz.capture.surroundings import recomputing
from gateviz.capture.targets import RECURRENT
from gateviz.capture.trace_book import TraceBook
from gateviz.capture.trace_memory import TraceMemory
from gateviz.capture.traces import Traces
from gateviz.capture.tracing import Tracer
from gateviz.data.gates import Quantity, quantity_of
from gateviz.errors import SelectionError

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(eq=False)
class LayerRecorder:
    """What a recording layer writes down, and where.

    Attributes:
        name: dotted name in the instrumented model; empty for a layer by itself.
        book: of the model, or the layer's own.
        request: what is recorded and changed.
        reads_backward: the layer is fed the line backward.
        alone: the book is the layer's own.
        before: what the layer was before ``instrument``; None for one that was made recording.
    """

    name: str = ""
    book: TraceBook = field(default_factory=lambda: TraceBook(("",)))
    request: CaptureRequest = field(default_factory=lambda: CaptureRequest(memory=TraceMemory()))
    reads_backward: bool = False
    alone: bool = True
    before: "Before | None" = None

    def begun(self) -> AbstractContextManager[None]:
        """A run of the layer, which takes the place of its last one."""
        return self.book.running() if self.alone else self.book.begun(self.name)

    def tracer(self, module: nn.Module) -> Tracer:
        """What hears the layer's calls for the time of one run."""
        backward = frozenset({self.name} if self.reads_backward else ())
        return Tracer({self.name: module}, backward, self.request, book=self.book)


@dataclass(frozen=True, eq=False)
class Before:
    """What a layer was before ``instrument``: its own recorder, or None for a plain layer."""

    recorder: LayerRecorder | None = None


class RecordingLayer:
    """The common part of ``InstrumentedLSTM``, ``InstrumentedGRU`` and their cells."""

    plain_class: type[nn.Module]
    """What the layer is without recording."""
    goes_on = False
    """A call goes on with what the call before began, as those of a cell do."""
    _recorder: LayerRecorder

    @property
    def traces(self) -> Traces:
        """What the layer did in its last run, one trace a direction and layer; empty before it. ``clear()`` forgets it."""
        recorder = self._recorder
        return recorder.book.traces if recorder.alone else recorder.book.traces.of_last_run(recorder.name)

    def record(
        self, *, quantities: Collection[Quantity | str] | None = None, edits: EditorSource | None = None
    ) -> None:
        """Sets what is recorded and changed from now on.

        Args:
            quantities: None for everything that the cell computes.
            edits: changes values on the way (``EditPlan``).

        Raises:
            SelectionError: a quantity is none.
        """
        self._recorder.request = CaptureRequest(chosen_quantities(quantities), None, edits or None, TraceMemory())

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        plain = type(self).__dict__.get("plain_class")
        if plain is None or plain in RECURRENT:
            return super().__reduce_ex__(protocol)  # type: ignore[return-value]
        # The class of a subclass's twin stands in no module where a copy by pickle could find it.
        twin = next(each for each in type(self).__mro__ if each.__dict__.get("plain_class") in RECURRENT)
        return _empty_twin, (plain, twin), self.__getstate__()

    def _traced(self, run: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """What the function returns, its calls of torch's recurrent layers recorded."""
        self._require_original()
        if recomputing():
            return run(*args, **kwargs)
        with nullcontext() if self.goes_on else self._recorder.begun():
            return self._heard(run, *args, **kwargs)

    def _heard(self, run: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        recorder = self._recorder
        before = recorder.book.call_count
        within = torch._C._len_torch_function_stack() > 0
        with recorder.tracer(cast(nn.Module, self)):
            result = run(*args, **kwargs)
        recorder.request.memory.release()
        # Within another tracer the call may have been that one's alone.
        if not within and recorder.book.call_count == before:
            raise SelectionError(
                f"{recorder.name or 'the layer'} ran by the forward of {self.plain_class.__name__}, which does not call "
                "PyTorch's recurrent layer with the module's weights, so nothing was recorded; restore the model"
            )
        return result

    def _require_original(self) -> None:
        if self.__dict__.get("_is_replica"):
            raise SelectionError(
                f"{self._recorder.name or 'the layer'} is a replica made by nn.DataParallel, and what it records would be lost "
                "with it; run the module inside (model.module) while recording"
            )


def chosen_quantities(quantities: Collection[Quantity | str] | None) -> frozenset[Quantity] | None:
    """The quantities by these names; None for all."""
    return None if quantities is None else frozenset(quantity_of(each) for each in quantities)


def uncompiled_method(function: Function) -> Function:
    """The method, run as it is written in a model that torch.compile compiles: numbers in a graph cannot be recorded."""
    disabled: list[Callable[..., Any]] = []

    @functools.wraps(function)
    def run(self: Any, *args: Any, **kwargs: Any) -> Any:
        # Importing the compiler takes a second or two; where nobody has, nothing is compiled.
        if "torch._dynamo" not in sys.modules:
            return function(self, *args, **kwargs)
        if not disabled:
            disabled.append(cast(Any, torch.compiler).disable(function))
        return disabled[0](self, *args, **kwargs)

    return cast(Function, run)


def require_plain(module: nn.Module, kind: type[nn.Module]) -> None:
    """Returns if a twin that shares the module's weights does what the module does.

    Raises:
        SelectionError: the module is a variant of ``kind``, or makes its weights anew for each run.
    """
    name = type(module).__name__
    if not isinstance(module, kind) or type(module).forward is not kind.forward:
        raise SelectionError(
            f"a recording twin is made of nn.{kind.__name__} itself, not of {name}; trace it by trace_gates"
        )
    weights = [name for name, _ in module.named_parameters()]
    expected = [name for name in dir(module) if name.startswith(("weight_", "bias_"))]
    if set(weights) != set(expected):
        raise SelectionError(
            f"the {name} makes its weights anew for each run ({', '.join(weights)}); trace it by trace_gates"
        )


def share_weights(twin: nn.Module, original: nn.Module) -> None:
    """Gives the twin the parameters and the mode of the original."""
    for name, parameter in original.named_parameters():
        setattr(twin, name, parameter)
    if isinstance(twin, nn.RNNBase) and isinstance(original, nn.RNNBase):
        twin.dropout = original.dropout
        twin._init_flat_weights()
    twin.train(original.training)


def twin_class(plain: type[nn.Module], twins: Sequence[type[nn.Module]]) -> type[nn.Module]:
    """The class of the modules that do what those of ``plain`` do, and record.

    Args:
        plain: one of what ``twins`` are the recording ones of, or a subclass of it.
        twins: recording classes, such as ``InstrumentedLSTM``.
    """
    by_kind = {cast(type[RecordingLayer], twin).plain_class: twin for twin in twins}
    if plain in by_kind:
        return by_kind[plain]
    kind = next(kind for kind in by_kind if issubclass(plain, kind))
    members: dict[str, Any] = {"plain_class": plain, "__module__": plain.__module__, "__doc__": plain.__doc__}
    if plain.forward is not kind.forward:
        members["forward"] = _own_forward(plain)
    return cast(type[nn.Module], type(f"Instrumented{plain.__name__}", (by_kind[kind], plain), members))


def _own_forward(plain: type[nn.Module]) -> Callable[..., Any]:
    """The forward of a subclass that has one of its own, whatever it takes, recorded."""

    @functools.wraps(plain.forward)
    def forward(self: Any, *args: Any, **kwargs: Any) -> Any:
        return self._traced(functools.partial(plain.forward, self), *args, **kwargs)

    return uncompiled_method(forward)


def _empty_twin(plain: type[nn.Module], twin: type[nn.Module]) -> nn.Module:
    kind = twin_class(plain, (twin,))
    return kind.__new__(kind)
