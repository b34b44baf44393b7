"""BelBES's ResNet and GRUs rebuilt: the original's numbers, text and prepared lines; what a projection takes away."""

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import gateviz
from gateviz.adapters.belbes import ADAPTER, Belbes, BelbesShape
from gateviz.adapters.opening import open_model_file
from gateviz.errors import CheckpointError, GeometryError
from tests import rounding

FOLDER = Path(__file__).parent


def load_file(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


record = load_file(FOLDER / "golden" / "record.py")
compare = load_file(FOLDER / "golden" / "compare.py")
small = load_file(FOLDER / "lineages" / "belbes.py")
GOLDEN = json.loads((FOLDER / "golden" / "belbes.json").read_text(encoding="utf-8"))


def saved(folder, shape=small.MIXED, state=None):
    torch.save(state or small.state_of(shape), folder / "crnn_resnet18_best")
    return folder / "crnn_resnet18_best"


def shape_of(case):
    """The shape by the original's keys alone, but for its sizes."""
    found = BelbesShape.from_shapes(dict.fromkeys(case["keys"], ()))
    assert (found.projection is None) == (case["seq_proj"] == [0, 0])
    return replace(found, classes=case["symbols"] + 1)


@pytest.mark.parametrize("case", GOLDEN["cases"].values(), ids=GOLDEN["cases"].keys())
def test_the_numbers_of_the_original_network(tmp_path, case):
    shape = shape_of(case)
    assert shape.backbone == case["backend"].replace("resnet", "ResNet-")
    state = small.state_of(shape)
    assert sorted(state) == case["keys"]
    recognizer = gateviz.load(
        saved(tmp_path, state=state), alphabet="0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: case["symbols"]]
    )
    image = record.formula.image(case["batch"], 3, 32, case["width"])
    with torch.inference_mode():
        log_probs = recognizer.log_probs(image)
    # The original ends in a softmax.
    compare.assert_original(lambda module, pixels: module(pixels).softmax(-1), recognizer.module, image, case)
    assert recognizer.frame_grid(case["width"]).frame_count == case["shape"][0]
    words = []
    for path in log_probs.argmax(-1).tolist():
        kept = [label for t, label in enumerate(path) if label and (t == 0 or path[t - 1] != label)]
        words.append("".join(recognizer.alphabet.symbols[label - 1] for label in kept))
    assert words == case["read"]


@pytest.mark.parametrize("name", GOLDEN["prepared"])
def test_lines_prepared_as_by_the_original(tmp_path, name):
    height, width = (int(size) for size in name.split(" x "))
    prepared = gateviz.load(saved(tmp_path)).prepare(record.line_image(height, width))
    compare.assert_pixels(record.pixel_numbers(prepared.pixels), GOLDEN["prepared"][name])
    assert prepared.to_source(320.0) == pytest.approx(width)


def test_the_projection_leaves_no_place_to_a_frame(tmp_path):
    recognizer = gateviz.load(saved(tmp_path))
    card = recognizer.card
    assert card.evidence == (
        "keys cnn.0 to cnn.7: ResNet of 10 layers",
        "a projection of 10 positions to 20 frames",
        "2 bidirectional GRUs of 5 units",
    )
    assert card.preprocessing == "BGR, stretched to 320 x 32 (opencv linear), (x/1 - 0) / 1"
    assert card.details["columns"].startswith("the projection mixes the whole line into every frame")
    assert card.details["frames"] == "T = 20"
    grid = recognizer.frame_grid(320)
    # Ten positions of 32 columns, the first around column 0.5, come to twenty frames of 16.
    assert (grid.frame_count, grid.stride, grid.first_center) == (20, 16.0, 0.5 - 16 + 8)
    assert [grid.receptive_span(frame) for frame in range(20)] == [(0.0, 320.0)] * 20
    assert [recognizer.geometry.seen_columns(frame, 320) for frame in range(20)] == [(0, 320)] * 20
    with pytest.raises(GeometryError, match="an input of 352 columns gives no frame"):
        recognizer.frame_grid(352)
    with pytest.raises(CheckpointError, match="projection was trained with lines of 320 columns and reads no other"):
        gateviz.load(saved(tmp_path), keep_ratio=True)


def test_without_a_projection(tmp_path):
    recognizer = gateviz.load(saved(tmp_path, small.PLAIN), alphabet=small.SYMBOLS)
    assert "columns" not in recognizer.card.details
    assert recognizer.card.details["frames"] == "T = (W + 31)/32"
    assert all(recognizer.geometry.frame_count(width) == (width + 31) // 32 for width in range(1, 100))
    kept = gateviz.load(saved(tmp_path, small.PLAIN), alphabet=small.SYMBOLS, keep_ratio=True)
    assert kept.prepare(record.line_image(64, 1001)).pixels.shape == (3, 32, 500)
    assert kept.prepare(record.line_image(64, 10)).pixels.shape == (3, 32, 32)


def test_the_gates_of_its_units(tmp_path):
    recognizer = gateviz.load(saved(tmp_path))
    recording = gateviz.record(recognizer, np.random.default_rng(0).integers(0, 256, (40, 300, 3), np.uint8))
    assert all(trace.update_gate.shape == trace.reset_gate.shape == (20, 5) for trace in recording.traces)
    assert recording.provenance.witness < 1e-5


def test_the_network_that_the_author_saves_twice(tmp_path):
    whole = dict(small.state_of(small.MIXED))
    names = {"cnn.0": "conv1", "cnn.1": "bn1", **{f"cnn.{n + 3}": f"layer{n}" for n in range(1, 5)}}
    for name in list(whole):
        stage = ".".join(name.split(".")[:2])
        if stage in names:
            whole[name.replace(stage, f"feature_extractor.{names[stage]}", 1)] = whole[name]
    whole["feature_extractor.fc.weight"] = torch.zeros(1000, 4)
    parallel = {f"module.{name}": tensor for name, tensor in whole.items()}
    recognizer = gateviz.load(saved(tmp_path, state=parallel))
    assert "prefix 'module.' on every key" in recognizer.card.evidence
    plain = Belbes(small.MIXED).eval()
    plain.load_state_dict(small.state_of(small.MIXED))
    image = record.formula.image(1, 3, 32, 320)
    rounding.assert_same_network(recognizer.module, plain, image)


def test_what_is_refused(tmp_path):
    with pytest.raises(
        CheckpointError, match="takes images of 1 channels, and BelBES's preprocessing makes color ones"
    ):
        gateviz.load(saved(tmp_path, replace(small.MIXED, image_channels=1)))
    with pytest.raises(CheckpointError, match="belbes has no variant 'gru'; there are belbes"):
        gateviz.load(saved(tmp_path), variant="gru")


def test_hostile_shapes_are_only_a_misfit(tmp_path):
    state = {f"cnn.4.{n}.conv1.weight": torch.zeros(1) for n in range(500)}
    state |= {"rnn.weight_hh_l0": torch.zeros(0), "proj.weight": torch.zeros(2, 0)}
    match = ADAPTER.sniff(open_model_file(saved(tmp_path, state=state)))
    assert not match.ok
    # No more than 16 blocks are built, however many keys there are; the other three stages have their usual two.
    strange = [missing for missing in match.missing if missing.startswith("a network that has cnn.4.")]
    assert len(strange) == 500 - 16
    assert sum(missing.startswith("cnn.4.") and ".conv1." in missing for missing in match.missing) == 16
