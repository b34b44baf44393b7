"""Sentences above a figure that its reader must see."""

from dataclasses import dataclass

import numpy as np

from gateviz.panels.colors import ALARM, INK, QUIET
from gateviz.panels.panel import HeatmapPanel, Panel, PanelStack, SpanPanel
from gateviz.plot.fitting import wrapped
from gateviz.plot.fonts import face_for, visible
from gateviz.plot.style import Style


@dataclass(frozen=True)
class TopLine:
    """One line of text above the panels."""

    text: str
    size: float
    color: str
    weight: str = "normal"

    @property
    def height(self) -> float:
        """Points from this line to the next."""
        return 1.35 * self.size


def top_lines(stack: PanelStack, style: Style, length: float) -> list[TopLine]:
    """The title, the notes and the remarks in lines of at most ``length`` points."""
    lines = [
        TopLine(text, style.font_size, INK, "bold")
        for text in wrapped(stack.title, style.font_size, length, weight=700)
    ]
    for words, color in [(note, ALARM) for note in stack.notes] + [(remark, QUIET) for remark in remarks(stack)]:
        lines += [TopLine(text, style.small_size, color) for text in wrapped(words, style.small_size, length)]
    return lines


def remarks(stack: PanelStack) -> list[str]:
    """The remarks of the picture, and what the marks in it mean, as far as it has such marks."""
    notes = list(stack.remarks)
    heatmaps = [panel for panel in stack.panels if isinstance(panel, HeatmapPanel)]
    if any(not np.isfinite(panel.values).all() for panel in heatmaps):
        notes.append("Hatched: missing values (not a number, or infinite)")
    bounded = [panel for panel in heatmaps if not panel.scale.rule]
    if any(_is_outside(panel) for panel in bounded):
        notes.append("Magenta, darkest blue and darkest red: values outside of the range that the equations allow")
    if any(_by_pixels(panel) for panel in stack.panels):
        notes.append("Symbols that no font here has are shown by the line's own pixels, whatever was read there")
    if any(span.doubtful for panel in stack.panels if isinstance(panel, SpanPanel) for span in panel.spans):
        notes.append("Symbols in red: confidence below 0.5")
    return notes


def _by_pixels(panel: Panel) -> bool:
    if not isinstance(panel, SpanPanel) or panel.image is None:
        return False
    return any(face_for(visible(span.symbol)) is None for span in panel.spans)


def _is_outside(panel: HeatmapPanel) -> bool:
    # Comparisons with a missing value are false, and rounding may pass a bound by a hair.
    slack = 1e-5 * (panel.scale.high - panel.scale.low)
    low, high = panel.scale.low - slack, panel.scale.high + slack
    return bool(((panel.values < low) | (panel.values > high)).any())
