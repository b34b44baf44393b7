"""Mean courses around an event, with their bands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float64, Int64
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from gateviz.panels.colors import LAYERS, QUIET
from gateviz.plot.labels import finish_axes
from gateviz.plot.style import Style

DASHES: Mapping[str, str] = {"forward": "-", "backward": "--"}


@dataclass(frozen=True, eq=False)
class Course:
    """The mean course of a gate around an event.

    Attributes:
        label: layer and direction.
        rank: position among the layers, from 0: a renderer gives each a color.
        direction: a renderer gives each a dash.
        offsets: frames after the event, the way the layer goes.
        mean: of all occurrences.
        low: lower end of the band.
        high: upper end.
    """

    label: str
    rank: int
    direction: str
    offsets: Int64[np.ndarray, " K"]
    mean: Float64[np.ndarray, " K"]
    low: Float64[np.ndarray, " K"]
    high: Float64[np.ndarray, " K"]


def paint_courses(
    axes: Axes,
    courses: Sequence[Course],
    style: Style,
    *,
    value_label: str,
    axis_label: str,
    stride: float | None = None,
) -> None:
    """Courses with their bands, each with a label for a legend.

    Args:
        axes: where.
        courses: one a layer and direction, at least one.
        style: of type and lines.
        value_label: of the values' axis.
        axis_label: of the offsets' axis.
        stride: columns of the image a frame, for a second axis; None leaves it out.
    """
    for one in courses:
        color = LAYERS[one.rank % len(LAYERS)]
        axes.fill_between(one.offsets, one.low, one.high, color=color, alpha=0.18, linewidth=0)
        axes.plot(
            one.offsets, one.mean, color=color, linestyle=DASHES.get(one.direction, "-"), linewidth=style.line_width,
            label=one.label,
        )  # fmt: skip
    axes.axvline(0.0, color=QUIET, linewidth=style.rule_width, zorder=0)
    offsets = courses[0].offsets
    axes.set_xlim(float(offsets[0]), float(offsets[-1]))
    axes.set_ylabel(value_label, fontsize=style.small_size, labelpad=2)
    finish_axes(axes, axis_label, style)
    if stride is not None:
        # The same positions twice: in frames below, in columns of the image above.
        above = axes.secondary_xaxis("top", functions=(partial(np.multiply, stride), partial(np.multiply, 1 / stride)))
        above.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True))
        above.tick_params(labelsize=style.small_size, width=style.rule_width, length=2, pad=2)
        above.set_xlabel("columns of the image", fontsize=style.small_size, labelpad=2, loc="left")
        above.spines["top"].set_linewidth(style.rule_width)
        axes.set_xlim(float(offsets[0]), float(offsets[-1]))
