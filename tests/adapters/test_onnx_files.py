"""What an ONNX file says of its input and alphabet, and every way it does not fit, in one sentence."""

import importlib.util
import resource
import sys
import tracemalloc
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

import gateviz
from gateviz.adapters.core.files import Container
from gateviz.adapters.core.options import LoadOptions
from gateviz.adapters.onnx.adapter import ADAPTER
from gateviz.adapters.onnx.graph import read_graph
from gateviz.adapters.opening import open_model_file
from gateviz.capture.recognizer import pixels_of
from gateviz.errors import AlphabetError, CheckpointError, GatevizError, MissingExtraError
from gateviz.files import budget

_spec = importlib.util.spec_from_file_location("onnx_graphs", Path(__file__).parent / "onnx_graphs.py")
graphs = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(graphs)

helper = graphs.helper
OUTPUT = [graphs.port("scores", None)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "m.onnx"


def refused(path, words, **options):
    """The one sentence with which a file is refused."""
    with pytest.raises(GatevizError, match=words) as refusal:
        gateviz.load(path, **{"alphabet": graphs.ALPHABET, **options})
    assert "\n" not in str(refusal.value)
    assert "m.onnx" in str(refusal.value)
    return str(refusal.value)


def line(height, width, channels=3):
    shape = (height, width, channels) if channels > 1 else (height, width)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


# What is fed.


def test_the_card(path):
    graphs.saved(graphs.simple_model(), path)
    recognizer = gateviz.load(path, alphabet=graphs.ALPHABET)
    card = recognizer.card
    assert (card.lineage, card.checkpoint) == ("onnx", "m.onnx")
    assert card.evidence == ("ONNX graph by hand", "1 recurrent node: LSTM forward")
    assert card.preprocessing == (
        "gray (pillow), height 16 keeping the aspect, at least 16 columns (pillow bilinear), (x/255 - 0.5) / 0.5"
    )
    assert card.details["variant"] == "plain (of plain, blank-last, paddle)"
    assert card.details["alphabet"] == "the alphabet 'abcdefgh', 8 symbols"
    assert card.details["recurrent.0"] == "the LSTM node 'the LSTM', forward, 5 units"
    assert card.details["frames"] == "T = W"
    assert card.details["receptive field"] == "3 columns of the network's input"
    assert open_model_file(path).container is Container.ONNX


def test_the_plain_preparation(path):
    recognizer = gateviz.load(graphs.saved(graphs.simple_model(), path), alphabet=graphs.ALPHABET)
    image = line(40, 301)
    gray = np.array(Image.fromarray(image).convert("L").resize((121, 16), Image.Resampling.BILINEAR), np.float32)
    assert np.allclose(pixels_of(recognizer.prepare(image))[0].numpy(), (gray / 255 - 0.5) / 0.5, atol=1e-6)
    # 16 x (20 / 400) is less than a column.
    assert tuple(recognizer.prepare(line(400, 20)).pixels.shape) == (1, 16, 16)


def test_a_fixed_width_is_stretched_to_or_padded_to(path):
    graphs.saved(graphs.simple_model(dims=(1, 1, 16, 64)), path)
    stretched = gateviz.load(path, alphabet=graphs.ALPHABET).prepare(line(32, 50))
    assert tuple(stretched.pixels.shape) == (1, 16, 64)
    assert stretched.content_width == 64
    padded = gateviz.load(path, alphabet=graphs.ALPHABET, keep_ratio=True).prepare(line(32, 50))
    assert tuple(padded.pixels.shape) == (1, 16, 64)
    assert padded.content_width == 25
    assert (padded.pixels[:, :, 25:] == 0).all()
    squeezed = gateviz.load(path, alphabet=graphs.ALPHABET, keep_ratio=True).prepare(line(32, 500))
    assert (tuple(squeezed.pixels.shape), squeezed.content_width) == ((1, 16, 64), 64)


def built(path, **options):
    return ADAPTER.build(open_model_file(path), LoadOptions(alphabet=graphs.ALPHABET, **options))


def test_what_the_graph_leaves_open_the_user_says(path):
    graphs.saved(graphs.simple_model(dims=("n", "c", "h", "w")), path)
    refused(
        path, r"takes images of \? x \? x \? x \? \(lines x channels x height x width\) and does not say its height"
    )
    with pytest.raises(CheckpointError, match="does not say its channels; give it"):
        built(path, height=24)
    recognizer = built(path, height=24, channels=1, mean=(0.25,), std=(2.0,))
    pixels = pixels_of(recognizer.prepare(line(24, 80)))
    gray = np.array(Image.fromarray(line(24, 80)).convert("L"), np.float32)
    assert np.allclose(pixels[0].numpy(), (gray / 255 - 0.25) / 2.0, atol=1e-6)


def test_the_user_and_the_graph_disagree(path):
    graphs.saved(graphs.simple_model(), path)
    with pytest.raises(
        CheckpointError, match=r"a height of 32 was asked for, and the graph takes 16 \(\? x 1 x 16 x \?\)"
    ):
        built(path, height=32)
    with pytest.raises(CheckpointError, match="a channels of 3 was asked for, and the graph takes 1"):
        built(path, channels=3)
    with pytest.raises(CheckpointError, match="3 numbers were declared as mean of an input of 1 channels"):
        built(path, mean=(0.1, 0.2, 0.3))
    with pytest.raises(CheckpointError, match="a std of 0 was declared"):
        built(path, std=(0.0,))


def test_a_height_the_graph_cannot_take(tmp_path):
    path = graphs.scripted(graphs.seeded(graphs.Stacked()), tmp_path / "m.onnx")
    made = graphs.onnx.load(path)
    made.graph.input[0].type.tensor_type.shape.dim[2].dim_param = "h"
    graphs.saved(made, path)
    with pytest.raises(
        CheckpointError, match=r"m\.onnx cannot be built: the graph does not run on an input of 1 x 1 x 64 x"
    ):
        built(path, height=64)


# The alphabet.


def test_the_blank_may_be_last(path):
    graphs.saved(graphs.simple_model(), path)
    first, last = (gateviz.load(path, alphabet=graphs.ALPHABET, variant=name) for name in ("plain", "blank-last"))
    assert (first.alphabet.blank, last.alphabet.blank) == (0, 8)
    assert (first.alphabet.code("a"), last.alphabet.code("a")) == ((1,), (0,))
    with pytest.raises(CheckpointError, match="onnx has no variant 'tail'; there are plain, blank-last, paddle"):
        gateviz.load(path, alphabet=graphs.ALPHABET, variant="tail")


@pytest.mark.parametrize(
    ("written", "words"),
    [("a\nb\nc\nd\ne\nf\ng\nh", "'character', 8"), ("a\nb\nc\nd\ne\nf\ng", "'character' and the space, 8")],
)
def test_the_symbols_in_the_metadata(path, written, words):
    made = graphs.paddle_model(graphs.drawn(), {"character": written}, ("n", 1, graphs.HEIGHT, "w"))
    recognizer = gateviz.load(graphs.saved(made, path))
    assert recognizer.card.details["alphabet"] == f"the graph's metadata {words} symbols"
    assert recognizer.alphabet.symbols == (*written.split("\n"), " ")[:8]
    assert recognizer.alphabet.blank == 0
    assert recognizer.card.details["variant"].startswith("paddle (of ")


def test_the_users_symbols_come_before_the_graphs(path):
    made = graphs.paddle_model(graphs.drawn(), {"character": "\n".join("ABCDEFGH")})
    graphs.saved(made, path)
    assert gateviz.load(path, alphabet="01234567").alphabet.symbols == tuple("01234567")
    path.with_suffix(".alphabet.txt").write_text("klmnopqr", encoding="utf-8")
    assert gateviz.load(path).alphabet.symbols == tuple("klmnopqr")


def test_symbols_that_do_not_go_with_the_classes(path):
    graphs.saved(graphs.paddle_model(graphs.drawn(), {"character": "a\nb\nc"}), path)
    refused(path, "has 9 classes .8 symbols and the blank. and does not say which", alphabet=None)
    with pytest.raises(AlphabetError, match="has 9 classes, so 8 symbols and the blank, and the alphabet 'abc' has 3"):
        gateviz.load(path, alphabet="abc")


# Paddle's preparation, as RapidOCR's own code does it.


def paddles(image, height, width):
    """What resize_norm_img of RapidOCR gives for one line, by its description."""
    rows, columns = image.shape[:2]
    ratio = columns / rows
    room = int(height * max(width / height, ratio))
    taken = min(int(np.ceil(height * ratio)), room)
    resized = cv2.resize(image[:, :, ::-1], (taken, height)).astype(np.float32).transpose(2, 0, 1) / 255
    found = np.zeros((3, height, room), np.float32)
    found[:, :, :taken] = (resized - 0.5) / 0.5
    return found


@pytest.fixture(scope="module")
def paddle(tmp_path_factory):
    path = tmp_path_factory.mktemp("paddle") / "m.onnx"
    state = {**graphs.drawn(), "conv.weight": np.random.default_rng(5).normal(0, 0.5, (4, 3, 3, 3))}
    made = graphs.paddle_model(state, {"character": "\n".join(graphs.ALPHABET)}, ("n", 3, None, "w"))
    pool = next(node for node in made.graph.node if node.op_type == "MaxPool")
    for attribute in pool.attribute:
        attribute.ints[0] = 32
    return gateviz.load(graphs.saved(made, path))


@pytest.mark.parametrize(
    "size", [(32, 100), (48, 320), (31, 977), (47, 63), (1, 9), (1, 40), (90, 3), (33, 331), (100, 1001), (17, 171)]
)
def test_paddles_preparation(paddle, size):
    image = line(*size)
    prepared = paddle.prepare(image)
    assert np.allclose(prepared.pixels, paddles(image, 32, 320), atol=1e-6)
    assert paddle.card.preprocessing == (
        "BGR, height 32 keeping the aspect (opencv linear), (x/255 - 0.5) / 0.5, padded to 320 columns with 0"
    )
    assert prepared.to_source(0.0) == 0.0
    assert prepared.to_source(float(prepared.content_width)) == pytest.approx(size[1])


def test_the_shape_in_the_metadata(path):
    state = {**graphs.drawn(), "conv.weight": np.random.default_rng(5).normal(0, 0.5, (4, 3, 3, 3))}
    for shape, rows in (("[3,16,320]", 16), ("[3,48,320]", 48), ("nonsense", 32), ("[[[1]]]", 32), ("[3,-1,1]", 32)):
        metadata = {"dictionary": "\n".join(graphs.ALPHABET), "shape": shape}
        made = graphs.paddle_model(state, metadata, ("n", None, None, "w"))
        for attribute in next(node for node in made.graph.node if node.op_type == "MaxPool").attribute:
            attribute.ints[0] = rows
        recognizer = gateviz.load(graphs.saved(made, path))
        assert tuple(recognizer.prepare(line(30, 60)).pixels.shape) == (3, rows, 320)


# What is refused.


def changed(**changes):
    """The simple model with attributes of its LSTM changed."""
    return graphs.simple_model(**changes)


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        ({"clip": 5.0}, "the LSTM node 'the LSTM' clips its gates at 5, which torch's LSTM does not"),
        ({"activations": ["HardSigmoid", "Tanh", "Tanh"]}, "has the activations hardsigmoid, tanh, tanh, and torch's"),
        ({"input_forget": 1}, "couples its input and forget gates"),
        ({"direction": "sideways"}, "reads in the direction 'sideways'"),
    ],
)
def test_gates_that_torch_does_not_compute(path, attributes, words):
    refused(graphs.saved(changed(**attributes), path), words)


