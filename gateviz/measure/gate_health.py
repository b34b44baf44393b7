"""Whether the cells of an LSTM remember, or only add up."""

from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Float

from gateviz.data.gate_health import GateHealth
from gateviz.data.gates import GateTrace, Quantity

KEEPS = 0.95
"""Mean forget gate above which a unit never lets go."""

WRITES = 0.9
"""Mean magnitude of the candidate above which a unit writes all it can at every frame."""

QUANTILE = 0.999
SATURATED = 0.999
"""Magnitude of tanh c from which on a cell says nothing any more: its gradient is below 0.002."""

QUANTITIES = (Quantity.FORGET_GATE, Quantity.CANDIDATE, Quantity.CELL_STATE)


def gate_health(lines: Iterable[Sequence[GateTrace]]) -> GateHealth | None:
    """The health of the cells over the traces of several lines; None where no layer keeps cell states.

    Args:
        lines: the traces of each line, with forget gate, candidate and cell state.
    """
    keeps: dict[str, list[Float[np.ndarray, "T H"]]] = {}
    writes: dict[str, list[Float[np.ndarray, "T H"]]] = {}
    cells = []
    for traces in lines:
        for trace in traces:
            if Quantity.CELL_STATE in trace.values:
                place = f"{trace.layer} {trace.direction}"
                keeps.setdefault(place, []).append(trace[Quantity.FORGET_GATE])
                writes.setdefault(place, []).append(np.abs(trace[Quantity.CANDIDATE]))
                cells.append(np.abs(trace[Quantity.CELL_STATE]).ravel())
    if not cells:
        return None
    only_add = np.concatenate(
        [
            (np.concatenate(keeps[place]).mean(axis=0) > KEEPS) & (np.concatenate(writes[place]).mean(axis=0) > WRITES)
            for place in keeps
        ]
    )
    sizes = np.concatenate(cells)
    return GateHealth(
        len(only_add),
        float(only_add.mean()),
        float(np.quantile(sizes, QUANTILE)),
        float((np.tanh(sizes) > SATURATED).mean()),
    )


def forgetful(readings: Sequence[str], without: Sequence[Sequence[str]]) -> tuple[float, ...]:
    """The share of lines that are read otherwise, by layer.

    Args:
        readings: of each line.
        without: of each layer, the readings of the same lines with its forget gates held at 0.
    """
    return tuple(sum(a != b for a, b in zip(readings, held, strict=True)) / max(len(readings), 1) for held in without)
