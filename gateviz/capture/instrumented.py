"""LSTM and GRU layers that record: drop-in twins of ``nn.LSTM``, ``nn.GRU`` and their cells.

A twin shares the weights of the layer it was made from (the same Parameter objects), returns what that
layer returns, and afterwards holds what every gate did in ``traces``. For a layer deep inside somebody
else's network ``trace_gates`` does the same without replacing anything.
"""

from collections.abc import Callable, Collection
from typing import Any, cast

import torch
from torch import nn

from gateviz.capture.calls import RecurrentCall, fused_call
from gateviz.capture.layer import EditorSource
from gateviz.capture.layer_trace import LayerTrace
from gateviz.capture.stack import CallPlace, CaptureRequest, run_call
from gateviz.capture.trace_memory import TraceMemory
from gateviz.capture.tracing import Tracer, quantity_of
from gateviz.data.gates import Quantity
from gateviz.errors import SelectionError


class _Recording:
    """What all recording layers share: what to record, and where it went.

    Attributes:
        traces: of the last run, one a layer and direction.
    """

    traces: tuple[LayerTrace, ...] = ()
    _request: CaptureRequest = CaptureRequest()

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
        chosen = None if quantities is None else frozenset(quantity_of(each) for each in quantities)
        self._request = CaptureRequest(chosen, None, edits or None, TraceMemory())


class _RecordingStack(_Recording):
    """The common forward of ``InstrumentedLSTM`` and ``InstrumentedGRU``."""

    def _recorded(
        self, plain: Callable[..., Any], function: Callable[..., Any], inputs: Any, hx: Any
    ) -> tuple[Any, Any]:
        """What ``plain`` returns for a batch; everything else goes through it, watched by a tracer."""
        module = cast(nn.RNNBase, self)
        self.traces = ()
        states = _batch_state(module, inputs, hx)
        if states is None:
            tracer = Tracer({"": module}, frozenset(), self._request)
            with tracer:
                output, state = plain(inputs, hx)
            self.traces = tuple(tracer.traces)
        else:
            result, self.traces = run_call(_call(module, function, inputs, states), self._request, CallPlace())
            output, state = result[0], (result[1:] if len(result) == 3 else result[1])
        self._request.memory.release()
        return output, state


class InstrumentedLSTM(_RecordingStack, nn.LSTM):
    """An ``nn.LSTM`` that keeps every gate, candidate, cell state and hidden state of its last run.

    Example:
        >>> plain = nn.LSTM(4, 3, num_layers=2, bidirectional=True)
        >>> recording = InstrumentedLSTM.from_lstm(plain)
        >>> output, (hidden, cell) = recording(torch.ones(6, 1, 4))
        >>> torch.equal(output, plain(torch.ones(6, 1, 4))[0])
        True
        >>> len(recording.traces), recording.traces[0]["forget_gate"].shape
        (4, torch.Size([1, 6, 3]))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.record()

    @classmethod
    def from_lstm(
        cls,
        lstm: nn.LSTM,
        *,
        quantities: Collection[Quantity | str] | None = None,
        edits: EditorSource | None = None,
    ) -> "InstrumentedLSTM":
        """The recording twin of a layer, with the very weights of it.

        Args:
            lstm: stays as it is.
            quantities: what to record; None for everything.
            edits: changes values on the way (``EditPlan``).

        Raises:
            SelectionError: the layer is a variant of ``nn.LSTM`` or makes its weights anew for each run.
        """
        _require_plain(lstm, nn.LSTM)
        options = {"bias": lstm.bias, "batch_first": lstm.batch_first, "bidirectional": lstm.bidirectional}
        twin = cls(
            lstm.input_size, lstm.hidden_size, lstm.num_layers, proj_size=lstm.proj_size, device="meta", **options
        )
        _share(twin, lstm)
        twin.record(quantities=quantities, edits=edits)
        return twin

    # nn.LSTM spells its overloads by hand for TorchScript.
    def forward(self, input: Any, hx: Any = None) -> Any:  # noqa: A002
        """What ``nn.LSTM`` returns; ``traces`` then holds the run."""
        return self._recorded(super().forward, torch._VF.lstm, input, hx)


class InstrumentedGRU(_RecordingStack, nn.GRU):
    """An ``nn.GRU`` that keeps reset gate, update gate, candidate and hidden state of its last run.

    Example:
        >>> recording = InstrumentedGRU.from_gru(nn.GRU(4, 3))
        >>> output, hidden = recording(torch.ones(6, 1, 4))
        >>> list(map(str, recording.traces[0].values))
        ['reset_gate', 'update_gate', 'candidate', 'hidden_state']
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.record()

    @classmethod
    def from_gru(
        cls,
        gru: nn.GRU,
        *,
        quantities: Collection[Quantity | str] | None = None,
        edits: EditorSource | None = None,
    ) -> "InstrumentedGRU":
        """The recording twin of a layer, with the very weights of it; args and errors as for ``from_lstm``."""
        _require_plain(gru, nn.GRU)
        options = {"bias": gru.bias, "batch_first": gru.batch_first, "bidirectional": gru.bidirectional}
        twin = cls(gru.input_size, gru.hidden_size, gru.num_layers, device="meta", **options)
        _share(twin, gru)
        twin.record(quantities=quantities, edits=edits)
        return twin

    def forward(self, input: Any, hx: Any = None) -> Any:  # noqa: A002
        """What ``nn.GRU`` returns; ``traces`` then holds the run."""
        return self._recorded(super().forward, torch._VF.gru, input, hx)


