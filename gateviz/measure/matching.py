"""Which unit of one network does what which unit of another does."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64, Int64

from gateviz.errors import ShapeError
from gateviz.measure.agreement import similarity

# A matching must be better by so much correlation a unit before the units' own numbers are given up.
MARGIN = 0.01


@dataclass(frozen=True, eq=False)
class Matching:
    """M pairs of units, each unit in one pair at most.

    Attributes:
        first: units of the first network, in their order; shape (M,).
        second: the unit of the second network that is most like each; shape (M,).
        sign: 1, or -1 where the second unit does the same with its sign turned; shape (M,).
        similarity: of each pair, between -1 and 1; NaN for two units that never move; shape (M,).
        own: mean similarity of every unit with the unit of its own number; NaN where the networks have
            different numbers of units.
        identity: whether every unit is paired with its own number.
    """

    first: Int64[np.ndarray, " M"]
    second: Int64[np.ndarray, " M"]
    sign: Int64[np.ndarray, " M"]
    similarity: Float64[np.ndarray, " M"]
    own: float
    identity: bool

    @property
    def mean(self) -> float:
        """Mean similarity of the pairs that have one."""
        return _mean(self.similarity)


def matched(likeness: Float[np.ndarray, "H K"], *, sign: bool = True, margin: float = MARGIN) -> Matching:
    """The pairing of units with the largest sum of similarities (the assignment problem, Kuhn 1955).

    Networks of one lineage keep their units' numbers, and among units that hardly move any pairing is as
    good as another: where both have equally many units, another pairing than number by number is taken
    only if its mean similarity is larger by more than ``margin``.

    Args:
        likeness: of every unit of the first network with every unit of the second; NaN, which counts as 0,
            where nothing is known of a pair.
        sign: a similarity below 0 is unlike; without it, only magnitudes count, and the sign is told.
        margin: see above.

    Raises:
        ShapeError: there is no unit on one side.

    Example:
        >>> found = matched(np.array([[0.1, 0.9], [0.8, -0.2]]))
        >>> found.second.tolist(), found.similarity.tolist(), found.identity
        ([1, 0], [0.9, 0.8], False)
    """
    from scipy.optimize import linear_sum_assignment

    if 0 in likeness.shape:
        raise ShapeError(f"units of {likeness.shape[0]} and {likeness.shape[1]} cannot be matched; both need one")
    signed = np.asarray(likeness, dtype=np.float64)
    likeness = signed if sign else np.abs(signed)
    first, second = linear_sum_assignment(np.nan_to_num(likeness), maximize=True)
    own, identity = float("nan"), False
    if likeness.shape[0] == likeness.shape[1]:
        own = _mean(likeness.diagonal())
        known = np.nan_to_num(likeness)
        identity = bool(known[first, second].mean() - known.diagonal().mean() <= margin)
        if identity:
            second = first
    turned = np.sign(signed[first, second]) if not sign else np.ones(len(first))
    signs = np.where(turned < 0, -1, 1).astype(np.int64)
    return Matching(
        first.astype(np.int64),
        second.astype(np.int64),
        sign=signs,
        similarity=likeness[first, second],
        own=own,
        identity=identity,
    )


def matched_layers(
    gates: Sequence[Float64[np.ndarray, "H K"]], states: Sequence[Float64[np.ndarray, "H K"]], *, margin: float = MARGIN
) -> tuple[Matching, Float64[np.ndarray, "H K"]]:
    """One pairing of the units of two layers by all their series together, and the mean similarity it rests on.

    A unit has one number in every series, so all are matched at once. An LSTM or GRU computes the same
    with a unit's candidate, cell state and hidden state turned around (tanh is odd, and the weights that
    read them can turn too), while its gates stay: of the states the magnitude of the summed similarity
    counts, of the gates the similarity itself.

    Args:
        gates: similarities of units by each gate; NaN where neither unit moves.
        states: by candidate, cell state and hidden state, likewise.
        margin: as for ``matched``.

    Raises:
        ShapeError: there is neither a gate nor a state.
    """
    if not gates and not states:
        raise ShapeError("units are matched by the similarity of their gates or states, and neither was given")
    known = np.isfinite(np.stack([*gates, *states])).sum(axis=0)
    turned = np.nan_to_num(np.stack(states)).sum(axis=0) if states else np.zeros(known.shape)
    summed = np.abs(turned) + (np.nan_to_num(np.stack(gates)).sum(axis=0) if gates else 0.0)
    together = np.where(known > 0, summed / np.maximum(known, 1), np.nan)
    found = matched(together, margin=margin)
    sign = np.where(turned[found.first, found.second] < 0, -1, 1).astype(np.int64)
    return Matching(
        found.first, found.second, sign=sign, similarity=found.similarity, own=found.own, identity=found.identity
    ), together


def unit_similarity(first: Float[np.ndarray, "T H"], second: Float[np.ndarray, "T K"]) -> Float64[np.ndarray, "H K"]:
    """Pearson's correlation of every unit with every unit; 0 where one of two never moves, NaN where neither does."""
    still = ~moves(first)[:, None] & ~moves(second)
    return np.where(still, np.nan, similarity(first, second))


def moves(series: Float[np.ndarray, "T H"]) -> Bool[np.ndarray, " H"]:
    """Which units change at all; a unit that does not is like no other, not even itself.

    Example:
        >>> moves(np.array([[0.0, 1.0], [0.0, 2.0]])).tolist()
        [False, True]
    """
    return np.asarray(np.ptp(series, axis=0) > 0)


def _mean(values: Float64[np.ndarray, " M"]) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
