"""Claims tested over a corpus: per claim, layer and direction an effect, an interval, a corrected p and a verdict."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from gateviz.data.gates import Direction, Place
from gateviz.errors import AlignmentError, SelectionError
from gateviz.measure.contrast import FEWEST_LINES, SHIFTS
from gateviz.measure.gradient_context import GradientContext, LineContext
from gateviz.measure.jackknife import Jackknife
from gateviz.measure.multiple import benjamini_hochberg
from gateviz.recording import Recording
from gateviz.studies.account import Corpus
from gateviz.studies.claims.numbers import Numbers, event_numbers, memory_numbers
from gateviz.studies.claims.request import Claim, Statistic, checked_claims
from gateviz.studies.claims.results import ALPHA, ClaimReport, Outcome, Units, Verdict
from gateviz.studies.corpus import gather
from gateviz.studies.gradients import GradientTally, Sampling

SHOWN = 3
LINES = 40
"""Lines of a corpus whose gradients are taken: a line costs seconds, and more of them tell little more."""
FRAMES, PROBES = 4, 2


@dataclass(frozen=True, eq=False)
class SampledContext:
    """The context of some lines of a corpus.

    Attributes:
        gradient: what was measured; None where there was nothing to measure it with.
        positions: of the lines in the corpus, by their file.
        why_not: why there is nothing; empty where there is.
    """

    gradient: GradientContext | None
    positions: dict[str, int]
    why_not: str = ""


@dataclass
class _Run:
    """What all tests of a run share; a test is made once for claims that differ in their sign alone."""

    corpus: Corpus
    shifts: int
    seed: int
    on_context: Callable[[int], object] | None = None
    made: dict[tuple[object, ...], Numbers] = field(default_factory=dict)

    def numbers(self, claim: Claim, layer: int, direction: Direction) -> Numbers:
        key = (*claim.tested, layer, direction)
        if key not in self.made:
            self.made[key] = self._measured(claim, layer, direction)
        return self.made[key]

    def _measured(self, claim: Claim, layer: int, direction: Direction) -> Numbers:
        if claim.statistic == Statistic.CONTEXT:
            return context_numbers(self.context, claim, (layer, direction), len(self.corpus.lines))
        series = [recording.trace(layer, direction)[claim.quantity] for recording in self.corpus.recordings]
        alignments = [line.alignment for line in self.corpus.lines]
        if claim.statistic == Statistic.TIMESCALE:
            return memory_numbers(series, alignments, claim, seed=self.seed)
        emission = self.corpus.recordings[0].emission
        assert emission is not None, "claims_over has asked for one"
        blank = emission.alphabet.blank
        return event_numbers(series, alignments, blank, claim, direction, shifts=self.shifts, seed=self.seed)

    @cached_property
    def context(self) -> SampledContext:
        """By gradient, of some of the lines: measured once, when the first claim asks."""
        return sampled_context(self.corpus, seed=self.seed, progress=self.on_context)


def claims_over(
    corpus: Corpus,
    claims: Sequence[Claim],
    *,
    layers: Collection[int] | None = None,
    directions: Collection[Direction | str] | None = None,
    shifts: int = SHIFTS,
    seed: int = 0,
    progress: Callable[[int], object] | None = None,
    on_context: Callable[[int], object] | None = None,
) -> ClaimReport:
    """Every claim tested in every layer and direction of a recorded corpus.

    A claim about a layer is about the mean over its units; beside it every unit is tested alone. The p
    of the layers' means are corrected together for all tests of the run (Benjamini and Hochberg), those
    of the units for the units of their layer. "Supported" and "contradicted" ask for a corrected p
    below 0.05 and an effect of at least the claim's least; a timescale claim's interval must leave its share out.

    Args:
        corpus: recorded lines with the claims' series; claims about context need the gradients of what read them.
        claims: what to test.
        layers: these only.
        directions: these only.
        shifts: circular shifts of each test.
        seed: the same seed gives the same digits.
        progress: called with 1 after each claim, layer and direction.
        on_context: called with 1 after each of the lines whose gradients claims about context ask for.

    Raises:
        SelectionError: a claim names a symbol, layer, direction or gate that is not there, or none is given.
        AlignmentError: the recordings have no posteriors.
    """
    emission = corpus.recordings[0].emission
    if emission is None:
        raise AlignmentError(
            "these recordings have no posteriors, so no event can be found on them; record a recognizer"
        )
    listed = checked_claims(claims, emission.alphabet)
    places = _places(corpus.recordings[0], layers, directions)
    run = _Run(corpus, shifts, seed, on_context)
    measured: list[tuple[Claim, int, Direction, Numbers]] = []
    for claim in listed:
        for layer, direction in places:
            measured.append((claim, layer, direction, run.numbers(claim, layer, direction)))
            if progress is not None:
                progress(1)
    keys = list(run.made)
    corrected = dict(zip(keys, benjamini_hochberg(np.array([run.made[key].p for key in keys])).tolist(), strict=True))
    outcomes = tuple(
        _outcome(claim, layer, direction, numbers, corrected[*claim.tested, layer, direction])
        for claim, layer, direction, numbers in measured
    )
    return ClaimReport(corpus, outcomes, shifts, seed)


def _outcome(claim: Claim, layer: int, direction: Direction, numbers: Numbers, p: float) -> Outcome:
    verdict, why = _verdict(claim, numbers, p)
    adjusted = benjamini_hochberg(numbers.unit_p)
    clear = adjusted < ALPHA
    upward = numbers.unit_difference > 0
    with_it = clear & (upward if claim.direction > 0 else ~upward)
    units = Units(int(with_it.sum()), int((clear & ~with_it).sum()), len(adjusted))
    if claim.about_share:
        # There is no test of a unit: its memory is longer than a symbol or is not.
        units = Units(int(upward.sum()), int((~upward).sum()), len(upward))
    scores = claim.direction * numbers.line_scores
    order = [int(line) for line in np.argsort(-scores, kind="stable") if np.isfinite(scores[line])]
    best = tuple(line for line in order[:SHOWN] if scores[line] > 0)
    worst = tuple(line for line in order[::-1][:SHOWN] if scores[line] < 0)
    return Outcome(claim, layer, direction, numbers, p=p, verdict=verdict, why=why, units=units, best=best, worst=worst)


def _verdict(claim: Claim, numbers: Numbers, p: float) -> tuple[Verdict, str]:
    if numbers.why_not:
        return Verdict.TOO_FEW if numbers.measured else Verdict.NOT_MEASURED, numbers.why_not
    if claim.about_share:
        return _share_verdict(claim, numbers)
    if not p < ALPHA:
        return Verdict.NO_EVIDENCE, f"chance alone gives as much: p = {p:.2g}"
    if abs(numbers.effect) < claim.least_effect:
        return Verdict.NO_EVIDENCE, f"more than chance, but an effect below {claim.least_effect:g} is negligible"
    if numbers.effect * claim.direction > 0:
        return Verdict.SUPPORTED, f"it is {claim.sign}"
    return Verdict.CONTRADICTED, "it is significantly the other way round"


def _share_verdict(claim: Claim, numbers: Numbers) -> tuple[Verdict, str]:
    """A share's effect is Cohen's h, the difference of 2 asin(sqrt(share)) (Cohen 1988, section 6.2)."""
    asked = f"{100 * claim.share:g} %"
    if numbers.low <= claim.share <= numbers.high:
        return Verdict.NO_EVIDENCE, f"the interval of the share holds {asked}"
    effect = 2 * (np.arcsin(np.sqrt(numbers.effect)) - np.arcsin(np.sqrt(claim.share)))
    if abs(effect) < claim.least_effect:
        return Verdict.NO_EVIDENCE, f"the share is {asked} but for a negligible rest (Cohen's h {effect:+.2f})"
    side = "above" if effect > 0 else "below"
    verdict = Verdict.SUPPORTED if effect * claim.direction > 0 else Verdict.CONTRADICTED
    return verdict, f"the interval of the share lies {side} {asked}"


def _places(
    recording: Recording, layers: Collection[int] | None, directions: Collection[Direction | str] | None
) -> list[tuple[int, Direction]]:
    there = [(trace.layer, trace.direction) for trace in recording.traces]
    if odd := sorted(set(layers or ()) - {layer for layer, _ in there}):
        names = ", ".join(dict.fromkeys(str(layer) for layer, _ in there))
        raise SelectionError(f"there is no layer {', '.join(map(str, odd))} to test claims in; recorded are {names}")
    chosen = [
        (layer, direction)
        for layer, direction in there
        if (layers is None or layer in layers) and (directions is None or direction in directions)
    ]
    if not chosen:
        named = ", ".join(f"{layer} {direction}" for layer, direction in there) or "none"
        raise SelectionError(f"no layer and direction was chosen to test claims in; recorded are {named}")
    return chosen


def sampled_context(
    corpus: Corpus, *, seed: int = 0, progress: Callable[[int], object] | None = None
) -> SampledContext:
    """The context of up to ``LINES`` lines of a corpus, drawn without replacement, by their layers' own input.

    Args:
        corpus: recorded without edits; where only its recordings are at hand, the context stays unknown.
        seed: of the lines, frames and directions.
        progress: called with 1 after each of the lines.
    """
    if any(line.recognizer is None for line in corpus.lines):
        return SampledContext(None, {}, "its gradients need the recognizer, and only its recordings are at hand")
    drawn = sorted(np.random.default_rng(seed).permutation(len(corpus.lines))[:LINES].tolist())
    part = [replace(corpus.lines[at], number=number) for number, at in enumerate(drawn)]
    layers = sorted({trace.layer for trace in corpus.recordings[0].traces})
    sampling = Sampling(FRAMES, PROBES, layers, seed, ("input",))
    gradient = gather(part, GradientTally(sampling), progress=progress).tally.result()
    positions = {str(corpus.lines[at].source.path): at for at in drawn}
    return SampledContext(gradient, positions, gradient.why_not)


def context_numbers(sampled: SampledContext, claim: Claim, place: Place, lines: int) -> Numbers:
    """The share that lies further away than the claim's symbols, and its interval over lines.

    Each line's own symbols count: the frames from one to the next, of those lines that have two.

    Args:
        sampled: the context of some lines.
        claim: which distance.
        place: the layer and direction.
        lines: of the whole corpus.
    """
    scores = np.full(lines, np.nan)
    if sampled.gradient is None or sampled.why_not:
        return Numbers(line_scores=scores, why_not=sampled.why_not, measured=False)
    usable = [line for line in sampled.gradient.lines if np.isfinite(line.frames_a_symbol) and place in line.input]
    if len(usable) < FEWEST_LINES:
        why = f"{len(usable)} lines have two symbols or more, and an interval needs {FEWEST_LINES}"
        return Numbers(line_scores=scores, why_not=why, lines=len(usable))
    beyond = np.array([_beyond(line, place, claim.symbols) for line in usable])
    frames = np.array([line.input[place].frames for line in usable])
    for line, share in zip(usable, beyond / np.maximum(frames, 1), strict=True):
        scores[sampled.positions[line.name]] = share - claim.share
    found = Jackknife().estimates({"beyond": beyond, "frames": frames}, {"share": ("beyond", "frames")})["share"]
    context = sampled.gradient.reach("input", place).context()[0] / sampled.gradient.frames_a_symbol
    # Without units and without a test of chance: a share has an interval alone.
    return Numbers(
        effect=found.value, low=found.low, high=found.high, difference=context, inside=int(frames.sum()), lines=len(usable),
        line_scores=scores,
    )  # fmt: skip


def _beyond(line: LineContext, place: Place, symbols: float) -> float:
    return line.input[place].beyond(symbols * line.frames_a_symbol)
