"""ONNX recognizers: the rebuilt graph gives ONNX Runtime's own numbers, and its gates are torch's."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import gateviz
from gateviz.errors import GeometryError
from gateviz.geometry.axis_steps import Join

_spec = importlib.util.spec_from_file_location("onnx_graphs", Path(__file__).parent / "onnx_graphs.py")
graphs = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(graphs)

WIDTHS = range(24, 64)
BOTH = ("forward", "backward")


def read(path, **options):
    return gateviz.load(path, alphabet=graphs.ALPHABET, **options)


def log_probs_of_runtime(path, images, kind):
    """ONNX Runtime's run of the whole graph, one line, as log posteriors (T, C)."""
    found = torch.from_numpy(np.asarray(graphs.runtime_output(path, images), np.float32))
    found = found[:, 0] if found.shape[1] == 1 else found[0]
    return {"logits": found.log_softmax(-1), "probs": found.log(), "log_probs": found}[kind]


def compared(path, channels=1, widths=WIDTHS, **options):
    """The recognizer, after its posteriors were held against ONNX Runtime's at every width."""
    recognizer = read(path, **options)
    for width in widths:
        images = graphs.image(width, channels)
        with torch.inference_mode():
            (found,) = recognizer.log_probs(images)
        expected = log_probs_of_runtime(path, images, recognizer.output)
        assert found.shape == expected.shape == (recognizer.frame_grid(width).frame_count, graphs.CLASSES)
        torch.testing.assert_close(found.exp(), expected.exp(), atol=1e-5, rtol=0)
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-5)
    return recognizer


def traced_layers(recognizer, width=60):
    recording = gateviz.record(recognizer, np.random.default_rng(0).integers(0, 256, (32, width), dtype=np.uint8))
    assert recording.provenance.witness < 1e-5
    return [(trace.layer, str(trace.direction)) for trace in recording.traces]


def layers_of(count, directions=BOTH):
    return [(layer, direction) for layer in range(count) for direction in directions]


