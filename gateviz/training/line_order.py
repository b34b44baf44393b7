"""The order in which lines are read: all of them in each epoch, in another order each time."""

import numpy as np

LARGEST_SHUFFLED = 20_000_000


class LineOrder:
    """Line numbers without end; place p is in epoch p // count.

    Sets too large to be read twice (synthetic lines are as good as endless) are read in their own order.

    Args:
        count: lines in the set.
        seed: of the shuffles.

    Example:
        >>> order = LineOrder(3, seed=7)
        >>> sorted(order[place] for place in range(3, 6))
        [0, 1, 2]
    """

    def __init__(self, count: int, seed: int) -> None:
        self.count = count
        self.seed = seed
        self._epoch = -1
        self._shuffled = np.zeros(0, dtype=np.int64)

    def __getitem__(self, place: int) -> int:
        """The line at a place."""
        epoch, offset = divmod(place, self.count)
        if self.count > LARGEST_SHUFFLED:
            return offset
        if epoch != self._epoch:
            self._shuffled = np.random.default_rng([self.seed, epoch]).permutation(self.count)
            self._epoch = epoch
        return int(self._shuffled[offset])
