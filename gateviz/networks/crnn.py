"""gateviz's own recognizer: a backbone, a recurrent part and a linear CTC head."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import nn

from gateviz.data.crnn import CrnnConfig
from gateviz.networks.mobilenet_v3 import mobilenet_v3
from gateviz.networks.vgg import vgg, vgg_narrow, vgg_small

_BACKBONES: dict[str, Callable[[int, int, float], tuple[nn.Sequential, int]]] = {
    "vgg": vgg,
    "vgg_small": vgg_small,
    "vgg_narrow": vgg_narrow,
    "mobilenet_v3": mobilenet_v3,
}
LONGEST_MEMORY = 16
"""Frames: what the slowest units keep at first, about three symbols of a line of 32 rows."""


class CRNN(nn.Module):
    """A line recognizer for images of any width: (B, channels, height, W) to logits (B, T, C).

    The parts are ``backbone`` (its last layer has one row), ``recurrent`` (a plain ``nn.LSTM`` or
    ``nn.GRU``, or None) and ``head``.

    Example:
        >>> model = CRNN(CrnnConfig(11, backbone="vgg_small", hidden_size=8, backbone_scale=0.1)).eval()
        >>> model(torch.zeros(2, 1, 32, 100)).shape
        torch.Size([2, 25, 11])
    """

    def __init__(self, config: CrnnConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone, features = _BACKBONES[config.backbone](config.channels, config.height, config.backbone_scale)
        self.recurrent: nn.LSTM | nn.GRU | None = None
        if config.recurrent != "none":
            kind = nn.LSTM if config.recurrent == "lstm" else nn.GRU
            self.recurrent = kind(
                features,
                config.hidden_size,
                config.depth,
                batch_first=True,
                # Between layers only: with one layer there is no between, and torch warns.
                dropout=config.dropout if config.depth > 1 else 0.0,
                bidirectional=config.bidirectional,
            )
            # A skeleton has no values to set, and arithmetic on it would import torch's compiler, more than a second.
            if not self.recurrent.weight_hh_l0.is_meta:
                spread_memory(self.recurrent)
            features = config.hidden_size * (2 if config.bidirectional else 1)
        self.head = nn.Linear(features, config.class_count)

    def forward(self, images: Float[torch.Tensor, "B channels height W"]) -> Float[torch.Tensor, "B T C"]:
        """Logits of every class at every frame."""
        logits: torch.Tensor = self.head(self.read(self.seen(images)))
        return logits

    def seen(self, images: Float[torch.Tensor, "B channels height W"]) -> Float[torch.Tensor, "B T D"]:
        """What the backbone sees at every frame."""
        features: torch.Tensor = self.backbone(images).squeeze(2).transpose(1, 2)
        return features

    def read(self, seen: Float[torch.Tensor, "B T D"]) -> Float[torch.Tensor, "B T P"]:
        """What the recurrent part makes of it, for the head: the hidden states of its last layer."""
        return seen if self.recurrent is None else self.recurrent(seen)[0]


def spread_memory(part: nn.LSTM | nn.GRU, longest: int = LONGEST_MEMORY) -> None:
    """Give the units memories of 1 to ``longest`` frames (chrono initialization: Tallec and Ollivier, arXiv 1804.11188).

    An LSTM's forget gate starts at u / (u + 1) and its input gate at 1 / (u + 1), with u drawn uniformly
    from 1 to ``longest`` - 1, so that a cell starts as an average of its candidates. From PyTorch's own
    start, with all gates half open, a recognizer can learn to hold both at 1: the cell then only adds up,
    its tanh saturates, no gradient passes, and the output gate alone reads the line. A GRU's update gate
    starts where the forget gate does.

    Args:
        part: whose biases are set, in place, by torch's generator.
        longest: frames, at least 3.

    Example:
        >>> part = nn.LSTM(8, 4)
        >>> spread_memory(part)
        >>> i, f, _, _ = (part.bias_ih_l0 + part.bias_hh_l0).chunk(4)
        >>> bool(torch.allclose(i.sigmoid() + f.sigmoid(), torch.ones(4)))
        True
    """
    size = part.hidden_size
    with torch.no_grad():
        for name, bias in part.named_parameters():
            if not name.startswith("bias"):
                continue
            # Gates are stacked as i, f, g, o in an LSTM and as r, z, n in a GRU.
            kept = bias[size : 2 * size]
            if name.startswith("bias_hh"):
                kept.zero_()
                if isinstance(part, nn.LSTM):
                    bias[:size].zero_()
                continue
            kept.copy_(torch.empty_like(kept).uniform_(1, longest - 1).log())
            if isinstance(part, nn.LSTM):
                bias[:size].copy_(-kept)
