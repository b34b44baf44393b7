"""The torch network of a model, and which of its layers read along the line."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import nn

from gateviz.adapters.tesseract.activations import to_int8_steps
from gateviz.adapters.tesseract.axes import is_summed
from gateviz.adapters.tesseract.builder import IMAGE, SOFTMAXES, LayerBuilder
from gateviz.adapters.tesseract.layers import Chain, NoiseStream
from gateviz.adapters.tesseract.preprocess import TALLEST_FREE, WIDEST
from gateviz.adapters.tesseract.records import Kind, Record
from gateviz.errors import CheckpointError, GeometryError
from gateviz.geometry.axis_steps import Reach
from gateviz.geometry.receptive import AxisGeometry

TALLEST_INPUT = 1024
"""A network input of more rows than this is taken for damage."""

_WIDE = 4096
"""A width, beside the least one, at which layers are compared with the output."""


class TesseractNetwork(nn.Module):
    """Log probabilities of a batch of lines; every line gets the noise it would get alone.

    Args:
        chain: the layers.
        columns_as_features: True for networks whose input is one row of pixel columns (VGSL height 1).
        sample_iteration: seeds the noise.
        int8: True for int8 networks.
    """

    def __init__(self, chain: Chain, *, columns_as_features: bool, sample_iteration: int, int8: bool) -> None:
        super().__init__()
        self.layers = chain.layers
        self.columns_as_features = columns_as_features
        self.sample_iteration = sample_iteration
        self.int8 = int8

    def forward(self, pixels: Float[torch.Tensor, "B channels height width"]) -> Float[torch.Tensor, "B T C"]:
        """Log probabilities in float32.

        Raises:
            GeometryError: more than one row is left, for networks that take any height.
        """
        plane = (to_int8_steps(pixels.float()) if self.int8 else pixels.float()).permute(0, 2, 3, 1)
        if self.columns_as_features:
            plane = plane.permute(0, 3, 2, 1)
        noise = NoiseStream(self.sample_iteration, int8=self.int8)
        for layer in self.layers.values():
            plane = layer(plane, noise)
        if plane.shape[1] != 1:
            raise GeometryError(
                f"the network leaves {plane.shape[1]} rows of an image of {pixels.shape[2]}; give an image of another height"
            )
        return plane[:, 0]


@dataclass(frozen=True)
class BuiltNetwork:
    """A network and what is known of its LSTMs.

    Attributes:
        module: the network, in evaluation mode.
        height: rows of its input; 0 takes images as they are, up to 48 rows.
        channels: of its input, 1 or 3.
        geometry: where its frames look.
        layer_geometries: where the frames look that each of ``traced`` is given, by its name.
        traced: names of the LSTMs that read along the line, one frame a step, in network order.
        backward: those of them that read from right to left.
        other_lstms: names of the others: along the columns of the image, or not frame by frame.
    """

    module: TesseractNetwork
    height: int
    channels: int
    geometry: AxisGeometry
    layer_geometries: dict[str, AxisGeometry]
    traced: tuple[str, ...]
    backward: frozenset[str]
    other_lstms: tuple[str, ...]


def build_network(record: Record, *, int8: bool, sample_iteration: int) -> BuiltNetwork:
    """The torch network of a record tree.

    Raises:
        CheckpointError: the network is no line recognizer: no image input, no CTC output, or no frames.
    """
    height, rows, channels = _input_of(record)
    last = record.children[-1]
    if stray := next((layer for layer in _layers_of(record) if layer.kind in SOFTMAXES and layer is not last), None):
        raise CheckpointError(
            f"this network has {stray.kind} {stray.name!r} before its end; such networks are not supported"
        )
    if last.kind is not Kind.SOFTMAX:
        raise CheckpointError(
            f"this network ends in {last.kind} {last.name!r} and not in a CTC softmax; its output is no sequence of characters"
        )
    builder = LayerBuilder(int8, height or TALLEST_FREE)
    try:
        layers, end = builder.chain(record.children, IMAGE, "layers.")
        geometry = AxisGeometry(end.across)
        final = end.column_reach(geometry.minimum_width)
        remaining = end.row_count(builder.height)
    except GeometryError as error:
        raise CheckpointError(f"the layers of this network do not fit each other: {error}") from error
    if remaining != 1 or is_summed(end.across):
        raise CheckpointError(
            f"this network leaves {remaining} rows and {final.length} columns of its input; it gives no sequence of frames along the line"
        )
    traced = tuple(
        name
        for name, met in builder.lstms.items()
        if met.columns.axis == "x"
        and met.row_count(builder.height) == 1
        and all(_same_pace(met.column_reach(w), end.column_reach(w)) for w in (geometry.minimum_width, _WIDE))
    )
    module = TesseractNetwork(
        Chain(layers), columns_as_features=height == 1, sample_iteration=sample_iteration, int8=int8
    )
    return BuiltNetwork(
        module=module.eval().requires_grad_(False),
        height=rows,
        channels=channels,
        geometry=geometry,
        layer_geometries={name: AxisGeometry(builder.lstms[name].across) for name in traced},
        traced=traced,
        backward=frozenset(name for name in traced if builder.lstms[name].columns.backward),
        other_lstms=tuple(name for name in builder.lstms if name not in traced),
    )


def _layers_of(record: Record) -> Iterator[Record]:
    yield record
    for child in record.children:
        yield from _layers_of(child)


def _input_of(record: Record) -> tuple[int, int, int]:
    """The height in the specification, the rows and the channels of the images that a network takes."""
    head = record.children[0] if record.kind is Kind.SERIES else record
    if head.kind is not Kind.INPUT or len(record.children) < 2:
        raise CheckpointError(
            f"this network begins with {head.kind} {head.name!r}; a line recognizer begins with an image input"
        )
    _, height, width, depth, _ = head.numbers
    rows, channels = (depth, 1) if height == 1 else (height, depth)
    if not (height >= 0 and 0 <= rows <= TALLEST_INPUT and channels in (1, 3) and 0 <= width <= WIDEST):
        raise CheckpointError(
            f"this network takes images of height {height}, width {width} and depth {depth}; gateviz knows gray and color "
            f"images of up to {TALLEST_INPUT} rows and {WIDEST} columns"
        )
    if head.outputs != depth:
        raise CheckpointError(
            f"this network takes images of depth {depth} and hands on {head.outputs} features of a pixel"
        )
    return height, rows, channels


def _same_pace(one: Reach, other: Reach) -> bool:
    """True if both have as many frames at one distance, wherever each looks."""
    return (one.length, one.stride) == (other.length, other.stride)
