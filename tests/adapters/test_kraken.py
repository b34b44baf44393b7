"""kraken's networks rebuilt: the same numbers from both of its files, its preparation, and what is refused by name."""

import base64
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import gateviz
from gateviz.adapters.core.files import Container
from gateviz.adapters.kraken import adapter as kraken_adapter
from gateviz.adapters.kraken.network import VgslNetwork
from gateviz.adapters.kraken.preprocess import recipe_of
from gateviz.adapters.kraken.vgsl import Kind, Specification, parse
from gateviz.adapters.opening import open_model_file
from gateviz.capture.recognizer import Recognizer
from gateviz.errors import AlphabetError, CheckpointError, ImageError
from gateviz.lines.recognizer import prepared_line
from tests import rounding

GOLDEN = Path(__file__).parent / "golden"
DOCUMENT = json.loads((GOLDEN / "kraken.json").read_text(encoding="utf-8"))
CASES, PREPARED, WRITTEN = DOCUMENT["cases"], DOCUMENT["prepared"], DOCUMENT["written"]


def _load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


compare = _load("compare", GOLDEN / "compare.py")
record = _load("record", GOLDEN / "record.py")
formula = record.formula

SMALL = "[1,12,0,1 Cr3,3,4 Do0.1,2 Mp2,2 S1(1x0)1,3 Lbx5 Do O1c7]"
CODEC = {"a": [1], "b": [2], "\u00e4": [3, 4], "\u05d1\u05bc": [5], "-": [6]}


def weights_of(vgsl):
    return formula.fill(VgslNetwork(parse(vgsl)).state_dict())


def saved(folder, vgsl=SMALL, codec=CODEC, state=None, **entry):
    """A safetensors file as kraken writes it."""
    state = weights_of(vgsl) if state is None else state
    meta = {"_tasks": ["recognition"], "_model": "TorchVGSLModel", "vgsl": vgsl, "codec": codec, **entry}
    metadata = {"kraken_meta": json.dumps({"0f-1": meta})}
    save_file({f"0f-1.{name}": tensor for name, tensor in state.items()}, folder / "line.safetensors", metadata)
    return folder / "line.safetensors"


@pytest.fixture
def both_files(tmp_path):
    """kraken's own two files of one network."""
    paths = []
    for suffix in ("mlmodel", "safetensors"):
        paths.append(tmp_path / f"line.{suffix}")
        paths[-1].write_bytes(base64.b64decode(WRITTEN[suffix]))
    return paths


# The same numbers.


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_numbers_of_krakens_own_network(case):
    network = VgslNetwork(parse(case["vgsl"])).eval()
    state = formula.fill(network.state_dict())
    assert sorted(state) == case["keys"]
    network.load_state_dict(state)
    image = formula.image(case["batch"], case["channels"], case["height"], case["width"])
    compare.assert_original_in_float32(lambda module, pixels: module(pixels).transpose(0, 1), network, image, case)
    assert network.geometry.frame_count(case["width"]) == case["shape"][0]


def test_both_files_that_kraken_wrote(both_files):
    pixels = formula.image(1, 1, 12, WRITTEN["width"])
    for path in both_files:
        recognizer = gateviz.load(path)
        compare.assert_original_in_float32(
            lambda module, pixels: module(pixels).transpose(0, 1), recognizer.module, pixels, WRITTEN
        )
        assert recognizer.alphabet.symbols == ("a", "b", "\u00e4", "\u05d1\u05bc")
        assert recognizer.alphabet.codes == ((1,), (2,), (3, 4), (5,))
        assert recognizer.alphabet.blank == 0
        assert recognizer.card.details["alphabet"] == "in the file, 4 symbols"
        assert recognizer.card.details["variant"].startswith("bbox (of baselines, bbox: ")
        # Of three LSTMs the last runs along the columns of the image.
        assert recognizer.traced_modules == ("nn.L_6.layer", "nn.L_7.layer")
        assert recognizer.card.details["not along the line"] == "nn.L_8.layer"
    evidence = [gateviz.load(path).card.evidence[0] for path in both_files]
    assert evidence == ["a Core ML model with a VGSL specification", "a document 'kraken_meta'"]


