"""EasyOCR's recognizers: the original's numbers and prepared lines, its character lists read as text, live where installed."""

import hashlib
import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import gateviz
from gateviz.adapters.clovaai import easyocr
from gateviz.adapters.clovaai.adapter import is_easyocr
from gateviz.adapters.clovaai.easyocr import (
    ADAPTER,
    ENGLISH,
    EasyOcrModel,
    installed_folder,
    languages_of,
    model_of,
    models_in,
)
from gateviz.adapters.clovaai.network import Clovaai, ClovaaiShape
from gateviz.adapters.opening import open_model_file
from gateviz.capture.recognizer import pixels_of
from gateviz.data.frames import ColumnMap
from gateviz.errors import AlphabetError, CheckpointError, ImageError
from gateviz.geometry.canvas import Canvas
from gateviz.geometry.easyocr_line import EasyOcrLine, RaiseContrast
from tests import rounding

FOLDER = Path(__file__).parent


def load_file(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


record = load_file(FOLDER / "golden" / "record.py")
compare = load_file(FOLDER / "golden" / "compare.py")
small = load_file(FOLDER / "lineages" / "easyocr.py")
GOLDEN = json.loads((FOLDER / "golden" / "easyocr.json").read_text(encoding="utf-8"))
SMALL = small.SHAPES["generation2"]


def shape_of(case):
    """The sizes of a network by the rule of the original: all channels follow from the last."""
    last = case["channels"]
    shares = {"generation2": (8, 4, 2, 2, 1, 1, 1), "generation1": (16, 8, 4, 2, 1, 1)}[case["network"]]
    backbone = {"generation2": "VGG", "generation1": "ResNet"}[case["network"]]
    return ClovaaiShape(
        backbone, 1, tuple(last // share for share in shares), (last,) * 2, (last,) * 2, case["classes"]
    )


def saved(folder, shape=SMALL, name="english_g2.pth"):
    torch.save({f"module.{key}": tensor for key, tensor in small.state_of(shape).items()}, folder / name)
    return folder / name


@pytest.fixture
def no_package(monkeypatch):
    """No easyocr is installed."""
    monkeypatch.setattr(easyocr, "installed_folder", lambda: None)


@pytest.fixture
def package(monkeypatch, tmp_path):
    """An installed easyocr whose config says what the test wants."""
    folder = tmp_path / "site-packages" / "easyocr"
    (folder / "character").mkdir(parents=True)
    monkeypatch.setattr(easyocr, "installed_folder", lambda: folder)

    def write(config, **languages):
        (folder / "config.py").write_text(config, encoding="utf-8")
        for language, characters in languages.items():
            path = folder / "character" / f"{language}_char.txt"
            path.write_text("\ufeff" + "\n".join(characters), encoding="utf-8")
        return folder

    return write


CONFIG = """
import os
raise RuntimeError("this must never be run")
separator_list = {'th': ['\\xa2', '\\xa3'], 'en': ['\\xa4']}
separator_char = []
for lang, sep in separator_list.items():
    separator_char += sep
recognition_models = {
    'gen1': {
        'ten_g1': {'filename': 'ten.pth', 'characters': ''.join(separator_char) + "abc" + 'd\\'"\\\\', 'symbols': "x"},
        'run_g1': {'filename': 'run.pth', 'characters': open('/etc/passwd').read()},
    },
    'gen2': {
        'ten_g2': {'filename': 'ten2.pth', 'characters': "0123456789"},
        'six_g2': {'filename': 'six.pth', 'characters': "abcdef"},
        'other_six_g2': {'filename': 'other.pth', 'characters': "ghijkl"},
    },
    'gen3': {'far': {'characters': "0123456789"}},
}
"""


@pytest.mark.usefixtures("no_package")
@pytest.mark.parametrize("case", GOLDEN["cases"].values(), ids=GOLDEN["cases"].keys())
def test_the_numbers_of_the_original_network(tmp_path, case):
    shape = shape_of(case)
    assert sorted(Clovaai(shape).state_dict()) == case["keys"]
    symbols = {97: ENGLISH, 11: "0123456789"}[shape.classes]
    recognizer = gateviz.load(saved(tmp_path, shape), alphabet=symbols)
    assert recognizer.card.lineage == "easyocr"
    image = record.formula.image(case["batch"], 1, 64, case["width"])
    compare.assert_original(lambda module, pixels: module(pixels).transpose(0, 1), recognizer.module, image, case)
    assert recognizer.frame_grid(case["width"]).frame_count == case["shape"][0]


def pale(image):
    return (150 + image // 8).astype(image.dtype)


@pytest.mark.usefixtures("no_package")
@pytest.mark.parametrize("name", GOLDEN["prepared"])
def test_lines_prepared_as_by_the_original(tmp_path, name):
    variant, height, _, width = name.split()
    line = record.line_image(int(height), int(width))
    line = pale(line) if variant == "easyocr_contrast" else line
    prepared = gateviz.load(saved(tmp_path), variant=variant).prepare(line)
    compare.assert_pixels(record.pixel_numbers(prepared.pixels), GOLDEN["prepared"][name])
    content = float(prepared.content_width)
    assert prepared.to_source(0.0) == 0.0
    assert prepared.to_source(content) == pytest.approx(int(width), rel=1e-6)


def test_the_columns_of_a_line_with_padding():
    line = EasyOcrLine()(Canvas(record.line_image(200, 401, 1), ColumnMap(), 401))
    # 401 / 200 = 2.005 squares: three of them, of which 128 columns hold the line.
    assert (line.pixels.shape, line.content_width) == ((64, 192), 128)
    assert line.to_source(128.0) == pytest.approx(401.0)
    assert (line.pixels[:, 128:] == line.pixels[:, 127:128]).all()


def test_contrast_is_raised_where_it_is_low_only():
    strong = Canvas(np.tile(np.array([0, 255], np.uint8), (8, 20)), ColumnMap(), 40)
    assert RaiseContrast()(strong) is strong
    weak = Canvas(np.tile(np.array([50, 130], np.uint8), (8, 20)), ColumnMap(), 40)
    # 80 / 180 is below a half: levels stretched by 200 / 80, the darkest at 25 of the old ones, what is above white cut.
    assert set(np.unique(RaiseContrast()(weak).pixels)) == {62, 255}
    flat = Canvas(np.full((8, 40), 200, np.uint8), ColumnMap(), 40)
    assert (RaiseContrast()(flat).pixels == 255).all()


def test_lines_too_long_are_refused_in_words():
    for shape in ((1, 3000), (3000, 1)):
        with pytest.raises(ImageError, match=r"comes to 192000 columns at height 64, .* crop the image to one line"):
            EasyOcrLine()(Canvas(np.zeros(shape, np.uint8), ColumnMap(), shape[1]))


@pytest.mark.usefixtures("no_package")
def test_the_recognizer_says_what_it_is(tmp_path):
    recognizer = gateviz.load(saved(tmp_path))
    card = recognizer.card
    assert card.lineage == "easyocr"
    assert "EasyOCR's sizes (generation 2): 5 channels and as many units" in card.evidence
    assert card.preprocessing == (
        "gray (opencv), height 64 keeping the aspect (opencv linear), "
        "padded to the next 64 columns with the border repeated, (x/255 - 0.5) / 0.5"
    )
    assert card.details["variant"].startswith("easyocr (of clovaai, pad, easyocr, easyocr_contrast, whose keys")
    assert (
        card.details["model"]
        == "english_g2 (generation 2), by its number of classes, known without an installed easyocr"
    )
    assert "".join(recognizer.alphabet.symbols) == ENGLISH == GOLDEN["english_g2"]
    assert recognizer.alphabet.blank == 0
    raised = gateviz.load(tmp_path / "english_g2.pth", variant="easyocr_contrast").card.preprocessing
    assert "contrast raised where below 0.5" in raised
    with pytest.raises(
        CheckpointError, match="easyocr has no variant 'x'; there are easyocr, easyocr_contrast, clovaai, pad"
    ):
        gateviz.load(tmp_path / "english_g2.pth", variant="x")


@pytest.mark.usefixtures("no_package")
def test_another_model_without_the_package_needs_an_alphabet(tmp_path):
    path = saved(tmp_path, replace(SMALL, classes=11), "ten.pth")
    with pytest.raises(AlphabetError, match=r"ten\.pth has 11 classes .* give its alphabet as a file or a string"):
        gateviz.load(path)
    recognizer = gateviz.load(path, alphabet="0123456789")
    assert recognizer.card.details["model"] == "none (no easyocr is installed to look in) has 11 classes"


def test_character_lists_are_read_and_never_run(package, tmp_path):
    folder = package(CONFIG, de="abc", xx=["0", "12"], ru="жз")
    models = models_in(folder)
    assert [(model.name, model.generation, model.characters) for model in models] == [
        ("ten_g1", 1, "\xa2\xa3\xa4abcd'\"\\"),
        ("ten_g2", 2, "0123456789"),
        ("six_g2", 2, "abcdef"),
        ("other_six_g2", 2, "ghijkl"),
    ]
    assert languages_of(folder, "0123456789") == ("xx",)
    assert model_of(models, 2, 6) is None
    one = gateviz.load(saved(tmp_path, replace(small.SHAPES["generation1"], classes=11), "mine.pth"))
    assert "".join(one.alphabet.symbols) == "\xa2\xa3\xa4abcd'\"\\"
    assert one.card.details["languages in full"] == "de"
    two = gateviz.load(saved(tmp_path, replace(SMALL, classes=11), "mine.pth"))
    assert "".join(two.alphabet.symbols) == "0123456789"
    assert (
        two.card.details["model"]
        == "ten_g2 (generation 2), by its number of classes, as the installed easyocr lists it"
    )
    assert "easyocr" not in sys.modules


def test_two_models_of_one_size_are_not_guessed_between(package, tmp_path):
    package(CONFIG)
    path = saved(tmp_path, replace(SMALL, classes=7), "six.pth")
    with pytest.raises(AlphabetError, match="has 7 classes"):
        gateviz.load(path)
    recognizer = gateviz.load(path, alphabet="uvwxyz")
    assert recognizer.card.details["model"] == "none of those in the installed easyocr has 7 classes"


@pytest.mark.parametrize(
    "config",
    [
        "recognition_models = [",
        "recognition_models = 5",
        "recognition_models = {'gen1': {'a': {'characters': 'ab' * 9}}, 'gen2': 3, 4: {}, **{}}",
        "recognition_models = {'gen1': {'a': {'characters': " + "+".join(["'a'"] * 5000) + "}}}",
        "x = " + "(" * 3000,
        "\0",
    ],
    ids=["syntax", "number", "strange", "deep", "parentheses", "zero"],
)
def test_a_config_that_is_not_easyocrs_gives_no_models(package, config):
    assert models_in(package(config)) == ()


def test_files_that_are_missing_or_huge_give_no_models(package, monkeypatch, tmp_path):
    assert models_in(tmp_path / "nowhere") == ()
    folder = package(CONFIG, de="abc")
    monkeypatch.setattr(easyocr, "LARGEST_FILE", 2)
    assert models_in(folder) == ()
    assert languages_of(folder, "abc") == ()


def test_the_package_is_looked_for_and_not_imported(monkeypatch, tmp_path):
    monkeypatch.delitem(sys.modules, "easyocr", raising=False)
    (tmp_path / "easyocr").mkdir()
    (tmp_path / "easyocr" / "__init__.py").write_text("raise RuntimeError('this must never be run')")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert installed_folder() == tmp_path / "easyocr"
    assert "easyocr" not in sys.modules


def test_no_package_is_no_folder(monkeypatch):
    monkeypatch.setattr(easyocr, "find_spec", lambda name: None)
    assert installed_folder() is None

    def broken(name):
        raise ValueError(name)

    monkeypatch.setattr(easyocr, "find_spec", broken)
    assert installed_folder() is None


def test_models_of_easyocr_are_told_apart_by_generation_and_count():
    counts = [(int(name[-1]), model["count"]) for name, model in GOLDEN["models"].items()]
    assert len(set(counts)) == len(counts)
    model = EasyOcrModel("a", 2, "a.pth", "xyz")
    assert (model_of((model,), 2, 3), model_of((model,), 1, 3)) == (model, None)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning")
def test_quantized_lstms_are_refused_by_name(tmp_path):
    """EasyOCR quantizes its recognizer on a CPU; whoever saves that has no float weights."""
    network = Clovaai(SMALL).eval()
    quantized = torch.ao.quantization.quantize_dynamic(network, dtype=torch.qint8)
    for number, saved_object in enumerate((quantized.state_dict(), quantized)):
        torch.save(saved_object, tmp_path / f"{number}.pth")
        with pytest.raises(CheckpointError, match=r"\(a quantized model\), and nothing in it was run; save the float"):
            gateviz.load(tmp_path / f"{number}.pth")


def test_a_network_of_clovaais_sizes_is_not_easyocrs(tmp_path):
    path = saved(tmp_path, replace(SMALL, hidden=(3, 3), outputs=(3, 3)))
    assert ADAPTER.sniff(open_model_file(path)).missing == (
        "EasyOCR's sizes (as many units as channels), which has LSTMs of 3, 3 units for features of 5 channels",
    )


@pytest.fixture(scope="module")
def original():
    """EasyOCR as installed from PyPI."""
    if importlib.util.find_spec("easyocr") is None:
        pytest.skip("pip install easyocr to compare with EasyOCR itself")
    return load_file(FOLDER / "golden" / "make_easyocr.py")


@pytest.mark.original
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("name", GOLDEN["cases"])
def test_live_logits(original, tmp_path, name):
    case = GOLDEN["cases"][name]
    network, expected = original.logits_of(case)
    torch.save(network.state_dict(), tmp_path / "model.pth")
    recognizer = gateviz.load(tmp_path / "model.pth", alphabet={97: ENGLISH, 11: "0123456789"}[case["classes"]])
    image = record.formula.image(case["batch"], 1, 64, case["width"])
    found = rounding.exactly(lambda module, pixels: module(pixels).transpose(0, 1), recognizer.module, image)
    rounding.assert_near(found, expected)


@pytest.mark.original
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(("network", "sizes"), [("model", 512), ("vgg_model", 256)])
def test_live_sizes_are_told_from_clovaais(original, network, sizes):
    """At EasyOCR's own sizes: every key and shape, and the rule that tells them from clovaai's."""
    with torch.device("meta"):
        module = importlib.import_module(f"easyocr.model.{network}").Model(1, sizes, sizes, 97)
        shapes = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
        shape = ClovaaiShape.from_shapes(shapes)
        rebuilt = {name: tuple(tensor.shape) for name, tensor in Clovaai(shape).state_dict().items()}
    assert rebuilt == shapes
    assert is_easyocr(shape)


@pytest.mark.original
@pytest.mark.filterwarnings("default")
def test_live_character_lists(original):
    found = {model.name: model.characters for model in models_in(installed_folder())}
    assert {name: hashlib.sha256(characters.encode()).hexdigest() for name, characters in found.items()} == {
        name: model["sha256"] for name, model in GOLDEN["models"].items()
    }


@pytest.mark.original
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize(("height", "width"), [(50, 333), (64, 64), (77, 30)])
def test_live_prepared_lines(original, tmp_path, height, width):
    line = record.line_image(height, width)
    expected = original.prepared_by(line[:, :, ::-1].copy(), 0.0)
    assert torch.allclose(pixels_of(gateviz.load(saved(tmp_path)).prepare(line)), expected[0], atol=1e-6)
