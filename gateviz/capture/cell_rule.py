"""What an LSTM cell may do beyond the textbook's."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

Activation = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class CellRule:
    """What an LSTM cell does beyond the textbook's.

    Attributes:
        state_limit: the cell state is clipped to [-limit, limit] after every step.
        round_hidden: applied to the hidden state before it is used, recorded and put out.
        sigmoid: in the place of the logistic function, such as an interpolated table.
        tanh: in the place of the hyperbolic tangent, for candidate and cell state alike.
    """

    state_limit: float | None = None
    round_hidden: Activation | None = None
    sigmoid: Activation = torch.sigmoid
    tanh: Activation = torch.tanh
