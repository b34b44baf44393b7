"""Going on from a trained recognizer."""

import pytest
import torch

from gateviz.adapters.core.options import LoadOptions
from gateviz.adapters.crnn_pytorch import CrnnPytorch, CrnnPytorchShape
from gateviz.adapters.gateviz_crnn import preprocess_of
from gateviz.adapters.registry import load_recognizer
from gateviz.data.alphabet import Alphabet
from gateviz.errors import AlphabetError, TrainingError
from gateviz.networks.crnn import CrnnConfig
from gateviz.networks.crnn_file import CrnnInput, load_crnn
from gateviz.training.learner import Learner
from gateviz.training.pupil import new_crnn
from gateviz.training.settings import TrainSettings
from gateviz.training.transfer import Onward, pupil_from, take_backbone

PIXELS = torch.rand(2, 1, 32, 64, generator=torch.Generator().manual_seed(3))


@pytest.fixture
def checkpoint(tmp_path):
    """A gateviz model of the symbols a b c."""
    pupil = new_crnn(
        CrnnConfig(4, "vgg_narrow", hidden_size=6, backbone_scale=0.1), Alphabet.from_symbols("abc", blank=0)
    )
    path = tmp_path / "abc.safetensors"
    pupil.writer(path, pupil.recognizer.module.eval(), {})
    return path


@pytest.fixture
def foreign_checkpoint(tmp_path):
    """A crnn.pytorch model of 37 classes and few channels."""
    torch.manual_seed(5)
    module = CrnnPytorch(CrnnPytorchShape(1, (2, 2, 2, 3, 3, 3, 4), (5, 5), (5, 37)))
    path = tmp_path / "crnn.pth"
    torch.save(module.state_dict(), path)
    return path


def logits(recognizer):
    with torch.no_grad():
        return recognizer.module.eval()(PIXELS)


def test_a_backbone_is_taken_and_all_behind_it_stays(checkpoint):
    pupil = new_crnn(
        CrnnConfig(9, "vgg_narrow", hidden_size=4, backbone_scale=0.1),
        Alphabet.from_symbols("abcdefgh", blank=0),
        seed=8,
    )
    module, other = pupil.recognizer.module, load_crnn(checkpoint)[0]
    head = module.head.weight.clone()
    take_backbone(module, checkpoint)
    for name, tensor in other.backbone.state_dict().items():
        torch.testing.assert_close(module.backbone.state_dict()[name], tensor, rtol=0, atol=0)
    torch.testing.assert_close(module.head.weight, head, rtol=0, atol=0)


def test_another_backbone_is_refused_by_name(checkpoint):
    module = new_crnn(
        CrnnConfig(4, "vgg_narrow", backbone_scale=0.2), Alphabet.from_symbols("abc", blank=0)
    ).recognizer.module
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    with pytest.raises(TrainingError, match=r"is vgg_narrow x 0.1, and one of vgg_narrow x 0.2 was asked for"):
        take_backbone(module, checkpoint)
    for name, tensor in module.state_dict().items():
        torch.testing.assert_close(tensor, before[name], rtol=0, atol=0)


def test_the_backbone_of_another_lineage_cannot_be_kept_still(foreign_checkpoint):
    recognizer = load_recognizer(foreign_checkpoint, LoadOptions(alphabet="0123456789abcdefghijklmnopqrstuvwxyz"))
    pupil = pupil_from(recognizer, foreign_checkpoint, Onward())
    Learner(pupil, TrainSettings(steps=2))
    with pytest.raises(TrainingError, match="lineage crnn_pytorch is trained as one piece; leave --frozen out"):
        Learner(pupil, TrainSettings(steps=2, frozen=0.5))


def test_lines_are_prepared_and_weights_shrunk_as_asked(checkpoint):
    before = load_crnn(checkpoint)[0].state_dict()
    pupil = pupil_from(load_recognizer(checkpoint), checkpoint, Onward(widen=1.5, crop=True, shrink=0.5))
    assert pupil.writer.preprocessing == CrnnInput(widen=1.5, crop=True)
    assert (
        pupil.recognizer.preprocess.words
        == preprocess_of(CrnnInput(widen=1.5, crop=True), pupil.recognizer.module.config).words
    )
    for name, tensor in pupil.recognizer.module.state_dict().items():
        times = 0.5 if name.startswith("recurrent.") else 1
        torch.testing.assert_close(tensor, before[name] * times, rtol=0, atol=0)


