"""From a study of the effective context to the page of its figure."""

from collections.abc import Mapping

import numpy as np

from gateviz.capture.changes import Place, place_words
from gateviz.measure.context import WITHIN
from gateviz.panels.context import WHOLE, ContextCurve, ContextPage, ContextPanel
from gateviz.survey.context import By, GradientContext
from gateviz.survey.context_falls import BOTH, Falls
from gateviz.survey.context_report import ContextStudy

# The axis holds this share of every course, and a little more; lower norms and falls are not drawn.
_DRAWN, _MORE, _NORMS = 0.98, 1.4, (1e-5, 1.5)
_LEAST_FALL = 1e-3
_DIRECTIONS = {"left": "forward", "right": "backward"}


def context_page(study: ContextStudy, origin: Mapping[str, str], *, title: str = "") -> ContextPage:
    """The page of a study: by gradient above, by what is taken away below.

    Args:
        study: what was measured.
        origin: goes into the file's metadata.
        title: above the picture; empty says what it shows.
    """
    panels = []
    if study.gradient is not None and not study.gradient.why_not:
        panels += [_gradient_panel(study.gradient, by) for by in ("image", "input")]
    panels += [_falls_panel(taken) for taken in study.falls.values()]
    remark = (
        f"{study.truths.words}. Bands are 95 % intervals over lines. Effective context: within it lies {100 * WITHIN:.0f} % "
        "of the squared norm, or of the fall."
    )
    if study.gradient is not None and study.gradient.why_not:
        remark += " No gradient reaches through this network."
    return ContextPage(
        tuple(panels), title or "Effective context: how far away lies what is answered to", remark, origin
    )


def _gradient_panel(gradient: GradientContext, by: By) -> ContextPanel:
    places = gradient.places(by)
    curves = []
    limit = 1.0
    for place in places:
        course, reach = gradient.course(by, place), gradient.reach(by, place)
        norm = course.norm
        norm = np.where(norm > 0, norm, np.nan) / np.nanmax(norm)
        far = reach.context()[0]
        unit = "px" if by == "image" else "fr."
        label = f"{'posterior' if place is None else place_words(place)}: {far:g} {unit}"
        curves.append(ContextCurve(label, *_look(place), course.distances, norm))
        drawn = reach.context(_DRAWN)[0]
        limit = max(limit, drawn if np.isfinite(drawn) else float(reach.distances[-1]))
    limit *= _MORE
    if by == "image":
        half = gradient.receptive_field / 2
        return ContextPanel(
            "by gradient: what each answers to on the image",
            tuple(curves),
            f"columns of the network's input from the frame (a symbol: {gradient.frames_a_symbol * gradient.stride:.0f})",
            "norm of the Jacobian, of its largest",
            _NORMS,
            max(limit, _MORE * half),
            shaded=(-half, half),
            shaded_label="receptive field",
        )
    symbol = gradient.frames_a_symbol
    return ContextPanel(
        "by gradient: what each layer answers to in its own input",
        tuple(curves),
        f"frames of the layer's input from the frame (a symbol: {symbol:.1f})",
        "norm of the Jacobian, of its largest",
        _NORMS,
        max(limit, 2.0 * symbol if np.isfinite(symbol) else 0.0),
        shaded=(-symbol, symbol) if np.isfinite(symbol) else None,
        shaded_label="within a symbol",
    )


def _falls_panel(taken: Falls) -> ContextPanel:
    distances = taken.taking.distances
    at = np.arange(len(distances), dtype=np.float64)
    curves, highest = [], []
    for variant in taken.taking.variants:
        found = taken.fall(variant)
        rank, direction = _variant_look(taken, variant)
        reach = taken.reach(variant)
        words = "no effect" if reach is None else f"{reach.context()[0]:g} symb."
        low, high = (np.array([getattr(each, end) for each in found], dtype=np.float64) for end in ("low", "high"))
        value = np.array([each.value for each in found], dtype=np.float64)
        banded = rank == WHOLE
        highest += [*value.tolist(), *(high.tolist() if banded else [])]
        curves.append(
            ContextCurve(
                f"{_words(taken, variant)}: {words}",
                rank,
                direction,
                at,
                value,
                low if banded else None,
                high if banded else None,
            )
        )
    blank = taken.taking.what == "blank"
    return ContextPanel(
        "model-free: columns further away blanked" if blank else "model-free: the state forgotten further away",
        tuple(curves),
        "symbols between it and what is taken away",
        "fall of the log posterior (nats)",
        (_LEAST_FALL, 2 * max([_LEAST_FALL, *highest])),
        ticks=tuple((float(place), f"{distance:g}") for place, distance in zip(at, distances, strict=True)),
    )


def _look(place: Place | None) -> tuple[int, str]:
    return (WHOLE, BOTH) if place is None else (place[0], str(place[1]))


def _variant_look(taken: Falls, variant: str) -> tuple[int, str]:
    for place in taken.taking.places:
        if place_words(place) == variant:
            return _look(place)
    return WHOLE, _DIRECTIONS.get(variant, variant)


def _words(taken: Falls, variant: str) -> str:
    if taken.taking.what == "blank":
        return "left and right" if variant == BOTH else f"{variant} of it"
    return {"forward": "all forward", "backward": "all backward", BOTH: "all"}.get(variant, variant)
