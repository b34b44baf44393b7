"""docTR's recognizers rebuilt: the same numbers, the same prepared lines, live where docTR is installed."""

import importlib.util
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch

import gateviz
from gateviz.adapters.core.files import Checkpoint, Container, ModelFile
from gateviz.adapters.doctr.adapter import ADAPTER, VOCABULARIES
from gateviz.adapters.doctr.network import DoctrCrnn, backbone_of
from gateviz.adapters.opening import open_model_file
from gateviz.capture.receptive_layers import axis_geometry
from gateviz.capture.recognizer import pixels_of
from gateviz.data.frames import ColumnMap
from gateviz.errors import AlphabetError, CheckpointError, ImageError
from gateviz.geometry.canvas import Canvas
from gateviz.geometry.line_sizes import FitInside
from tests import rounding

FOLDER = Path(__file__).parent


def load_file(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


record = load_file(FOLDER / "golden" / "record.py")
compare = load_file(FOLDER / "golden" / "compare.py")
maker = load_file(FOLDER / "golden" / "make_doctr.py")
small = load_file(FOLDER / "lineages" / "doctr.py")
GOLDEN = json.loads((FOLDER / "golden" / "doctr.json").read_text(encoding="utf-8"))
FRAME_RULES = {"vgg16_bn": "W/4", "mobilenet_v3_small": "(W + 3)/4", "mobilenet_v3_large": "(W + 3)/4"}


def whole_network(case):
    """The network of a case at docTR's own sizes, with weights by the formula."""
    network = DoctrCrnn(dict.fromkeys(case["keys"], ())).eval()
    network.load_state_dict(record.formula.fill_normed(network.state_dict()))
    return network


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Small checkpoints of the three, with as many classes as docTR's own French."""
    folder = tmp_path_factory.mktemp("doctr")
    for backbone in FRAME_RULES:
        torch.save(small.state_of(backbone, 127), folder / f"{backbone}.pt")
    return folder


@pytest.mark.parametrize("case", GOLDEN["cases"].values(), ids=GOLDEN["cases"].keys())
def test_the_numbers_of_the_original_network(case):
    network = whole_network(case)
    assert sorted(network.state_dict()) == case["keys"]
    assert f"crnn_{network.sizes.backbone}" == case["arch"]
    image = record.formula.image(case["batch"], 3, 32, case["width"])
    compare.assert_original(lambda module, pixels: module(pixels).transpose(0, 1), network, image, case)


def test_a_checkpoint_is_read_as_docTR_reads_it(tmp_path):
    case = GOLDEN["cases"]["mobilenet_v3_large"]
    torch.save(whole_network(case).state_dict(), tmp_path / "crnn.pt")
    recognizer = gateviz.load(tmp_path / "crnn.pt")
    assert "".join(recognizer.alphabet.symbols) == case["vocab"]
    with torch.inference_mode():
        paths = recognizer.log_probs(record.formula.image(case["batch"], 3, 32, case["width"])).argmax(-1)
    words = []
    for path in paths.tolist():
        kept = [label for t, label in enumerate(path) if label != 126 and (t == 0 or path[t - 1] != label)]
        words.append("".join(recognizer.alphabet.symbols[label] for label in kept))
    assert words == case["read"]


@pytest.mark.parametrize("name", GOLDEN["prepared"])
def test_lines_prepared_as_by_the_original(saved, name):
    expected = GOLDEN["prepared"][name]
    variant, height, _, width = name.split()
    recognizer = gateviz.load(saved / "vgg16_bn.pt", variant=variant)
    pixels = pixels_of(recognizer.prepare(record.line_image(int(height), int(width))))
    found = maker.pixel_numbers(pixels)
    assert found["shape"] == expected["shape"]
    # One level of 255 of one pixel, where torch's own builds round differently, is 0.013 here.
    for key in ("sum", "sum_of_squares"):
        assert found[key] == pytest.approx(expected[key], abs=1e-2)
    for key in ("points", "middle_row"):
        assert found[key] == pytest.approx(expected[key], abs=1e-5)


def test_columns_map_back_through_resize_and_padding(saved):
    line = record.line_image(40, 100)
    prepared = gateviz.load(saved / "vgg16_bn.pt").prepare(line)
    # 100 x 40 comes to 80 x 32, and black to 128 columns.
    assert (prepared.to_source(80.0), prepared.to_source(0.0), prepared.content_width) == (100.0, 0.0, 80)
    around = gateviz.load(saved / "vgg16_bn.pt", variant="symmetric").prepare(line)
    assert (around.to_source(24.0), around.to_source(104.0)) == (0.0, 100.0)
    assert (around.pixels[:, :, 24:104] == prepared.pixels[:, :, :80]).all()


def test_keeping_the_ratio_keeps_all_rows(saved):
    recognizer = gateviz.load(saved / "vgg16_bn.pt", keep_ratio=True)
    assert tuple(recognizer.prepare(record.line_image(64, 1001)).pixels.shape) == (3, 32, 500)
    assert tuple(recognizer.prepare(record.line_image(64, 65)).pixels.shape) == (3, 32, 128)
    with pytest.raises(ImageError, match=r"of 3000 x 1 pixels comes to 96000 columns at height 32.*crop the image"):
        recognizer.prepare(np.zeros((1, 3000), np.uint8))


def test_fitting_never_leaves_nothing():
    fitted = FitInside(32, 128)(Canvas(np.zeros((1, 4000, 3), np.uint8), ColumnMap(), 4000))
    assert fitted.pixels.shape == (1, 128, 3)


def test_the_recognizer_says_what_it_is(saved):
    for backbone, rule in FRAME_RULES.items():
        recognizer = gateviz.load(saved / f"{backbone}.pt")
        card = recognizer.card
        assert card.lineage == "doctr"
        assert card.details["architecture"] == f"crnn_{backbone}"
        assert card.details["variant"] == "doctr (of doctr, symmetric)"
        assert "here such a line is read whole, squeezed to 128 columns" in card.details["wide lines"]
        assert card.details["frames"] == f"T = {rule}"
        assert "a bidirectional LSTM of 2 layers and 5 units" in card.evidence
        assert recognizer.alphabet.blank == 126
    assert gateviz.load(saved / "vgg16_bn.pt").card.preprocessing == (
        "RGB, height 32 keeping the aspect, at most 128 columns (torch bilinear, antialiased), padded to 32 rows with 0, "
        "padded to 128 columns with 0, (x/255 - 0.694, 0.695, 0.693) / 0.299, 0.296, 0.301"
    )
    around = gateviz.load(saved / "vgg16_bn.pt", variant="symmetric").card.preprocessing
    assert "padded around to 128 x 32 with 0" in around


def test_geometry_of_the_whole_networks():
    for case, first_center, seen in (("vgg16_bn", 2.0, 88.0), ("mobilenet_v3_large", 0.5, 163.0)):
        network = whole_network(GOLDEN["cases"][case])
        geometry = axis_geometry(network.feat_extractor)
        assert (geometry.stride, geometry.first_center, geometry.receptive_field) == (4.0, first_center, seen)
        assert geometry.whole_line == (case != "vgg16_bn")


def test_the_vocabularies_are_docTRs(saved, tmp_path):
    for name, symbols in GOLDEN["vocabularies"].items():
        assert VOCABULARIES[name] == symbols
    assert len(VOCABULARIES["legacy_french"]) == 123
    torch.save(small.state_of("vgg16_bn", 124), tmp_path / "crnn.pt")
    assert "".join(gateviz.load(tmp_path / "crnn.pt").alphabet.symbols) == VOCABULARIES["legacy_french"]
    torch.save(small.state_of("vgg16_bn", 110), tmp_path / "crnn.pt")
    with pytest.raises(AlphabetError, match=r"has 110 classes \(109 symbols and the blank\) and does not say which"):
        gateviz.load(tmp_path / "crnn.pt")


def test_backbones_are_told_by_their_keys(saved):
    for backbone in FRAME_RULES:
        assert backbone_of(open_model_file(saved / f"{backbone}.pt").checkpoint.shapes) == backbone
    assert backbone_of({}) == "vgg16_bn"


def test_higher_lines(tmp_path):
    torch.save(small.state_of("mobilenet_v3_small", 11, rows=2), tmp_path / "crnn.pt")
    recognizer = gateviz.load(tmp_path / "crnn.pt", alphabet="0123456789")
    assert tuple(recognizer.prepare(record.line_image(64, 100)).pixels.shape) == (3, 64, 256)


def test_gray_networks_and_unknown_variants_are_refused(saved, tmp_path):
    state = dict(torch.load(saved / "vgg16_bn.pt"))
    state["feat_extractor.0.weight"] = state["feat_extractor.0.weight"][:, :1]
    torch.save(state, tmp_path / "gray.pt")
    with pytest.raises(CheckpointError, match="takes images of 1 channels, and docTR's recognizers take 3"):
        gateviz.load(tmp_path / "gray.pt")
    with pytest.raises(CheckpointError, match="doctr has no variant 'tensorflow'; there are doctr, symmetric"):
        gateviz.load(saved / "vgg16_bn.pt", variant="tensorflow")


@dataclass(frozen=True)
class Claims(Checkpoint):
    claimed: dict = field(default_factory=dict)

    @property
    def shapes(self):
        return self.claimed


@pytest.mark.parametrize(
    "shapes",
    [
        {"feat_extractor.0.0.weight": (), "feat_extractor.16.0.weight": (0, 0), "decoder.weight_ih_l0": (0, 10**9)},
        {"feat_extractor.0.weight": (10**6, 10**6, 3, 3), "decoder.weight_hh_l0": (1,), "linear.weight": (10**9, 2)},
        {"feat_extractor.1.block.1.fc1.weight": (0,), "feat_extractor.0.0.weight": (10**6, 0, 0)},
    ],
)
def test_hostile_shapes_are_only_a_misfit(shapes):
    file = ModelFile(Path("m.pt"), 1, b"", Container.TORCH_ZIP)
    # A checkpoint cannot have tensors of such sizes in memory, but it can claim them.
    file.__dict__["checkpoint"] = Claims("m.pt", "", {}, claimed=shapes)
    match = ADAPTER.sniff(file)
    assert not match.ok
    assert match.missing


@pytest.fixture(scope="module")
def doctr():
    """docTR as installed from PyPI."""
    if importlib.util.find_spec("doctr") is None:
        pytest.skip("pip install python-doctr to compare with docTR itself")
    return maker.import_doctr()


@pytest.mark.original
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", GOLDEN["cases"])
def test_live_logits(doctr, name):
    case = GOLDEN["cases"][name]
    _, expected, _ = maker.logits_of(doctr, case)
    image = record.formula.image(case["batch"], 3, 32, case["width"])
    found = rounding.exactly(lambda module, pixels: module(pixels).transpose(0, 1), whole_network(case), image)
    rounding.assert_near(found, expected)


@pytest.mark.original
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("symmetric", [False, True])
def test_live_preparation(doctr, saved, symmetric):
    prepare = doctr.models.preprocessor.PreProcessor(
        (32, 128), 1, maker.MEAN, maker.STD, preserve_aspect_ratio=True, symmetric_pad=symmetric
    )
    recognizer = gateviz.load(saved / "vgg16_bn.pt", variant="symmetric" if symmetric else "doctr")
    rng = np.random.default_rng(0)
    for _ in range(60):
        line = rng.integers(0, 256, (*rng.integers(1, 300, 2), 3), dtype=np.uint8)
        (expected,) = prepare([line])
        torch.testing.assert_close(pixels_of(recognizer.prepare(line)), expected[0], atol=1e-4, rtol=1e-4)


@pytest.mark.original
@pytest.mark.filterwarnings("default")
def test_live_words(doctr, tmp_path):
    """The whole way, from an image to its word, as docTR's predictor goes it."""
    network, _, _ = maker.logits_of(doctr, GOLDEN["cases"]["mobilenet_v3_large"])
    network.float()
    predictor = doctr.models.recognition.recognition_predictor(network)
    torch.save(network.state_dict(), tmp_path / "crnn.pt")
    recognizer = gateviz.load(tmp_path / "crnn.pt")
    lines = [record.line_image(height, width) for height, width in ((32, 128), (41, 90), (30, 200))]
    words = [word for word, _ in predictor(lines)]
    assert len(set(words)) == len(lines)
    assert [gateviz.record(recognizer, line).text for line in lines] == words
