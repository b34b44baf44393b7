"""``nn.LSTMCell`` and ``nn.GRUCell`` in somebody's own loop: each call is one step."""

from collections.abc import Callable
from typing import Any

import torch

from gateviz.capture.engines import Engine
from gateviz.capture.layer import CellKind, DirectionWeights
from gateviz.capture.stack import CaptureRequest
from gateviz.capture.stepwise import StepRequest, gru_steps, lstm_steps
from gateviz.capture.traces import CellSeries
from gateviz.data.gates import Direction, Quantity

CellResult = torch.Tensor | tuple[torch.Tensor, ...]


def run_cell(
    function: Callable[..., Any], arguments: tuple[Any, ...], request: CaptureRequest, series: CellSeries
) -> CellResult:
    """What ``torch._VF.lstm_cell`` or ``gru_cell`` returns for these arguments; the step joins the series.

    Unless the step is edited, the states are those of the plain cell, and only its gates are worked out anew.
    """
    inputs, state, *weights = arguments
    kind = CellKind.LSTM if function == torch._VF.lstm_cell else CellKind.GRU
    states = tuple(state) if kind is CellKind.LSTM else (state,)
    wanted = request.wanted(kind, series.layer)
    editor = request.editor(series.layer, Direction.FORWARD)
    frame = len(series.rows)
    result: Any
    steps = lstm_steps if kind is CellKind.LSTM else gru_steps
    # A line of one frame; its number in the user's loop is what an edit goes by.
    shifted = None if editor is None else _Shifted(editor, frame)
    run = steps(inputs[None], states, DirectionWeights(*weights), StepRequest(kind.quantities, editor=shifted))
    row = {quantity: values[0] for quantity, values in run.values.items()}
    if editor is None:
        result = function(*arguments)
        if kind is CellKind.LSTM:
            row[Quantity.HIDDEN_STATE], row[Quantity.CELL_STATE] = result
        else:
            row[Quantity.HIDDEN_STATE] = result
    elif kind is CellKind.LSTM:
        result = run.final
    else:
        result = run.final[0]
    kept = {quantity: row[quantity] for quantity in kind.quantities if quantity in wanted}
    if kept:
        series.rows.append(kept)
    return result  # type: ignore[no-any-return]


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
