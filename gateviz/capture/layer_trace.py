"""What was recorded of one recurrent layer in one direction while it ran: torch tensors, before any copy."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from jaxtyping import Float, Float32

from gateviz.data.gates import Direction, GateTrace, Quantity
from gateviz.errors import SelectionError


@dataclass(frozen=True, eq=False)
class LayerTrace:
    """Every recorded series of one layer in one direction, for the whole batch.

    ``values`` and ``line`` have frame t of the line in row t, for the backward direction too. Where the
    lines of a batch have different lengths, rows past a line's own length are zero.

    Attributes:
        layer: position among the recurrent layers that ran, from 0.
        direction: the way this half of the layer reads.
        stored: the recorded series as the engine left them, (B, T, H): views of its own memory.
        in_step_order: the rows of ``stored`` are in the order in which they were computed, and that is
            last frame first. They are turned round when they are looked at, in the copy that
            ``line`` makes anyway.
        lengths: frames of each line of the batch; None when all have T.
        module: dotted name of the torch module.
        engine: which engine recorded it.
        call: how many times the module had run before.
    """

    layer: int
    direction: Direction
    stored: Mapping[Quantity, Float[torch.Tensor, "B T _"]]
    in_step_order: bool = False
    lengths: tuple[int, ...] | None = None
    module: str = ""
    engine: str = ""
    call: int = 0

    @cached_property
    def values(self) -> Mapping[Quantity, Float[torch.Tensor, "B T _"]]:
        """The recorded series, rows in reading order; differentiable where the run was."""
        return {quantity: self._in_reading_order(series) for quantity, series in self.stored.items()}

    def __getitem__(self, quantity: Quantity | str) -> Float[torch.Tensor, "B T _"]:
        """The series of one quantity, (B, T, H), rows in reading order.

        Raises:
            SelectionError: the quantity was not recorded, or is none.
        """
        if quantity not in self.stored:
            raise SelectionError(
                f"layer {self.layer} {self.direction} has no {quantity}; recorded are {', '.join(self.stored)}"
            )
        return self.values[Quantity(quantity)]

    @property
    def batch_size(self) -> int:
        """B, the number of lines."""
        return len(next(iter(self.stored.values())))

    @property
    def frame_count(self) -> int:
        """T, the frames of the longest line."""
        return int(next(iter(self.stored.values())).shape[1])

    def line(self, index: int) -> GateTrace:
        """The trace of one line of the batch, cut to its own length: the one copy, to float32 numpy.

        Raises:
            SelectionError: the batch has no such line.
        """
        if not 0 <= index < self.batch_size:
            raise SelectionError(f"line {index} was asked for; the batch has {self.batch_size} lines, from 0")
        length = self.frame_count if self.lengths is None else self.lengths[index]
        return GateTrace(
            self.layer,
            self.direction,
            {quantity: self._row(series, index, length) for quantity, series in self.stored.items()},
            self.module,
        )

    def read_backward(self) -> "LayerTrace":
        """The same run, of a layer that was fed the line backward: direction and order of rows turned round."""
        return replace(self, direction=Direction.BACKWARD, in_step_order=not self.in_step_order)

    def reordered(self, lines: torch.Tensor) -> "LayerTrace":
        """The trace with line ``lines[b]`` of this one in row b."""
        return replace(
            self,
            stored={quantity: series.index_select(0, lines) for quantity, series in self.stored.items()},
            lengths=None if self.lengths is None else tuple(self.lengths[int(line)] for line in lines),
        )

    def _row(self, series: torch.Tensor, index: int, length: int) -> Float32[np.ndarray, "T _"]:
        row = series.detach()[index, :length]
        if row.dtype is torch.bfloat16:
            row = row.to(torch.float32)  # numpy has no such type
        found = row.cpu().numpy()
        return np.array(found[::-1] if self.in_step_order else found, dtype=np.float32, order="C")

    def _in_reading_order(self, series: torch.Tensor) -> torch.Tensor:
        if not self.in_step_order:
            return series
        if self.lengths is None:
            return series.flip(1)
        frames = torch.arange(self.frame_count, device=series.device)
        lengths = torch.tensor(self.lengths, device=series.device)[:, None]
        source = torch.where(frames < lengths, lengths - 1 - frames, frames)
        return series.gather(1, source[:, :, None].expand_as(series))
