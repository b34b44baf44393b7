"""Heatmaps: all units of one quantity over all frames."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Int64

from gateviz.data.frames import FrameGrid
from gateviz.data.gates import GateTrace, Quantity
from gateviz.measure.saturation import is_saturated
from gateviz.panels.order import Order, unit_order
from gateviz.panels.panel import HeatmapPanel, Scale
from gateviz.panels.select import checked_units


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
