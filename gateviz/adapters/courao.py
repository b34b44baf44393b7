"""courao/ocr.pytorch: meijieru's network under flat names, and the author's two other backbones.

The published checkpoints are of ``CRNN``. ``CRNN_v2`` has narrower convolutions with a batch norm
each and hands two rows to the LSTMs; ``CRNN_res`` has residual blocks. Which one a file holds shows in its keys.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import nn

from gateviz.adapters.core.files import Checkpoint
from gateviz.adapters.core.lineage import LineageAdapter, Reading, Shapes, check_channels, chosen_variant, size_of
from gateviz.adapters.core.options import LoadOptions
from gateviz.capture.receptive_layers import Path, axis_geometry
from gateviz.geometry.canvas import Normalize
from gateviz.geometry.preprocess import Gray, Preprocess, ResizeToHeight
from gateviz.networks.blocks import Added, BidirectionalLstm

HEIGHT = 32
VARIANTS = ("courao",)
Backbone = Literal["CRNN", "CRNN_v2", "CRNN_res"]

# Every convolution and, for those that are followed by one, its batch norm and its pooling.
_PLAIN = (
    ("conv1", 64, "", "square"),
    ("conv2", 128, "", "square"),
    ("conv3_1", 256, "bn3", ""),
    ("conv3_2", 256, "", "rows"),
    ("conv4_1", 512, "bn4", ""),
    ("conv4_2", 512, "", "rows"),
    ("conv5", 512, "bn5", ""),
)
_V2 = (
    ("conv1_1", 32, "bn1_1", ""),
    ("conv1_2", 64, "bn1_2", "square"),
    ("conv2_1", 64, "bn2_1", ""),
    ("conv2_2", 128, "bn2_2", "square"),
    ("conv3_1", 96, "bn3_1", ""),
    ("conv3_2", 192, "bn3_2", "rows"),
    ("conv4_1", 128, "bn4_1", ""),
    ("conv4_2", 256, "bn4_2", "rows"),
)
# Every residual block with its stride; those that widen have a convolution in their shortcut.
_BLOCKS: tuple[tuple[str, int, tuple[int, int]], ...] = (
    ("res1", 64, (1, 1)),
    ("res2_1", 128, (2, 2)),
    ("res2_2", 128, (1, 1)),
    ("res3_1", 256, (2, 2)),
    ("res3_2", 256, (1, 1)),
    ("res3_3", 256, (1, 1)),
    ("res4_1", 512, (2, 1)),
    ("res4_2", 512, (1, 1)),
    ("res4_3", 512, (1, 1)),
)


@dataclass(frozen=True)
class CouraoShape:
    """The sizes that this lineage leaves open.

    Attributes:
        backbone: which of the author's three networks.
        image_channels: of the line image.
        channels: output channels of every convolution, of every residual block where there are such,
            in the order in which they run.
        hidden: units of the two bidirectional LSTMs.
        outputs: of the linear layer after each; the last is the number of classes.
    """

    backbone: Backbone
    image_channels: int
    channels: tuple[int, ...]
    hidden: tuple[int, int]
    outputs: tuple[int, int]

    @classmethod
    def from_shapes(cls, shapes: Shapes) -> "CouraoShape":
        """The sizes by a checkpoint's shapes; where a key is absent, those of the author's own networks."""
        backbone: Backbone = "CRNN"
        if any(name.startswith("res1.") for name in shapes):
            backbone = "CRNN_res"
            first = "conv1"
            blocks = [(f"{name}.group1.conv2", size) for name, size, _ in _BLOCKS]
            convolutions = [("conv1", 64), *blocks, ("conv5", 512)]
        else:
            backbone = "CRNN_v2" if "conv1_1.weight" in shapes else "CRNN"
            convolutions = [(name, size) for name, size, _, _ in (_V2 if backbone == "CRNN_v2" else _PLAIN)]
            first = convolutions[0][0]
        return cls(
            backbone,
            size_of(shapes, f"{first}.weight", 1, 1),
            tuple(size_of(shapes, f"{name}.weight", 0, size) for name, size in convolutions),
            (size_of(shapes, "rnn.0.rnn.weight_hh_l0", 1, 256), size_of(shapes, "rnn.1.rnn.weight_hh_l0", 1, 256)),
            (size_of(shapes, "rnn.0.embedding.weight", 0, 256), size_of(shapes, "rnn.1.embedding.weight", 0, 5835)),
        )


def _residual(inputs: int, outputs: int, stride: tuple[int, int], widens: bool) -> Added:
    """Two convolutions beside a shortcut, under the author's names."""
    group = OrderedDict(
        conv1=nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
        bn1=nn.BatchNorm2d(outputs),
        relu1=nn.ReLU(inplace=True),
        conv2=nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
        bn2=nn.BatchNorm2d(outputs),
    )
    short = nn.Sequential()
    if widens:
        short.extend((nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)))
    return Added({"group1": nn.Sequential(group)}, {"downsample": short})


