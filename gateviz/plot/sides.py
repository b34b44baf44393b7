"""Forward beside backward: the distributions of two directions back to back."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter

from gateviz.panels.colors import FADED, INK, LAYERS
from gateviz.panels.measures import SidesPanel
from gateviz.plot.style import Style

_NAMES = ("forward", "backward")


def paint_sides(axes: Axes, panel: SidesPanel, style: Style, *, with_labels: bool) -> None:
    """One split violin a layer: forward units in the layer's color above the line, backward ones below it."""
    # Its import takes longer than the drawing, and only this figure needs it.
    import seaborn

    order = [pair.label for pair in panel.pairs]
    for pair in panel.pairs:
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
    if panel.ends is not None:
        axes.set_xlim(*panel.ends)
    axes.set(xlabel="", ylabel="")
    axes.set_xlabel(panel.axis_label, fontsize=style.small_size, labelpad=2, loc="left")
    axes.tick_params(labelsize=style.small_size, width=style.rule_width, length=2, pad=2, labelleft=with_labels)
    if panel.powers and panel.ends is not None:
        axes.xaxis.set_major_locator(FixedLocator(np.arange(np.ceil(panel.ends[0]), panel.ends[1] + 0.5).tolist()))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{10**value:g}"))
    for side, spine in axes.spines.items():
        spine.set(visible=side in ("left", "bottom"), linewidth=style.rule_width)
