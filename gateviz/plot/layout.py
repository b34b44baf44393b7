"""How high each panel is, so that a figure fits its page."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateviz.panels.panel import HeatmapPanel, ImagePanel, LinePanel, Panel, PanelStack, SpanPanel
from gateviz.plot.fitting import row_label
from gateviz.plot.fonts import base_face
from gateviz.plot.painters.keys import Key, number
from gateviz.plot.painters.spans import Lettering, set_type
from gateviz.plot.style import Style

# Space of constrained layout around every axes, in inches.
PAD = 0.014
# Free space at the borders of the figure, in inches.
MARGIN = 0.03
# Rows up to this many are drawn high enough for a label each.
_FEW_ROWS = 24
_LEAST_IMAGE = 0.16
# The right end of the column axis may carry half a tick label.
RIGHT = 7.0


@dataclass(frozen=True)
class Sizes:
    """Measures of one figure. Lengths across are points, heights are inches.

    Attributes:
        numbers: width of the widest row or tick label.
        left: width of everything left of the panels.
        length: of the column axis.
        heights: of the panels.
        lettering: of each span panel; None for other panels.
        blocks: indices of the panels that share axes: heatmaps of one group, or a single panel. Axes are
            what costs time in a figure of many panels.
        groups: the words above each panel; empty where the panel continues a group.
        top: height of the title and the notes.
        total: height of the figure.
    """

    numbers: float
    left: float
    length: float
    heights: tuple[float, ...]
    lettering: tuple[Lettering | None, ...]
    blocks: tuple[tuple[int, ...], ...]
    groups: tuple[str, ...]
    top: float
    total: float

    def block_height(self, block: tuple[int, ...]) -> float:
        """Height of a block, the space between its panels included."""
        return sum(self.heights[index] for index in block) + 2 * PAD * (len(block) - 1)


def group_gap(style: Style) -> float:
    """Inches of free space above the words of a group."""
    return 0.35 * style.font_size / 72


def key_height(style: Style) -> float:
    """Inches of a color key's bar."""
    return 0.75 * style.small_size / 72


def key_gap(style: Style) -> float:
    """Inches of free space above the letters of the color keys."""
    return 0.8 * style.font_size / 72


def measure(stack: PanelStack, style: Style, keys: Sequence[Key], top: float) -> Sizes:
    """The measures of a figure: heatmaps shrink until it fits the page, but not below their least height."""
    panels = stack.panels
    numbers = _numbers_width(panels, style)
    left = numbers + 9.0 + _names_width(panels, style)
    length = column_length(panels, style)
    groups = _group_words(panels)
    lettering = tuple(
        set_type(panel, style, stack.start, stack.stop, length) if isinstance(panel, SpanPanel) else None
        for panel in panels
    )
    wanted = [_wanted(panel, style, length, found) for panel, found in zip(panels, lettering, strict=True)]
    heatmaps = [index for index, panel in enumerate(panels) if isinstance(panel, HeatmapPanel)]
    if len(heatmaps) <= 4:
        for index in heatmaps:
            if len(panels[index].values) > _FEW_ROWS:  # type: ignore[union-attr]
                wanted[index] *= 2.0 if len(heatmaps) <= 2 else 1.5
    line = 1.35 * style.font_size / 72
    around = 2 * MARGIN + 2 * PAD * len(panels) + (line + group_gap(style)) * sum(map(bool, groups))
    around += 2.9 * style.font_size / 72 + (top + 2 * PAD if top else 0.0)
    around += (
        (key_height(style) + key_gap(style) + (style.font_size + 1.1 * style.small_size + 5.0) / 72) if keys else 0.0
    )
    _fit(wanted, panels, style, style.page_height - around)
    return Sizes(
        numbers,
        left,
        length=length,
        heights=tuple(wanted),
        lettering=lettering,
        blocks=_blocks(panels),
        groups=groups,
        top=top,
        total=around + sum(wanted),
    )


