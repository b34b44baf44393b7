"""The figures of tested claims: effects with their verdicts, courses around events, and single lines."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from gateviz.data.alignment import Alignment
from gateviz.data.frames import FrameGrid
from gateviz.data.gates import Direction, Quantity
from gateviz.errors import SelectionError
from gateviz.measure.events import At
from gateviz.measure.line_events import line_event
from gateviz.panels.panel import Line, LinePanel, Panel, PanelStack
from gateviz.panels.reading import boundaries, column_axis, image_panel, metadata_of, span_panel
from gateviz.plot.canvas import GateFigure, new_figure, settings
from gateviz.plot.compose import compose
from gateviz.plot.painters.courses import Course, paint_courses
from gateviz.plot.painters.effects import EffectGroup, EffectPanel, EffectRow, effect_height, paint_effects
from gateviz.plot.settle import settle
from gateviz.plot.style import Style, style_named
from gateviz.recording import Recording
from gateviz.studies.claims.numbers import compared
from gateviz.studies.claims.report import shown_outcome
from gateviz.studies.claims.request import Claim, Sign, Statistic
from gateviz.studies.claims.results import ClaimReport, Outcome

_KINDS = (
    (
        "events", "effect the way the claim says (Cohen's d): right of 0 speaks for it, left against",
        (Statistic.VALUE, Statistic.STEP),
    ),
    ("memory", "share of units that remember so long; the rule is what the claim asks for", (Statistic.TIMESCALE,)),
    (
        "context", "share of what the hidden state answers to that lies so far away; the rule is what the claim asks for",
        (Statistic.CONTEXT,),
    ),
)  # fmt: skip
# Inches, at a type of 8 points.
_COURSES = 2.1


class ClaimFigures:
    """The figures of a report.

    Args:
        report: what was tested.
        style: a preset, as for ``gates``.

    Raises:
        SelectionError: there is no such style.
    """

    def __init__(self, report: ClaimReport, *, style: str | Style = "a4") -> None:
        self.report, self.style = report, style_named(style)
        account = report.account
        self.facts = account.facts(
            f"{len(report.claims)} claims over {account.lines} lines", shifts=str(report.shifts), seed=str(report.seed)
        )

    def one(self, name: str) -> GateFigure:
        """One figure alone, by its name in the report's page."""
        kind, _, rest = name.partition(" ")
        if kind == "effects":
            return self.whole()
        if kind == "course":
            return self.course(self._claim(rest))
        position, _, of = rest.partition(" ")
        outcome = shown_outcome(self.report.of(self._claim(of)))
        return compose(line_stacks(self.report, outcome)[int(position)], self.style)

    def whole(self) -> GateFigure:
        """All claims: each effect with its interval, the way the claim says it, and its verdict."""
        panels = effect_panels(self.report)
        with settings():
            heights = [effect_height(panel, self.style) for panel in panels]
            figure = new_figure(self.style, sum(heights), self.facts)
            grid = figure.add_gridspec(len(heights), 1, height_ratios=heights)
            for row, panel in enumerate(panels):
                axes = figure.add_subplot(grid[row, 0])
                axes.set_title(panel.title, fontsize=self.style.font_size, fontweight="bold", loc="left", pad=4)
                paint_effects(axes, panel, self.style)
            settle(figure)
        return figure

    def course(self, claim: Claim) -> GateFigure:
        """What the layers' means do around a claim's event, with a band over lines.

        Raises:
            SelectionError: the claim is about no event, or none was found.
        """
        outcomes = self.report.of(claim)
        layers = sorted({outcome.layer for outcome in outcomes})
        courses = [
            Course(
                outcome.place, layers.index(outcome.layer), outcome.direction.value, course.offsets, course.mean,
                low=course.low, high=course.high,
            )
            for outcome in outcomes
            if outcome.has_course and (course := outcome.numbers.course) is not None
        ]  # fmt: skip
        if not courses:
            raise SelectionError(f"the claim {claim.name!r} has no event to draw a course around; draw its effects")
        entered = replace(claim, at=At.ONSET) if claim.at == At.SPAN else claim
        label = f"frames from {'' if entered.offset else 'the '}{entered.when}, the way the layer goes"
        style = self.style
        with settings():
            figure = new_figure(style, _COURSES * style.font_size / 8, self.facts)
            axes = figure.add_subplot()
            paint_courses(axes, courses, style, value_label=_subject(claim), axis_label=label)
            axes.legend(frameon=False, fontsize=style.small_size, loc="center left", bbox_to_anchor=(1.0, 0.5))
            settle(figure)
        return figure

    def _claim(self, name: str) -> Claim:
        return next(claim for claim in self.report.claims if claim.name == name)


