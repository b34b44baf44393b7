"""Titles, labels and legends of figures with several parts, as wide as the style lets them be."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from gateviz.plot.fitting import wrapped
from gateviz.plot.style import Style

Ground = Figure | SubFigure


def spot(count: int, index: int, style: Style) -> tuple[int, int, int]:
    """Beside each other, or below in a narrow style."""
    return (1, count, index + 1) if style.words else (count, 1, index + 1)


def legend_columns(labels: int, style: Style) -> int:
    """How many entries of a legend fit beside each other."""
    return max(1, min(labels, int(72 * style.width / (11 * style.small_size))))


def broken(words: str, style: Style, share: float) -> str:
    """Words in as many lines as a share of the figure's width asks for."""
    return "\n".join(wrapped(words, style.small_size, 72 * share * style.width))


def legend_below(ground: Ground, axes: Axes, style: Style) -> None:
    """The legend of one of the axes below all of them."""
    handles, labels = axes.get_legend_handles_labels()
    ground.legend(
        handles, labels, loc="outside lower center", ncols=legend_columns(len(labels), style), frameon=False, fontsize=style.small_size,
        handletextpad=0.4, columnspacing=1.2, borderpad=0.1,
    )  # fmt: skip


def titled(axes: Axes, words: str, style: Style, *, bold: bool = True) -> None:
    """A title over the left end of the axes."""
    axes.set_title(
        words, fontsize=style.font_size if bold else style.small_size, fontweight="bold" if bold else "normal",
        loc="left", pad=4, parse_math=False,
    )  # fmt: skip


def finish_axes(axes: Axes, label: str, style: Style) -> None:
    """The label below, few ticks, and two of the four spines."""
    axes.set_xlabel(label, fontsize=style.small_size, labelpad=2, loc="left")
    axes.xaxis.set_major_locator(MaxNLocator(nbins=7))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4))
    axes.tick_params(labelsize=style.small_size, width=style.rule_width, length=2, pad=2)
    for side, spine in axes.spines.items():
        spine.set(visible=side in ("left", "bottom"), linewidth=style.rule_width)
