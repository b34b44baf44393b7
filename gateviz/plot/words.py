"""What is written around the panels: names left of them, groups and notes above them."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from gateviz.panels.colors import QUIET
from gateviz.panels.panel import HeatmapPanel, LinePanel, Panel
from gateviz.plot.canvas import write
from gateviz.plot.fonts import Face, base_face, running_text
from gateviz.plot.layout import Sizes, group_of
from gateviz.plot.notes import TopLine
from gateviz.plot.painters.curves import paint_legend
from gateviz.plot.style import Style


def write_top(axes: Axes, lines: Sequence[TopLine]) -> None:
    """The title, the notes and the remarks, above the panels' left end."""
    down = 0.0
    for line in lines:
        text, families = running_text(line.text)
        # Faces of other scripts seldom have a bold cut, and matplotlib logs a line for each that has none.
        weight = line.weight if len(families) == 1 else "normal"
        write(
            axes, 0.0, 1.0, text, size=line.size, shift=(0.0, -down - line.size), va="baseline",
            color=line.color, weight=weight, family=families, in_layout=False,
        )  # fmt: skip
        down += line.height


def write_name(axes: Axes, panel: HeatmapPanel, style: Style, sizes: Sizes, center: float) -> None:
    """The quantity's letter left of the rows' numbers, and its words where the style has room for them."""
    if not panel.letter:
        return
    right = -(sizes.numbers + 8.0)
    write(
        axes, 0.0, center, panel.letter, size=style.font_size, shift=(right, 0.0),
        ha="right", va="center", style="italic",
    )  # fmt: skip
    if style.words:
        right -= 0.8 * style.font_size
        write(
            axes, 0.0, center, panel.color_key, size=style.small_size, shift=(right, 0.0),
            ha="right", va="center", color=QUIET,
        )  # fmt: skip


def write_group(axes: Axes, panels: Sequence[Panel], index: int, style: Style, sizes: Sizes) -> None:
    """The words of a group above its first panel, what its rows are, and the legend of its curves."""
    words = sizes.groups[index]
    if not words:
        return
    group = [panel for panel in panels[index:] if group_of(panel) == words]
    write(axes, 0.0, 1.0, words, size=style.font_size, shift=(0.0, 2.0), va="baseline", weight="bold")
    rows = next((panel.row_title for panel in group if isinstance(panel, HeatmapPanel)), "")
    if rows:
        right = (Face(base_face().name, 700).width(words) + 0.7) * style.font_size
        write(axes, 0.0, 1.0, rows, size=style.small_size, shift=(right, 2.0), va="baseline", color=QUIET)
    curves = [panel for panel in group if isinstance(panel, LinePanel)]
    if curves:
        first_band = not any(isinstance(panel, LinePanel) and panel.band for panel in panels[:index])
        paint_legend(axes, curves, style, with_band=first_band)
