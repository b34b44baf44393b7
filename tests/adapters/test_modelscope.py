"""ModelScope's CRNN rebuilt: the original's numbers and prepared lines, now and before 1.6, and its vocabulary."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
import torch

import gateviz
from gateviz.adapters.modelscope import ADAPTER, ModelscopeCrnn, ModelscopeShape
from gateviz.adapters.opening import open_model_file
from gateviz.errors import AlphabetError, CheckpointError, ImageError
from tests import rounding

FOLDER = Path(__file__).parent


def load_file(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


record = load_file(FOLDER / "golden" / "record.py")
compare = load_file(FOLDER / "golden" / "compare.py")
small = load_file(FOLDER / "lineages" / "modelscope.py")
GOLDEN = json.loads((FOLDER / "golden" / "modelscope.json").read_text(encoding="utf-8"))


@pytest.fixture
def saved(tmp_path):
    torch.save(small.state_of(), tmp_path / "pytorch_model.pt")
    return tmp_path / "pytorch_model.pt"


@pytest.fixture(scope="module")
def network():
    network = ModelscopeCrnn(ModelscopeShape()).eval()
    network.load_state_dict(record.formula.fill_normed(network.state_dict()))
    return network


@pytest.mark.parametrize("name", GOLDEN["cases"])
def test_the_numbers_of_the_original_network(network, name):
    case = GOLDEN["cases"][name]
    assert sorted(network.state_dict()) == GOLDEN["keys"]
    image = record.formula.image(case["batch"], 3, 32, case["width"])[:, : case["channels"]]
    compare.assert_original(lambda module, pixels: module(pixels)[:, :, :40], network, image, case)
    logits = rounding.exactly(lambda module, pixels: module(pixels), network, image)
    of_all = compare.SHARE * float(logits.abs().sum())
    assert float(logits.sum()) == pytest.approx(case["sum_of_all"], rel=0, abs=of_all)
    assert logits[:, 0].argmax(-1).tolist() == case["argmax_of_all"]


@pytest.mark.parametrize("name", GOLDEN["prepared"])
def test_lines_prepared_as_by_the_original(saved, name):
    variant, height, _, width = name.split()
    expected = GOLDEN["prepared"][name]
    recognizer = gateviz.load(saved, alphabet=small.SYMBOLS, variant=variant)
    prepared = recognizer.prepare(record.line_image(int(height), int(width)))
    found = record.pixel_numbers(prepared.pixels)
    found["middle_row"] = found["middle_row"][: len(expected["middle_row"])]
    compare.assert_pixels(found, expected)
    assert prepared.to_source(float(prepared.content_width)) == pytest.approx(int(width))
    assert not prepared.pixels[:, :, prepared.content_width :].any()


def test_the_recognizer_says_what_it_is(saved):
    recognizer = gateviz.load(saved, alphabet=small.SYMBOLS)
    card = recognizer.card
    assert card.evidence == (
        "keys conv0.0 to conv4.0 with a batch norm each",
        "2 bidirectional LSTMs of 5 and 6 units, then cls without a bias",
    )
    assert card.preprocessing == (
        "RGB, height 32 keeping the aspect, at most 640 columns (opencv linear), padded to 640 columns with 0, (x/255 - 0) / 1"
    )
    assert card.details["variant"].startswith("rgb: as ModelScope 1.6 and later, gray inside the network (of rgb, gray")
    assert card.details["frames"] == "T = W/4"
    grid = recognizer.frame_grid(640)
    assert (grid.frame_count, grid.first_center, grid.stride, grid.receptive_field) == (160, 2.0, 4.0, 42.0)


def test_the_vocabulary_beside_the_checkpoint(saved):
    with pytest.raises(AlphabetError, match=r"has 13 classes \(12 symbols and the blank\) and does not say which"):
        gateviz.load(saved)
    vocabulary = saved.with_name("vocab.txt")
    vocabulary.write_text("\n".join(small.SYMBOLS) + "\n", encoding="utf-8")
    recognizer = gateviz.load(saved)
    assert recognizer.alphabet.symbols == tuple(small.SYMBOLS)
    assert (recognizer.alphabet.blank, recognizer.alphabet.codes[0]) == (0, (1,))
    assert recognizer.card.details["alphabet"] == "the alphabet file vocab.txt, 12 symbols"
    # What the user gives or puts beside it by the checkpoint's own name goes before it.
    assert "".join(gateviz.load(saved, alphabet="abcdefghijkl").alphabet.symbols) == "abcdefghijkl"
    saved.with_name("pytorch_model.alphabet.txt").write_text("ABCDEFGHIJKL", encoding="utf-8")
    assert "".join(gateviz.load(saved).alphabet.symbols) == "ABCDEFGHIJKL"


def test_another_models_vocabulary(saved):
    saved.with_name("vocab.txt").write_text("a\nb\nc\n", encoding="utf-8")
    with pytest.raises(
        AlphabetError, match=r"has 13 classes, .* and the alphabet file vocab.txt has 3 or 5 or 6 symbols"
    ):
        gateviz.load(saved)


def test_a_fine_tuned_model(tmp_path):
    torch.save(small.state_of(fine_tuned=True), tmp_path / "pytorch_model.bin")
    recognizer = gateviz.load(tmp_path / "pytorch_model.bin", alphabet=small.SYMBOLS)
    assert "prefix 'recognizer.' of ModelScope's trainer" in recognizer.card.evidence
    bare = ModelscopeCrnn(small.SMALL).eval()
    bare.load_state_dict(
        {name.removeprefix("recognizer."): tensor for name, tensor in small.state_of(fine_tuned=True).items()}
    )
    image = record.formula.image(1, 3, 32, 64)
    rounding.assert_same_network(recognizer.module, bare, image)


def test_long_lines_are_squeezed_unless_they_are_to_keep_their_ratio(saved):
    line = record.line_image(32, 900)
    assert gateviz.load(saved, alphabet=small.SYMBOLS).prepare(line).pixels.shape == (3, 32, 640)
    assert gateviz.load(saved, alphabet=small.SYMBOLS, keep_ratio=True).prepare(line).pixels.shape == (3, 32, 900)


def test_what_is_refused(saved):
    with pytest.raises(CheckpointError, match="modelscope has no variant 'bgr'; there are rgb, gray"):
        gateviz.load(saved, variant="bgr")
    with pytest.raises(ImageError, match="a line image of 2 x 100 pixels comes to 0 columns at height 32"):
        gateviz.load(saved, alphabet=small.SYMBOLS).prepare(np.zeros((100, 2), np.uint8))


def test_modelscopes_other_recognizer_is_refused_by_name(tmp_path):
    torch.save({"our_nas_model.blocks.0.conv.weight": torch.zeros(2, 2)}, tmp_path / "m.pt")
    with pytest.raises(CheckpointError, match="is ModelScope's LightweightEdge and has no recurrent layer"):
        gateviz.load(tmp_path / "m.pt")


def test_hostile_shapes_are_only_a_misfit(tmp_path):
    state = {
        "recognizer.conv2.3.weight": torch.zeros(0),
        "conv0.0.weight": torch.zeros(2),
        "cls.weight": torch.zeros(()),
    }
    torch.save(state, tmp_path / "m.pt")
    match = ADAPTER.sniff(open_model_file(tmp_path / "m.pt"))
    assert (match.ok, match.score, match.evidence) == (False, 0.0, ())
