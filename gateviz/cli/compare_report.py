"""What ``gateviz compare`` says to people."""

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from gateviz.files.printable import printable, table, text_width, visible

if TYPE_CHECKING:
    from gateviz.measure.jackknife import Estimate
    from gateviz.survey.comparison import Comparison
    from gateviz.survey.comparison_lines import LineComparison
    from gateviz.survey.comparison_units import PlaceComparison

# Lines whose texts are printed.
SHOWN = 5


def title_of(origin: dict[str, Any]) -> str:
    """What A and B are."""
    names = [
        PurePath(one.get("image") or one["checkpoint"] or one["lineage"]).name
        for one in (origin["first"], origin["second"])
    ]
    read = f", read by {origin['model']['checkpoint'] or origin['model']['lineage']}" if "model" in origin else ""
    return printable(f"A: {names[0]}   B: {names[1]}{read}")


def comparison_words(comparison: "Comparison", origin: dict[str, Any], threshold: float) -> str:
    """Everything, in tables."""
    single = "model" in origin
    truths = [] if comparison.truths is None else [f"{comparison.truths.counted}."]
    parts = [*truths, title_of(origin), _cost_words(comparison, single=single), _layer_table(comparison)]
    parts.append("\n".join([*_matching_words(comparison), *_parting_words(comparison, threshold, single=single)]))
    if single:
        parts.append(_symbol_table(comparison.lines[0]))
    parts.append("\n".join(_text_words(comparison)))
    notes = [*comparison.alone, *_skipped_words(comparison)]
    return "\n\n".join(part for part in [*parts, "\n".join(notes)] if part)


def _cost_words(comparison: "Comparison", *, single: bool) -> str:
    cost, count = comparison.cost, len(comparison.lines)
    changed = sum(line.edits > 0 for line in comparison.lines)
    words = [f"frames put together by {comparison.axis}"]
    if single:
        words.append(f"{comparison.lines[0].edits} edits between the two texts")
    else:
        words[0] = f"{count} {'line' if count == 1 else 'lines'}, {words[0]}"
        share = f"{_percent(cost.edits)} of the symbols" if cost.edits.of else "A reads nothing"
        words.append(f"text changed: {share}, {changed} of {count} lines")
    if cost.first is not None and cost.second is not None and cost.rise is not None:
        words.append(
            f"character error rate: A {_percent(cost.first)}, B {_percent(cost.second)}; B - A {_percent(cost.rise)}"
        )
    if cost.bits is not None:
        words.append(f"posteriors apart: {cost.bits.value:.3g} bits a frame, of 1")
    return "\n".join(words)


def _percent(estimate: "Estimate") -> str:
    if estimate.low != estimate.low:
        # A single line has no interval.
        return f"{100 * estimate.value:.2f} %"
    return f"{100 * estimate.value:.2f} % ({100 * estimate.low:.2f} to {100 * estimate.high:.2f})"


def _layer_table(comparison: "Comparison") -> str:
    from gateviz.survey.comparison_report import mean_distance

    header = ["layer", "series", "apart", "distributions", "by unit", "similarity", "redundancy A", "B"]
    rows = []
    for place in comparison.places:
        for number, one in enumerate(place.quantities):
            rows.append(
                [
                    place.words if number == 0 else "",
                    one.quantity.words,
                    f"{mean_distance(comparison, place, one.quantity):.3g}",
                    f"{one.distance:.3g}",
                    f"{one.unit_distance:.3g}",
                    f"{one.similarity:.3f}",
                    *(f"{value:.2f}" for value in one.redundancy),
                ]
            )
    return table(header, rows)


def _matching_words(comparison: "Comparison") -> list[str]:
    return [f"{place.words}: {_matched(place)}" for place in comparison.places]


