"""A linear reading of the backbone's own features, in training only, so that the convolutions learn before the LSTM does."""

import torch
import torch.nn.functional as F  # noqa: N812  (torch's own habit)
from jaxtyping import Float, Int64
from torch import nn

from gateviz.training.class_log_probs import NamedClasses
from gateviz.training.frame_labels import IGNORED


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
