"""What a graph is fed (the sizes of its input, how a line image is brought to them), and what a run on noise shows of it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import torch

from gateviz.adapters.core.lineage import Output, output_kind
from gateviz.adapters.core.options import LoadOptions
from gateviz.adapters.onnx.columns import PROBE_WIDTH
from gateviz.adapters.onnx.graph import OnnxGraph, Port
from gateviz.adapters.onnx.network import InputLayout, OnnxNetwork
from gateviz.errors import CheckpointError
from gateviz.files import budget
from gateviz.geometry.canvas import Normalize, PadToWidth, Step
from gateviz.geometry.line_sizes import PADDLE_HEIGHT, PADDLE_WIDTH, PaddleResize
from gateviz.geometry.preprocess import WIDEST, Color, Gray, Preprocess, ResizeToHeight, Stretch

VARIANTS = ("plain", "blank-last", "paddle")


@dataclass(frozen=True)
class LineInput:
    """The input of a graph.

    Attributes:
        channels: 1 or 3.
        height: rows.
        width: columns; None where the graph takes any number.
        layout: where the channels stand.
    """

    channels: int
    height: int
    width: int | None
    layout: InputLayout

    @property
    def width_axis(self) -> int:
        """The axis of the graph's input that holds the columns."""
        return 3 if self.layout == "channels first" else 2


def line_input(graph: OnnxGraph, options: LoadOptions, variant: str) -> LineInput:
    """The sizes of a graph's input, as the graph, its metadata or the user says.

    Raises:
        CheckpointError: they disagree, or nobody says how many rows or channels there are.
    """
    (port,) = graph.inputs
    layout = _layout(port, options)
    axes = {"channels first": (1, 2, 3), "channels last": (3, 1, 2), "no channels": (None, 1, 2)}[layout]
    channels, height, width = (None if axis is None else port.dims[axis] for axis in axes)
    of_metadata = _shape_in(graph.metadata)
    if layout == "no channels":
        channels = 1
    usual = PADDLE_HEIGHT if variant == "paddle" else None
    height = _settled("height", port, height, options.height, (of_metadata[1], usual))
    channels = _settled(
        "channels", port, channels, options.channels, (of_metadata[0], 3 if variant == "paddle" else None)
    )
    if channels not in (1, 3):
        raise CheckpointError(
            f"the graph takes images of {channels} channels ({port.words}), and a line image has 1 (gray) or 3 (color); "
            f"its author's preprocessing is needed"
        )
    # Where the width is left open, lines of so many columns are tried.
    numbers = channels * height * (width or PROBE_WIDTH)
    budget.INPUT_NUMBERS.check(numbers, f"a line of {port.words}")
    return LineInput(channels, height, width, layout)


def _layout(port: Port, options: LoadOptions) -> InputLayout:
    if len(port.dims) == 3:
        return "no channels"
    first, last = port.dims[1], port.dims[3]
    wanted = (1, 3) if options.channels is None else (options.channels,)
    return "channels last" if last in wanted and first not in wanted else "channels first"


def _settled(name: str, port: Port, found: int | None, given: int | None, others: tuple[int | None, ...]) -> int:
    """The graph's own number; where it leaves it open, the user's, the metadata's or the lineage's.

    Raises:
        CheckpointError: the user says another number than the graph, or nobody says one.
    """
    if found is not None and given is not None and found != given:
        raise CheckpointError(
            f"a {name} of {given} was asked for, and the graph takes {found} ({port.words}); leave it out"
        )
    for number in (found, given, *others):
        if number is not None:
            return number
    raise CheckpointError(
        f"the graph takes images of {port.words} (lines x channels x height x width) and does not say its {name}; give it"
    )


def _shape_in(metadata: Mapping[str, str]) -> tuple[int | None, int | None]:
    """Channels and height by the metadata ``shape``, such as ``[3,48,320]``; None where it does not say."""
    try:
        shape = json.loads(metadata.get("shape", "null"))
    except (ValueError, RecursionError):
        return None, None
    if isinstance(shape, list) and len(shape) == 3 and all(type(size) is int and 0 < size <= WIDEST for size in shape):
        return shape[0], shape[1]
    return None, None


def recipe_of(line: LineInput, options: LoadOptions, variant: str) -> Preprocess:
    """How line images are prepared for a graph.

    Raises:
        CheckpointError: the mean or the std is not one number, or one a channel.
    """
    normalize = Normalize(*options.levels(line.channels))
    if variant == "paddle":
        paint: Step = Gray("opencv") if line.channels == 1 else Color("bgr")
        if line.width is not None:
            resize: Step = ResizeToHeight(line.height, "opencv linear", at_most=line.width)
            return Preprocess((paint, resize, normalize, PadToWidth(line.width, fill=0.0)))
        resize = PaddleResize(line.height, PADDLE_WIDTH)
        return Preprocess((paint, resize, normalize, PadToWidth(PADDLE_WIDTH, fill=0.0)))
    paint = Gray("pillow") if line.channels == 1 else Color("rgb")
    if line.width is None:
        return Preprocess((paint, ResizeToHeight(line.height, "pillow bilinear", at_least=line.height), normalize))
    if options.keep_ratio:
        resize = ResizeToHeight(line.height, "pillow bilinear", at_least=1, at_most=line.width)
        return Preprocess((paint, resize, normalize, PadToWidth(line.width, fill=0.0)))
    return Preprocess((paint, Stretch(line.height, line.width, "pillow bilinear"), normalize))


_PROBE_LINES = 2


@dataclass(frozen=True)
class Trial:
    """What a run on noise shows.

    Attributes:
        axes: where frames, lines and classes stand in the graph's output.
        class_count: C.
        output: what the graph's numbers are.
        along_line: which recurrent nodes read along the line.
    """

    axes: tuple[int, int, int]
    class_count: int
    output: Output
    along_line: tuple[bool, ...]


def tried(network: OnnxNetwork, line: LineInput) -> Trial:
    """What a run on lines of noise shows.

    Raises:
        CheckpointError: the graph does not take them, or its output has no axis of frames.
    """
    shape = (_PROBE_LINES, line.channels, line.height, line.width or PROBE_WIDTH)
    images = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    runs: list[tuple[int, int]] = []
    hooks = [
        module.layer.register_forward_hook(lambda layer, given, made: runs.append(tuple(made[0].shape[:2])))
        for module in network.recurrent_nodes
    ]
    try:
        with torch.no_grad():
            found = network.outputs(images)[0]
    finally:
        for hook in hooks:
            hook.remove()
    axes = _axes(tuple(found.shape), {frames for frames, lines in runs if lines == _PROBE_LINES})
    frames = found.shape[axes[0]]
    numbers = found.permute(axes)
    along = tuple(run == (frames, _PROBE_LINES) for run in runs)
    return Trial(axes, found.shape[axes[2]], output_kind(numbers), along)


def _axes(shape: tuple[int, ...], frames: set[int]) -> tuple[int, int, int]:
    """Where frames, lines and classes stand; the classes last where that may be.

    Raises:
        CheckpointError: no axis has as many positions as a recurrent layer has frames.
    """
    orders = ((0, 1, 2), (1, 0, 2), (2, 0, 1), (0, 2, 1))
    for order in orders:
        if len(shape) == 3 and shape[order[0]] in frames and shape[order[1]] == 1:
            return order
    raise CheckpointError(
        f"its output for one line is {' x '.join(map(str, shape))}, and its recurrent layers read "
        f"{' or '.join(map(str, sorted(frames))) or 'no'} frames of it; gateviz reads frames x 1 x classes or "
        f"1 x frames x classes"
    )
