"""An LSTM layer whose cell is not quite the textbook's, such as Tesseract's."""

from typing import Any, cast

import torch
from jaxtyping import Float
from torch import nn
from torch.overrides import handle_torch_function, has_torch_function

from gateviz.capture.calls import RecurrentCall
from gateviz.capture.cell_rule import CellRule
from gateviz.capture.layer import CellKind, DirectionWeights
from gateviz.capture.stepwise import StepRequest, lstm_steps

State = tuple[torch.Tensor, torch.Tensor]


class RuledLSTM(nn.LSTM):
    """A one-layer, one-way ``nn.LSTM`` that follows a ``CellRule``; ``trace_gates`` opens it like any other.

    It has the parameters of ``nn.LSTM``, under the same names, and takes batches of lines of one length.

    Args:
        input_size: D.
        hidden_size: H.
        rule: what the cell does beyond the textbook's.
        batch_first: input and output are (B, T, .) instead of (T, B, .).
        reads_backward: the caller feeds the line backward, so the trace has to be turned into reading order.

    Example:
        >>> layer = RuledLSTM(4, 3, rule=CellRule(state_limit=0.5))
        >>> output, (hidden, cell) = layer(torch.ones(6, 1, 4))
        >>> output.shape, bool(cell.abs().max() <= 0.5)
        (torch.Size([6, 1, 3]), True)
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        rule: CellRule,
        batch_first: bool = False,
        reads_backward: bool = False,
    ) -> None:
        super().__init__(input_size, hidden_size, batch_first=batch_first)
        self.rule = rule
        self.reads_backward = reads_backward

    # nn.LSTM spells its overloads by hand for scripted and packed input, which this layer does not take.
    def forward(  # type: ignore[override]
        self,
        input: Float[torch.Tensor, "_ _ D"],  # noqa: A002
        hx: State | None = None,
    ) -> tuple[Float[torch.Tensor, "_ _ H"], State]:
        """The hidden states of every frame, and the state after the last one.

        Args:
            input: (T, B, D), or (B, T, D) with ``batch_first``.
            hx: hidden and cell state before the first frame, each (1, B, H); zeros without it.
        """
        self._update_flat_weights()
        if hx is None:
            batch = input.shape[0 if self.batch_first else 1]
            zeros = input.new_zeros(1, batch, self.hidden_size)
            hx = (zeros, zeros)
        self.check_forward_args(input, hx, None)
        output, hidden, cell = ruled_lstm(
            input, hx, cast(list[torch.Tensor], self._flat_weights), self.rule, self.batch_first
        )
        return output, (hidden, cell)


def ruled_lstm(
    inputs: torch.Tensor, state: State, flat_weights: list[torch.Tensor], rule: CellRule, batch_first: bool
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Output, final hidden and final cell state of a ruled layer: its ``torch._VF.lstm``.

    A torch function of its own, so that a ``TorchFunctionMode`` sees it as it sees PyTorch's.
    """
    relevant = (inputs, *state, *flat_weights)
    if has_torch_function(relevant):
        return handle_torch_function(ruled_lstm, relevant, inputs, state, flat_weights, rule, batch_first)
    frames = inputs.transpose(0, 1) if batch_first else inputs
    request = StepRequest(wanted=(), rule=rule)
    run = lstm_steps(frames, (state[0][0], state[1][0]), DirectionWeights(*flat_weights), request)
    output = run.output.transpose(0, 1) if batch_first else run.output
    return output, run.final[0][None], run.final[1][None]


def ruled_call(arguments: tuple[Any, ...]) -> RecurrentCall:
    """The call of ``ruled_lstm`` with these arguments, as the engines take it."""
    inputs, state, flat_weights, rule, batch_first = arguments
    has_biases = len(flat_weights) == 4
    options = (has_biases, 1, 0.0, False, False, batch_first)
    return RecurrentCall(CellKind.LSTM, ruled_lstm, arguments, inputs, None, state, flat_weights, *options, rule)
