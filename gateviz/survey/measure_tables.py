"""A report on measures as tables: rows of words for people, and plain values for programs."""

from typing import Any

import numpy as np

from gateviz.measure.jackknife import RULE
from gateviz.measure.timescale import memory_spread, share_beyond
from gateviz.survey.measure_report import MeasureReport, PlaceMeasures, Telling
from gateviz.survey.measure_sums import GROUPS
from gateviz.survey.measure_words import margin_of, memory_words, p_words, telling_words

MEMORY_HEAD = (
    "", "units", "median frames", "median symbols", "quartiles, symbols", "beyond 1 symbol", "beyond 10", "gates",
)  # fmt: skip
AGREEMENT_HEAD = ("", "units", "series", "directions used", "median |r| to the nearest", "|r| > 0.9")
DIRECTION_HEAD = ("", "forward", "backward", "delta", "95 %", "p lines", "p units", "lines")
STRONGEST_HEAD = ("", "event", "unit", "series", "AUC", "95 %", "p", "frames")
TELLING_HEAD = ("event", "", "unit", "series", "AUC", "95 %", "p", "frames")
ALIKE = 0.9


def memory_rows(report: MeasureReport) -> list[list[str]]:
    """A row a layer and direction: timescales, and the mean share of frames at which gates are saturated."""
    rows = []
    for place in report.places:
        gates = ", ".join(
            f"{gate.letter} {100 * found.left.mean():.0f}|{100 * found.right.mean():.0f}"
            for gate, found in place.saturations.items()
        )
        rows.append([place.words, str(place.units), *memory_words(place, report.pitch), gates])
    return rows


def agreement_rows(report: MeasureReport) -> list[list[str]]:
    """A row a layer and direction."""
    rows = []
    for place in report.places:
        one = place.agreement
        rows.append(
            [
                place.words, str(place.units), one.quantity.words, f"{one.participation:.1f}",
                f"{np.median(one.redundancy):.2f}", f"{100 * (one.redundancy > ALIKE).mean():.0f} %",
            ]
        )  # fmt: skip
    return rows


def direction_rows(report: MeasureReport) -> list[list[str]]:
    """A row a layer and number: medians over units, effect, interval, both p."""
    return [
        [
            f"layer {row.layer}, {row.what}", f"{np.median(row.forward):.2g}", f"{np.median(row.backward):.2g}",
            f"{row.contrast.effect:+.2f}", f"{row.contrast.low:+.2f} to {row.contrast.high:+.2f}", p_words(row.p),
            p_words(row.p_units), row.contrast.why_not or str(row.contrast.lines),
        ]
        for row in report.directions
    ]  # fmt: skip


def telling_rows(report: MeasureReport) -> list[list[str]]:
    """A row an event, layer and direction: the best unit of all series."""
    return [
        [event.words, place.words, *telling_words(place.told(event))]
        for event in report.request.all_events
        for place in report.places
    ]


def strongest_rows(report: MeasureReport, most: int) -> list[list[str]]:
    """The events that units of each layer and direction tell best, the strongest first, ``most`` of each."""
    rows = []
    for place in report.places:
        found = [place.told(event) for event in report.request.all_events]
        tested = [one for one in found if one is not None and not one.found.why_not and one.best is not None]
        tested.sort(key=lambda one: -float(np.nanmax(np.abs(one.found.auc - 0.5))))
        rows += [[place.words, one.event.words, *telling_words(one)] for one in tested[:most]]
    return rows


def untested_words(report: MeasureReport) -> list[str]:
    """A sentence for every event that is too rare to be tested."""
    found = []
    for event in report.request.all_events:
        told = [place.told(event) for place in report.places]
        why = {"no such frames" if one is None else one.found.why_not for one in told} - {""}
        if why:
            found.append(f"Not tested, {event.words}: {' or '.join(sorted(why))}.")
    return found


def measures_document(report: MeasureReport, *, all_units: bool = True) -> dict[str, Any]:
    """Everything a report holds, as plain values.

    Args:
        report: what was measured.
        all_units: numbers of every unit too, not of the layers alone.
    """
    return {
        "truths": report.truths.document,
        "lines": report.lines,
        "skipped": [{"path": str(one.source.path), "why": one.why} for one in report.skipped],
        "aligned_by_reading": [str(source.path) for source in report.untold],
        "columns_a_frame": report.stride,
        "frames_a_symbol": report.pitch,
        "test": {
            "selectivity": "circular shifts within the line, two-sided, normal approximation; Benjamini-Hochberg over all",
            "directions": "p: signs flipped by line; p_units: means over units, lines and units at random; Benjamini-Hochberg over all",
            "margin": f"{margin_of(report)} at both ends of the text",
            "interval": f"{RULE}, 95 %, unit: line" + (f", in {GROUPS} groups" if report.lines > GROUPS else ""),
            "seed": report.request.seed,
        },
        "places": [_place_document(report, place, all_units=all_units) for place in report.places],
        "directions": [
            {
                "layer": row.layer, "what": row.what, "unit": row.unit, "forward": float(np.median(row.forward)),
                "backward": float(np.median(row.backward)), "delta": row.contrast.effect, "low": row.contrast.low,
                "high": row.contrast.high, "p": row.p, "p_units": row.p_units, "lines": row.contrast.lines,
                "why_not": row.contrast.why_not,
            }
            for row in report.directions
        ],
    }  # fmt: skip


