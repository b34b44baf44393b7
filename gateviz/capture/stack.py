"""A recurrent module as a stack of layers: runs it layer by layer, each by its engine, and keeps the traces."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float

from gateviz.capture.calls import RecurrentCall
from gateviz.capture.engines import ENGINES
from gateviz.capture.layer import CellKind, DirectionRun, EditorSource, LayerJob, StepEditor
from gateviz.capture.layer_trace import LayerTrace
from gateviz.capture.trace_memory import TraceMemory
from gateviz.data.gates import Direction, Quantity
from gateviz.errors import SelectionError


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


def run_call(
    call: RecurrentCall, request: CaptureRequest, place: CallPlace
) -> tuple[tuple[torch.Tensor, ...], tuple[LayerTrace, ...]]:
    """What the plain function would have returned (output and final states), and the traces.

    Between layers dropout draws as PyTorch draws, so the same seed gives the same masks.

    Raises:
        SelectionError: a layer of two directions is said to be fed the line backward.
    """
    if place.reads_backward and call.bidirectional:
        raise SelectionError(
            f"{place.module or 'the layer'} was declared to read backward and has two directions; declare one-way layers"
        )
    directions = (Direction.BACKWARD,) if place.reads_backward else tuple(Direction)[: call.direction_count]
    frames, present = _time_first(call)
    lengths = None if present is None else tuple(present.sum(0).tolist())
    finals: list[tuple[torch.Tensor, ...]] = []
    traces: list[LayerTrace] = []
    for index in range(call.layer_count):
        layer = place.first_layer + index
        wanted = request.wanted(call.kind, layer)
        job = LayerJob(
            call.kind,
            frames,
            call.layer_states(index),
            call.weights(index),
            (wanted,) * len(directions),
            tuple(_editor(request, layer, each, frames, place) for each in directions),
            present,
            call.rule,
            call.training,
        )
        engine, runs = ENGINES.run(job, request.memory)
        frames = _joined(runs)
        finals += [run.final for run in runs]
        if wanted:
            own = [
                LayerTrace(
                    layer,
                    Direction.FORWARD if place.reads_backward else direction,
                    {quantity: series.transpose(0, 1) for quantity, series in run.values.items()},
                    run.in_step_order,
                    lengths,
                    place.module,
                    engine,
                    place.call,
                )
                for direction, run in zip(directions, runs, strict=True)
            ]
            traces += [trace.read_backward() for trace in own] if place.reads_backward else own
        if index < call.layer_count - 1:
            frames = _dropped_out(frames, call, present)
    output = frames[present] if present is not None else frames.transpose(0, 1) if call.batch_first else frames
    states = tuple(torch.stack(each) for each in zip(*finals, strict=True))
    return (output, *states), tuple(traces)


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


def _editor(
    request: CaptureRequest, layer: int, direction: Direction, frames: torch.Tensor, place: CallPlace
) -> StepEditor | None:
    editor = request.editor(layer, direction)
    if editor is not None and place.reads_backward:
        return _Mirrored(editor, len(frames))
    return editor


@dataclass(frozen=True, eq=False)
class _Mirrored:
    """The editor of a layer that is fed the line backward: its first step is the line's last frame."""

    editor: StepEditor
    frame_count: int

    def touches(self, quantity: Quantity) -> bool:
        return self.editor.touches(quantity)

    def apply(self, quantity: Quantity, frame: int, values: Float[torch.Tensor, "B H"]) -> Float[torch.Tensor, "B H"]:
        return self.editor.apply(quantity, self.frame_count - 1 - frame, values)
