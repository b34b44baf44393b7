"""meijieru's network rebuilt: the same numbers, every way its files lie, every way they do not fit."""

import importlib.util
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

import gateviz
from gateviz.adapters.core.options import LoadOptions
from gateviz.adapters.crnn_pytorch import (
    ADAPTER,
    ALPHANUMERIC,
    CrnnPytorch,
    CrnnPytorchShape,
    Narrow,
)
from gateviz.adapters.opening import open_model_file
from gateviz.capture.recognizer import Recognizer, pixels_of
from gateviz.data.alphabet import Alphabet
from gateviz.data.frames import ColumnMap
from gateviz.errors import AlphabetError, CheckpointError, GeometryError, ImageError
from gateviz.geometry.canvas import Canvas
from tests import rounding

GOLDEN = Path(__file__).parent / "golden"
CASES = json.loads((GOLDEN / "crnn_pytorch.json").read_text(encoding="utf-8"))["cases"]


def load_file(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


formula = load_file(GOLDEN / "formula.py")
compare = load_file(GOLDEN / "compare.py")

SMALL = CrnnPytorchShape(1, (2, 2, 2, 3, 3, 3, 4), (5, 5), (5, 37))


def weights_of(shape):
    return formula.fill(CrnnPytorch(shape).state_dict())


@pytest.fixture(scope="module")
def weights():
    return weights_of(SMALL)


@pytest.fixture
def saved(tmp_path, weights):
    def save(change=None, name="crnn.pth"):
        state = dict(weights)
        if change:
            state = change(state) or state
        torch.save(state, tmp_path / name)
        return tmp_path / name

    return save


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_numbers_of_the_original_network(tmp_path, case):
    shape = CrnnPytorchShape(
        case["image_channels"], hidden=(case["hidden"],) * 2, outputs=(case["hidden"], case["classes"])
    )
    state = weights_of(shape)
    assert sorted(state) == case["keys"]
    torch.save(state, tmp_path / "crnn.pth")
    recognizer = gateviz.load(tmp_path / "crnn.pth", alphabet=ALPHANUMERIC[: case["classes"] - 1])
    image = formula.image(case["batch"], case["image_channels"], 32, case["width"])
    compare.assert_original(lambda module, pixels: module(pixels), recognizer.module, image, case)
    with torch.inference_mode():
        logits = recognizer.module(image)
        log_probs = recognizer.log_probs(image)
    # Holmeyoung's and Sierkinhane's log-softmax at the end changes nothing after another one.
    assert torch.allclose(log_probs, logits.transpose(0, 1).log_softmax(-1), atol=1e-6)
    assert torch.allclose(logits.log_softmax(-1).log_softmax(-1), logits.log_softmax(-1), atol=1e-6)
    assert recognizer.frame_grid(case["width"]).frame_count == case["shape"][0]


def test_the_recognizer_is_one_and_says_what_it_is(saved):
    recognizer = gateviz.load(saved())
    assert isinstance(recognizer, Recognizer)
    assert recognizer.alphabet == Alphabet.from_symbols(ALPHANUMERIC, blank=0)
    card = recognizer.card
    assert (card.lineage, card.checkpoint) == ("crnn_pytorch", "crnn.pth")
    assert "2 bidirectional LSTMs of 5, 5 units, each with an embedding" in card.evidence
    assert card.preprocessing == "gray (pillow), stretched to 100 x 32 (pillow bilinear), (x/255 - 0.5) / 0.5"
    assert card.details["variant"].startswith("meijieru (of meijieru, holmeyoung, sierkinhane, whose keys are the same")
    assert card.details["alphabet"].startswith("the lineage's own '0123456789abc")
    assert card.details["frames"] == "T = W/4 + 1"
    assert card.details["receptive field"] == "54 columns of the network's input"
    assert not recognizer.module.training
    grid = recognizer.frame_grid(100)
    assert (grid.frame_count, grid.first_center, grid.stride, grid.receptive_field) == (26, 0.0, 4.0, 54.0)
    with pytest.raises(GeometryError, match="an input of 3 columns gives no frame: this network needs at least 4"):
        recognizer.frame_grid(3)


def _line(height=40, width=300, channels=3):
    shape = (height, width, channels) if channels > 1 else (height, width)
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def test_meijierus_preparation(saved):
    line = _line()
    prepared = gateviz.load(saved()).prepare(line)
    gray = np.array(Image.fromarray(line).convert("L").resize((100, 32), Image.Resampling.BILINEAR), np.float32)
    assert np.allclose(prepared.pixels[0], (gray / 255 - 0.5) / 0.5, atol=1e-6)
    assert prepared.to_source(50.0) == 150.0


def test_keeping_the_aspect_as_meijierus_training_can(saved):
    path = saved()
    prepared = gateviz.load(path, keep_ratio=True).prepare(_line(40, 301))
    # floor(301 / 40 x 32) = 240.
    assert tuple(prepared.pixels.shape) == (1, 32, 240)
    narrow = gateviz.load(path, keep_ratio=True).prepare(_line(40, 20))
    assert tuple(narrow.pixels.shape) == (1, 32, 32)


def test_sierkinhanes_preparation(saved):
    line = _line(32, 280)
    recognizer = gateviz.load(saved(), variant="sierkinhane")
    prepared = recognizer.prepare(line)
    gray = cv2.resize(cv2.cvtColor(line, cv2.COLOR_RGB2GRAY), (160, 32), interpolation=cv2.INTER_CUBIC)
    assert np.allclose(prepared.pixels[0], (gray.astype(np.float32) / 255 - 0.588) / 0.193, atol=1e-5)
    assert prepared.to_source(80.0) == 140.0
    assert recognizer.card.details["variant"].startswith("sierkinhane (of ")
    assert "width x 160/280 (opencv cubic)" in recognizer.card.preprocessing
    # 64 x 701 comes to height 32 at 350 columns, and those to floor(350 / 1.75) = 200.
    assert tuple(recognizer.prepare(_line(64, 701)).pixels.shape) == (1, 32, 200)


def test_holmeyoungs_preparation_is_meijierus(saved):
    path, line = saved(), _line()
    one, other = (gateviz.load(path, variant=variant) for variant in ("meijieru", "holmeyoung"))
    assert torch.equal(pixels_of(one.prepare(line)), pixels_of(other.prepare(line)))


def test_a_line_too_narrow_to_narrow():
    with pytest.raises(ImageError, match="a line of 1 columns narrowed by 160/280 has none left"):
        Narrow(280, 160)(Canvas(np.zeros((32, 1), np.uint8), ColumnMap(), 1))


def test_a_color_network(tmp_path):
    torch.save(weights_of(CrnnPytorchShape(3, SMALL.channels, SMALL.hidden, SMALL.outputs)), tmp_path / "crnn.pth")
    line = _line()
    pixels = pixels_of(gateviz.load(tmp_path / "crnn.pth").prepare(line))
    color = np.array(Image.fromarray(line).resize((100, 32), Image.Resampling.BILINEAR), np.float32)
    assert np.allclose(pixels.permute(1, 2, 0).numpy(), (color / 255 - 0.5) / 0.5, atol=1e-6)
    assert torch.equal(
        pixels_of(gateviz.load(tmp_path / "crnn.pth", variant="sierkinhane").prepare(line[:, :, ::-1].copy()))[0],
        pixels_of(gateviz.load(tmp_path / "crnn.pth", variant="sierkinhane").prepare(line))[2],
    )


def test_four_channels_are_refused(tmp_path):
    torch.save(weights_of(CrnnPytorchShape(4, SMALL.channels, SMALL.hidden, SMALL.outputs)), tmp_path / "crnn.pth")
    with pytest.raises(CheckpointError, match="takes images of 4 channels, and a line image has 1"):
        gateviz.load(tmp_path / "crnn.pth")


@pytest.mark.parametrize(
    "change",
    [
        lambda state: {"state_dict": state, "epoch": 4, "best_acc": 0.9},
        lambda state: {f"module.{name}": tensor for name, tensor in state.items()},
        lambda state: {"state_dict": {f"module.module.{name}": tensor for name, tensor in state.items()}},
        lambda state: {name: tensor for name, tensor in state.items() if not name.endswith("num_batches_tracked")},
        lambda state: {name: tensor.double() if tensor.ndim else tensor for name, tensor in state.items()},
    ],
    ids=["wrapped", "module", "wrapped module.module", "before torch 0.4.1", "float64"],
)
def test_every_way_the_same_weights_lie(saved, weights, change):
    recognizer = gateviz.load(saved(change))
    reference = CrnnPytorch(SMALL).eval()
    reference.load_state_dict(weights)
    rounding.assert_same_network(recognizer.module, reference, formula.image(1, 1, 32, 64))


@pytest.mark.parametrize("hidden", [(3,), (7, 6), (4, 5, 6)])
def test_other_depths_and_sizes(tmp_path, hidden):
    shape = CrnnPytorchShape(1, SMALL.channels, hidden, (*hidden[1:], 11))
    torch.save(weights_of(shape), tmp_path / "crnn.pth")
    assert CrnnPytorchShape.from_shapes(open_model_file(tmp_path / "crnn.pth").checkpoint.shapes) == shape
    recognizer = gateviz.load(tmp_path / "crnn.pth", alphabet="0123456789")
    assert [layer.rnn.hidden_size for layer in recognizer.module.rnn] == list(hidden)


def test_what_is_missing_is_named_with_its_shape(saved):
    def drop(state):
        del state["cnn.conv3.weight"], state["rnn.1.rnn.weight_hh_l0_reverse"]

    match = ADAPTER.sniff(open_model_file(saved(drop)))
    assert not match.ok
    assert 0.9 < match.score < 1
    # A convolution that is not there is taken for meijieru's own, of 256 channels.
    assert "cnn.conv3.weight [256, 2, 3, 3]" in match.missing
    assert "rnn.1.rnn.weight_hh_l0_reverse [20, 5]" in match.missing


def test_a_wrong_shape_is_named_with_both(saved):
    def shrink(state):
        state["rnn.0.embedding.weight"] = torch.zeros(5, 9)

    match = ADAPTER.sniff(open_model_file(saved(shrink)))
    assert match.missing == ("rnn.0.embedding.weight [5, 10], which has [5, 9]",)


def test_a_key_too_many_is_named(saved):
    def add(state):
        state["cnn.batchnorm0.weight"] = torch.zeros(2)

    path = saved(add)
    assert ADAPTER.sniff(open_model_file(path)).missing == ("a network that has cnn.batchnorm0.weight [2]",)
    with pytest.raises(CheckpointError, match=r"crnn_pytorch \(\d+% found\) misses a network that has cnn.batchnorm0"):
        gateviz.load(path)


def test_no_lineage_at_all(tmp_path):
    torch.save({"foo": torch.zeros(2)}, tmp_path / "m.pth")
    words = r"m\.pth fits no lineage that gateviz knows\. crnn_pytorch \(0% found\) misses cnn\.conv0\.weight \[64, 1, 3, 3\]"
    with pytest.raises(CheckpointError, match=words):
        gateviz.load(tmp_path / "m.pth")


def test_hostile_shapes_are_only_a_misfit(tmp_path):
    state = {
        "cnn.conv0.weight": torch.zeros(0),
        "rnn.99999.rnn.weight_hh_l0": torch.zeros(2, 2),
        "rnn.0.embedding.weight": torch.zeros(0, 3),
    }
    torch.save(state, tmp_path / "m.pth")
    with pytest.raises(CheckpointError, match="fits no lineage"):
        gateviz.load(tmp_path / "m.pth")


def test_an_unknown_variant(saved):
    with pytest.raises(CheckpointError, match="has no variant 'clovaai'; there are meijieru, holmeyoung, sierkinhane"):
        gateviz.load(saved(), variant="clovaai")


def test_both_numbers_when_alphabet_and_classes_disagree(saved):
    words = r"crnn\.pth has 37 classes, so 36 symbols and the blank, and the alphabet 'abc' has 3 symbols"
    with pytest.raises(AlphabetError, match=words):
        gateviz.load(saved(), alphabet="abc")


def test_another_number_of_classes_needs_an_alphabet(tmp_path):
    torch.save(weights_of(CrnnPytorchShape(1, SMALL.channels, SMALL.hidden, (5, 12))), tmp_path / "crnn.pth")
    words = r"has 12 classes \(11 symbols and the blank\) and does not say which; .* put it in crnn\.alphabet\.txt"
    with pytest.raises(AlphabetError, match=words):
        gateviz.load(tmp_path / "crnn.pth")
    (tmp_path / "crnn.alphabet.txt").write_text("0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n \n", encoding="utf-8")
    recognizer = gateviz.load(tmp_path / "crnn.pth")
    assert recognizer.alphabet.symbols == (*"0123456789", " ")
    assert recognizer.card.details["alphabet"] == "the alphabet file crnn.alphabet.txt, 11 symbols"


def test_build_gives_the_options_their_meaning(saved):
    file = open_model_file(saved())
    given = Alphabet.from_symbols(ALPHANUMERIC.upper().lower()[::-1], blank=0)
    assert ADAPTER.build(file, LoadOptions(alphabet=given)).alphabet == given


def test_an_empty_tensor_of_any_size_is_only_a_misfit(tmp_path):
    torch.save(
        {"cnn.conv0.weight": torch.zeros(10**18, 0), "rnn.0.rnn.weight_hh_l0": torch.zeros(0, 10**17)},
        tmp_path / "m.pth",
    )
    with pytest.raises(CheckpointError, match="fits no lineage"):
        gateviz.load(tmp_path / "m.pth")
