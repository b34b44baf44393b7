"""The figures of the measures: each alone, and all on one page."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from jaxtyping import Float64
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from gateviz.data.gates import Quantity
from gateviz.measure.events import At
from gateviz.measure.timescale import LONGEST, SHORTEST, share_curve
from gateviz.panels.colors import HAIRLINE, INK, LAYERS, PAPER, QUIET
from gateviz.panels.panel import PointGroup, ScatterPanel
from gateviz.plot.canvas import GateFigure, new_figure, settings, write
from gateviz.plot.compose import font_type_of
from gateviz.plot.fitting import cut, heading_height, wrapped, write_heading
from gateviz.plot.fonts import running_text
from gateviz.plot.labels import Ground, broken, finish_axes, legend_below, legend_columns, spot, titled
from gateviz.plot.painters.agreement import UnitMap, map_columns, paint_alike
from gateviz.plot.painters.courses import DASHES, Course, paint_courses
from gateviz.plot.painters.directions import SidePair, paint_sides, paint_sides_key
from gateviz.plot.painters.effects import EffectGroup, EffectPanel, EffectRow, effect_height, paint_effects
from gateviz.plot.painters.scatter import MARKERS, paint_scatter
from gateviz.plot.settle import settle
from gateviz.plot.style import Style, style_named
from gateviz.studies.measure.report import figures_of, p_words
from gateviz.studies.measure.results import DirectionRow, MeasureReport
from gateviz.studies.page import counted

ALPHA = 0.05
# In units of the small type: of a row, of a panel of curves, of the words around either, of each line that they have further;
# and the longest name.
_ROW, _CURVES, _AROUND, _LEGEND, _LINE, _LABEL = 1.5, 14.0, 6.0, 2.4, 1.4, 18.0
_TELLING = "the unit of each layer that tells an event best"
_AUC = "AUC over pairs of frames of one line: 0.5 tells nothing, 0 and 1 everything"


class MeasureFigures:
    """The figures of a report.

    Args:
        report: what was measured.
        style: a preset, as for ``gates``.
        title: above the figure of all.

    Raises:
        SelectionError: there is no such style.
    """

    def __init__(self, report: MeasureReport, *, style: str | Style = "a4", title: str = "") -> None:
        self.report, self.title = report, title
        self.style = style_named(style)
        event = report.request.event.words
        self.facts = report.account.facts(
            f"measures of gates over {report.account.truths.words}", event=event, seed=str(report.request.seed)
        )

    def one(self, name: str) -> GateFigure:
        """One figure alone, by its name in the report's page."""
        with settings():
            figure = new_figure(self.style, self._height(name), self.facts)
            _PAINT[name](figure, self.report, self.style)
            return _settled(figure)

    def whole(self) -> GateFigure:
        """All of them, one below the other."""
        names = [figure.name for figure in figures_of(self.report)]
        with settings():
            heights = [self._height(name) for name in names]
            figure = new_figure(self.style, sum(heights) + heading_height(self.title, self.style), self.facts)
            parts = figure.subfigures(len(names), 1, squeeze=False, height_ratios=heights)
            for part, name in zip(parts[:, 0], names, strict=True):
                _PAINT[name](part, self.report, self.style)
            write_heading(figure, self.title, self.style, fontweight="bold")
            return _settled(figure)

    def _height(self, name: str) -> float:
        """Inches."""
        report, style, unit = self.report, self.style, self.style.small_size / 72
        if name == "saturation":
            return min((style.width - 0.35) / len(_gates(report)), 0.35 * style.page_height) + 7.5 * unit
        if name == "memory":
            return (_CURVES + _AROUND) * unit * (1 if style.words else len(_curves_of(report)))
        if name == "directions":
            rows = 2.6 * len(next(iter(report.side_by_side.values()))) + _AROUND + 1 + _LEGEND
            return rows * unit * (1 if style.words else len(report.side_by_side))
        if name == "effects":
            return effect_height(effect_panel(report), style)
        if name == "telling":
            return (_ROW * len(report.request.all_events) + _AROUND + _LEGEND + _further(report, style)) * unit
        columns = map_columns(len(report.places), style)
        side = min((style.width - 0.3) / columns, 0.3 * style.page_height) + 7.5 * unit
        return side * -(-len(report.places) // columns)


def drawn_side(values: Float64[np.ndarray, " H"], *, logarithmic: bool) -> Float64[np.ndarray, " known"]:
    """The units that have a number; timescales cut to their axis, as logarithms to the base of 10."""
    known = values[~np.isnan(values)]
    return np.asarray(np.log10(np.clip(known, SHORTEST, LONGEST)) if logarithmic else known)


def effect_panel(report: MeasureReport) -> EffectPanel:
    """Forward against backward, a group a layer; a filled mark where other lines would show the difference again."""

    def drawn(row: DirectionRow) -> EffectRow:
        one = row.contrast
        note = one.why_not or f"p lines {p_words(row.p)}, units {p_words(row.p_units)}"
        mark = "supported" if row.p < ALPHA else "no evidence"
        return EffectRow(row.what, one.effect, low=one.low, high=one.high, verdict=mark, note=note)

    layers = sorted({row.layer for row in report.directions})
    groups = [
        EffectGroup(f"layer {layer}", tuple(drawn(row) for row in report.directions if row.layer == layer))
        for layer in layers
    ]
    label = "Cliff's delta: right of 0 forward units have more, left of it backward ones"
    return EffectPanel("forward against backward", tuple(groups), label)


def _settled(figure: GateFigure) -> GateFigure:
    settle(figure)
    figure.pdf_font_type = font_type_of(figure)
    return figure


def _gates(report: MeasureReport) -> list[Quantity]:
    return list(dict.fromkeys(gate for place in report.places for gate in place.saturations))


def _saturation(ground: Ground, report: MeasureReport, style: Style) -> None:
    gates = _gates(report)
    for index, gate in enumerate(gates):
        groups = tuple(
            PointGroup(place.words, found.left, found.right, report.rank(place.layer), place.direction.value)
            for place in report.places
            if (found := place.saturations.get(gate)) is not None
        )
        axis = {"x_label": "frames below 0.1", "y_label": "frames above 0.9"}
        panel = ScatterPanel(gate.words, gate.letter, gate.value, groups, **axis)
        paint_scatter(ground.add_subplot(1, len(gates), index + 1), panel, style, with_y_label=index == 0)
    legend_below(ground, ground.axes[0], style)


def _curves_of(report: MeasureReport) -> list[Callable[[Axes, MeasureReport, Style], None]]:
    """Memory, and the course around the event: those that there are."""
    memory = any(place.timescales is not None for place in report.places)
    course = any(np.isfinite(place.course.mean).any() for place in report.places)
    return [*([_memory] if memory else []), *([_course] if course else [])]


def _curves(ground: Ground, report: MeasureReport, style: Style) -> None:
    """Memory on the left, the course around the event on the right, one legend for both."""
    paint = _curves_of(report)
    for index, drawn in enumerate(paint):
        drawn(ground.add_subplot(*spot(len(paint), index, style)), report, style)
    legend_below(ground, ground.axes[0], style)


def _memory(axes: Axes, report: MeasureReport, style: Style) -> None:
    unit, scale = ("frames", 1.0) if np.isnan(report.pitch) else ("symbols", report.pitch)
    titled(axes, "units that remember no longer", style)
    axes.set_xscale("log")
    axes.set_xlim(SHORTEST, LONGEST)
    axes.set_ylim(0.0, 1.0)
    for rule in (1.0, 10.0):
        axes.axvline(rule, color=HAIRLINE, linewidth=2 * style.rule_width, zorder=0)
    beyond, letter = 0, ""
    for place in report.places:
        if place.timescales is None or place.keeping is None:
            continue
        letter = letter or place.keeping.letter
        beyond += int((place.timescales / scale >= LONGEST).sum())
        axes.step(
            *share_curve(place.timescales / scale), where="post", color=LAYERS[report.rank(place.layer) % len(LAYERS)],
            linewidth=style.line_width, linestyle=DASHES[place.direction], label=place.words,
        )  # fmt: skip
    axes.set_ylabel("share of units", fontsize=style.small_size, labelpad=2)
    locator, minor = axes.xaxis.get_major_locator(), axes.xaxis.get_minor_locator()
    finish_axes(axes, f"timescale -1/ln(mean {letter}), {unit}", style)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_minor_locator(minor)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    if beyond:
        words = f"{counted(beyond, 'unit')} beyond {LONGEST:g} {unit}"
        write(axes, 0.98, 0.03, words, size=style.small_size, ha="right", va="bottom", color=QUIET)


def _course(axes: Axes, report: MeasureReport, style: Style) -> None:
    courses = tuple(
        Course(
            place.words, report.rank(place.layer), place.direction.value, place.course.offsets, place.course.mean,
            low=place.course.low, high=place.course.high,
        )
        for place in report.places
        if np.isfinite(place.course.mean).any()
    )  # fmt: skip
    event, unit = report.request.event, report.request.unit
    when = event.words if event.at != At.SPAN else f"onset of {event.words.removeprefix('within ')}"
    label = broken(f"frames from the {when}, the way the layer goes", style, 0.45 if style.words else 0.9)
    value = f"mean {report.places[0].course_quantity.letter}" + ("" if unit is None else f" of unit {unit}")
    paint_courses(axes, courses, style, value_label=value, axis_label=label, stride=report.stride)


def _sides(ground: Ground, report: MeasureReport, style: Style) -> None:
    panels = report.side_by_side
    for index, (what, rows) in enumerate(panels.items()):
        axes = ground.add_subplot(*spot(len(panels), index, style))
        titled(axes, what, style, bold=False)
        logarithmic = rows[0].unit in ("symbols", "frames")
        drawn = partial(drawn_side, logarithmic=logarithmic)
        pairs = [
            SidePair(f"layer {row.layer}", report.rank(row.layer), drawn(row.forward), drawn(row.backward))
            for row in rows
        ]
        ends = (float(np.log10(SHORTEST)), float(np.log10(LONGEST))) if logarithmic else (0.0, 1.0)
        named = index == 0 or not style.words
        paint_sides(axes, pairs, style, label=rows[0].unit, ends=ends, powers=logarithmic, with_labels=named)
    paint_sides_key(ground, [report.rank(row.layer) for row in next(iter(panels.values()))], style)


def _effects(ground: Ground, report: MeasureReport, style: Style) -> None:
    axes, panel = ground.add_subplot(), effect_panel(report)
    titled(axes, panel.title, style)
    paint_effects(axes, replace(panel, axis_label=broken(panel.axis_label, style, 0.5)), style)
    if not style.words:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=3))


