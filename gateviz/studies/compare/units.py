"""Two networks' layers over the same frames: units matched, distributions beside each other."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64

from gateviz.data.gates import GateTrace, Quantity
from gateviz.measure.agreement import redundancy
from gateviz.measure.common_axis import FramePairs, sampled
from gateviz.measure.matching import MARGIN, Matching, matched_layers, unit_similarity
from gateviz.measure.parting import apart, densities, spread, unit_wasserstein, wasserstein

BINS = 40
Traces = Sequence[tuple[GateTrace, GateTrace, FramePairs]]


@dataclass(frozen=True, eq=False)
class QuantityComparison:
    """One series of one layer and direction, over all lines.

    Attributes:
        quantity: which.
        matching: which units belong together, the same for all series of as many units.
        similarity: mean correlation of matched units that both move; NaN where there are none.
        compared: how many of them.
        distance: of the distributions of all values (Wasserstein), in the series' own unit.
        unit_distance: the same for each matched pair of units, averaged.
        redundancy: how much a unit does what another of its own network does, mean over units, of both.
        means: of all values, of both.
        scale: how much matched units vary over frames, 1 where none does; distances along the line are in units of it.
        edges: of the bins below, shape (B + 1,).
        shares: of all values in each bin, of both, shape (B,) each.
    """

    quantity: Quantity
    matching: Matching
    similarity: float
    compared: int
    distance: float
    unit_distance: float
    redundancy: tuple[float, float]
    means: tuple[float, float]
    scale: float
    edges: Float64[np.ndarray, " E"]
    shares: tuple[Float64[np.ndarray, " B"], Float64[np.ndarray, " B"]]

    def course(self, first: GateTrace, second: GateTrace, frames: FramePairs) -> Float64[np.ndarray, " N"]:
        """How far matched units lie apart at every place of one line, in units of how much they vary."""
        one = sampled(first[self.quantity], frames.first)[:, self.matching.first]
        other = sampled(second[self.quantity], frames.second)
        return apart(one, paired_units(other, self.matching, self.quantity), self.scale)


@dataclass(frozen=True, eq=False)
class PlaceComparison:
    """One layer and direction, over all lines.

    Attributes:
        layer: of both networks.
        direction: of both.
        matching: which units belong together.
        chance: mean similarity of the best matching when the second network's series are shifted by half of
            all frames: what so many units reach over so few frames by themselves.
        likeness: mean similarity over series of every unit of the first with every unit of the second, shape (H, K).
        quantities: the series that both have.
    """

    layer: int
    direction: str
    matching: Matching
    chance: float
    likeness: Float64[np.ndarray, "H K"]
    quantities: tuple[QuantityComparison, ...]

    @property
    def name(self) -> str:
        """``layer.direction``."""
        return f"{self.layer}.{self.direction}"

    @property
    def words(self) -> str:
        """For people."""
        return f"layer {self.layer} {self.direction}"

    @property
    def matched_likeness(self) -> Float64[np.ndarray, "H K"]:
        """Likeness with matched units on the diagonal: rows and columns in the matching's order, the unmatched last."""
        return in_matched_order(self.likeness, self.matching.first.tolist(), self.matching.second.tolist())


