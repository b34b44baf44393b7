"""What a training minimizes: CTC and frame labels over the classes a batch names, a probe of the backbone, large cells."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  (torch's own habit)
from jaxtyping import Float, Int64
from torch import nn

from gateviz.capture.layer import CellKind, DirectionWeights, LayerJob
from gateviz.capture.replay import replayed
from gateviz.data.gates import Quantity
from gateviz.training.batches import Batch
from gateviz.training.frame_labels import IGNORED
from gateviz.training.layered_crnn import LayerPass

CHUNK = 1024
"""Frames whose logits are held at once: 1,024 of 4,053 classes are 17 MB, which a processor's cache serves."""


@dataclass(frozen=True, eq=False)
class NamedClasses:
    """The classes that a batch names, of the many that there are.

    A batch of 50 lines names some hundred of four thousand symbols, and its logits are half a gigabyte that is
    written and read several times over. Here the normalizer is taken over a chunk of frames at a time, and again
    on the way back: one matrix product more, and most of the memory's traffic less.

    Attributes:
        labels: of the classes, in rising order, on the device of the network.
        blank: the blank's place among them.
        half: multiply in bfloat16; sums stay in float32.
    """

    labels: Int64[torch.Tensor, " K"]
    blank: int
    half: bool = False

    def log_probs(
        self, features: Float[torch.Tensor, "*frames D"], head: nn.Linear
    ) -> Float[torch.Tensor, "*frames K"]:
        """Log posteriors of these classes at every frame, over all classes of the head; exact, with exact gradients."""
        flat = features.flatten(0, -2).to(head.weight.dtype)
        found: torch.Tensor = _ClassLogProbs.apply(flat, head.weight, head.bias, self.labels, self.half)  # type: ignore[no-untyped-call]
        return found.view(*features.shape[:-1], len(self.labels))


class _ClassLogProbs(torch.autograd.Function):
    """d log p_k / d z_j is 1 at j = k, less the posterior of j."""

    @staticmethod
    def forward(
        ctx: Any, features: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, classes: torch.Tensor, half: bool
    ) -> torch.Tensor:
        wide, kind = weight.dtype, torch.bfloat16 if half else weight.dtype
        features, weight, bias = features.to(kind), weight.to(kind), bias.to(kind)
        normalizer = features.new_empty(len(features), dtype=wide)
        chosen = features.new_empty(len(features), len(classes), dtype=wide)
        for start in range(0, len(features), CHUNK):
            part = slice(start, start + CHUNK)
            logits = F.linear(features[part], weight, bias).to(wide)
            normalizer[part] = logits.logsumexp(1)
            chosen[part] = logits[:, classes]
        ctx.save_for_backward(features, weight, bias, classes, normalizer)
        return chosen.sub_(normalizer[:, None])

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, None, None]:
        features, weight, bias, classes, normalizer = ctx.saved_tensors
        wide = normalizer.dtype
        to_features = torch.empty_like(features, dtype=wide)
        to_weight, to_bias = torch.zeros_like(weight, dtype=wide), torch.zeros_like(bias, dtype=wide)
        for start in range(0, len(features), CHUNK):
            part = slice(start, start + CHUNK)
            own = grad[part]
            logits = F.linear(features[part], weight, bias).to(wide)
            to_logits = logits.sub_(normalizer[part, None]).exp_().mul_(-own.sum(1, keepdim=True))
            to_logits.index_add_(1, classes, own)
            to_bias += to_logits.sum(0)
            to_logits = to_logits.to(weight.dtype)
            to_features[part] = to_logits @ weight
            to_weight += (to_logits.t() @ features[part]).to(wide)
        return to_features, to_weight, to_bias, None, None