def test_every_direction_is_traced_in_reading_order(both_files):
    image = np.random.default_rng(0).integers(0, 256, (30, 120), dtype=np.uint8)
    one, other = (gateviz.record(gateviz.load(path), image, witness=True) for path in both_files)
    assert [f"{trace.layer}.{trace.direction}" for trace in one.traces] == ["0.forward", "0.backward", "1.forward"]
    assert one.provenance.witness < 1e-5
    for first, second in zip(one.traces, other.traces, strict=True):
        np.testing.assert_allclose(first.forget_gate, second.forget_gate, atol=1e-6)


# The same preparation.


RECIPES = {
    "baselines": ("[1,48,0,1 Lbx3 O1c3]", "baselines"),
    "bbox": ("[1,48,0,1 Lbx3 O1c3]", "bbox"),
    "color": ("[1,30,0,3 Lbx3 O1c3]", "bbox"),
    "fixed": ("[1,32,100,1 Lbx3 O1c3]", "bbox"),
    "rows as channels": ("[1,1,0,24 Lbx3 O1c3]", "bbox"),
}


def line_of_ink(height, width):
    """As ``make_kraken.py`` has it."""
    noise = torch.from_numpy(formula.noise(height * width, 77).reshape(height, width))
    rows, columns = torch.arange(height)[:, None], torch.arange(width)[None]
    middle = height * (0.5 + 0.15 * torch.sin(columns / 37.0))
    ink = (rows - middle).abs() < height * 0.12 * (1.5 + noise)
    return (255 - ink * (200 + 40 * noise)).round().clamp(0, 255).byte().numpy()


@pytest.mark.parametrize("name", PREPARED)
def test_krakens_own_preparation(name):
    kind, height, _, width = name.rsplit(maxsplit=3)
    vgsl, variant = RECIPES[kind]
    recipe = recipe_of(parse(vgsl), variant)
    size = int(height), int(width)
    image = record.line_image(*size) if kind == "color" else line_of_ink(*size)
    if "refused" in PREPARED[name]:
        # kraken gives up such a line unread.
        assert not prepared_line(recipe, image).pixels.any()
        return
    compare.assert_pixels(record.pixel_numbers(prepared_line(recipe, image).pixels), PREPARED[name])


def test_columns_come_from_where_the_straightened_line_had_them():
    image = np.full((40, 300), 255, np.uint8)
    image[10:30, 140:144] = 0
    image[18:22, :] = 0
    for variant in ("baselines", "bbox"):
        line = prepared_line(recipe_of(parse("[1,48,0,1 Lbx3 O1c3]"), variant), image)
        ink = (line.pixels[0].astype(np.float64) ** 2)[:12].sum(0)
        center = float((ink * (np.arange(len(ink)) + 0.5)).sum() / ink.sum())
        assert line.to_source(center) == pytest.approx(142.0, abs=0.25)
        assert line.content_width == line.pixels.shape[2] - 16


def test_the_variant_follows_the_file_and_the_user(tmp_path):
    for said, expected in (
        ("bbox", "straightened by its ink to height 12"),
        ("baselines", "height 12"),
        (None, "height 12"),
    ):
        path = saved(tmp_path, seg_type=said)
        assert f"gray (pillow), {expected}" in gateviz.load(path).card.preprocessing
    assert "straightened" in gateviz.load(path, variant="bbox").card.preprocessing
    with pytest.raises(CheckpointError, match="kraken has no variant 'page'; there are baselines, bbox"):
        gateviz.load(path, variant="page")


def test_a_line_without_ink_is_resized():
    line = prepared_line(recipe_of(parse(SMALL), "bbox"), np.full((24, 50), 255, np.uint8))
    assert tuple(line.pixels.shape) == (1, 12, 57)
    assert not line.pixels.any()


