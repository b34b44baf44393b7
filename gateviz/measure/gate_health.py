"""Whether the cells of an LSTM remember, or only add up."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from gateviz.data.gates import GateTrace, Quantity

KEEPS = 0.95
"""Mean forget gate above which a unit never lets go."""

WRITES = 0.9
"""Mean magnitude of the candidate above which a unit writes all it can at every frame."""

QUANTILE = 0.999
SATURATED = 0.999
"""Magnitude of tanh c from which on a cell says nothing any more: its gradient is below 0.002."""

QUANTITIES = (Quantity.FORGET_GATE, Quantity.CANDIDATE, Quantity.CELL_STATE)


@dataclass(frozen=True)
class GateHealth:
    """The state of all units of all layers over some lines.

    Attributes:
        units: of all layers and directions.
        accumulators: share of the units that only add up: mean f above 0.95 and mean |g| above 0.9.
        cell_quantile: what 99.9 % of all |c| are below.
        saturated_cells: share of all cells, over frames and units, whose tanh is above 0.999 in magnitude.
    """

    units: int
    accumulators: float
    cell_quantile: float
    saturated_cells: float

    @property
    def words(self) -> str:
        """A line for people."""
        return (
            f"{100 * self.accumulators:.1f} % of {self.units} cells only add up, 99.9 % of |c| below "
            f"{self.cell_quantile:.1f}, {100 * self.saturated_cells:.1f} % saturated"
        )


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
