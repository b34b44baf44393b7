"""ONNX graphs of one recurrent node with a torch layer's weights, and what torch's own equations say of it."""

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

ORDER = {"LSTM": (0, 3, 1, 2), "GRU": (1, 0, 2)}
"""torch's chunks in the order of ONNX."""


def stored(layer, name, suffixes):
    """The weights of all directions, chunks in the order of ONNX."""
    kind = type(layer).__name__
    rows = []
    for suffix in suffixes:
        chunks = getattr(layer, f"{name}_l0{suffix}").detach().chunk(len(ORDER[kind]))
        rows.append(torch.cat([chunks[place] for place in ORDER[kind]]).numpy())
    return np.stack(rows)


def recurrent_graph(layer, *, way="", states=False, **attributes):
    """A graph of the layer alone: ``x`` (T, B, D) to ``y`` (T, directions, B, H)."""
    kind = type(layer).__name__
    suffixes = ("", "_reverse") if layer.bidirectional else ("",)
    bias = np.concatenate([stored(layer, "bias_ih", suffixes), stored(layer, "bias_hh", suffixes)], 1)
    weights = {"W": stored(layer, "weight_ih", suffixes), "R": stored(layer, "weight_hh", suffixes), "B": bias}
    inputs = ["x", *weights]
    if states:
        inputs += ["", "h0", "c0"] if kind == "LSTM" else ["", "h0"]
    if kind == "GRU":
        attributes = {"linear_before_reset": 1} | attributes
    node = helper.make_node(
        kind,
        inputs,
        ["y"],
        name="layer",
        hidden_size=layer.hidden_size,
        direction=way or ("bidirectional" if layer.bidirectional else "forward"),
        **attributes,
    )
    given = ["x", *(name for name in ("h0", "c0") if name in inputs)]
    graph = helper.make_graph(
        [node],
        "layer",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, None, None]) for name in given],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, None, None, None])],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def one_node(model) -> onnx.NodeProto:
    return model.graph.node[0]
