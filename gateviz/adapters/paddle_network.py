"""PaddleOCR's CRNNs as its PyTorch ports spell them: a backbone, a recurrent encoder, a CTC head."""

from collections import OrderedDict

import torch
from jaxtyping import Float
from torch import nn

from gateviz.adapters.lineage import Shapes, size_of
from gateviz.adapters.paddle_backbones import RESNETS, HardSigmoid, backbone_of, mobilenet, resnet

_UNITS = 48
_LAYERS = 2
_CLASSES = 37


class BothWays(nn.Module):
    """The current encoder: one bidirectional LSTM of two layers."""

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(inputs, units, _LAYERS, batch_first=True, bidirectional=True)

    def forward(self, sequence: Float[torch.Tensor, "B T D"]) -> Float[torch.Tensor, "B T D2"]:
        """Both directions side by side."""
        states: torch.Tensor = self.lstm(sequence)[0]
        return states


class TwoStacks(nn.Module):
    """The legacy encoder: two one-way LSTMs of two layers, the second of which is fed the line backward.

    No bidirectional LSTM: the second layer of either never sees what the other one found.
    """

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__()
        self.rnn1 = nn.LSTM(inputs, units, _LAYERS, batch_first=True)
        self.rnn2 = nn.LSTM(inputs, units, _LAYERS, batch_first=True)

    def forward(self, sequence: Float[torch.Tensor, "B T D"]) -> Float[torch.Tensor, "B T D2"]:
        """Both stacks side by side, in reading order."""
        ahead, _ = self.rnn1(sequence)
        behind, _ = self.rnn2(sequence.flip(1))
        return torch.cat((ahead, behind.flip(1)), 2)


class PaddleCrnn(nn.Module):
    """(B, 3, 32, W) to logits (B, T, C) with T = (W + 1)/4, rounded down."""

    def __init__(self, shapes: Shapes) -> None:
        """The network at a checkpoint's sizes; where a key is absent, at those of a model of half width."""
        super().__init__()
        self.kind = backbone_of(shapes)
        build = resnet if self.kind in RESNETS else mobilenet
        self.backbone, channels = build(shapes, self.kind)
        self.legacy = any(key.startswith("neck.encoder.rnn1.") for key in shapes)
        key = f"neck.encoder.{'rnn1' if self.legacy else 'lstm'}.weight_hh_l0"
        self.units = size_of(shapes, key, 1, _UNITS)
        self.neck = nn.ModuleDict(
            {"encoder": TwoStacks(channels, self.units) if self.legacy else BothWays(channels, self.units)}
        )
        features = 2 * self.units
        if "head.fc1.weight" in shapes:
            middle = size_of(shapes, "head.fc1.weight", 0, features)
            self.classes = size_of(shapes, "head.fc2.weight", 0, _CLASSES)
            layers = {"fc1": nn.Linear(features, middle), "fc2": nn.Linear(middle, self.classes)}
        else:
            self.classes = size_of(shapes, "head.fc.weight", 0, _CLASSES)
            layers = {"fc": nn.Linear(features, self.classes)}
        self.head = nn.Sequential(OrderedDict(layers))

    @property
    def image_channels(self) -> int:
        """Channels of the line image."""
        return next(layer for layer in self.modules() if isinstance(layer, nn.Conv2d)).in_channels

    def slope(self, slope: float) -> None:
        """Sets the slope of every hard sigmoid, which no checkpoint carries."""
        for layer in self.modules():
            if isinstance(layer, HardSigmoid):
                layer.slope = slope

    def forward(self, images: Float[torch.Tensor, "B channels 32 W"]) -> Float[torch.Tensor, "B T C"]:
        """Logits of every class at every frame."""
        features = self.backbone(images).squeeze(2).transpose(1, 2)
        logits: torch.Tensor = self.head(self.neck["encoder"](features))
        return logits
