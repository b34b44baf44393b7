"""From a report on measures to the panels of its figures."""

import json

import numpy as np

from gateviz.data.gates import Quantity
from gateviz.measure.events import At
from gateviz.panels.claims import Course, CoursePage, EffectGroup, EffectPanel, EffectRow, span_of_axis
from gateviz.panels.measures import (
    LONGEST,
    SHORTEST,
    AlikePanel,
    MeasurePage,
    SharePanel,
    SidesPanel,
    TellingMark,
    TellingPanel,
    TellingRow,
    alike_panel,
    share_curve,
    sides_panel,
)
from gateviz.panels.panel import PointGroup, ScatterPanel, ScatterRow
from gateviz.survey.measure_report import DirectionRow, MeasureReport, PlaceMeasures
from gateviz.survey.measure_words import ALPHA, counted, p_words

DELTA = "Cliff's delta: right of 0 forward units have more, left of it backward ones"


def measure_page(report: MeasureReport, *, title: str = "") -> MeasurePage:
    """Everything that the figures of a report show."""
    return MeasurePage(
        _saturation(report),
        _memory(report),
        _sides(report),
        _effects(report),
        _tellings(report),
        tuple(_alike(place) for place in report.places),
        _course(report),
        title,
        metadata_of_measures(report),
    )


def metadata_of_measures(report: MeasureReport) -> dict[str, str]:
    """Where a report comes from, for the metadata of a file."""
    facts = {
        "about": f"measures of gates over {report.truths.words}",
        "adapter": report.origin.adapter,
        "checkpoint": report.origin.checkpoint,
        "checkpoint_sha256": report.origin.checkpoint_sha256,
        "versions": json.dumps(dict(report.origin.versions)) if report.origin.versions else "",
        "event": report.request.event.words,
        "seed": str(report.request.seed),
    }
    return {name: value for name, value in facts.items() if value}


def _rank(report: MeasureReport, layer: int) -> int:
    return sorted({place.layer for place in report.places}).index(layer)


def _saturation(report: MeasureReport) -> ScatterRow | None:
    gates = list(dict.fromkeys(gate for place in report.places for gate in place.saturations))
    if not gates:
        return None
    panels = []
    for gate in gates:
        groups = tuple(
            PointGroup(
                place.words, place.saturations[gate].left, place.saturations[gate].right, _rank(report, place.layer),
                place.direction.value,
            )
            for place in report.places
            if gate in place.saturations
        )  # fmt: skip
        panels.append(ScatterPanel(gate.words, gate.letter, gate.value, groups, "frames below 0.1", "frames above 0.9"))
    return ScatterRow(tuple(panels))


def _memory(report: MeasureReport) -> SharePanel | None:
    unit, scale = ("frames", 1.0) if np.isnan(report.pitch) else ("symbols", report.pitch)
    found = [(place, place.timescales / scale) for place in report.places if place.timescales is not None]
    if not found:
        return None
    curves = tuple(
        share_curve(place.words, _rank(report, place.layer), place.direction, values) for place, values in found
    )
    beyond = sum(int((values >= LONGEST).sum()) for _, values in found)
    remark = f"{counted(beyond, 'unit')} beyond {LONGEST:g} {unit}" if beyond else ""
    label = f"timescale -1/ln(mean {found[0][0].keeping_letter}), {unit}"
    return SharePanel(
        "units that remember no longer", curves, SHORTEST, LONGEST, (1.0, 10.0), label, "share of units", remark
    )


def _sides(report: MeasureReport) -> tuple[SidesPanel, ...]:
    """The gate that keeps, its timescale, and telling the event; each over all layers."""
    keeping = {f"{gate.words} above 0.9" for gate in (Quantity.FORGET_GATE, Quantity.UPDATE_GATE)}
    by_what: dict[str, list[DirectionRow]] = {}
    for row in report.directions:
        if row.what in keeping or row.unit not in ("share of frames",):
            by_what.setdefault(row.what, []).append(row)
    return tuple(
        sides_panel(
            what,
            rows[0].unit,
            [(f"layer {row.layer}", _rank(report, row.layer), row.forward, row.backward) for row in rows],
            logarithmic=rows[0].unit in ("symbols", "frames"),
        )
        for what, rows in by_what.items()
    )


def _effects(report: MeasureReport) -> EffectPanel | None:
    if not report.directions:
        return None
    groups = []
    for layer in sorted({row.layer for row in report.directions}):
        rows = tuple(
            EffectRow(row.what, row.contrast.effect, row.contrast.low, row.contrast.high, _mark(row), _note(row))
            for row in report.directions
            if row.layer == layer
        )
        groups.append(EffectGroup(f"layer {layer}", rows))
    return EffectPanel("forward against backward", tuple(groups), *span_of_axis(groups), DELTA)


def _mark(row: DirectionRow) -> str:
    """A filled mark where other lines would show the difference again."""
    return "supported" if row.p < ALPHA else "no evidence"


def _note(row: DirectionRow) -> str:
    return row.contrast.why_not or f"p lines {p_words(row.p)}, units {p_words(row.p_units)}"


def _tellings(report: MeasureReport) -> TellingPanel:
    rows = []
    for event in report.request.all_events:
        found = [(place, place.told(event)) for place in report.places]
        first = next((telling for _, telling in found if telling is not None), None)
        if first is None:
            rows.append(TellingRow(event.words, "no such frames", ()))
        elif first.found.why_not:
            rows.append(TellingRow(event.words, first.found.why_not, ()))
        else:
            marks = []
            for place, telling in found:
                if telling is None or (best := telling.best) is None:
                    continue
                one = telling.found
                marks.append(
                    TellingMark(
                        place.words, _rank(report, place.layer), place.direction.value, float(one.auc[best]),
                        float(one.low[best]), float(one.high[best]), bool(telling.p[best] < ALPHA),
                    )
                )  # fmt: skip
            note = f"{counted(first.found.inside, 'frame')}, {counted(first.found.lines, 'line')}"
            rows.append(TellingRow(event.words, note, tuple(marks)))
    return TellingPanel(
        "the unit of each layer that tells an event best",
        tuple(rows),
        "AUC over pairs of frames of one line: 0.5 tells nothing, 0 and 1 everything",
        f"{report.truths.words}. Filled: corrected p below {ALPHA:g}. The best of many units looks better than it is.",
    )


def _alike(place: PlaceMeasures) -> AlikePanel:
    units = place.agreement
    note = f"{units.participation:.1f} of {place.units} directions, median |r| {np.median(units.redundancy):.2f}"
    return alike_panel(place.words, note, units.correlation)


def _course(report: MeasureReport) -> CoursePage | None:
    courses = tuple(
        Course(
            place.words, _rank(report, place.layer), place.direction.value, place.course.offsets, place.course.mean,
            place.course.low, place.course.high,
        )
        for place in report.places
        if np.isfinite(place.course.mean).any()
    )  # fmt: skip
    if not courses:
        return None
    event, place = report.request.event, report.places[0]
    unit = "" if report.request.unit is None else f" of unit {report.request.unit}"
    when = event.words if event.at != At.SPAN else f"onset of {event.words.removeprefix('within ')}"
    label = f"frames from the {when}, the way the layer goes"
    return CoursePage(courses, f"mean {place.course_quantity.letter}{unit}", label, stride=report.stride)
