"""A study of interventions as numbers and as a page: effects beside selectivity."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float64

from gateviz.data.gates import Place
from gateviz.measure.events import Event
from gateviz.measure.jackknife import Estimate
from gateviz.measure.selectivity import selectivity
from gateviz.panels.ablation import AblationPage, EffectPoint, ablation_page
from gateviz.studies.account import Corpus, Truths, told_alignment
from gateviz.survey.ablation import Ablation
from gateviz.survey.interventions import Grouping


def selectivities(ablation: Ablation, corpus: Corpus, event: Event) -> Float64[np.ndarray, " G"]:
    """How well the held quantity of each group's unit tells an event; NaN for groups of several units."""
    aucs: dict[Place, Float64[np.ndarray, " H"]] = {}
    masks = []
    for line in corpus.lines:
        assert line.recording.emission is not None, "a corpus of a recognizer has posteriors"
        alignment, _ = told_alignment(line.recording, line.source.text)
        masks.append(event.mask(alignment, line.recording.emission.alphabet.blank))
    found = []
    for group in ablation.groups:
        if ablation.plan.grouping != Grouping.UNIT:
            found.append(np.nan)
            continue
        if group.place not in aucs:
            series = [
                recording.trace(*group.place)[ablation.plan.intervention.quantity] for recording in corpus.recordings
            ]
            aucs[group.place] = selectivity(series, masks).auc
        found.append(float(aucs[group.place][group.units][0]))
    return np.array(found)


def ablation_document(
    ablation: Ablation,
    corpus: Corpus,
    told: Float64[np.ndarray, " G"],
    event: Event,
    origin: Mapping[str, Any],
) -> dict[str, Any]:
    """Everything as plain values, the strongest group first.

    Args:
        ablation: the outcome.
        corpus: what was read.
        told: the selectivity of every group.
        event: that it is for.
        origin: which model read.
    """
    errors = [line for line in ablation.met if line.truth_symbols]
    return {
        **origin,
        "truths": truths_of(corpus).document,
        "held": ablation.plan.words,
        "by": str(ablation.plan.grouping),
        "selectivity_for": event.words,
        "lines": len(ablation.lines),
        "lines_held": len(ablation.met),
        "lines_with_truth": len(errors),
        "plain_error_rate": sum(line.plain_errors for line in errors) / sum(line.truth_symbols for line in errors)
        if errors
        else None,
        "skipped": [{"line": str(line.source.path), "why": line.why} for line in corpus.skipped],
        "groups": [
            {
                "layer": ablation.groups[number].place[0],
                "direction": str(ablation.groups[number].place[1]),
                "units": ablation.groups[number].words,
                "divergence": _estimate(ablation.effects[number].divergence),
                "text_changed": _estimate(ablation.effects[number].edits),
                "error_rate_rise": _estimate(ablation.effects[number].errors),
                "lines_changed": ablation.effects[number].changed,
                "selectivity": None if np.isnan(told[number]) else float(told[number]),
            }
            for number in ablation.ranking
        ],
    }


def truths_of(corpus: Corpus) -> Truths:
    """How many lines have a true text and are aligned to it, for events and their selectivity."""
    return Truths.of((line.source, told_alignment(line.recording, line.source.text)[1]) for line in corpus.lines)


def page_of(
    ablation: Ablation, corpus: Corpus, told: Float64[np.ndarray, " G"], event: Event, metadata: Mapping[str, str]
) -> AblationPage:
    """The figure's page: divergence of every group, beside its selectivity."""
    points = [
        EffectPoint(
            f"{group.place[0]}.{group.place[1]} {group.words}",
            f"{group.place[0]}.{group.place[1]}",
            effect.divergence.value,
            effect.divergence.low,
            effect.divergence.high,
            float(auc),
        )
        for group, effect, auc in zip(ablation.groups, ablation.effects, told, strict=True)
    ]
    return ablation_page(
        points,
        title=f"What it does to hold: {ablation.plan.words}",
        effect_label="posterior moved (nats a frame)",
        event=event.words,
        lines=f"{truths_of(corpus).words}, {len(ablation.met)} held",
        metadata=metadata,
    )


def places_of(corpus: Corpus, layers: Sequence[int] = (), directions: Sequence[str] = ()) -> tuple[Place, ...]:
    """The recorded layers and directions among those asked for; empty asks for all."""
    traces = corpus.recordings[0].traces
    return tuple(
        (trace.layer, trace.direction)
        for trace in traces
        if (not layers or trace.layer in layers) and (not directions or trace.direction in directions)
    )


def _estimate(estimate: Estimate | None) -> dict[str, float] | None:
    return None if estimate is None else {"value": estimate.value, "low": estimate.low, "high": estimate.high}
