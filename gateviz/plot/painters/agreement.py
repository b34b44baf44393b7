"""Correlations of the units of a layer, those alike beside each other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from matplotlib.colors import ListedColormap

from gateviz.measure.covariance import cluster_order
from gateviz.panels.colors import HAIRLINE, QUIET, ramp
from gateviz.panels.panel import Palette
from gateviz.plot.labels import Ground
from gateviz.plot.style import Style


@dataclass(frozen=True, eq=False)
class UnitMap:
    """The correlations of all units of a layer.

    Attributes:
        title: layer and direction.
        note: how much the units say the same.
        correlation: -1 to 1; shape (H, H).
    """

    title: str
    note: str
    correlation: Float64[np.ndarray, "H H"]

    @property
    def ordered(self) -> Float64[np.ndarray, "H H"]:
        """The correlations with rows and columns in the order of a tree that joins those most alike first."""
        order = cluster_order(self.correlation)
        return np.asarray(self.correlation[np.ix_(order, order)])


def paint_alike(ground: Ground, maps: Sequence[UnitMap], style: Style) -> None:
    """The clustered maps beside each other, and the key of their colors."""
    colors = ListedColormap(ramp(Palette.SIGNED) / 255)
    columns = map_columns(len(maps), style)
    rows = -(-len(maps) // columns)
    axes = [ground.add_subplot(rows, columns, index + 1) for index in range(len(maps))]
    for one, panel in zip(axes, maps, strict=True):
        units = len(panel.correlation)
        image = one.imshow(
            panel.ordered, cmap=colors, vmin=-1.0, vmax=1.0, interpolation="nearest", extent=(0, units, units, 0)
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


def map_columns(maps: int, style: Style) -> int:
    """How many maps stand beside each other."""
    return min(maps, 4 if style.words else 2)
