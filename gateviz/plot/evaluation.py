"""The figure of an evaluation: error rates by group, the most frequent mistakes, where spans lie."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.gridspec import GridSpec
from matplotlib.ticker import MaxNLocator

from gateviz.measure.evaluation import Evaluation
from gateviz.panels.colors import HAIRLINE, INK, LAYERS, PAPER, QUIET
from gateviz.plot.canvas import GateFigure, new_figure, settings, shifted, write
from gateviz.plot.compose import font_type_of
from gateviz.plot.evaluation_page import MistakePanel, MistakeRow, RatePanel, RateRow, SpreadPanel, evaluation_page
from gateviz.plot.fitting import cut, heading_height, write_heading
from gateviz.plot.fonts import running_text, shown
from gateviz.plot.settle import settle
from gateviz.plot.style import Style, style_named

# In units of the small type: heights of a row, of a panel of curves, and of the title and axis around either; the longest
# label, and the longest symbol of a mistake.
_ROW, _CURVES, _AROUND, _LABEL, _SYMBOL = 1.55, 15.5, 6.5, 13.0, 5.0
# Free space between panels beside each other, as a share of a panel; and above curves for their legend, of the highest.
_BETWEEN, _LEGEND = 0.05, 0.8
# In most sans-serif faces l and I, or O and 0, look alike; matplotlib brings this one.
_DISTINCT = "DejaVu Sans Mono"


def error_rates(
    evaluation: Evaluation,
    *,
    groupings: Sequence[str] | None = None,
    style: str | Style = "a4",
    title: str = "",
    metadata: Mapping[str, str] | None = None,
) -> GateFigure:
    """Error rates by group on the left, mistakes and spans beside them; in a narrow style one below the other.

    Args:
        evaluation: what was read.
        groupings: of ``script``, ``length`` and ``font``; None takes those of which something is known.
        style: a preset, as for ``gates``.
        title: above the picture.
        metadata: what goes into the file's metadata.

    Raises:
        SelectionError: there is no such style or grouping.
    """
    style = style_named(style)
    with settings():
        panels = [panel for panel in evaluation_page(evaluation, groupings) if panel is not None]
        heights = [_height(panel, style) for panel in panels]
        beside = style.words and len(panels) > 1
        total = max(heights[0], sum(heights[1:])) if beside else sum(heights)
        figure = new_figure(style, total + heading_height(title, style), metadata or {})
        engine = figure.get_layout_engine()
        assert engine is not None
        engine.set(wspace=_BETWEEN)  # type: ignore[call-arg]
        if beside:
            grid = GridSpec(len(panels) - 1, 2, figure=figure, height_ratios=heights[1:])
            spots = [grid[:, 0], *(grid[row, 1] for row in range(len(panels) - 1))]
        else:
            grid = GridSpec(len(panels), 1, figure=figure, height_ratios=heights)
            spots = [grid[row, 0] for row in range(len(panels))]
        for spot, panel in zip(spots, panels, strict=True):
            axes = figure.add_subplot(spot)
            axes.set_title(panel.title, fontsize=style.font_size, fontweight="bold", loc="left", pad=4)
            if isinstance(panel, RatePanel):
                _paint_rates(axes, panel, style)
            elif isinstance(panel, MistakePanel):
                _paint_mistakes(axes, panel, style)
            else:
                _paint_spread(axes, panel, style)
        write_heading(figure, title, style)
        settle(figure)
        figure.pdf_font_type = font_type_of(figure)
    return figure


def _height(panel: RatePanel | MistakePanel | SpreadPanel, style: Style) -> float:
    """Of a panel with its title and axis, in inches."""
    if isinstance(panel, SpreadPanel):
        units = _CURVES
    elif isinstance(panel, MistakePanel):
        units = _ROW * len(panel.rows) + (_ROW if any(row.doubled for row in panel.rows) else 0.0)
    else:
        units = _ROW * len(_rate_lines(panel))
    return (units + _AROUND) * style.small_size / 72


def _rate_lines(panel: RatePanel) -> list[tuple[str, RateRow | None]]:
    """What stands in each line of the panel: a row, or the words above or below a group's rows."""
    lines: list[tuple[str, RateRow | None]] = []
    for group in panel.groups:
        if group.title:
            lines.append((group.title, None))
        lines += [(row.label, row) for row in group.rows]
        if group.left_out:
            lines.append((f"and {group.left_out} with lower rates", None))
    return lines