def _matched(place: "PlaceComparison") -> str:
    matching, (one, other) = place.matching, place.likeness.shape
    units = f"{one} units" if one == other else f"{one} units against {other}"
    chance = f"by chance {place.chance:.2f}"
    if matching.identity:
        return f"{units} keep their numbers, similarity {matching.mean:.3f}, {chance}"
    own = f"; number by number {matching.own:.3f}" if one == other else ""
    turned = int((matching.sign < 0).sum())
    sign = f", {turned} with the sign of their state turned" if turned else ""
    return f"{units} matched anew{sign}, similarity {matching.mean:.3f}{own}, {chance}"


def _parting_words(comparison: "Comparison", threshold: float, *, single: bool) -> list[str]:
    first, part = comparison.first_apart(), comparison.first_apart(threshold)
    if first is None:
        return ["nothing parts: all series are the same, but for rounding"]
    here = comparison.apart[first.name].value
    words = [f"the first layer apart: {first.words} ({here:.3g} on average)"]
    if part is not None and part is not first:
        words.append(
            f"the first apart by more than {threshold:g}: {part.words} ({comparison.apart[part.name].value:.3g})"
        )
    shown = comparison.shown
    # Columns are those of the first image.
    image = comparison.names[0] if single else shown.pair.name
    for place in comparison.places:
        stretches = shown.stretches(place.name, threshold)
        if stretches:
            onset = shown.onset(place.name, threshold)
            total = sum(stop - start for start, stop in stretches)
            words.append(
                f"{place.words} parts at column {onset:.0f} of {image}, the way it reads "
                f"(above {threshold:g} over {total:.0f} columns)"
            )
    if len(words) == 1:
        words.append(f"no layer lies apart by more than {threshold:g} anywhere in {image}")
    return words


def _symbol_table(line: "LineComparison") -> str:
    rows = [
        [
            "-" if one.first is None else visible(one.first),
            "-" if one.second is None else visible(one.second),
            "-" if one.first is None else f"{one.start:.0f} to {one.stop:.0f}",
            f"{one.distance:.3f}" if one.distance == one.distance else "-",
            f"{one.bits:.3f}" if one.bits == one.bits else "-",
        ]
        for one in line.symbols
    ]
    return table(["A", "B", "columns of A", "apart", "bits"], rows) if rows else ""


def _text_words(comparison: "Comparison") -> list[str]:
    """The texts of the lines that are read most differently, with marks where they part."""
    changed = sorted((line for line in comparison.lines if line.edits), key=lambda line: -line.edits)
    words = []
    for line in changed[:SHOWN]:
        words.append(f"{printable(line.pair.name)}: {line.edits} edits")
        words += [f"  {row}" for row in marked(line.pair.first.text, line.pair.second.text)]
        if line.pair.truth:
            words.insert(-1, f"  T  {printable(line.pair.truth)}")
    if (more := len(changed) - SHOWN) > 0:
        words.append(f"and {more} more lines that are read differently")
    return words


def marked(first: str, second: str) -> list[str]:
    """Two texts under each other, symbol under symbol, and a line that marks where they part.

    Example:
        >>> print(*marked("commitee", "comitees"), sep="|")
        A  commitee·|B  com·itees|      ^    ^
    """
    from gateviz.measure.edit_distance import paired

    rows = ["A  ", "B  ", "   "]
    for a, b in paired(first, second):
        cells = ["·" if a is None else printable(first[a]), "·" if b is None else printable(second[b])]
        width = max(text_width(cell) for cell in cells)
        cells.append(" " if a is not None and b is not None and first[a] == second[b] else "^" * width)
        rows = [row + cell + " " * (width - text_width(cell)) for row, cell in zip(rows, cells, strict=True)]
    return [row.rstrip() for row in rows]


def _skipped_words(comparison: "Comparison") -> list[str]:
    lines = {str(one.source.path) for one in comparison.skipped}
    if not lines:
        return []
    count = len(lines)
    return [
        f"{count} {'line' if count == 1 else 'lines'} could not be read by both and {'is' if count == 1 else 'are'} left out"
    ]
