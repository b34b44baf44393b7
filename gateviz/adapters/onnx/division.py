"""Where a graph is cut: what ONNX Runtime runs, and what is rebuilt in torch.

Everything that depends on a recurrent node, and that the recognizer's output needs, is rebuilt; its
values from before are fed to it, its constants are worked out once.
"""

from collections import Counter
from dataclasses import dataclass

from gateviz.adapters.onnx.graph import OnnxGraph
from gateviz.adapters.onnx.node import Node, inner_ops
from gateviz.adapters.onnx.operators import OPERATIONS
from gateviz.adapters.onnx.recurrent import KINDS, RecurrentPorts, refusal_of
from gateviz.errors import CheckpointError


@dataclass(frozen=True)
class Division:
    """A graph in two parts.

    Attributes:
        rebuilt: nodes that are rebuilt in torch, in order.
        recurrent: those of them that are recurrent.
        output: the value that the recognizer reads from.
        fed: values of the first part that the second takes and that depend on the image.
        constants: values that the second part takes and that do not.
    """

    rebuilt: tuple[Node, ...]
    recurrent: tuple[Node, ...]
    output: str
    fed: tuple[str, ...]
    constants: tuple[str, ...]


def is_recurrent(node: Node) -> bool:
    """True for a node whose gates can be shown."""
    return node.standard and node.op in KINDS


def divided(graph: OnnxGraph) -> Division:
    """Where the graph is cut.

    Raises:
        CheckpointError: it has no recurrent node, or no output that depends on one.
    """
    recurrent = [node for node in graph.nodes if is_recurrent(node)]
    if not recurrent:
        raise CheckpointError(f"it has no {' or '.join(KINDS)} node")
    after = graph.downstream(recurrent)
    made_after = {name for node in after for name in node.outputs}
    outputs = [name for name in graph.outputs if name in made_after]
    if not outputs:
        raise CheckpointError("none of its outputs depends on a recurrent node")
    needed = frozenset(graph.upstream(outputs[:1]))
    rebuilt = tuple(node for node in after if node in needed)
    made = {name for node in rebuilt for name in node.outputs}
    taken = [name for node in rebuilt for name in (*node.inputs, *node.captured) if name and name not in made]
    outside = list(dict.fromkeys(taken))
    return Division(
        rebuilt,
        tuple(node for node in rebuilt if is_recurrent(node)),
        outputs[0],
        tuple(name for name in outside if name in graph.fed),
        tuple(name for name in outside if name not in graph.fed),
    )


def obstacles(graph: OnnxGraph) -> tuple[str, ...]:
    """Why the gates of a graph cannot be shown, a phrase each that names the node; empty where they can."""
    found = [
        f"float weights: {node.words} is quantized, and gates need the float model it was made from"
        for node in graph.nodes
        if not node.standard and any(kind in node.op for kind in KINDS)
    ]
    for node in graph.nodes:
        inner = {op for value in node.attributes.values() if hasattr(value, "node") for op in inner_ops(value)}
        if hidden := sorted(inner.intersection(KINDS)):
            found.append(f"recurrent nodes in the open: {node.words} holds {', '.join(hidden)} inside")
    if found:
        return tuple(found)
    if not any(is_recurrent(node) for node in graph.nodes):
        kinds = ", ".join(op for op, _ in Counter(node.op for node in graph.nodes).most_common(5))
        return (
            f"an LSTM or GRU node (its {len(graph.nodes)} nodes are mostly {kinds}), so there are no gates to show: "
            f"load a CRNN with a CTC head",
        )
    try:
        division = divided(graph)
    except CheckpointError as error:
        return (f"an output of a recognizer: {error}",)
    for node in division.rebuilt:
        if is_recurrent(node):
            found += _obstacles_of_recurrent(graph, node)
        elif not node.standard or node.op not in OPERATIONS:
            found.append(
                f"a known operation: {node.words} comes after a recurrent layer, and gateviz does not rebuild {node.op}"
            )
    return tuple(found) + _obstacles_of_input(graph)


def _obstacles_of_recurrent(graph: OnnxGraph, node: Node) -> list[str]:
    if refusal := refusal_of(node):
        return [f"gates that torch computes: {refusal}"]
    try:
        ports = RecurrentPorts.of(node)
    except CheckpointError as error:
        return [f"a whole recurrent node: {error}"]
    if made := [name for name in ports.weights if name in graph.fed]:
        return [f"constant weights: {node.words} takes {made[0]!r}, which depends on the image"]
    return []


def _obstacles_of_input(graph: OnnxGraph) -> tuple[str, ...]:
    if len(graph.inputs) != 1:
        names = ", ".join(f"{port.name!r} ({port.words})" for port in graph.inputs) or "none"
        return (f"one input, the line image: its inputs are {names}",)
    (port,) = graph.inputs
    if port.type not in ("float", "float16"):
        return (f"an input of float numbers: {port.name!r} takes {port.type}",)
    if len(port.dims) not in (3, 4):
        return (f"an input of lines x channels x height x width: {port.name!r} has the axes {port.words or 'none'}",)
    if (port.dims[0] or 1) != 1:
        return (
            f"an input of one line or of any number: {port.name!r} takes exactly {port.dims[0]} lines; "
            f"export with a dynamic batch",
        )
    return ()
