"""Graphs in int8: smaller, near the float ones, and their gates are those of the int8 layers."""

import logging

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from gateviz.conversion.int8 import in_int8
from gateviz.errors import CheckpointError, MissingExtraError
from gateviz.graphs.crnn import crnn_graph
from gateviz.graphs.gates import with_gates
from gateviz.graphs.recurrent_nodes import recurrent_nodes
from gateviz.networks.crnn import CRNN, CrnnConfig

UNITS = 24


def graph_of(recurrent="lstm"):
    torch.manual_seed(4)
    config = CrnnConfig(30, backbone="vgg_small", hidden_size=UNITS, backbone_scale=0.25, recurrent=recurrent)
    model = CRNN(config).eval()
    return crnn_graph(config, {name: each.numpy() for name, each in model.state_dict().items()})


@pytest.fixture(scope="module")
def whole():
    return graph_of()


@pytest.fixture(scope="module")
def lines():
    rng = np.random.default_rng(1)
    return [rng.uniform(-1, 1, (1, 1, 32, width)).astype(np.float32) for width in (90, 120, 160)]


def run(model, line):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_outputs()]
    return dict(zip(names, session.run(names, {session.get_inputs()[0].name: line}), strict=True))


def stored_as(model, kind):
    return sum(np.prod(each.dims) for each in model.graph.initializer if each.data_type == kind)


def kinds(model):
    return {node.op_type for node in model.graph.node}


@pytest.mark.parametrize("quantize", ["dynamic", "static"])
def test_weights_are_int8_and_the_numbers_near_the_float_ones(whole, lines, quantize):
    before = whole.SerializeToString()
    rounded = in_int8(whole, quantize, lines if quantize == "static" else ())
    assert whole.SerializeToString() == before
    assert (rounded.producer_name, list(rounded.metadata_props), list(rounded.graph.value_info)) == ("gateviz", [], [])
    assert {"DynamicQuantizeLSTM", "MatMulInteger"} <= kinds(rounded)
    assert "LSTM" not in kinds(rounded)
    matrices = [each for each in whole.graph.initializer if each.name.endswith((".W", ".R", "head.weight"))]
    convolutions = [each for each in whole.graph.initializer if len(each.dims) == 4]
    assert len(convolutions) == 5
    asked = [*matrices, *(convolutions if quantize == "static" else ())]
    weights = sum(np.prod(each.dims) for each in asked)
    # And a zero point a channel.
    assert weights <= stored_as(rounded, onnx.TensorProto.INT8) <= 1.1 * weights
    for line in lines:
        one, other = run(whole, line)["logits"], run(rounded, line)["logits"]
        assert one.shape == other.shape
        apart = np.abs(one - other).mean() / np.abs(one).mean()
        assert 0 < apart < (0.02 if quantize == "dynamic" else 0.1)


@pytest.mark.parametrize("quantize", ["dynamic", "static"])
def test_the_gates_are_the_int8_layers_own(whole, lines, quantize):
    shown = with_gates(in_int8(whole, quantize, lines))
    assert [node.rounded for node in recurrent_nodes(shown)] == [True, True]
    for line in lines:
        found = run(shown, line)
        for layer in (0, 1):
            for way in ("forward", "backward"):
                o, c, h = (
                    found[f"lstm.{layer}.{way}.{name}"] for name in ("output_gate", "cell_state", "hidden_state")
                )
                assert h.shape == (line.shape[3] // 4, 1, UNITS)
                assert np.abs(o * np.tanh(c) - h).max() <= 1e-5


def test_a_gru_stays_in_float_and_the_rest_does_not(lines):
    whole = graph_of("gru")
    rounded = in_int8(whole, "dynamic")
    assert {"GRU", "MatMulInteger"} <= kinds(rounded)
    found = run(with_gates(rounded), lines[0])
    z, n, h = (found[f"gru.1.forward.{name}"] for name in ("update_gate", "candidate", "hidden_state"))
    assert np.abs((1 - z[1:]) * n[1:] + z[1:] * h[:-1] - h[1:]).max() <= 1e-5


def test_gates_among_the_outputs_are_left_out(whole):
    """They would be rounded like everything else, and would be no one's."""
    rounded = in_int8(with_gates(whole), "dynamic")
    assert [each.name for each in rounded.graph.output] == ["logits"]
    assert {node.op_type for node in rounded.graph.node} == kinds(in_int8(whole, "dynamic"))


def test_the_library_s_advice_is_not_told_and_the_users_words_are(whole, caplog):
    in_int8(whole, "dynamic")
    logging.warning("of somebody's own")
    assert [record.getMessage() for record in caplog.records] == ["of somebody's own"]


def test_what_cannot_be_rounded_is_said(whole, lines, monkeypatch):
    with pytest.raises(
        CheckpointError, match=r"no line was given; give some dozens .* \(--calibrate LINES\), or ask for dynamic"
    ):
        in_int8(whole, "static")
    with pytest.raises(CheckpointError, match="in int8 already; quantize the float one it was made from"):
        in_int8(in_int8(whole, "dynamic"), "dynamic")
    with pytest.raises(CheckpointError, match=r"there is no quantization 'int4'; there are dynamic and static"):
        in_int8(whole, "int4")
    wrong = [np.zeros((1, 3, 32, 90), np.float32)]
    with pytest.raises(CheckpointError, match=r"onnxruntime cannot round its convolutions: .*; export the float graph"):
        in_int8(whole, "static", wrong)
    bare = onnx.helper.make_model(
        onnx.helper.make_graph(
            [onnx.helper.make_node("Relu", ["x"], ["y"])],
            "bare",
            [onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [None])],
            [onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [None])],
        )
    )
    with pytest.raises(CheckpointError, match="none of LSTM, MatMul, Gemm, so that dynamic has nothing to round"):
        in_int8(bare, "dynamic")


def test_a_missing_package_is_named_with_the_way_to_it(whole, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime.quantization", None)
    monkeypatch.delattr(onnxruntime, "quantization", raising=False)
    with pytest.raises(MissingExtraError, match=r"onnxruntime\.quantization, which is not installed; run pip install"):
        in_int8(whole, "dynamic")