def test_the_lines_of_another_lineage_are_taken_as_they_are(foreign_checkpoint):
    recognizer = load_recognizer(foreign_checkpoint, LoadOptions(alphabet="0123456789abcdefghijklmnopqrstuvwxyz"))
    words = "lineage crnn_pytorch, whose lines and weights are taken as they are; leave --widen, --crop, --shrink out"
    with pytest.raises(TrainingError, match=words):
        pupil_from(recognizer, foreign_checkpoint, Onward(widen=1.5, crop=False, shrink=0.5))


def test_onto_its_own_alphabet_nothing_changes(checkpoint):
    recognizer = load_recognizer(checkpoint)
    before = logits(recognizer)
    pupil = pupil_from(recognizer, checkpoint, Onward())
    torch.testing.assert_close(logits(pupil.recognizer), before, rtol=0, atol=0)


def test_symbols_it_knew_keep_their_logits_wherever_they_stand_now(checkpoint):
    before = logits(load_recognizer(checkpoint))
    pupil = pupil_from(load_recognizer(checkpoint), checkpoint, Onward(("c", "x", "a")))
    after = logits(pupil.recognizer)
    assert after.shape[-1] == 4
    for label, old in ((0, 0), (1, 3), (3, 1)):
        torch.testing.assert_close(after[..., label], before[..., old], rtol=0, atol=1e-6)
    assert not torch.allclose(after[..., 2], before[..., 2])


def test_what_it_writes_is_loaded_with_the_new_alphabet_and_the_old_preprocessing(checkpoint, tmp_path):
    pupil = pupil_from(load_recognizer(checkpoint), checkpoint, Onward(tuple("cabz")))
    out = tmp_path / "out.safetensors"
    pupil.writer(out, pupil.recognizer.module, {"steps": "3"})
    _, document = load_crnn(out)
    assert document.alphabet.symbols == tuple("cabz")
    assert document.preprocessing == CrnnInput()
    torch.testing.assert_close(logits(load_recognizer(out)), logits(pupil.recognizer), rtol=0, atol=1e-6)


def test_another_lineage_is_written_as_that_lineage_has_it(foreign_checkpoint, tmp_path):
    """A crnn.pytorch checkpoint of 37 classes onto another alphabet and back through its adapter."""
    before = logits(load_recognizer(foreign_checkpoint))
    pupil = pupil_from(load_recognizer(foreign_checkpoint), foreign_checkpoint, Onward(("好", "a", "7")))
    out = tmp_path / "mine.pth"
    pupil.writer(out, pupil.recognizer.module, {})
    back = load_recognizer(out)
    assert back.card.lineage == "crnn_pytorch"
    assert back.alphabet.symbols == ("好", "a", "7")
    assert back.alphabet.blank == 0
    after = logits(back)
    old = load_recognizer(foreign_checkpoint).alphabet
    for symbol in "a7":
        torch.testing.assert_close(
            after[..., back.alphabet.code(symbol)[0]], before[..., old.code(symbol)[0]], rtol=0, atol=1e-5
        )


def test_an_alphabet_with_a_symbol_twice_is_refused(checkpoint):
    with pytest.raises(AlphabetError, match="'a' stands twice"):
        pupil_from(load_recognizer(checkpoint), checkpoint, Onward(("a", "b", "a")))


def test_a_recognizer_without_a_linear_layer_over_its_classes_is_refused(checkpoint):
    recognizer = load_recognizer(checkpoint)
    recognizer.module.head = torch.nn.Identity()
    with pytest.raises(TrainingError, match="has no linear layer over its 4 classes"):
        pupil_from(recognizer, checkpoint, Onward(("a",)))


def test_a_lineage_that_is_no_torch_network_is_refused_by_name(checkpoint):
    class Foreign:
        card = load_recognizer(checkpoint).card
        alphabet = load_recognizer(checkpoint).alphabet
        module = torch.nn.Identity()

        def prepare(self, image): ...

        def log_probs(self, pixels): ...

        def frame_grid(self, width): ...

    with pytest.raises(TrainingError, match="is of the lineage gateviz, which gateviz reads but cannot train"):
        pupil_from(Foreign(), checkpoint, Onward())