def _further(report: MeasureReport, style: Style) -> float:
    """What the words around the units that tell take where they need more than a line each, in units of the small type."""
    title = wrapped(_TELLING, style.font_size, 72 * 0.6 * style.width, weight=700)
    below = sum(
        broken(words, style, share).count("\n") for words, share in ((_AUC, 0.6), (_telling_remark(report), 0.95))
    )
    key = -(-len(report.places) // legend_columns(len(report.places), style))
    return _LINE * (len(title) - 1 + below + key - 1)


def _tellings(ground: Ground, report: MeasureReport, style: Style) -> None:
    axes = ground.add_subplot()
    titled(axes, _TELLING, style)
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(len(report.request.all_events) - 0.5, -0.5)
    finish_axes(axes, broken(_AUC, style, 0.6), style)
    axes.xaxis.set_major_locator(FixedLocator([0.0, 0.25, 0.5, 0.75, 1.0]))
    axes.yaxis.set_visible(False)
    axes.axvline(0.5, color=INK, linewidth=2 * style.rule_width, zorder=0)
    labels: dict[str, Line2D] = {}
    for row in range(len(report.request.all_events)):
        _telling_row(axes, report, row, style, labels)
    ground.legend(
        list(labels.values()), list(labels), loc="outside lower center", ncols=legend_columns(len(labels), style), frameon=False,
        fontsize=style.small_size, handletextpad=0.2, columnspacing=1.2, borderpad=0.1, title=broken(_telling_remark(report), style, 0.95),
        title_fontproperties={"size": style.small_size},
    )  # fmt: skip


def _telling_remark(report: MeasureReport) -> str:
    truths = report.account.truths.words
    return f"{truths}. Filled: corrected p below {ALPHA:g}. The best of many units looks better than it is."


def _telling_row(axes: Axes, report: MeasureReport, row: int, style: Style, labels: dict[str, Line2D]) -> None:
    """One event: its name, the best unit of each layer and direction with its interval, and how many frames."""
    event = report.request.all_events[row]
    found = ((place, place.told(event)) for place in report.places)
    there = [(place, telling) for place, telling in found if telling is not None and telling.best is not None]
    note = "no such frames"
    if there:
        numbers = there[0][1].found
        note = numbers.why_not or f"{counted(numbers.inside, 'frame')}, {counted(numbers.lines, 'line')}"
        there = [] if numbers.why_not else there
    height = 1 - (row + 0.5) / len(report.request.all_events)
    axes.axhline(row + 0.5, color=HAIRLINE, linewidth=style.rule_width, zorder=0)
    drawn, families = running_text(cut(event.words, _LABEL))
    write(axes, 0.0, height, drawn, size=style.small_size, shift=(-4.0, 0.0), ha="right", va="center", family=families)
    write(axes, 1.0, height, note, size=style.small_size, shift=(6.0, 0.0), va="center", color=QUIET)
    for number, (place, telling) in enumerate(there):
        # Marks of one row stand a little apart, so that intervals do not lie on each other.
        at = row + 0.62 * ((number + 0.5) / len(there) - 0.5)
        best, numbers = telling.best, telling.found
        color = LAYERS[report.rank(place.layer) % len(LAYERS)]
        axes.plot(
            [numbers.low[best], numbers.high[best]], [at, at], color=color, linewidth=1.2 * style.line_width, alpha=0.5
        )
        (mark,) = axes.plot(
            [numbers.auc[best]], [at], marker=MARKERS[place.direction], markersize=2.6 * style.line_width, linestyle="",
            markerfacecolor=color if telling.p[best] < ALPHA else PAPER, markeredgecolor=color,
            markeredgewidth=0.6 * style.line_width, clip_on=False, label=place.words,
        )  # fmt: skip
        labels.setdefault(place.words, mark)


def _alike(ground: Ground, report: MeasureReport, style: Style) -> None:
    maps = []
    for place in report.places:
        one = place.agreement
        words = f"{one.participation:.1f} of {place.units} directions, median |r| {np.median(one.redundancy):.2f}"
        maps.append(UnitMap(place.words, words, one.correlation))
    paint_alike(ground, maps, style)


_PAINT: dict[str, Callable[[Ground, MeasureReport, Style], None]] = {
    "saturation": _saturation, "memory": _curves, "directions": _sides, "effects": _effects, "telling": _tellings,
    "alike": _alike,
}  # fmt: skip
