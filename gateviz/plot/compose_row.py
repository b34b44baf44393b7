"""Scatter panels beside each other become a figure."""

from gateviz.panels.colors import ALARM
from gateviz.panels.panel import ScatterRow
from gateviz.plot.canvas import GateFigure, new_figure, settings
from gateviz.plot.fitting import wrapped
from gateviz.plot.fonts import running_text
from gateviz.plot.painters.scatter import paint_scatter
from gateviz.plot.settle import settle
from gateviz.plot.style import Style


def compose_row(row: ScatterRow, style: Style) -> GateFigure:
    """A figure of square panels, the legend of their layers below them."""
    with settings():
        lines = wrapped(row.title, style.font_size, 72 * style.width - 12)
        lines += [line for note in row.notes for line in wrapped(note, style.font_size, 72 * style.width - 12)]
        legend_rows = -(-len(row.panels[0].groups) // _columns(row, style))
        side = min((style.width - 0.35) / len(row.panels), 0.35 * style.page_height)
        height = side + (5.8 + 1.5 * len(lines) + 1.6 * legend_rows) * style.font_size / 72
        figure = new_figure(style, height, row.metadata)
        axes = [figure.add_subplot(1, len(row.panels), index + 1) for index in range(len(row.panels))]
        for index, (one, panel) in enumerate(zip(axes, row.panels, strict=True)):
            paint_scatter(one, panel, style, with_y_label=index == 0)
        if lines:
            drawn, families = running_text("\n".join(lines))
            figure.suptitle(
                drawn, fontsize=style.font_size, color=ALARM if row.notes else None, family=families, parse_math=False
            )
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(
            handles, labels, loc="outside lower center", ncols=_columns(row, style), frameon=False,
            fontsize=style.small_size, handletextpad=0.2, columnspacing=1.2, borderpad=0.1,
        )  # fmt: skip
        settle(figure)
    return figure


def _columns(row: ScatterRow, style: Style) -> int:
    """How many legend entries fit beside each other."""
    return max(1, min(len(row.panels[0].groups), int(72 * style.width / (11 * style.small_size))))
