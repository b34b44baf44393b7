"""What is drawn of one trace: curves over its units, heatmaps of all of them, and the scale of each quantity."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Float32, Float64, Int64

from gateviz.data.frames import FrameGrid
from gateviz.data.gates import GateTrace, Quantity
from gateviz.measure.saturation import is_saturated
from gateviz.panels.choice import Order, checked_units, unit_order
from gateviz.panels.panel import HeatmapPanel, Line, LinePanel, Palette, Scale

GATE_SCALE = Scale(Palette.GATE, 0.0, 1.0)
SIGNED_SCALE = Scale(Palette.SIGNED, -1.0, 1.0)
POSTERIOR_SCALE = Scale(Palette.POSTERIOR, 0.0, 1.0)
COVERED = 0.99


def scales_for(traces: Sequence[GateTrace], quantities: Sequence[Quantity]) -> dict[Quantity, Scale]:
    """The scale of every quantity, the same for all traces of a figure.

    Gates lie in [0, 1], candidates and hidden states in [-1, 1], by their equations. The cell state
    and a projected hidden state have no bound: see ``state_scale``.
    """
    return {quantity: _scale_for(traces, quantity) for quantity in quantities}


def _scale_for(traces: Sequence[GateTrace], quantity: Quantity) -> Scale:
    if quantity.is_gate:
        return GATE_SCALE
    with_it = [trace for trace in traces if quantity in trace.values]
    projected = any(trace[quantity].shape[1] < trace.unit_count for trace in with_it)
    if quantity is Quantity.CELL_STATE or projected:
        return state_scale([trace[quantity] for trace in with_it], quantity.letter)
    return SIGNED_SCALE


def state_scale(series: Sequence[Float32[np.ndarray, "_ _"]], letter: str) -> Scale:
    """The scale of an unbounded state: symmetric around 0, wide enough for 99 % of all magnitudes.

    The bound is the 0.99 quantile of the magnitudes over all series, rounded up to two digits; so a
    single runaway unit does not wash out the rest. What lies beyond is marked as out of range.

    Example:
        >>> state_scale([np.array([[-2.2, 0.5]], dtype=np.float32)], "c").high
        2.2
    """
    magnitudes = np.concatenate([np.zeros(0), *(np.abs(values[np.isfinite(values)]) for values in series)])
    bound = rounded_up(float(np.quantile(magnitudes, COVERED, method="higher"))) if len(magnitudes) else 0.0
    # Cell states that are all zero (an untrained or ablated layer) still need two ends.
    bound = bound or 1.0
    return Scale(Palette.SIGNED, -bound, bound, rule=f"covers {100 * COVERED:.4g} % of |{letter}|")


def rounded_up(value: float) -> float:
    """The value rounded up to two digits; 0 stays 0.

    Example:
        >>> rounded_up(3.1416), rounded_up(0.02), rounded_up(17.01)
        (3.2, 0.02, 18.0)
    """
    if value == 0:
        return 0.0
    digits = 1 - math.floor(math.log10(value))
    # The value comes from float32: without the slack 2.2 would round up to 2.3.
    return round(math.ceil(value * 10.0**digits - 1e-5) / 10.0**digits, max(digits, 0))


def group_name(trace: GateTrace) -> str:
    """Words for one layer and direction, such as ``layer 1 forward``."""
    return f"layer {trace.layer} {trace.direction}"


def heatmaps(
    trace: GateTrace,
    grid: FrameGrid,
    quantities: Sequence[Quantity],
    scales: Mapping[Quantity, Scale],
    *,
    units: Sequence[int] | None = None,
    order: Order = Order.INDEX,
    mark_saturation: bool = False,
) -> list[HeatmapPanel]:
    """One heatmap for each of the quantities that this trace has, rows in the order asked for.

    Raises:
        SelectionError: a unit is not there, or the order cannot be had.
    """
    start, stop = grid.columns(0, grid.frame_count)
    panels = []
    for quantity in quantities:
        if quantity not in trace.values:
            continue
        rows = ordered_units(trace, quantity, units, order)
        values = trace[quantity] if _all_in_place(rows, trace, quantity) else trace[quantity][:, rows]
        mask = is_saturated(values).T if mark_saturation and quantity.is_gate else None
        panels.append(
            HeatmapPanel(
                title=f"{group_name(trace)}: {quantity.words} {quantity.letter}",
                values=values.T,
                start=start,
                stop=stop,
                row_labels=tuple(map(str, rows.tolist())),
                scale=scales[quantity],
                mask=mask,
                color_key=quantity.words,
                letter=quantity.letter,
                group=group_name(trace),
                row_title=_row_title(len(rows), order, units is None),
                rows_in_order=order is Order.INDEX and units is None,
            )
        )
    return panels


def ordered_units(
    trace: GateTrace, quantity: Quantity, units: Sequence[int] | None, order: Order
) -> Int64[np.ndarray, " rows"]:
    """The units to draw, in the order of their rows."""
    if units is None:
        return unit_order(trace, quantity, order)
    chosen = checked_units(trace, quantity, units)
    if order is Order.INDEX:
        return np.array(chosen, dtype=np.int64)
    sorted_units = unit_order(trace, quantity, order)
    return sorted_units[np.isin(sorted_units, chosen)]


def _all_in_place(rows: Int64[np.ndarray, " rows"], trace: GateTrace, quantity: Quantity) -> bool:
    """Whether the series can be drawn as it is, without a copy."""
    width = trace[quantity].shape[1]
    return len(rows) == width and bool((rows == np.arange(width)).all())


def _row_title(count: int, order: Order, all_units: bool) -> str:
    rows = "1 unit" if count == 1 else f"{count} units"
    if order is Order.INDEX:
        return f"{rows}, 0 on top" if all_units else rows
    return f"{rows} by peak frame" if order is Order.PEAK else f"{rows} by {order.value}"


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