def effect_panels(report: ClaimReport) -> list[EffectPanel]:
    """Every claim, layer and direction with its effect: those of events, then of memory, then of context."""
    panels = []
    for words, label, statistics in _KINDS:
        claims = [claim for claim in report.claims if claim.statistic in statistics]
        if groups := tuple(_group(claim, report.of(claim)) for claim in claims):
            panels.append(EffectPanel(words, groups, label))
    return panels


def line_stacks(report: ClaimReport, outcome: Outcome) -> dict[int, PanelStack]:
    """The lines that show the claim best, then those that speak against it, by their position; on one scale."""
    positions = (*outcome.best, *outcome.worst)
    series = {position: _series(report, outcome, position) for position in positions}
    ends = _ends(list(series.values()))
    legend = f"{outcome.place}: {_subject(outcome.claim)}"
    stacks = {}
    for position in positions:
        line = report.corpus.lines[position]
        recording = line.recording
        # Where the frames of the claim's layer looked.
        grid = recording.grid_of(recording.trace(outcome.layer, outcome.direction))
        stacks[position] = claim_line_stack(
            recording, line.alignment, series[position], outcome.claim.quantity,
            frames=_marked(recording, line.alignment, outcome), ends=ends, grid=grid, legend=legend,
        )  # fmt: skip
    return stacks


def event_columns(
    recording: Recording, frames: Sequence[int], grid: FrameGrid | None = None
) -> tuple[tuple[float, float], ...]:
    """The columns of frames, neighboring ones together; of a layer's own frames if its grid is given."""
    own = recording.grid if grid is None else grid
    runs: list[list[int]] = []
    for frame in sorted(frames):
        if runs and runs[-1][1] == frame:
            runs[-1][1] = frame + 1
        else:
            runs.append([frame, frame + 1])
    return tuple(own.columns(start, stop) for start, stop in runs)


def claim_line_stack(
    recording: Recording,
    alignment: Alignment,
    series: Float[np.ndarray, "T H"],
    quantity: Quantity,
    *,
    frames: Sequence[int],
    ends: tuple[float, float],
    grid: FrameGrid | None = None,
    legend: str = "",
) -> PanelStack:
    """One line of a corpus beside a claim: image, text, the layer's mean, and the event's frames marked through all.

    Args:
        recording: the line.
        alignment: its symbols.
        series: what the claim compares, a unit a column.
        quantity: what that is, for its color.
        frames: of the event, those that took part.
        ends: of the value axis.
        grid: where the frames of the layer looked; None where the posteriors' frames did.
        legend: what the curve is, such as ``layer 0 forward: mean f``.
    """
    mean = np.asarray(series.mean(axis=1, dtype=np.float64))
    curve = LinePanel(
        title=legend, centers=(grid or recording.grid).centers, lines=(Line(quantity.letter, mean, quantity.value),),
        low=ends[0], high=ends[1], group=legend,
    )  # fmt: skip
    image = image_panel(recording)
    above: list[Panel] = [] if image is None else [image]
    start, stop, axis_label = column_axis(recording)
    return PanelStack(
        panels=(*above, span_panel(recording, alignment), curve),
        start=start,
        stop=stop,
        rules=boundaries(alignment, recording.grid),
        highlights=event_columns(recording, frames, grid),
        axis_label=axis_label,
        metadata=metadata_of(recording, alignment),
    )


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
        effect, verdict = turned * numbers.effect, outcome.verdict.value
        rows.append(EffectRow(outcome.place, effect, low=low, high=high, verdict=verdict, note=note))
    return EffectGroup(claim.name, tuple(rows), claim.share if about_share else 0.0)


def _subject(claim: Claim) -> str:
    letter = claim.quantity.letter
    return f"mean |{letter}(t) - {letter}(t-1)|" if claim.statistic == Statistic.STEP else f"mean {letter}"


def _series(report: ClaimReport, outcome: Outcome, position: int) -> Float[np.ndarray, "T H"]:
    recording = report.corpus.lines[position].recording
    series = recording.trace(outcome.layer, outcome.direction)[outcome.claim.quantity]
    return compared(series, outcome.claim, outcome.direction)


def _marked(recording: Recording, alignment: Alignment, outcome: Outcome) -> tuple[int, ...]:
    if outcome.claim.about_share:
        return ()
    assert recording.emission is not None, "claims_over has asked for one"
    blank = recording.emission.alphabet.blank
    return line_event(outcome.claim.rule, alignment, blank, Direction(outcome.direction)).frames


def _ends(series: Sequence[Float[np.ndarray, "_ H"]]) -> tuple[float, float]:
    """Two ends of one digit or two that hold the means of all lines."""
    if not series:
        return 0.0, 1.0
    means = np.concatenate([line.mean(axis=1, dtype=np.float64) for line in series])
    low, high = float(np.floor(20 * means.min()) / 20), float(np.ceil(20 * means.max()) / 20)
    return low, high if high > low else low + 0.05
