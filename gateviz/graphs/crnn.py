"""gateviz's own recognizers as ONNX graphs, from their configuration and weights alone.

The graph is that of ``networks.crnn.CRNN``: (B, channels, height, W) to logits (B, T, C), any B and W. Batch norms are folded
into the convolutions before them, which changes the logits by rounding alone.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float32

from gateviz.data.backbones import Convolution, Layer
from gateviz.data.crnn import CrnnConfig
from gateviz.graphs.crnn_shape import RECURRENT, backbone_of, placed
from gateviz.graphs.plain_writer import GraphWriter

if TYPE_CHECKING:
    import onnx

Weights = Mapping[str, np.ndarray]

INPUT, OUTPUT = "image", "logits"
_EPSILON = 1e-5
"""Of ``nn.BatchNorm2d``."""

_CHUNKS = {"lstm": (0, 3, 1, 2), "gru": (1, 0, 2)}
"""torch's chunks (i f g o, r z n) in the order of ONNX (i o f c, z r h)."""


def crnn_graph(config: CrnnConfig, weights: Weights) -> "onnx.ModelProto":
    """The graph of a network, to be worked on.

    Args:
        config: how it is put together.
        weights: as ``crnn_content`` takes them.

    Raises:
        CheckpointError: the backbone is one that gateviz has no graph of.
    """
    import onnx

    return onnx.load_from_string(crnn_content(config, weights))


def crnn_content(config: CrnnConfig, weights: Weights) -> bytes:
    """The graph of a network, as the bytes of its file.

    Args:
        config: how it is put together.
        weights: by their names in torch's ``state_dict``, with the shapes that ``weight_shapes`` says.

    Raises:
        CheckpointError: the backbone is one that gateviz has no graph of.
    """
    layers, _ = backbone_of(config)
    write = GraphWriter("crnn/")
    write.input(INPUT, ("batch", config.channels, config.height, "width"))
    value = _convolved(write, layers, weights)
    # (B, D, 1, T) to frames first, as recurrent nodes take them.
    value = write.node("Squeeze", value, write.constant([2]))
    value = write.node("Transpose", value, perm=[2, 0, 1])
    for layer in range(config.depth if config.recurrent != "none" else 0):
        value = _recurrent(write, config, weights, (value, layer))
    _classified(write, write.node("Transpose", value, perm=[1, 0, 2]), weights)
    write.output(OUTPUT, ("batch", "frames", config.class_count))
    return write.content()


def _convolved(write: GraphWriter, layers: Sequence[Layer], weights: Weights) -> str:
    value, places = INPUT, iter(placed(layers))
    for layer in layers:
        if isinstance(layer, Convolution):
            place, _ = next(places)
            kernel, bias = _folded(weights, place, norm=layer.norm)
            names = [write.constant(kernel, f"backbone.{place}.weight"), write.constant(bias, f"backbone.{place}.bias")]
            rows, columns = layer.padding
            value = write.node(
                "Conv", value, *names, kernel_shape=list(layer.kernel), pads=[rows, columns, rows, columns]
            )
            value = write.node("Relu", value)
        else:
            rows, columns = layer.padding
            value = write.node(
                "MaxPool",
                value,
                kernel_shape=list(layer.window),
                strides=list(layer.stride),
                pads=[rows, columns, rows, columns],
            )
    return value


def _folded(
    weights: Weights, place: int, *, norm: bool
) -> tuple[Float32[np.ndarray, "D C rows columns"], Float32[np.ndarray, " D"]]:
    """A convolution's kernel and bias, its batch norm folded in (in float64: the scale may be large)."""
    kernel = weights[f"backbone.{place}.weight"]
    if not norm:
        return kernel.astype(np.float32), weights[f"backbone.{place}.bias"].astype(np.float32)
    gain, bias, mean, variance = (
        weights[f"backbone.{place + 1}.{name}"].astype(np.float64)
        for name in ("weight", "bias", "running_mean", "running_var")
    )
    scale = gain / np.sqrt(variance + _EPSILON)
    return (kernel * scale[:, None, None, None]).astype(np.float32), (bias - mean * scale).astype(np.float32)


def _recurrent(write: GraphWriter, config: CrnnConfig, weights: Weights, given: tuple[str, int]) -> str:
    """One layer on the value that it is given; (T, B, D) to (T, B, directions x H)."""
    value, layer = given
    ways = ("", "_reverse") if config.bidirectional else ("",)

    def stacked(name: str) -> np.ndarray:
        return np.stack([_in_order(weights[f"{RECURRENT}.{name}_l{layer}{way}"], config.recurrent) for way in ways])

    bias = np.concatenate([stacked("bias_ih"), stacked("bias_hh")], axis=1)
    names = [
        write.constant(array, f"{RECURRENT}.{layer}.{name}")
        for name, array in (("W", stacked("weight_ih")), ("R", stacked("weight_hh")), ("B", bias))
    ]
    attributes: dict[str, Any] = {"linear_before_reset": 1} if config.recurrent == "gru" else {}
    states = write.node(
        config.recurrent.upper(),
        value,
        *names,
        hidden_size=config.hidden_size,
        direction="bidirectional" if config.bidirectional else "forward",
        **attributes,
    )
    side_by_side = write.node("Transpose", states, perm=[0, 2, 1, 3])
    return write.node("Reshape", side_by_side, write.constant([0, 0, config.hidden_size * len(ways)]))


def _classified(write: GraphWriter, value: str, weights: Weights) -> None:
    """The logits of (B, T, D): as one product of all frames, to which the bias is added on the way."""
    classes, features = weights["head.weight"].shape
    names = [write.constant(weights[f"head.{name}"], f"head.{name}") for name in ("weight", "bias")]
    frames = write.node("Reshape", value, write.constant([-1, features]))
    logits = write.node("Gemm", frames, *names, transB=1)
    lines = write.node("Slice", write.node("Shape", value), write.constant([0]), write.constant([2]))
    shape = write.node("Concat", lines, write.constant([classes]), axis=0)
    write.node("Reshape", logits, shape, name=OUTPUT)


def _in_order(stacked: np.ndarray, kind: str) -> np.ndarray:
    """Rows of all gates in the order of ONNX."""
    chunks = np.split(stacked, len(_CHUNKS[kind]))
    return np.concatenate([chunks[place] for place in _CHUNKS[kind]])
