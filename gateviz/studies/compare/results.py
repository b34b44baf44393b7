"""What a comparison comes to: line by line, layer by layer, and in text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from gateviz.data.gates import Direction, Quantity
from gateviz.files.folders import LineSource
from gateviz.measure.common_axis import FramePairs, at_columns
from gateviz.measure.jackknife import Estimate, Jackknife
from gateviz.measure.parting import parted
from gateviz.recording import Recording
from gateviz.studies.account import Skipped, Truths
from gateviz.studies.compare.request import THRESHOLD, CompareRequest
from gateviz.studies.compare.units import PlaceComparison

ROUNDING = 1e-5
"""Differences up to here are those of adding up in another order."""


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

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is to be said of the line (``data.remarks``), by either recording."""
        return tuple(dict.fromkeys(self.first.remarks + self.second.remarks))

    @property
    def one_image(self) -> bool:
        """Whether both recordings are of the same image."""
        one, other = self.first.image, self.second.image
        return one is not None and other is not None and np.array_equal(one, other)


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
        symbols: which symbol stands for which, in the frames' order, with how far they lie apart.
        edits: between the two texts.
        errors: of both against the truth; None where nobody said it.
    """

    pair: LinePair
    distances: Mapping[str, Mapping[Quantity, Float64[np.ndarray, " N"]]]
    bits: Float64[np.ndarray, " N"] | None
    symbols: tuple[SymbolParting, ...]
    edits: int
    errors: tuple[int, int] | None

    @property
    def mean_bits(self) -> float:
        """Divergence of the posteriors, mean over places; 0 where they cannot be compared."""
        return 0.0 if self.bits is None else float(np.nansum(self.bits) / max(np.isfinite(self.bits).sum(), 1))

    @property
    def misread(self) -> tuple[tuple[float, float], ...]:
        """Columns of the symbols that are read differently, neighboring ones together."""
        found: list[tuple[float, float]] = []
        for one in self.symbols:
            if one.first == one.second or not np.isfinite(one.start):
                continue
            joins = bool(found) and found[-1][1] == one.start
            found[-1:] = [(found[-1][0], one.stop)] if joins else [*found[-1:], (one.start, one.stop)]
        return tuple(found)

    def course(self, place: str) -> Float64[np.ndarray, " N"]:
        """How far one layer and direction lies apart along the line: the mean over its series."""
        return np.asarray(np.mean(list(self.distances[place].values()), axis=0))

    def stretches(self, place: str, threshold: float = THRESHOLD) -> list[tuple[float, float]]:
        """Where one layer and direction lies apart by more than a threshold: columns of the first image, half-open."""
        columns, half = self.pair.frames.columns, self.step / 2
        runs = parted(self.course(place), threshold)
        return [(float(columns[start]) - half, float(columns[stop - 1]) + half) for start, stop in runs]

    @property
    def step(self) -> float:
        """Columns from one place to the next."""
        columns = self.pair.frames.columns
        return float(np.median(np.diff(columns))) if len(columns) > 1 else self.pair.first.grid.stride

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


@dataclass(frozen=True, eq=False)
class Comparison:
    """Everything.

    Attributes:
        request: what was asked.
        names: of the first and the second.
        axis: how frames are put together: ``column`` or ``symbol``.
        lines: that both could read.
        places: layers and directions that both have, in network order.
        apart: by layer and direction, how far they lie apart on average, with an interval over lines.
        cost: in text.
        alone: layers and directions that only one has, and other things that could not be compared, in words.
        skipped: lines that one of the two could not read.
    """

    request: CompareRequest
    names: tuple[str, str]
    axis: str
    lines: tuple[LineComparison, ...]
    places: tuple[PlaceComparison, ...]
    apart: Mapping[str, Estimate]
    cost: Cost
    alone: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()

    def first_apart(self, threshold: float = ROUNDING) -> PlaceComparison | None:
        """The first layer and direction, in network order, that lies apart by more than a threshold on average."""
        return next((place for place in self.places if self.apart[place.name].value > threshold), None)

    def mean_distance(self, place: PlaceComparison, quantity: Quantity) -> float:
        """How far one series lies apart on average over the places of all lines."""
        return float(np.nanmean(np.concatenate([line.distances[place.name][quantity] for line in self.lines])))

    @property
    def truths(self) -> Truths | None:
        """How many lines have a true text, by which errors are counted; None for two images."""
        sources = [line.pair.source for line in self.lines if line.pair.source is not None]
        return Truths.of((source, True) for source in sources) if sources else None

    @property
    def shown(self) -> LineComparison:
        """The line to look at: the most edits, then the most divergence."""
        return max(self.lines, key=lambda line: (line.edits, line.mean_bits))


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
        bits=mean_of(courses) if courses else None,
        first=found.get("first"),
        second=found.get("second"),
        rise=found.get("rise"),
        lines=len(told),
    )