class Courao(nn.Module):
    """A network of this lineage: (B, channels, 32, W) to logits (T, B, C) with T = W/4 + 1, or + 2 for ``CRNN_v2``."""

    def __init__(self, shape: CouraoShape) -> None:
        super().__init__()
        self.shape = shape
        self._order: list[str] = []
        if shape.backbone == "CRNN_res":
            inputs = self._add_residual()
        else:
            inputs = self._add_plain(_V2 if shape.backbone == "CRNN_v2" else _PLAIN)
        self.rnn = nn.Sequential()
        for hidden, outputs in zip(shape.hidden, shape.outputs, strict=True):
            self.rnn.append(BidirectionalLstm(inputs, hidden, outputs))
            inputs = outputs

    def forward(self, images: Float[torch.Tensor, "B channels 32 W"]) -> Float[torch.Tensor, "T B C"]:
        """Logits of every class at every frame."""
        features = images
        for name in self._order:
            features = getattr(self, name)(features)
        logits: torch.Tensor = self.rnn(features.flatten(1, 2).permute(2, 0, 1))
        return logits

    def axis_paths(self) -> Sequence[Path]:
        """The convolutions in the order they run."""
        return (tuple(getattr(self, name) for name in self._order),)

    def _then(self, name: str, layer: nn.Module) -> None:
        self.add_module(name, layer)
        self._order.append(name)

    def _add_plain(self, layers: Sequence[tuple[str, int, str, str]]) -> int:
        inputs = self.shape.image_channels
        for (name, _, norm, pool), outputs in zip(layers, self.shape.channels, strict=True):
            kernel, padding = (2, 0) if name == "conv5" else (3, 1)
            self._then(name, nn.Conv2d(inputs, outputs, kernel, 1, padding))
            if norm:
                self._then(norm, nn.BatchNorm2d(outputs))
            self._then(name.replace("conv", "relu"), nn.ReLU(inplace=True))
            if pool:
                layer = nn.MaxPool2d(2) if pool == "square" else nn.MaxPool2d((2, 2), (2, 1), (0, 1))
                self._then(name.replace("conv", "pool"), layer)
            inputs = outputs
        if layers is _PLAIN:
            return inputs
        self._then("bn5", nn.BatchNorm2d(inputs))
        return 2 * inputs

    def _add_residual(self) -> int:
        first, *blocks, last = self.shape.channels
        self._then("conv1", nn.Conv2d(self.shape.image_channels, first, 3, 1, 1))
        self._then("relu1", nn.ReLU(inplace=True))
        inputs = first
        for (name, _, stride), outputs in zip(_BLOCKS, blocks, strict=True):
            self._then(name, _residual(inputs, outputs, stride, name in ("res2_1", "res3_1", "res4_1")))
            inputs = outputs
        self._then("pool", nn.AvgPool2d((2, 2), (2, 1), (0, 1)))
        self._then("conv5", nn.Conv2d(inputs, last, 2))
        self._then("bn5", nn.BatchNorm2d(last))
        self._then("relu5", nn.ReLU(inplace=True))
        return last


class CouraoAdapter(LineageAdapter):
    """Knows the checkpoints of courao/ocr.pytorch."""

    name = "courao"

    def rebuild(self, shapes: Shapes) -> Courao:
        """The network at a checkpoint's sizes."""
        return Courao(CouraoShape.from_shapes(shapes))

    def evidence(self, module: Courao) -> tuple[str, ...]:
        """Its convolutions and its recurrent layers."""
        keys = {
            "CRNN": "conv1, conv2, conv3_1 to conv5 without a prefix",
            "CRNN_v2": "conv1_1 to conv4_2 and bn1_1 to bn5",
            "CRNN_res": "res1 to res4_3",
        }
        hidden = " and ".join(str(units) for units in module.shape.hidden)
        return (
            f"keys {keys[module.shape.backbone]}: the author's {module.shape.backbone}",
            f"2 bidirectional LSTMs of {hidden} units, each with an embedding",
        )

    def reading(self, module: Courao, checkpoint: Checkpoint, options: LoadOptions) -> Reading:
        """Fed as the author's recognizer does, at the line's own aspect; blank first.

        Raises:
            CheckpointError: there is no such variant, or the image has not one channel.
        """
        chosen_variant(self.name, options.variant, VARIANTS)
        check_channels(module.shape.image_channels, (1,), "courao's preprocessing makes gray ones")
        resize = ResizeToHeight(HEIGHT, "pillow lanczos", rounding="down")
        return Reading(
            Preprocess((Gray("opencv"), resize, Normalize())),
            axis_geometry(module),
            class_count=module.shape.outputs[-1],
            layout="TBC",
            details={"network": module.shape.backbone},
        )


ADAPTER = CouraoAdapter()
