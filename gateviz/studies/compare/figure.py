"""The figure of a comparison: two readings under the line, where they part, and their units beside each other."""

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64
from matplotlib.axes import Axes
from matplotlib.gridspec import GridSpec, SubplotSpec
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from gateviz.files.json_text import json_text
from gateviz.panels.colors import HAIRLINE, INK, QUIET, ROLES, SHADE
from gateviz.panels.panel import HeatmapPanel, ImagePanel, Line, LinePanel, Palette, Scale, SpanPanel
from gateviz.panels.reading import PATH, column_axis, image_panel, span_panel
from gateviz.panels.traces import rounded_up
from gateviz.plot.canvas import GateFigure, bare_axes, colormap, new_figure, settings, write
from gateviz.plot.compose import font_type_of
from gateviz.plot.fitting import cut, heading_height, write_footing, write_heading
from gateviz.plot.fonts import running_text
from gateviz.plot.layout import PAD
from gateviz.plot.painters.curves import paint_curves
from gateviz.plot.painters.heatmap import Lane, label_rows, paint_heatmap
from gateviz.plot.painters.image import paint_image
from gateviz.plot.painters.keys import keys_of, paint_key
from gateviz.plot.painters.spans import paint_spans, set_type
from gateviz.plot.settle import settle
from gateviz.plot.style import Style, style_named
from gateviz.studies.compare.report import title_of
from gateviz.studies.compare.results import Comparison
from gateviz.studies.compare.units import PlaceComparison, QuantityComparison

# In units of the small type: of a row of a heatmap, a cell of distributions, what is written around, and the longest name
# beside a matrix; then points that names take left of the column axis.
_ROW, _CELL, _AROUND, _SIDE, _NAMES = 1.25, 5.0, 2.2, 12.0, 62.0
_WHOLE = Lane(0.0, 1.0)
_MOST_MATRICES = 4


class Strip(NamedTuple):
    """One reading on its own column axis; without an image where that stands above already."""

    name: str
    image: ImagePanel | None
    spans: SpanPanel
    start: float
    stop: float