@dataclass(frozen=True)
class Loss:
    """The parts of the loss of one batch, in nats.

    Attributes:
        total: what is minimized.
        ctc: negative log probability of a line's text, by symbol, mean over the lines.
        frames: negative log posterior of a frame's label, mean over the frames whose label is known.
        cells: mean square by which cells are larger than ``cell_penalty.CELL_LIMIT``.
    """

    total: Float[torch.Tensor, ""]
    ctc: Float[torch.Tensor, ""]
    frames: Float[torch.Tensor, ""]
    cells: float = 0.0

    def plus(self, more: Float[torch.Tensor, ""]) -> "Loss":
        """The loss with something else to minimize beside it."""
        return replace(self, total=self.total + more)

    def with_cells(self, excess: Float[torch.Tensor, ""], weight: float) -> "Loss":
        """The loss with the cells' excess beside it, weighted."""
        return replace(self.plus(weight * excess), cells=float(excess.detach()))


def batch_loss(log_probs: Float[torch.Tensor, "B T K"], batch: Batch, blank: int, frame_weight: float) -> Loss:
    """The loss of a batch: CTC (lines that do not fit their frames count zero) plus the weighted frame labels.

    Args:
        log_probs: log posteriors of all classes, or of those that the batch names (``Batch.among``).
        batch: what is written there.
        blank: the blank's label.
        frame_weight: of the frame labels; 0 leaves them out.
    """
    ctc = _ctc(log_probs, batch, blank)
    if not frame_weight:
        return Loss(ctc, ctc.detach(), torch.zeros(()))
    labels = batch.frame_labels.to(log_probs.device)
    known = int((labels != IGNORED).sum())
    if not known:
        return Loss(ctc, ctc.detach(), torch.zeros(()))
    by_frame = F.nll_loss(log_probs.flatten(0, 1), labels.flatten(), ignore_index=IGNORED)
    return Loss(ctc + frame_weight * by_frame, ctc.detach(), by_frame.detach())


def _ctc(log_probs: Float[torch.Tensor, "B T K"], batch: Batch, blank: int) -> Float[torch.Tensor, ""]:
    """CTC by symbol, mean over the lines, with its gradient by log posteriors."""
    count, frames, _ = log_probs.shape
    # CPU kernels take lengths on the CPU; CUDA's native kernel takes them anywhere.
    by_line = F.ctc_loss(
        log_probs.transpose(0, 1),
        batch.labels.to(log_probs.device),
        torch.full((count,), frames, dtype=torch.int64),
        batch.lengths,
        blank=blank,
        reduction="none",
        zero_infinity=True,
    )
    weights = 1 / (count * batch.lengths.clamp_min(1).to(by_line))
    # torch answers with the gradient by logits, p - occupancy, which is that by log p only after a softmax over all
    # classes. Where only some are given, p is taken away again: its own sum is a constant in value.
    fitting = torch.where(by_line.detach() > 0, weights, 0.0)
    mass = (log_probs.exp() * fitting[:, None, None]).sum()
    return (by_line * weights).sum() - (mass - mass.detach())


class BackboneProbe(nn.Module):
    """Predicts the symbol under a frame from the backbone alone (deep supervision, Lee et al., arXiv 1409.5185).

    With thousands of classes a recurrent network learns little more than the frequency of the
    symbols for a long time, because the gradient reaches the convolutions through layers that are
    still random; this head shortens the way. It is no part of the model.

    Args:
        features: D, that the backbone puts out at every frame.
        class_count: C.
    """

    def __init__(self, features: int, class_count: int) -> None:
        super().__init__()
        self.head = nn.Linear(features, class_count)

    def loss(
        self,
        seen: Float[torch.Tensor, "B T D"],
        labels: Int64[torch.Tensor, "B T"],
        named: NamedClasses,
    ) -> Float[torch.Tensor, ""]:
        """Cross entropy, nats, over the frames that a symbol is known to own.

        Blank frames are left out: the backbone should tell symbols apart, not where the line is empty.

        Args:
            seen: what the backbone put out.
            labels: of the frames, as places among the named classes.
            named: the classes that the batch names.
        """
        owned = (labels != IGNORED) & (labels != named.blank)
        if not bool(owned.any()):
            return seen.sum() * 0
        return F.nll_loss(named.log_probs(seen[owned], self.head), labels[owned])


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
