"""The gates of onnxruntime's int8 LSTM: what its own hidden states come to, to 1e-5, and not those of the float layer."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import nn

from gateviz.errors import CheckpointError
from gateviz.graphs import rounding
from gateviz.graphs.gates import with_gates
from gateviz.graphs.recurrent_nodes import recurrent_nodes
from tests.graphs.recurrent_graphs import recurrent_graph

UNITS, INPUTS, FRAMES = 24, 20, 40
EXACT = 1e-5
"""What the issue asks for; the float rounding of tanh, products and sums leaves some 1e-6."""


def layer_of(**settings):
    torch.manual_seed(3)
    layer = nn.LSTM(INPUTS, UNITS, **settings)
    with torch.no_grad():
        # Gates that move: torch's own start leaves them near a half.
        for weights in layer.parameters():
            weights.mul_(3)
    return layer


def in_int8(model, folder, *, per_channel=True, weight_type=QuantType.QInt8):
    own = onnx.ModelProto()
    own.CopyFrom(model)
    path = folder / "int8.onnx"
    quantize_dynamic(own, path, op_types_to_quantize=["LSTM"], per_channel=per_channel, weight_type=weight_type)
    return onnx.load(path)


def outputs_of(model, feeds, *, threads=1, level=onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.graph_optimization_level = threads, level
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds), strict=True))


def lines(batch, seed=0):
    return np.random.default_rng(seed).normal(size=(FRAMES, batch, INPUTS)).astype(np.float32)


def witness(found, way):
    o, c, h = (found[f"lstm.0.{way}.{name}"] for name in ("output_gate", "cell_state", "hidden_state"))
    assert h.shape == (FRAMES, o.shape[1], UNITS)
    return np.abs(o * np.tanh(c) - h).max()


@pytest.fixture(autouse=True)
def _no_advice(caplog):
    # The library advises to prepare graphs first, on the root logger.
    caplog.set_level("ERROR")


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize(
    ("settings", "way", "ways"),
    [
        ({}, "forward", ["forward"]),
        ({}, "reverse", ["backward"]),
        ({"bidirectional": True}, "", ["forward", "backward"]),
    ],
)
def test_the_gates_come_to_the_states_that_the_int8_layer_computed(settings, way, ways, batch, tmp_path):
    model = in_int8(recurrent_graph(layer_of(**settings), way=way), tmp_path)
    assert [node.op_type for node in model.graph.node] == ["DynamicQuantizeLSTM"]
    found = outputs_of(with_gates(model), {"x": lines(batch)})
    assert [each.name.split(".")[2] for each in with_gates(model).graph.output[1:]][::6] == ways
    for each in ways:
        assert witness(found, each) <= EXACT


@pytest.mark.parametrize(("per_channel", "weight_type"), [(True, QuantType.QInt8), (False, QuantType.QInt8)])
@pytest.mark.parametrize("level", ["ORT_DISABLE_ALL", "ORT_ENABLE_ALL"])
def test_weights_of_one_scale_a_channel_or_one_in_all(per_channel, weight_type, level, tmp_path):
    model = in_int8(recurrent_graph(layer_of()), tmp_path, per_channel=per_channel, weight_type=weight_type)
    scales = {each.name: list(each.dims) for each in model.graph.initializer}
    assert scales["W_scale"] == ([1, 4 * UNITS] if per_channel else [1])
    found = outputs_of(with_gates(model), {"x": lines(1)}, level=getattr(onnxruntime.GraphOptimizationLevel, level))
    assert witness(found, "forward") <= EXACT


def test_states_handed_in_are_those_before_the_first_frame(tmp_path):
    model = in_int8(recurrent_graph(layer_of(), states=True), tmp_path)
    rng = np.random.default_rng(5)
    states = {name: rng.normal(size=(1, 1, UNITS)).astype(np.float32) for name in ("h0", "c0")}
    assert witness(outputs_of(with_gates(model), {"x": lines(1)} | states), "forward") <= EXACT


def test_without_the_rounding_the_gates_are_not_the_int8_layers(tmp_path, monkeypatch):
    """Weights alone do not make them: the proof above can fail."""
    model = in_int8(recurrent_graph(layer_of()), tmp_path)
    monkeypatch.setattr("gateviz.graphs.gates.rounded_whole", lambda write, value: value)
    monkeypatch.setattr("gateviz.graphs.gates.rounded_frames", lambda write, value: value)
    assert witness(outputs_of(with_gates(model), {"x": lines(1)}), "forward") > 100 * EXACT


def test_they_are_other_gates_than_those_of_the_float_layer(tmp_path):
    whole = recurrent_graph(layer_of())
    of_float = outputs_of(with_gates(whole), {"x": lines(1)})
    of_int8 = outputs_of(with_gates(in_int8(whole, tmp_path)), {"x": lines(1)})
    apart = np.abs(of_float["lstm.0.forward.forget_gate"] - of_int8["lstm.0.forward.forget_gate"])
    assert 1e-4 < apart.mean() < 0.05


def test_a_line_of_nothing_but_zeros(tmp_path):
    """Its range has no width, and nothing is divided by it."""
    model = in_int8(recurrent_graph(layer_of()), tmp_path)
    found = outputs_of(with_gates(model), {"x": np.zeros((FRAMES, 1, INPUTS), np.float32)})
    assert witness(found, "forward") <= EXACT
    assert np.isfinite(found["lstm.0.forward.input_gate"]).all()


def test_the_units_are_told_by_the_turned_weights(tmp_path):
    model = in_int8(recurrent_graph(layer_of()), tmp_path)
    (node,) = recurrent_nodes(model)
    assert (node.kind, node.rounded, node.units) == ("lstm", True, UNITS)
    (attribute,) = (each for each in model.graph.node[0].attribute if each.name == "hidden_size")
    attribute.i = UNITS - 1
    with pytest.raises(CheckpointError, match=rf"projects {UNITS - 1} units to \[{UNITS}\]"):
        recurrent_nodes(model)
    assert rounding.WEIGHT_SCALES == {1: (8, 9), 2: (10, 11)}


def test_several_lines_are_exact_on_one_thread_and_single_ones_on_any(tmp_path):
    model = with_gates(in_int8(recurrent_graph(layer_of()), tmp_path))
    assert witness(outputs_of(model, {"x": lines(7)}, threads=1), "forward") <= EXACT
    for seed in range(3):
        assert witness(outputs_of(model, {"x": lines(1, seed)}, threads=4), "forward") <= EXACT
