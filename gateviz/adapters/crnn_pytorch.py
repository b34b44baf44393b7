"""meijieru/crnn.pytorch and the projects that grew out of it with the same keys.

Holmeyoung/crnn-pytorch and Sierkinhane/CRNN_Chinese_Characters_Rec kept every key and shape of
meijieru's network; they differ in the log-softmax at its end, which changes no posterior, in the
alphabet and in how line images are prepared. Nothing in the file tells them apart, so the
preparation is an option, ``variant``, whose default is meijieru's.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import nn

from gateviz.adapters.core.files import Checkpoint
from gateviz.adapters.core.lineage import (
    GRAY_OR_COLOR,
    LineageAdapter,
    Reading,
    Shapes,
    check_channels,
    chosen_variant,
    size_of,
)
from gateviz.adapters.core.options import LoadOptions
from gateviz.capture.receptive_layers import axis_geometry
from gateviz.geometry.canvas import Normalize, Step
from gateviz.geometry.line_sizes import Narrow
from gateviz.geometry.preprocess import Color, Gray, Preprocess, ResizeToHeight, Stretch
from gateviz.networks.blocks import BidirectionalLstm

HEIGHT = 32
WIDTH = 100
ALPHANUMERIC = "0123456789abcdefghijklmnopqrstuvwxyz"
VARIANTS = ("meijieru", "holmeyoung", "sierkinhane")
_CHANNELS = (64, 128, 256, 256, 512, 512, 512)
_NORMED = (2, 4, 6)
_MOST_LAYERS = 16


@dataclass(frozen=True)
class CrnnPytorchShape:
    """The sizes that this lineage leaves open.

    Attributes:
        image_channels: of the line image, 1 or 3.
        channels: output channels of the seven convolutions.
        hidden: units of each bidirectional LSTM.
        outputs: of the linear layer after each; the last is the number of classes.
    """

    image_channels: int = 1
    channels: tuple[int, ...] = _CHANNELS
    hidden: tuple[int, ...] = (256, 256)
    outputs: tuple[int, ...] = (256, len(ALPHANUMERIC) + 1)

    @classmethod
    def from_shapes(cls, shapes: Shapes) -> "CrnnPytorchShape":
        """The sizes by a checkpoint's shapes; where a key is absent, those of meijieru's own model."""
        numbers = {int(found[1]) for key in shapes if (found := re.match(r"rnn\.(\d+)\.rnn\.weight_hh_l0$", key))}
        layers = min(max(numbers, default=1) + 1, _MOST_LAYERS)
        return cls(
            size_of(shapes, "cnn.conv0.weight", 1, cls.image_channels),
            tuple(size_of(shapes, f"cnn.conv{i}.weight", 0, _CHANNELS[i]) for i in range(len(_CHANNELS))),
            tuple(size_of(shapes, f"rnn.{n}.rnn.weight_hh_l0", 1, 256) for n in range(layers)),
            tuple(size_of(shapes, f"rnn.{n}.embedding.weight", 0, 256) for n in range(layers)),
        )


def convolutions(
    inputs: int, channels: Sequence[int], normed: Sequence[int], pools: Mapping[int, nn.Module]
) -> nn.Sequential:
    """Seven convolutions under the names that meijieru gave them, the last of 2 x 2 without padding.

    Args:
        inputs: channels of the image.
        channels: output channels of each.
        normed: positions of those with a batch norm.
        pools: what follows the convolution at a position.
    """
    stack = nn.Sequential()
    for i, outputs in enumerate(channels):
        kernel, padding = (2, 0) if i == len(channels) - 1 else (3, 1)
        stack.add_module(f"conv{i}", nn.Conv2d(inputs, outputs, kernel, 1, padding))
        if i in normed:
            stack.add_module(f"batchnorm{i}", nn.BatchNorm2d(outputs))
        stack.add_module(f"relu{i}", nn.ReLU(inplace=True))
        if i in pools:
            stack.add_module(f"pooling{i}", pools[i])
        inputs = outputs
    return stack


class CrnnPytorch(nn.Module):
    """The network of this lineage: (B, channels, 32, W) to logits (T, B, C) with T = W/4 + 1."""

    def __init__(self, shape: CrnnPytorchShape) -> None:
        super().__init__()
        self.shape = shape
        halve_rows = (2, 2), (2, 1), (0, 1)
        pools = {0: nn.MaxPool2d(2), 1: nn.MaxPool2d(2), 3: nn.MaxPool2d(*halve_rows), 5: nn.MaxPool2d(*halve_rows)}
        self.cnn = convolutions(shape.image_channels, shape.channels, _NORMED, pools)
        inputs = shape.channels[-1]
        self.rnn = nn.Sequential()
        for hidden, outputs in zip(shape.hidden, shape.outputs, strict=True):
            self.rnn.append(BidirectionalLstm(inputs, hidden, outputs))
            inputs = outputs

    def forward(self, images: Float[torch.Tensor, "B channels 32 W"]) -> Float[torch.Tensor, "T B C"]:
        """Logits of every class at every frame."""
        features = self.cnn(images).squeeze(2).permute(2, 0, 1)
        logits: torch.Tensor = self.rnn(features)
        return logits


class CrnnPytorchAdapter(LineageAdapter):
    """Knows the checkpoints of meijieru/crnn.pytorch and of those with the same keys."""

    name = "crnn_pytorch"

    def rebuild(self, shapes: Shapes) -> CrnnPytorch:
        """The network at a checkpoint's sizes."""
        return CrnnPytorch(CrnnPytorchShape.from_shapes(shapes))

    def evidence(self, module: CrnnPytorch) -> tuple[str, ...]:
        """Its convolutions and its recurrent layers."""
        hidden = module.shape.hidden
        return (
            f"keys cnn.conv0 to cnn.conv6 with batch norms at {', '.join(str(i) for i in _NORMED)}",
            f"{len(hidden)} bidirectional LSTMs of {', '.join(str(units) for units in hidden)} units, each with an embedding",
        )

    def reading(self, module: CrnnPytorch, checkpoint: Checkpoint, options: LoadOptions) -> Reading:
        """Fed as the variant's author did; blank first.

        Raises:
            CheckpointError: there is no such variant, or the image has neither one nor three channels.
        """
        variant = chosen_variant(self.name, options.variant, VARIANTS)
        same = f"{variant} (of {', '.join(VARIANTS)}, whose keys are the same: their preprocessing differs)"
        return Reading(
            _recipe(variant, module.shape.image_channels, options.keep_ratio),
            axis_geometry(module.cnn),
            class_count=module.shape.outputs[-1],
            layout="TBC",
            alphabet=ALPHANUMERIC,
            details={"variant": same},
        )


def _recipe(variant: str, image_channels: int, keep_ratio: bool) -> Preprocess:
    """How a variant's author prepared line images.

    Raises:
        CheckpointError: there is no way from an image to so many channels.
    """
    check_channels(image_channels, (1, 3), GRAY_OR_COLOR)
    if variant == "sierkinhane":
        paint: Step = Gray("opencv") if image_channels == 1 else Color("bgr")
        resize = ResizeToHeight(HEIGHT, "opencv cubic", rounding="nearest")
        return Preprocess((paint, resize, Narrow(280, 160), Normalize((0.588,), (0.193,))))
    paint = Gray("pillow") if image_channels == 1 else Color("rgb")
    stretch: Step = Stretch(HEIGHT, WIDTH, "pillow bilinear")
    if keep_ratio:
        stretch = ResizeToHeight(HEIGHT, "pillow bilinear", rounding="down", at_least=HEIGHT)
    return Preprocess((paint, stretch, Normalize()))


ADAPTER = CrnnPytorchAdapter()
