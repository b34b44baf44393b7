"""Log posteriors of what a graph put out, and what must hold of them."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32

from gateviz.data.alphabet import Alphabet
from gateviz.errors import AlphabetError, CheckpointError
from gateviz.graphs.document import Layout, Numbers
from gateviz.lines.checks import NORMALIZED_WITHIN

SMALLEST_PROB = np.finfo(np.float32).tiny


def log_posteriors(
    numbers: np.ndarray, alphabet: Alphabet, *, layout: Layout, output: Numbers
) -> Float32[np.ndarray, "B T C"]:
    """Log posteriors, batch first.

    Args:
        numbers: the graph's first output.
        alphabet: of its classes.
        layout: its axes.
        output: what its numbers are.

    Raises:
        AlphabetError: the graph has another number of classes than the alphabet.
        CheckpointError: it has other axes.

    Example:
        >>> from gateviz.data.alphabet import Alphabet
        >>> found = log_posteriors(np.zeros((5, 1, 2), np.float32), Alphabet.from_symbols("a", blank=0), layout="TBC", output="logits")
        >>> found.shape, float(np.exp(found[0, 0, 0]))
        ((1, 5, 2), 0.5)
    """
    if numbers.ndim != 3:
        raise CheckpointError(f"the graph puts out {numbers.ndim} axes, and posteriors have lines, frames and classes")
    if layout == "TBC":
        numbers = numbers.transpose(1, 0, 2)
    if numbers.shape[2] != alphabet.class_count:
        raise AlphabetError(
            f"the network has {numbers.shape[2]} classes and the alphabet {alphabet.class_count} "
            f"({len(alphabet.symbols)} symbols and the blank); give the alphabet the model was trained with"
        )
    numbers = numbers.astype(np.float32, copy=False)
    if output == "log_probs":
        return numbers
    if output == "probs":
        logarithms: np.ndarray = np.log(np.maximum(numbers, SMALLEST_PROB))
        return logarithms
    shifted: np.ndarray = numbers - numbers.max(axis=2, keepdims=True)
    shifted -= np.log(np.exp(shifted).sum(axis=2, keepdims=True))
    return shifted


def require_log_posteriors(log_probs: Float32[np.ndarray, "B T C"], names: Sequence[str]) -> None:
    """Returns if every line's numbers are log posteriors.

    Raises:
        CheckpointError: they are not finite, or not normalized.
    """
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        total = np.log(np.exp(log_probs).sum(axis=2, dtype=np.float64))
    finite = np.isfinite(total).all(axis=1)
    if not finite.all():
        name = names[int(np.flatnonzero(~finite)[0])] or "the line"
        raise CheckpointError(
            f"the posteriors of {name} are not finite: the network overflows in float32; "
            f"check that its preprocessing is the right one"
        )
    if (off := float(np.abs(total).max())) > NORMALIZED_WITHIN:
        raise CheckpointError(
            f"the recognizer's outputs are no log posteriors: those of a frame sum to exp({off:.3g}) instead of 1; "
            "declare them as logits or probs"
        )
