"""BelBES/crnn-pytorch: a ResNet and a stack of bidirectional GRUs.

The author's configuration puts a projection between the two that maps the ten positions of a line of
320 columns to twenty frames. It mixes positions, not channels: every frame is a weighted sum over the
whole line, so that a frame has no columns of its own, and only lines of one width can be read.
"""

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import nn

from gateviz.adapters.core.files import Checkpoint
from gateviz.adapters.core.lineage import LineageAdapter, Reading, Shapes, check_channels, chosen_variant, size_of
from gateviz.adapters.core.options import LoadOptions
from gateviz.capture.receptive_layers import axis_geometry
from gateviz.errors import CheckpointError, GeometryError
from gateviz.geometry.axis_steps import Positions, Reach
from gateviz.geometry.canvas import Normalize, Step
from gateviz.geometry.preprocess import Color, Preprocess, ResizeToHeight, Stretch
from gateviz.geometry.receptive import AxisGeometry
from gateviz.networks.blocks import Added

HEIGHT = 32
WIDTH = 320
STRIDE = 32
VARIANTS = ("belbes",)
SYMBOLS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CHANNELS = (64, 128, 256, 512)
_MOST_LAYERS = 16


@dataclass(frozen=True)
class BelbesShape:
    """The sizes that this lineage leaves open.

    Attributes:
        image_channels: of the line image.
        stem: output channels of the first convolution.
        channels: output channels of the four stages of residual blocks.
        blocks: residual blocks in each: 2, 2, 2, 2 in ResNet-18, 3, 4, 6, 3 in ResNet-34.
        projection: positions before and after it; None where there is none.
        hidden: units of each GRU.
        depth: bidirectional GRUs.
        classes: outputs of the last layer.
    """

    image_channels: int = 3
    stem: int = 64
    channels: tuple[int, ...] = _CHANNELS
    blocks: tuple[int, ...] = (2, 2, 2, 2)
    projection: tuple[int, int] | None = None
    hidden: int = 128
    depth: int = 2
    classes: int = len(SYMBOLS) + 1

    @classmethod
    def from_shapes(cls, shapes: Shapes) -> "BelbesShape":
        """The sizes by a checkpoint's shapes; where a key is absent, those of the author's ResNet-18."""
        blocks = [_count(shapes, f"cnn.{stage}.{{}}.conv1.weight") for stage in range(4, 8)]
        projection = None
        if any(name.startswith("proj.") for name in shapes):
            projection = (size_of(shapes, "proj.weight", 1, 10), size_of(shapes, "proj.weight", 0, 20))
        return cls(
            image_channels=size_of(shapes, "cnn.0.weight", 1, cls.image_channels),
            stem=size_of(shapes, "cnn.0.weight", 0, cls.stem),
            channels=tuple(size_of(shapes, f"cnn.{4 + n}.0.conv1.weight", 0, _CHANNELS[n]) for n in range(4)),
            blocks=tuple(found or 2 for found in blocks),
            projection=projection,
            hidden=size_of(shapes, "rnn.weight_hh_l0", 1, cls.hidden),
            depth=_count(shapes, "rnn.weight_hh_l{}") or cls.depth,
            classes=size_of(shapes, "linear.weight", 0, cls.classes),
        )

    @property
    def backbone(self) -> str:
        """torchvision's name of the network."""
        layers = 2 * sum(self.blocks) + 2
        return f"ResNet-{layers}" if self.blocks in ((2, 2, 2, 2), (3, 4, 6, 3)) else f"ResNet of {layers} layers"


def _residual(inputs: int, outputs: int, stride: int = 1, *, widens: bool = False) -> Added:
    """Two convolutions beside a shortcut (He, Zhang, Ren, Sun, arXiv 1512.03385, figure 5), under torchvision's names."""
    branch = {
        "conv1": nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
        "bn1": nn.BatchNorm2d(outputs),
        "relu": nn.ReLU(inplace=True),
        "conv2": nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False),
        "bn2": nn.BatchNorm2d(outputs),
    }
    short = nn.Sequential()
    if widens:
        short.extend((nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)))
    return Added(branch, {"downsample": short})


class Belbes(nn.Module):
    """The network of this lineage: (B, 3, 32, W) to logits (T, B, C)."""

    def __init__(self, shape: BelbesShape) -> None:
        super().__init__()
        self.shape = shape
        self.cnn = nn.Sequential(
            nn.Conv2d(shape.image_channels, shape.stem, 7, 2, 3, bias=False),
            nn.BatchNorm2d(shape.stem),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, 1),
        )
        inputs = shape.stem
        for stage, (outputs, count) in enumerate(zip(shape.channels, shape.blocks, strict=True)):
            first = _residual(inputs, outputs, 2 if stage else 1, widens=stage > 0)
            self.cnn.append(nn.Sequential(first, *(_residual(outputs, outputs) for _ in range(count - 1))))
            inputs = outputs
        if shape.projection is not None:
            self.proj = nn.Conv2d(*shape.projection, 1)
        self.rnn = nn.GRU(inputs, shape.hidden, shape.depth, bidirectional=True)
        self.linear = nn.Linear(2 * shape.hidden, shape.classes)

    def forward(self, images: Float[torch.Tensor, "B channels 32 W"]) -> Float[torch.Tensor, "T B C"]:
        """Logits of every class at every frame."""
        positions = self.cnn(images).permute(0, 3, 2, 1)
        if self.shape.projection is not None:
            # The positions along the line take the place of channels.
            positions = self.proj(positions)
        states, _ = self.rnn(positions.squeeze(2).transpose(0, 1))
        logits: torch.Tensor = self.linear(states)
        return logits