def place_comparison(traces: Traces, quantities: Sequence[Quantity], *, same_units: bool = False) -> PlaceComparison:
    """The comparison of one layer and direction.

    Args:
        traces: of every line, with the frames that belong together.
        quantities: the series that both have.
        same_units: both are the same network, whose units need no matching.
    """
    one, other, _ = traces[0]
    together = {quantity: _together(traces, quantity) for quantity in quantities}
    # A projected hidden state has units of its own.
    groups: dict[tuple[int, int], list[Quantity]] = {}
    for quantity in quantities:
        groups.setdefault((one[quantity].shape[1], other[quantity].shape[1]), []).append(quantity)
    found: dict[Quantity, QuantityComparison] = {}
    best: tuple[Matching, float, Float64[np.ndarray, "H K"]] | None = None
    for group in groups.values():
        series = {quantity: together[quantity] for quantity in group}
        alike = {quantity: unit_similarity(*pair) for quantity, pair in series.items()}
        matching, likeness = _matched(alike, math.inf if same_units else MARGIN)
        shifted = {quantity: unit_similarity(a, np.roll(b, len(b) // 2, axis=0)) for quantity, (a, b) in series.items()}
        best = best or (matching, _matched(shifted, MARGIN)[0].mean, likeness)
        for quantity in group:
            found[quantity] = _quantity(traces, quantity, series[quantity], alike[quantity], matching)
    assert best is not None, "both have at least one series"
    return PlaceComparison(one.layer, str(one.direction), *best, tuple(found[quantity] for quantity in quantities))


def paired_units(second: Float[np.ndarray, "N K"], matching: Matching, quantity: Quantity) -> Float[np.ndarray, "N M"]:
    """The second network's units in the order of the first's, states with their sign."""
    chosen = second[:, matching.second]
    return chosen if quantity.is_gate else chosen * matching.sign.astype(chosen.dtype)


def in_matched_order(
    likeness: Float64[np.ndarray, "H K"], first: Sequence[int], second: Sequence[int]
) -> Float64[np.ndarray, "H K"]:
    """Rows and columns in the order of matched units, the others last.

    Example:
        >>> in_matched_order(np.array([[0.0, 1.0], [0.5, -1.0]]), [0, 1], [1, 0]).tolist()
        [[1.0, 0.0], [-1.0, 0.5]]
    """
    orders = [
        [*chosen, *(unit for unit in range(count) if unit not in set(chosen))]
        for chosen, count in zip((first, second), likeness.shape, strict=True)
    ]
    return likeness[np.ix_(*orders)]


def _together(traces: Traces, quantity: Quantity) -> tuple[Float[np.ndarray, "N H"], Float[np.ndarray, "N K"]]:
    """Both series over the places of all lines at which both have something."""
    parts = []
    for first, second, frames in traces:
        there = np.isfinite(frames.first) & np.isfinite(frames.second)
        parts.append((sampled(first[quantity], frames.first[there]), sampled(second[quantity], frames.second[there])))
    return np.concatenate([one for one, _ in parts]), np.concatenate([other for _, other in parts])


def _matched(
    alike: Mapping[Quantity, Float64[np.ndarray, "H K"]], margin: float
) -> tuple[Matching, Float64[np.ndarray, "H K"]]:
    return matched_layers(
        [one for quantity, one in alike.items() if quantity.is_gate],
        [one for quantity, one in alike.items() if not quantity.is_gate],
        margin=margin,
    )


def _quantity(
    traces: Traces,
    quantity: Quantity,
    series: tuple[Float[np.ndarray, "N H"], Float[np.ndarray, "N K"]],
    alike: Float64[np.ndarray, "H K"],
    matching: Matching,
) -> QuantityComparison:
    first, second = series[0][:, matching.first], paired_units(series[1], matching, quantity)
    pairs = alike[matching.first, matching.second] * (1 if quantity.is_gate else matching.sign)
    compared = np.isfinite(pairs)
    all_values = [
        np.concatenate([one[quantity] for one, _, _ in traces]),
        np.concatenate([other[quantity] for _, other, _ in traces]),
    ]
    edges = _edges(quantity, all_values)
    return QuantityComparison(
        quantity,
        matching,
        similarity=float(pairs[compared].mean()) if compared.any() else float("nan"),
        compared=int(compared.sum()),
        distance=wasserstein(all_values[0].ravel(), all_values[1].ravel()),
        unit_distance=float(
            unit_wasserstein(all_values[0][:, matching.first], paired_units(all_values[1], matching, quantity)).mean()
        ),
        redundancy=(float(redundancy(series[0]).mean()), float(redundancy(series[1]).mean())),
        means=(float(all_values[0].mean(dtype=np.float64)), float(all_values[1].mean(dtype=np.float64))),
        # What never moves is measured in its own unit.
        scale=spread(first, second) or 1.0,
        edges=edges,
        shares=(densities(all_values[:1], edges), densities(all_values[1:], edges)),
    )


def _edges(quantity: Quantity, values: Sequence[Float[np.ndarray, "_ _"]]) -> Float64[np.ndarray, " E"]:
    """Bins over [0, 1] for gates; else symmetric around 0, as wide as 99 % of all magnitudes."""
    if quantity.is_gate:
        return np.linspace(0.0, 1.0, BINS + 1)
    bound = max(float(np.quantile(np.abs(one), 0.99)) for one in values) or 1.0
    return np.linspace(-bound, bound, BINS + 1)
