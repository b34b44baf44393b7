"""The noise Tesseract puts where a window looks past the image.

A linear congruential generator with Knuth's constants, 64 bits, seeded afresh for every line, so
that a line is always read alike: seed = sample_iteration x 0x10000001, one draw dropped; each draw
steps seed = seed x 6364136223846793005 + 1442695040888963407 (mod 2^64) and gives its upper 31 bits.
"""

from functools import lru_cache

import numpy as np
from jaxtyping import Float64, UInt64

_MULTIPLIER = 6364136223846793005
_INCREMENT = 1442695040888963407
_MASK = (1 << 64) - 1
_LARGEST = (1 << 31) - 1
_SEED_FACTOR = 0x10000001


@lru_cache(maxsize=4)
def _states(seed: int, count: int) -> UInt64[np.ndarray, " count"]:
    """The generator's states after 1, 2, ... ``count`` steps, by doubling: state(k + n) = A^n state(k) + C_n."""
    states = np.empty(count, np.uint64)
    states[0] = (seed * _MULTIPLIER + _INCREMENT) & _MASK
    multiplier, increment, known = _MULTIPLIER, _INCREMENT, 1
    while known < count:
        more = min(known, count - known)
        states[known : known + more] = states[:more] * np.uint64(multiplier) + np.uint64(increment)
        increment = (multiplier * increment + increment) & _MASK
        multiplier = (multiplier * multiplier) & _MASK
        known += more
    states.flags.writeable = False
    return states


class NoiseStream:
    """The draws for one line, in order.

    Args:
        sample_iteration: of the model, which seeds the generator.
        int8: True to round to 127ths, as the noise of int8 networks is.
    """

    def __init__(self, sample_iteration: int, *, int8: bool) -> None:
        self._seed = (sample_iteration * _SEED_FACTOR) & _MASK
        self._int8 = int8
        self._drawn = 1

    def draw(self, count: int) -> Float64[np.ndarray, " count"]:
        """The next ``count`` values in [-1, 1]."""
        # The cache is by power of two, so that lines of different widths share it.
        states = _states(self._seed, 1 << max(self._drawn + count - 1, 1).bit_length())
        values = (states[self._drawn : self._drawn + count] >> np.uint64(33)).astype(np.float64)
        self._drawn += count
        if self._int8:
            steps = 127.0 * 2.0 * values / _LARGEST - 127.0
            return np.trunc(steps + np.copysign(0.5, steps)) / 127.0
        return 2.0 * values / _LARGEST - 1.0
