"""One line read twice: how far the two lie apart along it, symbol by symbol, and what that costs in text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from gateviz.data.gates import Direction, Quantity
from gateviz.files.folders import LineSource
from gateviz.measure.common_axis import FramePairs, at_columns, sampled, symbol_pairs
from gateviz.measure.edit_distance import Pairs, edit_distance
from gateviz.measure.jackknife import Estimate, Jackknife
from gateviz.measure.parting import THRESHOLD, jensen_shannon, parted
from gateviz.measure.shared_posteriors import shared_posteriors
from gateviz.panels.reading import boundaries
from gateviz.recording import Recording
from gateviz.survey.comparison_units import PlaceComparison


@dataclass(frozen=True, eq=False)
class LinePair:
    """Two recordings that are compared.

    Attributes:
        name: of the line, or of both images.
        first: the one.
        second: the other.
        frames: which frames of both belong together, of their posteriors.
        truth: what is written there; None where nobody said, or where the images show different texts.
        by_columns: the frames were put together by the columns they look at; else by the symbols they read.
        source: the line's file; None for two images.
    """

    name: str
    first: Recording
    second: Recording
    frames: FramePairs
    truth: str | None = None
    by_columns: bool = True
    source: LineSource | None = None

    def frames_of(self, layer: int, direction: Direction | str) -> FramePairs:
        """Which frames of a layer of both belong together: by column, those that looked there themselves."""
        one, other = (each.grid_of(each.trace(layer, direction)) for each in (self.first, self.second))
        own = one != self.first.grid or other != self.second.grid
        return at_columns(self.frames.columns, one, other) if own and self.by_columns else self.frames


@dataclass(frozen=True, eq=False)
class SymbolParting:
    """One symbol of an edit alignment of both texts.

    Attributes:
        first: what the first reads; None where the second alone reads something.
        second: what the second reads; None where it reads nothing.
        start: left border in columns of the first image; NaN for a symbol of the second alone.
        stop: right border.
        distance: mean over layers, series and the symbol's frames, in units of how much units vary; NaN without frames.
        bits: mean divergence of the posteriors there.
    """

    first: str | None
    second: str | None
    start: float
    stop: float
    distance: float
    bits: float


@dataclass(frozen=True, eq=False)
class LineComparison:
    """One line.

    Attributes:
        pair: the recordings.
        distances: by layer and direction (``0.forward``), for each series how far both lie apart at every
            place, in units of how much units vary; NaN where one has no counterpart.
        bits: divergence of the posteriors at every place (Jensen and Shannon); None where they cannot be compared.
        pairs: which symbol stands for which, in the frames' order.
        symbols: the same with how far they lie apart.
        edits: between the two texts.
        errors: of both against the truth; None where nobody said it.
    """

    pair: LinePair
    distances: Mapping[str, Mapping[Quantity, Float64[np.ndarray, " N"]]]
    bits: Float64[np.ndarray, " N"] | None
    pairs: Pairs
    symbols: tuple[SymbolParting, ...]
    edits: int
    errors: tuple[int, int] | None

    @property
    def mean_bits(self) -> float:
        """Divergence of the posteriors, mean over places; 0 where they cannot be compared."""
        return 0.0 if self.bits is None else float(np.nansum(self.bits) / max(np.isfinite(self.bits).sum(), 1))

    def course(self, place: str) -> Float64[np.ndarray, " N"]:
        """How far one layer and direction lies apart along the line: the mean over its series."""
        return np.asarray(np.mean(list(self.distances[place].values()), axis=0))

    def stretches(self, place: str, threshold: float = THRESHOLD) -> list[tuple[float, float]]:
        """Where one layer and direction lies apart by more than a threshold: columns of the first image, half-open."""
        columns = self.pair.frames.columns
        half = float(np.median(np.diff(columns))) / 2 if len(columns) > 1 else self.pair.first.grid.stride / 2
        runs = parted(self.course(place), threshold)
        return [(float(columns[start]) - half, float(columns[stop - 1]) + half) for start, stop in runs]

    def onset(self, place: str, threshold: float = THRESHOLD) -> float:
        """The column at which a layer, the way it reads, first lies apart by more than a threshold; NaN if nowhere."""
        stretches = self.stretches(place, threshold)
        if not stretches:
            return float("nan")
        return stretches[-1][1] if place.endswith(Direction.BACKWARD) else stretches[0][0]


@dataclass(frozen=True)
class Cost:
    """What the difference costs in text, over all lines.

    Attributes:
        edits: between the two texts, over the symbols that the first reads.
        changed: share of the lines that are read differently.
        bits: divergence of the posteriors, mean over places; None where they cannot be compared.
        first: character error rate of the first, over lines whose text is known; None without any.
        second: of the second.
        rise: second less first, line by line.
        lines: whose text is known.
    """

    edits: Estimate
    changed: float
    bits: Estimate | None
    first: Estimate | None
    second: Estimate | None
    rise: Estimate | None
    lines: int


def compared_line(pair: LinePair, places: Sequence[PlaceComparison], *, with_bits: bool) -> LineComparison:
    """The comparison of one line.

    Args:
        pair: its recordings.
        places: layers and directions, compared over all lines: their matched units and their scale.
        with_bits: whether the posteriors can be compared.
    """
    distances = {
        place.name: {
            one.quantity: one.course(
                pair.first.trace(place.layer, place.direction),
                pair.second.trace(place.layer, place.direction),
                pair.frames_of(place.layer, place.direction),
            )
            for one in place.quantities
        }
        for place in places
    }
    bits = None
    if with_bits:
        assert pair.first.emission is not None, "posteriors were looked for"
        assert pair.second.emission is not None, "posteriors were looked for"
        one, other = shared_posteriors(pair.first.emission, pair.second.emission)
        bits = jensen_shannon(sampled(one, pair.frames.first), sampled(other, pair.frames.second))
    texts = [recording.text for recording in (pair.first, pair.second)]
    errors = None
    if pair.truth:
        errors = edit_distance(pair.truth, texts[0]), edit_distance(pair.truth, texts[1])
    mean = np.mean([values for one in distances.values() for values in one.values()], axis=0)
    symbols = symbol_pairs(pair.first.alignment, pair.second.alignment) if _read(pair) else []
    return LineComparison(
        pair, distances, bits, symbols, _symbols(pair, symbols, mean, bits), edit_distance(*texts), errors
    )


def _read(pair: LinePair) -> bool:
    return pair.first.emission is not None and pair.second.emission is not None


def _symbols(
    pair: LinePair, pairs: Pairs, distance: Float64[np.ndarray, " N"], bits: Float64[np.ndarray, " N"] | None
) -> tuple[SymbolParting, ...]:
    """Every symbol with the mean over its own columns: half-way to its neighbors."""
    borders = boundaries(pair.first.alignment, pair.first.grid)
    columns = pair.frames.columns
    found = []
    for a, b in pairs:
        start, stop = (borders[a], borders[a + 1]) if a is not None else (float("nan"), float("nan"))
        inside = (columns >= start) & (columns < stop) & np.isfinite(distance)
        found.append(
            SymbolParting(
                None if a is None else pair.first.alignment.spans[a].symbol,
                None if b is None else pair.second.alignment.spans[b].symbol,
                start,
                stop,
                float(distance[inside].mean()) if inside.any() else float("nan"),
                float(bits[inside].mean()) if bits is not None and inside.any() else float("nan"),
            )
        )
    return tuple(found)


def mean_of(courses: Sequence[Float64[np.ndarray, " _"]]) -> Estimate:
    """The mean over all places, with an interval over lines."""
    sums = np.array([np.nansum(course) for course in courses])
    counts = np.array([float(np.isfinite(course).sum()) for course in courses])
    return Jackknife().estimates({"sum": sums, "count": counts}, {"mean": ("sum", "count")})["mean"]


def cost_of(lines: Sequence[LineComparison]) -> Cost:
    """What the difference costs in text."""
    told = [line for line in lines if line.errors is not None and line.pair.truth]
    columns = {
        "edits": np.array([line.edits for line in lines]),
        "symbols": np.array([len(line.pair.first.text) for line in lines]),
        "first": np.array([line.errors[0] if line.errors else 0 for line in lines]),
        "second": np.array([line.errors[1] if line.errors else 0 for line in lines]),
        "truth": np.array([len(line.pair.truth or "") for line in lines]),
    }
    columns["rise"] = columns["second"] - columns["first"]
    ratios = {"edits": ("edits", "symbols")}
    if told:
        ratios |= {name: (name, "truth") for name in ("first", "second", "rise")}
    found = Jackknife().estimates(columns, ratios, signed=("rise",))
    courses = [line.bits for line in lines if line.bits is not None]
    return Cost(
        found["edits"],
        float(np.mean([line.edits > 0 for line in lines])),
        mean_of(courses) if courses else None,
        found.get("first"),
        found.get("second"),
        found.get("rise"),
        len(told),
    )
