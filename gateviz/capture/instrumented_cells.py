"""LSTM and GRU cells that record: ``nn.LSTMCell`` and ``nn.GRUCell`` that keep what they did at each step."""

from collections.abc import Collection
from typing import Any

from torch import nn

from gateviz.capture.layer import EditorSource
from gateviz.capture.recording_layer import (
    LayerRecorder,
    RecordingLayer,
    require_plain,
    share_weights,
    uncompiled_method,
)
from gateviz.data.gates import Quantity


class _RecordingCell(RecordingLayer):
    """The common part of the recording cells: each call is a step of a loop, until ``restart``."""

    goes_on = True

    def restart(
        self, *, quantities: Collection[Quantity | str] | None = None, edits: EditorSource | None = None
    ) -> None:
        """Forgets what was recorded, and begins anew; args as for ``record``."""
        self.record(quantities=quantities, edits=edits)
        self._recorder.book.restart()


class InstrumentedLSTMCell(_RecordingCell, nn.LSTMCell):
    """An ``nn.LSTMCell`` that keeps what it did at each call.

    ``traces`` holds one trace a loop since ``restart``, a row a call. A loop begins with a state of zeros (or none), with
    the state that the loop before began with, or with another number of lines. A cell that records by itself keeps
    everything until ``restart``; in a model that ``instrument`` made record, every run of the model begins anew.

    Args:
        args: as for ``nn.LSTMCell``.
        kwargs: as for ``nn.LSTMCell``.

    Example:
        >>> import torch
        >>> cell, state = InstrumentedLSTMCell(4, 3), None
        >>> for frame in torch.ones(6, 1, 4):
        ...     state = cell(frame, state)
        >>> cell.traces[0]["forget_gate"].shape
        torch.Size([1, 6, 3])
    """

    plain_class = nn.LSTMCell

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._recorder = LayerRecorder()

    @classmethod
    def from_cell(cls, cell: nn.LSTMCell) -> "InstrumentedLSTMCell":
        """The recording twin of a cell, with the very weights of it; errors as for ``InstrumentedLSTM.from_lstm``."""
        require_plain(cell, nn.LSTMCell)
        twin = cls(cell.input_size, cell.hidden_size, bias=cell.bias, device="meta")
        share_weights(twin, cell)
        return twin

    @uncompiled_method
    def forward(self, input: Any, hx: Any = None) -> Any:  # noqa: A002
        """What ``nn.LSTMCell`` returns; the loop's trace grows by a row."""
        return self._traced(super().forward, input, hx)


class InstrumentedGRUCell(_RecordingCell, nn.GRUCell):
    """An ``nn.GRUCell`` that keeps what it did at each call; otherwise as ``InstrumentedLSTMCell``."""

    plain_class = nn.GRUCell

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._recorder = LayerRecorder()

    @classmethod
    def from_cell(cls, cell: nn.GRUCell) -> "InstrumentedGRUCell":
        """The recording twin of a cell, with the very weights of it; errors as for ``InstrumentedLSTM.from_lstm``."""
        require_plain(cell, nn.GRUCell)
        twin = cls(cell.input_size, cell.hidden_size, bias=cell.bias, device="meta")
        share_weights(twin, cell)
        return twin

    @uncompiled_method
    def forward(self, input: Any, hx: Any = None) -> Any:  # noqa: A002
        """What ``nn.GRUCell`` returns; the loop's trace grows by a row."""
        return self._traced(super().forward, input, hx)