def test_peepholes_are_refused(path):
    made = changed()
    lstm = made.graph.node[4]
    lstm.input.extend(["", "", "", "P"])
    made.graph.initializer.append(graphs.floats("P", np.ones((1, 15))))
    refused(graphs.saved(made, path), r"the LSTM node 'the LSTM' has peephole weights \(P\)")


def test_a_gru_that_resets_before_its_linear_layer(tmp_path):
    path = graphs.scripted(graphs.seeded(graphs.Stacked("GRU")), tmp_path / "m.onnx")
    made = graphs.onnx.load(path)
    for node in made.graph.node:
        if node.op_type == "GRU":
            del node.attribute[[attribute.name for attribute in node.attribute].index("linear_before_reset")]
    refused(graphs.saved(made, path), r"resets before its linear layer \(linear_before_reset = 0\)")


def test_quantized_layers_are_refused(path):
    nodes, stored = graphs.simple_nodes(graphs.drawn())
    nodes[4] = helper.make_node("DynamicQuantizeLSTM", list(nodes[4].input), ["y"], "q", domain="com.microsoft")
    made = graphs.model(
        nodes, stored, [graphs.port("images", ("n", 1, 16, "w"))], OUTPUT, extra_domains=["com.microsoft"]
    )
    words = r"misses float weights: the DynamicQuantizeLSTM \(com.microsoft\) node 'q' is quantized, and gates need the float"
    refused(graphs.saved(made, path), words)


