"""A comparison as plain values, and as the page of a figure."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gateviz.measure.jackknife import Estimate
from gateviz.measure.matching import Matching
from gateviz.measure.parting import THRESHOLD
from gateviz.panels.contrasted import (
    ContrastPage,
    DistributionPanel,
    DistributionRow,
    LikenessPanel,
    Strip,
    distance_scale,
    in_matched_order,
)
from gateviz.panels.panel import HeatmapPanel, Line, LinePanel
from gateviz.panels.reading import PATH, column_axis, image_panel, span_panel
from gateviz.recording import Recording
from gateviz.survey.comparison import Comparison
from gateviz.survey.comparison_lines import LineComparison
from gateviz.survey.comparison_units import PlaceComparison

# Digits beyond are those of adding up in another order.
_DIGITS = 9


def comparison_document(comparison: Comparison, *, threshold: float = THRESHOLD) -> dict[str, Any]:
    """Everything as plain values.

    Args:
        comparison: the outcome.
        threshold: above it two series have parted, in units of how much units vary.
    """
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


def comparison_page(comparison: Comparison, *, title: str, metadata: Mapping[str, str] | None = None) -> ContrastPage:
    """The page of a comparison: the line that differs most, and all lines' distributions and matched units.

    Args:
        comparison: the outcome.
        title: what is compared.
        metadata: goes into the file.
    """
    line = comparison.shown
    start, stop, axis_label = column_axis(line.pair.first)
    if not _same_image(line.pair.first, line.pair.second):
        axis_label = axis_label.replace("line image", f"line image {comparison.names[0]}")
    courses = {place.name: np.stack(list(line.distances[place.name].values())) for place in comparison.places}
    scale = distance_scale(list(courses.values()))
    left, right = _ends(line)
    several = len(comparison.lines)
    counted = "" if comparison.truths is None else f"{comparison.truths.counted}. "
    return ContrastPage(
        title,
        _strips(comparison, line),
        start,
        stop,
        axis_label,
        _bits(line),
        tuple(
            HeatmapPanel(
                place.words, courses[place.name].astype(np.float32), left, right,
                tuple(one.quantity.letter for one in place.quantities), scale, color_key="how far apart", group=place.words,
            )
            for place in comparison.places
        ),
        _misread(line),
        tuple(_distributions(place) for place in comparison.places),
        tuple(_likeness(place) for place in comparison.places),
        comparison.names,
        f"{counted}Distances in units of how much units vary: 0 the same, about 1.4 unrelated. Distributions and units over "
        f"{several} {'lines; the line shown differs most' if several > 1 else 'line'}.",
        dict(metadata or {}),
    )  # fmt: skip


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
                "apart": mean_distance(comparison, place, str(one.quantity)),
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


def mean_distance(comparison: Comparison, place: PlaceComparison, quantity: str) -> float:
    """How far one series lies apart on average over the places of all lines."""
    courses = [
        course
        for line in comparison.lines
        for one, course in line.distances[place.name].items()
        if str(one) == quantity
    ]
    return float(np.nanmean(np.concatenate(courses)))


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


def _misread(line: LineComparison) -> tuple[tuple[float, float], ...]:
    """Columns of the symbols that are read differently, neighboring ones together."""
    found: list[tuple[float, float]] = []
    for one in line.symbols:
        if one.first == one.second or not np.isfinite(one.start):
            continue
        joins = bool(found) and found[-1][1] == one.start
        found[-1:] = [(found[-1][0], one.stop)] if joins else [*found[-1:], (one.start, one.stop)]
    return tuple(found)


def _ends(line: LineComparison) -> tuple[float, float]:
    """The outer borders of the places, in columns."""
    columns = line.pair.frames.columns
    step = float(np.median(np.diff(columns))) if len(columns) > 1 else line.pair.first.grid.stride
    return float(columns[0]) - step / 2, float(columns[-1]) + step / 2


def _strips(comparison: Comparison, line: LineComparison) -> tuple[Strip, ...]:
    found = []
    for number, (name, recording) in enumerate(zip(comparison.names, (line.pair.first, line.pair.second), strict=True)):
        if recording.emission is None:
            continue
        start, stop, _ = column_axis(recording)
        # Two models read one image, which is drawn once.
        repeated = number == 1 and _same_image(line.pair.first, recording)
        image = None if repeated else image_panel(recording)
        found.append(Strip(name, image, span_panel(recording, recording.alignment), start, stop))
    return tuple(found)


def _same_image(first: Recording, second: Recording) -> bool:
    return first.image is not None and second.image is not None and np.array_equal(first.image, second.image)


def _bits(line: LineComparison) -> LinePanel | None:
    if line.bits is None:
        return None
    curve = Line("posteriors apart (bits)", line.bits, PATH)
    return LinePanel("posteriors apart", line.pair.frames.columns, (curve,), 0.0, 1.0, group="posteriors apart")


def _distributions(place: PlaceComparison) -> DistributionRow:
    return DistributionRow(
        place.words,
        tuple(
            DistributionPanel(one.quantity.letter, one.quantity.value, one.edges, *one.shares, one.distance)
            for one in place.quantities
        ),
    )


def _likeness(place: PlaceComparison) -> LikenessPanel:
    matching = place.matching
    values = in_matched_order(place.likeness, matching.first.tolist(), matching.second.tolist())
    return LikenessPanel(place.words, values, matching_words(matching, place.chance))


def matching_words(matching: Matching, chance: float) -> str:
    """What was matched, for people.

    Example:
        >>> from gateviz.measure.matching import matched
        >>> matching_words(matched(np.eye(3)), 0.2)
        'own numbers: 1.00 (chance 0.20)'
    """
    how = "own numbers" if matching.identity else "matched"
    return f"{how}: {matching.mean:.2f} (chance {chance:.2f})"
