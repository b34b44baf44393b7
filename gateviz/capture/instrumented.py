"""LSTM and GRU layers that record: ``nn.LSTM`` and ``nn.GRU`` that keep what their gates did.

A twin shares the weights of the layer it was made from (the same Parameter objects), returns what that
layer returns, and afterwards holds what every gate did in ``traces``. ``instrument`` makes every layer of
a network one; for a single run ``trace_gates`` does the same without changing anything.
"""

from collections.abc import Callable, Collection
from typing import Any, cast

import torch
from torch import nn

from gateviz.capture.calls import RecurrentCall, fused_call
from gateviz.capture.layer import EditorSource
from gateviz.capture.recording_layer import (
    LayerRecorder,
    RecordingLayer,
    require_plain,
    share_weights,
    uncompiled_method,
)
from gateviz.capture.stack import Listener
from gateviz.capture.surroundings import recomputing, run_heard
from gateviz.data.gates import Quantity


class InstrumentedLSTM(RecordingLayer, nn.LSTM):
    """An ``nn.LSTM`` that keeps every gate, candidate, cell state and hidden state of its last run.

    It takes what ``nn.LSTM`` takes, has its parameters under its names, and returns what it returns: batches, single
    lines, packed lines, projections, any number of layers, both directions. ``traces`` then holds one trace a layer and
    direction: ``traces.trace(1, "backward")["forget_gate"]`` is (B, T, H), row t is frame t in reading order, and
    differentiable if the run was.

    Args:
        args: as for ``nn.LSTM``.
        kwargs: as for ``nn.LSTM``.

    Raises:
        SelectionError: in a run whose numbers cannot be kept (on the meta device, inside torch.func or
            torch.export, in a replica of nn.DataParallel), or while another thread runs the layer.

    Example:
        >>> plain = nn.LSTM(4, 3, num_layers=2, bidirectional=True)
        >>> recording = InstrumentedLSTM.from_lstm(plain)
        >>> output, (hidden, cell) = recording(torch.ones(6, 1, 4))
        >>> torch.allclose(output, plain(torch.ones(6, 1, 4))[0], atol=1e-6)
        True
        >>> len(recording.traces), recording.traces[0]["forget_gate"].shape
        (4, torch.Size([1, 6, 3]))
    """

    plain_class = nn.LSTM

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._recorder = LayerRecorder()

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
        require_plain(lstm, nn.LSTM)
        options = {"bias": lstm.bias, "batch_first": lstm.batch_first, "bidirectional": lstm.bidirectional}
        twin = cls(
            lstm.input_size, lstm.hidden_size, lstm.num_layers, proj_size=lstm.proj_size, device="meta", **options
        )
        share_weights(twin, lstm)
        twin.record(quantities=quantities, edits=edits)
        return twin

    # nn.LSTM spells its overloads by hand for TorchScript.
    @uncompiled_method
    def forward(self, input: Any, hx: Any = None) -> Any:  # noqa: A002
        """What ``nn.LSTM`` returns; ``traces`` then holds the run."""
        return _recorded(self, super().forward, torch._VF.lstm, (input, hx))


class InstrumentedGRU(RecordingLayer, nn.GRU):
    """An ``nn.GRU`` that keeps reset gate, update gate, candidate and hidden state of its last run.

    Otherwise as ``InstrumentedLSTM``.

    Example:
        >>> recording = InstrumentedGRU.from_gru(nn.GRU(4, 3))
        >>> output, hidden = recording(torch.ones(6, 1, 4))
        >>> list(map(str, recording.traces[0].values))
        ['reset_gate', 'update_gate', 'candidate', 'hidden_state']
    """

    plain_class = nn.GRU

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._recorder = LayerRecorder()

    @classmethod
    def from_gru(
        cls,
        gru: nn.GRU,
        *,
        quantities: Collection[Quantity | str] | None = None,
        edits: EditorSource | None = None,
    ) -> "InstrumentedGRU":
        """The recording twin of a layer, with the very weights of it; args and errors as for ``from_lstm``."""
        require_plain(gru, nn.GRU)
        options = {"bias": gru.bias, "batch_first": gru.batch_first, "bidirectional": gru.bidirectional}
        twin = cls(gru.input_size, gru.hidden_size, gru.num_layers, device="meta", **options)
        share_weights(twin, gru)
        twin.record(quantities=quantities, edits=edits)
        return twin

    @uncompiled_method
    def forward(self, input: Any, hx: Any = None) -> Any:  # noqa: A002
        """What ``nn.GRU`` returns; ``traces`` then holds the run."""
        return _recorded(self, super().forward, torch._VF.gru, (input, hx))


def _recorded(
    layer: InstrumentedLSTM | InstrumentedGRU,
    plain: Callable[..., Any],
    function: Callable[..., Any],
    given: tuple[Any, Any],
) -> tuple[Any, Any]:
    """What ``plain`` returns; a batch goes to the engines directly, everything else through ``plain``, which a tracer hears."""
    # Whoever else listens, or is in the way, is to see the call.
    seen = torch._C._len_torch_function_stack() > 0 or recomputing()
    states = None if seen else _batch_state(layer, *given)
    if states is None:
        return cast(tuple[Any, Any], layer._traced(plain, *given))
    layer._require_original()
    with layer._recorder.begun():
        return _run_batch(layer, _call(layer, function, given[0], states))


def _run_batch(layer: InstrumentedLSTM | InstrumentedGRU, call: RecurrentCall) -> tuple[Any, Any]:
    recorder = layer._recorder
    place = recorder.book.place(recorder.name, call.layer_count, reads_backward=recorder.reads_backward)
    result, [traces] = run_heard(call, [Listener(recorder.request, place)])
    for trace in traces:
        recorder.book.traces.add(trace)
    recorder.request.memory.release()
    return result[0], (result[1:] if len(result) == 3 else result[1])


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
