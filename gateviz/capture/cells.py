"""``nn.LSTMCell`` and ``nn.GRUCell`` in somebody's own loop: each call is one step."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from gateviz.capture.engines import Engine
from gateviz.capture.layer import CellKind, DirectionWeights, StepEditor
from gateviz.capture.stack import CaptureRequest
from gateviz.capture.stepwise import StepRequest, gru_steps, lstm_steps
from gateviz.capture.surroundings import in_checkpoint, require_no_checkpoint
from gateviz.capture.traces import CellSeries
from gateviz.data.gates import Direction, Quantity
from gateviz.errors import SelectionError

CellResult = torch.Tensor | tuple[torch.Tensor, ...]


@dataclass(frozen=True, eq=False)
class CellListener:
    """One who hears the steps of a cell: what is asked for, and the loop that the step belongs to."""

    request: CaptureRequest
    series: CellSeries

    @property
    def editor(self) -> StepEditor | None:
        """What changes the step; the number of the step in the loop is what an edit goes by."""
        editor = self.request.editor(self.series.layer, Direction.FORWARD)
        # The step is run as a line of one frame.
        return None if editor is None else _Shifted(editor, self.series.step_count)

    def keep(self, kind: CellKind, row: Mapping[Quantity, torch.Tensor], states: tuple[torch.Tensor, ...]) -> bool:
        """Whether the step is the first that is recorded; it joins the series."""
        wanted = self.request.wanted(kind, self.series.layer)
        kept = {quantity: row[quantity] for quantity in kind.quantities if quantity in wanted}
        self.series.last = states
        self.series.step_count += 1
        if kept:
            self.series.rows.append(kept)
        return bool(kept) and len(self.series.rows) == 1


def run_cell(
    function: Callable[..., Any], arguments: tuple[Any, ...], listeners: Sequence[CellListener]
) -> tuple[CellResult, list[bool]]:
    """What ``torch._VF.lstm_cell`` or ``gru_cell`` returns for these arguments; and for whom a loop began.

    Unless the step is edited, the states are those of the plain cell, and only its gates are worked out anew.

    Raises:
        SelectionError: two listeners edit the step.
    """
    inputs, state, *weights = arguments
    kind = cell_kind(function)
    states = cell_states_of(function, state)
    editors = [editor for listener in listeners if (editor := listener.editor) is not None]
    if len(editors) > 1:
        raise SelectionError(
            f"{listeners[0].series.module or 'the cell'} is edited by {len(editors)} trace_gates blocks at once, one within "
            "the other; hand all edits to one of them"
        )
    if editors:
        require_no_checkpoint(listeners[0].series.module)
    steps = lstm_steps if kind is CellKind.LSTM else gru_steps
    request = StepRequest(kind.quantities, editor=editors[0] if editors else None)
    # A checkpoint counts what is saved for the backward pass, which is to be what the plain cell saves.
    with torch.set_grad_enabled(torch.is_grad_enabled() and not in_checkpoint()):
        run = steps(inputs[None], states, DirectionWeights(*weights), request)
    final = run.final
    if not editors:
        # Outer tracers hear it from this one.
        with torch._C.DisableTorchFunction():
            result = function(*arguments)
        final = tuple(result) if kind is CellKind.LSTM else (result,)
    row = {quantity: values[0] for quantity, values in run.values.items()}
    with torch.set_grad_enabled(torch.is_grad_enabled() and not in_checkpoint()):
        # Copies, so that a later change of the states in place does not reach the trace.
        row[Quantity.HIDDEN_STATE] = final[0].clone()
        if kind is CellKind.LSTM:
            row[Quantity.CELL_STATE] = final[1].clone()
    began = [listener.keep(kind, row, final) for listener in listeners]
    return (final if kind is CellKind.LSTM else final[0]), began


def cell_kind(function: Callable[..., Any]) -> CellKind:
    """Which cell the torch function computes."""
    return CellKind.LSTM if function == torch._VF.lstm_cell else CellKind.GRU


def cell_states_of(function: Callable[..., Any], state: Any) -> tuple[torch.Tensor, ...]:
    """The states before a step: hidden and cell, or hidden alone."""
    return tuple(state) if cell_kind(function) is CellKind.LSTM else (state,)


def cell_engine(request: CaptureRequest, layer: int) -> Engine:
    """Which engine runs a cell of this layer."""
    return Engine.STEPWISE if request.editor(layer, Direction.FORWARD) is not None else Engine.REPLAY


class _Shifted:
    """The editor of a loop, for a line of one frame: frame 0 of the line is the loop's current one."""

    def __init__(self, editor: Any, frame: int) -> None:
        self._editor = editor
        self._frame = frame

    def touches(self, quantity: Quantity) -> bool:
        return bool(self._editor.touches(quantity))

    def apply(self, quantity: Quantity, frame: int, values: torch.Tensor) -> torch.Tensor:
        edited: torch.Tensor = self._editor.apply(quantity, self._frame + frame, values)
        return edited
