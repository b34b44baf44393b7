"""courao's networks rebuilt: the original's numbers, its prepared lines, which of the three a file holds."""

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import gateviz
from gateviz.adapters.courao import ADAPTER, Courao, CouraoShape
from gateviz.adapters.opening import open_model_file
from gateviz.errors import AlphabetError, CheckpointError, ImageError

FOLDER = Path(__file__).parent


def load_file(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


record = load_file(FOLDER / "golden" / "record.py")
compare = load_file(FOLDER / "golden" / "compare.py")
small = load_file(FOLDER / "lineages" / "courao.py")
GOLDEN = json.loads((FOLDER / "golden" / "courao.json").read_text(encoding="utf-8"))


def saved(folder, state=None):
    torch.save(state or small.state_of("CRNN"), folder / "CRNN-1010.pth")
    return folder / "CRNN-1010.pth"


@pytest.mark.parametrize("name", GOLDEN["cases"])
def test_the_numbers_of_the_original_network(name):
    case = GOLDEN["cases"][name]
    # The keys alone say which network it is, and every size but these is the author's own.
    sizes = CouraoShape.from_shapes(dict.fromkeys(case["keys"], ()))
    hidden, classes = case["hidden"], case["classes"]
    network = Courao(replace(sizes, hidden=(hidden, hidden), outputs=(hidden, classes))).eval()
    assert sizes.backbone == name.split()[0]
    assert sorted(network.state_dict()) == case["keys"]
    network.load_state_dict(record.formula.fill_normed(network.state_dict()))
    image = record.formula.image(case["batch"], 1, 32, case["width"])
    compare.assert_original(lambda module, pixels: module(pixels), network, image, case)


@pytest.mark.parametrize("name", GOLDEN["prepared"])
def test_lines_prepared_as_by_the_original(tmp_path, name):
    height, width = (int(size) for size in name.split(" x "))
    recognizer = gateviz.load(saved(tmp_path), alphabet=small.SYMBOLS)
    prepared = recognizer.prepare(record.line_image(height, width))
    compare.assert_pixels(record.pixel_numbers(prepared.pixels), GOLDEN["prepared"][name])
    assert prepared.to_source(float(prepared.pixels.shape[2])) == pytest.approx(width)


@pytest.mark.parametrize(
    ("backbone", "frames", "first_center", "reach", "keys"),
    [
        ("CRNN", "T = W/4 + 1", 0.0, 54, "keys conv1, conv2, conv3_1 to conv5 without a prefix: the author's CRNN"),
        ("CRNN_v2", "T = W/4 + 2", -2.0, 56, "keys conv1_1 to conv4_2 and bn1_1 to bn5: the author's CRNN_v2"),
        ("CRNN_res", "T = (W + 3)/4", 0.5, 121, "keys res1 to res4_3: the author's CRNN_res"),
    ],
)
def test_the_recognizer_says_what_it_is(tmp_path, backbone, frames, first_center, reach, keys):
    recognizer = gateviz.load(saved(tmp_path, small.state_of(backbone)), alphabet=small.SYMBOLS)
    card = recognizer.card
    assert card.evidence == (keys, "2 bidirectional LSTMs of 5 and 6 units, each with an embedding")
    assert card.preprocessing == "gray (opencv), height 32 keeping the aspect (pillow lanczos), (x/255 - 0.5) / 0.5"
    assert card.details["network"] == backbone
    assert card.details["frames"] == frames
    grid = recognizer.frame_grid(200)
    assert (grid.first_center, grid.stride, grid.receptive_field) == (first_center, 4.0, reach)


def test_a_file_alone_says_too_little_of_its_alphabet(tmp_path):
    with pytest.raises(AlphabetError, match=r"has 12 classes \(11 symbols and the blank\) and does not say which"):
        gateviz.load(saved(tmp_path))


def test_a_tall_image_has_no_column_left(tmp_path):
    recognizer = gateviz.load(saved(tmp_path), alphabet=small.SYMBOLS)
    with pytest.raises(ImageError, match="a line image of 2 x 100 pixels comes to 0 columns at height 32"):
        recognizer.prepare(np.zeros((100, 2), np.uint8))


def test_color_networks_and_other_variants_are_refused(tmp_path):
    color = record.formula.fill(Courao(replace(small.SHAPES["CRNN"], image_channels=3)).state_dict())
    with pytest.raises(CheckpointError, match="takes images of 3 channels, and courao's preprocessing makes gray ones"):
        gateviz.load(saved(tmp_path, color), alphabet=small.SYMBOLS)
    with pytest.raises(CheckpointError, match="courao has no variant 'v2'; there are courao"):
        gateviz.load(saved(tmp_path), variant="v2")


def test_hostile_shapes_are_only_a_misfit(tmp_path):
    state = {
        "conv1_1.weight": torch.zeros(0),
        "res1.group1.conv2.weight": torch.zeros(3),
        "rnn.0.rnn.weight_hh_l0": torch.zeros(2, 2),
    }
    match = ADAPTER.sniff(open_model_file(saved(tmp_path, state)))
    assert not match.ok
    assert match.score < 0.1
