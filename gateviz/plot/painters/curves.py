"""Curves over the frames: strips of means, posteriors, single units."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.lines import Line2D

from gateviz.panels.colors import HAIRLINE, QUIET, ROLES
from gateviz.panels.panel import Line, LinePanel
from gateviz.plot.canvas import write
from gateviz.plot.fonts import base_face
from gateviz.plot.painters.keys import number
from gateviz.plot.style import Style

_BAND = 0.22
# Free space between lanes, as a share of a lane.
_GAP = 0.16


def paint_curves(axes: Axes, panel: LinePanel, style: Style, numbers: float, height: float) -> None:
    """Draw every curve with its band, hairlines at the ends of the value axis and at zero.

    Args:
        axes: where.
        panel: what.
        style: sizes.
        numbers: points left of the panel that the numbers of the value axis take.
        height: of the panel, in inches.
    """
    span = panel.high - panel.low
    count = len(panel.lines) if panel.lanes else 1
    step = (1 + _GAP) * span
    axes.set_ylim(panel.low - (count - 1) * step, panel.high)
    levels = [panel.low, panel.high] if panel.low >= 0 else [panel.low, 0.0, panel.high]
    for lane in range(count):
        _scale_lines(axes, panel, style, [level - lane * step for level in levels])
    for index, line in enumerate(panel.lines):
        drop = index * step if panel.lanes else 0.0
        _curve(axes, panel, line, style, drop)
        if panel.lanes:
            middle = 1 - (index * step + span / 2) / (span + (count - 1) * step)
            write(
                axes, 0.0, middle, line.label, size=style.font_size, shift=(-(numbers + 8.0), 0.0),
                ha="right", va="center", color=ROLES[line.role], style="italic",
            )  # fmt: skip
    if 72 * height / count < len(levels) * 0.9 * style.small_size:
        return
    for level in levels:
        align = "bottom" if level == panel.low else "top" if level == panel.high else "center"
        # With lanes the numbers stand at the lowest one: all are alike.
        share = (level - panel.low) / (span + (count - 1) * step)
        write(
            axes, 0.0, share, number(level), size=style.small_size, shift=(-2.5, 0.0),
            ha="right", va=align, color=QUIET,
        )  # fmt: skip


def _scale_lines(axes: Axes, panel: LinePanel, style: Style, levels: list[float]) -> None:
    """Hairlines across the panel."""
    lines = [[(0.0, level), (1.0, level)] for level in levels]
    across = axes.get_yaxis_transform()
    hairlines = LineCollection(lines, colors=HAIRLINE, linewidths=style.rule_width, transform=across, zorder=0.5)
    axes.add_collection(hairlines, autolim=False)


def _curve(axes: Axes, panel: LinePanel, line: Line, style: Style, drop: float) -> None:
    color = ROLES[line.role]
    if line.low is not None and line.high is not None:
        for polygon in _bands(panel.centers, line.low - drop, line.high - drop):
            band = PolyCollection([polygon], facecolors=color, alpha=_BAND, linewidths=0, zorder=1)
            axes.add_collection(band, autolim=False)
    # A single frame is a point, which a line would not show.
    marker = "o" if len(panel.centers) == 1 else ""
    axes.add_line(
        Line2D(
            panel.centers,
            line.values - drop,
            color=color,
            linewidth=style.line_width,
            marker=marker,
            markersize=3 * style.line_width,
            label=line.label,
            solid_joinstyle="round",
            zorder=2,
        )
    )


def _bands(centers: np.ndarray, low: np.ndarray, high: np.ndarray) -> list[np.ndarray]:
    """A polygon for every run of frames without a missing value."""
    present = np.isfinite(low) & np.isfinite(high)
    borders = np.flatnonzero(np.diff(np.concatenate(([False], present, [False]))))
    polygons = []
    for start, stop in zip(borders[::2], borders[1::2], strict=True):
        run = slice(start, stop)
        there = np.stack([centers[run], high[run]], axis=1)
        back = np.stack([centers[run], low[run]], axis=1)[::-1]
        polygons.append(np.concatenate([there, back]))
    return polygons


def paint_legend(axes: Axes, panels: Sequence[LinePanel], style: Style, *, with_band: bool) -> None:
    """Write what the curves of a group are above its right end: their names in their colors, or what the bands are."""
    if panels[0].lanes:
        if with_band and panels[0].band:
            write(
                axes, 1.0, 1.0, panels[0].band, size=style.small_size, shift=(0.0, 2.0),
                ha="right", va="baseline", color=QUIET,
            )  # fmt: skip
        return
    right = 0.0
    for line in reversed([line for panel in panels for line in panel.lines]):
        slant = "italic" if len(line.label) == 1 else "normal"
        write(
            axes, 1.0, 1.0, line.label, size=style.small_size if len(line.label) > 1 else style.font_size,
            shift=(right, 2.0), ha="right", va="baseline", color=ROLES[line.role], style=slant,
        )  # fmt: skip
        right -= (base_face().width(line.label) + 0.9) * style.font_size
