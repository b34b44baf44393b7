"""Curves over the frames: what all units of a gate do on average, and what single units do."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float, Float64

from gateviz.data.frames import FrameGrid
from gateviz.data.gates import GateTrace, Quantity
from gateviz.panels.heatmaps import group_name
from gateviz.panels.panel import Line, LinePanel, Scale
from gateviz.panels.select import checked_units

LOW, HIGH = 0.1, 0.9


def gate_strip(
    trace: GateTrace, grid: FrameGrid, quantities: Sequence[Quantity], *, units: Sequence[int] | None = None
) -> LinePanel | None:
    """A lane for every gate: its mean over the units, with the band that holds the middle 80 % of them.

    None where no gate is among the quantities of this trace.

    Raises:
        SelectionError: a unit is not there.
    """
    lines = []
    for gate in quantities:
        if not gate.is_gate or gate not in trace.values:
            continue
        series = trace[gate]
        if units is not None:
            series = series[:, list(checked_units(trace, gate, units))]
        mean, low, high = spread(series)
        lines.append(Line(gate.letter, mean, gate.value, low, high))
    if not lines:
        return None
    return LinePanel(
        title=f"{group_name(trace)}: mean of the gates",
        centers=grid.centers,
        lines=tuple(lines),
        low=0.0,
        high=1.0,
        group=group_name(trace),
        band="mean and 10–90 % of units",
        lanes=True,
    )


def spread(
    series: Float[np.ndarray, "T H"],
) -> tuple[Float64[np.ndarray, " T"], Float64[np.ndarray, " T"], Float64[np.ndarray, " T"]]:
    """The mean, the 0.1 and the 0.9 quantile over the units at every frame; missing values do not count.

    A frame at which every unit is missing is missing.
    """
    finite = np.isfinite(series)
    if finite.all():
        low, high = np.quantile(series, (LOW, HIGH), axis=1)
        return series.mean(axis=1, dtype=np.float64), low.astype(np.float64), high.astype(np.float64)
    result = np.full((3, len(series)), np.nan)
    for frame, kept in enumerate(finite):
        if kept.any():
            values = series[frame, kept]
            result[:, frame] = values.mean(dtype=np.float64), *np.quantile(values, (LOW, HIGH))
    return result[0], result[1], result[2]


def unit_curves(trace: GateTrace, grid: FrameGrid, unit: int, cells: Scale) -> list[LinePanel]:
    """What one unit did: its gates in one panel, its candidate and states in another below.

    Args:
        trace: one layer and direction.
        grid: where its frames are.
        unit: index of the unit in the layer.
        cells: the scale of the cell states of the whole figure; it sets the height of the lower panel.

    Raises:
        SelectionError: the unit is not there.
    """
    group = f"{group_name(trace)}, unit {unit}"
    gates: list[Line] = []
    states: list[Line] = []
    for quantity, series in trace.values.items():
        checked_units(trace, quantity, [unit])
        (gates if quantity.is_gate else states).append(Line(quantity.letter, series[:, unit], quantity.value))
    panels = []
    if gates:
        panels.append(LinePanel(f"{group}: gates", grid.centers, tuple(gates), 0.0, 1.0, group=group))
    if states:
        bound = max(1.0, cells.high)
        panels.append(LinePanel(f"{group}: states", grid.centers, tuple(states), -bound, bound, group=group))
    return panels
