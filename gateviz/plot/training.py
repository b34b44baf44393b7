"""The course of a training run, as its log has it, as a figure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from gateviz.panels.colors import HAIRLINE, LAYERS
from gateviz.plot.canvas import GateFigure, new_figure, settings
from gateviz.plot.fitting import heading_height, write_heading
from gateviz.plot.settle import settle
from gateviz.plot.style import Style, style_named

ROW_HEIGHT = 1.5


@dataclass(frozen=True)
class TrainingCurves:
    """The course of a training run.

    Attributes:
        steps: of the losses.
        losses: by name, nats.
        rate: learning rate at the same steps.
        validation_steps: of the error rates.
        cer: edits per symbol on the validation lines.
        line_accuracy: share of validation lines read without an error.
        accumulators: share of the units whose cells only add up (``measure.gate_health``); NaN where nobody looked.
        saturated_cells: share of the cells that say nothing any more.
        forgetful: by layer, the share of lines that are read otherwise with its forget gates held at 0.
    """

    steps: Int64[np.ndarray, " S"]
    losses: Mapping[str, Float64[np.ndarray, " S"]]
    rate: Float64[np.ndarray, " S"]
    validation_steps: Int64[np.ndarray, " V"]
    cer: Float64[np.ndarray, " V"]
    line_accuracy: Float64[np.ndarray, " V"]
    accumulators: Float64[np.ndarray, " V"]
    saturated_cells: Float64[np.ndarray, " V"]
    forgetful: Float64[np.ndarray, "layers V"]

    @property
    def has_gates(self) -> bool:
        """Whether anybody looked at the gates."""
        return bool(np.isfinite(self.accumulators).any())

    @classmethod
    def of_log(cls, entries: Sequence[Mapping[str, Any]]) -> "TrainingCurves":
        """The curves in the entries of a run's log."""
        steps = [entry for entry in entries if entry["kind"] == "step"]
        checks = [entry for entry in entries if entry["kind"] == "validation"]
        gates = [entry.get("gates") or {} for entry in checks]

        def column(rows: Sequence[Mapping[str, Any]], name: str) -> Float64[np.ndarray, " N"]:
            return np.array([row.get(name, np.nan) for row in rows], dtype=np.float64)

        losses = {"CTC, by symbol": column(steps, "ctc")}
        if any(entry["frames"] for entry in steps):
            losses["frame labels, by frame"] = column(steps, "frames")
        return cls(
            column(steps, "step").astype(np.int64),
            losses,
            rate=column(steps, "rate"),
            validation_steps=column(checks, "step").astype(np.int64),
            cer=column(checks, "cer"),
            line_accuracy=column(checks, "line_accuracy"),
            accumulators=column(gates, "accumulators"),
            saturated_cells=column(gates, "saturated_cells"),
            forgetful=_by_layer([entry.get("forgetful", ()) for entry in gates]),
        )


def training(curves: TrainingCurves, *, style: str | Style = "a4", title: str = "") -> GateFigure:
    """The losses, the error rate on the validation lines and the health of the gates, one under the other, over the steps.

    The axes of losses and errors are logarithmic: the end of a training is where it is decided.

    Args:
        curves: what was logged.
        style: a preset, as for ``gates``.
        title: above the picture.

    Raises:
        SelectionError: there is no such style.
    """
    style = style_named(style)
    with settings():
        rows = 3 if curves.has_gates else 2
        figure = new_figure(style, rows * ROW_HEIGHT + 0.5 + heading_height(title, style), {})
        losses, errors, *gates = figure.subplots(rows, 1, sharex=True)
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
        for axes in gates:
            _gates(axes, curves, style)
        (*gates, errors)[0].set_xlabel("step", fontsize=style.font_size)
        write_heading(figure, title, style)
        settle(figure)
    return figure


def _by_layer(rows: Sequence[Sequence[float]]) -> Float64[np.ndarray, "layers V"]:
    """One row a layer; NaN where nobody tried."""
    found = np.full((max(map(len, rows), default=0), len(rows)), np.nan)
    for column, shares in enumerate(rows):
        found[: len(shares), column] = shares
    return found


def _gates(axes: Axes, curves: TrainingCurves, style: Style) -> None:
    """Shares of cells that are no memory, and of lines that are read otherwise without one."""
    shares = {
        "units that only add up": curves.accumulators,
        "cells with |tanh c| above 0.999": curves.saturated_cells,
    } | {f"lines read otherwise with f = 0, layer {layer}": values for layer, values in enumerate(curves.forgetful)}
    for (label, values), color, marker in zip(shares.items(), cycle(LAYERS), cycle("os^vD"), strict=False):
        axes.plot(
            curves.validation_steps, values, color=color, linewidth=style.line_width, marker=marker, markersize=2,
            label=label,
        )  # fmt: skip
    axes.set_ylim(bottom=0)
    _label(axes, "share", style)


def _finish(axes: Axes, label: str, style: Style) -> None:
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    _label(axes, label, style)


def _label(axes: Axes, label: str, style: Style) -> None:
    axes.set_ylabel(label, fontsize=style.font_size)
    axes.tick_params(labelsize=style.small_size)
    axes.grid(visible=True, which="major", color=HAIRLINE, linewidth=style.rule_width)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=style.small_size)
