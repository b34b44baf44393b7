"""clovaai's networks rebuilt: the original's numbers, its prepared lines, and what tells them from EasyOCR's."""

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import gateviz
from gateviz.adapters.clovaai.adapter import ADAPTER, ALPHANUMERIC, SENSITIVE
from gateviz.adapters.clovaai.network import SPLINE, Clovaai, ClovaaiShape, backbone_of, rectified_size, spline_matrices
from gateviz.adapters.opening import open_model_file
from gateviz.capture.recognizer import pixels_of
from gateviz.errors import AlphabetError, CheckpointError, GeometryError, ImageError
from gateviz.lines.recognizer import prepared_line
from gateviz.panels.reading import column_axis
from gateviz.training.evaluate import evaluate
from gateviz.typesetting.lines import TrainingLine
from tests import rounding

FOLDER = Path(__file__).parent


def load_file(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


record = load_file(FOLDER / "golden" / "record.py")
compare = load_file(FOLDER / "golden" / "compare.py")
small = load_file(FOLDER / "lineages" / "clovaai.py")
GOLDEN = json.loads((FOLDER / "golden" / "clovaai.json").read_text(encoding="utf-8"))
TPS = {name: case for name, case in GOLDEN["cases"].items() if case["Transformation"] == "TPS"}
PLAIN = {name: case for name, case in GOLDEN["cases"].items() if case["Transformation"] == "None"}


def shape_of(case):
    """The sizes of a network by the rule of the original: all channels follow from the last."""
    last = case["output_channel"]
    shares = {"VGG": (8, 4, 2, 2, 1, 1, 1), "RCNN": (8, 8, 4, 2, 1), "ResNet": (16, 8, 4, 2, 1, 1)}
    channels = tuple(last // share for share in shares[case["FeatureExtraction"]])
    hidden = (case["hidden_size"],) * 2
    return ClovaaiShape(case["FeatureExtraction"], case["input_channel"], channels, hidden, hidden, case["num_class"])


def tps_state(case, carried=True):
    """The weights of a golden network with a rectification, and its sizes."""
    pixels = case["imgH"] * case["imgW"] if carried else 0
    shape = replace(shape_of(case), fiducials=20, pixels=pixels)
    state = record.formula.fill_normed(Clovaai(replace(shape, pixels=case["imgH"] * case["imgW"])).state_dict())
    last = "Transformation.LocalizationNetwork.localization_fc2"
    state[f"{last}.weight"] = state[f"{last}.weight"] * 0.1
    state[f"{last}.bias"] = torch.tensor(case["points"])
    matrices = [torch.from_numpy(matrix) for matrix in spline_matrices(20, case["imgH"], case["imgW"])]
    for name, matrix in zip(("inv_delta_C", "P_hat"), matrices, strict=True):
        if carried:
            state[f"{SPLINE}{name}"] = matrix
        else:
            del state[f"{SPLINE}{name}"]
    return shape, state


def straightened(module, image):
    """The output (T, B, C) for the image that the network straightens."""
    return module(module.rectified(image)).transpose(0, 1)


def saved(folder, shape=small.SHAPES["VGG"], change=lambda state: None):
    state = small.state_of(shape)
    change(state)
    torch.save({f"module.{name}": tensor for name, tensor in state.items()}, folder / "None-VGG-BiLSTM-CTC.pth")
    return folder / "None-VGG-BiLSTM-CTC.pth"


@pytest.mark.parametrize("case", PLAIN.values(), ids=PLAIN.keys())
def test_the_numbers_of_the_original_network(tmp_path, case):
    shape = shape_of(case)
    assert sorted(Clovaai(shape).state_dict()) == case["keys"]
    known = {37: None, 95: None, 11: "0123456789"}
    recognizer = gateviz.load(saved(tmp_path, shape), alphabet=known[shape.classes])
    assert recognizer.module.shape == shape
    image = record.formula.image(case["batch"], case["input_channel"], case["imgH"], case["imgW"])
    compare.assert_original(lambda module, pixels: module(pixels).transpose(0, 1), recognizer.module, image, case)
    assert recognizer.frame_grid(case["imgW"]).frame_count == case["shape"][0]


@pytest.mark.parametrize("name", GOLDEN["prepared"])
def test_lines_prepared_as_by_the_original(tmp_path, name):
    variant, channels, height, _, width = name.split()
    shape = replace(small.SHAPES["VGG"], image_channels=int(channels))
    prepared = gateviz.load(saved(tmp_path, shape), variant=variant).prepare(record.line_image(int(height), int(width)))
    compare.assert_pixels(record.pixel_numbers(prepared.pixels), GOLDEN["prepared"][name])
    assert prepared.to_source(float(prepared.content_width)) == pytest.approx(int(width), rel=1e-6)


def test_the_recognizer_says_what_it_is(tmp_path):
    recognizer = gateviz.load(saved(tmp_path))
    card = recognizer.card
    assert card.lineage == "clovaai"
    assert card.evidence == (
        "keys FeatureExtraction, SequenceModeling, Prediction: a VGG of 4 channels with a CTC head",
        "2 bidirectional LSTMs of 5, 6 units, each with a linear layer",
        "prefix 'module.' on every key",
    )
    assert card.preprocessing == "gray (pillow), stretched to 100 x 32 (pillow bicubic), (x/255 - 0.5) / 0.5"
    assert card.details["extractor"] == "VGG"
    assert card.details["variant"].startswith("clovaai (of clovaai, pad, easyocr, easyocr_contrast, whose keys")
    assert "".join(recognizer.alphabet.symbols) == ALPHANUMERIC
    with pytest.raises(GeometryError, match="an input of 7 columns gives no frame: this network needs at least 8"):
        recognizer.frame_grid(7)


@pytest.mark.parametrize(
    ("backbone", "rule", "at_100", "first_center", "seen"),
    [
        ("VGG", "W/4 - 1", 24, 4.0, 46.0),
        ("RCNN", "W/4 + 1", 26, 0.0, 138.0),
        ("ResNet", "W/4 + 1", 26, 0.0, 208.0),
    ],
)
def test_where_the_frames_of_each_extractor_look(tmp_path, backbone, rule, at_100, first_center, seen):
    shape = replace(small.SHAPES[backbone], image_channels=1, classes=37)
    recognizer = gateviz.load(saved(tmp_path, shape))
    grid = recognizer.frame_grid(100)
    assert recognizer.card.details["frames"] == f"T = {rule}"
    assert (grid.frame_count, grid.first_center, grid.stride, grid.receptive_field) == (at_100, first_center, 4.0, seen)
    assert backbone_of(open_model_file(tmp_path / recognizer.card.checkpoint).checkpoint.shapes) == backbone


def test_the_alphabet_by_the_number_of_classes(tmp_path):
    recognizer = gateviz.load(saved(tmp_path, replace(small.SHAPES["VGG"], classes=95)))
    assert "".join(recognizer.alphabet.symbols) == SENSITIVE
    assert len(SENSITIVE) == 94
    with pytest.raises(AlphabetError, match=r"has 12 classes \(11 symbols and the blank\) and does not say which"):
        gateviz.load(saved(tmp_path, replace(small.SHAPES["VGG"], classes=12)))


def test_keeping_the_aspect_of_a_long_line(tmp_path):
    """The authors' --PAD squeezes into 100 columns what is longer; keeping the ratio does not."""
    path, line = saved(tmp_path), record.line_image(32, 500)
    assert tuple(gateviz.load(path, variant="pad").prepare(line).pixels.shape) == (1, 32, 100)
    kept = gateviz.load(path, keep_ratio=True).prepare(line)
    assert tuple(kept.pixels.shape) == (1, 32, 500)
    short = gateviz.load(path, keep_ratio=True).prepare(line[:, :40])
    assert (tuple(short.pixels.shape), short.content_width) == ((1, 32, 100), 40)
    assert (short.pixels[:, :, 40:] == short.pixels[:, :, 39:40]).all()
    with pytest.raises(ImageError, match="crop the image to one line of text"):
        gateviz.load(path, keep_ratio=True).prepare(np.zeros((1, 3000), np.uint8))


def test_sizes_like_easyocrs_are_easyocrs_and_the_variant_decides(tmp_path):
    shape = ClovaaiShape("VGG", 1, (2, 2, 2, 3, 3, 3, 5), (5, 5), (5, 5), 37)
    path, line = saved(tmp_path, shape), record.line_image(40, 301)
    match = ADAPTER.sniff(open_model_file(path))
    assert match.missing == ("other sizes than EasyOCR's, which has LSTMs of 5, 5 units for features of 5 channels",)
    taken = gateviz.load(path, alphabet=ALPHANUMERIC, variant="clovaai")
    own = gateviz.load(saved(tmp_path), variant="clovaai")
    assert (taken.card.lineage, own.card.lineage) == ("easyocr", "clovaai")
    assert torch.equal(pixels_of(taken.prepare(line)), pixels_of(own.prepare(line)))
    # RCNN, color and a rectification are never EasyOCR's.
    for other in (replace(shape, image_channels=3), ClovaaiShape("RCNN", 1, (2, 3, 2, 3, 5), (5, 5), (5, 5), 37)):
        assert gateviz.load(saved(tmp_path, other)).card.lineage == "clovaai"


@pytest.mark.parametrize("hidden", [(3,), (7, 6, 4)])
def test_other_depths(tmp_path, hidden):
    shape = replace(small.SHAPES["VGG"], hidden=hidden, outputs=hidden)
    recognizer = gateviz.load(saved(tmp_path, shape))
    assert [layer.rnn.hidden_size for layer in recognizer.module.SequenceModeling] == list(hidden)


def test_attention_and_networks_without_recurrent_layers_are_refused_by_name(tmp_path):
    def attend(state):
        del state["Prediction.weight"], state["Prediction.bias"]
        state["Prediction.attention_cell.i2h.weight"] = torch.zeros(3, 3)

    def flatten(state):
        for name in [name for name in state if name.startswith("SequenceModeling")]:
            del state[name]

    with pytest.raises(
        CheckpointError, match=r"attention decoder \(clovaai's Attn\).*load a model .* --Prediction CTC"
    ):
        gateviz.load(saved(tmp_path, change=attend))
    with pytest.raises(CheckpointError, match=r"has no recurrent layer \(clovaai's --SequenceModeling None\)"):
        gateviz.load(saved(tmp_path, change=flatten))


def test_strange_channels_and_variants_are_refused(tmp_path):
    with pytest.raises(CheckpointError, match="takes images of 4 channels, and a line image has 1"):
        gateviz.load(saved(tmp_path, replace(small.SHAPES["VGG"], image_channels=4)))
    with pytest.raises(CheckpointError, match="clovaai has no variant 'rosetta'; there are clovaai, pad, easyocr"):
        gateviz.load(saved(tmp_path), variant="rosetta")


@pytest.mark.parametrize("marker", ["layer1.0.conv1", "3.wgf_u", "0"])
def test_hostile_shapes_are_only_a_misfit(tmp_path, marker):
    state = {
        f"FeatureExtraction.ConvNet.{marker}.weight": torch.zeros(0, 10**15),
        "FeatureExtraction.ConvNet.18.weight": torch.zeros(0),
        "FeatureExtraction.ConvNet.9.weight": torch.zeros(10**6, 0),
        "FeatureExtraction.ConvNet.layer4.0.conv1.weight": torch.zeros(10**6, 0),
        "SequenceModeling.99999.rnn.weight_hh_l0": torch.zeros(2, 2),
        "SequenceModeling.0.linear.weight": torch.zeros(0, 3),
        "SequenceModeling.1.rnn.weight_hh_l0": torch.zeros(0, 10**15),
        "Transformation.GridGenerator.P_hat": torch.zeros(0, 10**15),
        "Prediction.weight": torch.zeros(10**6, 0),
    }
    torch.save(state, tmp_path / "m.pth")
    assert not ADAPTER.sniff(open_model_file(tmp_path / "m.pth")).ok
    with pytest.raises(CheckpointError, match="fits no lineage"):
        gateviz.load(tmp_path / "m.pth")


@pytest.mark.parametrize("case", TPS.values(), ids=TPS.keys())
def test_the_numbers_of_the_original_network_behind_its_rectification(tmp_path, case):
    shape, state = tps_state(case)
    assert sorted(state) == case["keys"]
    torch.save(state, tmp_path / "TPS.pth")
    recognizer = gateviz.load(tmp_path / "TPS.pth")
    assert recognizer.module.shape == shape
    image = record.formula.image(case["batch"], case["input_channel"], case["imgH"], case["imgW"])
    straight = rounding.exactly(lambda module, pixels: module.rectified(pixels), recognizer.module, image)
    compare.assert_pixels(record.pixel_numbers(straight[-1]), case["rectified"])
    compare.assert_logits(rounding.exactly(straightened, recognizer.module, image), case)
    rounding.assert_float32_follows(lambda module, pixels: module(pixels), recognizer.module, straight.float())
    height, width = case["imgH"], case["imgW"]
    assert rectified_size(state[f"{SPLINE}P_hat"]) == (height, width)
    assert f"stretched to {width} x {height}" in recognizer.card.preprocessing


def test_a_spline_that_the_file_does_not_carry_is_worked_out(tmp_path):
    """The authors' other way: the spline's matrices are no buffers, so they are not in the file."""
    case = TPS["TPS ResNet"]
    shape, state = tps_state(case, carried=False)
    torch.save(state, tmp_path / "TPS.pth")
    recognizer = gateviz.load(tmp_path / "TPS.pth")
    assert recognizer.module.shape == shape
    image = record.formula.image(case["batch"], 1, 32, 100)
    compare.assert_logits(rounding.exactly(straightened, recognizer.module, image), case)


def test_a_rectifying_network_is_recorded_on_the_image_that_it_straightened(tmp_path):
    case = TPS["TPS ResNet"]
    torch.save(tps_state(case)[1], tmp_path / "TPS.pth")
    recognizer = gateviz.load(tmp_path / "TPS.pth")
    details = recognizer.card.details
    assert details["rectification"] == "a thin plate spline through 20 points (TPS), made anew for every image"
    assert details["columns"].startswith("of the straightened image that the network read: there is no one map")
    lines = [record.line_image(40, 301), record.line_image(33, 77)]
    for line, recording in zip(lines, gateviz.record(recognizer, lines), strict=True):
        prepared = recognizer.prepare(line)
        stretched = pixels_of(prepared_line(recognizer.preprocess, line))[None]
        assert torch.equal(pixels_of(prepared), recognizer.module.rectified(stretched)[0])
        assert recording.image.shape == (32, 100)
        assert np.abs(recording.image / 127.5 - 1 - prepared.pixels[0]).max() <= 1 / 255 + 1e-6
        assert recording.provenance.seen == "straightened by TPS"
        assert column_axis(recording)[2] == "column of the line image straightened by TPS (px)"
        # The frames are exact on that image: those of the network without its rectification.
        assert recording.grid == recognizer.frame_grid(100)
        assert recording.grid.source_width == 100
        with torch.inference_mode():
            expected = recognizer.log_probs(pixels_of(prepared)[None])[0].numpy()
        assert np.allclose(recording.emission.log_probs, expected, atol=1e-5)


def test_no_frame_of_a_straightened_image_is_held_against_columns_of_the_image(tmp_path):
    torch.save(tps_state(TPS["TPS ResNet"])[1], tmp_path / "TPS.pth")
    columns = np.array([[3.0, 40.0], [50.0, 90.0]], np.float32)
    line = TrainingLine(record.line_image(32, 100, 1), "ab", columns, name="one")
    [read] = evaluate(gateviz.load(tmp_path / "TPS.pth"), [line]).lines
    assert read.spans is None
    assert read.unaligned == "its frames are columns of the image straightened by TPS, not of the one given"


def test_a_straightened_color_image_is_kept_in_color(tmp_path):
    torch.save(tps_state(TPS["TPS VGG odd"])[1], tmp_path / "TPS.pth")
    recording = gateviz.record(gateviz.load(tmp_path / "TPS.pth"), record.line_image(40, 301))
    assert recording.image.shape == (48, 143, 3)
    assert recording.grid.source_width == 143


def test_a_rectifying_network_squeezes_what_keeps_its_ratio(tmp_path):
    path = tmp_path / "TPS.pth"
    torch.save(tps_state(TPS["TPS ResNet"])[1], path)
    kept, padded = gateviz.load(path, keep_ratio=True), gateviz.load(path, variant="pad")
    assert kept.card.preprocessing == padded.card.preprocessing
    assert "at most 100 columns" in kept.card.preprocessing
    assert tuple(kept.prepare(record.line_image(32, 900)).pixels.shape) == (1, 32, 100)


@pytest.mark.parametrize("spoil", [lambda basis: basis * 0, lambda basis: basis.flip(0), lambda basis: basis[:-7]])
def test_a_spline_of_no_image_is_refused(tmp_path, spoil):
    _, state = tps_state(TPS["TPS ResNet"])
    state[f"{SPLINE}P_hat"] = spoil(state[f"{SPLINE}P_hat"]).contiguous()
    torch.save(state, tmp_path / "TPS.pth")
    with pytest.raises(CheckpointError, match=r"TPS.pth has a rectification \(TPS\) for .* pixels that are no rows"):
        gateviz.load(tmp_path / "TPS.pth")
