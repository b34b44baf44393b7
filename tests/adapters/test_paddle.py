"""PaddleOCR's recognizers under their PyTorch ports' names: the ports' numbers, the ports' prepared lines."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
import torch

import gateviz
from gateviz.adapters.opening import open_model_file
from gateviz.adapters.paddle.adapter import ADAPTER, ALPHANUMERIC, TORCH_SLOPE
from gateviz.adapters.paddle.network import PaddleCrnn, backbone_of
from gateviz.capture.receptive_layers import axis_geometry
from gateviz.capture.recognizer import pixels_of
from gateviz.errors import AlphabetError, CheckpointError, ImageError
from gateviz.networks.mobilenet_v3 import LARGE, SMALL
from tests import rounding

FOLDER = Path(__file__).parent


def load_file(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


record = load_file(FOLDER / "golden" / "record.py")
compare = load_file(FOLDER / "golden" / "compare.py")
maker = load_file(FOLDER / "golden" / "make_paddle.py")
small = load_file(FOLDER / "lineages" / "paddle.py")
GOLDEN = json.loads((FOLDER / "golden" / "paddle.json").read_text(encoding="utf-8"))
PREPARED = [(variant, size) for variant, sizes in GOLDEN["prepared"].items() for size in sizes]


def whole_state(name):
    """The weights of a case of the golden file, at the port's own sizes."""
    case = GOLDEN["cases"][name]
    shapes = dict.fromkeys(case["keys"], ())
    encoder = "rnn1" if name == "legacy" else "lstm"
    shapes[f"neck.encoder.{encoder}.weight_hh_l0"] = (4 * case["units"], case["units"])
    with torch.device("meta"):
        network = PaddleCrnn({**shapes, **doubled(case, shapes)})
    return record.formula.fill_normed(
        {key: torch.zeros_like(t, device="cpu") for key, t in network.state_dict().items()}
    )


