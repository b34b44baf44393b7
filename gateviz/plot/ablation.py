"""The figure of a study of interventions."""

from matplotlib.axes import Axes

from gateviz.panels.ablation import AblationPage
from gateviz.panels.colors import HAIRLINE, INK, LAYERS, QUIET
from gateviz.plot.canvas import GateFigure, new_figure, settings
from gateviz.plot.fitting import heading_height, write_footing, write_heading
from gateviz.plot.settle import settle
from gateviz.plot.style import Style, style_named

# Heights in units of the small type: of a bar, and of what stands around them.
_ROW, _AROUND, _LEAST = 1.5, 9.0, 22.0
_HEADROOM = 1.06


def interventions(page: AblationPage, *, style: str | Style = "a4") -> GateFigure:
    """The strongest groups as bars with their intervals; beside them, effect against selectivity of all.

    Args:
        page: what to draw, made by ``panels.ablation.ablation_page``.
        style: a preset, as for ``gates``.

    Raises:
        SelectionError: there is no such style.
    """
    style = style_named(style)
    with settings():
        height = max(_ROW * len(page.bars) + _AROUND, _LEAST) * style.small_size / 72 + heading_height(
            page.title, style
        )
        figure = new_figure(style, height, page.metadata)
        columns = 2 if page.points else 1
        left, *right = figure.subplots(1, columns, squeeze=False)[0]
        places = list(dict.fromkeys(point.place for point in (*page.points, *page.bars)))
        colors = {place: LAYERS[number % len(LAYERS)] for number, place in enumerate(places)}
        _bars(left, page, colors, style)
        for axes in right:
            _scatter(axes, page, colors, style)
        write_heading(figure, page.title, style, fontweight="bold", x=0.01, ha="left")
        write_footing(figure, page.remark, style, color=QUIET, x=0.01, ha="left")
        settle(figure)
    return figure


def _bars(axes: Axes, page: AblationPage, colors: dict[str, str], style: Style) -> None:
    rows = range(len(page.bars))
    for row, point in zip(rows, page.bars, strict=True):
        axes.plot([point.low, point.high], [row, row], color=colors[point.place], linewidth=1.2, alpha=0.6)
        axes.plot([point.effect], [row], "o", color=colors[point.place], markersize=style.small_size * 0.5)
    axes.set_yticks(list(rows), [point.label for point in page.bars], fontsize=style.small_size)
    axes.set_ylim(len(page.bars) - 0.5, -0.5)
    axes.set_xlim(0, _HEADROOM * max(point.high for point in page.bars) or 1)
    axes.set_xlabel(page.effect_label, fontsize=style.small_size)
    _quiet(axes, style)


def _scatter(axes: Axes, page: AblationPage, colors: dict[str, str], style: Style) -> None:
    for place, color in colors.items():
        chosen = [point for point in page.points if point.place == place]
        if chosen:
            axes.plot(
                [point.selectivity for point in chosen],
                [point.effect for point in chosen],
                "o",
                color=color,
                markersize=style.small_size * 0.35,
                alpha=0.7,
                label=place,
            )
    axes.axvline(0.5, color=HAIRLINE, linewidth=0.8, zorder=0)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(0, _HEADROOM * max(point.effect for point in page.points) or 1)
    axes.set_xlabel(page.selectivity_label, fontsize=style.small_size)
    axes.set_ylabel(page.effect_label, fontsize=style.small_size)
    axes.set_title(
        f"rank correlation of effect with |AUC − 0.5|: {page.correlation:.2f}",
        fontsize=style.small_size,
        color=INK,
        loc="left",
    )
    axes.legend(fontsize=style.small_size, frameon=False, handletextpad=0.2)
    _quiet(axes, style)


def _quiet(axes: Axes, style: Style) -> None:
    axes.tick_params(labelsize=style.small_size, color=HAIRLINE)
    axes.spines[["top", "right"]].set_visible(False)
