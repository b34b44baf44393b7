"""A recurrent module as a stack of layers: runs it layer by layer, each by its engine, and keeps the traces."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float

from gateviz.capture.calls import RecurrentCall
from gateviz.capture.engines import ENGINES, Engine
from gateviz.capture.layer import CellKind, DirectionRun, EditorSource, LayerJob, StepEditor
from gateviz.capture.layer_trace import LayerTrace
from gateviz.capture.trace_memory import TraceMemory
from gateviz.data.gates import Direction, Quantity
from gateviz.errors import SelectionError

Lengths = tuple[int, ...] | None
"""Frames of each line of a batch; None when all lines have all."""


@dataclass(frozen=True, eq=False)
class CaptureRequest:
    """What is to be recorded, and what is to be changed on the way.

    Attributes:
        quantities: None for all.
        layers: None for all.
        edits: knows the editor of each layer and direction.
        memory: where traces are kept.
    """

    quantities: frozenset[Quantity] | None = None
    layers: frozenset[int] | None = None
    edits: EditorSource | None = None
    memory: TraceMemory = field(default_factory=lambda: TraceMemory(reuse=False))

    def wanted(self, kind: CellKind, layer: int) -> frozenset[Quantity]:
        """The quantities to record of a layer."""
        if self.layers is not None and layer not in self.layers:
            return frozenset()
        every = frozenset(kind.quantities)
        return every if self.quantities is None else every & self.quantities

    def editor(self, layer: int, direction: Direction) -> StepEditor | None:
        """What changes a layer and direction while it runs."""
        return self.edits.editor_for(layer, direction) if self.edits else None


@dataclass(frozen=True)
class CallPlace:
    """Where a call stands in the network.

    Attributes:
        module: dotted name.
        first_layer: number of the module's first layer.
        call: how many times the module has run before.
        reads_backward: it is fed the line backward.
    """

    module: str = ""
    first_layer: int = 0
    call: int = 0
    reads_backward: bool = False


@dataclass(frozen=True, eq=False)
class Listener:
    """One who hears a call.

    Attributes:
        request: what is asked for.
        place: where the call stands in what is listened to; two who hear one call may number layers differently.
    """

    request: CaptureRequest
    place: CallPlace

    def wanted(self, call: RecurrentCall, index: int) -> frozenset[Quantity]:
        """The quantities to record of the layer at this position in the module."""
        return self.request.wanted(call.kind, self.place.first_layer + index)

    def editor(self, index: int, direction: Direction, frame_count: int) -> StepEditor | None:
        """What changes the layer at this position in the module while it runs; the direction is the layer's own."""
        if not self.place.reads_backward:
            return self.request.editor(self.place.first_layer + index, direction)
        editor = self.request.editor(self.place.first_layer + index, Direction.BACKWARD)
        return None if editor is None else _Mirrored(editor, frame_count)

    def traces(
        self, call: RecurrentCall, index: int, ran: tuple[Engine, tuple[DirectionRun, ...]], lengths: Lengths
    ) -> list[LayerTrace]:
        """What is asked for of the layer at this position, from its runs."""
        place, wanted = self.place, self.wanted(call, index)
        if not wanted:
            return []
        engine, runs = ran
        own = [
            LayerTrace(
                place.first_layer + index,
                direction,
                stored={each: series.transpose(0, 1) for each, series in run.values.items() if each in wanted},
                in_step_order=run.in_step_order,
                lengths=lengths,
                module=place.module,
                engine=engine,
                call=place.call,
            )
            for direction, run in zip(Direction, runs, strict=False)
        ]
        return [trace.read_backward() for trace in own] if place.reads_backward else own


