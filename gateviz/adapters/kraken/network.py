"""The torch network of a VGSL specification, and which of its LSTMs read along the line."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import nn

from gateviz.adapters.kraken.layers import (
    Addition,
    Beside,
    Convolution,
    Output,
    Recurrent,
    Reshape,
)
from gateviz.adapters.kraken.vgsl import Block, Kind, Specification
from gateviz.capture.receptive_layers import axis_geometry
from gateviz.errors import CheckpointError, GeometryError
from gateviz.geometry.axis_steps import Reach, Step, run
from gateviz.geometry.receptive import AxisGeometry
from gateviz.networks.blocks import Chain

_AXES = {1: 2, 3: 1}
"""VGSL's axes (1 height, 3 channels) in the plane; batch and width stay alone here."""


@dataclass(frozen=True)
class Place:
    """A place between two layers.

    Attributes:
        channels: features there.
        height: rows there.
        across: what happened so far along the line.
    """

    channels: int
    height: int
    across: tuple[Step, ...] = ()


class VgslNetwork(nn.Module):
    """The network of a specification: (B, C, H, W) to logits (B, T, classes).

    Args:
        specification: as it was parsed.

    Attributes:
        geometry: where its frames look.
        layer_geometries: where the frames look that each LSTM along the line is given, by its name.
        classes: labels with the blank.
        traced: names of the LSTMs that read along the line, one frame a step.
        other_lstms: names of the others: along the columns of the image, or of other frames.

    Raises:
        CheckpointError: it is no line recognizer with LSTMs, or a layer cannot stand where it stands.
    """

    def __init__(self, specification: Specification) -> None:
        super().__init__()
        if specification.height < 1:
            raise CheckpointError("this network takes images of any height, and a line recognizer has one height")
        builder = _Builder()
        start = Place(specification.channels, specification.height)
        last = specification.blocks[-1]
        if last.kind is not Kind.OUTPUT or not last.mode.startswith("1c"):
            raise CheckpointError(
                f"this network ends in {last.text!r}, and a line recognizer ends in a CTC output such as O1c59; "
                f"heat maps (O2) are kraken's segmentation models, which read no text"
            )
        layers, end = builder.chain(specification.blocks, start, "nn.")
        self.nn = nn.Sequential(OrderedDict(layers))
        self.classes = end.channels
        try:
            self.geometry = AxisGeometry(end.across)
            narrowest = self.geometry.minimum_width
            wide = 4 * narrowest + 64
            along_line = [name for name, place in builder.lstms.items() if place is not None and place.height == 1]
            self.layer_geometries = {
                name: AxisGeometry(place.across)
                for name, place in builder.lstms.items()
                if place is not None
                and name in along_line
                and all(_same_pace(run(place.across, Reach(w)), run(end.across, Reach(w))) for w in (narrowest, wide))
            }
        except GeometryError as error:
            raise CheckpointError(f"the layers of this network do not fit each other: {error}") from error
        if end.height != 1 or run(end.across, Reach(wide)).length < 2:
            raise CheckpointError(
                f"this network leaves {end.height} rows of its {specification.height}, and not one frame after the other "
                f"along the line, so that it gives no text"
            )
        if not along_line:
            raise CheckpointError(
                "this network has no LSTM that reads along the line, and gates are all there is to show"
            )
        if not self.layer_geometries:
            raise CheckpointError(
                f"none of the LSTMs along the line of this network ({', '.join(along_line)}) has a frame for every frame of "
                f"the output: something between changes their number, and gates are shown under the text's own frames"
            )
        self.traced = tuple(self.layer_geometries)
        self.other_lstms = tuple(name for name in builder.lstms if name not in self.layer_geometries)

    def forward(self, pixels: Float[torch.Tensor, "B C H W"]) -> Float[torch.Tensor, "B T classes"]:
        """Logits of every class at every frame."""
        plane: torch.Tensor = self.nn(pixels)
        return plane.squeeze(2).transpose(1, 2)


def _same_pace(one: Reach, other: Reach) -> bool:
    """True if both have as many frames at one distance, wherever each looks."""
    return (one.length, one.stride) == (other.length, other.stride)


