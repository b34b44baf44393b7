"""Points over two shares."""

from matplotlib.axes import Axes
from matplotlib.ticker import FixedFormatter, FixedLocator

from gateviz.panels.colors import HAIRLINE, INK, LAYERS, ROLES
from gateviz.panels.panel import ScatterPanel
from gateviz.plot.style import Style

_TICKS = (0.0, 0.5, 1.0)
MARKERS = {"forward": "o", "backward": "^"}


def paint_scatter(axes: Axes, panel: ScatterPanel, style: Style, *, with_y_label: bool) -> None:
    """Draw each unit as a point, with the diagonal that no unit can cross."""
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), aspect="equal", box_aspect=1)
    axes.plot([0, 1], [1, 0], color=HAIRLINE, linewidth=style.rule_width, zorder=0)
    for group in panel.groups:
        axes.scatter(
            group.x,
            group.y,
            s=(0.4 * style.font_size) ** 2,
            marker=MARKERS[group.marker],
            facecolor=LAYERS[group.rank % len(LAYERS)],
            edgecolor="white",
            linewidth=0.3 * style.line_width,
            alpha=0.6,
            label=group.label,
            clip_on=False,
        )
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(FixedLocator(_TICKS))
        axis.set_major_formatter(FixedFormatter(["0", "0.5", "1"]))
    axes.tick_params(labelsize=style.small_size, width=style.rule_width, length=2, pad=2, color=INK)
    for side, spine in axes.spines.items():
        spine.set(visible=side in ("left", "bottom"), linewidth=style.rule_width)
    axes.set_title(panel.title, fontsize=style.font_size, color=ROLES[panel.role], pad=4, parse_math=False)
    axes.set_xlabel(panel.x_label, fontsize=style.small_size, labelpad=2)
    if with_y_label:
        axes.set_ylabel(panel.y_label, fontsize=style.small_size, labelpad=2)
    else:
        axes.tick_params(labelleft=False)