def _paint_rates(axes: Axes, panel: RatePanel, style: Style) -> None:
    """A point a group with its interval, its label on the left, its numbers on the right."""
    lines = _rate_lines(panel)
    # A narrow figure has no room for it in one line.
    label = panel.axis_label if style.words else panel.axis_label.replace(", ", ",\n")
    _rows(axes, len(lines), panel.stop, "\n".join(filter(None, (label, panel.remark))), style)
    axes.grid(visible=True, axis="x", color=HAIRLINE, linewidth=style.rule_width)
    for place, (label, row) in enumerate(lines):
        height = 1 - (place + 0.5) / len(lines)
        if row is None:
            _label(axes, height, label, style, color=QUIET)
            continue
        _label(axes, height, label, style)
        axes.plot([row.low, row.high], [place, place], color=LAYERS[0], linewidth=2 * style.line_width, alpha=0.35)
        axes.plot(
            [row.value], [place], color=LAYERS[0], marker="o", markersize=3.5 * style.line_width, linestyle="",
            markerfacecolor=PAPER if row.few else LAYERS[0], markeredgewidth=0.6 * style.line_width, clip_on=False,
        )  # fmt: skip
        lines_of = f"({row.lines:,}{'' if place else ' line' if row.lines == 1 else ' lines'})"
        write(
            axes, 1.0, height, f"{row.value:.2f} %  {lines_of}", size=style.small_size, shift=(4.0, 0.0),
            va="center", color=QUIET,
        )  # fmt: skip


def _paint_mistakes(axes: Axes, panel: MistakePanel, style: Style) -> None:
    """A bar a mistake; what of it are lost doubled letters in a color of its own."""
    _rows(axes, len(panel.rows), 1.08 * panel.rows[0].count, panel.axis_label, style)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
    places = range(len(panel.rows))
    doubled = [row.doubled for row in panel.rows]
    bars: dict[str, Any] = {"height": 0.66, "linewidth": 0.0}
    axes.barh(places, [row.count - row.doubled for row in panel.rows], left=doubled, color=LAYERS[0], **bars)
    if any(doubled):
        axes.barh(places, doubled, color=LAYERS[1], label="of a doubled letter", **bars)
        # Under the numbers and the label of the axis: among the bars there may be no free place.
        below = shifted(axes, axes.transAxes, 0.0, -(2.9 * style.small_size + 8.0))
        axes.legend(
            frameon=False, fontsize=style.small_size, loc="upper left", bbox_to_anchor=(0.0, 0.0), bbox_transform=below,
            borderpad=0.0, borderaxespad=0.0,
        )  # fmt: skip
    for place, row in enumerate(panel.rows):
        _label(axes, 1 - (place + 0.5) / len(panel.rows), _words(row), style, face=_DISTINCT)


def _paint_spread(axes: Axes, panel: SpreadPanel, style: Style) -> None:
    """A stepped curve for each kind of error."""
    for curve, color in zip(panel.curves, LAYERS, strict=False):
        axes.stairs(curve.shares, panel.edges, color=color, linewidth=style.line_width, label=curve.label)
    highest = max(float(curve.shares.max()) for curve in panel.curves)
    axes.vlines(0.0, 0.0, highest, color=INK, linewidth=style.rule_width, zorder=0)
    axes.set_xlim(panel.edges[0], panel.edges[-1])
    axes.set_ylim(0.0, (1 + _LEGEND) * highest)
    axes.set_ylabel("% of symbols", fontsize=style.small_size, labelpad=2)
    legend = axes.legend(
        title=panel.curves_title, title_fontsize=style.small_size, alignment="left", frameon=False,
        fontsize=style.small_size, loc="upper left", borderpad=0.1, labelspacing=0.25,
    )  # fmt: skip
    legend.get_title().set_color(QUIET)
    _finish(axes, panel.axis_label, style)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4))


def _rows(axes: Axes, count: int, stop: float, label: str, style: Style) -> None:
    """Axes for rows from top to bottom, and a horizontal axis from 0."""
    axes.set_xlim(0.0, stop)
    axes.set_ylim(count - 0.5, -0.5)
    _finish(axes, label, style)
    axes.yaxis.set_visible(False)


def _finish(axes: Axes, label: str, style: Style) -> None:
    axes.set_xlabel(label, fontsize=style.small_size, labelpad=2, loc="left")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.tick_params(labelsize=style.small_size, width=style.rule_width, length=2, pad=2)
    for side, spine in axes.spines.items():
        spine.set(visible=side in ("left", "bottom"), linewidth=style.rule_width)


def _words(row: MistakeRow) -> str:
    """A mistake in words."""
    # What was read must not be cut off for what was written.
    written, read = (cut(shown(symbol)[0], _SYMBOL) if symbol else "" for symbol in (row.written, row.read))
    if not read:
        return f"{written} dropped"
    return f"{written} → {read}" if written else f"{read} added"


def _label(axes: Axes, height: float, words: str, style: Style, *, color: str = INK, face: str | None = None) -> None:
    """Words left of a row, as far as it goes in a face of their own."""
    drawn, families = running_text(cut(words, _LABEL))
    write(
        axes, 0.0, height, drawn, size=style.small_size, shift=(-4.0, 0.0), ha="right", va="center",
        color=color, family=families if face is None else [face, *families],
    )  # fmt: skip
