"""Color keys: one slim bar for each kind of scale."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage

from gateviz.panels.colors import LEVELS, QUIET
from gateviz.panels.panel import HeatmapPanel, Panel, Scale
from gateviz.plot.canvas import colormap, write
from gateviz.plot.style import Style


@dataclass(frozen=True)
class Key:
    """One scale and the letters of what is drawn by it."""

    scale: Scale
    letters: tuple[str, ...]
    slant: str = "italic"


def keys_of(panels: Sequence[Panel]) -> list[Key]:
    """The keys that a picture needs: one a scale, in the order in which they appear."""
    letters: dict[Scale, dict[str, str]] = {}
    for panel in panels:
        if isinstance(panel, HeatmapPanel):
            letters.setdefault(panel.scale, {})[panel.letter or panel.color_key] = (
                "italic" if panel.letter else "normal"
            )
    return [Key(scale, tuple(found), next(iter(found.values()))) for scale, found in letters.items()]


def paint_key(axes: Axes, key: Key, style: Style, left: float, right: float) -> None:
    """Draw the colors from the low end to the high end, the letters above and the numbers below.

    Args:
        axes: where; its horizontal axis runs from 0 to 1.
        key: what.
        style: sizes.
        left: where the bar begins.
        right: where it ends.
    """
    scale = key.scale
    bar = AxesImage(axes, cmap=colormap(scale.palette), interpolation="nearest", extent=(left, right, 0.0, 1.0))
    bar.set_data(np.linspace(scale.low, scale.high, LEVELS, dtype=np.float32)[np.newaxis])
    bar.set_clim(scale.low, scale.high)
    axes.add_image(bar)
    size = style.small_size
    letters = "  ".join(key.letters)
    write(axes, left, 1.0, letters, size=style.font_size, shift=(0.0, 2.0), va="baseline", style=key.slant)
    if scale.rule:
        write(axes, right, 1.0, scale.rule, size=size, shift=(0.0, 2.0), ha="right", va="baseline", color=QUIET)
    below, above = ("≤ ", "≥ ") if scale.rule else ("", "")
    marks = [(0.0, below + number(scale.low), "left"), (1.0, above + number(scale.high), "right")]
    if scale.low < 0 < scale.high:
        marks.insert(1, (-scale.low / (scale.high - scale.low), "0", "center"))
    for share, text, align in marks:
        at = left + share * (right - left)
        write(axes, at, 0.0, text, size=size, shift=(0.0, -1.5), ha=align, va="top", color=QUIET)


def number(value: float) -> str:
    """A number with a real minus sign.

    Example:
        >>> number(-2.5)
        '−2.5'
    """
    return f"{value:g}".replace("-", "−")
