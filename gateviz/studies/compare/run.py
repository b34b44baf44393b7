"""Two recognizers on the same lines, or one on two: recorded, and held against each other."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float64

from gateviz.capture.recognizer import Recognizer
from gateviz.data.gates import Direction, Quantity
from gateviz.errors import AlphabetError, GeometryError, ImageError, SelectionError
from gateviz.files.folders import LineSource
from gateviz.files.images import DEFAULT_MAX_PIXELS
from gateviz.measure.common_axis import FramePairs, by_column, by_symbol, sampled, symbol_pairs
from gateviz.measure.edit_distance import Pairs, edit_distance
from gateviz.measure.parting import jensen_shannon
from gateviz.measure.shared_posteriors import shared_posteriors
from gateviz.panels.reading import boundaries
from gateviz.recording import Recording
from gateviz.studies.account import Skipped
from gateviz.studies.compare.request import CompareRequest
from gateviz.studies.compare.results import Comparison, LineComparison, LinePair, SymbolParting, cost_of, mean_of
from gateviz.studies.compare.units import PlaceComparison, place_comparison
from gateviz.studies.corpus import Wanted, record_corpus

EVERYTHING = CompareRequest()


def compare_models(
    first: Recognizer,
    second: Recognizer,
    sources: Sequence[LineSource],
    request: CompareRequest = EVERYTHING,
    *,
    names: tuple[str, str] = ("A", "B"),
    max_pixels: int = DEFAULT_MAX_PIXELS,
    progress: Callable[[int], object] | None = None,
) -> Comparison:
    """Two recognizers over the same lines; frames are put together by the columns they look at.

    Args:
        first: the one.
        second: the other.
        sources: the lines, as ``files.folders.expand`` lists them.
        request: what is compared.
        names: of both, for words.
        max_pixels: refuse larger image files before they are decoded.
        progress: called with the number of lines that one of the two has just read.

    Raises:
        ImageError: there is no line, or none that both can read.
        SelectionError: they have no layer, direction and series in common.
        GeometryError: their frames cannot be put on one column axis.
    """
    wanted = Wanted(request.layers, request.quantities, max_pixels=max_pixels)
    read = [record_corpus(model, sources, wanted=wanted, progress=progress) for model in (first, second)]
    skipped = tuple(
        Skipped(one.source, f"{name}: {one.why}")
        for name, corpus in zip(names, read, strict=True)
        for one in corpus.skipped
    )
    others = {line.source: line.recording for line in read[1].lines}
    pairs = [
        LinePair(
            line.source.path.name, line.recording, other, _columns(line.recording, other, names), line.source.text,
            source=line.source,
        )
        for line in read[0].lines
        if (other := others.get(line.source)) is not None
    ]  # fmt: skip
    if not pairs:
        raise ImageError(f"none of the {len(sources)} lines can be read by both; the first reason: {skipped[0].why}")
    return compare_pairs(pairs, request, names=names, skipped=skipped)


def compare_images(
    first: Recording,
    second: Recording,
    request: CompareRequest = EVERYTHING,
    *,
    names: tuple[str, str] = ("A", "B"),
) -> Comparison:
    """Two images as one recognizer reads them.

    Args:
        first: the recording of the one.
        second: of the other.
        request: what of them is compared.
        names: of both, for words.

    Raises:
        GeometryError: by column, and the images differ in width.
        AlignmentError: by symbol, and one reads nothing.
    """
    axis = request.by or ("column" if _same_columns(first, second) else "symbol")
    frames = (
        by_column(first.grid, second.grid)
        if axis == "column"
        else by_symbol(first.alignment, first.grid, second.alignment)
    )
    pair = LinePair(" and ".join(names), first, second, frames, by_columns=axis == "column")
    return compare_pairs([pair], request, names=names, axis=axis, same_units=True)


def compare_pairs(
    pairs: Sequence[LinePair],
    request: CompareRequest = EVERYTHING,
    *,
    names: tuple[str, str] = ("A", "B"),
    axis: str = "column",
    same_units: bool = False,
    skipped: Sequence[Skipped] = (),
) -> Comparison:
    """Recordings beside each other.

    Args:
        pairs: of every line.
        request: what of them is compared.
        names: of both, for words.
        axis: how their frames were put together: ``column`` or ``symbol``.
        same_units: one network made all recordings, and its units need no matching.
        skipped: lines that could not be read.

    Raises:
        ImageError: there is no pair.
        SelectionError: they have no layer, direction and series in common.
    """
    if not pairs:
        raise ImageError("there is nothing to compare; give at least one line that both can read")
    common, alone = _common(pairs[0], names, request)
    places = [
        place_comparison(
            [(pair.first.trace(*place), pair.second.trace(*place), pair.frames_of(*place)) for pair in pairs],
            quantities,
            same_units=same_units,
        )
        for place, quantities in common.items()
    ]
    words = _posterior_words(pairs[0])
    lines = [_compared_line(pair, places, with_bits=not words) for pair in pairs]
    return Comparison(
        request,
        names,
        axis=axis,
        lines=tuple(lines),
        places=tuple(places),
        apart={place.name: mean_of([line.course(place.name) for line in lines]) for place in places},
        cost=cost_of(lines),
        alone=(*alone, *([words] if words else [])),
        skipped=tuple(skipped),
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
    pair: LinePair, names: tuple[str, str], request: CompareRequest
) -> tuple[dict[tuple[int, Direction], list[Quantity]], list[str]]:
    """The series that both have, by layer and direction; and in words what only one has.

    Raises:
        SelectionError: they have none in common.
    """
    both = [
        {
            (trace.layer, trace.direction): trace
            for trace in recording.traces
            if request.directions is None or trace.direction in request.directions
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


def _compared_line(pair: LinePair, places: Sequence[PlaceComparison], *, with_bits: bool) -> LineComparison:
    """One line, in the matched units and on the scale of all of them; ``with_bits`` where posteriors can be compared."""
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
    bits, symbols = None, []
    if pair.first.emission is not None and pair.second.emission is not None:
        symbols = symbol_pairs(pair.first.alignment, pair.second.alignment)
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
    return LineComparison(
        pair,
        distances,
        bits=bits,
        symbols=_symbols(pair, symbols, mean, bits),
        edits=edit_distance(*texts),
        errors=errors,
    )


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
                start=start,
                stop=stop,
                distance=float(distance[inside].mean()) if inside.any() else float("nan"),
                bits=float(bits[inside].mean()) if bits is not None and inside.any() else float("nan"),
            )
        )
    return tuple(found)
