"""The figures of tested claims."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.gridspec import GridSpec
from matplotlib.ticker import MaxNLocator

from gateviz.errors import SelectionError
from gateviz.panels.claims import CoursePage, EffectGroup, EffectPage, EffectPanel, EffectRow
from gateviz.panels.colors import ALARM, HAIRLINE, INK, LAYERS, PAPER, QUIET
from gateviz.plot.canvas import GateFigure, new_figure, settings, write
from gateviz.plot.claim_pages import course_page, effect_page
from gateviz.plot.fitting import cut, heading_height, write_heading
from gateviz.plot.fonts import running_text
from gateviz.plot.settle import settle
from gateviz.plot.style import Style, style_named
from gateviz.survey.claim import Claim
from gateviz.survey.claim_report import ClaimReport

# Heights in units of the small type: of a row, and of a panel's title and axis.
_ROW = 1.5
_AROUND = 6.0
_COURSES = 2.1
# Longer names are cut; in units of the small type.
_LABEL = 16.0
DASHES: Mapping[str, str] = {"forward": "-", "backward": "--"}
# Face and edge of an effect's mark.
_MARKS = {"supported": (INK, INK), "contradicted": (ALARM, ALARM)}


def effects(report: ClaimReport, *, style: str | Style = "a4", title: str = "") -> GateFigure:
    """The figure of all claims: each effect with its interval, the way the claim says it, and its verdict.

    Args:
        report: what was tested.
        style: a preset, as for ``gates``.
        title: above the picture.

    Raises:
        SelectionError: there is no such style.
    """
    return effects_figure(effect_page(report, title=title), style_named(style))


def course(report: ClaimReport, claim: Claim, *, style: str | Style = "a4", title: str = "") -> GateFigure:
    """The figure of what the layers' means do around a claim's event, with a band over lines.

    Raises:
        SelectionError: the claim is about no event, or none was found; or there is no such style.
    """
    page = course_page(report, claim)
    if page is None:
        raise SelectionError(f"the claim {claim.name!r} has no event to draw a course around; draw its effects")
    return course_figure(replace(page, title=title), style_named(style))


def effects_figure(page: EffectPage, style: Style) -> GateFigure:
    """A page of effects as a figure."""
    with settings():
        heights = [effect_height(panel, style) for panel in page.panels]
        figure = new_figure(style, sum(heights) + heading_height(page.title, style), page.metadata)
        grid = GridSpec(len(heights), 1, figure=figure, height_ratios=heights)
        for row, panel in enumerate(page.panels):
            axes = figure.add_subplot(grid[row, 0])
            axes.set_title(panel.title, fontsize=style.font_size, fontweight="bold", loc="left", pad=4)
            paint_effects(axes, panel, style)
        write_heading(figure, page.title, style)
        settle(figure)
    return figure


def course_figure(page: CoursePage, style: Style) -> GateFigure:
    """A page of courses as a figure."""
    with settings():
        figure = new_figure(style, _COURSES * style.font_size / 8 + heading_height(page.title, style), page.metadata)
        axes = figure.add_subplot()
        paint_courses(axes, page, style)
        axes.legend(frameon=False, fontsize=style.small_size, loc="center left", bbox_to_anchor=(1.0, 0.5))
        write_heading(figure, page.title, style)
        settle(figure)
    return figure


def paint_courses(axes: Axes, page: CoursePage, style: Style) -> None:
    """Courses with their bands, each with a label for a legend."""
    for one in page.courses:
        color = LAYERS[one.rank % len(LAYERS)]
        axes.fill_between(one.offsets, one.low, one.high, color=color, alpha=0.18, linewidth=0)
        axes.plot(
            one.offsets, one.mean, color=color, linestyle=DASHES.get(one.direction, "-"), linewidth=style.line_width,
            label=one.label,
        )  # fmt: skip
    axes.axvline(0.0, color=QUIET, linewidth=style.rule_width, zorder=0)
    offsets = page.courses[0].offsets
    axes.set_xlim(float(offsets[0]), float(offsets[-1]))
    axes.set_ylabel(page.value_label, fontsize=style.small_size, labelpad=2)
    finish_axes(axes, page.axis_label, style)
    if page.stride is not None:
        # The same positions twice: in frames below, in columns of the image above.
        ratio = page.stride
        above = axes.secondary_xaxis("top", functions=(partial(np.multiply, ratio), partial(np.multiply, 1 / ratio)))
        above.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True))
        above.tick_params(labelsize=style.small_size, width=style.rule_width, length=2, pad=2)
        above.set_xlabel("columns of the image", fontsize=style.small_size, labelpad=2, loc="left")
        above.spines["top"].set_linewidth(style.rule_width)
        axes.set_xlim(float(offsets[0]), float(offsets[-1]))


def effect_height(panel: EffectPanel, style: Style) -> float:
    """Of a panel of effects with its title and axis, in inches."""
    return (_ROW * len(_lines(panel)) + _AROUND) * style.small_size / 72


def _lines(panel: EffectPanel) -> list[tuple[EffectGroup, EffectRow | None]]:
    """What stands in each line of the panel: a claim's name, or one of its rows."""
    return [(group, row) for group in panel.groups for row in (None, *group.rows)]


def paint_effects(axes: Axes, panel: EffectPanel, style: Style) -> None:
    """Effects with their intervals from top to bottom, names left of them and notes on the right."""
    lines = _lines(panel)
    axes.set_xlim(panel.start, panel.stop)
    axes.set_ylim(len(lines) - 0.5, -0.5)
    finish_axes(axes, panel.axis_label, style)
    axes.yaxis.set_visible(False)
    axes.grid(visible=True, axis="x", color=HAIRLINE, linewidth=style.rule_width)
    for place, (group, row) in enumerate(lines):
        height = 1 - (place + 0.5) / len(lines)
        if row is None:
            axes.plot(
                [group.reference] * 2, [place + 0.5, place + 0.5 + len(group.rows)], color=INK,
                linewidth=2 * style.rule_width,
            )  # fmt: skip
        name = group.title if row is None else row.label
        drawn, families = running_text(cut(name, _LABEL))
        write(
            axes, 0.0, height, drawn, size=style.small_size, shift=(-4.0, 0.0), ha="right", va="center",
            color=INK if row is None else QUIET, weight="bold" if row is None else "normal", family=families,
        )  # fmt: skip
        if row is not None:
            _paint_row(axes, row, place, height, style)


def _paint_row(axes: Axes, row: EffectRow, place: int, height: float, style: Style) -> None:
    face, edge = _MARKS.get(row.verdict, (PAPER, QUIET))
    axes.plot([row.low, row.high], [place, place], color=edge, linewidth=2 * style.line_width, alpha=0.4)
    axes.plot(
        [row.value], [place], marker="o", markersize=3.5 * style.line_width, linestyle="", markerfacecolor=face,
        markeredgecolor=edge, markeredgewidth=0.6 * style.line_width, clip_on=False,
    )  # fmt: skip
    write(
        axes, 1.0, height, row.note, size=style.small_size, shift=(4.0, 0.0), va="center",
        color=edge if row.verdict in _MARKS else QUIET,
    )  # fmt: skip


def finish_axes(axes: Axes, label: str, style: Style) -> None:
    """The label below, few ticks, and two of the four spines."""
    axes.set_xlabel(label, fontsize=style.small_size, labelpad=2, loc="left")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=7))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4))
    axes.tick_params(labelsize=style.small_size, width=style.rule_width, length=2, pad=2)
    for side, spine in axes.spines.items():
        spine.set(visible=side in ("left", "bottom"), linewidth=style.rule_width)
