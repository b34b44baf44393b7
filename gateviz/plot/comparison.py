"""The figure of a comparison."""

from matplotlib.axes import Axes
from matplotlib.gridspec import GridSpec, SubplotSpec
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from gateviz.panels.colors import HAIRLINE, INK, QUIET, ROLES, SHADE
from gateviz.panels.contrasted import ContrastPage, DistributionPanel, DistributionRow, LikenessPanel, Strip
from gateviz.panels.panel import HeatmapPanel, Palette
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

# Heights in units of the small type: of a row of a heatmap, a cell of distributions, and what is written around.
_ROW, _CELL, _AROUND = 1.25, 5.0, 2.2
# Points that names take left of the column axis.
_NAMES = 62.0
# Names beside a matrix are cut; in units of the small type.
_SIDE = 12.0
_WHOLE = Lane(0.0, 1.0)
_MOST_MATRICES = 4


def contrast(page: ContrastPage, *, style: str | Style = "a4") -> GateFigure:
    """Both readings, where they part along the line, their distributions and their matched units.

    Args:
        page: what to draw, made by ``survey.comparison_report.comparison_page``.
        style: a preset, as for ``gates``.

    Raises:
        SelectionError: there is no such style.
    """
    style = style_named(style)
    with settings():
        columns, units, cells = _column_heights(page, style), _likeness_height(page, style), _cell_heights(page, style)
        heights = [sum(columns), sum(cells), units]
        rows = len(columns) + len(cells) + 1
        # Title, remark, the column axis' label and the words of the key.
        around = 2 * PAD * rows + 4.5 * style.font_size / 72 + heading_height(page.title, style)
        figure = new_figure(style, sum(heights) + around, page.metadata)
        engine = figure.get_layout_engine()
        assert engine is not None
        engine.set(h_pad=PAD, hspace=0.0)  # type: ignore[call-arg]
        outer = GridSpec(3, 1, figure=figure, height_ratios=heights)
        _draw_columns(figure, outer[0], page, style, columns)
        _draw_distributions(figure, outer[1], page, style, cells)
        _draw_likeness(figure, outer[2], page, style)
        write_heading(figure, page.title, style, x=0.01, ha="left")
        write_footing(figure, page.remark, style, color=QUIET, x=0.01, ha="left")
        settle(figure)
        figure.pdf_font_type = font_type_of(figure)
    return figure


def _length(style: Style) -> float:
    """About the points of the column axis."""
    return 72 * style.width - _NAMES - 12


def _image_height(strip: Strip, style: Style) -> float:
    assert strip.image is not None, "only a strip with an image has its height"
    rows, columns = strip.image.image.shape[:2]
    return float(min(max(_length(style) / 72 * rows / columns, 0.16), style.image_height))


def _column_heights(page: ContrastPage, style: Style) -> list[float]:
    """Of every row on the column axis, in inches, from top to bottom."""
    found = []
    for strip in page.strips:
        if strip.image is not None:
            found.append(_image_height(strip, style))
        found.append(set_type(strip.spans, style, strip.start, strip.stop, _length(style)).height(style))
    if page.bits is not None:
        found.append(style.curves_height)
    found += [max(len(panel.values), 3) * _ROW * style.small_size / 72 for panel in page.courses]
    # The axis' numbers, and the key.
    return [*found, 0.75 * style.small_size / 72]


def _draw_columns(
    figure: GateFigure, spot: SubplotSpec, page: ContrastPage, style: Style, heights: list[float]
) -> None:
    grid = spot.subgridspec(len(heights), 1, height_ratios=heights)
    rows = iter(range(len(heights)))
    for strip in page.strips:
        if strip.image is not None:
            paint_image(bare_axes(figure, grid[next(rows), 0], strip.start, strip.stop), strip.image, style)
        axes = bare_axes(figure, grid[next(rows), 0], strip.start, strip.stop)
        paint_spans(axes, strip.spans, style, set_type(strip.spans, style, strip.start, strip.stop, _length(style)))
        _name(axes, strip.name, style)
    if page.bits is not None:
        axes = bare_axes(figure, grid[next(rows), 0], page.start, page.stop)
        paint_curves(axes, page.bits, style, 0.0, style.curves_height)
        _name(axes, "posteriors\napart (bits)", style, shift=-12.0)
        _mark(axes, page, style)
    for panel in page.courses:
        row = next(rows)
        axes = bare_axes(figure, grid[row, 0], page.start, page.stop)
        paint_heatmap(axes, panel, style, _WHOLE)
        label_rows(axes, panel, style, _WHOLE, heights[row])
        _name(axes, "\n".join(panel.title.rsplit(" ", 1)), style, shift=-12.0)
        _mark(axes, page, style)
    # The lowest axes carry the numbers of the columns.
    axes.xaxis.set_visible(True)
    axes.spines["bottom"].set(visible=True, linewidth=style.rule_width, color=INK)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True))
    axes.tick_params(axis="x", labelsize=style.small_size, width=style.rule_width, length=2.0, pad=1.5)
    axes.set_xlabel(page.axis_label, fontsize=style.small_size, labelpad=1.5)
    _key(bare_axes(figure, grid[next(rows), 0], 0.0, 1.0), page.courses, style)


def _key(axes: Axes, panels: tuple[HeatmapPanel, ...], style: Style) -> None:
    for key in keys_of(panels):
        paint_key(axes, key, style, 0.0, 0.33)


