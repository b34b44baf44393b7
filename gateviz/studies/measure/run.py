"""Every measure of every layer and direction over a corpus, line after line."""

from dataclasses import replace

import numpy as np

from gateviz.data.alignment import Alignment
from gateviz.data.gates import Direction
from gateviz.errors import AlignmentError
from gateviz.measure.directions import UnitRatios, direction_contrast
from gateviz.measure.events import At, Event
from gateviz.measure.line_events import EventRule, LineEvent, frames_a_symbol, line_event
from gateviz.measure.multiple import benjamini_hochberg
from gateviz.measure.timescale import timescale
from gateviz.studies.account import CorpusLine
from gateviz.studies.corpus import Outcome, checked
from gateviz.studies.measure.request import MeasureRequest
from gateviz.studies.measure.results import Agreement, DirectionRow, MeasureReport, PlaceMeasures, Telling
from gateviz.studies.measure.sums import GROUPS, SATURATION_SIDES, PlaceSums


class MeasureTally:
    """The sums of every layer and direction, and how long frames and symbols are.

    Args:
        request: what is measured.
        groups: beyond so many lines, lines are summed in groups, which then stand for lines.
    """

    def __init__(self, request: MeasureRequest, groups: int = GROUPS) -> None:
        self.request, self.groups = request, groups
        self.sums: dict[tuple[int, Direction], PlaceSums] = {}
        # Columns and frames of all lines; frames and steps from one symbol to the next.
        self.columns, self.frames = 0.0, 0
        self.steps = np.zeros(2)

    def add(self, line: CorpusLine) -> None:
        """One more line.

        Raises:
            AlignmentError: a recording has no posteriors.
            SelectionError: a gate, series or unit is not there.
        """
        recording = line.recording
        if recording.emission is None:
            raise AlignmentError(
                "this recording has no posteriors, so no event can be found on it; record a recognizer"
            )
        self.columns += recording.grid.stride * recording.grid.frame_count
        self.frames += recording.grid.frame_count
        self.steps += frames_a_symbol([line.alignment])[0]
        found: dict[Direction, tuple[list[LineEvent], LineEvent]] = {}
        for trace in recording.traces:
            direction, place = trace.direction, (trace.layer, trace.direction)
            if direction not in found:
                found[direction] = self._events(line.alignment, recording.emission.alphabet.blank, direction)
            if place not in self.sums:
                self.sums[place] = PlaceSums(trace, self.request, self.groups)
            self.sums[place].add(line.number, trace, *found[direction])

    def merge(self, later: "MeasureTally") -> None:
        """All lines of another tally of the same request."""
        self.columns += later.columns
        self.frames += later.frames
        self.steps += later.steps
        for place, sums in later.sums.items():
            if place in self.sums:
                self.sums[place].merge(sums)
            else:
                self.sums[place] = sums

    def _events(self, alignment: Alignment, blank: int, direction: Direction) -> tuple[list[LineEvent], LineEvent]:
        """The request's events, and where the layer enters the one of the courses: as claims take them."""

        def on_line(event: Event) -> LineEvent:
            return line_event(EventRule(event, margin=self.request.margin), alignment, blank, direction)

        one = self.request.event
        entered = replace(one, at=At.ONSET) if one.at == At.SPAN else one
        return [on_line(event) for event in self.request.all_events], on_line(entered)


def measured(outcome: Outcome[MeasureTally]) -> MeasureReport:
    """Every measure, from what the lines add up to.

    Raises:
        ImageError: no line was read.
    """
    tally = checked(outcome).tally
    pitch = float(tally.steps[0] / tally.steps[1]) if tally.steps[1] else float("nan")
    sums = list(tally.sums.values())
    places = _corrected([_place(one, tally.request) for one in sums])
    directions = _directions(sums, tally.request, pitch)
    return MeasureReport(
        tally.request,
        outcome.account,
        stride=tally.columns / tally.frames,
        pitch=pitch,
        places=places,
        directions=directions,
    )


def _place(sums: PlaceSums, request: MeasureRequest) -> PlaceMeasures:
    kept = None if sums.kept is None else sums.kept.values
    alike = sums.covariance
    assert alike is not None
    nothing = np.zeros(0)
    return PlaceMeasures(
        sums.layer,
        sums.direction,
        frames=int(sums.frames.sum()),
        saturations={gate: sums.saturation_of(gate) for gate in sums.gates},
        keeping=sums.keeping,
        timescales=None if kept is None else timescale(kept[None]),
        agreement=Agreement(sums.likeness, alike.correlation, alike.redundancy, alike.participation_ratio),
        tellings=tuple(
            Telling(quantity, event, sums.selectivity_of(quantity, number), nothing, sums.left_out(number))
            for number, event in enumerate(request.all_events)
            for quantity in sums.quantities
        ),
        course_quantity=sums.course_quantity,
        course=sums.course,
    )


def _corrected(places: list[PlaceMeasures]) -> tuple[PlaceMeasures, ...]:
    """The places with p corrected for all tests of the run."""
    raw = [telling.found.p for place in places for telling in place.tellings]
    ends = np.cumsum([len(p) for p in raw])
    parts = iter(np.split(benjamini_hochberg(np.concatenate(raw)), ends[:-1]) if raw else [])
    return tuple(
        replace(place, tellings=tuple(replace(one, p=next(parts)) for one in place.tellings)) for place in places
    )


def _directions(sums: list[PlaceSums], request: MeasureRequest, pitch: float) -> tuple[DirectionRow, ...]:
    """Every layer that has both directions, number by number."""
    by_place = {(one.layer, one.direction): one for one in sums}
    rows = []
    for layer in sorted({layer for layer, _ in by_place}):
        forward, backward = (by_place.get((layer, direction)) for direction in Direction)
        if forward is not None and backward is not None:
            rows += _layer_rows(forward, backward, request, pitch)
    p = benjamini_hochberg(np.array([row.contrast.p for row in rows]))
    p_units = benjamini_hochberg(np.array([row.contrast.p_units for row in rows]))
    return tuple(
        replace(row, p=float(over_lines), p_units=float(over_units))
        for row, over_lines, over_units in zip(rows, p, p_units, strict=True)
    )


def _layer_rows(forward: PlaceSums, backward: PlaceSums, request: MeasureRequest, pitch: float) -> list[DirectionRow]:
    rows = []

    def row(what: str, unit: str, one: UnitRatios, two: UnitRatios) -> DirectionRow:
        contrast = direction_contrast(one, two, seed=request.seed)
        return DirectionRow(forward.layer, what, unit, forward=one.values, backward=two.values, contrast=contrast)

    for gate in forward.gates:
        for side, words in zip(SATURATION_SIDES, ("below 0.1", "above 0.9"), strict=True):
            rows.append(
                row(f"{gate.words} {words}", "share of frames", forward.side(gate, side), backward.side(gate, side))
            )
    if forward.kept is not None and backward.kept is not None:
        scale, unit = (1.0, "frames") if np.isnan(pitch) else (pitch, "symbols")
        # A timescale grows with its mean forget gate, so the order of units is that of the gate.
        means = row("timescale", unit, forward.kept, backward.kept)
        one, two = (timescale(values[None]) / scale for values in (means.forward, means.backward))
        rows.append(replace(means, forward=one, backward=two))
    event = request.all_events.index(request.event)
    if forward.likeness in forward.quantities and backward.likeness in backward.quantities:
        tells = forward.telling(forward.likeness, event), backward.telling(backward.likeness, event)
        rows.append(row(f"{forward.likeness.words} tells {request.event.words}", "2 |AUC - 0.5|", *tells))
    return rows
