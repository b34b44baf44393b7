"""The LSTM and GRU nodes of an ONNX graph: which layers they are, and which of them are beyond gateviz."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import onnx
from onnx import helper

from gateviz.data.gates import Direction, Quantity
from gateviz.errors import CheckpointError
from gateviz.graphs.recurrent_kinds import KINDS, QUANTITIES, ROUNDED_DOMAIN, ROUNDED_LSTM

_DIRECTIONS = {
    "forward": (Direction.FORWARD,),
    "reverse": (Direction.BACKWARD,),
    "bidirectional": (Direction.FORWARD, Direction.BACKWARD),
}
_ACTIVATIONS = {"lstm": ["sigmoid", "tanh", "tanh"], "gru": ["sigmoid", "tanh"]}
_BIAS, _LENGTHS, _STATE, _CELL, _PEEPHOLES = 3, 4, 5, 6, 7
_OPSET = 13
"""First opset whose Split, Squeeze and Unsqueeze take what they need as inputs."""


@dataclass(frozen=True, eq=False)
class RecurrentNode:
    """One recurrent node: a layer in one direction or both.

    Attributes:
        layer: its number among the graph's recurrent nodes, in the order they run.
        kind: ``lstm`` or ``gru``.
        node: as it stands in the graph.
        directions: in the order of the node's second axis.
        units: H.
    """

    layer: int
    kind: str
    node: onnx.NodeProto
    directions: tuple[Direction, ...]
    units: int

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """What it computes."""
        return QUANTITIES[self.kind]

    @property
    def rounded(self) -> bool:
        """Whether its weights are int8, and it rounds what it is given (``graphs.rounding``)."""
        return self.node.op_type == ROUNDED_LSTM

    @property
    def words(self) -> str:
        """What messages call it."""
        name = self.node.name or next(filter(None, self.node.output), "")
        return f"the {self.node.op_type} node {name!r}"

    def attribute(self, name: str, otherwise: Any) -> Any:
        """What an attribute holds."""
        found = [helper.get_attribute_value(each) for each in self.node.attribute if each.name == name]
        return found[0] if found else otherwise

    def input(self, place: int) -> str:
        """The name of what it is given in a place; empty where that was left out."""
        return self.node.input[place] if place < len(self.node.input) else ""

    @property
    def bias(self) -> str:
        """The stored biases; empty where there are none."""
        return self.input(_BIAS)

    @property
    def first_state(self) -> str:
        """The hidden state before the first frame; empty where it is zero."""
        return self.input(_STATE)

    @property
    def first_cell(self) -> str:
        """The cell state before the first frame; empty where it is zero."""
        return self.input(_CELL) if self.kind == "lstm" else ""


def recurrent_nodes(model: onnx.ModelProto) -> tuple[RecurrentNode, ...]:
    """The recurrent nodes of a graph in the order they run, each one whose gates can be worked out.

    Raises:
        CheckpointError: a node does what gateviz does not follow, or lies inside a loop or a branch.
    """
    found: list[RecurrentNode] = []
    for node in model.graph.node:
        if is_recurrent(node):
            found.append(_recurrent_node(model, node, len(found)))
        elif any(_holds_recurrent(each) for each in node.attribute):
            raise CheckpointError(
                f"the {node.op_type} node {node.name!r} runs an LSTM or GRU inside it, whose gates no output can show; "
                f"export the network without loops and branches"
            )
    if found and (opset := opset_of(model)) < _OPSET:
        raise CheckpointError(
            f"the graph is of opset {opset}, and gates are added to those of opset {_OPSET} and later; export it again"
        )
    return tuple(found)


def is_recurrent(node: onnx.NodeProto) -> bool:
    """Whether a node is an LSTM or a GRU, in float or in int8."""
    domains = (ROUNDED_DOMAIN,) if node.op_type == ROUNDED_LSTM else ("", "ai.onnx")
    return node.op_type in KINDS and node.domain in domains


def opset_of(model: onnx.ModelProto) -> int:
    """The version of the standard operators that a graph is written in; 0 where it does not say."""
    return max((each.version for each in model.opset_import if each.domain in ("", "ai.onnx")), default=0)


def _recurrent_node(model: onnx.ModelProto, node: onnx.NodeProto, layer: int) -> RecurrentNode:
    kind = KINDS[node.op_type]
    bare = RecurrentNode(layer, kind, node, (), 0)
    way = bare.attribute("direction", b"forward").decode("utf-8", "replace")
    units = int(bare.attribute("hidden_size", 0))
    if way not in _DIRECTIONS or units < 1:
        raise CheckpointError(
            f"{bare.words} reads {way!r} with {units} units, which no such node does; export it again"
        )
    for odd in _oddities(bare, len(_DIRECTIONS[way])):
        raise CheckpointError(f"{bare.words} has {odd}, whose gates gateviz does not work out; export it without")
    shapes = {each.name: list(each.dims) for each in model.graph.initializer}
    recurrent = shapes.get(node.input[2]) if len(node.input) > 2 else None
    # (D, 4 H, H); an int8 node has them turned.
    given = None if recurrent is None else recurrent[1:2] if bare.rounded else recurrent[-1:]
    if given not in (None, [units]):
        raise CheckpointError(
            f"{bare.words} projects {units} units to {given}, whose gates gateviz does not work out; "
            f"export a network without projections"
        )
    return RecurrentNode(layer, kind, node, _DIRECTIONS[way], units)


def _oddities(node: RecurrentNode, ways: int) -> Collection[str]:
    """What a node has that changes its equations, or the order of its axes."""
    found = []
    if node.input(_LENGTHS):
        found.append("lengths of its lines (sequence_lens)")
    if node.kind == "lstm" and node.input(_PEEPHOLES):
        found.append("peepholes (P)")
    if node.attribute("clip", 0.0):
        found.append(f"a clip of {node.attribute('clip', 0.0):g}")
    if node.attribute("input_forget", 0):
        found.append("coupled gates (input_forget)")
    if node.attribute("layout", 0):
        found.append("its batch in front (layout 1)")
    given = [each.decode("utf-8", "replace") for each in node.attribute("activations", [])]
    if given and [each.lower() for each in given] != _ACTIVATIONS[node.kind] * ways:
        found.append(f"the activations {', '.join(given)}")
    return found


def _holds_recurrent(attribute: onnx.AttributeProto, depth: int = 0) -> bool:
    graphs = [*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])]
    return any(
        node.op_type in KINDS or any(_holds_recurrent(each, depth + 1) for each in node.attribute)
        for graph in graphs
        for node in graph.node
    )
