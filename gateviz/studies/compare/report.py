"""What a comparison comes to, as tables, sentences and plain values."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

import numpy as np

from gateviz.files.printable import printable, text_width, visible
from gateviz.measure.edit_distance import paired
from gateviz.measure.jackknife import Estimate
from gateviz.studies.compare.results import Comparison, LineComparison
from gateviz.studies.compare.units import PlaceComparison
from gateviz.studies.page import Figure, Page, Part, Section, Sentence, Table, Where, counted, skipped_table

SHOWN = 5
"""Lines whose texts a terminal shows; a page, and JSON, have all of them."""

# Digits beyond are those of adding up in another order.
_DIGITS = 9


def comparison_page(comparison: Comparison, origin: Mapping[str, Any]) -> Page:
    """All that is said of a comparison.

    Args:
        comparison: what was compared.
        origin: which models read (``first`` and ``second``), or which images one ``model`` read.
    """
    single, title = "model" in origin, title_of(origin)
    truths = [] if comparison.truths is None else [f"{comparison.truths.counted}."]
    shown = "the line that differs most" if len(comparison.lines) > 1 else "the line"
    words = f"Where they part on {shown}, how their values are distributed, and how alike their units are"
    blocks: list[Sequence[str | Part]] = [
        truths, [title], _cost_words(comparison, single=single), [Figure("whole", words)], [_layer_table(comparison)],
        [*map(_matched, comparison.places), *_parting_words(comparison, single=single)],
        [_symbol_table(comparison.lines[0])] if single else [], _texts(comparison),
        [*comparison.alone, *_skipped(comparison)],
    ]  # fmt: skip
    sections = (Section(tuple(Sentence(each) if isinstance(each, str) else each for each in block)) for block in blocks)
    numbers = document(comparison)
    return Page(f"Where two part: {title}", tuple(sections), {**origin, **numbers}, list(_rows(numbers)))


def title_of(origin: Mapping[str, Any]) -> str:
    """What A and B are."""
    given = (origin["first"], origin["second"])
    names = [PurePath(one.get("image") or one["checkpoint"] or one["lineage"]).name for one in given]
    read = f", read by {origin['model']['checkpoint'] or origin['model']['lineage']}" if "model" in origin else ""
    return printable(f"A: {names[0]}   B: {names[1]}{read}")


def document(comparison: Comparison) -> dict[str, Any]:
    """Everything as plain values."""
    threshold = comparison.request.threshold
    first, part = comparison.first_apart(), comparison.first_apart(threshold)
    cost = comparison.cost
    return {
        "names": list(comparison.names),
        "truths": None
        if (truths := comparison.truths) is None
        else {"lines": truths.lines, "with_true_text": truths.told, "by": list(truths.by), "words": truths.counted},
        "frames_by": comparison.axis,
        "lines": len(comparison.lines),
        "skipped": [{"line": str(one.source.path), "why": one.why} for one in comparison.skipped],
        "not_compared": list(comparison.alone),
        "threshold": threshold,
        "first_apart": None if first is None else first.name,
        "first_parted": None if part is None else part.name,
        "cost": {
            "text_changed": _estimate(cost.edits),
            "lines_changed": cost.changed,
            "posterior_bits": _estimate(cost.bits),
            "error_rate_first": _estimate(cost.first),
            "error_rate_second": _estimate(cost.second),
            "error_rate_rise": _estimate(cost.rise),
            "lines_with_truth": cost.lines,
        },
        "layers": [_place(comparison, place) for place in comparison.places],
        "line_by_line": [_line(comparison, line, threshold) for line in comparison.lines],
    }


def _rows(numbers: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A row a series of a layer and direction."""
    for place in numbers["layers"]:
        for one in place["quantities"]:
            row = {"layer": place["layer"], "direction": place["direction"], **one}
            for name in ("redundancy", "mean"):
                row[f"{name}_first"], row[f"{name}_second"] = row.pop(name)
            yield row


