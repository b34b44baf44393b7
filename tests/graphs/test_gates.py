"""Gates as outputs of a graph: by onnxruntime they are what ``trace_gates`` records of the torch layer."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper
from torch import nn

from gateviz.capture.tracing import trace_gates
from gateviz.errors import CheckpointError
from gateviz.graphs.gates import with_gates
from gateviz.graphs.recurrent_nodes import recurrent_nodes
from tests.graphs.recurrent_graphs import one_node, recurrent_graph

CLOSE = 1e-5


def run(model, **feed):
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_outputs()]
    return dict(zip(names, session.run(names, {name: np.asarray(each) for name, each in feed.items()}), strict=True))


def traced(layer, x):
    with torch.no_grad(), trace_gates(layer) as traces:
        layer(x)
    return traces


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
@pytest.mark.parametrize(("frames", "lines"), [(1, 1), (7, 3)])
def test_every_series_is_the_one_torch_computes(kind, bidirectional, frames, lines):
    layer, x = kind(5, 4, bidirectional=bidirectional), torch.randn(frames, lines, 5)
    found = run(with_gates(recurrent_graph(layer)), x=x)
    for trace in traced(layer, x):
        for quantity in trace.stored:
            name = f"{kind.__name__.lower()}.0.{trace.direction}.{quantity}"
            assert np.allclose(found[name], trace[quantity].transpose(0, 1), atol=CLOSE), name
    assert len(found) == 1 + (6 if kind is nn.LSTM else 4) * (2 if bidirectional else 1)


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
def test_a_reversed_node_reads_from_the_right_and_is_told_from_the_left(kind):
    layer, x = kind(5, 4), torch.randn(6, 2, 5)
    found = run(with_gates(recurrent_graph(layer, way="reverse")), x=x)
    (trace,) = traced(layer, x.flip(0))
    for quantity in trace.stored:
        name = f"{kind.__name__.lower()}.0.backward.{quantity}"
        assert np.allclose(found[name], trace[quantity].transpose(0, 1).flip(0), atol=CLOSE), name


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
def test_states_that_a_graph_begins_with_are_the_first_frames_own(kind):
    layer, x = kind(5, 4, bidirectional=True), torch.randn(6, 2, 5)
    first = [torch.randn(2, 2, 4) for _ in range(2 if kind is nn.LSTM else 1)]
    given = dict(zip(("h0", "c0"), first, strict=False))
    found = run(with_gates(recurrent_graph(layer, states=True)), x=x, **given)
    with torch.no_grad(), trace_gates(layer) as traces:
        layer(x, tuple(first) if kind is nn.LSTM else first[0])
    for trace in traces:
        for quantity in trace.stored:
            name = f"{kind.__name__.lower()}.0.{trace.direction}.{quantity}"
            assert np.allclose(found[name], trace[quantity].transpose(0, 1), atol=CLOSE), name


def test_a_gru_that_resets_before_the_product_obeys_its_own_equation():
    layer, x = nn.GRU(5, 4), torch.randn(6, 2, 5)
    found = run(with_gates(recurrent_graph(layer, linear_before_reset=0)), x=x)
    r, z, n, h = (found[f"gru.0.forward.{name}"] for name in ("reset_gate", "update_gate", "candidate", "hidden_state"))
    before = np.concatenate([np.zeros_like(h[:1]), h[:-1]])
    weights, recurrent = layer.weight_ih_l0.detach().numpy()[8:], layer.weight_hh_l0.detach().numpy()[8:]
    bias = (layer.bias_ih_l0 + layer.bias_hh_l0).detach().numpy()[8:]
    assert np.allclose(n, np.tanh(x.numpy() @ weights.T + (r * before) @ recurrent.T + bias), atol=CLOSE)
    assert np.allclose(h, (1 - z) * n + z * before, atol=CLOSE)


def test_only_what_was_asked_for_becomes_an_output_and_nothing_twice():
    model = recurrent_graph(nn.LSTM(5, 4, bidirectional=True))
    chosen = with_gates(model, quantities=["forget_gate"])
    assert [each.name for each in chosen.graph.output] == [
        "y",
        "lstm.0.forward.forget_gate",
        "lstm.0.backward.forget_gate",
    ]
    assert len(with_gates(model, layers=()).graph.output) == 1
    assert len(with_gates(with_gates(chosen)).graph.output) == 13
    assert len(model.graph.output) == len(model.graph.node) == 1


def test_a_node_whose_states_nobody_takes_still_shows_its_gates():
    model = recurrent_graph(nn.LSTM(5, 4))
    one_node(model).output[:] = ["", "last"]
    model.graph.output[0].name = "last"
    found = run(with_gates(model), x=np.zeros((3, 2, 5), np.float32))
    assert np.array_equal(found["last"][0], found["lstm.0.forward.hidden_state"][-1])


def bare(**attributes):
    return recurrent_graph(nn.LSTM(5, 4), **attributes)


def peeping():
    model = bare()
    one_node(model).input.extend(["", "", "", "P"])
    return model


def of_lengths():
    model = bare()
    one_node(model).input.append("lengths")
    return model


def projected():
    model = bare()
    next(each for each in model.graph.initializer if each.name == "R").dims[:] = [1, 16, 2]
    return model


def old():
    model = bare()
    model.opset_import[0].version = 11
    return model


def nested():
    inner = bare()
    loop = helper.make_node("Loop", ["", "go"], ["end"], name="walk", body=inner.graph)
    graph = helper.make_graph([loop], "outer", [], [helper.make_tensor_value_info("end", TensorProto.FLOAT, None)])
    return helper.make_model(graph)


def without_any():
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "none", [], [])
    return helper.make_model(graph)


def in_halves():
    model = bare()
    next(each for each in model.graph.initializer if each.name == "W").data_type = TensorProto.FLOAT16
    return model


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (peeping, "has peepholes (P), whose gates"),
        (of_lengths, "lengths of its lines (sequence_lens)"),
        (projected, "projects 4 units to [2]"),
        (old, "is of opset 11"),
        (nested, "the Loop node 'walk' runs an LSTM or GRU inside it"),
        (without_any, "has no LSTM or GRU node"),
        (in_halves, "weights of the type FLOAT16"),
        (lambda: bare(clip=2.0), "a clip of 2"),
        (lambda: bare(input_forget=1), "coupled gates (input_forget)"),
        (lambda: bare(layout=1), "its batch in front (layout 1)"),
        (lambda: bare(activations=["HardSigmoid", "Tanh", "Tanh"]), "the activations HardSigmoid, Tanh, Tanh"),
        (lambda: bare(way="sideways"), "reads 'sideways' with 4 units"),
    ],
)
def test_what_gates_do_not_follow_from_is_refused_by_name(model, words):
    with pytest.raises(CheckpointError) as refused:
        with_gates(model())
    assert words in str(refused.value)


def test_activations_that_are_the_usual_ones_may_be_spelled():
    assert recurrent_nodes(bare(activations=["Sigmoid", "Tanh", "Tanh"]))[0].units == 4
