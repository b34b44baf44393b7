"""Exported files: proved before they are written, read back as they were, and nothing in one is believed."""

import json

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

import gateviz
from gateviz.adapters import exported as exported_files
from gateviz.data.alphabet import Alphabet
from gateviz.data.crnn import CrnnConfig, CrnnInput
from gateviz.errors import AlphabetError, CheckpointError, OutputError, WitnessError
from gateviz.exporting import difference, export
from gateviz.graphs import crnn as crnn_graphs
from gateviz.graphs.document import METADATA_KEY
from gateviz.networks.crnn import CRNN
from gateviz.networks.crnn_file import save_crnn

LETTERS = Alphabet.from_symbols("abcdef", blank=0)
SHAPE = {"backbone": "vgg_small", "hidden_size": 6, "backbone_scale": 0.1}


@pytest.fixture
def own(tmp_path):
    def saved(**fields):
        torch.manual_seed(2)
        path = tmp_path / "own.safetensors"
        model = CRNN(CrnnConfig(LETTERS.class_count, **SHAPE | fields)).eval()
        save_crnn(
            path,
            model,
            LETTERS,
            preprocessing=CrnnInput(mean=0.4, std=0.2, pad_left=3, crop=True),
            notes={"of": "toys"},
        )
        return path

    return saved


@pytest.fixture
def image():
    return np.random.default_rng(3).integers(0, 256, (40, 150), dtype=np.uint8)


@pytest.mark.parametrize("gates", [False, True])
@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_a_file_reads_as_what_it_was_made_from(own, tmp_path, image, kind, gates):
    recognizer = gateviz.load(own(recurrent=kind))
    found = export(recognizer, tmp_path / "own.onnx", gates=gates)
    assert 0 < found.posteriors <= 5e-5
    assert (found.gates is not None) == gates and (found.gates or 0.0) <= 5e-5
    assert found.size == (tmp_path / "own.onnx").stat().st_size
    again = gateviz.load(tmp_path / "own.onnx")
    assert (again.alphabet, again.preprocess, again.geometry) == (
        recognizer.alphabet,
        recognizer.preprocess,
        recognizer.geometry,
    )
    one, other = gateviz.record(gateviz.load(own(recurrent=kind)), image), gateviz.record(again, image)
    assert not again.torch_opened
    assert np.array_equal(one.emission.log_probs, other.emission.log_probs)
    assert [trace.module for trace in other.traces] == ["recurrent"] * 4
    for mine, theirs in zip(one.traces, other.traces, strict=True):
        assert all(np.array_equal(mine.values[name], theirs.values[name]) for name in mine.values)
    assert other.provenance.checkpoint == "own.onnx"
    assert again.card.details["exported from"].startswith("own.safetensors (sha256 ")
    assert again.card.details["of"] == "toys"


def test_its_outputs_are_there_for_any_runtime(own, tmp_path):
    export(gateviz.load(own()), tmp_path / "own.onnx", gates=True)
    model = onnx.load(tmp_path / "own.onnx")
    onnx.checker.check_model(model, full_check=True)
    names = [value.name for value in model.graph.output]
    assert names[0] == "logits" and len(names) == 1 + 2 * 2 * 6
    assert "lstm.1.backward.cell_state" in names


def test_a_file_takes_edits_by_torch(own, tmp_path, image):
    export(gateviz.load(own()), tmp_path / "own.onnx")
    edit = gateviz.clamp("forget_gate", 0.0, layer=1)
    ours = gateviz.record(gateviz.load(tmp_path / "own.onnx"), image, edits=[edit])
    theirs = gateviz.record(gateviz.load(own()), image, edits=[edit])
    assert difference(ours.emission.log_probs, theirs.emission.log_probs) <= 5e-5


def test_a_graph_that_is_not_torch_s_is_not_written(own, tmp_path, monkeypatch):
    recognizer = gateviz.load(own())
    monkeypatch.setattr(crnn_graphs, "_EPSILON", 0.1)
    with pytest.raises(
        CheckpointError, match=r"gives other log posteriors than torch does, by \S+ where 0.0001 is allowed"
    ):
        export(recognizer, tmp_path / "own.onnx")
    assert not (tmp_path / "own.onnx").exists()


