"""What training minimizes: the CTC loss, and the labels of the frames where the columns are known."""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F  # noqa: N812  (torch's own habit)
from jaxtyping import Float

from gateviz.training.batches import Batch
from gateviz.training.frame_labels import IGNORED


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
