"""Posteriors of two recognizers in the words that both have."""

import numpy as np
from jaxtyping import Float64

from gateviz.data.alphabet import Alphabet
from gateviz.data.emission import Emission
from gateviz.errors import AlphabetError


def shared_symbols(first: Alphabet, second: Alphabet) -> tuple[str, ...]:
    """The symbols that both alphabets spell with a single label, in the first one's order.

    Example:
        >>> shared_symbols(Alphabet.from_symbols("abc", blank=0), Alphabet.from_symbols("cb", blank=2))
        ('b', 'c')
    """
    there = {symbol for symbol, code in zip(second.symbols, second.codes, strict=True) if len(code) == 1}
    return tuple(
        symbol for symbol, code in zip(first.symbols, first.codes, strict=True) if len(code) == 1 and symbol in there
    )


def shared_posteriors(
    first: Emission, second: Emission
) -> tuple[Float64[np.ndarray, "T C"], Float64[np.ndarray, "S C"]]:
    """The probabilities of the blank, of every shared symbol, and of all else together, frame by frame.

    Of two equal alphabets they are the posteriors as they are.

    Raises:
        AlphabetError: the alphabets share no symbol.
    """
    if first.alphabet == second.alphabet:
        return np.exp(first.log_probs, dtype=np.float64), np.exp(second.log_probs, dtype=np.float64)
    shared = shared_symbols(first.alphabet, second.alphabet)
    if not shared:
        raise AlphabetError(
            f"the alphabets of {len(first.alphabet.symbols)} and of {len(second.alphabet.symbols)} symbols share none, "
            "so their posteriors cannot be compared"
        )
    return _in_words(first, shared), _in_words(second, shared)


def _in_words(emission: Emission, symbols: tuple[str, ...]) -> Float64[np.ndarray, "T C"]:
    labels = [emission.alphabet.blank, *(emission.alphabet.code(symbol)[0] for symbol in symbols)]
    chosen = np.exp(emission.log_probs[:, labels], dtype=np.float64)
    rest = np.clip(1 - chosen.sum(axis=1, keepdims=True), 0.0, 1.0)
    return np.concatenate([chosen, rest], axis=1)