def test_an_unknown_node_after_the_layers_is_named(path):
    nodes, stored = graphs.simple_nodes(graphs.drawn())
    nodes.append(helper.make_node("Erf", ["scores"], ["bent"], "bend"))
    made = graphs.model(nodes, stored, [graphs.port("images", ("n", 1, 16, "w"))], [graphs.port("bent", None)])
    refused(
        graphs.saved(made, path), "the Erf node 'bend' comes after a recurrent layer, and gateviz does not rebuild Erf"
    )


def test_a_line_turned_around_after_the_layers_is_refused(path):
    nodes, stored = graphs.simple_nodes(graphs.drawn())
    stored += [graphs.integers("end", [-1]), graphs.integers("begin", [-(1 << 62)]), graphs.integers("axis", [0])]
    nodes.append(helper.make_node("Slice", ["scores", "end", "begin", "axis", "end"], ["turned"], "turn"))
    made = graphs.model(nodes, stored, [graphs.port("images", ("n", 1, 16, "w"))], [graphs.port("turned", None)])
    refused(graphs.saved(made, path), "the Slice node 'turn' cannot run: it turns an axis around")


def test_graphs_without_gates_are_refused(path):
    nodes, stored = graphs.simple_nodes(graphs.drawn())
    nodes[4:7] = [helper.make_node("MatMul", ["x", "square"], ["p"])]
    stored.append(graphs.floats("square", np.ones((4, graphs.CLASSES))))
    made = graphs.model(nodes, stored, [graphs.port("images", ("n", 1, 16, "w"))], OUTPUT)
    words = r"misses an LSTM or GRU node \(its 6 nodes are mostly Conv, Tanh, .*\), so there are no gates to show"
    refused(graphs.saved(made, path), words)


