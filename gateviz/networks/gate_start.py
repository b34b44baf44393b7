"""Where the gates of a recurrent part stand before training."""

import torch
from torch import nn

LONGEST_MEMORY = 16
"""Frames: what the slowest units keep at first, about three symbols of a line of 32 rows."""


def spread_memory(part: nn.LSTM | nn.GRU, longest: int = LONGEST_MEMORY) -> None:
    """Give the units memories of 1 to ``longest`` frames (chrono initialization: Tallec and Ollivier, arXiv 1804.11188).

    An LSTM's forget gate starts at u / (u + 1) and its input gate at 1 / (u + 1), with u drawn uniformly
    from 1 to ``longest`` - 1, so that a cell starts as an average of its candidates. From PyTorch's own
    start, with all gates half open, a recognizer can learn to hold both at 1: the cell then only adds up,
    its tanh saturates, no gradient passes, and the output gate alone reads the line. A GRU's update gate
    starts where the forget gate does.

    Args:
        part: whose biases are set, in place, by torch's generator.
        longest: frames, at least 3.

    Example:
        >>> part = nn.LSTM(8, 4)
        >>> spread_memory(part)
        >>> i, f, _, _ = (part.bias_ih_l0 + part.bias_hh_l0).chunk(4)
        >>> bool(torch.allclose(i.sigmoid() + f.sigmoid(), torch.ones(4)))
        True
    """
    size = part.hidden_size
    with torch.no_grad():
        for name, bias in part.named_parameters():
            if not name.startswith("bias"):
                continue
            # Gates are stacked as i, f, g, o in an LSTM and as r, z, n in a GRU.
            kept = bias[size : 2 * size]
            if name.startswith("bias_hh"):
                kept.zero_()
                if isinstance(part, nn.LSTM):
                    bias[:size].zero_()
                continue
            kept.copy_(torch.empty_like(kept).uniform_(1, longest - 1).log())
            if isinstance(part, nn.LSTM):
                bias[:size].copy_(-kept)
