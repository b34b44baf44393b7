"""The numbers behind a verdict: of an event by a contrast, of memory by its timescale."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float, Float64

from gateviz.data.alignment import Alignment
from gateviz.data.gates import Direction
from gateviz.measure.contrast import FEWEST_LINES, contrast
from gateviz.measure.dynamics import Dynamics, around
from gateviz.measure.events import At
from gateviz.measure.jackknife import percentile_tail
from gateviz.measure.line_events import LineEvent, frames_a_symbol, line_event
from gateviz.measure.timescale import timescale
from gateviz.studies.claims.request import Claim, Statistic

AROUND = 10
DRAWS = 2000


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """What was measured of a claim in one layer and direction, whatever its sign; NaN and none where it was not.

    Attributes:
        effect: Cohen's d of the layer's mean, or the share of units for a timescale.
        low: lower end of its interval over lines.
        high: its upper end.
        p: two-sided, uncorrected; NaN where no test was made.
        difference: inside less outside in the series' own scale; for a timescale its median in symbols.
        inside: frames of the event; for a timescale all frames.
        outside: the others.
        lines: lines that took part.
        unit_difference: of every unit; above 0 is higher at the event, or longer than so many symbols.
        unit_p: of every unit, uncorrected.
        line_scores: what each line of the corpus speaks for "higher"; NaN where it took no part.
        why_not: why there is no test; empty where there is one.
        course: of the layer's mean around the event's first frame, the way the layer goes; None for a share.
        left_out: frames of the event in the margins, which took no part.
        measured: False where the measure could not be taken at all, whatever the corpus.
    """

    effect: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    difference: float = math.nan
    inside: int = 0
    outside: int = 0
    lines: int = 0
    unit_difference: Float64[np.ndarray, " H"] = field(default_factory=lambda: np.zeros(0))
    unit_p: Float64[np.ndarray, " H"] = field(default_factory=lambda: np.zeros(0))
    line_scores: Float64[np.ndarray, " L"]
    why_not: str = ""
    course: Dynamics | None = None
    left_out: int = 0
    measured: bool = True


def event_numbers(
    series: Sequence[Float[np.ndarray, "_ H"]],
    alignments: Sequence[Alignment],
    blank: int,
    claim: Claim,
    direction: Direction,
    *,
    shifts: int,
    seed: int,
) -> Numbers:
    """The numbers of a claim about an event: the contrast of the layer's mean and of every unit."""
    events = [line_event(claim.rule, alignment, blank, direction) for alignment in alignments]
    values = [compared(line, claim, direction)[slice(*event.kept)] for line, event in zip(series, events, strict=True)]
    means = [line.mean(axis=1, keepdims=True, dtype=np.float64) for line in values]
    masks = [event.inside for event in events]
    layer = contrast(means, masks, shifts=shifts, seed=seed)
    units = contrast(values, masks, shifts=shifts, seed=seed)
    return Numbers(
        effect=float(layer.effect[0]),
        low=float(layer.low[0]),
        high=float(layer.high[0]),
        p=float(layer.p[0]),
        difference=float(layer.difference[0]),
        inside=layer.inside,
        outside=layer.outside,
        lines=layer.lines,
        unit_difference=units.difference,
        unit_p=units.p,
        line_scores=_line_scores(means, events),
        why_not=layer.why_not,
        course=_course(series, alignments, blank, claim, direction),
        left_out=sum(event.left_out for event in events),
    )


def _course(
    series: Sequence[Float[np.ndarray, "_ H"]],
    alignments: Sequence[Alignment],
    blank: int,
    claim: Claim,
    direction: Direction,
) -> Dynamics:
    """The layer's mean around the event; of a whole stretch, around the frame at which the layer enters it."""
    entered = replace(claim, at=At.ONSET) if claim.at == At.SPAN else claim
    means, frames = [], []
    for line, alignment in zip(series, alignments, strict=True):
        mean = compared(line, claim, direction).mean(axis=1, dtype=np.float64)
        found = np.array(line_event(entered.rule, alignment, blank, direction).frames, dtype=np.int64)
        turned = direction is Direction.BACKWARD
        means.append(mean[::-1] if turned else mean)
        frames.append(np.sort(len(mean) - 1 - found) if turned else found)
    return around(means, frames, before=AROUND, after=AROUND)


