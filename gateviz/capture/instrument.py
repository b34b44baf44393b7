"""``instrument``: every recurrent layer of a network records, in place; ``restore`` undoes it."""

from collections.abc import Collection, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any, TypeVar, cast

import torch
from torch import nn
from torch.nn.utils import parametrize

from gateviz.capture.instrumented import InstrumentedGRU, InstrumentedLSTM
from gateviz.capture.instrumented_cells import InstrumentedGRUCell, InstrumentedLSTMCell
from gateviz.capture.recording_layer import (
    Before,
    LayerRecorder,
    RecordingLayer,
    chosen_quantities,
    twin_class,
    uncompiled_method,
)
from gateviz.capture.stack import CaptureRequest
from gateviz.capture.targets import recurrent_modules
from gateviz.capture.trace_book import TraceBook
from gateviz.capture.trace_memory import TraceMemory
from gateviz.capture.traces import Traces
from gateviz.data.gates import Quantity
from gateviz.errors import SelectionError

Model = TypeVar("Model", bound=nn.Module)
Change = tuple[nn.Module, type[nn.Module], dict[str, object]]
"""A module, the class it is given, and the attributes; None takes one away."""

TWINS = (InstrumentedLSTM, InstrumentedGRU, InstrumentedLSTMCell, InstrumentedGRUCell)
BOOK = "_trace_book"
RECORDER = "_recorder"


def instrument(
    model: Model,
    *,
    quantities: Collection[Quantity | str] | None = None,
    modules: Collection[str] | None = None,
    reversed_modules: Collection[str] = (),
) -> Model:
    """The same model, in which every ``nn.LSTM``, ``nn.GRU`` and cell of theirs is an instrumented one; ``restore`` undoes it.

    Every module stays the object that it is, with its parameters, hooks, mode, device and names, so that optimizers, tied
    weights and ``state_dict`` know no difference; only its class is another (``InstrumentedLSTM``, a subclass of
    ``nn.LSTM``). After each run ``model.traces`` holds what the gates did in it, as ``trace_gates`` records it: one trace a
    layer and direction, (B, T, H) a quantity, row t is frame t in reading order. They are differentiable where the run
    was, and kept until the next run or ``model.traces.clear()``. A layer that is run outside a run of the model replaces
    its own traces alone. Copies record too, and begin without traces. Under ``torch.compile`` the model runs uncompiled.

    Args:
        model: holds recurrent layers, or is one; then its own ``traces`` are those of its last run.
        quantities: what to record; None for everything that the cells compute.
        modules: dotted names of the recurrent modules to instrument; None for all.
        reversed_modules: dotted names of one-way modules that are fed the line backward.

    Raises:
        SelectionError: there is nothing to instrument, a name or quantity is none, a layer is scripted, quantized or
            parametrized, something is instrumented already, the name ``traces`` is taken, or the model is a wrapper
            (``nn.DataParallel``, what ``torch.compile`` made). The model is as it was then.

    Example:
        A CRNN: columns of a CNN as frames, a two-way LSTM over them, 11 classes a frame.

        >>> import torch
        >>> class CRNN(nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.cnn = nn.Sequential(nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.AdaptiveMaxPool2d((1, 50)))
        ...         self.rnn = nn.LSTM(8, 16, bidirectional=True, batch_first=True)
        ...         self.head = nn.Linear(32, 11)
        ...     def forward(self, image):  # (B, 1, height, width)
        ...         frames = self.cnn(image).squeeze(2).transpose(1, 2)  # (B, T = 50, D = 8)
        ...         return self.head(self.rnn(frames)[0])
        >>> model = instrument(CRNN())
        >>> logits = model(torch.rand(2, 1, 32, 200))
        >>> model.traces.trace(0, "backward")["forget_gate"].shape
        torch.Size([2, 50, 16])
        >>> type(restore(model).rnn) is nn.LSTM
        True
    """
    _require_free(model)
    targets = recurrent_modules(model, modules, reversed_modules)
    if odd := [name for name in reversed_modules if name not in targets]:
        raise SelectionError(f"{', '.join(odd)} is declared to read backward and not among the modules to instrument")
    book = TraceBook(tuple(targets))
    changes = [
        _recording(each, LayerRecorder(name, book, _request(quantities), name in reversed_modules, each is model))
        for name, each in targets.items()
    ]
    if "" not in targets:
        changes.append((model, _model_class(type(model)), {BOOK: book}))
    _change(changes)
    return model


