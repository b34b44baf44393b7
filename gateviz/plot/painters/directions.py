"""Forward beside backward: the distributions of two directions back to back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64
from matplotlib.axes import Axes
from matplotlib.legend_handler import HandlerTuple
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter

from gateviz.panels.colors import FADED, INK, LAYERS
from gateviz.plot.labels import Ground, legend_columns
from gateviz.plot.style import Style

_NAMES = ("forward", "backward")


@dataclass(frozen=True, eq=False)
class SidePair:
    """The units of one layer, forward beside backward.

    Attributes:
        label: of the layer.
        rank: position among the layers, which gives it a color.
        forward: a number a unit; on a logarithmic axis its logarithm to the base of 10.
        backward: of the backward units.
    """

    label: str
    rank: int
    forward: Float64[np.ndarray, " H"]
    backward: Float64[np.ndarray, " K"]


def paint_sides(
    axes: Axes,
    pairs: Sequence[SidePair],
    style: Style,
    *,
    label: str,
    ends: tuple[float, float],
    powers: bool,
    with_labels: bool,
) -> None:
    """One split violin a layer: forward units in the layer's color above the line, backward ones below it.

    Args:
        axes: where.
        pairs: from top to bottom.
        style: sizes.
        label: of the numbers.
        ends: of their axis.
        powers: the numbers are logarithms to the base of 10: ticks say 10 to their power.
        with_labels: name the layers.
    """
    # Its import takes longer than the drawing, and only this figure needs it.
    import seaborn

    order = [pair.label for pair in pairs]
    for pair in pairs:
        values = np.concatenate([pair.forward, pair.backward])
        sides = np.repeat(_NAMES, [len(pair.forward), len(pair.backward)])
        if not len(values):
            continue
        seaborn.violinplot(
            x=values, y=np.repeat(pair.label, len(values)), hue=sides, order=order, hue_order=_NAMES, split=True,
            inner="quart", cut=0, density_norm="width", width=0.85, ax=axes, legend=False, saturation=1.0,
            palette={"forward": LAYERS[pair.rank % len(LAYERS)], "backward": FADED}, linewidth=style.rule_width * 2,
            linecolor=INK, orient="h",
        )  # fmt: skip
    axes.set_xlim(*ends)
    axes.set(xlabel="", ylabel="")
    axes.set_xlabel(label, fontsize=style.small_size, labelpad=2, loc="left")
    axes.tick_params(labelsize=style.small_size, width=style.rule_width, length=2, pad=2, labelleft=with_labels)
    if powers:
        axes.xaxis.set_major_locator(FixedLocator(np.arange(np.ceil(ends[0]), ends[1] + 0.5).tolist()))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{10**value:g}"))
    for side, spine in axes.spines.items():
        spine.set(visible=side in ("left", "bottom"), linewidth=style.rule_width)


def paint_sides_key(ground: Ground, ranks: Sequence[int], style: Style) -> None:
    """Which side of a line is which, below all; layers by their rank."""
    colors = tuple(Patch(color=LAYERS[rank % len(LAYERS)]) for rank in ranks)
    handles: list[Any] = [colors, Patch(color=FADED)]
    ground.legend(
        handles, ["forward, above the line", "backward, below it; with quartiles"], loc="outside lower center",
        ncols=legend_columns(2, style), frameon=False, fontsize=style.small_size, columnspacing=1.2, borderpad=0.1,
        handlelength=1.2, handleheight=0.7, handler_map={tuple: HandlerTuple(ndivide=None, pad=0.2)},
    )  # fmt: skip
