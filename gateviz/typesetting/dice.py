"""Chances, drawn fast from one generator: the same state of the generator gives the same results."""

from array import array
from bisect import bisect
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Generic, TypeVar

import numpy as np

Item = TypeVar("Item")
BLOCK = 64
PROBES = 40
ATTEMPTS = 8


class Dice:
    """Single random decisions, paid for in blocks of numbers: ten times cheaper than one by one.

    Args:
        rng: what the numbers come from; the only state there is.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._left: list[float] = []

    def random(self) -> float:
        """A number at least 0 and below 1."""
        if not self._left:
            self._left = self._rng.random(BLOCK).tolist()
        return self._left.pop()

    def numbers(self, count: int) -> list[float]:
        """That many numbers at once."""
        if len(self._left) < count:
            self._left = self._rng.random(count + BLOCK).tolist()
        taken = self._left[-count:]
        del self._left[-count:]
        return taken

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.random() < probability

    def between(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        return low + int(self.random() * (high - low + 1))

    def pick(self, items: Sequence[Item]) -> Item:
        """One of the items, each as probable."""
        return items[int(self.random() * len(items))]

    def digits(self, count: int) -> str:
        """This many decimal digits, at most 15; the first may be 0."""
        return f"{int(self.random() * 10**count):0{count}d}"


class Weighted(Generic[Item]):
    """Items that come in proportion to their weights.

    Args:
        items: what comes.
        weights: how often, in any unit; as many, positive.
    """

    def __init__(self, items: Sequence[Item], weights: Sequence[int | float]) -> None:
        assert len(items) == len(weights), "every item has a weight"
        self.items = list(items)
        self._ends = array("d", accumulate(weights))
        # Where the search starts for each of as many equal parts of the total: one step instead of sixteen.
        parts = range(len(self.items) + 1) if self.items else ()
        self._starts = array("i", (bisect(self._ends, self._share(float(part))) for part in parts))

    def __len__(self) -> int:
        return len(self.items)

    def draw(self, dice: Dice) -> Item:
        """One item; there must be one."""
        count = len(self.items)
        place = dice.random() * count
        part = int(place)
        found = bisect(self._ends, self._share(place), self._starts[part], self._starts[part + 1])
        return self.items[min(found, count - 1)]

    def _share(self, part: float) -> float:
        """The weight of that many of the equal parts, of which there is one for each item."""
        return part / len(self.items) * self._ends[-1]


Kind = Callable[[Dice], str]


class Kinds:
    """Kinds of short texts with their weights, of which only what an alphabet can write comes out.

    A kind that never fits the alphabet is left out from the start; another is tried a few times.

    Args:
        kinds: weight and maker of each kind.
        symbols: the alphabet.
        spare: a maker whose texts always fit, for when nothing else does.
    """

    def __init__(self, kinds: Sequence[tuple[float, Kind]], symbols: frozenset[str], spare: Kind) -> None:
        dice = Dice(np.random.default_rng(0))
        fitting = [pair for pair in kinds if any(symbols.issuperset(pair[1](dice)) for _ in range(PROBES))]
        self._kinds = Weighted([kind for _, kind in fitting], [weight for weight, _ in fitting])
        self._symbols = symbols
        self._spare = spare

    def __len__(self) -> int:
        return len(self._kinds)

    def draw(self, dice: Dice) -> str:
        """A text of one of the kinds; every code point of it is a symbol."""
        if len(self._kinds):
            for _ in range(ATTEMPTS):
                text = self._kinds.draw(dice)(dice)
                if self._symbols.issuperset(text):
                    return text
        return self._spare(dice)
