"""How long a unit keeps what it holds."""

import numpy as np
from jaxtyping import Float, Float64


def timescale(forget_gate: Float[np.ndarray, "T H"]) -> Float64[np.ndarray, " H"]:
    """The memory of each unit in frames: -1 / ln(mean f).

    After that many frames a cell state that is only multiplied by the mean forget gate has fallen
    to 1/e. It is 0 for a gate that is always shut and infinite for one that is always open. For a
    GRU the update gate takes the forget gate's place (PyTorch's convention: 1 keeps).

    Example:
        >>> timescale(np.full((5, 1), np.exp(-0.25))).round(6).tolist()
        [4.0]
    """
    with np.errstate(divide="ignore"):
        rate = -np.log(np.asarray(forget_gate, dtype=np.float64).mean(axis=0))
        # A mean of exactly 1 gives a rate of -0.0: the memory is infinite, not negative infinite.
        return np.asarray(1.0 / np.abs(rate))
