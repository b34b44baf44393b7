"""The most probable path that spells a given text."""

import numpy as np
from jaxtyping import Bool, Float64, Int8, Int64

from gateviz.ctc.collapse import align_path
from gateviz.ctc.extended import ExtendedText
from gateviz.data.alignment import Alignment
from gateviz.data.emission import Emission


def align(emission: Emission, text: str) -> Alignment:
    """The most probable of all paths that spell ``text`` (Viterbi over the 2 L + 1 states of the text).

    Where several moves into a state are equally probable, staying goes before stepping to the next
    state, and stepping before skipping a blank; so the path is the same on every machine. The
    spans are those of the text's own symbols, also where the alphabet could read their labels in
    another way. An empty text is aligned to blanks alone. The text is what people read and type; a
    line of Hebrew or Arabic, which stands from right to left, gets its spans from left to right.

    Raises:
        AlphabetError: names every symbol of the text that is not in the alphabet.
        AlignmentError: the text needs more frames than there are, or its probability is zero.

    Example:
        >>> from gateviz.data.alphabet import Alphabet
        >>> posteriors = [[0.1, 0.8, 0.1], [0.2, 0.7, 0.1], [0.1, 0.8, 0.1], [0.2, 0.1, 0.7]]
        >>> emission = Emission(np.log(posteriors).astype(np.float32), Alphabet.from_symbols("ab", blank=0))
        >>> align(emission, "aab").path
        array([1, 0, 1, 2])
    """
    extended = ExtendedText.of(text, emission.alphabet)
    moves, reached = _viterbi(extended.state_log_probs(emission), extended.skippable)
    # The end is one more move: a step from the last blank or, past it, a skip from the last label.
    end = len(reached) - 1
    if end and reached[end - 1] > reached[end]:
        end -= 1
    if not np.isfinite(reached[end]):
        raise extended.impossible(emission)
    return align_path(emission, extended.labels[_trace_back(moves, end)], extended.spelled)


def _viterbi(
    log_probs: Float64[np.ndarray, "T S"], skippable: Bool[np.ndarray, " S"]
) -> tuple[Int8[np.ndarray, "T S"], Float64[np.ndarray, " S"]]:
    """How many states the best path into each state moved at each frame, and where the paths stand at the end.

    The second array holds the log probability of the best path to each state over all frames.
    """
    moves = np.zeros(log_probs.shape, dtype=np.int8)
    skip_cost = np.where(skippable, 0.0, -np.inf)
    # Two states stand before the first one: every path starts in the nearer of them.
    reached = np.full(len(skippable) + 2, -np.inf)
    reached[1] = 0.0
    for frame, frame_log_probs in enumerate(log_probs):
        stay, step, skip = reached[2:], reached[1:-1], reached[:-2] + skip_cost
        near = np.maximum(stay, step)
        moves[frame] = step > stay
        moves[frame, skip > near] = 2
        reached[2:] = np.maximum(near, skip) + frame_log_probs
        reached[1] = -np.inf
    return moves, reached[2:]


def _trace_back(moves: Int8[np.ndarray, "T S"], end: int) -> Int64[np.ndarray, " T"]:
    """The state of every frame on the best path that stands in state ``end`` after the last frame."""
    states = np.empty(len(moves), dtype=np.int64)
    state = end
    for frame in range(len(moves) - 1, -1, -1):
        states[frame] = state
        state -= int(moves[frame, state])
    return states
