"""The figure of the effective context: norms of Jacobians by distance, and what is lost without what lies further away."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gateviz.data.gates import Place, place_words
from gateviz.errors import ShapeError
from gateviz.measure.context import WITHIN
from gateviz.measure.gradient_context import By, GradientContext, answering_words
from gateviz.panels.colors import HAIRLINE, INK, LAYERS, QUIET, SHADE
from gateviz.plot.canvas import GateFigure, new_figure, settings
from gateviz.plot.fitting import heading_height, write_footing, write_heading
from gateviz.plot.painters.courses import DASHES
from gateviz.plot.settle import settle
from gateviz.plot.style import Style, style_named
from gateviz.studies.context.results import BOTH, ContextStudy, Falls

TITLE = "Effective context: how far away lies what is answered to"
WHOLE = -1
"""The rank of what is no single layer."""

# Height of a row of panels, and of what stands around them, in units of the small type.
_ROW, _AROUND = 21.0, 5.0
# The axis holds this share of every course, and a little more; lower norms and falls are not drawn.
_DRAWN, _MORE, _NORMS = 0.98, 1.4, (1e-5, 1.5)
_LEAST_FALL = 1e-3
_READ_FROM = {"left": "forward", "right": "backward"}


@dataclass(frozen=True, eq=False)
class Curve:
    """One curve.

    Attributes:
        label: for the legend, such as ``layer 1 forward``.
        rank: position among the layers, from 0, which gives it a color; ``WHOLE`` for all of them or the posterior.
        direction: ``forward``, ``backward`` or ``both``, which gives it a dash.
        x: distances.
        y: values; NaN is left out.
        low: lower border of the band; None without.
        high: upper border.
    """

    label: str
    rank: int
    direction: str
    x: Float64[np.ndarray, " K"]
    y: Float64[np.ndarray, " K"]
    low: Float64[np.ndarray, " K"] | None = None
    high: Float64[np.ndarray, " K"] | None = None


@dataclass(frozen=True)
class CurvePanel:
    """Curves over distance.

    Attributes:
        title: a few words.
        curves: at least one.
        x_label: of the distance.
        y_label: of the value.
        ends: of the logarithmic value axis; smaller values are not drawn.
        limit: the axis goes from minus to plus this; None for distances without sign.
        ticks: where the distances are marked, with their words; empty leaves that to matplotlib.
        shaded: distances to shade; None for none.
        shaded_label: what is shaded.
    """

    title: str
    curves: tuple[Curve, ...]
    x_label: str
    y_label: str
    ends: tuple[float, float]
    limit: float | None = None
    ticks: tuple[tuple[float, str], ...] = ()
    shaded: tuple[float, float] | None = None
    shaded_label: str = ""


class ContextFigures:
    """The figure of a study, by gradient above, by what is taken away below.

    Args:
        study: what was measured.
        style: a preset, as for ``gates``.

    Raises:
        SelectionError: there is no such style.
    """

    def __init__(self, study: ContextStudy, *, style: str | Style = "a4") -> None:
        self.study, self.style = study, style_named(style)

    def one(self, name: str) -> GateFigure:
        """There is one."""
        return self.whole()

    def whole(self) -> GateFigure:
        """All panels."""
        study, account = self.study, self.study.account
        remark = (
            f"{account.truths.words}. Bands are 95 % intervals over lines. Effective context: within it lies "
            f"{100 * WITHIN:.0f} % of the squared norm, or of the fall."
        )
        if study.gradient is not None and study.gradient.why_not:
            remark += " No gradient reaches through this network."
        facts = account.facts(f"effective context over {account.truths.words}", seed=str(study.request.seed))
        return drawn(panels_of(study), self.style, title=TITLE, remark=remark, facts=facts)


def panels_of(study: ContextStudy) -> tuple[CurvePanel, ...]:
    """What is drawn of a study."""
    panels = [_falls_panel(taken) for taken in study.falls.values()]
    if study.gradient is not None and not study.gradient.why_not:
        panels = [_image_panel(study.gradient), _input_panel(study.gradient), *panels]
    return tuple(panels)


def drawn(
    panels: tuple[CurvePanel, ...],
    style: Style,
    *,
    title: str = "",
    remark: str = "",
    facts: Mapping[str, str] | None = None,
) -> GateFigure:
    """Panels in rows of two.

    Raises:
        ShapeError: there is nothing to draw.
    """
    if not panels:
        raise ShapeError("the figure of the effective context needs at least one panel; nothing was measured")
    with settings():
        rows = -(-len(panels) // 2)
        height = (_ROW * rows + _AROUND) * style.small_size / 72 + heading_height(title, style)
        figure = new_figure(style, height, facts or {})
        grid = figure.subplots(rows, min(2, len(panels)), squeeze=False).ravel()
        for axes, panel in zip(grid, panels, strict=False):
            _paint(axes, panel, style)
        for axes in grid[len(panels) :]:
            axes.remove()
        write_heading(figure, title, style, fontweight="bold", x=0.01, ha="left")
        write_footing(figure, remark, style, color=QUIET, x=0.01, ha="left")
        settle(figure)
    return figure


def _image_panel(gradient: GradientContext) -> CurvePanel:
    curves, limit = _norms(gradient, "image")
    half = gradient.receptive_field / 2
    return CurvePanel(
        "by gradient: what each answers to on the image",
        curves,
        x_label=f"columns of the network's input from the frame (a symbol: {gradient.frames_a_symbol * gradient.stride:.0f})",
        y_label="norm of the Jacobian, of its largest",
        ends=_NORMS,
        limit=max(limit, _MORE * half),
        shaded=(-half, half),
        shaded_label="receptive field",
    )


def _input_panel(gradient: GradientContext) -> CurvePanel:
    curves, limit = _norms(gradient, "input")
    symbol = gradient.frames_a_symbol
    return CurvePanel(
        "by gradient: what each layer answers to in its own input",
        curves,
        x_label=f"frames of the layer's input from the frame (a symbol: {symbol:.1f})",
        y_label="norm of the Jacobian, of its largest",
        ends=_NORMS,
        limit=max(limit, 2.0 * symbol if np.isfinite(symbol) else 0.0),
        shaded=(-symbol, symbol) if np.isfinite(symbol) else None,
        shaded_label="within a symbol",
    )


def _norms(gradient: GradientContext, by: By) -> tuple[tuple[Curve, ...], float]:
    """The curves on one axis, and how far it has to go for them."""
    curves, limit, unit = [], 1.0, "px" if by == "image" else "fr."
    for place in gradient.places(by):
        course, reach = gradient.course(by, place), gradient.reach(by, place)
        norm = course.norm
        norm = np.where(norm > 0, norm, np.nan) / np.nanmax(norm)
        label = f"{answering_words(place)}: {reach.context()[0]:g} {unit}"
        curves.append(Curve(label, *_look(place), course.distances, norm))
        far = reach.context(_DRAWN)[0]
        limit = max(limit, far if np.isfinite(far) else float(reach.distances[-1]))
    return tuple(curves), limit * _MORE


def _falls_panel(taken: Falls) -> CurvePanel:
    distances = taken.taking.distances
    at = np.arange(len(distances), dtype=np.float64)
    curves, highest = [], [_LEAST_FALL]
    for variant in taken.taking.variants:
        rank, direction = _variant_look(taken, variant)
        reach, falls = taken.reach(variant), taken.fall(variant)
        words = "no effect" if reach is None else f"{reach.context()[0]:g} symb."
        value, low, high = (
            np.array([getattr(each, end) for each in falls], dtype=np.float64) for end in ("value", "low", "high")
        )
        highest += value.tolist()
        band: tuple[Float64[np.ndarray, " K"], ...] = ()
        if rank == WHOLE:
            band = low, high
            highest += high.tolist()
        curves.append(Curve(f"{_taken_words(taken, variant)}: {words}", rank, direction, at, value, *band))
    blank = taken.taking.what == "blank"
    return CurvePanel(
        "model-free: columns further away blanked" if blank else "model-free: the state forgotten further away",
        tuple(curves),
        "symbols between it and what is taken away",
        "fall of the log posterior (nats)",
        (_LEAST_FALL, 2 * max(highest)),
        ticks=tuple((float(place), f"{distance:g}") for place, distance in zip(at, distances, strict=True)),
    )


def _look(place: Place | None) -> tuple[int, str]:
    return (WHOLE, BOTH) if place is None else (place[0], str(place[1]))


def _variant_look(taken: Falls, variant: str) -> tuple[int, str]:
    for place in taken.taking.places:
        if place_words(place) == variant:
            return _look(place)
    return WHOLE, _READ_FROM.get(variant, variant)


def _taken_words(taken: Falls, variant: str) -> str:
    if taken.taking.what == "blank":
        return "left and right" if variant == BOTH else f"{variant} of it"
    return {"forward": "all forward", "backward": "all backward", BOTH: "all"}.get(variant, variant)


def _paint(axes: Axes, panel: CurvePanel, style: Style) -> None:
    if panel.shaded is not None:
        axes.axvspan(*panel.shaded, color=SHADE, alpha=0.2, linewidth=0, label=panel.shaded_label)
    for curve in panel.curves:
        color = INK if curve.rank == WHOLE else LAYERS[curve.rank % len(LAYERS)]
        whole = curve.rank == WHOLE and curve.direction not in DASHES
        if curve.low is not None and curve.high is not None:
            axes.fill_between(curve.x, curve.low, curve.high, color=color, alpha=0.12, linewidth=0)
        axes.plot(
            curve.x, curve.y, color=color, linestyle=DASHES.get(curve.direction, "-"), label=curve.label,
            linewidth=(1.6 if whole else 1.0) * style.line_width, marker="o" if panel.ticks else "",
            markersize=2.0 * style.line_width,
        )  # fmt: skip
    if panel.limit is not None:
        axes.set_xlim(-panel.limit, panel.limit)
        axes.axvline(0.0, color=HAIRLINE, linewidth=style.rule_width, zorder=0)
    axes.set_yscale("log")
    axes.set_ylim(*panel.ends)
    if panel.ticks:
        axes.set_xticks([at for at, _ in panel.ticks], [words for _, words in panel.ticks])
        axes.margins(x=0.03)
    else:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=7))
    axes.set_title(panel.title, fontsize=style.small_size, fontweight="bold", loc="left")
    axes.set_xlabel(panel.x_label, fontsize=style.small_size, labelpad=2)
    axes.set_ylabel(panel.y_label, fontsize=style.small_size, labelpad=2)
    axes.tick_params(labelsize=style.small_size, width=style.rule_width, length=2, pad=2, which="both")
    axes.spines[["top", "right"]].set_visible(False)
    signed = panel.limit is not None
    axes.legend(
        fontsize=0.9 * style.small_size, handlelength=1.8, labelspacing=0.25, columnspacing=1.2, borderaxespad=0.3,
        loc="lower center" if signed else "upper right", ncols=2 if signed else 1, framealpha=0.85, edgecolor="none",
    )  # fmt: skip