@pytest.mark.parametrize(
    ("kind", "bidirectional", "opset"),
    [
        ("LSTM", True, 9),
        ("GRU", True, 11),
        ("LSTM", False, 12),
        ("GRU", False, 13),
        ("LSTM", True, 17),
        ("GRU", True, 17),
    ],
)
def test_stacked_layers_scripted(tmp_path, kind, bidirectional, opset):
    module = graphs.seeded(graphs.Stacked(kind, bidirectional))
    recognizer = compared(graphs.scripted(module, tmp_path / "m.onnx", opset))
    assert recognizer.output == "logits"
    assert recognizer.card.details["frames"] == "T = W/2"
    assert traced_layers(recognizer) == layers_of(2, BOTH if bidirectional else BOTH[:1])
    with torch.no_grad():
        torch.testing.assert_close(recognizer.module(graphs.image(50)), module(graphs.image(50)), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
@pytest.mark.parametrize(
    ("layers", "bidirectional", "bias", "end", "opset"),
    [
        (2, True, True, "softmax", 17),
        (1, True, True, "softmax", 11),
        (3, True, False, "log_softmax", 13),
        (2, False, True, "log_softmax", 12),
        (1, False, False, "", 10),
    ],
)
def test_layers_of_one_module_scripted(tmp_path, kind, layers, bidirectional, bias, end, opset):
    module = graphs.seeded(graphs.BatchFirst(kind, layers, bidirectional, bias, end))
    recognizer = compared(graphs.scripted(module, tmp_path / "m.onnx", opset, channels=3), 3)
    assert recognizer.output == {"softmax": "probs", "log_softmax": "log_probs", "": "logits"}[end]
    assert traced_layers(recognizer) == layers_of(layers, BOTH if bidirectional else BOTH[:1])


def test_captured_by_torch_export(tmp_path):
    """Weights in a file beside the graph, as is that exporter's default."""
    module = graphs.seeded(graphs.Stacked())
    path = graphs.captured(module, tmp_path / "m.onnx", external_data=True)
    assert (tmp_path / "m.onnx.data").exists()
    recognizer = compared(path)
    assert traced_layers(recognizer) == layers_of(2)
    assert recognizer.card.evidence[0].startswith("ONNX graph by pytorch ")
    assert len(recognizer.card.details["weights in m.onnx.data"]) == len("sha256 ") + 64


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_captured_for_one_width(tmp_path, kind):
    module = graphs.seeded(graphs.BatchFirst(kind))
    path = graphs.captured(module, tmp_path / "m.onnx", channels=3, open_width=False)
    recognizer = compared(path, 3, [64])
    assert traced_layers(recognizer) == layers_of(2)
    assert recognizer.card.preprocessing.startswith("RGB, stretched to 64 x 16 (pillow bilinear)")
    assert recognizer.card.details["frames"].endswith("for lines of exactly 64 columns")
    with pytest.raises(GeometryError, match="takes lines of exactly 64 columns and was given 65"):
        recognizer.frame_grid(65)


@pytest.mark.parametrize("open_axes", [("width", "lines"), ("width",), ()])
def test_lines_do_not_depend_on_their_neighbors(tmp_path, open_axes):
    # Without open lines an exporter writes a batch of one into every Reshape.
    path = graphs.scripted(graphs.seeded(graphs.Stacked()), tmp_path / "m.onnx", open_axes=open_axes)
    recognizer = read(path)
    images = graphs.image(64, lines=3)
    with torch.inference_mode():
        together = recognizer.log_probs(images)
        alone = [recognizer.log_probs(each[None])[0] for each in images]
    for one, other in zip(together, alone, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-6)
    assert not torch.allclose(together[0], together[1], atol=1e-3)
    lines = [np.random.default_rng(seed).integers(0, 256, (16, 64), dtype=np.uint8) for seed in range(3)]
    for recording, line in zip(gateviz.record(recognizer, lines), lines, strict=True):
        single = gateviz.record(recognizer, line)
        assert np.allclose(recording.traces[2].cell_state, single.traces[2].cell_state, atol=1e-6)
        assert len(recording.traces) == 4


def test_gates_are_those_of_the_exported_layers(tmp_path):
    module = graphs.seeded(graphs.BatchFirst("LSTM", 2))
    recognizer = read(graphs.scripted(module, tmp_path / "m.onnx", channels=3))
    images = graphs.image(48, 3)
    with torch.no_grad(), gateviz.trace_gates(module) as expected:
        module(images)
    with torch.no_grad(), gateviz.trace_gates(recognizer.module) as found:
        recognizer.module(images)
    for one, other in zip(found, expected, strict=True):
        assert (one.layer, one.direction) == (other.layer, other.direction)
        for quantity in ("input_gate", "forget_gate", "candidate", "output_gate", "cell_state", "hidden_state"):
            torch.testing.assert_close(one[quantity], other[quantity], atol=1e-5, rtol=1e-5)


def test_gru_gates_are_those_of_the_exported_layers(tmp_path):
    module = graphs.seeded(graphs.BatchFirst("GRU", 1))
    recognizer = read(graphs.scripted(module, tmp_path / "m.onnx", channels=3))
    images = graphs.image(48, 3)
    with torch.no_grad(), gateviz.trace_gates(module) as expected:
        module(images)
    with torch.no_grad(), gateviz.trace_gates(recognizer.module) as found:
        recognizer.module(images)
    for one, other in zip(found, expected, strict=True):
        for quantity in ("reset_gate", "update_gate", "candidate", "hidden_state"):
            torch.testing.assert_close(one[quantity], other[quantity], atol=1e-5, rtol=1e-5)


def test_excitation_and_shortcuts_are_worked_out(tmp_path):
    recognizer = compared(graphs.scripted(graphs.seeded(graphs.Excited()), tmp_path / "m.onnx", 14))
    assert recognizer.card.details["column map"].startswith("worked out from ")
    assert recognizer.geometry.whole_line
    grid = recognizer.frame_grid(60)
    assert (grid.frame_count, grid.stride, grid.first_center) == (30, 2.0, 1.0)
    # The convolution of 3, the branch's of 5, the pool of 2; and the whole line.
    assert recognizer.geometry.receptive_field == 3 + 4 + 1
    assert any(isinstance(step, Join) for step in recognizer.geometry.steps)
    assert recognizer.card.details["receptive field"].endswith(" and the whole line")


# Shapes of node that these exporters do not write, and others do.


@pytest.mark.parametrize("direction", ["forward", "reverse"])
def test_one_direction(tmp_path, direction):
    path = graphs.saved(graphs.simple_model(direction=direction), tmp_path / "m.onnx")
    recognizer = compared(path)
    assert traced_layers(recognizer) == [(0, "forward" if direction == "forward" else "backward")]
    assert recognizer.reversed_modules == (frozenset() if direction == "forward" else {"recurrent.0.layer"})


def test_a_reverse_layer_has_not_seen_what_comes_before(tmp_path):
    recognizer = read(graphs.saved(graphs.simple_model(direction="reverse"), tmp_path / "m.onnx"))
    line = np.random.default_rng(0).integers(0, 256, (16, 40), dtype=np.uint8)
    other = line.copy()
    other[:, :20] = 255 - other[:, :20]
    one, two = gateviz.record(recognizer, [line, other])
    differs = ~np.isclose(one.traces[0].hidden_state, two.traces[0].hidden_state, atol=1e-6).all(1)
    assert differs[:20].all()
    assert not differs[22:].any()


def test_the_equations_of_the_standard(tmp_path):
    """Gates i o f c, biases Wb and Rb, worked out by hand."""
    state = graphs.drawn(seed=3)
    path = graphs.saved(graphs.simple_model(state), tmp_path / "m.onnx")
    recognizer = read(path)
    (node,) = recognizer.module.recurrent
    lstm = nn.LSTM(4, 5)
    lstm.load_state_dict(
        {name.removeprefix("rnn."): torch.tensor(value).float() for name, value in state.items() if "rnn." in name}
    )
    sequence = torch.randn(7, 2, 4)
    y, h, c = node(sequence)
    expected, (last_h, last_c) = lstm(sequence)
    assert y.shape == (7, 1, 2, 5)
    torch.testing.assert_close(y[:, 0], expected)
    torch.testing.assert_close(h, last_h)
    torch.testing.assert_close(c, last_c)


def test_the_batch_first_layout_of_newer_opsets(tmp_path):
    from onnx.reference import ReferenceEvaluator

    nodes, stored = graphs.simple_nodes(graphs.drawn(), layout=1)
    nodes[3].attribute[0].CopyFrom(graphs.helper.make_attribute("perm", [0, 2, 1]))
    # Y is 1 x T x directions x H.
    stored[-1].CopyFrom(graphs.integers("directions", [2]))
    made = graphs.model(nodes, stored, [graphs.port("images", ("n", 1, 16, "w"))], [graphs.port("scores", None)])
    recognizer = read(graphs.saved(made, tmp_path / "m.onnx"))
    images = graphs.image(20)
    (expected,) = ReferenceEvaluator(made).run(None, {"images": images.numpy()})
    with torch.inference_mode():
        found = recognizer.module(images)
    torch.testing.assert_close(found[:, 0], torch.tensor(expected[0], dtype=torch.float32), atol=1e-5, rtol=1e-5)
    assert traced_layers(recognizer) == [(0, "forward")]


def test_initial_states_and_lengths(tmp_path):
    nodes, stored = graphs.simple_nodes(graphs.drawn())
    start = np.random.default_rng(1).normal(0, 1, (2, 1, 1, 5))
    stored += [graphs.floats("h0", start[0]), graphs.floats("c0", start[1]), graphs.integers("zero", [0])]
    nodes[4:5] = [
        graphs.helper.make_node("Shape", ["x"], ["sizes"]),
        graphs.helper.make_node("Gather", ["sizes", "zero"], ["frames64"]),
        graphs.helper.make_node("Cast", ["frames64"], ["frames"], to=6),
        graphs.helper.make_node("LSTM", ["x", "W", "R", "B", "frames", "h0", "c0"], ["y"], "l", hidden_size=5),
    ]
    made = graphs.model(nodes, stored, [graphs.port("images", (1, 1, 16, "w"))], [graphs.port("scores", None)])
    compared(graphs.saved(made, tmp_path / "m.onnx"))


def test_weights_that_nodes_make_from_stored_ones(tmp_path):
    """As converters from Paddle leave them: gates cut and put in order by nodes of the graph, states sliced."""
    state = graphs.drawn()
    path = graphs.saved(graphs.paddle_model(state), tmp_path / "m.onnx")
    recognizer = compared(path)
    assert traced_layers(recognizer) == layers_of(1)
    assert recognizer.output == "probs"
    assert recognizer.card.details["variant"].startswith("plain")


def test_channels_last(tmp_path):
    nodes, stored = graphs.simple_nodes(graphs.drawn())
    nodes.insert(0, graphs.helper.make_node("Transpose", ["pixels"], ["images"], perm=[0, 3, 1, 2]))
    made = graphs.model(nodes, stored, [graphs.port("pixels", ("n", 16, "w", 1))], [graphs.port("scores", None)])
    path = graphs.saved(made, tmp_path / "m.onnx")
    recognizer = read(path)
    images = graphs.image(30)
    with torch.inference_mode():
        (found,) = recognizer.log_probs(images)
    expected = log_probs_of_runtime(path, images.permute(0, 2, 3, 1), "logits")
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    assert recognizer.card.details["frames"] == "T = W"


def test_half_precision(tmp_path):
    made = graphs.halved(graphs.simple_model())
    path = graphs.saved(made, tmp_path / "m.onnx")
    recognizer, whole = read(path), read(graphs.saved(graphs.simple_model(), tmp_path / "whole.onnx"))
    assert {parameter.dtype for parameter in recognizer.module.parameters()} == {torch.float32}
    images = graphs.image(40)
    with torch.inference_mode():
        torch.testing.assert_close(recognizer.log_probs(images), whole.log_probs(images), atol=1e-2, rtol=1e-2)


def test_functions_are_written_out(tmp_path):
    nodes, stored = graphs.simple_nodes(graphs.drawn())
    inner = [graphs.helper.make_node("Tanh", ["given"], ["made"])]
    function = graphs.helper.make_function(
        "local", "Activation", ["given"], ["made"], inner, [graphs.helper.make_opsetid("", 17)]
    )
    nodes[1] = graphs.helper.make_node("Activation", ["c"], ["a"], domain="local")
    made = graphs.model(
        nodes,
        stored,
        [graphs.port("images", ("n", 1, 16, "w"))],
        [graphs.port("scores", None)],
        extra_domains=["local"],
        functions=[function],
    )
    compared(graphs.saved(made, tmp_path / "m.onnx"))


def test_a_layer_across_the_line_is_left_out(tmp_path):
    """A recurrent layer that runs down the columns: its steps are rows, not frames."""

    class Across(nn.Module):
        def __init__(self):
            super().__init__()
            self.down = nn.LSTM(1, 3)
            self.along = nn.LSTM(3, 4)
            self.head = nn.Linear(4, graphs.CLASSES)

        def forward(self, images):
            columns = images.permute(2, 0, 3, 1)
            rows, lines, width, channels = columns.shape
            states, _ = self.down(columns.reshape(rows, lines * width, channels))
            return self.head(self.along(states[-1].reshape(lines, width, 3).transpose(0, 1))[0])

    path = graphs.scripted(graphs.seeded(Across()), tmp_path / "m.onnx")
    recognizer = read(path)
    assert recognizer.traced_modules == ("recurrent.1.layer",)


def test_the_recurrent_modules_are_not_changed_by_reading(tmp_path):
    recognizer = read(graphs.scripted(graphs.seeded(graphs.Stacked()), tmp_path / "m.onnx"))
    assert not recognizer.module.training
    assert not any(module._forward_hooks for module in recognizer.module.modules())
    assert sys.getrefcount(recognizer) < 10
