"""MMOCR's CRNN rebuilt: the original's numbers, prepared lines, dictionaries, and the blank of either version."""

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import gateviz
from gateviz.adapters.crnn_pytorch import CrnnPytorchShape
from gateviz.adapters.mmocr import ADAPTER, DICTIONARIES, MmocrCrnn
from gateviz.adapters.opening import open_model_file
from gateviz.data.frames import ColumnMap
from gateviz.errors import AlphabetError, CheckpointError, ImageError
from gateviz.geometry.canvas import Canvas
from gateviz.geometry.line_sizes import RescaleToHeight

FOLDER = Path(__file__).parent


def load_file(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


record = load_file(FOLDER / "golden" / "record.py")
compare = load_file(FOLDER / "golden" / "compare.py")
small = load_file(FOLDER / "lineages" / "mmocr.py")
GOLDEN = json.loads((FOLDER / "golden" / "mmocr.json").read_text(encoding="utf-8"))


def saved(folder, classes=37, state=None):
    # As MMOCR's own tool publishes a checkpoint: the weights beside a description of the training.
    torch.save(
        {"meta": {"mmengine_version": "0.10.7"}, "state_dict": state or small.state_of(classes)}, folder / "m.pth"
    )
    return folder / "m.pth"


@pytest.mark.parametrize("case", GOLDEN["cases"].values(), ids=GOLDEN["cases"].keys())
def test_the_numbers_of_the_original_network(tmp_path, case):
    network = MmocrCrnn(CrnnPytorchShape(outputs=(256, case["classes"])))
    state = record.formula.fill(network.state_dict())
    assert sorted(state) == case["keys"]
    recognizer = gateviz.load(saved(tmp_path, state=state))
    assert (recognizer.alphabet.blank, "".join(recognizer.alphabet.symbols)) == (case["blank"], case["symbols"])
    assert recognizer.alphabet.codes[0] == (0,)
    image = record.formula.image(case["batch"], 1, 32, case["width"])
    compare.assert_original(lambda module, pixels: module(pixels), recognizer.module, image, case)


@pytest.mark.parametrize("name", GOLDEN["prepared"])
def test_lines_prepared_as_by_the_original(tmp_path, name):
    height, width = (int(size) for size in name.split(" x "))
    prepared = gateviz.load(saved(tmp_path)).prepare(record.line_image(height, width, 1))
    compare.assert_pixels(record.pixel_numbers(prepared.pixels), GOLDEN["prepared"][name])
    assert prepared.to_source(float(prepared.pixels.shape[2])) == pytest.approx(width)


def test_the_dictionaries_are_mmocrs():
    assert [list(symbols) for symbols in DICTIONARIES] == list(GOLDEN["dictionaries"].values())
    # MMOCR 0.x had the same symbols under other names.
    assert DICTIONARIES[0] == GOLDEN["old_dictionaries"]["DICT36"]


@pytest.mark.parametrize("symbols", DICTIONARIES, ids=GOLDEN["dictionaries"])
def test_an_alphabet_by_the_number_of_classes(tmp_path, symbols):
    recognizer = gateviz.load(saved(tmp_path, len(symbols) + 1))
    assert "".join(recognizer.alphabet.symbols) == symbols
    assert recognizer.alphabet.blank == len(symbols)
    assert recognizer.card.details["alphabet"].startswith("the lineage's own ")


def test_the_recognizer_says_what_it_is(tmp_path):
    card = gateviz.load(saved(tmp_path)).card
    assert card.evidence == (
        "keys backbone.cnn.conv0 to conv6: MMOCR's mini-VGG",
        "decoder.decoder of 2 bidirectional LSTMs of 5, 6 units",
        "weights under 'state_dict'",
        "beside them meta",
    )
    assert card.preprocessing == (
        "gray (opencv), height 32 and a width of the nearest multiple of 16, at least 32 columns (opencv linear), "
        "(x/1 - 127) / 127"
    )
    assert card.details["variant"] == (
        "MMOCR 1.x, blank last (of 1.x, 0.x, whose keys are the same: 1.x has the blank last, 0.x first)"
    )
    assert card.details["frames"] == "T = W/4 + 1"


def test_the_blank_of_the_old_version(tmp_path):
    old = gateviz.load(saved(tmp_path), variant="0.x")
    assert (old.alphabet.blank, old.alphabet.codes[0]) == (0, (1,))
    assert old.card.details["variant"].startswith("MMOCR 0.x, blank first (of ")
    with pytest.raises(AlphabetError, match=r"has 38 classes \(37 symbols and the blank\) and does not say which"):
        gateviz.load(saved(tmp_path, 38), variant="0.x")


def test_color_networks_and_other_variants_are_refused(tmp_path):
    color = record.formula.fill(MmocrCrnn(replace(small.shape_of(37), image_channels=3)).state_dict())
    with pytest.raises(
        CheckpointError, match="takes images of 3 channels, and MMOCR's CRNN is configured for gray ones"
    ):
        gateviz.load(saved(tmp_path, state=color))
    with pytest.raises(CheckpointError, match=r"mmocr has no variant '2.x'; there are 1.x, 0.x"):
        gateviz.load(saved(tmp_path), variant="2.x")


def test_a_line_too_long():
    with pytest.raises(ImageError, match=r"a line image of 3000 x 1 pixels comes to 96000 columns at height 32.*crop"):
        RescaleToHeight()(Canvas(np.zeros((1, 3000), np.uint8), ColumnMap(), 3000))


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("decoder.rnn_decoder.weight_ih_l0", r"has an attention decoder \(MMOCR's SAR\), whose steps are characters"),
        ("decoder.hybrid_decoder.embedding.weight", r"has an attention decoder \(MMOCR's RobustScanner\)"),
        ("decoder.proj_hidden.weight", r"has an attention decoder \(MMOCR's ASTER\)"),
        ("decoder.trg_word_emb.weight", r"has a transformer decoder \(MMOCR's NRTR or SATRN\) and no recurrent layer"),
        ("decoder.embedding.lut.weight", r"has a transformer decoder \(MMOCR's MASTER\)"),
    ],
)
def test_mmocrs_other_recognizers_are_refused_by_name(tmp_path, key, words):
    torch.save({"state_dict": {key: torch.zeros(2, 2)}}, tmp_path / "m.pth")
    with pytest.raises(CheckpointError, match=words):
        gateviz.load(tmp_path / "m.pth")


def test_a_decoder_without_lstms_is_a_misfit(tmp_path):
    state = {name: tensor for name, tensor in small.state_of(37).items() if name.startswith("backbone.")}
    state["decoder.decoder.weight"] = torch.zeros(37, 4, 1, 1)
    missing = ADAPTER.sniff(open_model_file(saved(tmp_path, state=state))).missing
    assert any(name.startswith("decoder.decoder.0.rnn.weight_ih_l0 ") for name in missing)
    assert "a network that has decoder.decoder.weight [37, 4, 1, 1]" in missing
    with pytest.raises(CheckpointError, match=r"has no recurrent layer \(MMOCR's CRNNDecoder with rnn_flag=False\)"):
        gateviz.load(tmp_path / "m.pth")
