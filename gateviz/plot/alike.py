"""Correlations of the units of a layer, those alike beside each other."""

from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure, SubFigure

from gateviz.panels.colors import HAIRLINE, QUIET, ramp
from gateviz.panels.measures import AlikePanel
from gateviz.panels.panel import Palette
from gateviz.plot.style import Style


def paint_alike(ground: Figure | SubFigure, panels: tuple[AlikePanel, ...], style: Style) -> None:
    """The clustered maps beside each other, and the key of their colors."""
    colors = ListedColormap(ramp(Palette.SIGNED) / 255)
    columns = map_columns(panels, style)
    rows = -(-len(panels) // columns)
    axes = [ground.add_subplot(rows, columns, index + 1) for index in range(len(panels))]
    for one, panel in zip(axes, panels, strict=True):
        units = len(panel.order)
        image = one.imshow(
            panel.values, cmap=colors, vmin=-1.0, vmax=1.0, interpolation="nearest", extent=(0, units, units, 0)
        )
        one.set(xticks=[], yticks=[])
        for spine in one.spines.values():
            spine.set(linewidth=style.rule_width, color=HAIRLINE)
        one.set_title(panel.title, fontsize=style.font_size, fontweight="bold", loc="left", pad=4)
        one.set_xlabel(panel.note.replace(", ", "\n"), fontsize=style.small_size, labelpad=3, loc="left", color=QUIET)
    # As high as the maps, which are square and need not be as high as the figure.
    beside = axes[columns - 1].inset_axes((1.04, 0.0, 0.05, 1.0))
    key = ground.colorbar(image, cax=beside, ticks=[-1, 0, 1])
    key.ax.tick_params(labelsize=style.small_size, width=style.rule_width, length=2, pad=2)
    key.outline.set_linewidth(style.rule_width)
    key.set_label("r of two units", fontsize=style.small_size, labelpad=2)


def map_columns(panels: tuple[AlikePanel, ...], style: Style) -> int:
    """How many maps stand beside each other."""
    return min(len(panels), 4 if style.words else 2)
