"""From a report on claims to the panels of its figures."""

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from gateviz.data.frames import FrameGrid
from gateviz.data.gates import Direction
from gateviz.measure.events import At
from gateviz.measure.line_events import line_event
from gateviz.panels.claims import (
    Course,
    CoursePage,
    EffectGroup,
    EffectPage,
    EffectPanel,
    EffectRow,
    claim_line_stack,
    span_of_axis,
)
from gateviz.panels.panel import PanelStack
from gateviz.recording import Recording
from gateviz.survey.claim import Claim, Sign, Statistic
from gateviz.survey.claim_numbers import compared
from gateviz.survey.claim_report import ClaimReport, Outcome

EFFECTS = "effect the way the claim says (Cohen's d): right of 0 speaks for it, left against"
SHARES = "share of units that remember so long; the rule is what the claim asks for"
REACHES = "share of what the hidden state answers to that lies so far away; the rule is what the claim asks for"


def effect_page(report: ClaimReport, *, title: str = "") -> EffectPage:
    """Every claim, layer and direction with its effect: those of events, then of memory, then of context."""
    panels = []
    of_events = frozenset({Statistic.VALUE, Statistic.STEP})
    kinds = (
        ("events", EFFECTS, of_events),
        ("memory", SHARES, {Statistic.TIMESCALE}),
        ("context", REACHES, {Statistic.CONTEXT}),
    )
    for words, label, statistics in kinds:
        claims = [claim for claim in report.claims if claim.statistic in statistics]
        if groups := tuple(_group(claim, report.of(claim)) for claim in claims):
            panels.append(EffectPanel(words, groups, *span_of_axis(groups), label))
    return EffectPage(tuple(panels), title, metadata_of_report(report))


def course_page(report: ClaimReport, claim: Claim) -> CoursePage | None:
    """What the layers' means do around a claim's event; None for a claim about a share."""
    outcomes = report.of(claim)
    layers = sorted({outcome.layer for outcome in outcomes})
    courses = tuple(
        Course(
            place_of(outcome), layers.index(outcome.layer), outcome.direction.value, course.offsets, course.mean,
            course.low, course.high,
        )
        for outcome in outcomes
        if (course := outcome.numbers.course) is not None and np.isfinite(course.mean).any()
    )  # fmt: skip
    if not courses:
        return None
    entered = replace(claim, at=At.ONSET) if claim.at == At.SPAN else claim
    start = "" if entered.offset else "the "
    label = f"frames from {start}{entered.when}, the way the layer goes"
    return CoursePage(courses, _subject(claim), label, "", metadata_of_report(report))


def line_stacks(report: ClaimReport, outcome: Outcome) -> tuple[list[PanelStack], list[PanelStack]]:
    """The lines that show the claim best, and those that speak against it, on one scale."""
    positions = (*outcome.best, *outcome.worst)
    series = {position: _series(report, outcome, position) for position in positions}
    ends = _ends(list(series.values()))
    legend = f"{place_of(outcome)}: {_subject(outcome.claim)}"
    stacks = {
        position: claim_line_stack(
            report.corpus.lines[position].recording,
            report.alignments[position],
            series[position],
            outcome.claim.quantity,
            frames=_marked(report, outcome, position),
            ends=ends,
            grid=_grid(report.corpus.lines[position].recording, outcome),
            legend=legend,
        )
        for position in positions
    }
    return [stacks[position] for position in outcome.best], [stacks[position] for position in outcome.worst]


def _grid(recording: Recording, outcome: Outcome) -> FrameGrid:
    """Where the frames of the claim's layer looked."""
    return recording.grid_of(recording.trace(outcome.layer, outcome.direction))


def place_of(outcome: Outcome) -> str:
    """Layer and direction in words."""
    return f"layer {outcome.layer} {outcome.direction}"


def metadata_of_report(report: ClaimReport) -> dict[str, str]:
    """Where a report comes from, for the metadata of a file."""
    origin = report.corpus.recordings[0].provenance
    facts = {
        "about": f"{len(report.claims)} claims over {len(report.corpus.lines)} lines",
        "adapter": origin.adapter,
        "checkpoint": origin.checkpoint,
        "checkpoint_sha256": origin.checkpoint_sha256,
        "versions": json.dumps(dict(origin.versions)) if origin.versions else "",
        "shifts": str(report.shifts),
        "seed": str(report.seed),
    }
    return {name: value for name, value in facts.items() if value}


def _group(claim: Claim, outcomes: Sequence[Outcome]) -> EffectGroup:
    about_share = claim.about_share
    turned = -1 if claim.sign == Sign.LOWER and not about_share else 1
    rows = []
    for outcome in outcomes:
        numbers, units = outcome.numbers, outcome.units
        low, high = sorted((turned * numbers.low, turned * numbers.high))
        note = outcome.verdict.value
        if not about_share and not numbers.why_not:
            note += f"  ({units.agree} units for, {units.against} against, of {units.total})"
        rows.append(EffectRow(place_of(outcome), turned * numbers.effect, low, high, outcome.verdict.value, note))
    return EffectGroup(claim.name, tuple(rows), claim.share if about_share else 0.0)


def _subject(claim: Claim) -> str:
    letter = claim.quantity.letter
    return f"mean |{letter}(t) - {letter}(t-1)|" if claim.statistic == Statistic.STEP else f"mean {letter}"


def _series(report: ClaimReport, outcome: Outcome, position: int) -> Float[np.ndarray, "T H"]:
    recording = report.corpus.lines[position].recording
    series = recording.trace(outcome.layer, outcome.direction)[outcome.claim.quantity]
    return compared(series, outcome.claim, outcome.direction)


def _marked(report: ClaimReport, outcome: Outcome, position: int) -> tuple[int, ...]:
    if outcome.claim.about_share:
        return ()
    emission = report.corpus.lines[position].recording.emission
    assert emission is not None
    return line_event(
        outcome.claim.rule, report.alignments[position], emission.alphabet.blank, Direction(outcome.direction)
    ).frames


def _ends(series: Sequence[Float[np.ndarray, "_ H"]]) -> tuple[float, float]:
    """Two ends of one digit or two that hold the means of all lines."""
    if not series:
        return 0.0, 1.0
    means = np.concatenate([line.mean(axis=1, dtype=np.float64) for line in series])
    low, high = float(np.floor(20 * means.min()) / 20), float(np.ceil(20 * means.max()) / 20)
    return low, high if high > low else low + 0.05
