"""How often a gate is shut or wide open."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64

LEFT = 0.1
RIGHT = 0.9


@dataclass(frozen=True)
class Saturation:
    """Share of frames at which each unit's gate is saturated.

    Attributes:
        left: share of frames below 0.1, between 0 and 1; shape (H,).
        right: share of frames above 0.9.
    """

    left: Float64[np.ndarray, " H"]
    right: Float64[np.ndarray, " H"]


def saturation(gate: Float[np.ndarray, "T H"]) -> Saturation:
    """The share of frames at which a gate is left-saturated (below 0.1) and right-saturated (above 0.9).

    The definition of Karpathy, Johnson and Fei-Fei 2015 (arXiv 1506.02078, section 4.2). A missing
    value (NaN) counts as a frame that is not saturated.

    Example:
        >>> saturation(np.array([[0.05, 0.5], [0.95, 0.97]])).right.tolist()
        [0.5, 0.5]
    """
    return Saturation((gate < LEFT).mean(axis=0), (gate > RIGHT).mean(axis=0))


def is_saturated(gate: Float[np.ndarray, "T H"]) -> Bool[np.ndarray, "T H"]:
    """True where a gate is below 0.1 or above 0.9."""
    return (gate < LEFT) | (gate > RIGHT)
