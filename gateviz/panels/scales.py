"""From value to color: one scale for all panels of a kind."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32

from gateviz.data.gates import GateTrace, Quantity
from gateviz.panels.panel import Palette, Scale

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