def doubled(case, shapes):
    """Sizes of a backbone of whole width; none for one of half width, which is the lineage's usual one."""
    if case["model"].get("scale") != 1.0:
        return {}
    table = {"small": SMALL, "large": LARGE}[case["model"]["model_name"]]
    sizes = {"conv1": 16, "conv2": {SMALL: 576, LARGE: 960}[table]}
    for number, (_, widened, outputs, *_) in enumerate(table):
        sizes |= {f"blocks.{number}.expand_conv": widened, f"blocks.{number}.linear_conv": outputs}
    return {f"backbone.{at}.conv.weight": (outputs, *(3,) * (at == "conv1")) for at, outputs in sizes.items()}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Small checkpoints of the backbones."""
    folder = tmp_path_factory.mktemp("paddle")
    for backbone in small.MARKS:
        torch.save(small.state_of(backbone), folder / f"{backbone}.pth")
    return folder


@pytest.mark.parametrize("name", GOLDEN["cases"])
def test_the_numbers_of_the_ports(tmp_path, name):
    case = GOLDEN["cases"][name]
    state = whole_state(name)
    assert sorted(state) == case["keys"]
    torch.save(state, tmp_path / "crnn.pth")
    variant = "pytorchocr" if name.startswith("pytorchocr") else "paddleocr2pytorch"
    recognizer = gateviz.load(tmp_path / "crnn.pth", variant=variant)
    image = record.formula.image(2, 3, 32, case["width"])
    compare.assert_original(lambda module, pixels: module(pixels).transpose(0, 1), recognizer.module, image, case)
    assert recognizer.frame_grid(case["width"]).frame_count == case["shape"][0]


def test_the_ports_differ_in_their_hard_sigmoid(tmp_path):
    """A checkpoint of one read by the rule of the other gives other numbers, so the golden numbers tell the two apart."""
    torch.save(small.state_of("mobilenet_v3_small"), tmp_path / "crnn.pth")
    image = record.formula.image(1, 3, 32, 100)
    one, other = (gateviz.load(tmp_path / "crnn.pth", variant=variant) for variant in ("paddle", "pytorchocr"))
    with torch.inference_mode():
        assert not torch.allclose(one.log_probs(image), other.log_probs(image), atol=1e-4)
    slopes = {layer.slope for layer in other.module.modules() if hasattr(layer, "slope") and not callable(layer.slope)}
    assert slopes == {TORCH_SLOPE}


@pytest.mark.parametrize(("variant", "size"), PREPARED, ids=[" ".join(pair) for pair in PREPARED])
def test_lines_prepared_as_by_the_ports(saved, variant, size):
    height, width = (int(number) for number in size.split(" x "))
    recognizer = gateviz.load(saved / "mobilenet_v3_small.pth", variant=variant)
    prepared = recognizer.prepare(record.line_image(height, width))
    compare.assert_pixels(maker.pixel_numbers(prepared.pixels), GOLDEN["prepared"][variant][size])


def test_columns_map_back_through_resize_and_padding(saved):
    recognizer = gateviz.load(saved / "resnet34_vd.pth")
    prepared = recognizer.prepare(record.line_image(64, 301))
    # 301 x 64 comes to 150.5, so 151 columns, and zeros to 320.
    assert prepared.content_width == 151
    assert prepared.to_source(151.0) == pytest.approx(301.0)
    assert prepared.to_source(0.0) == 0.0
    assert float(np.abs(prepared.pixels[:, :, 151:]).max()) == 0.0


def test_what_keeps_its_ratio_is_never_squeezed(saved):
    line = record.line_image(20, 1000)
    path = saved / "mobilenet_v3_small.pth"
    for variant, squeezed in (("paddleocr2pytorch", 1280), ("english", 100), ("paddle", 1600)):
        assert gateviz.load(path, variant=variant).prepare(line).pixels.shape[2] == squeezed
        assert gateviz.load(path, variant=variant, keep_ratio=True).prepare(line).pixels.shape[2] == 1600
    with pytest.raises(ImageError, match=r"of 3000 x 1 pixels comes to 96000 columns at height 32"):
        gateviz.load(path).prepare(np.zeros((1, 3000), np.uint8))


def test_the_recognizer_says_what_it_is(saved):
    for backbone in small.MARKS:
        card = gateviz.load(saved / f"{backbone}.pth").card
        assert card.lineage == "paddle"
        assert card.details["architecture"] == backbone
        assert card.details["variant"].startswith(
            "paddle (of paddle, paddleocr2pytorch, pytorchocr, english, whose keys"
        )
        assert card.details["frames"] == "T = (W + 1)/4"
        assert "a bidirectional LSTM of 2 layers and 5 units" in card.evidence
        assert card.preprocessing == (
            "BGR, height 32 keeping the aspect (opencv linear), (x/255 - 0.5) / 0.5, padded to 320 columns with 0"
        )
    words = gateviz.load(saved / "mobilenet_v3_small.pth", variant="paddleocr2pytorch").card.preprocessing
    assert "height 32 keeping the aspect, at least 16 columns, at most 1280 columns (opencv linear)" in words


@pytest.mark.parametrize(
    ("name", "first_center", "seen"),
    [("small, half", 1.5, 81.0), ("large, half", 1.5, 89.0), ("resnet34_vd", 1.5, 139.0)],
)
def test_geometry_of_the_whole_networks(name, first_center, seen):
    network = PaddleCrnn({key: tuple(tensor.shape) for key, tensor in whole_state(name).items()})
    geometry = axis_geometry(network.backbone)
    assert (geometry.stride, geometry.first_center, geometry.receptive_field) == (4.0, first_center, seen)
    assert geometry.whole_line == name.endswith("half")


def test_the_legacy_encoder_is_two_stacks(tmp_path):
    state = small.state_of("mobilenet_v3_small", extra=small.LEGACY)
    torch.save(state, tmp_path / "crnn.pth")
    recognizer = gateviz.load(tmp_path / "crnn.pth")
    words = "two one-way LSTMs of 2 layers and 5 units, the second on the reversed line"
    assert words in recognizer.card.evidence
    recording = gateviz.record(recognizer, record.line_image(32, 100), witness=True)
    assert [(trace.module, trace.layer, str(trace.direction)) for trace in recording.traces] == [
        ("neck.encoder.rnn1", 0, "forward"),
        ("neck.encoder.rnn1", 1, "forward"),
        ("neck.encoder.rnn2", 2, "backward"),
        ("neck.encoder.rnn2", 3, "backward"),
    ]
    # The stacks' own loops, in numpy: rows of a trace are frames in reading order.
    encoder = recognizer.module.neck["encoder"]
    with torch.inference_mode():
        features = recognizer.module.backbone(pixels_of(recognizer.prepare(record.line_image(32, 100)))[None])
        sequence = features.squeeze(2).transpose(1, 2)
        behind = encoder.rnn2(sequence.flip(1))[0].flip(1)[0]
    assert np.allclose(recording.traces[3].hidden_state, behind.numpy(), atol=1e-5)


def test_the_port_of_2020_names_its_squeezing_otherwise(tmp_path):
    state = small.state_of("mobilenet_v3_small")
    old = {name.replace(".mid_se.", ".se."): tensor for name, tensor in state.items()}
    assert set(old) != set(state)
    torch.save(old, tmp_path / "old.pth")
    torch.save(state, tmp_path / "new.pth")
    image = record.formula.image(1, 3, 32, 100)
    one, other = (gateviz.load(tmp_path / name).module for name in ("old.pth", "new.pth"))
    # The formula seeds by names, so the weights are the same and the numbers too.
    rounding.assert_same_network(one, other, image)


def test_dictionaries_with_and_without_the_space(tmp_path):
    torch.save(small.state_of("mobilenet_v3_small", 12), tmp_path / "crnn.pth")
    (tmp_path / "dict.txt").write_text("\n".join("0123456789") + "\n", encoding="utf-8")
    spaced = gateviz.load(tmp_path / "crnn.pth", alphabet=tmp_path / "dict.txt").alphabet
    assert spaced.symbols == (*"0123456789", " ")
    assert spaced.codes[-1] == (11,)
    (tmp_path / "whole.txt").write_text("\n".join("0123456789") + "\n \n", encoding="utf-8")
    assert gateviz.load(tmp_path / "crnn.pth", alphabet=tmp_path / "whole.txt").alphabet == spaced
    (tmp_path / "crnn.alphabet.txt").write_text("\n".join("0123456789") + "\n", encoding="utf-8")
    assert gateviz.load(tmp_path / "crnn.pth").alphabet == spaced
    # Symbols that were typed are never completed by one that was not.
    with pytest.raises(AlphabetError, match=r"has 12 classes, so 11 symbols and the blank.*has 10 symbols"):
        gateviz.load(tmp_path / "crnn.pth", alphabet="0123456789")
    (tmp_path / "short.txt").write_text("\n".join("012345678") + "\n", encoding="utf-8")
    with pytest.raises(AlphabetError, match=r"has 12 classes, so 11 symbols and the blank.*has 9 or"):
        gateviz.load(tmp_path / "crnn.pth", alphabet=tmp_path / "short.txt")


def test_alphanumeric_is_the_ports_default(saved):
    recognizer = gateviz.load(saved / "mobilenet_v3_small.pth")
    assert recognizer.alphabet.symbols == tuple(ALPHANUMERIC)
    assert recognizer.alphabet.blank == 0


def test_backbones_are_told_by_their_keys(saved):
    for backbone in small.MARKS:
        assert backbone_of(open_model_file(saved / f"{backbone}.pth").checkpoint.shapes) == backbone
    assert backbone_of({}) == "mobilenet_v3_small"


def test_gray_networks_and_unknown_variants_are_refused(saved, tmp_path):
    state = dict(torch.load(saved / "mobilenet_v3_small.pth"))
    state["backbone.conv1.conv.weight"] = state["backbone.conv1.conv.weight"][:, :1]
    torch.save(state, tmp_path / "gray.pth")
    with pytest.raises(CheckpointError, match="takes images of 1 channels, and PaddleOCR's recognizers take 3"):
        gateviz.load(tmp_path / "gray.pth")
    with pytest.raises(CheckpointError, match="paddle has no variant 'v3'; there are paddle, paddleocr2pytorch"):
        gateviz.load(saved / "mobilenet_v3_small.pth", variant="v3")


def test_a_network_without_recurrence_is_a_misfit(saved, tmp_path):
    state = {k: t for k, t in torch.load(saved / "mobilenet_v3_small.pth").items() if not k.startswith("neck")}
    torch.save(state, tmp_path / "rosetta.pth")
    match = ADAPTER.sniff(open_model_file(tmp_path / "rosetta.pth"))
    assert "neck.encoder.lstm.weight_ih_l0" in " ".join(match.missing)
