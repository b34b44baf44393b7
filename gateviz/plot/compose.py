"""A picture's panels become a figure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.gridspec import GridSpec, SubplotSpec
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from gateviz.panels.colors import ALARM, INK, QUIET, RULE, SHADE
from gateviz.panels.panel import HeatmapPanel, ImagePanel, LinePanel, Panel, PanelStack, SpanPanel
from gateviz.plot.canvas import GateFigure, bare_axes, new_figure, settings, write
from gateviz.plot.fitting import wrapped
from gateviz.plot.fonts import Face, base_face, face_for, has_postscript_outlines, running_text, visible
from gateviz.plot.layout import MARGIN, PAD, Sizes, column_length, group_gap, group_of, key_gap, key_height, measure
from gateviz.plot.painters.curves import paint_curves, paint_legend
from gateviz.plot.painters.heatmap import label_rows, lanes, paint_heatmap
from gateviz.plot.painters.image import paint_image
from gateviz.plot.painters.keys import Key, keys_of, paint_key
from gateviz.plot.painters.spans import paint_spans
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


# Points between boundaries from which on they are drawn at full strength.
_ROOMY = 10.0


def compose(stack: PanelStack, style: Style) -> GateFigure:
    """A figure of panels above each other, the color keys below them."""
    with settings():
        keys = keys_of(stack.panels)
        top = top_lines(stack, style, column_length(stack.panels, style))
        sizes = measure(stack, style, keys, sum(line.height for line in top) / 72)
        figure = new_figure(style, sizes.total, stack.metadata)
        engine = figure.get_layout_engine()
        assert engine is not None
        engine.set(w_pad=0.0, h_pad=PAD, wspace=0.0, hspace=0.0, rect=_inside(style, sizes))  # type: ignore[call-arg]
        spots = _spots(figure, sizes, style, bool(keys))
        if top:
            write_top(bare_axes(figure, spots.pop(0), 0.0, 1.0), top)
        if keys:
            _paint_keys(bare_axes(figure, spots.pop(), 0.0, 1.0), keys, style, sizes)
        for spot, block in zip(spots, sizes.blocks, strict=True):
            axes = bare_axes(figure, spot, stack.start, stack.stop)
            figure.placed += ((axes, tuple(stack.panels[index] for index in block)),)
            _paint(axes, stack.panels, block, style, sizes)
            write_group(axes, stack.panels, block[0], style, sizes)
            _mark_columns(axes, stack, stack.panels[block[0]], style, sizes)
            if block is sizes.blocks[-1]:
                _column_axis(axes, stack.axis_label, style)
        figure.pdf_font_type = font_type_of(figure)
    return figure


def _inside(style: Style, sizes: Sizes) -> tuple[float, float, float, float]:
    """The figure without a thin margin: left, bottom, width and height as shares of the figure."""
    across, up = MARGIN / style.width, MARGIN / sizes.total
    return across, up, 1 - 2 * across, 1 - 2 * up


def _spots(figure: GateFigure, sizes: Sizes, style: Style, with_keys: bool) -> list[SubplotSpec]:
    """The places from top to bottom: of the title and notes if any, of every block of panels, of the keys if any."""
    rows: list[tuple[float, bool]] = []
    if sizes.top:
        rows.append((sizes.top, True))
    for block in sizes.blocks:
        if sizes.groups[block[0]]:
            rows.append((group_gap(style), False))
        rows.append((sizes.block_height(block), True))
    if with_keys:
        rows += [(key_gap(style), False), (key_height(style), True)]
    grid = GridSpec(len(rows), 1, figure=figure, height_ratios=[height for height, _ in rows])
    return [grid[row, 0] for row, (_, taken) in enumerate(rows) if taken]


def _paint(axes: Axes, panels: Sequence[Panel], block: tuple[int, ...], style: Style, sizes: Sizes) -> None:
    """Draw the panels of a block into its axes: heatmaps of a group in lanes, any other panel alone."""
    lanes_of = lanes([sizes.heights[index] for index in block], 2 * PAD)
    for index, lane in zip(block, lanes_of, strict=True):
        panel = panels[index]
        if isinstance(panel, ImagePanel):
            paint_image(axes, panel, style)
        elif isinstance(panel, SpanPanel):
            lettering = sizes.lettering[index]
            assert lettering is not None
            paint_spans(axes, panel, style, lettering)
        elif isinstance(panel, LinePanel):
            paint_curves(axes, panel, style, sizes.numbers, sizes.heights[index])
        else:
            paint_heatmap(axes, panel, style, lane)
            label_rows(axes, panel, style, lane, sizes.heights[index])
            write_name(axes, panel, style, sizes, lane.center)


def _mark_columns(axes: Axes, stack: PanelStack, panel: Panel, style: Style, sizes: Sizes) -> None:
    """Thin rules at the symbol boundaries, and a frame around the columns that were asked for."""
    if stack.rules and not isinstance(panel, SpanPanel):
        axes.add_collection(
            LineCollection(
                [[(column, 0.0), (column, 1.0)] for column in stack.rules],
                colors=RULE,
                linewidths=style.rule_width,
                # Where symbols crowd, their boundaries must not become the picture.
                alpha=0.55 * min(1.0, sizes.length / len(stack.rules) / _ROOMY),
                transform=axes.get_xaxis_transform(),
                zorder=3,
            ),
            autolim=False,
        )
    group = panel.group if isinstance(panel, HeatmapPanel | LinePanel) else ""
    for start, stop in stack.group_highlights.get(group, stack.highlights):
        axes.add_patch(
            Rectangle(
                (start, 0.0),
                stop - start,
                1.0,
                facecolor="none",
                edgecolor=SHADE,
                linewidth=2 * style.rule_width,
                transform=axes.get_xaxis_transform(),
                zorder=4,
            )
        )


def _column_axis(axes: Axes, label: str, style: Style) -> None:
    """Ticks and label under the lowest panel."""
    axes.xaxis.set_visible(True)
    axes.spines["bottom"].set(visible=True, linewidth=style.rule_width, color=INK)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=min(12, max(3, round(1.6 * style.width))), integer=True))
    axes.tick_params(axis="x", labelsize=style.small_size, width=style.rule_width, length=2.0, pad=1.5)
    axes.set_xlabel(label, fontsize=style.small_size, labelpad=1.5)


def _paint_keys(axes: Axes, keys: Sequence[Key], style: Style, sizes: Sizes) -> None:
    """The color keys beside each other, under the panels."""
    # Bars are a third of the column axis at most, so that a single one is not a wall of color.
    places = max(3, len(keys))
    gap = 2.5 * style.font_size / sizes.length
    width = (1 - (places - 1) * gap) / places
    for index, key in enumerate(keys):
        left = index * (width + gap)
        paint_key(axes, key, style, left, left + width)


def font_type_of(figure: GateFigure) -> int:
    """How its fonts go into a PDF: as TrueType, 42, but 3 where a font with PostScript outlines draws any text."""
    texts = [text for axes in figure.axes for text in axes.texts]
    names = {(name, text.get_fontweight()) for text in texts for name in text.get_fontfamily()}
    others = [Face(name, weight) for name, weight in names if name != base_face().name]
    return 3 if any(has_postscript_outlines(face.path) for face in others) else 42


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
