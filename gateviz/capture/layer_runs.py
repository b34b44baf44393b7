"""Single directions of a recurrent call, run again step by step, and runs that autograd can follow."""

import torch
from jaxtyping import Float

from gateviz.capture.calls import RecurrentCall
from gateviz.capture.layer import CellKind, StepEditor
from gateviz.capture.stepwise import TEXTBOOK, StepRequest, gru_steps, lstm_steps
from gateviz.data.gates import Direction, Quantity


def run_direction(
    call: RecurrentCall, index: int, number: int, inputs: torch.Tensor, present: torch.Tensor | None = None
) -> Float[torch.Tensor, "T B P"]:
    """The outputs of one direction of one layer of a recurrent call, in the call's order of frames.

    Args:
        call: what was handed to the module; its first line's states are those of every line.
        index: of the layer in the module.
        number: 0 for the first direction, 1 for the other.
        inputs: (T, B, D), what the layer reads.
        present: (T, B), False where the state stays as it is and the output is 0; None for everywhere.
    """
    steps = lstm_steps if call.kind is CellKind.LSTM else gru_steps
    state = tuple(each[:1].expand(inputs.shape[1], -1) for each in call.layer_states(index)[number])
    request = StepRequest((), number == 1, present, None, call.rule or TEXTBOOK)
    return steps(inputs, state, call.weights(index)[number], request).output


def call_frames(call: RecurrentCall) -> Float[torch.Tensor, "T B D"]:
    """What a recurrent call reads, with the time axis first; packed lines must be one line."""
    if call.batch_sizes is not None:
        return call.inputs[:, None]
    return call.inputs.transpose(0, 1) if call.batch_first else call.inputs


class Followed:
    """Edits nothing, so that every layer takes the stepwise cell, which autograd follows into every recorded value."""

    def __bool__(self) -> bool:
        return True

    def editor_for(self, layer: int, direction: Direction) -> StepEditor:
        """The same for every layer."""
        return self

    def touches(self, quantity: Quantity) -> bool:
        """Nothing."""
        return False

    def apply(self, quantity: Quantity, frame: int, values: Float[torch.Tensor, "B H"]) -> Float[torch.Tensor, "B H"]:
        """The values as they are."""
        return values