def _name(axes: Axes, words: str, style: Style, *, shift: float = -5.0) -> None:
    room = (_NAMES + shift) / style.small_size
    words, families = running_text("\n".join(cut(line, room) for line in words.split("\n")))
    write(
        axes, 0.0, 0.5, words, size=style.small_size, shift=(shift, 0.0), ha="right", va="center", color=INK,
        family=families,
    )  # fmt: skip


def _mark(axes: Axes, page: ContrastPage, style: Style) -> None:
    """A frame around the columns that are read differently."""
    for start, stop in page.highlights:
        box = Rectangle((start, 0.0), stop - start, 1.0, transform=axes.get_xaxis_transform(), zorder=4)
        box.set(facecolor="none", edgecolor=SHADE, linewidth=2 * style.rule_width)
        axes.add_patch(box)


def _cell_heights(page: ContrastPage, style: Style) -> list[float]:
    """Of every row of distributions, and of the words below them."""
    units = [_CELL + (_AROUND if row == 0 else 1.0) for row in range(len(page.distributions))]
    return [unit * style.small_size / 72 for unit in (*units, 1.4)]


def _draw_distributions(
    figure: GateFigure, spot: SubplotSpec, page: ContrastPage, style: Style, heights: list[float]
) -> None:
    """A row a layer and direction, a column a series: the first filled, the second as a line."""
    widest = max(len(row.panels) for row in page.distributions)
    grid = spot.subgridspec(len(heights), widest, height_ratios=heights)
    for number, row in enumerate(page.distributions):
        for place, panel in enumerate(row.panels):
            axes = figure.add_subplot(grid[number, place])
            _distribution(axes, panel, style)
            if number == 0:
                words = panel.role.replace("_", " ")
                axes.set_title(words, fontsize=style.small_size, color=ROLES[panel.role], pad=3)
            if place == 0:
                _row_label(axes, row, style)
    first, second = page.names
    words, families = running_text(
        f"shares of values, {first} filled, {second} as a line; in the corner how far apart (Wasserstein distance)"
    )
    below = bare_axes(figure, grid[-1, :], 0.0, 1.0)
    write(
        below, 0.0, 0.0, words, size=style.small_size, va="baseline", color=QUIET, family=families, in_layout=False,
    )  # fmt: skip


def _row_label(axes: Axes, row: DistributionRow, style: Style) -> None:
    layer, direction = row.label.rsplit(" ", 1)
    axes.set_ylabel(f"{layer}\n{direction}", fontsize=style.small_size, rotation=0, ha="right", va="center", labelpad=3)


def _distribution(axes: Axes, panel: DistributionPanel, style: Style) -> None:
    color = ROLES[panel.role]
    axes.stairs(panel.first, panel.edges, fill=True, color=color, alpha=0.35, linewidth=0)
    axes.stairs(panel.second, panel.edges, color=INK, linewidth=0.7 * style.line_width)
    axes.set_xlim(float(panel.edges[0]), float(panel.edges[-1]))
    axes.set_ylim(0.0, 1.35 * max(float(panel.first.max()), float(panel.second.max())) or 1.0)
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(nbins=2))
    axes.tick_params(
        axis="x", labelsize=0.85 * style.small_size, width=style.rule_width, length=1.5, pad=1, color=HAIRLINE
    )
    for side, spine in axes.spines.items():
        spine.set(visible=side == "bottom", linewidth=style.rule_width)
    write(
        axes, 1.0, 0.96, f"{panel.distance:.2g}", size=0.9 * style.small_size, ha="right", va="top", color=QUIET,
    )  # fmt: skip


def _likeness_height(page: ContrastPage, style: Style) -> float:
    across = min(len(page.likeness), _MOST_MATRICES)
    rows = -(-len(page.likeness) // across)
    side = min((style.width - 0.3) / across - 0.12, 1.6)
    return rows * (side + 4.5 * style.small_size / 72)


def _draw_likeness(figure: GateFigure, spot: SubplotSpec, page: ContrastPage, style: Style) -> None:
    across = min(len(page.likeness), _MOST_MATRICES)
    grid = spot.subgridspec(-(-len(page.likeness) // across), across)
    for number, panel in enumerate(page.likeness):
        axes = figure.add_subplot(grid[number // across, number % across])
        _matrix(axes, panel, page.names, style, first=number % across == 0)


def _matrix(axes: Axes, panel: LikenessPanel, names: tuple[str, str], style: Style, *, first: bool) -> None:
    rows, columns = panel.values.shape
    picture = AxesImage(
        axes, cmap=colormap(Palette.SIGNED), interpolation="nearest", extent=(0.0, float(columns), float(rows), 0.0)
    )
    picture.set_data(panel.values)
    picture.set_clim(-1.0, 1.0)
    axes.add_image(picture)
    axes.set_xlim(0.0, float(columns))
    axes.set_ylim(float(rows), 0.0)
    axes.set_aspect(columns / rows)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set(linewidth=style.rule_width, color=HAIRLINE)
    axes.set_title(f"{panel.title}\n{panel.caption}", fontsize=style.small_size, pad=3)
    words, families = running_text(cut(f"units of {names[1]}", _SIDE))
    axes.set_xlabel(words, fontsize=style.small_size, labelpad=2, family=families)
    if first:
        words, families = running_text(cut(f"units of {names[0]}", _SIDE))
        axes.set_ylabel(words, fontsize=style.small_size, labelpad=2, family=families)