def test_lines_too_long_or_too_narrow():
    for image in (np.zeros((400, 1), np.uint8), np.zeros((1, 6000), np.uint8)):
        with pytest.raises(ImageError, match=r"comes to \d+ columns at height 12, and the network takes 1 to 65536"):
            prepared_line(recipe_of(parse(SMALL), "baselines"), image)


# The files.


def test_the_recognizer_is_one_and_says_what_it_is(tmp_path):
    recognizer = gateviz.load(saved(tmp_path, one_channel_mode="1"))
    assert isinstance(recognizer, Recognizer)
    assert recognizer.card.lineage == "kraken"
    assert recognizer.card.evidence == ("a document 'kraken_meta'", f"VGSL {SMALL}", "1 LSTMs along the line")
    assert recognizer.card.preprocessing == (
        "gray (pillow), height 12 keeping the aspect (pillow lanczos), padded left 16, right 16 with 255, (brightest - x)/255"
    )
    assert recognizer.card.details["frames"] == "T = W/2"
    assert recognizer.card.details["trained on"].startswith("black and white images")


def test_a_codec_as_text_and_none_at_all(tmp_path):
    assert gateviz.load(saved(tmp_path, codec=json.dumps(CODEC))).alphabet.codes[2] == (3, 4)
    path = saved(tmp_path, codec=None)
    with pytest.raises(AlphabetError, match=r"has 7 classes .* and does not say which"):
        gateviz.load(path)
    assert gateviz.load(path, alphabet="abcdef").alphabet.symbols == tuple("abcdef")


def test_an_alphabet_given_goes_before_the_files(tmp_path):
    assert gateviz.load(saved(tmp_path), alphabet="uvwxyz").alphabet.symbols == tuple("uvwxyz")


@pytest.mark.parametrize(
    ("codec", "words"),
    [
        ({"a": [1], "b": [9]}, r"has 7 classes and a codec of 2 graphemes with labels up to 9"),
        ({"a": [1], "b": [1, 2]}, r"whose codes cannot be told apart \(\(1, 2\) begins with another\)"),
        ({"a": [1], "b": [1]}, "whose codes cannot be told apart"),
        ({}, "a codec of 0 graphemes"),
    ],
)
def test_codecs_that_do_not_go_with_the_network(tmp_path, codec, words):
    with pytest.raises(AlphabetError, match=words):
        gateviz.load(saved(tmp_path, codec=codec))


@pytest.mark.parametrize("codec", [{"a": []}, {"a": [0]}, {"a": "1"}, {"": [1]}, {"a": [True]}, [1], "{", "5"])
def test_codecs_that_are_none(tmp_path, codec):
    with pytest.raises(CheckpointError, match=r"line\.safetensors cannot be loaded: its codec "):
        gateviz.load(saved(tmp_path, codec=codec))


def test_the_recognizer_among_other_models(tmp_path):
    state = weights_of(SMALL)
    meta = {
        "seg": {"_tasks": ["segmentation"], "_model": "TorchVGSLModel", "vgsl": "[1,0,0,3 Cr3,3,2 O2l4]"},
        "rec": {"_tasks": ["recognition"], "_model": "TorchVGSLModel", "vgsl": SMALL, "codec": CODEC},
    }
    tensors = {f"rec.{name}": tensor for name, tensor in state.items()} | {"seg.nn.C_0.co.bias": torch.zeros(2)}
    save_file(tensors, tmp_path / "both.safetensors", {"kraken_meta": json.dumps(meta)})
    recognizer = gateviz.load(tmp_path / "both.safetensors")
    assert torch.equal(recognizer.module.state_dict()["nn.O_6.lin.bias"], state["nn.O_6.lin.bias"])
    meta["rec"]["_tasks"] = ["segmentation"]
    save_file(tensors, tmp_path / "both.safetensors", {"kraken_meta": json.dumps(meta)})
    with pytest.raises(CheckpointError, match=r"it holds no recognizer \(segmentation\); load a file of kraken's"):
        gateviz.load(tmp_path / "both.safetensors")
    meta["rec"]["_tasks"] = meta["seg"]["_tasks"] = ["recognition"]
    save_file(tensors, tmp_path / "both.safetensors", {"kraken_meta": json.dumps(meta)})
    with pytest.raises(CheckpointError, match="it holds 2 recognizers"):
        gateviz.load(tmp_path / "both.safetensors")


