"""The effective context of a recognizer over a corpus: measured, as plain numbers, and as a page."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gateviz.capture.changes import Place, place_words
from gateviz.capture.recognizer import Recognizer
from gateviz.errors import SelectionError
from gateviz.measure.context import WITHIN, Reach
from gateviz.measure.jackknife import Estimate
from gateviz.studies.account import Corpus, Truths, told_alignment
from gateviz.survey.context import By, GradientContext, Sampling, gradient_context
from gateviz.survey.context_falls import DISTANCES, Falls, Taking, falls

MEASURES = ("gradient", "blank", "reset")


@dataclass(frozen=True)
class Asked:
    """What is to be measured.

    Attributes:
        measures: any of ``gradient``, ``blank`` and ``reset``.
        layers: these only; None for all.
        frames: of a line, for the gradient.
        probes: random directions a frame; None is exact.
        symbols: of a line, for what is taken away.
        distances: in symbols, ascending from 0.
        seed: the same seed gives the same digits.
    """

    measures: tuple[str, ...] = MEASURES
    layers: Collection[int] | None = None
    frames: int = 4
    probes: int | None = 2
    symbols: int = 3
    distances: tuple[float, ...] = DISTANCES
    seed: int = 0


@dataclass(frozen=True, eq=False)
class ContextStudy:
    """What was measured.

    Attributes:
        corpus: of which lines.
        asked: what was asked for.
        truths: how many lines have a true text and are aligned to it; the others to what was read.
        gradient: by gradient; None if it was not asked for.
        falls: by what was taken away, those that were asked for.
    """

    corpus: Corpus
    asked: Asked
    truths: Truths
    gradient: GradientContext | None
    falls: Mapping[str, Falls] = field(default_factory=dict)


def context_study(
    recognizer: Recognizer, corpus: Corpus, asked: Asked, *, progress: Callable[[int], object] | None = None
) -> ContextStudy:
    """The effective context by every measure that was asked for.

    Args:
        recognizer: what made the corpus's recordings.
        corpus: recorded without edits, with all layers.
        asked: what is to be measured.
        progress: called with 1 after each line of each measure.

    Raises:
        SelectionError: there is no such measure or layer, or no line has two symbols.
    """
    if not asked.measures or not set(asked.measures) <= set(MEASURES):
        named = ", ".join(asked.measures) or "nothing"
        raise SelectionError(f"the context was asked for by {named}; it is measured by {', '.join(MEASURES)}")
    places = _places(corpus, asked.layers)
    found = [told_alignment(line.recording, line.source.text) for line in corpus.lines]
    alignments = [alignment for alignment, _ in found]
    gradient = None
    if "gradient" in asked.measures:
        sampling = Sampling(asked.frames, asked.probes, asked.layers, asked.seed)
        gradient = gradient_context(recognizer, corpus, alignments, sampling, progress=progress)
    taken: dict[str, Falls] = {}
    for what in ("blank", "reset"):
        if what in asked.measures:
            taking = Taking(what, asked.distances, asked.symbols, places if what == "reset" else (), asked.seed)
            taken[what] = falls(recognizer, corpus, alignments, taking, progress=progress)
    truths = Truths.of((line.source, told) for line, (_, told) in zip(corpus.lines, found, strict=True))
    return ContextStudy(corpus, asked, truths, gradient, taken)


def context_document(study: ContextStudy, origin: Mapping[str, Any]) -> dict[str, Any]:
    """Everything as plain values.

    Args:
        study: what was measured.
        origin: which model read.
    """
    asked = study.asked
    document: dict[str, Any] = {
        **origin,
        "truths": study.truths.document,
        "lines": len(study.corpus.lines),
        "skipped": [{"path": str(one.source.path), "why": one.why} for one in study.corpus.skipped],
        "aligned_to_truth": study.truths.aligned,
        "within": WITHIN,
        "sampling": {
            "frames": asked.frames, "probes": asked.probes, "symbols": asked.symbols, "seed": asked.seed,
        },
    }  # fmt: skip
    gradient = study.gradient
    if gradient is not None:
        document["gradient"] = {
            "refused": [{"path": path, "why": why} for path, why in gradient.refused],
            "why_not": gradient.why_not,
            "stride": gradient.stride,
            "receptive_field": gradient.receptive_field,
            "frames_a_symbol": gradient.frames_a_symbol,
            "image": [_gradient_row(gradient, "image", place) for place in gradient.places("image")],
            "input": [_gradient_row(gradient, "input", place) for place in gradient.places("input")],
        }
    for what, taken in study.falls.items():
        document[what] = {
            "distances": list(taken.taking.distances),
            "symbols": sum(line.symbols for line in taken.lines),
            "read": sum(line.read for line in taken.lines),
            "textless": list(taken.textless),
            "taken": [_fall_row(taken, variant) for variant in taken.taking.variants],
        }
    return document


def in_symbols(gradient: GradientContext, by: By, distance: float) -> float:
    """A distance on one of the two axes in symbols of the corpus; NaN where no line has two."""
    frames = distance / gradient.stride if by == "image" else distance
    return frames / gradient.frames_a_symbol


def _gradient_row(gradient: GradientContext, by: By, place: Place | None) -> dict[str, Any]:
    reach, course = gradient.reach(by, place), gradient.course(by, place)
    value, low, high = reach.context()
    symbol = gradient.frames_a_symbol * (gradient.stride if by == "image" else 1.0)
    beyond = _at(reach, symbol)
    return {
        **_place(place),
        "context": {"value": value, "low": low, "high": high, "unit": "columns" if by == "image" else "frames"},
        "context_in_symbols": in_symbols(gradient, by, value),
        "beyond_a_symbol": dict(zip(("value", "low", "high"), beyond, strict=True)),
        "lines": reach.lines,
        "frames": course.frames,
        "distances": course.distances.tolist(),
        "norm": course.norm.tolist(),
        "share": course.shares.tolist(),
    }


def _at(reach: Reach, distance: float) -> tuple[float, float, float]:
    """What lies beyond a distance, with its interval: whole distances are known, and beyond them not less lies beyond."""
    if not np.isfinite(distance):
        return float("nan"), float("nan"), float("nan")
    at = min(int(distance), len(reach.distances) - 1)
    return float(reach.beyond[at]), float(reach.low[at]), float(reach.high[at])


def _fall_row(taken: Falls, variant: str) -> dict[str, Any]:
    reach = taken.reach(variant)
    context = None if reach is None else dict(zip(("value", "low", "high"), reach.context(), strict=True))
    return {
        "taken": variant,
        "fall": [_estimate(each) for each in taken.fall(variant)],
        "lost": [_estimate(each) for each in taken.lost(variant)],
        "reached": taken.reached(variant),
        "context": None if context is None else {**context, "unit": "symbols"},
    }


def _estimate(estimate: Estimate) -> dict[str, float]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def _place(place: Place | None) -> dict[str, Any]:
    if place is None:
        return {"of": "posterior", "layer": None, "direction": None}
    return {"of": place_words(place), "layer": place[0], "direction": str(place[1])}


def _places(corpus: Corpus, layers: Collection[int] | None) -> tuple[Place, ...]:
    there = tuple((trace.layer, trace.direction) for trace in corpus.recordings[0].traces)
    known = sorted({layer for layer, _ in there})
    if not there:
        raise SelectionError("none of this network's layers reads along the line, so it has no context to measure")
    if odd := sorted(set(layers or ()) - set(known)):
        raise SelectionError(
            f"the context of layer {', '.join(map(str, odd))} was asked for; recorded are {', '.join(map(str, known))}"
        )
    return tuple(place for place in there if layers is None or place[0] in layers)
