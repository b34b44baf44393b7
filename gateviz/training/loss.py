"""What training minimizes: the CTC loss, and the labels of the frames where the columns are known."""

from dataclasses import dataclass

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
    """

    total: Float[torch.Tensor, ""]
    ctc: Float[torch.Tensor, ""]
    frames: Float[torch.Tensor, ""]


def batch_loss(log_probs: Float[torch.Tensor, "B T C"], batch: Batch, blank: int, frame_weight: float) -> Loss:
    """The loss of a batch: CTC (lines that do not fit their frames count zero) plus the weighted frame labels.

    Args:
        log_probs: log posteriors.
        batch: what is written there.
        blank: the blank's label.
        frame_weight: of the frame labels; 0 leaves them out.
    """
    count, frames, _ = log_probs.shape
    # CPU kernels take lengths on the CPU; CUDA's native kernel takes them anywhere.
    ctc = F.ctc_loss(
        log_probs.transpose(0, 1),
        batch.labels.to(log_probs.device),
        torch.full((count,), frames, dtype=torch.int64),
        batch.lengths,
        blank=blank,
        zero_infinity=True,
    )
    if not frame_weight:
        return Loss(ctc, ctc.detach(), torch.zeros(()))
    labels = batch.frame_labels.to(log_probs.device)
    known = int((labels != IGNORED).sum())
    if not known:
        return Loss(ctc, ctc.detach(), torch.zeros(()))
    by_frame = F.nll_loss(log_probs.flatten(0, 1), labels.flatten(), ignore_index=IGNORED)
    return Loss(ctc + frame_weight * by_frame, ctc.detach(), by_frame.detach())