@dataclass(frozen=True)
class Mix:
    """Frames that are weighted sums over all positions of the line.

    They have no place of their own; in reading order they are spread evenly over the line.

    Attributes:
        positions: before the sums.
        frames: after them.
    """

    positions: int
    frames: int

    def forward(self, reach: Reach) -> Reach:
        """The frames, each of which sees the whole line.

        Raises:
            GeometryError: the line has another number of positions.
        """
        if reach.length != self.positions:
            raise GeometryError(
                f"the projection mixes {self.positions} positions, and this input has {reach.length}; "
                f"make it {STRIDE * self.positions} columns wide"
            )
        stride = reach.stride * self.positions / self.frames
        start = reach.start + (stride - reach.stride) / 2
        return replace(reach, length=self.frames, stride=stride, start=start, whole_line=True)

    def backward(self, positions: Positions, length: int) -> Positions:
        """All positions."""
        return 0, length


@dataclass(frozen=True)
class BelbesGeometry(AxisGeometry):
    """The ResNet's geometry, whose rule for T is known: five halvings, rounded up, or as many frames as were trained."""

    @property
    def frame_rule(self) -> str:
        """T as a formula of the width W; a number where it does not depend on it."""
        if self.whole_line:
            return str(self.frame_count(self.minimum_width))
        return f"(W + {STRIDE - 1})/{STRIDE}"


class BelbesAdapter(LineageAdapter):
    """Knows the checkpoints of BelBES/crnn-pytorch."""

    name = "belbes"

    def rebuild(self, shapes: Shapes) -> Belbes:
        """The network at a checkpoint's sizes."""
        return Belbes(BelbesShape.from_shapes(shapes))

    def wanted(self, name: str) -> bool:
        """Everything but the whole ResNet, which the author's module holds a second time with its unused classifier."""
        return super().wanted(name) and not name.startswith("feature_extractor.")

    def evidence(self, module: Belbes) -> tuple[str, ...]:
        """Its convolutions, its projection and its recurrent layers."""
        shape = module.shape
        projection: tuple[str, ...] = ()
        if shape.projection is not None:
            projection = (f"a projection of {shape.projection[0]} positions to {shape.projection[1]} frames",)
        return (
            f"keys cnn.0 to cnn.7: {shape.backbone}",
            *projection,
            f"{shape.depth} bidirectional GRUs of {shape.hidden} units",
        )

    def reading(self, module: Belbes, checkpoint: Checkpoint, options: LoadOptions) -> Reading:
        """Fed as the author did; blank first.

        Raises:
            CheckpointError: there is no such variant, the image has not three channels, or a line of
                another width was asked for than the projection was trained with.
        """
        chosen_variant(self.name, options.variant, VARIANTS)
        shape = module.shape
        check_channels(shape.image_channels, (3,), "BelBES's preprocessing makes color ones")
        if shape.projection is not None and options.keep_ratio:
            raise CheckpointError(
                f"the network's projection was trained with lines of {shape.projection[0] * STRIDE} columns and reads "
                f"no other; leave the line's ratio to be changed"
            )
        steps, details = axis_geometry(module.cnn).steps, {"network": shape.backbone}
        width = WIDTH
        if shape.projection is not None:
            steps, width = (*steps, Mix(*shape.projection)), shape.projection[0] * STRIDE
            details["columns"] = (
                "the projection mixes the whole line into every frame, so that a frame has no columns of its own; "
                "frames are spread evenly over the line"
            )
        resize: Step = Stretch(HEIGHT, width, "opencv linear")
        if options.keep_ratio:
            resize = ResizeToHeight(HEIGHT, "opencv linear", rounding="down", at_least=STRIDE)
        return Reading(
            Preprocess((Color("bgr"), resize, Normalize((0.0,), (1.0,), 1.0))),
            BelbesGeometry(steps),
            class_count=shape.classes,
            layout="TBC",
            alphabet=SYMBOLS,
            details=details,
        )


def _count(shapes: Shapes, key: str) -> int:
    """How many of the keys numbered from 0 are there, without a gap."""
    return next((n for n in range(_MOST_LAYERS) if key.format(n) not in shapes), _MOST_LAYERS)


ADAPTER = BelbesAdapter()
