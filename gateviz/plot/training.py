"""The course of a training run as a figure."""

from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from gateviz.panels.colors import HAIRLINE, LAYERS
from gateviz.panels.training import TrainingCurves
from gateviz.plot.canvas import GateFigure, new_figure, settings
from gateviz.plot.fitting import heading_height, write_heading
from gateviz.plot.settle import settle
from gateviz.plot.style import Style, style_named

ROW_HEIGHT = 1.5


def training(curves: TrainingCurves, *, style: str | Style = "a4", title: str = "") -> GateFigure:
    """The losses and, under them, the error rate on the validation lines, over the steps.

    Both axes of numbers are logarithmic: the end of a training is where it is decided.

    Args:
        curves: what was logged.
        style: a preset, as for ``gates``.
        title: above the picture.

    Raises:
        SelectionError: there is no such style.
    """
    style = style_named(style)
    with settings():
        figure = new_figure(style, 2 * ROW_HEIGHT + 0.5 + heading_height(title, style), {})
        losses, errors = figure.subplots(2, 1, sharex=True)
        for (name, values), color in zip(curves.losses.items(), LAYERS, strict=False):
            losses.plot(curves.steps, values, color=color, linewidth=style.line_width, label=name)
        _finish(losses, "loss, nats", style)
        errors.plot(
            curves.validation_steps, curves.cer, color=LAYERS[0], linewidth=style.line_width, marker="o", markersize=2,
            label="character error rate",
        )  # fmt: skip
        errors.plot(
            curves.validation_steps, 1 - curves.line_accuracy, color=LAYERS[1], linewidth=style.line_width, marker="s",
            markersize=2, label="lines with an error",
        )  # fmt: skip
        _finish(errors, "share, validation lines", style)
        errors.set_xlabel("step", fontsize=style.font_size)
        write_heading(figure, title, style)
        settle(figure)
    return figure


def _finish(axes: Axes, label: str, style: Style) -> None:
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylabel(label, fontsize=style.font_size)
    axes.tick_params(labelsize=style.small_size)
    axes.grid(visible=True, which="major", color=HAIRLINE, linewidth=style.rule_width)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=style.small_size)
