"""How probable a text is, over all paths that spell it."""

import numpy as np
from jaxtyping import Bool, Float64

from gateviz.ctc.extended import ExtendedText
from gateviz.data.emission import Emission
from gateviz.errors import AlignmentError


def total_log_prob(emission: Emission, text: str) -> float:
    """Log probability of ``text``: the sum over all its paths, the negative of the CTC loss.

    Minus infinity for a text that needs more frames than there are or has a probability of zero.

    Raises:
        AlphabetError: names every symbol of the text that is not in the alphabet.
    """
    extended = ExtendedText.of(text, emission.alphabet)
    try:
        log_probs = extended.state_log_probs(emission)
    except AlignmentError:
        return -np.inf
    return float(np.logaddexp.reduce(_reached(log_probs, extended.skippable)[-2:]))


def _reached(log_probs: Float64[np.ndarray, "T S"], skippable: Bool[np.ndarray, " S"]) -> Float64[np.ndarray, " S"]:
    """Log probability of all beginnings that are in each state at the last frame (Graves et al. 2006, section 4.1)."""
    skip_cost = np.where(skippable, 0.0, -np.inf)
    # Two states stand before the first one: every path starts in the nearer of them.
    reached = np.full(len(skippable) + 2, -np.inf)
    reached[1] = 0.0
    for frame in log_probs:
        reached[2:] = frame + np.logaddexp(np.logaddexp(reached[2:], reached[1:-1]), reached[:-2] + skip_cost)
        reached[1] = -np.inf
    return reached[2:]
