"""What an exported file says of a recognizer beside its graph: the recipe, the alphabet, where frames look, which node is which layer."""

from typing import TYPE_CHECKING

from gateviz.capture.ctc_recognizer import CtcRecognizer
from gateviz.conversion.torch_graph import WEIGHTS
from gateviz.errors import CheckpointError
from gateviz.geometry.receptive import AxisGeometry
from gateviz.graphs.document import GraphDocument, GraphLayer
from gateviz.graphs.recurrent_nodes import RecurrentNode, recurrent_nodes
from gateviz.lines.recognizer import Geometry

if TYPE_CHECKING:
    import onnx

_RECURRENT_WEIGHTS = 2


def described(recognizer: CtcRecognizer, graph: "onnx.ModelProto") -> GraphDocument:
    """The document of a recognizer whose graph ``torch_graph.graph_of`` made.

    Layers have the numbers that recordings of the torch network give them: in the order in which their modules run, and
    within a module from the first to the last.

    Args:
        recognizer: of any lineage.
        graph: of its network, without gates.

    Raises:
        CheckpointError: where its frames look was measured, and follows no rule that a file can hold; or a layer runs
            several times on one line.
    """
    card = recognizer.card
    return GraphDocument(
        alphabet=recognizer.alphabet,
        preprocess=recognizer.preprocess,
        geometry=_rule(recognizer.geometry, "the posteriors"),
        layout="BTC",
        output=recognizer.output,
        layers=_layers(recognizer, graph),
        lineage=card.lineage,
        checkpoint=card.checkpoint,
        checkpoint_sha256=card.checkpoint_sha256,
        details=dict(card.details),
    )


def _layers(recognizer: CtcRecognizer, graph: "onnx.ModelProto") -> tuple[GraphLayer, ...]:
    along = recognizer.traced_modules
    found: dict[str, list[tuple[int, RecurrentNode]]] = {}
    for node in recurrent_nodes(graph):
        module, _, depth = node.node.input[_RECURRENT_WEIGHTS].removeprefix(WEIGHTS).rpartition(".weight_hh")
        if along is None or module in along:
            found.setdefault(module, []).append((int(depth), node))
    layers: list[GraphLayer] = []
    for module, nodes in found.items():
        if len({depth for depth, _ in nodes}) < len(nodes):
            raise CheckpointError(
                f"the layer {module} runs several times on one line; export a network that runs it once"
            )
        own = recognizer.layer_geometries.get(module)
        for _, node in sorted(nodes, key=lambda each: each[0]):
            layers.append(
                GraphLayer(
                    node=node.layer,
                    layer=len(layers),
                    module=module,
                    kind=node.kind,
                    directions=node.directions,
                    units=node.units,
                    geometry=None if own is None else _rule(own, module),
                )
            )
    return tuple(layers)


def _rule(geometry: Geometry, whose: str) -> AxisGeometry:
    """A geometry as the rule it follows.

    Raises:
        CheckpointError: it was measured.
    """
    if not isinstance(geometry, AxisGeometry):
        raise CheckpointError(
            f"where the frames of {whose} look was measured on the network and follows no rule that a file can hold; "
            f"build it of layers whose geometry gateviz knows (convolutions, pooling)"
        )
    return AxisGeometry(geometry.steps)
