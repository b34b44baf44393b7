"""GitYCC/crnn-pytorch: meijieru's convolutions, then a linear layer and two LSTMs under names of their own.

Its poolings pad nothing, its batch norms stand after the fifth and the sixth convolution, and a
linear layer narrows the features before the LSTMs. The file says how high the images were; it does
not say whether the activations were leaky, and they are taken to be plain, as in the author's configuration.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import nn

from gateviz.adapters.core.files import Checkpoint
from gateviz.adapters.core.lineage import LineageAdapter, Reading, Shapes, check_channels, chosen_variant, size_of
from gateviz.adapters.core.options import LoadOptions
from gateviz.adapters.crnn_pytorch import ALPHANUMERIC, WIDTH, convolutions
from gateviz.capture.receptive_layers import axis_geometry
from gateviz.geometry.canvas import Normalize, Step
from gateviz.geometry.preprocess import Gray, Preprocess, ResizeToHeight, Stretch

VARIANTS = ("gitycc",)
_CHANNELS = (64, 128, 256, 256, 512, 512, 512)
_NORMED = (4, 5)
_MOST_ROWS = 64


@dataclass(frozen=True)
class GityccShape:
    """The sizes that this lineage leaves open.

    Attributes:
        image_channels: of the line image.
        channels: output channels of the seven convolutions.
        rows: of the last convolution's output; images are 16 (rows + 1) high.
        mapped: outputs of the linear layer before the LSTMs.
        hidden: units of the two LSTMs.
        classes: outputs of the last linear layer.
    """

    image_channels: int = 1
    channels: tuple[int, ...] = _CHANNELS
    rows: int = 1
    mapped: int = 64
    hidden: tuple[int, int] = (256, 256)
    classes: int = len(ALPHANUMERIC) + 1

    @classmethod
    def from_shapes(cls, shapes: Shapes) -> "GityccShape":
        """The sizes by a checkpoint's shapes; where a key is absent, those of the published model."""
        channels = tuple(size_of(shapes, f"cnn.conv{i}.weight", 0, _CHANNELS[i]) for i in range(len(_CHANNELS)))
        features = size_of(shapes, "map_to_seq.weight", 1, channels[-1])
        return cls(
            image_channels=size_of(shapes, "cnn.conv0.weight", 1, cls.image_channels),
            channels=channels,
            rows=min(max(features // channels[-1], 1), _MOST_ROWS),
            mapped=size_of(shapes, "map_to_seq.weight", 0, cls.mapped),
            hidden=(size_of(shapes, "rnn1.weight_hh_l0", 1, 256), size_of(shapes, "rnn2.weight_hh_l0", 1, 256)),
            classes=size_of(shapes, "dense.weight", 0, cls.classes),
        )

    @property
    def height(self) -> int:
        """Rows of the image: every pooling halves them, and the last convolution takes one away."""
        return 16 * (self.rows + 1)


class Gitycc(nn.Module):
    """The network of this lineage: (B, channels, height, W) to logits (T, B, C) with T = W/4 - 1."""

    def __init__(self, shape: GityccShape) -> None:
        super().__init__()
        self.shape = shape
        pools = {0: nn.MaxPool2d(2), 1: nn.MaxPool2d(2), 3: nn.MaxPool2d((2, 1)), 5: nn.MaxPool2d((2, 1))}
        self.cnn = convolutions(shape.image_channels, shape.channels, _NORMED, pools)
        first, second = shape.hidden
        self.map_to_seq = nn.Linear(shape.channels[-1] * shape.rows, shape.mapped)
        self.rnn1 = nn.LSTM(shape.mapped, first, bidirectional=True)
        self.rnn2 = nn.LSTM(2 * first, second, bidirectional=True)
        self.dense = nn.Linear(2 * second, shape.classes)

    def forward(self, images: Float[torch.Tensor, "B channels height W"]) -> Float[torch.Tensor, "T B C"]:
        """Logits of every class at every frame."""
        features = self.cnn(images).flatten(1, 2).permute(2, 0, 1)
        states, _ = self.rnn1(self.map_to_seq(features))
        states, _ = self.rnn2(states)
        logits: torch.Tensor = self.dense(states)
        return logits


class GityccAdapter(LineageAdapter):
    """Knows the checkpoints of GitYCC/crnn-pytorch."""

    name = "gitycc"

    def rebuild(self, shapes: Shapes) -> Gitycc:
        """The network at a checkpoint's sizes."""
        return Gitycc(GityccShape.from_shapes(shapes))

    def evidence(self, module: Gitycc) -> tuple[str, ...]:
        """Its linear layers and its recurrent layers."""
        shape = module.shape
        return (
            f"keys map_to_seq and dense, with batch norms at {', '.join(str(i) for i in _NORMED)}",
            f"2 bidirectional LSTMs rnn1 and rnn2 of {shape.hidden[0]} and {shape.hidden[1]} units",
        )

    def reading(self, module: Gitycc, checkpoint: Checkpoint, options: LoadOptions) -> Reading:
        """Fed as the author did; blank first.

        Raises:
            CheckpointError: there is no such variant, or the image has not one channel.
        """
        chosen_variant(self.name, options.variant, VARIANTS)
        shape = module.shape
        check_channels(shape.image_channels, (1,), "GitYCC's preprocessing makes gray ones")
        stretch: Step = Stretch(shape.height, WIDTH, "pillow bilinear")
        if options.keep_ratio:
            stretch = ResizeToHeight(shape.height, "pillow bilinear", rounding="down", at_least=shape.height)
        return Reading(
            Preprocess((Gray("pillow"), stretch, Normalize((1.0,), (1.0,), 127.5))),
            axis_geometry(module.cnn),
            class_count=shape.classes,
            layout="TBC",
            alphabet=ALPHANUMERIC,
            details={"activation": "ReLU (leaky_relu=True of the author's configuration leaves no trace in the file)"},
        )


ADAPTER = GityccAdapter()
