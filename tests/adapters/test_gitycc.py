"""GitYCC's network rebuilt: the original's numbers, its prepared lines, its heights."""

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import gateviz
from gateviz.adapters.gitycc import ADAPTER, Gitycc, GityccShape
from gateviz.adapters.opening import open_model_file
from gateviz.errors import CheckpointError, GeometryError

FOLDER = Path(__file__).parent


def load_file(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


record = load_file(FOLDER / "golden" / "record.py")
compare = load_file(FOLDER / "golden" / "compare.py")
small = load_file(FOLDER / "lineages" / "gitycc.py")
GOLDEN = json.loads((FOLDER / "golden" / "gitycc.json").read_text(encoding="utf-8"))


def saved(folder, shape=small.SMALL):
    torch.save(small.state_of(shape), folder / "crnn_synth90k.pt")
    return folder / "crnn_synth90k.pt"


@pytest.mark.parametrize("case", GOLDEN["cases"].values(), ids=GOLDEN["cases"].keys())
def test_the_numbers_of_the_original_network(tmp_path, case):
    rows = case["height"] // 16 - 1
    shape = GityccShape(1, rows=rows, mapped=case["mapped"], hidden=(case["hidden"],) * 2, classes=case["classes"])
    assert sorted(Gitycc(shape).state_dict()) == case["keys"]
    recognizer = gateviz.load(
        saved(tmp_path, shape), alphabet="0123456789abcdefghijklmnopqrstuvwxyz"[: shape.classes - 1]
    )
    image = record.formula.image(case["batch"], 1, case["height"], case["width"])
    compare.assert_original(lambda module, pixels: module(pixels), recognizer.module, image, case)
    assert recognizer.frame_grid(case["width"]).frame_count == case["shape"][0]


@pytest.mark.parametrize("name", GOLDEN["prepared"])
def test_lines_prepared_as_by_the_original(tmp_path, name):
    height, width = (int(size) for size in name.split(" x "))
    line = record.line_image(height, width)
    prepared = gateviz.load(saved(tmp_path)).prepare(line)
    compare.assert_pixels(record.pixel_numbers(prepared.pixels), GOLDEN["prepared"][name])
    assert prepared.to_source(100.0) == pytest.approx(width)


def test_the_recognizer_says_what_it_is(tmp_path):
    recognizer = gateviz.load(saved(tmp_path))
    card = recognizer.card
    assert card.evidence == (
        "keys map_to_seq and dense, with batch norms at 4, 5",
        "2 bidirectional LSTMs rnn1 and rnn2 of 5 and 7 units",
    )
    assert card.preprocessing == "gray (pillow), stretched to 100 x 32 (pillow bilinear), (x/127.5 - 1) / 1"
    assert card.details["frames"] == "T = W/4 - 1"
    assert card.details["receptive field"] == "46 columns of the network's input"
    assert card.details["activation"].startswith("ReLU (leaky_relu=True")
    grid = recognizer.frame_grid(100)
    assert (grid.frame_count, grid.first_center, grid.stride, grid.receptive_field) == (24, 4.0, 4.0, 46.0)
    with pytest.raises(GeometryError, match="an input of 7 columns gives no frame: this network needs at least 8"):
        recognizer.frame_grid(7)


def test_the_height_of_the_images_is_read_from_the_linear_layer(tmp_path):
    recognizer = gateviz.load(saved(tmp_path, small.HIGH), alphabet="0123456789")
    assert tuple(recognizer.prepare(record.line_image(40, 300)).pixels.shape) == (1, 48, 100)
    assert "stretched to 100 x 48" in recognizer.card.preprocessing


def test_keeping_the_aspect(tmp_path):
    recognizer = gateviz.load(saved(tmp_path), keep_ratio=True)
    assert tuple(recognizer.prepare(record.line_image(40, 301)).pixels.shape) == (1, 32, 240)
    assert tuple(recognizer.prepare(record.line_image(40, 20)).pixels.shape) == (1, 32, 32)


def test_color_networks_and_other_variants_are_refused(tmp_path):
    with pytest.raises(CheckpointError, match="takes images of 3 channels, and GitYCC's preprocessing makes gray ones"):
        gateviz.load(saved(tmp_path, replace(small.SMALL, image_channels=3)))
    with pytest.raises(CheckpointError, match="gitycc has no variant 'leaky'; there are gitycc"):
        gateviz.load(saved(tmp_path), variant="leaky")


def test_hostile_shapes_are_only_a_misfit(tmp_path):
    state = {
        "map_to_seq.weight": torch.zeros(1, 1_000_000),
        "cnn.conv6.weight": torch.zeros(0),
        "rnn1.weight_hh_l0": torch.zeros(3),
        "dense.weight": torch.zeros(0, 0),
    }
    torch.save(state, tmp_path / "m.pth")
    match = ADAPTER.sniff(open_model_file(tmp_path / "m.pth"))
    assert not match.ok
    assert "map_to_seq.weight [1, 64], which has [1, 1000000]" in match.missing