def test_what_has_no_graph_is_refused(own, tmp_path):
    with pytest.raises(CheckpointError, match="has no LSTM or GRU node"):
        export(gateviz.load(own(recurrent="none")), tmp_path / "own.onnx", gates=True)
    used = gateviz.load(own())
    _ = used.module
    with pytest.raises(
        CheckpointError, match="is in use and may be another by now than the file's; load the file again"
    ):
        export(used, tmp_path / "own.onnx")
    with pytest.raises(OutputError):
        export(gateviz.load(own()), tmp_path / "no" / "own.onnx")
    assert list(tmp_path.glob("*.onnx")) == []


@pytest.mark.parametrize("quantize", ["dynamic", "static"])
def test_a_file_in_int8_is_read_with_its_own_gates(own, tmp_path, quantize):
    rng = np.random.default_rng(3)
    images = [rng.integers(0, 256, (40, width), dtype=np.uint8) for width in (120, 150, 150)]
    whole, small = (tmp_path / f"{name}.onnx" for name in ("whole", "small"))
    export(gateviz.load(own(hidden_size=24)), whole)
    found = export(gateviz.load(own(hidden_size=24)), small, gates=True, quantize=quantize, calibrate=images)
    assert found.int8.witness <= 1e-5
    assert 0 < found.int8.moved < 1
    assert 0.5 < found.int8.same <= 1
    assert found.int8.frames == sum(
        each.emission.log_probs.shape[0] for each in gateviz.record(gateviz.load(whole), images)
    )
    assert f"in int8 {found.int8.same:.1%} of {found.int8.frames} frames keep their most probable class" in found.words
    assert found.posteriors <= 5e-5
    recognizer = gateviz.load(small)
    assert recognizer.card.details["quantization"] == quantize
    recordings = gateviz.record(recognizer, images)
    floats = gateviz.record(gateviz.load(whole), images)
    for one, other in zip(recordings, floats, strict=True):
        assert one.provenance.witness <= 1e-5
        gates, before = one.traces[0].values["forget_gate"], other.traces[0].values["forget_gate"]
        assert 0 < np.abs(gates - before).mean() < 0.05
    # Lines of one size are read one by one: together each would be rounded by the range of both.
    (alone,) = gateviz.record(recognizer, images[1:2])
    assert np.array_equal(alone.emission.log_probs, recordings[1].emission.log_probs)
    outputs = onnx.load(small).graph.output
    assert len(outputs) == 1 + 2 * 2 * 6


def test_int8_says_what_it_needs_and_writes_nothing_without(own, tmp_path):
    with pytest.raises(CheckpointError, match=r"no line was given; give some dozens .* \(--calibrate LINES\)"):
        export(gateviz.load(own()), tmp_path / "own.onnx", quantize="static")
    export(gateviz.load(own()), tmp_path / "small.onnx", quantize="dynamic")
    with pytest.raises(
        CheckpointError, match=r"small\.onnx is in int8 already, .*; export the float model it was made"
    ):
        export(gateviz.load(tmp_path / "small.onnx"), tmp_path / "own.onnx", quantize="dynamic")
    image = np.full((40, 90), 255, np.uint8)
    with pytest.raises(
        CheckpointError, match=r"small\.onnx is in int8, whose layers torch does not compute: .* for edits"
    ):
        gateviz.load(tmp_path / "small.onnx").with_torch()
    assert gateviz.record(gateviz.load(tmp_path / "small.onnx"), image).provenance.witness <= 1e-5
    assert not (tmp_path / "own.onnx").exists()


def test_gates_that_are_not_the_int8_layers_are_not_written(own, tmp_path, monkeypatch):
    monkeypatch.setattr("gateviz.graphs.gates.rounded_frames", lambda write, series: series)
    with pytest.raises(WitnessError):
        export(gateviz.load(own(hidden_size=24)), tmp_path / "own.onnx", quantize="dynamic")
    assert not (tmp_path / "own.onnx").exists()


@pytest.fixture
def written(own, tmp_path):
    export(gateviz.load(own()), tmp_path / "own.onnx")
    return tmp_path / "own.onnx"


def altered(path, change):
    model = onnx.load(path)
    change(model)
    path.write_bytes(model.SerializeToString())
    return path


def with_document(**fields):
    def change(model):
        (entry,) = model.metadata_props
        entry.value = json.dumps(json.loads(entry.value) | fields)

    return change


def with_node(kind, **attributes):
    def change(model):
        domain = attributes.pop("domain", "")
        model.graph.node.append(helper.make_node(kind, ["logits"], ["more"], domain=domain, **attributes))

    return change