def run_call(
    call: RecurrentCall, listeners: Sequence[Listener]
) -> tuple[tuple[torch.Tensor, ...], tuple[tuple[LayerTrace, ...], ...]]:
    """What the plain function would have returned (output and final states), and the traces of each listener.

    Between layers dropout draws as PyTorch draws, so the same seed gives the same masks.

    Raises:
        SelectionError: a layer of two directions is said to be fed the line backward, or two listeners edit a layer.
    """
    for listener in listeners:
        if listener.place.reads_backward and call.bidirectional:
            raise SelectionError(
                f"{listener.place.module or 'the layer'} was declared to read backward and has two directions; "
                "declare one-way layers"
            )
    frames, present = _time_first(call)
    lengths = None if present is None else tuple(present.sum(0).tolist())
    finals: list[tuple[torch.Tensor, ...]] = []
    heard: list[list[LayerTrace]] = [[] for _ in listeners]
    for index in range(call.layer_count):
        ran = ENGINES.run(_job(call, index, frames, present, listeners), listeners[0].request.memory)
        frames = _joined(ran[1])
        finals += [run.final for run in ran[1]]
        for traces, listener in zip(heard, listeners, strict=True):
            traces += listener.traces(call, index, ran, lengths)
        if index < call.layer_count - 1:
            frames = _dropped_out(frames, call, present)
    output = frames[present] if present is not None else frames.transpose(0, 1) if call.batch_first else frames
    states = tuple(torch.stack(each) for each in zip(*finals, strict=True))
    return (output, *states), tuple(map(tuple, heard))


def _job(
    call: RecurrentCall,
    index: int,
    frames: Float[torch.Tensor, "T B D"],
    present: Bool[torch.Tensor, "T B"] | None,
    listeners: Sequence[Listener],
) -> LayerJob:
    """The layer at this position of the module, recorded and changed as all listeners together ask."""
    wanted = frozenset[Quantity]().union(*(listener.wanted(call, index) for listener in listeners))
    return LayerJob(
        call.kind,
        frames,
        states=call.layer_states(index),
        weights=call.weights(index),
        wanted=(wanted,) * call.direction_count,
        editors=tuple(
            _only([listener.editor(index, direction, len(frames)) for listener in listeners], listeners[0].place)
            for direction in tuple(Direction)[: call.direction_count]
        ),
        present=present,
        rule=call.rule,
        training=call.training,
    )


def _only(editors: Sequence[StepEditor | None], place: CallPlace) -> StepEditor | None:
    """The one editor there is.

    Raises:
        SelectionError: there are two.
    """
    found = [editor for editor in editors if editor is not None]
    if len(found) > 1:
        raise SelectionError(
            f"{place.module or 'the layer'} is edited by {len(found)} trace_gates blocks at once, one within the other; "
            "hand all edits to one of them"
        )
    return found[0] if found else None


def _time_first(call: RecurrentCall) -> tuple[Float[torch.Tensor, "T B D"], Bool[torch.Tensor, "T B"] | None]:
    """The frames with the time axis first, and where there are any; packed lines are padded with zeros."""
    if call.batch_sizes is None:
        return call.inputs.transpose(0, 1) if call.batch_first else call.inputs, None
    sizes = call.batch_sizes.to(call.inputs.device)
    present = torch.arange(int(call.batch_sizes[0]), device=sizes.device) < sizes[:, None]
    frames = call.inputs.new_zeros((*present.shape, call.inputs.shape[1]))
    return frames.masked_scatter(present[..., None], call.inputs), present


def _joined(runs: tuple[DirectionRun, ...]) -> torch.Tensor:
    """The outputs of all directions side by side, in memory that no trace shares."""
    if len(runs) > 1:
        return torch.cat([run.output for run in runs], 2)
    output = runs[0].output
    hidden = runs[0].values.get(Quantity.HIDDEN_STATE)
    if hidden is not None and hidden.untyped_storage().data_ptr() == output.untyped_storage().data_ptr():
        return output.clone(memory_format=torch.contiguous_format)
    return output.contiguous()


def _dropped_out(frames: torch.Tensor, call: RecurrentCall, present: Bool[torch.Tensor, "T B"] | None) -> torch.Tensor:
    if not (call.training and call.dropout > 0):
        return frames
    if present is None:
        return torch.dropout(frames, call.dropout, train=True)
    # PyTorch draws for the frames there are.
    kept = torch.dropout(frames[present], call.dropout, train=True)
    return torch.zeros_like(frames).masked_scatter(present[..., None], kept)


@dataclass(frozen=True, eq=False)
class _Mirrored:
    """The editor of a layer that is fed the line backward: its first step is the line's last frame."""

    editor: StepEditor
    frame_count: int

    def touches(self, quantity: Quantity) -> bool:
        return self.editor.touches(quantity)

    def apply(self, quantity: Quantity, frame: int, values: Float[torch.Tensor, "B H"]) -> Float[torch.Tensor, "B H"]:
        return self.editor.apply(quantity, self.frame_count - 1 - frame, values)
