"""What holding units does, drawn: the strongest groups, and effect against selectivity of all."""

from matplotlib.axes import Axes

from gateviz.errors import ShapeError
from gateviz.panels.colors import HAIRLINE, INK, LAYERS, QUIET
from gateviz.plot.canvas import GateFigure, new_figure, settings
from gateviz.plot.fitting import heading_height, write_footing, write_heading
from gateviz.plot.settle import settle
from gateviz.plot.style import Style, style_named
from gateviz.studies.ablate.report import title_of
from gateviz.studies.ablate.results import Ablation

BARS = 15
_EFFECT = "posterior moved (nats a frame)"
# Heights in units of the small type: of a bar, and of what stands around them.
_ROW, _AROUND, _LEAST = 1.5, 9.0, 22.0
_HEADROOM = 1.06


def ablate_figure(found: Ablation, *, style: str | Style = "a4") -> GateFigure:
    """The strongest groups as bars with their intervals; beside them, effect against selectivity of all.

    Args:
        found: what holding units came to.
        style: a preset, as for ``gates``.

    Raises:
        ShapeError: there is no group.
        SelectionError: there is no such style.
    """
    if not found.effects:
        raise ShapeError("the figure of a study needs at least one group of units; none was given")
    style = style_named(style)
    title, bars = title_of(found), found.ranking[:BARS]
    remark = (
        f"{found.account.truths.words}, {found.held} held. Bars are 95 % intervals over lines. Telling an event is no "
        "cause of reading it: both are shown."
    )
    with settings():
        height = max(_ROW * len(bars) + _AROUND, _LEAST) * style.small_size / 72 + heading_height(title, style)
        figure = new_figure(style, height, found.account.facts(f"what it does to hold: {found.request.words}"))
        with_scatter = len(found.telling) > 2
        left, *right = figure.subplots(1, 2 if with_scatter else 1, squeeze=False)[0]
        places = dict.fromkeys(effect.group.place_name for effect in (*found.telling, *bars))
        colors = {place: LAYERS[number % len(LAYERS)] for number, place in enumerate(places)}
        _bars(left, found, colors, style)
        for axes in right:
            _scatter(axes, found, colors, style)
        write_heading(figure, title, style, fontweight="bold", x=0.01, ha="left")
        write_footing(figure, remark, style, color=QUIET, x=0.01, ha="left")
        settle(figure)
    return figure


def _bars(axes: Axes, found: Ablation, colors: dict[str, str], style: Style) -> None:
    bars = found.ranking[:BARS]
    for row, effect in enumerate(bars):
        color, moved = colors[effect.group.place_name], effect.divergence
        axes.plot([moved.low, moved.high], [row, row], color=color, linewidth=1.2, alpha=0.6)
        axes.plot([moved.value], [row], "o", color=color, markersize=style.small_size * 0.5)
    axes.set_yticks(range(len(bars)), [effect.group.name for effect in bars], fontsize=style.small_size)
    axes.set_ylim(len(bars) - 0.5, -0.5)
    axes.set_xlim(0, _HEADROOM * max(effect.divergence.high for effect in bars) or 1)
    axes.set_xlabel(_EFFECT, fontsize=style.small_size)
    _quiet(axes, style)


def _scatter(axes: Axes, found: Ablation, colors: dict[str, str], style: Style) -> None:
    for place, color in colors.items():
        chosen = [effect for effect in found.telling if effect.group.place_name == place]
        if chosen:
            axes.plot(
                [effect.selectivity for effect in chosen], [effect.divergence.value for effect in chosen], "o", color=color,
                markersize=style.small_size * 0.35, alpha=0.7, label=place,
            )  # fmt: skip
    axes.axvline(0.5, color=HAIRLINE, linewidth=0.8, zorder=0)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(0, _HEADROOM * max(effect.divergence.value for effect in found.telling) or 1)
    axes.set_xlabel(f"AUC for frames {found.request.beside.words}", fontsize=style.small_size)
    axes.set_ylabel(_EFFECT, fontsize=style.small_size)
    words = f"rank correlation of effect with |AUC − 0.5|: {found.correlation:.2f}"
    axes.set_title(words, fontsize=style.small_size, color=INK, loc="left")
    axes.legend(fontsize=style.small_size, frameon=False, handletextpad=0.2)
    _quiet(axes, style)


def _quiet(axes: Axes, style: Style) -> None:
    axes.tick_params(labelsize=style.small_size, color=HAIRLINE)
    axes.spines[["top", "right"]].set_visible(False)
