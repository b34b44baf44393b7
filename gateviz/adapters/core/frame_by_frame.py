"""Runs recurrent layers without their memory, so that a frame depends on what it looks at and not on the whole line."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from gateviz.capture.calls import RecurrentCall, fused_call
from gateviz.capture.ruled import ruled_call, ruled_lstm
from gateviz.errors import GeometryError

_FUSED = (torch._VF.lstm, torch._VF.gru, torch._VF.rnn_tanh, torch._VF.rnn_relu)
_CELLS = (torch._VF.lstm_cell, torch._VF.gru_cell, torch._VF.rnn_tanh_cell, torch._VF.rnn_relu_cell)


class FrameByFrame(TorchFunctionMode):
    """Runs every recurrent layer along the line as a mean over the features of each frame, and keeps what it was given.

    Args:
        module: the network.
        names: of its recurrent modules that read along the line.
        batch: images in the batch; a layer over another number of sequences runs as it is.
    """

    def __init__(self, module: nn.Module, names: Sequence[str], batch: int) -> None:
        super().__init__()
        modules = dict(module.named_modules())
        self._modules = {name: modules[name] for name in names}
        self._batch = batch
        self._calls: dict[str, list[torch.Tensor]] = {}
        self._steps: dict[str, list[torch.Tensor]] = {}

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """The call, or its stand-in."""
        if func in _FUSED:
            return self._layer(fused_call(func, args))
        if func is ruled_lstm:
            return self._layer(ruled_call(args))
        if func in _CELLS and args[0].shape[0] == self._batch:
            return self._cell(func, args)
        return func(*args, **(kwargs or {}))

    def sequences(self) -> dict[str, torch.Tensor]:
        """What each module was given, (T, B, D).

        Raises:
            GeometryError: a module ran several times, on frames that are not the same.
        """
        found = {name: torch.stack(steps) for name, steps in self._steps.items()}
        for name, calls in self._calls.items():
            first = calls[0]
            if any(
                call.shape != first.shape or not torch.equal(torch.isnan(call).any(2), torch.isnan(first).any(2))
                for call in calls[1:]
            ):
                raise GeometryError(
                    f"the recurrent layer {name} runs {len(calls)} times, over frames that look at other columns each time; "
                    f"its gates have no one place"
                )
            found[name] = first
        return found

    def _layer(self, call: RecurrentCall) -> Any:
        inputs = call.inputs
        if call.batch_sizes is not None:
            lines = int(call.batch_sizes[0])
            if lines == self._batch and bool((call.batch_sizes != lines).any()):
                raise GeometryError("the network packs images of one width to lines of several lengths")
        else:
            lines = inputs.shape[0 if call.batch_first else 1]
        if lines != self._batch:
            return call.plain()
        name = next((n for n, m in self._modules.items() if getattr(m, "_flat_weights", None) is call.flat_weights), "")
        if name:
            # Packed lines of one length lie frame by frame.
            frames = inputs.reshape(-1, lines, inputs.shape[-1]) if call.batch_sizes is not None else inputs
            self._calls.setdefault(name, []).append(frames.transpose(0, 1) if call.batch_first else frames)
        return _mean(inputs, call.states[0].shape[-1] * call.direction_count), *call.states

    def _cell(self, func: Any, args: tuple[Any, ...]) -> Any:
        name = next((n for n, m in self._modules.items() if getattr(m, "weight_hh", None) is args[3]), "")
        if name:
            self._steps.setdefault(name, []).append(args[0])
        if func is torch._VF.lstm_cell:
            hidden, cell = args[1]
            return _mean(args[0], hidden.shape[-1]), cell
        return _mean(args[0], args[1].shape[-1])


def _mean(inputs: torch.Tensor, width: int) -> torch.Tensor:
    return inputs.mean(-1, keepdim=True).expand(*inputs.shape[:-1], width).contiguous()
