"""Recurrent layers of torch that a tracer sees as one ONNX node a layer.

torch's exporter takes ``nn.LSTM`` apart into its steps, whose number it then holds fixed, or fails. A stand-in with
the same weights says what it is by ``torch.onnx.ops.symbolic_multi_out`` and reads lines of any width.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import nn

from gateviz.errors import CheckpointError

State = Float[torch.Tensor, "LD B H"]


@dataclass(frozen=True)
class _Kind:
    """How an operator's numbers lie: ONNX's order of the gates by torch's, its first states, and its settings."""

    operator: str
    order: tuple[int, ...]
    states: int
    settings: tuple[tuple[str, int], ...] = ()


# torch stacks i f g o and r z n (torch.nn.LSTM, torch.nn.GRU), ONNX i o f c and z r h (onnx.ai/onnx/operators).
# In torch's GRU the reset gate comes after the product, which is linear_before_reset.
_KINDS = {
    nn.LSTM: _Kind("LSTM", (0, 3, 1, 2), 2),
    nn.GRU: _Kind("GRU", (1, 0, 2), 1, (("linear_before_reset", 1),)),
}


class RecurrentStandIn(nn.Module):
    """A stack of LSTM or GRU layers in evaluation mode, for tracing: the same numbers of the same weights.

    It runs under ``torch.onnx.export`` only; outside it gives numbers without meaning.

    Args:
        layer: whose weights it holds a copy of.
        name: of the layer, for messages.
        backward: the layer is given the line from its end, and what it gives is turned back behind it. Its node then
            reads the line as it stands in the order of ``reverse``, so that its frames are those of the line.

    Raises:
        CheckpointError: the layer projects its states, which no ONNX node does.
    """

    def __init__(self, layer: nn.LSTM | nn.GRU, name: str, *, backward: bool = False) -> None:
        super().__init__()
        if layer.proj_size:
            raise CheckpointError(
                f"the layer {name} projects {layer.hidden_size} units to {layer.proj_size}, which no LSTM of ONNX does; "
                f"export a network without projections (proj_size=0)"
            )
        self._kind = next(kind for torchs, kind in _KINDS.items() if isinstance(layer, torchs))
        self._name = name
        self.hidden_size, self.num_layers, self.batch_first = layer.hidden_size, layer.num_layers, layer.batch_first
        self.input_size, self.bidirectional, self.bias = layer.input_size, layer.bidirectional, layer.bias
        self._ways = ("", "_reverse") if layer.bidirectional else ("",)
        self._backward = backward and not layer.bidirectional
        for depth in range(layer.num_layers):
            for part in ("weight_ih", "weight_hh"):
                sides = [self._ordered(getattr(layer, f"{part}_l{depth}{way}")) for way in self._ways]
                self.register_buffer(f"{part}{depth}", torch.stack(sides))
            if layer.bias:
                both = [
                    torch.cat([self._ordered(getattr(layer, f"bias_{part}_l{depth}{way}")) for part in ("ih", "hh")])
                    for way in self._ways
                ]
                self.register_buffer(f"bias{depth}", torch.stack(both))

    def flatten_parameters(self) -> None:
        """Returns at once: there is no memory to lay out anew."""

    def forward(
        self, inputs: Float[torch.Tensor, "one other D"], states: State | tuple[State, State] | None = None
    ) -> tuple[Float[torch.Tensor, "one other P"], State | tuple[State, State]]:
        """What the layer returns: the states of the last layer at every frame, and the last states of every layer.

        Raises:
            CheckpointError: the layer is given packed lines, or one line without a batch.
        """
        if not isinstance(inputs, torch.Tensor) or inputs.dim() != 3:
            raise CheckpointError(
                f"the layer {self._name} is given packed lines or a line without a batch, and an ONNX node takes a "
                f"batch of one length; give it tensors of three axes"
            )
        given = () if states is None else (states,) if isinstance(states, torch.Tensor) else tuple(states)
        series = self._turned(inputs.transpose(0, 1) if self.batch_first else inputs)
        ends: list[Sequence[torch.Tensor]] = []
        for depth in range(self.num_layers):
            side = len(self._ways)
            first = [state[depth * side : (depth + 1) * side] for state in given]
            outputs, *last = self._layer(series, depth, first)
            series = outputs.permute(0, 2, 1, 3).flatten(2)
            ends.append(last)
        stacked = tuple(torch.cat([last[place] for last in ends]) for place in range(self._kind.states))
        series = self._turned(series)
        result = series.transpose(0, 1) if self.batch_first else series
        return result, (stacked[0], stacked[1]) if len(stacked) == 2 else stacked[0]

    def _turned(self, series: torch.Tensor) -> torch.Tensor:
        return series.flip(0) if self._backward else series

    def _layer(self, series: torch.Tensor, depth: int, first: Sequence[torch.Tensor]) -> Sequence[torch.Tensor]:
        frames, batch = series.shape[:2]
        side = len(self._ways)
        bias = getattr(self, f"bias{depth}") if self.bias else None
        return torch.onnx.ops.symbolic_multi_out(
            self._kind.operator,
            [series, getattr(self, f"weight_ih{depth}"), getattr(self, f"weight_hh{depth}"), bias, None, *first],
            {
                "hidden_size": self.hidden_size,
                "direction": "bidirectional" if side == 2 else "reverse" if self._backward else "forward",
                **dict(self._kind.settings),
            },
            dtypes=[torch.float32] * (1 + self._kind.states),
            shapes=[[frames, side, batch, self.hidden_size], *[[side, batch, self.hidden_size]] * self._kind.states],
            version=None,
        )

    def _ordered(self, stacked: torch.Tensor) -> torch.Tensor:
        """Weights or biases of all gates in ONNX's order."""
        gates = stacked.detach().chunk(len(self._kind.order))
        return torch.cat([gates[place] for place in self._kind.order])