def test_every_lstm_has_the_columns_of_its_own_input(tmp_path):
    """A convolution between two LSTMs widens what the second and the output see, and not what the first does."""
    vgsl = "[1,12,0,1 Cr3,3,4 Mp2,2 S1(1x0)1,3 Lbx5 Cr1,5,6 Lbx4 O1c7]"
    recognizer = gateviz.load(saved(tmp_path, vgsl=vgsl))
    first, second = recognizer.layer_grids(60).values()
    assert (first.frame_count, first.stride, first.first_center, first.receptive_field) == (30, 2.0, 1.0, 4.0)
    assert (second.stride, second.first_center, second.receptive_field) == (2.0, 1.0, 12.0)
    assert recognizer.frame_grid(60) == second
    line = np.random.default_rng(0).integers(0, 256, (12, 60), dtype=np.uint8)
    recording = gateviz.record(recognizer, line)
    assert recording.trace(0).grid.receptive_field < recording.trace(1).grid.receptive_field
    assert recording.layers_apart.startswith("Layer 0 looks elsewhere than the output: each frame seeing ")


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"_model": "PPOCRv5Recognizer"}, "its model is a PPOCRv5Recognizer, and of kraken's networks"),
        ({"vgsl": None}, "it has no VGSL specification of its network"),
        ({"vgsl": "[1,12,0,1 Xy3 O1c7]"}, "cannot be read: 'Xy3' is no layer of kraken's"),
        ({"vgsl": "[1,12,0,1 Cr3,3,4 O1c7]"}, "leaves 12 rows of its 12"),
        (
            {"vgsl": "[1,12,0,1 S1(1x0)1,3 Lbx5 Mp1,2 O1c7]"},
            r"none of the LSTMs along the line of this network \(nn\.L_1\.layer\) has a frame for every frame of the output",
        ),
        ({"vgsl": "[1,12,0,1 S1(1x0)1,3 O1c7]"}, "has no LSTM that reads along the line, and gates are all"),
        (
            {"vgsl": "[1,12,0,1 S1(1x0)1,3 Lbxo5 O1c7]"},
            r"the layer 'Lbxo5' has peepholes \(a model of ocropy, converted\)",
        ),
        ({"vgsl": "[1,12,0,1 S1(1x0)1,3 Lbx5 O1s7]"}, "ends in 'O1s7', and a line recognizer ends in a CTC output"),
        ({"vgsl": "[1,12,0,3 Cr3,3,4 O2l7]"}, r"heat maps \(O2\) are kraken's segmentation models"),
        ({"vgsl": "[1,0,0,3 Lbx4 O1c7]"}, "takes images of any height, and a line recognizer has one height"),
        ({"vgsl": "[1,12,0,1 CTr2,2,4,2,2 S1(1x0)1,3 Lbx5 O1c7]"}, "'CTr2,2,4,2,2' is a transposed convolution"),
        ({"vgsl": "[1,12,0,1 S1(1x0)1,3 W{m}5,3,0.5,9 O1c7]"}, "has the mask .* of kraken's pretraining"),
        ({"vgsl": "[1,12,0,1 S1(1x0)1,3 Lfxs5 O1c7]"}, "not one frame after the other along the line"),
        ({"vgsl": "[1,12,0,1 S2(1x0)1,2 Lfx5 O1c7]"}, "moves what gateviz cannot follow"),
        ({"vgsl": "[1,12,0,1 S1(5x0)1,3 Lfx5 O1c7]"}, "cannot divide 12 by 5"),
        ({"vgsl": "[1,12,0,1 A2,2 Lfx5 O1c7]"}, "sums along what gateviz cannot follow"),
        ({"vgsl": "[1,12,0,1 A3,2 Lfx5 O1c7]"}, "'A3,2' needs 2 entries and finds 1"),
        ({"vgsl": "[1,12,0,1 Gn4 Lfx5 O1c7]"}, "'Gn4' cannot divide 1 channels by 4"),
        ({"vgsl": "[1,12,0,1 Mp20,2 Lfx5 O1c7]"}, "'Mp20,2' leaves 1 channels and 0 rows"),
        ({"vgsl": "[1,12,0,1 (I Cr4,3,2) S1(1x0)1,3 Lbx5 O1c7]"}, "beside one another leave 11, 12 rows"),
        ({"vgsl": "[1,12,0,1 (I Cr3,4,2) S1(1x0)1,3 Lbx5 O1c7]"}, "do not fit each other"),
        ({"vgsl": "[1,12,0,1 S1(1x0)1,3 Lbx0 O1c7]"}, "'Lbx0' has a size of 0"),
        ({"vgsl": "[1,12,0,1 S{x}1(1x0)1,3 Lbx{x}5 O1c7]"}, "has the name 'x', which is taken"),
        ({"vgsl": "[1,12,0,1 S{forward}1(1x0)1,3 Lbx{x}5 O1c7]"}, "has the name 'forward', which is taken"),
    ],
)
def test_what_cannot_be_shown_is_refused_by_name(tmp_path, entry, words):
    with pytest.raises(CheckpointError, match=rf"line\.safetensors cannot be loaded: .*{words}"):
        gateviz.load(saved(tmp_path, state=weights_of(SMALL), **{"vgsl": SMALL, **entry}))