def test_layers_inside_a_loop_are_refused(path):
    nodes, stored = graphs.simple_nodes(graphs.drawn())
    branch = helper.make_graph([nodes[4]], "inner", [], [graphs.port("y", None)])
    nodes[4] = helper.make_node("If", ["yes"], ["y"], "choose", then_branch=branch, else_branch=branch)
    stored.append(graphs.numpy_helper.from_array(np.array(True), "yes"))
    made = graphs.model(nodes, stored, [graphs.port("images", ("n", 1, 16, "w"))], OUTPUT)
    refused(graphs.saved(made, path), "recurrent nodes in the open: the If node 'choose' holds LSTM inside")


def test_weights_that_depend_on_the_image(path):
    nodes, stored = graphs.simple_nodes(graphs.drawn())
    nodes[4:4] = [
        helper.make_node("ReduceMean", ["images"], ["mean"], axes=[0, 1, 2, 3], keepdims=0),
        helper.make_node("Mul", ["W", "mean"], ["made"]),
    ]
    nodes[6].input[1] = "made"
    made = graphs.model(nodes, stored, [graphs.port("images", ("n", 1, 16, "w"))], OUTPUT)
    refused(
        graphs.saved(made, path), "constant weights: the LSTM node 'the LSTM' takes 'made', which depends on the image"
    )


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        (
            [graphs.port("images", ("n", 1, 16, "w")), graphs.port("lengths", ("n",))],
            "one input, the line image: its inputs",
        ),
        ([graphs.port("images", ("n", 1, 16, "w"), graphs.TensorProto.UINT8)], "'images' takes uint8"),
        ([graphs.port("images", ("n", 16))], r"'images' has the axes \? x 16"),
        ([graphs.port("images", (8, 1, 16, "w"))], "takes exactly 8 lines; export with a dynamic batch"),
        (
            [graphs.port("images", ("n", 2, 16, "w"))],
            r"takes images of 2 channels \(\? x 2 x 16 x \?\), and a line image",
        ),
    ],
)
def test_inputs_that_are_no_line_image(path, inputs, words):
    nodes, stored = graphs.simple_nodes(graphs.drawn())
    refused(graphs.saved(graphs.model(nodes, stored, inputs, OUTPUT), path), words)


