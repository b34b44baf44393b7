"""Log posteriors of a few of many classes, without ever holding those of all."""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  (torch's own habit)
from jaxtyping import Float, Int64
from torch import nn

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