def looping(model):
    body = helper.make_graph([helper.make_node("Relu", ["a"], ["b"])], "body", [], [])
    model.graph.node.append(helper.make_node("Loop", ["", "", "logits"], ["more"], body=body))


def scanning(model):
    body = helper.make_graph([helper.make_node("Tile", ["a", "a"], ["b"])], "body", [], [])
    model.graph.node.append(helper.make_node("Scan", ["logits"], ["more"], body=body, num_scan_inputs=1))


def doubling(model):
    value = "logits"
    for step in range(40):
        model.graph.node.append(helper.make_node("Concat", [value, value], [f"more{step}"], axis=1))
        value = f"more{step}"


def huge(model):
    model.graph.initializer.append(numpy_helper.from_array(np.array([1 << 20, 1 << 20], np.int64), "sizes"))
    model.graph.node.append(helper.make_node("ConstantOfShape", ["sizes"], ["more"]))


def beside(model):
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "/etc/passwd"


def claiming(model):
    model.graph.initializer[0].dims[0] = 1 << 40


def second_input(model):
    model.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1]))


def of_five_channels(model):
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = 5


def with_function(model):
    model.functions.append(helper.make_function("here", "f", ["a"], ["b"], [], []))


def many(model):
    model.graph.node.extend([helper.make_node("Identity", ["logits"], [f"more{n}"]) for n in range(10_001)])


def cut(model):
    del model.graph.node[3:]


LAYER = {
    "node": 0, "layer": 0, "module": "recurrent", "kind": "lstm", "directions": ["forward", "backward"], "units": 6,
    "flipped": False, "geometry": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (with_document(format_version=9), "by a later gateviz (format 9; this one reads up to 1); update gateviz"),
        (with_document(preprocess=[{"step": "Sharpen"}]), "'Sharpen' is no step that this gateviz knows"),
        (with_document(layers=[LAYER | {"units": 7}]), "a lstm of 7 units as layer 0, and its graph has a lstm of 6 units there"),
        (with_document(layers=[LAYER | {"node": 5}]), "its graph has no such node there"),
        (with_node("Tile"), "the operator 'Tile', which no exported recognizer has"),
        (with_node("Relu", domain="evil.ops"), "the operator 'Relu' of 'evil.ops'"),
        (looping, "the operator 'Loop'"),
        (scanning, "runs an inner graph of 1 nodes (Tile)"),
        (doubling, "the bound on numbers of one value"),
        (huge, "the bound on numbers of one value"),
        (beside, "lie beside the file, which an exported recognizer's do not"),
        (claiming, "claims"),
        (second_input, "its graph takes 2 inputs"),
        (of_five_channels, "takes lines of 5 channels"),
        (with_function, "has functions or training steps"),
        (many, "nodes of a graph"),
        (cut, "own.onnx cannot be read: "),
    ],
)  # fmt: skip
def test_what_no_exported_file_holds_is_refused_before_anything_runs(written, monkeypatch, change, words):
    from gateviz.runtime import session

    monkeypatch.setattr(session.onnxruntime, "InferenceSession", None)
    with pytest.raises(CheckpointError) as refused:
        gateviz.load(altered(written, change))
    assert words in str(refused.value)
    assert str(refused.value).count("\n") == 0


def test_damaged_bytes_are_one_sentence_each(written):
    content = written.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(40):
        damaged = bytearray(content)
        for place in rng.integers(0, 3000, 3):
            damaged[len(content) - 1 - place if rng.integers(2) else place] ^= int(rng.integers(1, 256))
        written.write_bytes(damaged)
        try:
            recognizer = gateviz.load(written)
            gateviz.record(recognizer, np.full((32, 60), 255, np.uint8))
        except gateviz.GatevizError as error:
            assert str(error) and "\n" not in str(error)


def test_options_that_the_file_settles_itself(written):
    with pytest.raises(CheckpointError, match="says itself how it reads, so variant, blank cannot be chosen"):
        gateviz.load(written, variant="x", blank=0)
    with pytest.raises(AlphabetError):
        gateviz.load(written, alphabet="ab")
    assert gateviz.load(written, alphabet="uvwxyz").alphabet.symbols == tuple("uvwxyz")


def test_the_metadata_is_one_key(written):
    assert [entry.key for entry in onnx.load(written).metadata_props] == [METADATA_KEY]
    assert exported_files.NAME == "exported"