def column_length(panels: Sequence[Panel], style: Style) -> float:
    """Points of the column axis, which also is the room of the words above it."""
    left = _numbers_width(panels, style) + 9.0 + _names_width(panels, style)
    return 72 * (style.width - 2 * MARGIN) - left - RIGHT


def _numbers_width(panels: Sequence[Panel], style: Style) -> float:
    """Points of the widest row or tick label."""
    labels = [row_label(label) for panel in panels for label in _labels(panel)]
    return max((face.width(text) for text, face in labels), default=0.0) * style.small_size


def _fit(heights: list[float], panels: Sequence[Panel], style: Style, room: float) -> None:
    """Shrink heatmaps and lanes alike until all heights fit the room, but not below the least they need."""
    least: dict[int, float] = {}
    for index, panel in enumerate(panels):
        if isinstance(panel, HeatmapPanel):
            least[index] = min(heights[index], style.least_heatmap_height)
        elif isinstance(panel, LinePanel) and panel.lanes:
            least[index] = min(heights[index], style.least_lane_height * len(panel.lines))
    excess = sum(heights) - room
    give = {index: heights[index] - least[index] for index in least}
    if excess > 0 and sum(give.values()) > 0:
        share = min(1.0, excess / sum(give.values()))
        for index, spare in give.items():
            heights[index] -= share * spare


def _wanted(panel: Panel, style: Style, length: float, lettering: Lettering | None) -> float:
    """The height of a panel where there is room."""
    if isinstance(panel, ImagePanel):
        height, width = panel.image.shape[:2]
        return float(min(max(length / 72 * height / width, _LEAST_IMAGE), style.image_height))
    if isinstance(panel, SpanPanel):
        assert lettering is not None
        return lettering.height(style)
    if isinstance(panel, LinePanel):
        if panel.lanes:
            return style.lane_height * len(panel.lines)
        return style.curves_height if panel.low >= 0 else 1.2 * style.curves_height
    rows = len(panel.values)
    return max(0.16, rows * 1.15 * style.small_size / 72) if rows <= _FEW_ROWS else style.heatmap_height


def _labels(panel: Panel) -> tuple[str, ...]:
    """What is written left of a panel in small type."""
    if isinstance(panel, HeatmapPanel):
        return panel.row_labels if len(panel.row_labels) <= _FEW_ROWS else ()
    if isinstance(panel, LinePanel):
        return number(panel.low), number(panel.high)
    return ()


def _names_width(panels: Sequence[Panel], style: Style) -> float:
    """Points for the names of the quantities, left of the numbers."""
    heatmaps = [panel for panel in panels if isinstance(panel, HeatmapPanel)]
    if not heatmaps and not any(isinstance(panel, LinePanel) and panel.lanes for panel in panels):
        return 0.0
    width = 0.7 * style.font_size
    if style.words and heatmaps:
        width += 0.6 * style.font_size
        width += max(base_face().width(panel.color_key) for panel in heatmaps) * style.small_size
    return width


def group_of(panel: Panel) -> str:
    """What the panel has in common with its neighbors; empty for the image and the text."""
    return panel.group if isinstance(panel, LinePanel | HeatmapPanel) else ""


def _blocks(panels: Sequence[Panel]) -> tuple[tuple[int, ...], ...]:
    """Neighboring heatmaps of one group together, every other panel for itself."""
    blocks: list[list[int]] = []
    for index, panel in enumerate(panels):
        before = panels[index - 1] if index else None
        joins = isinstance(panel, HeatmapPanel) and isinstance(before, HeatmapPanel) and before.group == panel.group
        if joins:
            blocks[-1].append(index)
        else:
            blocks.append([index])
    return tuple(map(tuple, blocks))


def _group_words(panels: Sequence[Panel]) -> tuple[str, ...]:
    """The group of each panel where a new one begins."""
    words = []
    before = ""
    for panel in panels:
        group = group_of(panel)
        words.append(group if group != before else "")
        before = group
    return tuple(words)