def test_an_output_that_is_no_sequence(path):
    nodes, stored = graphs.simple_nodes(graphs.drawn())
    nodes.append(helper.make_node("Flatten", ["scores"], ["flat"]))
    made = graphs.model(nodes, stored, [graphs.port("images", ("n", 1, 16, "w"))], [graphs.port("flat", None)])
    refused(
        graphs.saved(made, path), "its output for one line is 160 x 9, and its recurrent layers read 160 frames of it"
    )


def test_shapes_that_do_not_go_together(path):
    made = changed()
    stored = {tensor.name: tensor for tensor in made.graph.initializer}
    stored["B"].CopyFrom(graphs.floats("B", np.ones((1, 41))))
    words = r"has 5 units in 1 directions, so B should be \[1, 40\] and is \[1, 41\]"
    refused(graphs.saved(made, path), words)
    made = changed()
    stored = {tensor.name: tensor for tensor in made.graph.initializer}
    stored["conv.bias"].CopyFrom(graphs.floats("conv.bias", np.ones(5)))
    refused(graphs.saved(made, path), r"m\.onnx cannot be built: (the graph does not run on|ONNX Runtime does not run)")
    made = changed()
    stored = {tensor.name: tensor for tensor in made.graph.initializer}
    stored["head.bias"].CopyFrom(graphs.floats("head.bias", np.ones(5)))
    refused(graphs.saved(made, path), r"the Add node 'add' cannot run on \[160, 1, 9\], \[5\]")
    made = changed()
    stored = {tensor.name: tensor for tensor in made.graph.initializer}
    stored["W"].CopyFrom(graphs.floats("W", np.ones((1, 20, 7))))
    refused(graphs.saved(made, path), r"was given \[160, 1, 4\], and it reads sequences of 7 numbers")


def test_a_tensor_that_is_missing_is_named(path):
    for name in ("conv.weight", "R", "head.bias"):
        made = changed()
        kept = [tensor for tensor in made.graph.initializer if tensor.name != name]
        del made.graph.initializer[:]
        made.graph.initializer.extend(kept)
        refused(
            graphs.saved(made, path), rf"m\.onnx cannot be read: the .* node .* uses '{name}', which is not in the file"
        )


def test_a_tensor_too_many_changes_nothing(path):
    made = changed()
    made.graph.initializer.append(graphs.floats("another_head.weight", np.ones(3)))
    assert gateviz.load(graphs.saved(made, path), alphabet=graphs.ALPHABET).card.lineage == "onnx"


def test_a_tensor_that_claims_more_than_it_stores(path):
    made = changed()
    made.graph.initializer[0].dims[:] = [100_000, 100_000]
    graphs.saved(made, path)
    tracemalloc.start()
    refused(path, "conv.weight claims 10,000,000,000 numbers and 144 bytes are there; the file is damaged or malicious")
    assert tracemalloc.get_traced_memory()[1] < 50e6
    tracemalloc.stop()


def test_values_made_larger_than_any_recognizers(path):
    nodes, stored = graphs.simple_nodes(graphs.drawn())
    stored.append(graphs.integers("huge", [100_000, 100_000]))
    nodes.append(helper.make_node("Expand", ["scores", "huge"], ["wide"], "widen"))
    made = graphs.model(nodes, stored, [graphs.port("images", ("n", 1, 16, "w"))], [graphs.port("wide", None)])
    refused(graphs.saved(made, path), "the Expand node 'widen' cannot run")


def test_values_made_larger_before_the_layers(path):
    """A state of 6 GB by a single number of a constant: ONNX Runtime is not given the room."""
    made = graphs.paddle_model(graphs.drawn())
    units = next(node for node in made.graph.node if node.output[0] == "units")
    units.attribute[0].t.CopyFrom(graphs.integers("units", [5 + (0x30 << 24)]))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    words = r"while running ConstantOfShape node\. .* Available memory of [0-9]+ is smaller than requested bytes"
    refused(graphs.saved(made, path), words)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000


