"""What gateviz's own recognizers are as graphs, told from their configuration alone: layers, weights, geometry."""

from collections.abc import Iterator, Sequence

from gateviz.data.backbones import LAYERED, Backbone, Convolution, Layer
from gateviz.data.crnn import CrnnConfig
from gateviz.data.gates import Direction
from gateviz.errors import CheckpointError
from gateviz.geometry.axis_steps import Window
from gateviz.geometry.receptive import AxisGeometry
from gateviz.graphs.document import GraphLayer

RECURRENT = "recurrent"
"""The module whose layers they are."""
GATES = {"lstm": 4, "gru": 3}
"""Blocks of rows in the weights of a layer."""


def has_graph(config: CrnnConfig) -> bool:
    """Whether gateviz has a graph of the configuration's backbone."""
    return config.backbone in LAYERED


def crnn_layers(config: CrnnConfig) -> tuple[GraphLayer, ...]:
    """The recurrent nodes of the graph, as the layers of torch's one module."""
    if config.recurrent == "none":
        return ()
    ways = (Direction.FORWARD, Direction.BACKWARD) if config.bidirectional else (Direction.FORWARD,)
    return tuple(
        GraphLayer(
            node=layer,
            layer=layer,
            module=RECURRENT,
            kind=config.recurrent,
            directions=ways,
            units=config.hidden_size,
        )
        for layer in range(config.depth)
    )


def crnn_geometry(config: CrnnConfig) -> AxisGeometry:
    """Where the frames look.

    Raises:
        CheckpointError: the backbone is one that gateviz has no graph of.
    """
    steps = []
    for layer in backbone_of(config)[0]:
        if isinstance(layer, Convolution):
            steps.append(Window(layer.kernel[1], 1, layer.padding[1], layer.padding[1]))
        else:
            steps.append(Window(layer.window[1], layer.stride[1], layer.padding[1], layer.padding[1]))
    return AxisGeometry(tuple(steps))


def weight_shapes(config: CrnnConfig) -> dict[str, tuple[int, ...]]:
    """The names and shapes of the network's ``state_dict``.

    Raises:
        CheckpointError: the backbone is one that gateviz has no graph of.
    """
    layers, features = backbone_of(config)
    shapes: dict[str, tuple[int, ...]] = {}
    for place, layer in placed(layers):
        shapes[f"backbone.{place}.weight"] = (layer.outputs, layer.inputs, *layer.kernel)
        if not layer.norm:
            shapes[f"backbone.{place}.bias"] = (layer.outputs,)
            continue
        for name in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"backbone.{place + 1}.{name}"] = (layer.outputs,)
        shapes[f"backbone.{place + 1}.num_batches_tracked"] = ()
    ways = ("", "_reverse") if config.bidirectional else ("",)
    for number in range(config.depth if config.recurrent != "none" else 0):
        rows = config.hidden_size * GATES[config.recurrent]
        for way in ways:
            shapes[f"{RECURRENT}.weight_ih_l{number}{way}"] = (rows, features)
            shapes[f"{RECURRENT}.weight_hh_l{number}{way}"] = (rows, config.hidden_size)
            shapes[f"{RECURRENT}.bias_ih_l{number}{way}"] = (rows,)
            shapes[f"{RECURRENT}.bias_hh_l{number}{way}"] = (rows,)
        features = config.hidden_size * len(ways)
    return shapes | {"head.weight": (config.class_count, features), "head.bias": (config.class_count,)}


def backbone_of(config: CrnnConfig) -> Backbone:
    """The convolutional layers, and the features that come out of them.

    Raises:
        CheckpointError: the backbone is one that gateviz has no graph of.
    """
    if not has_graph(config):
        raise CheckpointError(
            f"gateviz has no ONNX graph of the backbone {config.backbone}, only of {', '.join(LAYERED)}; read it with torch"
        )
    return LAYERED[config.backbone](config.channels, config.height, config.backbone_scale)


def placed(layers: Sequence[Layer]) -> Iterator[tuple[int, Convolution]]:
    """The convolutions, with their places in torch's ``nn.Sequential``."""
    place = 0
    for layer in layers:
        if isinstance(layer, Convolution):
            yield place, layer
            place += 2 + layer.norm
        else:
            place += 1