def memory_numbers(
    series: Sequence[Float[np.ndarray, "_ H"]], alignments: Sequence[Alignment], claim: Claim, *, seed: int
) -> Numbers:
    """The share of units whose memory is longer than the claim's symbols, and its interval over lines drawn again.

    Memory is the timescale, -1 / ln(mean f) over all frames of the corpus, divided by the mean number
    of frames from one symbol to the next. It counts only what the forget gate lets a cell keep, not
    what goes round through the hidden state.
    """
    lengths = np.array([len(line) for line in series], dtype=np.float64)
    sums = np.stack([np.asarray(line, dtype=np.float64).sum(axis=0) for line in series])
    steps = frames_a_symbol(list(alignments))
    has_steps = steps[:, 1] > 0
    memory = _memory(sums.sum(axis=0), lengths.sum(), steps.sum(axis=0))
    rng = np.random.default_rng(seed)
    count = len(series)
    draws = rng.multinomial(count, np.full(count, 1 / count), size=DRAWS).astype(np.float64)
    shares = [(_memory(times @ sums, times @ lengths, times @ steps) > claim.symbols).mean() for times in draws]
    # A share jumps unit by unit, which leaving out one line hardly tells.
    tail = percentile_tail(count)
    low, high = np.quantile(shares, [tail, 1 - tail])
    scores = np.array(
        [
            float((_memory(*line) > claim.symbols).mean()) - claim.share if there else np.nan
            for *line, there in zip(sums, lengths, steps, has_steps, strict=True)
        ]
    )
    lines = int(has_steps.sum())
    why = (
        "" if lines >= FEWEST_LINES else f"{lines} lines have two symbols or more, and an interval needs {FEWEST_LINES}"
    )
    return Numbers(
        effect=float((memory > claim.symbols).mean()),
        low=float(low),
        high=float(high),
        difference=float(np.median(memory)),
        inside=int(lengths.sum()),
        lines=lines,
        unit_difference=memory - claim.symbols,
        unit_p=np.full(len(memory), np.nan),
        line_scores=scores,
        why_not=why,
    )


def _memory(
    sums: Float64[np.ndarray, " H"], frames: float | np.floating, steps: Float64[np.ndarray, " 2"]
) -> Float64[np.ndarray, " H"]:
    """The timescale of every unit in symbols; NaN without two symbols."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(timescale((sums / frames)[None]) * steps[1] / steps[0])


def _line_scores(means: Sequence[Float64[np.ndarray, "_ 1"]], events: Sequence[LineEvent]) -> Float64[np.ndarray, " L"]:
    """Difference of the means inside and outside, weighed as in a t statistic of known variance: sqrt(n m / (n + m))."""
    scores = np.full(len(means), np.nan)
    for number, (line, event) in enumerate(zip(means, events, strict=True)):
        inside = event.inside
        count, rest = int(inside.sum()), int((~inside).sum())
        if count and rest:
            difference = line[inside].mean() - line[~inside].mean()
            scores[number] = difference * np.sqrt(count * rest / (count + rest))
    return scores


def compared(series: Float[np.ndarray, "T H"], claim: Claim, direction: Direction) -> Float[np.ndarray, "T H"]:
    """The series that the claim compares, over all frames in reading order.

    A step is from the frame that the layer met before; the first frame that it meets has none and gets 0.

    Example:
        >>> step = Claim("c", "output_gate", statistic="step")
        >>> compared(np.array([[0.0], [1.0], [1.5]]), step, Direction.BACKWARD).ravel().tolist()
        [1.0, 0.5, 0.0]
    """
    if claim.statistic != Statistic.STEP:
        return series
    steps = np.zeros_like(series)
    sizes = np.abs(np.diff(series, axis=0))
    if direction is Direction.BACKWARD:
        steps[:-1] = sizes
    else:
        steps[1:] = sizes
    return steps