class _Builder:
    """Makes layers of blocks, and keeps where each LSTM was met: None for one that does not read along the line."""

    def __init__(self) -> None:
        self.lstms: dict[str, Place | None] = {}

    def chain(self, blocks: tuple[Block, ...], place: Place, prefix: str) -> tuple[dict[str, nn.Module], Place]:
        """The layers of a series by their names, and the place behind them."""
        layers: dict[str, nn.Module] = {}
        for block in blocks:
            self._check_name(block, layers)
            layers[block.name], place = self._layer(block, place, f"{prefix}{block.name}")
        return layers, place

    def _check_name(self, block: Block, taken: Mapping[str, object]) -> None:
        if block.name in taken or hasattr(nn.Sequential, block.name):
            raise CheckpointError(
                f"the layer {block.text!r} of this network has the name {block.name!r}, which is taken"
            )

    def _layer(self, block: Block, place: Place, path: str) -> tuple[nn.Module, Place]:
        if block.kind is Kind.SERIES:
            layers, behind = self.chain(block.children, place, f"{path}.")
            return nn.Sequential(OrderedDict(layers)), behind
        if block.kind is Kind.PARALLEL:
            return self._beside(block, place, path)
        layer, channels, height = self._single(block, place, path)
        if height < 1 or channels < 1:
            raise CheckpointError(
                f"the layer {block.text!r} leaves {channels} channels and {height} rows of {place.channels} and {place.height}"
            )
        return layer, Place(channels, height, (*place.across, *axis_geometry(layer).steps))

    def _beside(self, block: Block, place: Place, path: str) -> tuple[nn.Module, Place]:
        made: dict[str, tuple[nn.Module, Place]] = {}
        for child in block.children:
            self._check_name(child, made)
            made[child.name] = self._layer(child, place, f"{path}.{child.name}")
        layer = Beside({name: built for name, (built, _) in made.items()})
        heights = {behind.height for _, behind in made.values()}
        if len(heights) > 1:
            raise CheckpointError(
                f"layers beside one another leave {', '.join(map(str, sorted(heights)))} rows, and should leave as many each"
            )
        channels = sum(behind.channels for _, behind in made.values())
        return layer, Place(channels, heights.pop(), (*place.across, *axis_geometry(layer).steps))

    def _single(self, block: Block, place: Place, path: str) -> tuple[nn.Module, int, int]:
        """A layer, and the channels and rows behind it."""
        if block.kind in (Kind.LSTM, Kind.LSTM_AS_GRU):
            return self._lstm(block, place, path)
        if block.kind is Kind.CONVOLUTION:
            return _convolution(block, place)
        if block.kind is Kind.MAX_POOL:
            kernel, stride = block.numbers[:2], (block.numbers[2:] or block.numbers[:2])
            _check_positive(block)
            pool = nn.MaxPool2d((kernel[0], kernel[1]), (stride[0], stride[1]))
            return pool, place.channels, (place.height - kernel[0]) // stride[0] + 1
        if block.kind is Kind.GROUP_NORM:
            (groups,) = block.numbers
            if groups < 1 or place.channels % groups:
                raise CheckpointError(f"the layer {block.text!r} cannot divide {place.channels} channels by {groups}")
            return Chain(layer=nn.GroupNorm(groups, place.channels)), place.channels, place.height
        if block.kind is Kind.RESHAPE:
            return _reshape(block, place)
        if block.kind is Kind.ADDITION:
            return _addition(block, place)
        if block.kind is Kind.OUTPUT:
            (classes,) = block.numbers
            return Output(place.channels, classes, with_ones="a" in block.mode), classes, place.height
        # Dropout, which evaluation leaves out, and the identity.
        return nn.Identity(), place.channels, place.height

    def _lstm(self, block: Block, place: Place, path: str) -> tuple[nn.Module, int, int]:
        if block.mode.endswith("o"):
            raise CheckpointError(
                f"the layer {block.text!r} has peepholes (a model of ocropy, converted), which torch's LSTM has not; "
                f"load a model that kraken itself trained"
            )
        _check_positive(block)
        (units,) = block.numbers
        both_ways, down, last_step = block.mode[0] == "b", block.mode[1] == "y", "s" in block.mode
        layer = Recurrent(
            place.channels,
            units,
            both_ways=both_ways,
            down=down,
            last_step=last_step,
            with_ones=block.mode.endswith("c"),
        )
        self.lstms[f"{path}.layer"] = None if down or last_step else place
        return layer, units * (2 if both_ways else 1), 1 if down and last_step else place.height


def _check_positive(block: Block) -> None:
    if 0 in block.numbers:
        raise CheckpointError(f"the layer {block.text!r} has a size of 0")


def _convolution(block: Block, place: Place) -> tuple[nn.Module, int, int]:
    if block.mode.startswith("T"):
        raise CheckpointError(
            f"the layer {block.text!r} is a transposed convolution, whose frames have no one place along the line; "
            f"such networks are kraken's segmentation models, which read no text"
        )
    _check_positive(block)
    rows, columns, outputs, *rest = block.numbers
    stride = (rest[0], rest[1]) if rest else (1, 1)
    dilation = (rest[2], rest[3]) if len(rest) > 2 else (1, 1)
    layer = Convolution(
        place.channels, outputs, kernel=(rows, columns), stride=stride, dilation=dilation, activation=block.mode
    )
    reach = dilation[0] * (rows - 1)
    return layer, outputs, (place.height + 2 * (reach // 2) - reach - 1) // stride[0] + 1


def _reshape(block: Block, place: Place) -> tuple[nn.Module, int, int]:
    """S<axis>(<a>x<b>)<high>,<low>: a goes to the axis high, b to low; one of the two is where they come from."""
    axis, first, second, high, low = block.numbers
    if {axis, high, low} - set(_AXES) or axis not in (high, low) or not (first or second):
        raise CheckpointError(
            f"the layer {block.text!r} moves what gateviz cannot follow: rows and channels (1 and 3) may change places, "
            f"and at most one of the two parts is open (0)"
        )
    sizes = {1: place.height, 3: place.channels}
    # A part of 0 takes what the other leaves.
    parts = (first or sizes[axis] // second, second or sizes[axis] // first)
    if parts[0] * parts[1] != sizes[axis]:
        raise CheckpointError(f"the layer {block.text!r} cannot divide {sizes[axis]} by {first or second}")
    moved = 0 if high != axis else 1
    target = high if high != axis else low
    layer = Reshape(_AXES[axis], parts, moved, _AXES[target])
    if target == axis:
        return layer, place.channels, place.height
    sizes[target] *= parts[moved]
    sizes[axis] = parts[1 - moved]
    return layer, sizes[3], sizes[1]


def _addition(block: Block, place: Place) -> tuple[nn.Module, int, int]:
    axis, size = block.numbers
    if axis not in _AXES or size < 1:
        raise CheckpointError(
            f"the layer {block.text!r} sums along what gateviz cannot follow; rows and channels (1 and 3) may be summed"
        )
    layer = Addition(_AXES[axis], size)
    have = place.height if axis == 1 else place.channels
    if have < size:
        raise CheckpointError(f"the layer {block.text!r} needs {size} entries and finds {have}")
    return (layer, place.channels, size) if axis == 1 else (layer, size, place.height)
