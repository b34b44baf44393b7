"""How the cells of an LSTM fare: whether they remember, or only add up."""

from dataclasses import dataclass


@dataclass(frozen=True)
class GateHealth:
    """The state of all units of all layers over some lines.

    Attributes:
        units: of all layers and directions.
        accumulators: share of the units that only add up: mean f above 0.95 and mean |g| above 0.9.
        cell_quantile: what 99.9 % of all |c| are below.
        saturated_cells: share of all cells, over frames and units, whose tanh is above 0.999 in magnitude.
        forgetful: by layer, the share of the lines that are read otherwise with its forget gates held at 0; empty
            where nobody tried. A network that reads the same without a memory has none in that layer.
    """

    units: int
    accumulators: float
    cell_quantile: float
    saturated_cells: float
    forgetful: tuple[float, ...] = ()

    @property
    def words(self) -> str:
        """A line for people."""
        found = (
            f"{100 * self.accumulators:.1f} % of {self.units} cells only add up, 99.9 % of |c| below "
            f"{self.cell_quantile:.1f}, {100 * self.saturated_cells:.1f} % saturated"
        )
        if not self.forgetful:
            return found
        shares = ", ".join(f"{100 * share:.0f} % (layer {layer})" for layer, share in enumerate(self.forgetful))
        return f"{found}; without memory (f = 0) other readings on {shares} of the lines"
