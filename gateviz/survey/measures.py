"""Every measure of every layer and direction over a corpus, line after line."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float64

from gateviz.data.alignment import Alignment
from gateviz.data.gates import Direction, Quantity
from gateviz.data.provenance import Provenance
from gateviz.errors import AlignmentError, ImageError
from gateviz.files.folders import LineSource
from gateviz.measure.directions import direction_contrast
from gateviz.measure.dynamics import around
from gateviz.measure.events import At, Event
from gateviz.measure.multiple import benjamini_hochberg
from gateviz.measure.timescale import timescale
from gateviz.recording import Recording
from gateviz.survey.claim import Claim
from gateviz.survey.claim_events import LineEvent, frames_a_symbol, line_event
from gateviz.survey.corpus import CorpusLine, Skipped, Truths, told_alignment
from gateviz.survey.measure_report import Agreement, DirectionRow, MeasureReport, PlaceMeasures, Telling
from gateviz.survey.measure_request import MeasureRequest
from gateviz.survey.measure_sums import GROUPS, SATURATION_SIDES, PlaceSums

AROUND = 10


@dataclass
class _Run:
    """What grows while lines come in."""

    request: MeasureRequest
    groups: int
    sums: dict[tuple[int, Direction], PlaceSums] = field(default_factory=dict)
    lines: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    untold: list[LineSource] = field(default_factory=list)
    sources: list[tuple[LineSource, bool]] = field(default_factory=list)
    columns: float = 0.0
    frames: int = 0
    steps: Float64[np.ndarray, " 2"] = field(default_factory=lambda: np.zeros(2))
    origin: Provenance = field(default_factory=Provenance)

    def add(self, line: CorpusLine) -> None:
        recording = line.recording
        if recording.emission is None:
            raise AlignmentError(
                "this recording has no posteriors, so no event can be found on it; record a recognizer"
            )
        alignment, told = told_alignment(recording, line.source.text)
        self.sources.append((line.source, told))
        if not told:
            self.untold.append(line.source)
        if not self.lines:
            self.origin = recording.provenance
        self.columns += recording.grid.stride * recording.grid.frame_count
        self.frames += recording.grid.frame_count
        self.steps += frames_a_symbol([alignment])[0]
        self._add_traces(recording, alignment, recording.emission.alphabet.blank)
        self.lines += 1

    def _add_traces(self, recording: Recording, alignment: Alignment, blank: int) -> None:
        found: dict[Direction, tuple[list[LineEvent], LineEvent]] = {}
        for trace in recording.traces:
            direction = trace.direction
            if direction not in found:
                events = [self._on_line(event, alignment, blank, direction) for event in self.request.all_events]
                one = self.request.event
                entered = replace(one, at=At.ONSET) if one.at == At.SPAN else one
                found[direction] = events, self._on_line(entered, alignment, blank, direction)
            place = (trace.layer, direction)
            if place not in self.sums:
                self.sums[place] = PlaceSums(trace, self.request, self.groups)
            self.sums[place].add(self.lines, trace, *found[direction])

    def _on_line(self, event: Event, alignment: Alignment, blank: int, direction: Direction) -> LineEvent:
        """The frames of an event as claims take them: cells of symbols, met the way the layer goes, between margins."""
        claim = Claim(event.words, Quantity.FORGET_GATE, event.what, event.at, margin=self.request.margin)
        return line_event(claim, alignment, blank, direction)


def measure_lines(
    outcomes: Iterable[CorpusLine | Skipped], request: MeasureRequest | None = None, *, groups: int = GROUPS
) -> MeasureReport:
    """Every measure over the lines of a corpus, each line forgotten as soon as it is counted.

    Args:
        outcomes: as ``survey.record_corpus.recorded_lines`` gives them.
        request: what is measured; None takes the defaults.
        groups: beyond so many lines, lines are summed in groups, which then stand for lines.

    Raises:
        ImageError: no line was read.
        SelectionError: a gate, series or unit is not there.
        AlignmentError: a recording has no posteriors.
    """
    run = _Run(request or MeasureRequest(), groups)
    for outcome in outcomes:
        if isinstance(outcome, Skipped):
            run.skipped.append(outcome)
        else:
            run.add(outcome)
    if not run.lines:
        raise ImageError(f"no line was read, of {len(run.skipped)} that were given, so there is nothing to measure")
    pitch = float(run.steps[0] / run.steps[1]) if run.steps[1] else float("nan")
    sums = list(run.sums.values())
    return MeasureReport(
        run.request,
        run.lines,
        tuple(run.skipped),
        tuple(run.untold),
        run.columns / run.frames,
        pitch,
        _corrected([_place(one) for one in sums]),
        _directions(sums, run.request, pitch),
        run.origin,
        Truths.of(run.sources),
    )


def _place(sums: PlaceSums) -> PlaceMeasures:
    kept = None if sums.kept is None else sums.kept.values
    alike = sums.covariance
    assert alike is not None
    nothing = np.zeros(0)
    return PlaceMeasures(
        sums.trace.layer,
        sums.trace.direction,
        int(sums.frames.sum()),
        {gate: sums.saturation_of(gate) for gate in sums.gates},
        sums.keeping,
        kept,
        None if kept is None else timescale(kept[None]),
        Agreement(sums.likeness, alike.correlation, alike.redundancy, alike.participation_ratio),
        tuple(
            Telling(quantity, event, sums.selectivity_of(quantity, number), nothing, int(sums.left_out[number]))
            for number, event in enumerate(sums.request.all_events)
            for quantity in sums.quantities
        ),
        sums.course_quantity,
        around(sums.courses, sums.course_frames, before=AROUND, after=AROUND),
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
    by_place = {(one.trace.layer, one.trace.direction): one for one in sums}
    rows = []
    for layer in sorted({layer for layer, _ in by_place}):
        pair = [by_place.get((layer, direction)) for direction in (Direction.FORWARD, Direction.BACKWARD)]
        if pair[0] is not None and pair[1] is not None:
            rows += _layer_rows(layer, pair[0], pair[1], request, pitch)
    p = benjamini_hochberg(np.array([row.contrast.p for row in rows]))
    p_units = benjamini_hochberg(np.array([row.contrast.p_units for row in rows]))
    return tuple(
        replace(row, p=float(over_lines), p_units=float(over_units))
        for row, over_lines, over_units in zip(rows, p, p_units, strict=True)
    )


def _layer_rows(
    layer: int, forward: PlaceSums, backward: PlaceSums, request: MeasureRequest, pitch: float
) -> list[DirectionRow]:
    rows = []
    for gate in forward.gates:
        for side, words in zip(SATURATION_SIDES, ("below 0.1", "above 0.9"), strict=True):
            ratios = forward.side(gate, side), backward.side(gate, side)
            contrast = direction_contrast(*ratios, seed=request.seed)
            one, two = (ratio.values for ratio in ratios)
            rows.append(DirectionRow(layer, f"{gate.words} {words}", "share of frames", one, two, contrast))
    if forward.kept is not None and backward.kept is not None:
        # A timescale grows with its mean forget gate, so the order of units is that of the gate.
        contrast = direction_contrast(forward.kept, backward.kept, seed=request.seed)
        scale, unit = (1.0, "frames") if np.isnan(pitch) else (pitch, "symbols")
        one, two = (timescale(side.values[None]) / scale for side in (forward.kept, backward.kept))
        rows.append(DirectionRow(layer, "timescale", unit, one, two, contrast))
    event = request.all_events.index(request.event)
    if forward.likeness in forward.quantities and backward.likeness in backward.quantities:
        tells = forward.telling(forward.likeness, event), backward.telling(backward.likeness, event)
        contrast = direction_contrast(*tells, seed=request.seed)
        one, two = (side.values for side in tells)
        what = f"{forward.likeness.words} tells {request.event.words}"
        rows.append(DirectionRow(layer, what, "2 |AUC - 0.5|", one, two, contrast))
    return rows
