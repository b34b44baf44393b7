"""Two recognizers on the same lines, or one on two: where they part, and what it costs in text."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from gateviz.capture.recognizer import Recognizer
from gateviz.data.gates import Direction, Quantity
from gateviz.errors import AlphabetError, GeometryError, ImageError, SelectionError
from gateviz.files.folders import LineSource
from gateviz.files.images import DEFAULT_MAX_PIXELS
from gateviz.measure.common_axis import FramePairs, by_column, by_symbol, symbol_pairs
from gateviz.measure.jackknife import Estimate
from gateviz.measure.shared_posteriors import shared_posteriors
from gateviz.recording import Recording
from gateviz.studies.account import Corpus, Skipped, Truths
from gateviz.studies.corpus import Wanted, record_corpus
from gateviz.survey.comparison_lines import Cost, LineComparison, LinePair, compared_line, cost_of, mean_of
from gateviz.survey.comparison_units import PlaceComparison, place_comparison

# Differences up to here are those of adding up in another order.
ROUNDING = 1e-5


@dataclass(frozen=True, eq=False)
class Comparison:
    """Everything.

    Attributes:
        names: of the first and the second.
        axis: how frames are put together: ``column`` or ``symbol``.
        lines: that both could read.
        places: layers and directions that both have, in network order.
        apart: by layer and direction, how far they lie apart on average, with an interval over lines.
        cost: in text.
        alone: layers and directions that only one has, and other things that could not be compared, in words.
        skipped: lines that one of the two could not read.
        remarks: what is to be said of lines that were read (``data.remarks``), by the line's name.
    """

    names: tuple[str, str]
    axis: str
    lines: tuple[LineComparison, ...]
    places: tuple[PlaceComparison, ...]
    apart: Mapping[str, Estimate]
    cost: Cost
    alone: tuple[str, ...] = field(default=())
    skipped: tuple[Skipped, ...] = field(default=())
    remarks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def first_apart(self, threshold: float = ROUNDING) -> PlaceComparison | None:
        """The first layer and direction, in network order, that lies apart by more than a threshold on average."""
        return next((place for place in self.places if self.apart[place.name].value > threshold), None)

    @property
    def truths(self) -> Truths | None:
        """How many lines have a true text, by which errors are counted; None for two images."""
        sources = [line.pair.source for line in self.lines if line.pair.source is not None]
        return Truths.of((source, True) for source in sources) if sources else None

    @property
    def shown(self) -> LineComparison:
        """The line to look at: the most edits, then the most divergence."""
        return max(self.lines, key=lambda line: (line.edits, line.mean_bits))


def compare_models(
    first: Recognizer,
    second: Recognizer,
    sources: Sequence[LineSource],
    *,
    layers: Collection[int] | None = None,
    directions: Collection[Direction | str] | None = None,
    quantities: Collection[Quantity | str] | None = None,
    names: tuple[str, str] = ("A", "B"),
    max_pixels: int = DEFAULT_MAX_PIXELS,
    progress: Callable[[int], object] | None = None,
) -> Comparison:
    """Two recognizers over the same lines; frames are put together by the columns they look at.

    Args:
        first: the one.
        second: the other.
        sources: the lines, as ``files.folders.expand`` lists them.
        layers: compare these layers only.
        directions: compare these directions only.
        quantities: compare these series only.
        names: of both, for words.
        max_pixels: refuse larger image files before they are decoded.
        progress: called with the number of lines that one of the two has just read.

    Raises:
        ImageError: there is no line, or none that both can read.
        SelectionError: they have no layer, direction and series in common.
        GeometryError: their frames cannot be put on one column axis.
    """
    read: list[Corpus] = [
        record_corpus(model, sources, wanted=Wanted(layers, quantities, (), max_pixels), progress=progress)
        for model in (first, second)
    ]
    skipped = tuple(
        Skipped(one.source, f"{name}: {one.why}")
        for name, corpus in zip(names, read, strict=True)
        for one in corpus.skipped
    )
    others = {line.source: line.recording for line in read[1].lines}
    pairs = [
        LinePair(
            line.source.path.name,
            line.recording,
            other,
            _columns(line.recording, other, names),
            line.source.text,
            source=line.source,
        )
        for line in read[0].lines
        if (other := others.get(line.source)) is not None
    ]
    if not pairs:
        raise ImageError(f"none of the {len(sources)} lines can be read by both; the first reason: {skipped[0].why}")
    said = {pair.name: tuple(dict.fromkeys(pair.first.remarks + pair.second.remarks)) for pair in pairs}
    return replace(compare_pairs(pairs, names=names, directions=directions, skipped=skipped), remarks=said)


def compare_images(
    first: Recording,
    second: Recording,
    *,
    directions: Collection[Direction | str] | None = None,
    names: tuple[str, str] = ("A", "B"),
    by: str | None = None,
) -> Comparison:
    """Two images as one recognizer reads them.

    Args:
        first: the recording of the one.
        second: of the other.
        directions: compare these directions only.
        names: of both, for words.
        by: ``column`` puts together frames that look at the same columns, ``symbol`` those that read the
            same symbol of an edit alignment; None takes columns where both images are of one size and
            what both read alike lies at the same columns, to within a frame.

    Raises:
        SelectionError: there is no such axis.
        GeometryError: by column, and the images differ in width.
        AlignmentError: by symbol, and one reads nothing.
    """
    if by not in (None, "column", "symbol"):
        raise SelectionError(f"frames cannot be put together by {by!r}; choose column or symbol")
    axis = by or ("column" if _same_columns(first, second) else "symbol")
    frames = (
        by_column(first.grid, second.grid)
        if axis == "column"
        else by_symbol(first.alignment, first.grid, second.alignment)
    )
    pair = LinePair(" and ".join(names), first, second, frames, by_columns=axis == "column")
    return compare_pairs([pair], names=names, directions=directions, axis=axis, same_units=True)


def compare_pairs(
    pairs: Sequence[LinePair],
    *,
    names: tuple[str, str] = ("A", "B"),
    directions: Collection[Direction | str] | None = None,
    axis: str = "column",
    same_units: bool = False,
    skipped: Sequence[Skipped] = (),
) -> Comparison:
    """Recordings beside each other.

    Args:
        pairs: of every line.
        names: of both, for words.
        directions: compare these directions only.
        axis: how their frames were put together: ``column`` or ``symbol``.
        same_units: one network made all recordings, and its units need no matching.
        skipped: lines that could not be read.

    Raises:
        ImageError: there is no pair.
        SelectionError: they have no layer, direction and series in common.
    """
    if not pairs:
        raise ImageError("there is nothing to compare; give at least one line that both can read")
    common, alone = _common(pairs[0], names, directions)
    places = [
        place_comparison(
            [(pair.first.trace(*place), pair.second.trace(*place), pair.frames_of(*place)) for pair in pairs],
            quantities,
            same_units=same_units,
        )
        for place, quantities in common.items()
    ]
    words = _posterior_words(pairs[0])
    lines = [compared_line(pair, places, with_bits=not words) for pair in pairs]
    return Comparison(
        names,
        axis,
        tuple(lines),
        tuple(places),
        {place.name: mean_of([line.course(place.name) for line in lines]) for place in places},
        cost_of(lines),
        (*alone, *([words] if words else [])),
        tuple(skipped),
    )


def _columns(first: Recording, second: Recording, names: tuple[str, str]) -> FramePairs:
    seen = [recording.provenance.seen or "as it is" for recording in (first, second)]
    if seen[0] != seen[1]:
        raise GeometryError(
            f"{names[0]} sees the line {seen[0]} and {names[1]} sees it {seen[1]}, so their columns are not the same; "
            "compare models that see the same image"
        )
    return by_column(first.grid, second.grid)


def _same_columns(first: Recording, second: Recording) -> bool:
    """Whether two images are of one size and what both read alike lies at the same columns, to within a frame."""
    if first.grid != second.grid:
        return False
    one, other = first.alignment.spans, second.alignment.spans
    shifts = [
        (other[b].start + other[b].stop - one[a].start - one[a].stop) / 2
        for a, b in symbol_pairs(first.alignment, second.alignment)
        if a is not None and b is not None and one[a].symbol == other[b].symbol
    ]
    longest = max(len(one), len(other))
    # Half of the symbols at least must say so, or equal sizes are an accident.
    return not longest or (2 * len(shifts) >= longest and float(np.median(np.abs(shifts))) <= 1)


def _common(
    pair: LinePair, names: tuple[str, str], directions: Collection[Direction | str] | None
) -> tuple[dict[tuple[int, Direction], list[Quantity]], list[str]]:
    """The series that both have, by layer and direction; and in words what only one has.

    Raises:
        SelectionError: they have none in common.
    """
    both = [
        {
            (trace.layer, trace.direction): trace
            for trace in recording.traces
            if directions is None or trace.direction in directions
        }
        for recording in (pair.first, pair.second)
    ]
    common: dict[tuple[int, Direction], list[Quantity]] = {}
    alone = [
        f"{name} alone has {', '.join(f'layer {layer} {direction}' for layer, direction in missing)}"
        for name, here, there in zip(names, both, both[::-1], strict=True)
        if (missing := [place for place in here if place not in there])
    ]
    for place in both[0]:
        if place in both[1] and (shared := [q for q in both[0][place].values if q in both[1][place].values]):
            common[place] = shared
            only = [
                q.words
                for side, other in (both, both[::-1])
                for q in side[place].values
                if q not in other[place].values
            ]
            if only:
                alone.append(f"layer {place[0]} {place[1]}: only one of the two has {', '.join(only)}")
    if not common:
        lists = [", ".join(trace.name for trace in side.values()) or "none" for side in both]
        raise SelectionError(
            f"{names[0]} has the layers {lists[0]} and {names[1]} has {lists[1]}; with no layer, direction and series "
            "in common there is nothing to compare"
        )
    return common, alone


def _posterior_words(pair: LinePair) -> str:
    """Why the posteriors cannot be compared; empty where they can."""
    if pair.first.emission is None or pair.second.emission is None:
        return "one of the two has no posteriors to compare"
    try:
        shared_posteriors(pair.first.emission, pair.second.emission)
    except AlphabetError as error:
        return str(error)
    return ""
