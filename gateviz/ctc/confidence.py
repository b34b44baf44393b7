"""How sure a recognizer was: one rule for spans, and for a whole text the rule each project uses.

Every project calls something else "confidence", so a number says little without the name of its
rule. All rules here look at the posteriors of the path's labels; on a greedy path these are the
maxima of the frames, which is what the projects take them from. All give a probability-like
number in [0, 1], and 0 for an empty text where they average over what was read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from jaxtyping import Bool, Float64, Int64

from gateviz.data.alignment import Alignment
from gateviz.data.emission import Emission
from gateviz.errors import SelectionError


def path_log_probs(emission: Emission, path: Int64[np.ndarray, " T"]) -> Float64[np.ndarray, " T"]:
    """Log posterior of the path's label at every frame."""
    return np.take_along_axis(emission.log_probs, path[:, None], axis=1)[:, 0].astype(np.float64)


def span_log_prob(frame_log_probs: Float64[np.ndarray, " T"], start: int, stop: int) -> float:
    """Log of a span's confidence: the geometric mean of the path's posteriors over frames [start, stop).

    Every frame of the span counts, so the blanks inside a symbol that several labels spell do too:
    they are part of how that symbol was read. The mean, unlike the product, does not fall with
    the length of the span, so wide and narrow symbols can be compared.
    """
    return float(frame_log_probs[start:stop].mean())


def span_mean(emission: Emission, alignment: Alignment) -> float:
    """Geometric mean of the path's posteriors over all frames of all spans: the rule of spans, for a text."""
    frames = np.concatenate([np.arange(0), *(np.arange(span.start, span.stop) for span in alignment.spans)])
    if not len(frames):
        return 0.0
    return float(np.exp(path_log_probs(emission, alignment.path)[frames].mean()))


def path_product(emission: Emission, alignment: Alignment) -> float:
    """Product of the path's posteriors over all frames, blanks included (clovaai's text recognition benchmark).

    It is the probability of the path and falls with the length of the line.
    """
    return float(np.exp(path_log_probs(emission, alignment.path).sum()))


def frame_minimum(emission: Emission, alignment: Alignment) -> float:
    """Smallest of the path's posteriors over all frames, blanks included (docTR)."""
    return float(np.exp(path_log_probs(emission, alignment.path).min()))


def kept_mean(emission: Emission, alignment: Alignment) -> float:
    """Mean posterior of the frames that CTC keeps: the first of each run of a label, no blanks (PaddleOCR)."""
    kept = _labeled(emission, alignment)
    kept[1:] &= alignment.path[1:] != alignment.path[:-1]
    if not kept.any():
        return 0.0
    return float(np.exp(path_log_probs(emission, alignment.path)[kept]).mean())


def run_maximum(emission: Emission, alignment: Alignment) -> float:
    """Largest posterior of each span's labels, averaged over the spans.

    kraken gives each symbol the largest posterior of its run and leaves the text without a number;
    the mean over the symbols is gateviz's.
    """
    if not alignment.spans:
        return 0.0
    # Blanks inside a symbol of several labels say nothing of its labels.
    log_probs = np.where(_labeled(emission, alignment), path_log_probs(emission, alignment.path), -np.inf)
    return float(np.mean([np.exp(log_probs[span.start : span.stop].max()) for span in alignment.spans]))


def softened_product(emission: Emission, alignment: Alignment) -> float:
    """Product of the posteriors of the n frames that are not blank, to the power 2 / sqrt(n) (EasyOCR)."""
    log_probs = path_log_probs(emission, alignment.path)[_labeled(emission, alignment)]
    if not len(log_probs):
        return 0.0
    return float(np.exp(log_probs.sum() * 2 / np.sqrt(len(log_probs))))


def _labeled(emission: Emission, alignment: Alignment) -> Bool[np.ndarray, " T"]:
    """The frames whose label is not the blank."""
    labeled: Bool[np.ndarray, " T"] = alignment.path != emission.alphabet.blank
    return labeled


@dataclass(frozen=True)
class ConfidenceRule:
    """One way to give a whole text a confidence.

    Attributes:
        name: how it is asked for.
        project: who uses it.
        rule: from the emission and an alignment of it to a number in [0, 1].
    """

    name: str
    project: str
    rule: Callable[[Emission, Alignment], float]


CONFIDENCE_RULES: Mapping[str, ConfidenceRule] = MappingProxyType(
    {
        rule.name: rule
        for rule in (
            ConfidenceRule("span_mean", "gateviz", span_mean),
            ConfidenceRule("path_product", "clovaai", path_product),
            ConfidenceRule("frame_minimum", "docTR", frame_minimum),
            ConfidenceRule("kept_mean", "PaddleOCR", kept_mean),
            ConfidenceRule("run_maximum", "kraken", run_maximum),
            ConfidenceRule("softened_product", "EasyOCR", softened_product),
        )
    }
)


def text_confidence(emission: Emission, alignment: Alignment, *, rule: str = "span_mean") -> float:
    """The confidence of a whole text in [0, 1] by a named rule of ``CONFIDENCE_RULES``.

    Raises:
        SelectionError: there is no such rule; lists those there are.
    """
    if rule not in CONFIDENCE_RULES:
        raise SelectionError(f"there is no confidence rule {rule!r}; choose one of {', '.join(CONFIDENCE_RULES)}")
    return CONFIDENCE_RULES[rule].rule(emission, alignment)