class _RecordingCell:
    """The common part of the recording cells: a trace that grows by a row a call until ``restart``."""

    def restart(
        self, *, quantities: Collection[Quantity | str] | None = None, edits: EditorSource | None = None
    ) -> None:
        """Begins an empty trace: to be called before the first step of a line; args as for ``record`` of a layer."""
        chosen = None if quantities is None else frozenset(quantity_of(each) for each in quantities)
        request = CaptureRequest(chosen, None, edits or None)
        self._tracer = Tracer({"": cast(nn.Module, self)}, frozenset(), request)

    @property
    def traces(self) -> tuple[LayerTrace, ...]:
        """One trace with a row for every call since ``restart``."""
        return tuple(self._tracer.traces)


class InstrumentedLSTMCell(_RecordingCell, nn.LSTMCell):
    """An ``nn.LSTMCell`` that keeps what it did at each call."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.restart()

    @classmethod
    def from_cell(cls, cell: nn.LSTMCell) -> "InstrumentedLSTMCell":
        """The recording twin of a cell, with the very weights of it; errors as for ``InstrumentedLSTM.from_lstm``."""
        _require_plain(cell, nn.LSTMCell)
        twin = cls(cell.input_size, cell.hidden_size, bias=cell.bias, device="meta")
        _share(twin, cell)
        return twin

    def forward(self, input: Any, hx: Any = None) -> Any:  # noqa: A002
        """What ``nn.LSTMCell`` returns; the trace grows by a row."""
        with self._tracer:
            return super().forward(input, hx)


class InstrumentedGRUCell(_RecordingCell, nn.GRUCell):
    """An ``nn.GRUCell`` that keeps what it did at each call."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.restart()

    @classmethod
    def from_cell(cls, cell: nn.GRUCell) -> "InstrumentedGRUCell":
        """The recording twin of a cell, with the very weights of it; errors as for ``InstrumentedLSTM.from_lstm``."""
        _require_plain(cell, nn.GRUCell)
        twin = cls(cell.input_size, cell.hidden_size, bias=cell.bias, device="meta")
        _share(twin, cell)
        return twin

    def forward(self, input: Any, hx: Any = None) -> Any:  # noqa: A002
        """What ``nn.GRUCell`` returns; the trace grows by a row."""
        with self._tracer:
            return super().forward(input, hx)


def _batch_state(module: nn.RNNBase, inputs: Any, hx: Any) -> tuple[torch.Tensor, ...] | None:
    """The states before the first step of an ordinary batch; None for packed, single or faulty input."""
    if not isinstance(inputs, torch.Tensor) or inputs.dim() != 3:
        return None
    states: tuple[torch.Tensor, ...]
    if hx is None:
        shape = module.get_expected_hidden_size(inputs, None)
        hidden = inputs.new_zeros(shape)
        if not isinstance(module, nn.LSTM):
            states = (hidden,)
        else:
            states = (hidden, inputs.new_zeros((*shape[:2], module.hidden_size)) if module.proj_size else hidden)
    else:
        states = tuple(hx) if isinstance(module, nn.LSTM) else (hx,)
        if any(state.dim() != 3 for state in states):
            return None
    module._update_flat_weights()
    module.check_forward_args(inputs, states if isinstance(module, nn.LSTM) else states[0], None)  # type: ignore[arg-type]
    return states


def _call(
    module: nn.RNNBase, function: Callable[..., Any], inputs: torch.Tensor, states: tuple[torch.Tensor, ...]
) -> RecurrentCall:
    options = (
        module.bias,
        module.num_layers,
        module.dropout,
        module.training,
        module.bidirectional,
        module.batch_first,
    )
    state = states if isinstance(module, nn.LSTM) else states[0]
    return fused_call(function, (inputs, state, module._flat_weights, *options))


def _require_plain(module: nn.Module, kind: type[nn.Module]) -> None:
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


def _share(twin: nn.Module, original: nn.Module) -> None:
    """Gives the twin the parameters and the mode of the original."""
    for name, parameter in original.named_parameters():
        setattr(twin, name, parameter)
    if isinstance(twin, nn.RNNBase) and isinstance(original, nn.RNNBase):
        twin.dropout = original.dropout
        twin._init_flat_weights()
    twin.train(original.training)
