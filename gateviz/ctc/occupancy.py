"""How probable it is that a frame belongs to a symbol, over all paths that spell a text."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64

from gateviz.ctc.extended import ExtendedText
from gateviz.data.emission import Emission
from gateviz.errors import AlignmentError


@dataclass(frozen=True)
class Occupancy:
    """Where a text's symbols are, as probabilities: all its paths, each by its weight.

    Attributes:
        text: the text all paths spell.
        names: its N symbols as they stand from left to right.
        labels: the label of every state, blanks between; shape (S,), S = 2 L + 1.
        states: probability of each state at each frame, given the text; every row sums to 1; shape (T, S).
        symbols: probability that a frame lies in the span of each symbol, given the text: its labels
            and, where several spell it, the blanks between them; shape (T, N).
        log_prob: log probability of the text, the sum over all its paths.
    """

    text: str
    names: tuple[str, ...]
    labels: Int64[np.ndarray, " S"]
    states: Float64[np.ndarray, "T S"]
    symbols: Float64[np.ndarray, "T N"]
    log_prob: float


def occupancy(emission: Emission, text: str) -> Occupancy:
    """The probability of every state and symbol of ``text`` at every frame, given that it is the text.

    Forward and backward variables in log space (Graves et al. 2006, section 4.1); each leaves out
    the frame's own posterior, which is added once.

    Raises:
        AlphabetError: names every symbol of the text that is not in the alphabet.
        AlignmentError: the text needs more frames than there are, or its probability is zero.
    """
    extended = ExtendedText.of(text, emission.alphabet)
    log_probs = extended.state_log_probs(emission)
    before = _arrivals(log_probs, extended.skippable)
    log_prob = _total(before[-1] + log_probs[-1])
    if not np.isfinite(log_prob):
        raise extended.impossible(emission)
    # What comes after a frame is what comes before it in the mirrored line.
    mirrored = np.concatenate((extended.skippable[:2], extended.skippable[2:][::-1]))
    after = _arrivals(log_probs[::-1, ::-1], mirrored)[::-1, ::-1]
    states = np.exp(before + log_probs + after - log_prob)
    symbols = np.zeros((len(states), len(extended.spelled)))
    for symbol in range(len(extended.spelled)):
        symbols[:, symbol] = states[:, extended.symbol_states(symbol)].sum(axis=1)
    names = tuple(symbol for symbol, _, _ in extended.spelled)
    return Occupancy(text, names, extended.labels, states, symbols, log_prob)


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
    return _total(_arrivals(log_probs, extended.skippable)[-1] + log_probs[-1])


def _total(last: Float64[np.ndarray, " S"]) -> float:
    """Log probability of all paths that end in the last blank or the last label."""
    return float(np.logaddexp.reduce(last[-2:]))


def _arrivals(log_probs: Float64[np.ndarray, "T S"], skippable: Bool[np.ndarray, " S"]) -> Float64[np.ndarray, "T S"]:
    """Log probability of arriving in each state at each frame, all frames before it seen and its own not yet."""
    skip_cost = np.where(skippable, 0.0, -np.inf)
    arrivals = np.empty_like(log_probs)
    # Two states stand before the first one: every path starts in the nearer of them.
    reached = np.full(len(skippable) + 2, -np.inf)
    reached[1] = 0.0
    for frame, frame_log_probs in enumerate(log_probs):
        near = np.logaddexp(reached[2:], reached[1:-1])
        arrivals[frame] = np.logaddexp(near, reached[:-2] + skip_cost)
        reached[2:] = arrivals[frame] + frame_log_probs
        reached[1] = -np.inf
    return arrivals
