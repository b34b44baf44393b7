"""A linear reading of the backbone's own features, in training only, so that the convolutions learn before the LSTM does."""

import torch
import torch.nn.functional as F  # noqa: N812  (torch's own habit)
from jaxtyping import Float, Int64
from torch import nn

from gateviz.networks.crnn import CRNN
from gateviz.training.frame_labels import IGNORED


class BackboneProbe(nn.Module):
    """Predicts the symbol under a frame from the backbone alone (deep supervision, Lee et al., arXiv 1409.5185).

    With thousands of classes a recurrent network learns little more than the frequency of the
    symbols for a long time, because the gradient reaches the convolutions through layers that are
    still random; this head shortens the way. It is no part of the model.

    Args:
        model: whose backbone is watched; its frames must be those of the output.
    """

    def __init__(self, model: CRNN) -> None:
        super().__init__()
        recurrent = model.recurrent
        features = recurrent.input_size if recurrent is not None else model.head.in_features
        self.head = nn.Linear(features, model.config.class_count)
        self._seen: torch.Tensor | None = None
        model.backbone.register_forward_hook(self._watch)

    def _watch(self, module: nn.Module, inputs: object, output: torch.Tensor) -> None:
        self._seen = output if output.requires_grad else None

    def loss(self, labels: Int64[torch.Tensor, "B T"], blank: int) -> Float[torch.Tensor, ""]:
        """Cross entropy, nats, over the frames that a symbol is known to own, in the last forward pass.

        Blank frames are left out: the backbone should tell symbols apart, not where the line is empty.
        """
        assert self._seen is not None, "the model has not run forward with gradients since the last loss"
        features, self._seen = self._seen.squeeze(2).transpose(1, 2), None
        owned = (labels != IGNORED) & (labels != blank)
        if not bool(owned.any()):
            return features.sum() * 0
        return F.cross_entropy(self.head(features[owned]).float(), labels[owned])
