"""What the gates did while a network learned, as figures."""

from typing import Any

import numpy as np
from jaxtyping import Float64
from matplotlib.axes import Axes
from matplotlib.gridspec import GridSpec
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator, StrMethodFormatter

from gateviz.data.gates import Quantity
from gateviz.data.watch import GateHistory, WatchRecord
from gateviz.errors import SelectionError
from gateviz.panels.colors import ALARM, HAIRLINE, INK, LAYERS, QUIET, ROLES
from gateviz.panels.panel import PointGroup, ScatterPanel
from gateviz.plot.canvas import GateFigure, new_figure, settings, write
from gateviz.plot.fitting import cut, heading_height, write_heading
from gateviz.plot.fonts import running_text, running_width
from gateviz.plot.painters.scatter import paint_scatter
from gateviz.plot.settle import settle
from gateviz.plot.style import Style, style_named
from gateviz.plot.training_course import (
    BAND,
    GateCourse,
    LayerCourse,
    WatchCourse,
    common_layers,
    recorded,
    spread_out,
    watch_course,
)

# Inches, for a type of 8 points; they follow the style's type.
_CELL, _READING, _AROUND = 0.78, 1.15, 0.62
_BAND_ALPHA = 0.28
_TIMES = "#4a4a4a"


def training_gates(history: GateHistory, *, style: str | Style = "a4", title: str = "") -> GateFigure:
    """The course of a watched training as small multiples: a row a layer and direction, a column a gate.

    Up goes the share of frames at which a gate is open (above 0.9), down that at which it is shut (below 0.1);
    the band holds 80 % of the units, the thin red line is the share of units that hardly ever leave that side.
    The last column has the timescales. Below stand the blanks of the line, its error, and what was read of it.

    Args:
        history: what ``read_watch`` gives.
        style: a preset, as for ``gates``.
        title: above the picture.

    Raises:
        SelectionError: nothing was recorded yet, or there is no such style.
    """
    course, style = watch_course(history), style_named(style)
    with settings():
        unit = style.font_size / 8.0
        rows = [unit * _CELL] * len(course.layers)
        shown = course.blank is not None
        texts = (len(course.readings) + (course.truth is not None)) * 1.45 * style.small_size / 72
        below = [unit * _READING, max(texts + 0.1, 0.4)] if shown else []
        total = sum(rows) + sum(below) + unit * _AROUND * (1 + shown) + heading_height(title, style)
        # In a narrow figure the legends take a line an entry.
        total += 0.0 if style.words else 3.6 * style.font_size / 72
        figure = new_figure(style, total, {})
        columns = max((len(layer.gates) for layer in course.layers), default=0) + 1
        grid = GridSpec(len(rows) + len(below), columns, figure=figure, height_ratios=[*rows, *below])
        _engine(figure, h_pad=0.025, w_pad=0.025, hspace=0.0, wspace=0.0)
        _paint_layers(figure, grid, course, style)
        if shown:
            _paint_blank(figure.add_subplot(grid[len(rows), :]), course, style)
            _paint_readings(figure.add_subplot(grid[len(rows) + 1, :]), course, style)
        write_heading(figure, title, style)
        settle(figure)
    return figure


def _paint_layers(figure: GateFigure, grid: GridSpec, course: WatchCourse, style: Style) -> None:
    for row, layer in enumerate(course.layers):
        last = row == len(course.layers) - 1
        for column, gate in enumerate(layer.gates):
            axes = figure.add_subplot(grid[row, column])
            _paint_gate(axes, gate, course, style)
            if row == 0:
                axes.set_title(gate.gate.words, fontsize=style.font_size, color=ROLES[gate.gate], pad=3)
            if column == 0:
                axes.set_ylabel(layer.label.replace(" ", "\n", 2).replace("\n", " ", 1), fontsize=style.small_size)
            else:
                axes.tick_params(labelleft=False)
            _steps(axes, course, style, labeled=last and course.blank is None)
        axes = figure.add_subplot(grid[row, grid.ncols - 1])
        _paint_times(axes, layer, course, style)
        if row == 0:
            axes.set_title(
                "timescale, frames" if style.words else "timescale", fontsize=style.font_size, color=_TIMES, pad=3
            )
        _steps(axes, course, style, labeled=last and course.blank is None)
        axes.spines["right"].set(visible=True, linewidth=style.rule_width)
    if course.layers:
        _legend(figure, style)


