"""The figure of the effective context."""

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gateviz.errors import ShapeError
from gateviz.panels.colors import HAIRLINE, INK, LAYERS, QUIET, SHADE
from gateviz.panels.context import WHOLE, ContextPage, ContextPanel
from gateviz.plot.canvas import GateFigure, new_figure, settings
from gateviz.plot.fitting import heading_height, write_footing, write_heading
from gateviz.plot.settle import settle
from gateviz.plot.style import Style, style_named

# Height of a row of panels, and of what stands around them, in units of the small type.
_ROW, _AROUND = 21.0, 5.0
_DASHES: Mapping[str, str] = {"forward": "-", "backward": "--"}


def context(page: ContextPage, *, style: str | Style = "a4") -> GateFigure:
    """Norms of Jacobians by distance, and what is lost without what lies further away.

    Args:
        page: what to draw, made by ``survey.context_report.context_page``.
        style: a preset, as for ``gates``.

    Raises:
        SelectionError: there is no such style.
        ShapeError: there is nothing to draw.
    """
    if not page.panels:
        raise ShapeError("the figure of the effective context needs at least one panel; nothing was measured")
    style = style_named(style)
    with settings():
        rows = -(-len(page.panels) // 2)
        height = (_ROW * rows + _AROUND) * style.small_size / 72 + heading_height(page.title, style)
        figure = new_figure(style, height, page.metadata)
        columns = min(2, len(page.panels))
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, panel in zip(grid, page.panels, strict=False):
            _paint(axes, panel, style)
        for axes in grid[len(page.panels) :]:
            axes.remove()
        write_heading(figure, page.title, style, fontweight="bold", x=0.01, ha="left")
        write_footing(figure, page.remark, style, color=QUIET, x=0.01, ha="left")
        settle(figure)
    return figure


def _paint(axes: Axes, panel: ContextPanel, style: Style) -> None:
    if panel.shaded is not None:
        axes.axvspan(*panel.shaded, color=SHADE, alpha=0.2, linewidth=0, label=panel.shaded_label)
    for curve in panel.curves:
        color = INK if curve.rank == WHOLE else LAYERS[curve.rank % len(LAYERS)]
        whole = curve.rank == WHOLE and curve.direction not in _DASHES
        if curve.low is not None and curve.high is not None:
            axes.fill_between(curve.x, curve.low, curve.high, color=color, alpha=0.12, linewidth=0)
        axes.plot(
            curve.x, curve.y, color=color, linestyle=_DASHES.get(curve.direction, "-"), label=curve.label,
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
