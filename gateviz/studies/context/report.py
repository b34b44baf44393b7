"""What was measured of context, as tables, sentences and plain values."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gateviz.data.gates import Place
from gateviz.measure.context import WITHIN, Reach
from gateviz.measure.gradient_context import By, GradientContext, answering_words
from gateviz.measure.jackknife import Estimate
from gateviz.studies.context.results import ContextStudy, Falls
from gateviz.studies.page import Figure, Page, Part, Section, Sentence, Table, counted, skipped_table

_AXES: tuple[By, ...] = ("image", "input")
_ACTIONS = {"blank": "columns further away blanked", "reset": "states forgotten further away"}


def context_page(study: ContextStudy, origin: Mapping[str, Any]) -> Page:
    """All that is said of a study.

    Args:
        study: what was measured.
        origin: which model read, for the document.
    """
    account = study.account
    sections = [
        Section((Sentence(f"{account.truths.words}."), skipped_table(account.skipped))),
        Section(
            (Sentence(f"effective context over {counted(account.lines, 'line')}: within it lies {100 * WITHIN:.0f} %"),)
        ),
    ]
    if has_figure(study):
        words = "Norms of Jacobians by distance, and falls of the log posterior; bands are 95 % intervals over lines"
        sections.append(Section((Figure("context", words),), "How far away lies what is answered to"))
    if study.gradient is not None:
        sections += _gradient_sections(study.gradient)
    sections += [_falls_section(taken) for taken in study.falls.values()]
    if account.skipped:
        sections.append(
            Section((Sentence(f"{counted(len(account.skipped), 'line')} could not be read and took no part"),))
        )
    model = account.origin.checkpoint or account.origin.adapter or "a recognizer"
    numbers = document(study)
    return Page(f"What {model} answers to", tuple(sections), {**origin, **numbers}, list(_rows(numbers)))


def has_figure(study: ContextStudy) -> bool:
    """Whether there is anything to draw: a network may have no gradient, and nothing else have been asked for."""
    return bool(study.falls) or (study.gradient is not None and not study.gradient.why_not)


def document(study: ContextStudy) -> dict[str, Any]:
    """Everything as plain values."""
    request, gradient = study.request, study.gradient
    found: dict[str, Any] = study.account.document | {
        "aligned_to_truth": study.account.truths.aligned,
        "within": WITHIN,
        "sampling": {
            "frames": request.frames, "probes": request.probes, "symbols": request.symbols, "seed": request.seed,
        },
    }  # fmt: skip
    if gradient is not None:
        found["gradient"] = {
            "refused": [{"path": path, "why": why} for path, why in gradient.refused],
            "why_not": gradient.why_not,
            "stride": gradient.stride,
            "receptive_field": gradient.receptive_field,
            "frames_a_symbol": gradient.frames_a_symbol,
            **{by: [_gradient_row(gradient, by, place) for place in gradient.places(by)] for by in _AXES},
        }
    for what, taken in study.falls.items():
        found[what] = {
            "distances": list(taken.taking.distances),
            "symbols": sum(line.symbols for line in taken.lines),
            "read": sum(line.read for line in taken.lines),
            "textless": list(taken.textless),
            "taken": [_fall_row(taken, variant) for variant in taken.taking.variants],
        }
    return found


def _gradient_sections(gradient: GradientContext) -> list[Section]:
    if gradient.why_not:
        return [Section((Sentence(f"by gradient: not measured; {gradient.why_not}"),), "By gradient")]
    field = f"(the receptive field is {gradient.receptive_field:g} columns)"
    titles = {"image": f"by gradient, on the image {field}", "input": "by gradient, in the layer's own input"}
    headings = {"image": "By gradient, on the image", "input": "By gradient, in the layer's own input"}
    sections = [Section((_gradient_table(gradient, by, titles[by]),), headings[by]) for by in _AXES]
    if gradient.refused:
        words = f"{counted(len(gradient.refused), 'line')} gave no gradient and took no part: {gradient.refused[0][1]}"
        sections.append(Section((Sentence(words),)))
    return sections


def _gradient_table(gradient: GradientContext, by: By, title: str) -> Table:
    rows = []
    for place in gradient.places(by):
        row = _gradient_row(gradient, by, place)
        context, beyond = row["context"], row["beyond_a_symbol"]
        rows.append(
            [
                row["of"],
                f"{context['value']:g} ({context['low']:g} to {context['high']:g}) {context['unit']}",
                f"{row['context_in_symbols']:.2f}",
                f"{100 * beyond['value']:.1f} % ({100 * beyond['low']:.1f} to {100 * beyond['high']:.1f})",
            ]
        )
    return Table(("of", "effective context", "symbols", "beyond a symbol"), rows, title)


def _falls_section(taken: Falls) -> Section:
    distances = taken.taking.distances
    rows = []
    for variant in taken.taking.variants:
        reach = taken.reach(variant)
        cells = [
            f"{fall.value:.3f} / {100 * lost.value:.0f} %"
            for fall, lost in zip(taken.fall(variant), taken.lost(variant), strict=True)
        ]
        words = "no effect"
        if reach is not None:
            value, low, high = reach.context()
            words = f"{value:g} ({low:g} to {high:g}) symbols"
        rows.append([variant, *cells, words])
    title = (
        f"{_ACTIONS[taken.taking.what]}: fall of the log posterior in nats, and of the share of symbols read, "
        "by symbols between"
    )
    head = ("taken", *(f"> {distance:g}" for distance in distances), "effective context")
    read = sum(line.read for line in taken.lines)
    symbols = sum(line.symbols for line in taken.lines)
    parts: list[Part] = [Table(head, rows, title), Sentence(f"{symbols} symbols, {read} of them read as the line is")]
    reached = np.sum([taken.reached(variant) for variant in taken.taking.variants], axis=0)
    if unreached := [f"{distance:g}" for distance, count in zip(distances, reached, strict=True) if not count]:
        parts.append(Sentence(f"beyond {', '.join(unreached)} symbols nothing lies on any line"))
    if taken.textless:
        parts.append(Sentence(f"{counted(len(taken.textless), 'line')} without text took no part"))
    return Section(tuple(parts), f"Model-free: {_ACTIONS[taken.taking.what]}")


def _gradient_row(gradient: GradientContext, by: By, place: Place | None) -> dict[str, Any]:
    reach, course = gradient.reach(by, place), gradient.course(by, place)
    value, low, high = reach.context()
    symbol = gradient.frames_a_symbol * (gradient.stride if by == "image" else 1.0)
    beyond = _at(reach, symbol)
    return {
        "of": answering_words(place),
        "layer": None if place is None else place[0],
        "direction": None if place is None else str(place[1]),
        "context": {"value": value, "low": low, "high": high, "unit": "columns" if by == "image" else "frames"},
        "context_in_symbols": gradient.in_symbols(by, value),
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


def _rows(numbers: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A row a measure, place and distance, for a spreadsheet."""
    for by in _AXES:
        for row in numbers.get("gradient", {}).get(by, ()):
            for distance, norm, share in zip(row["distances"], row["norm"], row["share"], strict=True):
                yield {"by": by, "of": row["of"], "distance": distance, "norm": norm, "share": share}
    for what in _ACTIONS:
        taken = numbers.get(what, {"taken": ()})
        for row in taken["taken"]:
            for at, distance in enumerate(taken["distances"]):
                fall, lost = row["fall"][at], row["lost"][at]
                yield {
                    "by": what, "of": row["taken"], "distance": distance, "reached": row["reached"][at],
                    **{f"fall_{end}" if end != "value" else "fall": number for end, number in fall.items()},
                    **{f"lost_{end}" if end != "value" else "lost": number for end, number in lost.items()},
                }  # fmt: skip
