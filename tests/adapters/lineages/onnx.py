"""Graphs put together node by node: an LSTM of both directions, two stacked one-way GRUs, an LSTM from the line's end."""

import importlib.util
from functools import partial
from pathlib import Path

import torch

_spec = importlib.util.spec_from_file_location("conformance", Path(__file__).parents[1] / "conformance.py")
conformance = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(conformance)
formula = conformance.load_file(conformance.FOLDER / "golden" / "formula.py")
graphs = conformance.load_file(conformance.FOLDER / "onnx_graphs.py")

GATES = {"LSTM": 4, "GRU": 3}
UNITS = 5
SHAPES_ARE_CHECKED = (
    "ONNX Runtime and torch check the shapes of a graph's nodes; tests/adapters/test_onnx_files.py has theirs"
)
WITHOUT = {
    "columns_are_where_the_gradient_is": "ONNX Runtime has no gradient; tests/adapters/test_onnx_columns.py has it of the torch network",
    "a_vector_off_by_one_is_named": SHAPES_ARE_CHECKED,
    "a_matrix_off_by_one_is_refused": SHAPES_ARE_CHECKED,
    "a_tensor_too_many_is_named": "a graph says itself which of its tensors it takes, and exporters leave others in it",
}


def _state(kind, directions, layers):
    shapes = {"conv.weight": (4, 1, 3, 3), "conv.bias": (4,)}
    inputs = 4
    for layer in range(layers):
        wide = GATES[kind] * UNITS
        shapes[f"{layer}.W"] = (directions, wide, inputs)
        shapes[f"{layer}.R"] = (directions, wide, UNITS)
        shapes[f"{layer}.B"] = (directions, 2 * wide)
        inputs = directions * UNITS
    shapes |= {"head.weight": (inputs, graphs.CLASSES), "head.bias": (graphs.CLASSES,)}
    return formula.fill({name: torch.empty(shape) for name, shape in shapes.items()})


def _save(kind, direction, layers, folder, state):
    node = graphs.helper.make_node
    nodes = [
        node("Conv", ["images", "conv.weight", "conv.bias"], ["c"], pads=[1, 1, 1, 1]),
        node("Tanh", ["c"], ["a"]),
        node("AveragePool", ["a"], ["m"], kernel_shape=[graphs.HEIGHT, 2], strides=[1, 2]),
        node("Squeeze", ["m", "rows"], ["s"]),
        node("Transpose", ["s"], ["0.x"], perm=[2, 0, 1]),
    ]
    settings = {"linear_before_reset": 1} if kind == "GRU" else {}
    for layer in range(layers):
        names = [f"{layer}.{name}" for name in ("x", "W", "R", "B")]
        nodes += [
            node(kind, names, [f"{layer}.y"], f"{kind} {layer}", hidden_size=UNITS, direction=direction, **settings),
            node("Transpose", [f"{layer}.y"], [f"{layer}.t"], perm=[0, 2, 1, 3]),
            node("Reshape", [f"{layer}.t", "flat"], [f"{layer + 1}.x"]),
        ]
    nodes += [
        node("MatMul", [f"{layers}.x", "head.weight"], ["p"]),
        node("Add", ["p", "head.bias"], ["l"]),
        node("LogSoftmax", ["l"], ["scores"]),
    ]
    stored = [graphs.floats(name, tensor.float().numpy()) for name, tensor in state.items()]
    stored += [graphs.integers("rows", [2]), graphs.integers("flat", [0, 0, -1])]
    dims = ("lines", 1, graphs.HEIGHT, "width")
    made = graphs.model(nodes, stored, [graphs.port("images", dims)], [graphs.port("scores", None)])
    return graphs.saved(made, folder / "model.onnx")


def _case(name, kind, direction, layers, traced):
    return conformance.Case(
        name=name,
        adapter="onnx",
        state=partial(_state, kind, 2 if direction == "bidirectional" else 1, layers),
        save=partial(_save, kind, direction, layers),
        options={"alphabet": graphs.ALPHABET},
        channels=1,
        height=graphs.HEIGHT,
        narrow=20,
        wide=61,
        blank=0,
        symbols=len(graphs.ALPHABET),
        layers=traced,
        without=WITHOUT,
    )


CASES = (
    _case("onnx_lstm", "LSTM", "bidirectional", 1, ("0.forward", "0.backward")),
    _case("onnx_gru", "GRU", "forward", 2, ("0.forward", "1.forward")),
    _case("onnx_from_the_end", "LSTM", "reverse", 1, ("0.backward",)),
)
