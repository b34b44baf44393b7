"""Where oneDNN keeps the gates of an LSTM layer: the layout of its training workspace.

The library does not document it. What is known (float32, one layer, one direction; every region
starts at a multiple of 4096 bytes; rows are in the order of the steps):

    gates            T x B rows of ld(4 H): the chunks i f g o, after their activations
    scratch          T x B rows of ld(H)
    hidden states    2 (T + 1) B rows of ld(max(H, D)): step s of a backward layer in half 1, row s + 1
    cell states      2 x (T + 1) x B rows of H: step s in half 1, row s + 1; the last step is not kept there
    backward pass    three more regions

with ld(n) = n rounded up to 16, and 16 more if that is a multiple of 256. The total size depends on
every one of these regions and is compared at each call; ``workspace`` holds the values against the
stepwise cell before it relies on them.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import torch
from jaxtyping import Float, Float32

PAGE = 4096
FLOAT = 4


@dataclass(frozen=True)
class WorkspaceLayout:
    """The layout for T steps of B lines, D features in and H units."""

    steps: int
    batch: int
    features: int
    units: int

    @cached_property
    def total_bytes(self) -> int:
        """Size of the whole workspace."""
        return FLOAT * (self._cells + self._cell_region + 2 * self._hidden_region + self._cell_region)

    def gates(self, floats: Float[torch.Tensor, " floats"], units: int) -> tuple[Float[torch.Tensor, "T B units"], ...]:
        """Views of input gate, forget gate, candidate and output gate, in step order, of the first ``units`` units."""
        row = leading(4 * self.units)
        shape, strides = (self.steps, self.batch, units), (self.batch * row, row, 1)
        return tuple(floats.as_strided(shape, strides, chunk * self.units) for chunk in range(4))

    def hidden(self, floats: Float[torch.Tensor, " floats"], units: int) -> Float[torch.Tensor, "T B units"]:
        """A view of the hidden states of a backward layer, in step order."""
        row = leading(max(self.units, self.features))
        start = self._hidden + (self.steps + 2) * self.batch * row
        return floats.as_strided((self.steps, self.batch, units), (self.batch * row, row, 1), start)

    def cells(self, floats: Float[torch.Tensor, " floats"], units: int) -> Float[torch.Tensor, "T B units"]:
        """A view of the cell states, in step order; the row of the last step is free."""
        row = self.units
        start = self._cells + (self.steps + 2) * self.batch * row
        return floats.as_strided((self.steps, self.batch, units), (self.batch * row, row, 1), start)

    def last_gates(self, floats: Float32[np.ndarray, " floats"]) -> Float32[np.ndarray, "4 H"]:
        """The gates of the first line at the last step."""
        start = (self.steps - 1) * self.batch * leading(4 * self.units)
        return floats[start : start + 4 * self.units].reshape(4, self.units)

    def cell_before_last(self, floats: Float32[np.ndarray, " floats"]) -> Float32[np.ndarray, " H"] | None:
        """The cell state of the first line at the last step but one; None if there is none."""
        if self.steps == 1:
            return None
        start = self._cells + 2 * self.steps * self.batch * self.units
        return floats[start : start + self.units]

    @cached_property
    def _hidden(self) -> int:
        rows = self.steps * self.batch
        return paged(rows * leading(4 * self.units)) + paged(rows * leading(self.units))

    @cached_property
    def _hidden_region(self) -> int:
        return paged(2 * (self.steps + 1) * self.batch * leading(max(self.units, self.features)))

    @cached_property
    def _cells(self) -> int:
        return self._hidden + self._hidden_region

    @cached_property
    def _cell_region(self) -> int:
        return paged(2 * (self.steps + 1) * self.batch * self.units)


@lru_cache(maxsize=1024)
def layout_of(steps: int, batch: int, features: int, units: int) -> WorkspaceLayout:
    """The layout of a shape, worked out once."""
    return WorkspaceLayout(steps, batch, features, units)


def leading(columns: int) -> int:
    """Elements from one row to the next: a multiple of 16 that is none of 256.

    Example:
        >>> leading(1024), leading(1040), leading(50)
        (1040, 1040, 64)
    """
    rounded = -(-columns // 16) * 16
    return rounded + 16 if rounded % 256 == 0 else rounded


def paged(elements: int) -> int:
    """Float32 elements up to the next page."""
    return -(-elements * FLOAT // PAGE) * PAGE // FLOAT