def restore(model: Model) -> Model:
    """The model as it was before ``instrument``: the very same modules, of the classes that they had.

    Traces that somebody holds stay as they are.

    Args:
        model: what ``instrument`` was given, or a copy of it.

    Raises:
        SelectionError: it is not instrumented, only as a part of another model, or a layer was given yet another class
            meanwhile (by a parametrization); it stays as it is then.
    """
    layers = {name: each for name, each in model.named_modules() if isinstance(each, RecordingLayer)}
    own = {name: each for name, each in layers.items() if each._recorder.before is not None}
    whole = BOOK in model.__dict__ or ("" in own and layers[""]._recorder.alone)
    if not whole:
        if own:
            raise SelectionError(
                f"the {type(model).__name__} was instrumented as a part of a larger model; restore that one"
            )
        raise SelectionError(f"the {type(model).__name__} is not instrumented, so there is nothing to restore")
    changes: list[Change] = []
    for name, layer in own.items():
        before = cast(Before, layer._recorder.before)
        if before.recorder is None and "plain_class" not in type(layer).__dict__:
            raise SelectionError(
                f"{name or 'the layer'} became a {type(layer).__name__} after it was instrumented; take off what was put on "
                "it since (a parametrization), then restore"
            )
        kind = layer.plain_class if before.recorder is None else cast(type[nn.Module], type(layer))
        changes.append((cast(nn.Module, layer), kind, {RECORDER: before.recorder}))
    if BOOK in model.__dict__:
        changes.append((model, cast(type[_InstrumentedModel], type(model)).plain_class, {BOOK: None}))
    _change(changes)
    return model


def _request(quantities: Collection[Quantity | str] | None) -> CaptureRequest:
    return CaptureRequest(chosen_quantities(quantities), memory=TraceMemory())


def _recording(module: nn.Module, recorder: LayerRecorder) -> Change:
    """What makes a recurrent module record."""
    if isinstance(module, RecordingLayer):
        return module, type(module), {RECORDER: replace(recorder, before=Before(module._recorder))}
    if hasattr(module, "traces"):
        raise SelectionError(
            f"{recorder.name or 'the layer'} ({type(module).__name__}) has traces of its own, where those of its gates would "
            "stand; rename those"
        )
    if parametrize.is_parametrized(module):
        raise SelectionError(
            f"{recorder.name or 'the layer'} is parametrized (torch.nn.utils.parametrize), which holds on to its class; "
            "instrument first and parametrize then, or trace it by trace_gates"
        )
    return module, twin_class(type(module), TWINS), {RECORDER: replace(recorder, before=Before())}


class _InstrumentedModel:
    """The further base of the class of an instrumented model."""

    plain_class: type[nn.Module]

    @property
    def traces(self) -> Traces:
        """What the gates did in the last run of the model."""
        if BOOK not in self.__dict__:
            # A slice of an nn.Sequential is made by the class of the whole, and was never instrumented.
            raise AttributeError("these layers are a part of an instrumented model; its traces are the model's")
        book: TraceBook = self.__dict__[BOOK]
        return book.traces

    @uncompiled_method
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What the model returns; ``traces`` then holds the run."""
        book: TraceBook | None = self.__dict__.get(BOOK)
        with nullcontext() if book is None else book.running():
            return super().__call__(*args, **kwargs)  # type: ignore[misc]

    # The class stands in no module where a copy by pickle could find it.
    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _empty_model, (self.plain_class,), self.__getstate__()


def _model_class(plain: type[nn.Module]) -> type[nn.Module]:
    names = {"__module__": plain.__module__, "__qualname__": plain.__qualname__, "__doc__": plain.__doc__}
    members = {**names, "plain_class": plain}
    return cast(type[nn.Module], type(plain.__name__, (_InstrumentedModel, plain), members))


def _empty_model(plain: type[nn.Module]) -> nn.Module:
    kind = _model_class(plain)
    return kind.__new__(kind)


def _require_free(model: nn.Module) -> None:
    kind = type(model).__name__
    if isinstance(model, nn.DataParallel | nn.parallel.DistributedDataParallel):
        raise SelectionError(f"the model is wrapped in {kind}; instrument the module inside (model.module)")
    if isinstance(model, torch.jit.ScriptModule) or kind == "OptimizedModule":
        raise SelectionError(
            f"the model is a {kind}, compiled already; instrument the module that it was made from, then compile that one"
        )
    layers = [each for each in model.modules() if isinstance(each, RecordingLayer)]
    if BOOK in model.__dict__ or any(each._recorder.before is not None for each in layers):
        raise SelectionError(f"the {kind}, or a part of it, is instrumented already; restore it first")
    if hasattr(model, "traces") and not isinstance(model, RecordingLayer):
        raise SelectionError(f"the {kind} has traces of its own, where those of its gates would stand; rename those")


def _change(changes: Sequence[Change]) -> None:
    """Gives every module its class and attributes, or, where one cannot have it, none of them.

    Raises:
        SelectionError: Python refuses; names the module.
    """
    done: list[Change] = []
    try:
        for module, kind, attributes in changes:
            before = type(module), {name: module.__dict__.get(name) for name in attributes}
            module.__class__ = kind
            done.append((module, *before))
            _put(module, attributes)
    except TypeError as error:
        for module, kind, attributes in done:
            module.__class__ = kind
            _put(module, attributes)
        raise SelectionError(f"a {type(module).__name__} cannot record ({error}); trace it by trace_gates") from error


def _put(module: nn.Module, attributes: dict[str, object]) -> None:
    for name, value in attributes.items():
        if value is None:
            module.__dict__.pop(name, None)
        else:
            module.__dict__[name] = value