def _estimate(estimate: Estimate | None) -> dict[str, float] | None:
    return None if estimate is None else {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def _place(comparison: Comparison, place: PlaceComparison) -> dict[str, Any]:
    return {
        "layer": place.layer,
        "direction": place.direction,
        "apart": _estimate(comparison.apart[place.name]),
        "units": list(place.likeness.shape),
        "matching": {
            "similarity": round(place.matching.mean, _DIGITS),
            "own_numbers": round(place.matching.own, _DIGITS),
            "keeps_numbers": place.matching.identity,
            "by_chance": round(place.chance, _DIGITS),
            "first": place.matching.first.tolist(),
            "second": place.matching.second.tolist(),
            "sign": place.matching.sign.tolist(),
            "each": [
                None if np.isnan(value) else round(value, _DIGITS) for value in place.matching.similarity.tolist()
            ],
        },
        "quantities": [
            {
                "quantity": str(one.quantity),
                "apart": comparison.mean_distance(place, one.quantity),
                "distribution_distance": one.distance,
                "unit_distribution_distance": one.unit_distance,
                "similarity": round(one.similarity, _DIGITS),
                "units_compared": one.compared,
                "redundancy": [round(value, _DIGITS) for value in one.redundancy],
                "mean": list(one.means),
                "varies_by": one.scale,
            }
            for one in place.quantities
        ],
    }


def _line(comparison: Comparison, line: LineComparison, threshold: float) -> dict[str, Any]:
    return {
        "line": line.pair.name,
        "truth": line.pair.truth,
        "texts": [line.pair.first.text, line.pair.second.text],
        "edits": line.edits,
        "errors": None if line.errors is None else list(line.errors),
        "posterior_bits": None if line.bits is None else line.mean_bits,
        "layers": {
            place.name: {
                "apart": float(np.nanmean(course)),
                "most_at_column": float(line.pair.frames.columns[int(np.nanargmax(course))]),
                "parts_at_column": onset if np.isfinite(onset := line.onset(place.name, threshold)) else None,
                "parted_columns": [list(stretch) for stretch in line.stretches(place.name, threshold)],
            }
            for place in comparison.places
            if (course := line.course(place.name)) is not None
        },
        "symbols": [
            {
                "first": one.first,
                "second": one.second,
                "columns": [one.start, one.stop] if np.isfinite(one.start) else None,
                "apart": one.distance if np.isfinite(one.distance) else None,
                "posterior_bits": one.bits if np.isfinite(one.bits) else None,
            }
            for one in line.symbols
        ],
    }


def _cost_words(comparison: Comparison, *, single: bool) -> list[str]:
    cost, count = comparison.cost, len(comparison.lines)
    changed = sum(line.edits > 0 for line in comparison.lines)
    words = [f"frames put together by {comparison.axis}"]
    if single:
        words.append(f"{comparison.lines[0].edits} edits between the two texts")
    else:
        words[0] = f"{counted(count, 'line')}, {words[0]}"
        share = f"{_percent(cost.edits)} of the symbols" if cost.edits.of else "A reads nothing"
        words.append(f"text changed: {share}, {changed} of {count} lines")
    if cost.first is not None and cost.second is not None and cost.rise is not None:
        words.append(
            f"character error rate: A {_percent(cost.first)}, B {_percent(cost.second)}; B - A {_percent(cost.rise)}"
        )
    if cost.bits is not None:
        words.append(f"posteriors apart: {cost.bits.value:.3g} bits a frame, of 1")
    return words


def _percent(estimate: Estimate) -> str:
    if estimate.low != estimate.low:
        # A single line has no interval.
        return f"{100 * estimate.value:.2f} %"
    return f"{100 * estimate.value:.2f} % ({100 * estimate.low:.2f} to {100 * estimate.high:.2f})"


def _layer_table(comparison: Comparison) -> Table:
    head = ("layer", "series", "apart", "distributions", "by unit", "similarity", "redundancy A", "B")
    rows = [
        [
            place.words if number == 0 else "", one.quantity.words, f"{comparison.mean_distance(place, one.quantity):.3g}",
            f"{one.distance:.3g}", f"{one.unit_distance:.3g}", f"{one.similarity:.3f}",
            *(f"{value:.2f}" for value in one.redundancy),
        ]
        for place in comparison.places
        for number, one in enumerate(place.quantities)
    ]  # fmt: skip
    return Table(head, rows, numeric=frozenset(head[2:]))


def _matched(place: PlaceComparison) -> str:
    matching, (one, other) = place.matching, place.likeness.shape
    units = f"{place.words}: {one} units" + ("" if one == other else f" against {other}")
    chance = f"by chance {place.chance:.2f}"
    if matching.identity:
        return f"{units} keep their numbers, similarity {matching.mean:.3f}, {chance}"
    own = f"; number by number {matching.own:.3f}" if one == other else ""
    turned = int((matching.sign < 0).sum())
    sign = f", {turned} with the sign of their state turned" if turned else ""
    return f"{units} matched anew{sign}, similarity {matching.mean:.3f}{own}, {chance}"


def _parting_words(comparison: Comparison, *, single: bool) -> list[str]:
    threshold = comparison.request.threshold
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


def _symbol_table(line: LineComparison) -> Table:
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
    return Table(("A", "B", "columns of A", "apart", "bits"), rows)


def _texts(comparison: Comparison) -> list[Sentence | Table]:
    """The texts of the lines that are read most differently, for a terminal with marks where they part."""
    changed = sorted((line for line in comparison.lines if line.edits), key=lambda line: -line.edits)
    words = []
    for line in changed[:SHOWN]:
        words.append(f"{printable(line.pair.name)}: {line.edits} edits")
        words += [f"  {row}" for row in marked(line.pair.first.text, line.pair.second.text)]
        if line.pair.truth:
            words.insert(-1, f"  T  {printable(line.pair.truth)}")
    if (more := len(changed) - SHOWN) > 0:
        words.append(f"and {more} more lines that are read differently")
    rows = [
        [line.pair.name, str(line.edits), line.pair.truth or "", line.pair.first.text, line.pair.second.text]
        for line in changed
    ]
    head, title = ("line", "edits", "written", "A reads", "B reads"), "Lines that are read differently"
    table = Table(head, rows, title, Where.HTML, numeric=frozenset({"edits"}))
    return [*(Sentence(row, where=Where.TERMINAL) for row in words), table]


def marked(first: str, second: str) -> list[str]:
    """Two texts under each other, symbol under symbol, and a line that marks where they part.

    Example:
        >>> print(*marked("commitee", "comitees"), sep="|")
        A  commitee·|B  com·itees|      ^    ^
    """
    rows = ["A  ", "B  ", "   "]
    for a, b in paired(first, second):
        cells = ["·" if a is None else printable(first[a]), "·" if b is None else printable(second[b])]
        width = max(text_width(cell) for cell in cells)
        cells.append(" " if a is not None and b is not None and first[a] == second[b] else "^" * width)
        rows = [row + cell + " " * (width - text_width(cell)) for row, cell in zip(rows, cells, strict=True)]
    return [row.rstrip() for row in rows]


def _skipped(comparison: Comparison) -> list[Sentence | Table]:
    """The lines that one of the two could not read, each once."""
    lines = list({one.source: one for one in reversed(comparison.skipped)}.values())[::-1]
    verb = "is" if len(lines) == 1 else "are"
    words = f"{counted(len(lines), 'line')} could not be read by both and {verb} left out"
    return [Sentence(words), skipped_table(lines)] if lines else []