def test_channels_that_no_image_has(tmp_path):
    with pytest.raises(CheckpointError, match="takes images of 2 channels, and a line image has 1"):
        gateviz.load(saved(tmp_path, "[1,12,0,2 S1(1x0)1,3 Lbx5 O1c7]"))


def test_another_safetensors_file_is_none_of_krakens(tmp_path):
    save_file({"nn.C_0.co.weight": torch.zeros(1)}, tmp_path / "m.safetensors")
    match = kraken_adapter.ADAPTER.sniff(open_model_file(tmp_path / "m.safetensors"))
    assert (match.score, match.missing) == (0.0, ("a document 'kraken_meta'",))


# The specification.


def test_words_and_their_numbers():
    spec = parse("[1,0048,0,3 Cr{C_0}3,13,32,1,2 ([Mp2,2 Gn{7}4] Do{d}0.1,2) S2(1x0)1,2 Lfys{L}3 O{O}1ca9]")
    assert (spec.height, spec.width, spec.channels) == (48, 0, 3)
    conv, beside, shape, lstm, output = spec.blocks
    assert (conv.kind, conv.name, conv.mode, conv.numbers) == (Kind.CONVOLUTION, "C_0", "r", (3, 13, 32, 1, 2))
    assert (beside.kind, beside.name) == (Kind.PARALLEL, "Mp_1 7 d")
    assert [(child.kind, child.name) for child in beside.children] == [(Kind.SERIES, "Mp_1 7"), (Kind.DROPOUT, "d")]
    assert beside.children[0].children[1].numbers == (4,)
    assert (shape.numbers, lstm.mode, lstm.numbers) == ((2, 1, 0, 1, 2), "fys", (3,))
    assert (output.mode, output.numbers) == ("1ca", (9,))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1,48,0,1 Lbx3", "does not stand in brackets"),
        ("[]", "does not begin with the input's batch"),
        ("[48,0,1 Lbx3 O1c4]", "does not begin with the input's batch"),
        ("[1,48,0,1]", "has no layers"),
        ("[1,48,0,0 Lbx3]", "its input is 48 x 0 of 0 channels"),
        ("[1,48,0,1 (Lbx3 O1c4]", r"a bracket '\)' is missing"),
        ("[1,48,0,1 Lbx3) O1c4]", "a bracket '\\)' closes nothing"),
        ("[1,48,0,1 [Lbx3) O1c4]", "a bracket '\\)' closes nothing"),
        ("[1,48,0,1 [] O1c4]", "a bracket ']' closes nothing"),
        ("[1,48,0,1 Lbx100001 O1c4]", "'Lbx100001' has numbers beyond 100000"),
        ("[1,48,0,1 " + 9 * "[" + "I" + 9 * "]" + "]", "lie more than 8 deep"),
        ("[1,48,0,1 " + 401 * "I " + "]", "has 401 layers, and at most 400 are read"),
    ],
)
def test_specifications_that_are_none(text, words):
    with pytest.raises(CheckpointError, match=words):
        parse(text)


