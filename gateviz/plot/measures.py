"""The figures of the measures: each alone, and all on one page."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator

from gateviz.panels.claims import CoursePage, EffectPanel
from gateviz.panels.colors import FADED, HAIRLINE, INK, LAYERS, PAPER, QUIET
from gateviz.panels.measures import MeasurePage, SharePanel, SidesPanel, TellingPanel
from gateviz.panels.panel import ScatterRow
from gateviz.plot.alike import map_columns, paint_alike
from gateviz.plot.canvas import GateFigure, new_figure, settings, write
from gateviz.plot.claims import DASHES, effect_height, finish_axes, paint_courses, paint_effects
from gateviz.plot.compose import font_type_of
from gateviz.plot.fitting import cut, heading_height, wrapped, write_heading
from gateviz.plot.fonts import running_text
from gateviz.plot.painters.scatter import MARKERS, paint_scatter
from gateviz.plot.settle import settle
from gateviz.plot.sides import paint_sides
from gateviz.plot.style import Style, style_named

# In units of the small type: of a row, of a panel of curves, of the words around either, of each line that they have further.
_ROW, _CURVES, _AROUND, _LEGEND, _LINE = 1.5, 14.0, 6.0, 2.4, 1.4
# Longer names are cut; in units of the small type.
_LABEL = 18.0
_Ground = Figure | SubFigure


@dataclass(frozen=True)
class Section:
    """One figure, or one strip of the page.

    Attributes:
        name: short, as in a file name.
        caption: what it shows.
        height: inches.
        paint: draws it into a figure or a part of one.
    """

    name: str
    caption: str
    height: float
    paint: Callable[[_Ground], None]


def measures(page: MeasurePage, *, style: str | Style = "a4") -> GateFigure:
    """The figure of all measures, one below the other.

    Args:
        page: what to draw, made by ``plot.measure_pages.measure_page``.
        style: a preset, as for ``gates``.

    Raises:
        SelectionError: there is no such style.
    """
    chosen = style_named(style)
    found = sections(page, chosen)
    with settings():
        top = heading_height(page.title, chosen)
        figure = new_figure(chosen, sum(section.height for section in found) + top, page.metadata)
        parts = figure.subfigures(len(found), 1, squeeze=False, height_ratios=[section.height for section in found])
        for part, section in zip(parts[:, 0], found, strict=True):
            section.paint(part)
        write_heading(figure, page.title, chosen, fontweight="bold")
        settle(figure)
        figure.pdf_font_type = font_type_of(figure)
    return figure


def section_figure(section: Section, page: MeasurePage, style: Style) -> GateFigure:
    """One section as a figure of its own."""
    with settings():
        figure = new_figure(style, section.height, page.metadata)
        section.paint(figure)
        settle(figure)
        figure.pdf_font_type = font_type_of(figure)
    return figure


def sections(page: MeasurePage, style: Style) -> tuple[Section, ...]:
    """What the page has, from top to bottom."""
    unit = style.small_size / 72
    found: list[Section] = []
    if (row := page.saturation) is not None:
        side = min((style.width - 0.35) / len(row.panels), 0.35 * style.page_height)
        words = "Each unit at its share of frames below 0.1 and above 0.9; below the diagonal nothing else is possible"
        found.append(
            Section("saturation", words, side + 7.5 * unit, lambda ground: _saturation(ground, row, style))
        )  # fmt: skip
    count = sum(part is not None for part in (page.memory, page.course))
    if count:
        curves = (_CURVES + _AROUND) * unit * (1 if style.words else count)
        words = "How long units remember, by their mean forget gate; and what the gate does around the event"
        found.append(Section("memory", words, curves, lambda ground: _curves(ground, page, style)))
    if page.sides:
        words = "The units of each layer, forward above the line and backward below it, with quartiles"
        height = (
            (2.6 * len(page.sides[0].pairs) + _AROUND + 1 + _LEGEND) * unit * (1 if style.words else len(page.sides))
        )
        found.append(Section("directions", words, height, lambda ground: _sides(ground, page.sides, style)))
    if (effects := page.effects) is not None:
        words = "Forward against backward: Cliff's delta with its interval over lines; filled: corrected p over lines below 0.05"
        found.append(
            Section("effects", words, effect_height(effects, style), lambda ground: _effects(ground, effects, style))
        )
    height = (_ROW * len(page.tellings.rows) + _AROUND + _LEGEND + _further(page.tellings, style)) * unit
    words = "The unit of each layer and direction that tells an event best, with its interval over lines"
    found.append(Section("telling", words, height, lambda ground: _tellings(ground, page.tellings, style)))
    if page.alike:
        columns = map_columns(page.alike, style)
        side = min((style.width - 0.3) / columns, 0.3 * style.page_height) + 7.5 * unit
        words = "How units move together: correlations, those alike beside each other"
        found.append(
            Section(
                "alike",
                words,
                side * -(-len(page.alike) // columns),
                lambda ground: paint_alike(ground, page.alike, style),
            )
        )
    return tuple(found)


def _saturation(ground: _Ground, row: ScatterRow, style: Style) -> None:
    axes = [ground.add_subplot(1, len(row.panels), index + 1) for index in range(len(row.panels))]
    for index, (one, panel) in enumerate(zip(axes, row.panels, strict=True)):
        paint_scatter(one, panel, style, with_y_label=index == 0)
    _legend(ground, axes[0], style)


def _curves(ground: _Ground, page: MeasurePage, style: Style) -> None:
    """Memory on the left, the course around the event on the right, one legend for both."""
    count = sum(part is not None for part in (page.memory, page.course))
    axes = [ground.add_subplot(*_spot(count, index, style)) for index in range(count)]
    rest = list(axes)
    if page.memory is not None:
        _memory(rest.pop(0), page.memory, style)
    if page.course is not None:
        _course(rest.pop(0), page.course, style)
    _legend(ground, axes[0], style)


def _memory(axes: Axes, panel: SharePanel, style: Style) -> None:
    _title(axes, panel.title, style)
    axes.set_xscale("log")
    axes.set_xlim(panel.start, panel.stop)
    axes.set_ylim(0.0, 1.0)
    for rule in panel.rules:
        axes.axvline(rule, color=HAIRLINE, linewidth=2 * style.rule_width, zorder=0)
    for curve in panel.curves:
        axes.step(
            curve.x, curve.share, where="post", color=LAYERS[curve.rank % len(LAYERS)], linewidth=style.line_width,
            linestyle=DASHES[curve.direction], label=curve.label,
        )  # fmt: skip
    axes.set_ylabel(panel.share_label, fontsize=style.small_size, labelpad=2)
    locator, formatter = axes.xaxis.get_major_locator(), FuncFormatter(lambda value, _: f"{value:g}")
    minor = axes.xaxis.get_minor_locator()
    finish_axes(axes, panel.axis_label, style)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_minor_locator(minor)
    axes.xaxis.set_major_formatter(formatter)
    if panel.remark:
        write(
            axes, 0.98, 0.03, panel.remark, size=style.small_size, ha="right", va="bottom", color=QUIET
        )  # fmt: skip


def _course(axes: Axes, page: CoursePage, style: Style) -> None:
    paint_courses(axes, replace(page, axis_label=_broken(page.axis_label, style, 0.45 if style.words else 0.9)), style)
    offsets, stride = page.courses[0].offsets, page.stride
    if stride is None:
        return
    # The same positions twice: in frames below, in columns of the image above.
    above = axes.secondary_xaxis("top", functions=(partial(np.multiply, stride), partial(np.multiply, 1 / stride)))
    above.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True))
    above.tick_params(labelsize=style.small_size, width=style.rule_width, length=2, pad=2)
    above.set_xlabel("columns of the image", fontsize=style.small_size, labelpad=2, loc="left")
    above.spines["top"].set_linewidth(style.rule_width)
    axes.set_xlim(float(offsets[0]), float(offsets[-1]))


def _sides(ground: _Ground, panels: tuple[SidesPanel, ...], style: Style) -> None:
    for index, panel in enumerate(panels):
        axes = ground.add_subplot(*_spot(len(panels), index, style))
        _title(axes, panel.title, style, bold=False)
        paint_sides(axes, panel, style, with_labels=index == 0 or not style.words)
    colors = tuple(Patch(color=LAYERS[rank % len(LAYERS)]) for rank in range(len(panels[0].pairs)))
    handles: list[Any] = [colors, Patch(color=FADED)]
    ground.legend(
        handles, ["forward, above the line", "backward, below it; with quartiles"], loc="outside lower center",
        ncols=_columns(2, style), frameon=False, fontsize=style.small_size, columnspacing=1.2, borderpad=0.1, handlelength=1.2,
        handleheight=0.7, handler_map={tuple: HandlerTuple(ndivide=None, pad=0.2)},
    )  # fmt: skip


def _effects(ground: _Ground, panel: EffectPanel, style: Style) -> None:
    axes = ground.add_subplot()
    _title(axes, panel.title, style)
    paint_effects(axes, replace(panel, axis_label=_broken(panel.axis_label, style, 0.5)), style)
    if not style.words:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=3))


def _further(panel: TellingPanel, style: Style) -> float:
    """What the words around take where they need more than a line each, in units of the small type."""
    labels = {mark.label for row in panel.rows for mark in row.marks}
    title = wrapped(panel.title, style.font_size, 72 * 0.6 * style.width, weight=700)
    lines = len(title) - 1 + sum(one.count("\n") for one in _below(panel, style))
    return _LINE * (lines + max(0, -(-len(labels) // _columns(len(labels), style)) - 1))


def _below(panel: TellingPanel, style: Style) -> tuple[str, str]:
    """The words along the axis and those above the key, in lines."""
    return _broken(panel.axis_label, style, 0.6), _broken(panel.remark, style, 0.95)


def _tellings(ground: _Ground, panel: TellingPanel, style: Style) -> None:
    axes = ground.add_subplot()
    _title(axes, panel.title, style)
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(len(panel.rows) - 0.5, -0.5)
    axis_label, remark = _below(panel, style)
    finish_axes(axes, axis_label, style)
    axes.xaxis.set_major_locator(FixedLocator([0.0, 0.25, 0.5, 0.75, 1.0]))
    axes.yaxis.set_visible(False)
    axes.axvline(0.5, color=INK, linewidth=2 * style.rule_width, zorder=0)
    labels: dict[str, Line2D] = {}
    for place, row in enumerate(panel.rows):
        height = 1 - (place + 0.5) / len(panel.rows)
        axes.axhline(place + 0.5, color=HAIRLINE, linewidth=style.rule_width, zorder=0)
        drawn, families = running_text(cut(row.label, _LABEL))
        write(
            axes, 0.0, height, drawn, size=style.small_size, shift=(-4.0, 0.0), ha="right", va="center", family=families
        )
        write(axes, 1.0, height, row.note, size=style.small_size, shift=(6.0, 0.0), va="center", color=QUIET)
        for number, mark in enumerate(row.marks):
            # Marks of one row stand a little apart, so that intervals do not lie on each other.
            at = place + 0.62 * ((number + 0.5) / len(row.marks) - 0.5)
            color = LAYERS[mark.rank % len(LAYERS)]
            axes.plot([mark.low, mark.high], [at, at], color=color, linewidth=1.2 * style.line_width, alpha=0.5)
            (drawn_mark,) = axes.plot(
                [mark.value], [at], marker=MARKERS[mark.direction], markersize=2.6 * style.line_width, linestyle="",
                markerfacecolor=color if mark.clear else PAPER, markeredgecolor=color,
                markeredgewidth=0.6 * style.line_width, clip_on=False, label=mark.label,
            )  # fmt: skip
            labels.setdefault(mark.label, drawn_mark)
    ground.legend(
        list(labels.values()), list(labels), loc="outside lower center", ncols=_columns(len(labels), style), frameon=False,
        fontsize=style.small_size, handletextpad=0.2, columnspacing=1.2, borderpad=0.1, title=remark,
        title_fontproperties={"size": style.small_size},
    )  # fmt: skip


def _spot(count: int, index: int, style: Style) -> tuple[int, int, int]:
    """Beside each other, or below in a narrow style."""
    return (1, count, index + 1) if style.words else (count, 1, index + 1)


def _columns(labels: int, style: Style) -> int:
    """How many entries of a legend fit beside each other."""
    return max(1, min(labels, int(72 * style.width / (11 * style.small_size))))


def _broken(words: str, style: Style, share: float) -> str:
    """Words in as many lines as a share of the figure's width asks for."""
    return "\n".join(wrapped(words, style.small_size, 72 * share * style.width))


def _legend(ground: _Ground, axes: Axes, style: Style) -> None:
    handles, labels = axes.get_legend_handles_labels()
    ground.legend(
        handles, labels, loc="outside lower center", ncols=_columns(len(labels), style), frameon=False, fontsize=style.small_size,
        handletextpad=0.4, columnspacing=1.2, borderpad=0.1,
    )  # fmt: skip


def _title(axes: Axes, words: str, style: Style, *, bold: bool = True) -> None:
    axes.set_title(
        words, fontsize=style.font_size if bold else style.small_size, fontweight="bold" if bold else "normal",
        loc="left", pad=4, parse_math=False,
    )  # fmt: skip
