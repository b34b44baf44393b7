"""What the recognizer believed at every frame."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from gateviz.data.alphabet import Alphabet
from gateviz.errors import AlphabetError


@dataclass(frozen=True)
class Emission:
    """Log posteriors of every class at every frame, with the alphabet they speak.

    Attributes:
        log_probs: natural logarithms, each row sums to 1 as probabilities; shape (T, C).
        alphabet: what the C classes stand for.
    """

    log_probs: Float32[np.ndarray, "T C"]
    alphabet: Alphabet

    def __post_init__(self) -> None:
        classes = self.log_probs.shape[1]
        if classes != self.alphabet.class_count:
            raise AlphabetError(
                f"the emission has {classes} classes and the alphabet {self.alphabet.class_count} "
                f"({len(self.alphabet.symbols)} symbols and the blank); give the alphabet the model was trained with"
            )

    @property
    def frame_count(self) -> int:
        """T, the number of frames."""
        return len(self.log_probs)