@pytest.mark.parametrize("share", [0.001, 0.01, 0.3, 0.5, 0.9, 0.999])
def test_a_truncated_file(path, share):
    graphs.saved(changed(), path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    refused(path, "m.onnx")


def test_noise_in_a_file_is_refused_or_read(path):
    graphs.saved(changed(), path)
    whole = path.read_bytes()
    generator = np.random.default_rng(0)
    for _ in range(150):
        broken = bytearray(whole)
        for at in generator.integers(0, len(whole), 3):
            broken[at] = generator.integers(0, 256)
        path.write_bytes(bytes(broken))
        try:
            gateviz.load(path, alphabet=graphs.ALPHABET)
        except GatevizError as refusal:
            assert "\n" not in str(refusal)


def test_weights_that_are_no_numbers(path):
    state = graphs.drawn()
    state["rnn.weight_hh_l0"][0, 0] = np.nan
    refused(graphs.saved(graphs.simple_model(state), path), "R has 1 of 100 numbers that are NaN or infinite")


def test_a_file_named_onnx_that_is_none(path):
    path.write_bytes(b"<html>Not found</html>")
    refused(path, "a web page: the download went wrong")
    path.write_bytes(bytes(range(128, 256)))
    refused(path, "is a truncated or damaged ONNX graph")
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:00")
    refused(path, "is a Git LFS pointer")


def test_a_file_too_large_to_be_one(path, monkeypatch):
    monkeypatch.setattr(budget, "GRAPH_BYTES", replace(budget.GRAPH_BYTES, most=100))
    refused(
        graphs.saved(changed(), path),
        r"comes to [\d,]+ bytes, and at most 100 are read \(the bound on bytes of an ONNX graph\)",
    )


def test_a_newer_format_than_the_runtime_knows(path):
    made = changed()
    made.ir_version = 99
    refused(
        graphs.saved(made, path), "m.onnx cannot be built: ONNX Runtime does not run the graph: Unsupported model IR"
    )


# Weights beside the graph.


@pytest.fixture
def beside(path):
    graphs.onnx.save(changed(), path, save_as_external_data=True, location="m.weights", size_threshold=0)
    return path.with_name("m.weights")


def test_weights_beside_it(path, beside):
    recognizer = gateviz.load(path, alphabet=graphs.ALPHABET)
    inside = gateviz.load(graphs.saved(changed(), path.with_name("n.onnx")), alphabet=graphs.ALPHABET)
    images = graphs.image(30)
    with torch.inference_mode():
        torch.testing.assert_close(recognizer.log_probs(images), inside.log_probs(images))
    assert list(read_graph(open_model_file(path)).beside) == ["m.weights"]


def test_weights_beside_it_that_are_gone_or_short(path, beside):
    whole = beside.read_bytes()
    beside.write_bytes(whole[:-4])
    refused(path, r"should lie at bytes [\d,]+ to [\d,]+ of m\.weights, which has [\d,]+")
    beside.unlink()
    refused(path, r"its weights should lie in m\.weights beside it, and there is no such file; put it there, or export")


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("location", "../m.weights", r"should lie in '\.\./m\.weights', and only files in the graph's own folder"),
        ("location", "/etc/hostname", "only files in the graph's own folder are read"),
        ("location", "", "should lie in ''"),
        ("offset", "-4", "the offset of its weights is '-4' and no number"),
        ("length", "9" * 17, "should lie at bytes"),
        ("length", "4", "claims 36 numbers and 4 bytes are there"),
    ],
)
def test_places_of_weights_that_are_none(path, beside, key, value, words):
    made = graphs.onnx.load(path, load_external_data=False)
    tensor = next(each for each in made.graph.initializer if each.name == "conv.weight")
    next(entry for entry in tensor.external_data if entry.key == key).value = value
    path.write_bytes(made.SerializeToString())
    refused(path, words)


# Without the extra.


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_a_package_that_is_not_installed(path, monkeypatch, package):
    graphs.saved(changed(), path)

    def without(name):
        if name == package:
            raise ModuleNotFoundError(f"No module named {name!r}")
        return sys.modules[name]

    monkeypatch.setattr("gateviz.adapters.onnx.graph.import_module", without)
    monkeypatch.setattr("gateviz.adapters.onnx.graph.find_spec", lambda name: None if name == package else True)
    with pytest.raises(
        MissingExtraError, match=rf"needs {package}, which is not installed; pip install 'gateviz\[onnx\]'"
    ):
        gateviz.load(path, alphabet=graphs.ALPHABET)


def test_the_adapter_imports_neither_package():
    import subprocess

    script = "import sys, gateviz.adapters.onnx.adapter\nsys.exit(bool({'onnx', 'onnxruntime'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
