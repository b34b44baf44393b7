"""gateviz's own models through the same door as everybody's."""

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

import gateviz
from gateviz.adapters.gateviz_crnn import ADAPTER
from gateviz.adapters.opening import open_model_file
from gateviz.capture.recognizer import Recognizer
from gateviz.data.alphabet import Alphabet
from gateviz.errors import AlphabetError, CheckpointError
from gateviz.networks.crnn import CRNN, CrnnConfig
from gateviz.networks.crnn_file import DOCUMENT_KEY, CrnnInput, save_crnn
from tests import rounding

ALPHABET = Alphabet.from_symbols("abc", blank=0)


def saved(path, preprocessing=None, **config):
    torch.manual_seed(0)
    settings = {"backbone": "vgg_small", "hidden_size": 5, "backbone_scale": 0.1, **config}
    model = CRNN(CrnnConfig(4, **settings)).eval()
    save_crnn(path, model, ALPHABET, preprocessing=preprocessing, notes={"trained on": "nothing"})
    return model


@pytest.mark.parametrize("recurrent", ["lstm", "gru", "none"])
def test_the_same_numbers_and_the_same_alphabet(tmp_path, recurrent):
    path = tmp_path / "own.safetensors"
    model = saved(path, recurrent=recurrent)
    recognizer = gateviz.load(path)
    assert isinstance(recognizer, Recognizer)
    assert recognizer.alphabet == ALPHABET
    image = torch.rand(2, 1, 32, 50)
    with torch.inference_mode():
        torch.testing.assert_close(recognizer.log_probs(image), model(image).log_softmax(-1))
    rounding.assert_same_network(recognizer.module, model, image)
    assert recognizer.frame_grid(50).frame_count == 12
    assert recognizer.card.lineage == "gateviz"
    assert recognizer.card.details["network"] == f"vgg_small + {recurrent}"
    assert recognizer.card.details["alphabet"] == "in the file, 3 symbols"
    assert recognizer.card.details["frames"] == "T = W/4"
    assert recognizer.card.details["trained on"] == "nothing"


def test_lines_are_prepared_as_the_file_says(tmp_path):
    path = tmp_path / "own.safetensors"
    saved(path, CrnnInput("pillow bicubic", 0.4, 0.2, 3, 5, 200, 60))
    line = np.random.default_rng(0).integers(0, 256, (64, 90), dtype=np.uint8)
    prepared = gateviz.load(path).prepare(line)
    resized = np.array(Image.fromarray(line).resize((45, 32), Image.Resampling.BICUBIC), np.float32)
    expected = np.full((32, 60), 200, np.float32)
    expected[:, 3:48] = resized
    assert np.allclose(prepared.pixels[0], (expected / 255 - 0.4) / 0.2, atol=1e-5)
    assert prepared.to_source(3.0) == 0.0
    assert prepared.to_source(48.0) == 90.0


def test_the_card_says_that_squeeze_and_excitation_sees_the_whole_line(tmp_path):
    path = tmp_path / "own.safetensors"
    saved(path, backbone="mobilenet_v3")
    recognizer = gateviz.load(path)
    words = "89 columns of the network's input and the whole line through squeeze and excitation"
    assert recognizer.card.details["receptive field"] == words
    assert recognizer.frame_grid(120).receptive_span(15) == (0.0, 120.0)


def test_another_alphabet_needs_the_same_number(tmp_path):
    path = tmp_path / "own.safetensors"
    saved(path)
    assert gateviz.load(path, alphabet="xyz").alphabet.symbols == ("x", "y", "z")
    with pytest.raises(AlphabetError, match="has 4 classes, so 3 symbols and the blank, and the alphabet 'xy' has 2"):
        gateviz.load(path, alphabet="xy")


def test_a_variant_is_refused(tmp_path):
    path = tmp_path / "own.safetensors"
    saved(path)
    with pytest.raises(CheckpointError, match="gateviz's own model, which has no variant 'meijieru'"):
        gateviz.load(path, variant="meijieru")


def test_an_interpolation_that_is_not_there(tmp_path):
    path = tmp_path / "own.safetensors"
    saved(path, CrnnInput("torch nearest"))
    with pytest.raises(
        CheckpointError, match=r"own\.safetensors cannot be built: the model's lines were resized by 'torch nearest'"
    ):
        gateviz.load(path)


def test_a_safetensors_file_of_somebody_else(tmp_path):
    path = tmp_path / "m.safetensors"
    save_file({"a": torch.zeros(2)}, path)
    match = ADAPTER.sniff(open_model_file(path))
    assert (match.ok, match.missing) == (False, (f"the metadata {DOCUMENT_KEY!r}",))
    with pytest.raises(CheckpointError, match=r"gateviz \(0% found\) misses the metadata 'gateviz_crnn'"):
        gateviz.load(path)