def test_a_specification_is_read_however_it_is_spaced():
    assert isinstance(parse("  [1,48,0,1  Lbx3   O1c4] "), Specification)


# Core ML.


def test_a_core_ml_file_is_known_by_its_first_bytes(both_files, tmp_path):
    renamed = tmp_path / "renamed.bin"
    renamed.write_bytes(both_files[0].read_bytes())
    assert open_model_file(renamed).container is Container.CORE_ML
    # An ONNX graph begins with a version and its maker's name.
    renamed.write_bytes(b"\x08\x07\x12\x07pytorch\x1a\x052.4.0:\x00")
    assert open_model_file(renamed).container is Container.ONNX


def test_every_cut_and_every_changed_byte_is_one_sentence_or_a_recognizer(both_files, tmp_path):
    whole = both_files[0].read_bytes()
    random = np.random.default_rng(1)
    damaged = [whole[:size] for size in random.integers(1, len(whole), 40)]
    for _ in range(80):
        changed = bytearray(whole)
        changed[int(random.integers(len(whole)))] = int(random.integers(256))
        damaged.append(bytes(changed))
    refused = 0
    for number, content in enumerate(damaged):
        path = tmp_path / f"{number}.mlmodel"
        path.write_bytes(content)
        try:
            gateviz.load(path)
        except (CheckpointError, AlphabetError) as error:
            assert "\n" not in str(error)
            refused += 1
    assert refused > 40


@pytest.mark.original
@pytest.mark.filterwarnings("ignore")
def test_kraken_itself_computes_the_same(tmp_path):
    pytest.importorskip("kraken", reason="kraken is not installed (pip install kraken)")
    make = _load("make_kraken", GOLDEN / "make_kraken.py")
    model, transforms, writers = make.import_kraken()
    for case in CASES.values():
        network = model(vgsl=case["vgsl"])
        network.load_state_dict(formula.fill(network.state_dict()))
        theirs = make.logits_of(network, case["channels"], case["height"], case)
        ours = VgslNetwork(parse(case["vgsl"])).eval()
        ours.load_state_dict(network.state_dict())
        image = formula.image(case["batch"], case["channels"], case["height"], case["width"])
        run = lambda module, pixels: module(pixels).transpose(0, 1)  # noqa: E731
        rounding.assert_near(rounding.exactly(run, ours, image), theirs, rounding.FLOAT32)
    for name, expected in make.prepared(transforms).items():
        assert ("refused" in expected) == ("refused" in PREPARED[name])
        if "refused" not in expected:
            compare.assert_pixels(expected, PREPARED[name])
    for suffix in ("mlmodel", "safetensors"):
        path = tmp_path / f"line.{suffix}"
        path.write_bytes(base64.b64decode(make.written(model, writers)[suffix]))
        assert gateviz.load(path).card.lineage == "kraken"