def _paint_gate(axes: Axes, gate: GateCourse, course: WatchCourse, style: Style) -> None:
    """The open share upward and the shut one downward, from one middle line."""
    color = ROLES[gate.gate]
    for sign, shares, never in ((1, gate.open, gate.stuck_open), (-1, gate.shut, gate.stuck_shut)):
        _band(axes, course, sign * shares, color, style)
        axes.plot(course.steps, sign * never, color=ALARM, linewidth=0.7 * style.line_width)
    axes.axhline(0.0, color=INK, linewidth=style.rule_width)
    axes.set_ylim(-1.04, 1.04)
    axes.yaxis.set_major_locator(FixedLocator((-1.0, 0.0, 1.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: {1.0: "open", -1.0: "shut"}.get(value, "0")))


def _paint_times(axes: Axes, layer: LayerCourse, course: WatchCourse, style: Style) -> None:
    _band(axes, course, np.maximum(layer.timescale, 0.1), _TIMES, style)
    axes.set_yscale("log")
    axes.set_ylim(0.3, course.longest * 1.2)
    axes.yaxis.set_major_locator(LogLocator(numticks=5))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_ticks_position("right")


def _band(axes: Axes, course: WatchCourse, quantiles: Float64[np.ndarray, "3 S"], color: str, style: Style) -> None:
    axes.fill_between(course.steps, quantiles[0], quantiles[2], color=color, alpha=_BAND_ALPHA, linewidth=0.0)
    marker = "o" if len(course.steps) == 1 else ""
    axes.plot(course.steps, quantiles[1], color=color, linewidth=style.line_width, marker=marker, markersize=2)


def _paint_blank(axes: Axes, course: WatchCourse, style: Style) -> None:
    assert course.blank is not None
    assert course.blank_mean is not None
    marks: dict[str, Any] = {
        "linewidth": style.line_width,
        "marker": "o",
        "markersize": 1.6 * style.line_width,
        "clip_on": False,
    }
    axes.plot(course.steps, course.blank, color=ROLES["blank"], label="frames whose best class is the blank", **marks)
    axes.plot(
        course.steps, course.blank_mean, color=ROLES["blank"], linestyle=":", label="mean posterior of the blank",
        **{**marks, "marker": ""},
    )  # fmt: skip
    if course.cer is not None:
        axes.plot(
            course.steps, np.minimum(course.cer, 1.0), color=LAYERS[0], label="character error rate, 1 at most", **marks
        )
    axes.set_ylim(-0.03, 1.03)
    axes.yaxis.set_major_locator(FixedLocator((0.0, 0.5, 1.0)))
    axes.set_ylabel("share, the line", fontsize=style.small_size)
    axes.legend(
        frameon=False, fontsize=style.small_size, loc="lower center", bbox_to_anchor=(0.5, 0.97), ncols=3 if style.words else 1,
        borderpad=0.1, columnspacing=1.2,
    )  # fmt: skip
    _steps(axes, course, style, labeled=True)


def _paint_readings(axes: Axes, course: WatchCourse, style: Style) -> None:
    """What is written and what was read, a line a step."""
    axes.axis("off")
    axes.set(xlim=(0, 1), ylim=(0, 1))
    lines = [(f"step {step:,}", text, INK) for step, text in course.readings]
    if course.truth is not None:
        lines.append(("written", course.truth, QUIET))
    wide = max(running_width(label) for label, _, _ in lines) * style.small_size + 8.0
    # The labels of the axes above stand left of them, about a tenth of the width.
    room = (72 * 0.88 * style.width - wide) / style.small_size
    for place, (label, text, color) in enumerate(lines):
        height = 1 - (place + 0.5) / len(lines)
        write(axes, 0.0, height, label, size=style.small_size, color=QUIET, va="center")
        drawn, families = running_text(cut(text, room) or "(nothing)")
        write(
            axes, 0.0, height, drawn, size=style.small_size, shift=(wide, 0.0), va="center", family=families,
            color=color if text else ALARM,
        )  # fmt: skip


def _steps(axes: Axes, course: WatchCourse, style: Style, *, labeled: bool) -> None:
    first, last = int(course.steps[0]), int(course.steps[-1])
    axes.set_xlim(first, last if last > first else first + 1)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8 if labeled else 3, integer=True, steps=(1, 2, 5, 10)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.tick_params(labelsize=style.small_size, width=style.rule_width, length=2, pad=1.5, labelbottom=labeled)
    axes.grid(visible=True, axis="x", color=HAIRLINE, linewidth=style.rule_width)
    for side, spine in axes.spines.items():
        spine.set(visible=side in ("left", "bottom"), linewidth=style.rule_width)
    if labeled:
        axes.set_xlabel("step", fontsize=style.small_size, labelpad=1)


def _legend(figure: GateFigure, style: Style) -> None:
    """What a band, a line and the red line are, the same in every cell."""
    handles: list[Any] = [
        (Patch(facecolor=QUIET, alpha=_BAND_ALPHA), Line2D([], [], color=QUIET, linewidth=style.line_width)),
        Line2D([], [], color=ALARM, linewidth=0.7 * style.line_width),
    ]
    shares = "share of frames open ↑ (> 0.9), shut ↓ (< 0.1):"
    words = [f"{shares}{' ' if style.words else chr(10)}{BAND}", "units stuck there (> 99 % of frames)"]
    figure.legend(
        handles, words, loc="outside upper center", ncols=2 if style.words else 1, frameon=False, fontsize=style.small_size,
        borderpad=0.4, columnspacing=1.2,
    )  # fmt: skip


def _engine(figure: GateFigure, **pads: float) -> None:
    engine = figure.get_layout_engine()
    assert engine is not None
    engine.set(**pads)


def training_saturation(history: GateHistory, *, style: str | Style = "a4", title: str = "") -> GateFigure:
    """The left and right saturation of every unit at some steps, a row a gate (Karpathy et al. 2015, figure 3).

    Args:
        history: what ``read_watch`` gives.
        style: a preset, as for ``gates``.
        title: above the picture.

    Raises:
        SelectionError: nothing was recorded yet or no gates, or there is no such style.
    """
    style = style_named(style)
    rows = saturation_by_step(history, count=5 if style.words else 3)
    with settings():
        side = (style.width - 0.55) / len(rows[0]) - 0.1
        height = (side + 0.8 * style.font_size / 72) * len(rows) + 6.5 * style.font_size / 72
        figure = new_figure(style, min(height, style.page_height) + heading_height(title, style), {})
        grid = GridSpec(len(rows), len(rows[0]), figure=figure)
        for row, panels in enumerate(rows):
            for column, panel in enumerate(panels):
                axes = figure.add_subplot(grid[row, column])
                paint_scatter(axes, panel, style, with_y_label=column == 0)
                _trim(axes, panel, style, first_row=row == 0, last_row=row == len(rows) - 1, first=column == 0)
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(
            handles, labels, loc="outside lower center", ncols=max(1, round(style.width / 1.4)), frameon=False,
            fontsize=style.small_size, handletextpad=0.2,
        )  # fmt: skip
        write_heading(figure, title, style)
        settle(figure)
    return figure


def saturation_by_step(history: GateHistory, *, count: int = 5) -> tuple[tuple[ScatterPanel, ...], ...]:
    """Karpathy's left and right saturation of every unit at some steps: a row a gate, a panel a step.

    Raises:
        SelectionError: nothing was recorded yet, or no gates.
    """
    records = spread_out(recorded(history), count)
    layers = common_layers(records)
    if not layers:
        raise SelectionError("the watched network has no recurrent layer, so there are no gates to draw")
    gates = dict.fromkeys(gate for at in layers for gate in records[0].layers[at].gates)
    return tuple(tuple(_scatter(record, gate) for record in records) for gate in gates)


def _scatter(record: WatchRecord, gate: Quantity) -> ScatterPanel:
    numbers = sorted({layer.layer for layer in record.layers})
    groups = tuple(
        PointGroup(layer.words, layer.left[gate], layer.right[gate], numbers.index(layer.layer), layer.direction.value)
        for layer in record.layers
        if gate in layer.left
    )
    return ScatterPanel(
        f"step {record.step:,}",
        gate.letter,
        role=gate.value,
        groups=groups,
        x_label="frames below 0.1",
        y_label="above 0.9",
    )


def _trim(axes: Axes, panel: ScatterPanel, style: Style, *, first_row: bool, last_row: bool, first: bool) -> None:
    """In a grid the step stands on top, the gate on the left, and the lower axis under the last row."""
    axes.set_title(panel.title if first_row else "", fontsize=style.font_size, color=INK, pad=4)
    if first:
        words = panel.role.replace("_", " ")
        axes.set_ylabel(f"{words}\n{panel.y_label}", fontsize=style.small_size, color=ROLES[panel.role], labelpad=2)
    if not last_row:
        axes.set_xlabel("")
        axes.tick_params(labelbottom=False)