def unit_rows(report: MeasureReport) -> list[dict[str, Any]]:
    """A row a unit: saturation of every gate, timescale, redundancy, and the event that it tells best."""
    return [
        _unit_row(report, place, unit, _best(place, unit)) for place in report.places for unit in range(place.units)
    ]


def _best(place: PlaceMeasures, unit: int) -> Telling | None:
    """What a unit tells best, of what could be tested."""
    there = [one for one in place.tellings if unit < len(one.p) and not np.isnan(one.p[unit])]
    return max(there, key=lambda one: abs(one.found.auc[unit] - 0.5), default=None)


def _unit_row(report: MeasureReport, place: PlaceMeasures, unit: int, best: Telling | None) -> dict[str, Any]:
    row: dict[str, Any] = {"layer": place.layer, "direction": place.direction.value, "unit": unit}
    for gate, found in place.saturations.items():
        inside = unit < len(found.left)
        row[f"{gate.value}_below_0.1"] = float(found.left[unit]) if inside else None
        row[f"{gate.value}_above_0.9"] = float(found.right[unit]) if inside else None
    memory = place.timescales
    frames = float(memory[unit]) if memory is not None and unit < len(memory) else None
    row["timescale_frames"] = frames
    row["timescale_columns"] = None if frames is None else frames * report.stride
    row["timescale_symbols"] = None if frames is None else frames / report.pitch
    row["redundancy"] = float(place.agreement.redundancy[unit])
    row["event"] = "" if best is None else best.event.words
    row["series"] = "" if best is None else best.quantity.value
    for name in ("auc", "low", "high"):
        row[name] = None if best is None else float(getattr(best.found, name)[unit])
    row["p"] = None if best is None else float(best.p[unit])
    row["event_frames"] = None if best is None else best.found.inside
    row["event_lines"] = None if best is None else best.found.lines
    return row


def _place_document(report: MeasureReport, place: PlaceMeasures, *, all_units: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "layer": place.layer,
        "direction": place.direction.value,
        "units": place.units,
        "frames": place.frames,
        "saturation": {
            gate.value: {"below_0.1": float(one.left.mean()), "above_0.9": float(one.right.mean())}
            for gate, one in place.saturations.items()
        },
        "memory": _memory_document(report, place),
        "agreement": {
            "series": place.agreement.quantity.value,
            "participation_ratio": place.agreement.participation,
            "median_redundancy": float(np.median(place.agreement.redundancy)),
        },
        "selectivity": [_telling_document(event.words, place.told(event)) for event in report.request.all_events],
        "course": {
            "event": report.request.event.words,
            "series": place.course_quantity.value,
            "unit": report.request.unit,
            "frames": place.course.offsets.tolist(),
            "columns": place.course.columns(report.stride).tolist(),
            "mean": place.course.mean.tolist(),
            "low": place.course.low.tolist(),
            "high": place.course.high.tolist(),
            "count": place.course.count.tolist(),
        },
    }
    if all_units:
        found["every_unit"] = [
            row for row in unit_rows(report) if (row["layer"], row["direction"]) == (place.layer, place.direction.value)
        ]
    return found


def _memory_document(report: MeasureReport, place: PlaceMeasures) -> dict[str, Any] | None:
    """Quartiles in frames, columns and symbols; None without a gate that keeps."""
    if place.timescales is None or place.keeping is None:
        return None
    symbols = place.timescales / report.pitch
    document: dict[str, Any] = {"gate": place.keeping.value}
    scales = {"frames": place.timescales, "columns": place.timescales * report.stride, "symbols": symbols}
    for unit, values in scales.items():
        spread = memory_spread(values)
        document[unit] = {"lower": spread.lower, "median": spread.median, "upper": spread.upper}
        document["infinite"] = int(np.isinf(values).sum())
    for length in (1, 10):
        document[f"share_beyond_{length}_symbols"] = share_beyond(symbols, float(length))
    return document


def _telling_document(event: str, telling: Telling | None) -> dict[str, Any]:
    if telling is None or (best := telling.best) is None:
        return {"event": event, "why_not": "no such frames"}
    found = telling.found
    return {
        "event": event,
        "series": telling.quantity.value,
        "unit": best,
        "auc": float(found.auc[best]),
        "low": float(found.low[best]),
        "high": float(found.high[best]),
        "p": float(telling.p[best]),
        "frames": found.inside,
        "other_frames": found.outside,
        "left_out": telling.left_out,
        "lines": found.lines,
        "why_not": found.why_not,
    }