class ComparisonFigures:
    """The figure of a comparison: the line that differs most, and all lines' distributions and matched units.

    Args:
        comparison: what was compared.
        origin: which models read, or which images one model read, as for ``comparison_page``.
        style: a preset, as for ``gates``.

    Raises:
        SelectionError: there is no such style.
    """

    def __init__(self, comparison: Comparison, origin: Mapping[str, Any], *, style: str | Style = "a4") -> None:
        self.comparison, self.style, self.line = comparison, style_named(style), comparison.shown
        self.title = title_of(origin)
        facts = {name: json_text(origin[name]) for name in ("first", "second")}
        versions = json.dumps(origin.get("versions", {}))
        self.facts = {"about": f"Where two part: {self.title}", **facts, "versions": versions}

    def one(self, name: str) -> GateFigure:
        """There is one."""
        return self.whole()

    def whole(self) -> GateFigure:
        """Both readings, where they part along the line, their distributions and their matched units."""
        style = self.style
        with settings():
            columns, units, cells = self._column_heights(), self._likeness_height(), self._cell_heights()
            heights = [sum(columns), sum(cells), units]
            rows = len(columns) + len(cells) + 1
            # Title, remark, the column axis' label and the words of the key.
            around = 2 * PAD * rows + 4.5 * style.font_size / 72 + heading_height(self.title, style)
            figure = new_figure(style, sum(heights) + around, self.facts)
            engine = figure.get_layout_engine()
            assert engine is not None
            engine.set(h_pad=PAD, hspace=0.0)  # type: ignore[call-arg]
            outer = GridSpec(3, 1, figure=figure, height_ratios=heights)
            self._draw_columns(figure, outer[0], columns)
            self._draw_distributions(figure, outer[1], cells)
            self._draw_likeness(figure, outer[2])
            write_heading(figure, self.title, style, x=0.01, ha="left")
            write_footing(figure, self._remark(), style, color=QUIET, x=0.01, ha="left")
            settle(figure)
            figure.pdf_font_type = font_type_of(figure)
        return figure

    @cached_property
    def strips(self) -> tuple[Strip, ...]:
        """The readings, one below the other; two models read one image, which is drawn once."""
        pair = self.line.pair
        found: list[Strip] = []
        for name, recording in zip(self.comparison.names, (pair.first, pair.second), strict=True):
            if recording.emission is not None:
                start, stop, _ = column_axis(recording)
                image = None if found and pair.one_image else image_panel(recording)
                found.append(Strip(name, image, span_panel(recording, recording.alignment), start, stop))
        return tuple(found)

    @cached_property
    def axis(self) -> tuple[float, float, str]:
        """Of the columns of what follows, the first image's: its ends, and its label."""
        start, stop, label = column_axis(self.line.pair.first)
        if not self.line.pair.one_image:
            label = label.replace("line image", f"line image {self.comparison.names[0]}")
        return start, stop, label

    @cached_property
    def courses(self) -> tuple[HeatmapPanel, ...]:
        """How far each layer and direction lies apart, a row a series."""
        line, columns = self.line, self.line.pair.frames.columns
        courses = [np.stack(list(line.distances[place.name].values())) for place in self.comparison.places]
        scale = distance_scale(courses)
        left, right = float(columns[0]) - line.step / 2, float(columns[-1]) + line.step / 2
        return tuple(
            HeatmapPanel(
                place.words, course.astype(np.float32), start=left, stop=right, row_labels=tuple(one.quantity.letter for one in place.quantities),
                scale=scale, color_key="how far apart", group=place.words,
            )
            for place, course in zip(self.comparison.places, courses, strict=True)
        )  # fmt: skip

    @cached_property
    def bits(self) -> LinePanel | None:
        """How far the posteriors lie apart; None where they cannot be compared."""
        if self.line.bits is None:
            return None
        curve, columns = Line("posteriors apart (bits)", self.line.bits, PATH), self.line.pair.frames.columns
        return LinePanel("posteriors apart", columns, (curve,), 0.0, 1.0, group="posteriors apart")

    def _remark(self) -> str:
        several, truths = len(self.comparison.lines), self.comparison.truths
        counted = "" if truths is None else f"{truths.counted}. "
        over = f"{several} lines; the line shown differs most" if several > 1 else "1 line"
        words = (
            "Distances in units of how much units vary: 0 the same, about 1.4 unrelated. Distributions and units over"
        )
        return f"{counted}{words} {over}."

    def _column_heights(self) -> list[float]:
        """Of every row on the column axis, in inches, from top to bottom."""
        style, found = self.style, []
        for strip in self.strips:
            if strip.image is not None:
                rows, columns = strip.image.image.shape[:2]
                found.append(float(min(max(_length(style) / 72 * rows / columns, 0.16), style.image_height)))
            found.append(set_type(strip.spans, style, strip.start, strip.stop, _length(style)).height(style))
        if self.bits is not None:
            found.append(style.curves_height)
        found += [max(len(panel.values), 3) * _ROW * style.small_size / 72 for panel in self.courses]
        # The axis' numbers, and the key.
        return [*found, 0.75 * style.small_size / 72]

    def _draw_columns(self, figure: GateFigure, spot: SubplotSpec, heights: list[float]) -> None:
        style, grid = self.style, spot.subgridspec(len(heights), 1, height_ratios=heights)
        rows = iter(range(len(heights)))
        for strip in self.strips:
            if strip.image is not None:
                paint_image(bare_axes(figure, grid[next(rows), 0], strip.start, strip.stop), strip.image, style)
            axes = bare_axes(figure, grid[next(rows), 0], strip.start, strip.stop)
            paint_spans(axes, strip.spans, style, set_type(strip.spans, style, strip.start, strip.stop, _length(style)))
            _name(axes, strip.name, style)
        start, stop, label = self.axis
        if self.bits is not None:
            axes = bare_axes(figure, grid[next(rows), 0], start, stop)
            paint_curves(axes, self.bits, style, 0.0, style.curves_height)
            _name(axes, "posteriors\napart (bits)", style, shift=-12.0)
            self._mark(axes)
        for panel in self.courses:
            row = next(rows)
            axes = bare_axes(figure, grid[row, 0], start, stop)
            paint_heatmap(axes, panel, style, _WHOLE)
            label_rows(axes, panel, style, _WHOLE, heights[row])
            _name(axes, "\n".join(panel.title.rsplit(" ", 1)), style, shift=-12.0)
            self._mark(axes)
        # The lowest axes carry the numbers of the columns.
        axes.xaxis.set_visible(True)
        axes.spines["bottom"].set(visible=True, linewidth=style.rule_width, color=INK)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
        axes.tick_params(axis="x", labelsize=style.small_size, width=style.rule_width, length=2.0, pad=1.5)
        axes.set_xlabel(label, fontsize=style.small_size, labelpad=1.5)
        axes = bare_axes(figure, grid[next(rows), 0], 0.0, 1.0)
        for key in keys_of(self.courses):
            paint_key(axes, key, style, 0.0, 0.33)

    def _mark(self, axes: Axes) -> None:
        """A frame around the columns that are read differently."""
        for start, stop in self.line.misread:
            box = Rectangle((start, 0.0), stop - start, 1.0, transform=axes.get_xaxis_transform(), zorder=4)
            box.set(facecolor="none", edgecolor=SHADE, linewidth=2 * self.style.rule_width)
            axes.add_patch(box)

    def _cell_heights(self) -> list[float]:
        """Of every row of distributions, and of the words below them."""
        units = [_CELL + (_AROUND if row == 0 else 1.0) for row in range(len(self.comparison.places))]
        return [unit * self.style.small_size / 72 for unit in (*units, 1.4)]

    def _draw_distributions(self, figure: GateFigure, spot: SubplotSpec, heights: list[float]) -> None:
        """A row a layer and direction, a column a series: the first filled, the second as a line."""
        style, places = self.style, self.comparison.places
        grid = spot.subgridspec(len(heights), max(len(place.quantities) for place in places), height_ratios=heights)
        for row, place in enumerate(places):
            for column, one in enumerate(place.quantities):
                axes = figure.add_subplot(grid[row, column])
                _distribution(axes, one, style)
                if row == 0:
                    axes.set_title(one.quantity.words, fontsize=style.small_size, color=ROLES[one.quantity], pad=3)
                if column == 0:
                    axes.set_ylabel(
                        f"layer {place.layer}\n{place.direction}", fontsize=style.small_size, rotation=0, ha="right",
                        va="center", labelpad=3,
                    )  # fmt: skip
        said = "shares of values, {} filled, {} as a line; in the corner how far apart (Wasserstein distance)"
        words, families = running_text(said.format(*self.comparison.names))
        below, size = bare_axes(figure, grid[-1, :], 0.0, 1.0), style.small_size
        write(below, 0.0, 0.0, words, size=size, va="baseline", color=QUIET, family=families, in_layout=False)

    def _likeness_height(self) -> float:
        across = min(len(self.comparison.places), _MOST_MATRICES)
        rows = -(-len(self.comparison.places) // across)
        side = min((self.style.width - 0.3) / across - 0.12, 1.6)
        return rows * (side + 4.5 * self.style.small_size / 72)

    def _draw_likeness(self, figure: GateFigure, spot: SubplotSpec) -> None:
        across = min(len(self.comparison.places), _MOST_MATRICES)
        grid = spot.subgridspec(-(-len(self.comparison.places) // across), across)
        for number, place in enumerate(self.comparison.places):
            axes = figure.add_subplot(grid[number // across, number % across])
            _matrix(axes, place, self.style)
            size = self.style.small_size
            first, second = (running_text(cut(f"units of {name}", _SIDE)) for name in self.comparison.names)
            axes.set_xlabel(second[0], family=second[1], fontsize=size, labelpad=2)
            if number % across == 0:
                axes.set_ylabel(first[0], family=first[1], fontsize=size, labelpad=2)


def distance_scale(courses: Sequence[Float64[np.ndarray, "_ _"]]) -> Scale:
    """One scale for all distances: from 0 to the largest, rounded up; to 1 where all are 0.

    Example:
        >>> distance_scale([np.array([[0.0, 0.113]])]).high
        0.12
    """
    known = np.concatenate([np.zeros(1), *(course[np.isfinite(course)] for course in courses)])
    return Scale(Palette.POSTERIOR, 0.0, rounded_up(float(known.max())) or 1.0)


def _length(style: Style) -> float:
    """About the points of the column axis."""
    return 72 * style.width - _NAMES - 12


def _name(axes: Axes, words: str, style: Style, *, shift: float = -5.0) -> None:
    room = (_NAMES + shift) / style.small_size
    words, families = running_text("\n".join(cut(line, room) for line in words.split("\n")))
    write(
        axes, 0.0, 0.5, words, size=style.small_size, shift=(shift, 0.0), ha="right", va="center", color=INK,
        family=families,
    )  # fmt: skip


def _distribution(axes: Axes, one: QuantityComparison, style: Style) -> None:
    first, second = one.shares
    axes.stairs(first, one.edges, fill=True, color=ROLES[one.quantity], alpha=0.35, linewidth=0)
    axes.stairs(second, one.edges, color=INK, linewidth=0.7 * style.line_width)
    highest = 1.35 * max(float(first.max()), float(second.max())) or 1.0
    axes.set(xlim=(float(one.edges[0]), float(one.edges[-1])), ylim=(0.0, highest), yticks=[])
    axes.xaxis.set_major_locator(MaxNLocator(nbins=2))
    size, width = 0.85 * style.small_size, style.rule_width
    axes.tick_params(axis="x", labelsize=size, width=width, length=1.5, pad=1, color=HAIRLINE)
    for side, spine in axes.spines.items():
        spine.set(visible=side == "bottom", linewidth=style.rule_width)
    write(axes, 1.0, 0.96, f"{one.distance:.2g}", size=0.9 * style.small_size, ha="right", va="top", color=QUIET)


def _matrix(axes: Axes, place: PlaceComparison, style: Style) -> None:
    rows, columns = map(float, place.likeness.shape)
    picture = AxesImage(axes, cmap=colormap(Palette.SIGNED), interpolation="nearest", extent=(0.0, columns, rows, 0.0))
    picture.set_data(place.matched_likeness.astype(np.float32))
    picture.set_clim(-1.0, 1.0)
    axes.add_image(picture)
    axes.set(xlim=(0.0, columns), ylim=(rows, 0.0), aspect=columns / rows, xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set(linewidth=style.rule_width, color=HAIRLINE)
    how = "own numbers" if place.matching.identity else "matched"
    words = f"{place.words}\n{how}: {place.matching.mean:.2f} (chance {place.chance:.2f})"
    axes.set_title(words, fontsize=style.small_size, pad=3)
