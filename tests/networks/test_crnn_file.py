"""A saved model is the model, and a file that is none says so."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from gateviz.data.alphabet import Alphabet
from gateviz.errors import AlphabetError, CheckpointError, OutputError
from gateviz.networks.crnn import CRNN, CrnnConfig
from gateviz.networks.crnn_file import DOCUMENT_KEY, CrnnInput, load_crnn, read_document, save_crnn
from tests import rounding

ALPHABET = Alphabet.from_symbols(("a", "b", "ffi", "字"), blank=4)
CONFIG = CrnnConfig(5, backbone="vgg_small", recurrent="gru", hidden_size=6, depth=2, backbone_scale=0.1, height=48)


@pytest.fixture
def model():
    torch.manual_seed(3)
    model = CRNN(CONFIG)
    # A training step gives the batch norms running numbers of their own.
    model.train()(torch.rand(2, 1, 48, 40))
    return model.eval()


def test_what_was_saved_comes_back(tmp_path, model):
    path = tmp_path / "model.safetensors"
    prepared = CrnnInput("opencv cubic", 0.6, 0.2, 4, 8, 240, 64)
    save_crnn(path, model, ALPHABET, preprocessing=prepared, notes={"data": "synthetic"})
    loaded, document = load_crnn(path)
    assert document.config == CONFIG
    assert document.alphabet == ALPHABET
    assert document.preprocessing == prepared
    assert document.notes == {"data": "synthetic"}
    assert not loaded.training
    image = torch.rand(2, 1, 48, 60)
    rounding.assert_same_network(loaded, model, image)
    assert [entry.name for entry in tmp_path.iterdir()] == ["model.safetensors"]


def test_the_loaded_recurrent_layer_uses_the_loaded_weights(tmp_path, model):
    save_crnn(tmp_path / "m.safetensors", model, ALPHABET)
    loaded, _ = load_crnn(tmp_path / "m.safetensors")
    features = torch.rand(1, 5, loaded.recurrent.input_size)
    with torch.inference_mode():
        before, _ = loaded.recurrent(features)
        loaded.recurrent.weight_hh_l0.data.mul_(2.0)
        after, _ = loaded.recurrent(features)
    assert not torch.equal(before, after)


def test_half_precision_on_disk(tmp_path, model):
    save_crnn(tmp_path / "half.safetensors", model, ALPHABET, half=True)
    save_crnn(tmp_path / "full.safetensors", model, ALPHABET)
    assert load_file(tmp_path / "half.safetensors")["head.weight"].dtype == torch.float16
    loaded, _ = load_crnn(tmp_path / "half.safetensors")
    assert {parameter.dtype for parameter in loaded.parameters()} == {torch.float32}
    assert torch.equal(loaded.head.weight, model.head.weight.half().float())
    image = torch.rand(1, 1, 48, 60)
    with torch.inference_mode():
        assert torch.allclose(loaded(image), model(image), atol=2e-2)
    assert (tmp_path / "half.safetensors").stat().st_size < 0.6 * (tmp_path / "full.safetensors").stat().st_size


def test_another_alphabet_is_refused(tmp_path, model):
    with pytest.raises(
        AlphabetError, match=r"a network of 5 classes cannot be saved with an alphabet of 3 \(2 symbols"
    ):
        save_crnn(tmp_path / "m.safetensors", model, Alphabet.from_symbols("ab", blank=0))
    assert list(tmp_path.iterdir()) == []


def test_an_unwritable_place_is_refused(tmp_path, model):
    with pytest.raises(OutputError, match="there is no folder"):
        save_crnn(tmp_path / "none" / "m.safetensors", model, ALPHABET)


def _saved_with(path, model, change):
    save_crnn(path, model, ALPHABET)
    tensors = load_file(path)
    from safetensors import safe_open

    with safe_open(str(path), framework="pt") as handle:
        document = json.loads(handle.metadata()[DOCUMENT_KEY])
    change(document, tensors)
    save_file(tensors, path, metadata={DOCUMENT_KEY: json.dumps(document)})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda document, _: document.update(format_version=2), "written in format 2, and this gateviz reads format 1"),
        (lambda document, _: document.pop("alphabet"), r"cannot be understood \(KeyError: 'alphabet'\)"),
        (lambda document, _: document["config"].update(hidden_size="6"), "has hidden_size = '6', which this gateviz"),
        (lambda document, _: document["config"].update(attention=1), "has attention = 1, which this gateviz"),
        (lambda document, _: document["config"].update(class_count=True), "has class_count = True"),
        (lambda document, _: document["config"].update(height=33), "a CRNN for images of 33 rows"),
        (lambda document, _: document["alphabet"].update(blank=9), "the blank 9 is no class of 5"),
        (lambda _, tensors: tensors.pop("head.bias"), "do not fit the model's own description"),
        (lambda document, _: document["config"].update(hidden_size=7), "do not fit the model's own description"),
    ],
)
def test_a_file_that_contradicts_itself_is_refused(tmp_path, model, change, words):
    path = tmp_path / "m.safetensors"
    _saved_with(path, model, change)
    with pytest.raises(CheckpointError, match=words):
        load_crnn(path)


def test_other_files_are_refused(tmp_path):
    save_file({"a": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(CheckpointError, match="without a 'gateviz_crnn' document; it is no gateviz model"):
        load_crnn(tmp_path / "other.safetensors")
    (tmp_path / "text.safetensors").write_text("no tensors")
    with pytest.raises(CheckpointError, match="cannot be read as a safetensors file"):
        load_crnn(tmp_path / "text.safetensors")
    with pytest.raises(CheckpointError, match="cannot be read as a safetensors file"):
        load_crnn(tmp_path / "missing.safetensors")
    with pytest.raises(CheckpointError, match="cannot be understood"):
        read_document("[" * 100_000)
