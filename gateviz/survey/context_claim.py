"""Claims about context: which share of what a layer answers to in its own input lies further away than so many symbols."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64

from gateviz.capture.recognizer import Recognizer
from gateviz.data.gates import Place
from gateviz.measure.contrast import FEWEST_LINES
from gateviz.measure.gradient_context import GradientContext, LineContext
from gateviz.measure.jackknife import Jackknife
from gateviz.studies.account import Corpus
from gateviz.studies.corpus import gather
from gateviz.studies.gradients import GradientTally, Sampling
from gateviz.survey.claim import Claim
from gateviz.survey.claim_numbers import Numbers

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


def sampled_context(
    recognizer: Recognizer | None,
    corpus: Corpus,
    *,
    seed: int = 0,
    progress: Callable[[int], object] | None = None,
) -> SampledContext:
    """The context of up to ``LINES`` lines of a corpus, drawn without replacement, by their layers' own input.

    Args:
        recognizer: what made the recordings; None leaves the context unknown.
        corpus: recorded without edits.
        seed: of the lines, frames and directions.
        progress: called with 1 after each of the lines.
    """
    if recognizer is None:
        return SampledContext(None, {}, "its gradients need the recognizer, and only its recordings are at hand")
    drawn = sorted(np.random.default_rng(seed).permutation(len(corpus.lines))[:LINES].tolist())
    part = [replace(corpus.lines[at], number=number, recognizer=recognizer) for number, at in enumerate(drawn)]
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
        return _numbers(scores, why_not=sampled.why_not, measured=False)
    usable = [line for line in sampled.gradient.lines if np.isfinite(line.frames_a_symbol) and place in line.input]
    if len(usable) < FEWEST_LINES:
        why = f"{len(usable)} lines have two symbols or more, and an interval needs {FEWEST_LINES}"
        return _numbers(scores, why_not=why, lines=len(usable))
    beyond = np.array([_beyond(line, place, claim.symbols) for line in usable])
    frames = np.array([line.input[place].frames for line in usable])
    for line, share in zip(usable, beyond / np.maximum(frames, 1), strict=True):
        scores[sampled.positions[line.name]] = share - claim.share
    found = Jackknife().estimates({"beyond": beyond, "frames": frames}, {"share": ("beyond", "frames")})["share"]
    context = sampled.gradient.reach("input", place).context()[0] / sampled.gradient.frames_a_symbol
    return _numbers(scores, found.value, found.low, found.high, context, int(frames.sum()), len(usable))


def _beyond(line: LineContext, place: Place, symbols: float) -> float:
    return line.input[place].beyond(symbols * line.frames_a_symbol)


def _numbers(
    scores: Float64[np.ndarray, " L"],
    effect: float = float("nan"),
    low: float = float("nan"),
    high: float = float("nan"),
    context: float = float("nan"),
    frames: int = 0,
    lines: int = 0,
    *,
    why_not: str = "",
    measured: bool = True,
) -> Numbers:
    """Numbers without units and without a test of chance: a share has an interval alone."""
    none = np.zeros(0)
    return Numbers(
        effect, low, high, float("nan"), context, frames, 0, lines, none, none, scores, why_not, measured=measured
    )
