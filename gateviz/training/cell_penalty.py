"""Keeps the cells of an LSTM where their tanh still says something, while it learns."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import nn

from gateviz.capture.layer import CellKind, DirectionWeights, LayerJob
from gateviz.capture.replay import replayed
from gateviz.data.gates import Quantity
from gateviz.training.layered_crnn import LayerPass

CELL_LIMIT = 3.0
"""Magnitude up to which a cell is free: tanh(3) = 0.995, and beyond it hardly any gradient passes."""

_CELLS = frozenset({Quantity.CELL_STATE})


def cell_penalty(passes: Sequence[LayerPass], *, share: float = 0.5) -> Float[torch.Tensor, ""]:
    """The mean square by which cells are larger than ``CELL_LIMIT``, over all layers and directions of a forward pass.

    The fused layer tells nobody its cells; they are worked out from its own hidden states (``capture.replay``),
    exact in value and gradient.

    Args:
        passes: of LSTM layers.
        share: of the lines to look at; the others are spared for the sake of speed.
    """
    found = [_excess(each, share) for each in passes]
    return torch.stack(found).mean()


def _excess(of: LayerPass, share: float) -> Float[torch.Tensor, ""]:
    lines = max(round(share * len(of.inputs)), 1)
    # Time first, and apart from autocast: a recurrence of a hundred steps is no place for bfloat16.
    kind = next(of.layer.parameters()).dtype
    frames, hidden = (side[:lines].transpose(0, 1).to(kind) for side in (of.inputs, of.outputs))
    with torch.autocast(frames.device.type, enabled=False):
        runs = replayed(_job(of.layer, frames), hidden)
    cells = torch.stack([run.values[Quantity.CELL_STATE] for run in runs])
    return (cells.abs() - CELL_LIMIT).relu().square().mean()


def _job(layer: nn.Module, frames: Float[torch.Tensor, "T B D"]) -> LayerJob:
    """The layer as its replay wants it, from a state of zeros."""
    assert isinstance(layer, nn.LSTM)
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    suffixes = ("", "_reverse") if layer.bidirectional else ("",)
    zeros = frames.new_zeros(frames.shape[1], layer.hidden_size)
    return LayerJob(
        CellKind.LSTM,
        frames,
        states=tuple((zeros, zeros) for _ in suffixes),
        weights=tuple(DirectionWeights(*(getattr(layer, name + suffix) for name in names)) for suffix in suffixes),
        wanted=tuple(_CELLS for _ in suffixes),
        editors=tuple(None for _ in suffixes),
    )
