"""A run as a person asks for it."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from PIL import Image

from gateviz.errors import TrainingError
from gateviz.networks.crnn_file import load_crnn
from gateviz.training.line_split import LineMix
from gateviz.training.plan import TrainPlan
from gateviz.training.run_folder import RunFolder
from gateviz.training.settings import TrainSettings
from gateviz.typesetting.line_writer import write_lines
from tests.one_thread import one_thread  # noqa: F401
from tests.training.toy_lines import ToyLines

SETTINGS = TrainSettings(steps=2, columns=400, chunk=20, validate_every=2, log_every=1, workers=0)
TINY = {"backbone": "vgg_narrow", "backbone_scale": 0.1, "hidden_size": 4}


@pytest.fixture
def own(tmp_path):
    write_lines(ToyLines(6, 60), tmp_path / "lines")
    return str(tmp_path / "lines")


def test_a_plan_survives_its_document():
    plan = TrainPlan(SETTINGS, lines=("a", "b"), scripts={"latin": 2.0}, network=TINY, alphabet="digits", half=True)
    assert TrainPlan.of_document(json.loads(json.dumps(plan.as_document()))) == plan


def test_a_document_that_is_no_plan_is_named():
    with pytest.raises(TrainingError, match="no training plan of this gateviz"):
        TrainPlan.of_document({"settings": {"stride": 4}})


def test_lines_of_ones_own_give_their_symbols_and_their_validation(own, tmp_path):
    reports = []
    plan = TrainPlan(SETTINGS, lines=(own,), network=TINY, validation_share=0.2)
    trainer = plan.prepare(RunFolder(tmp_path / "run"), on_report=reports.append)
    assert trainer.recognizer.alphabet.symbols == ("a", "b", "c")
    assert reports[0].line_count == 60
    kept = {name for batch in trainer.validation for name in batch.names}
    learned = {trainer.chunks.lines[number].name for number in range(len(trainer.chunks.lines))}
    assert len(kept) + len(learned) == 60
    assert not kept & learned
    assert trainer.run()
    assert (tmp_path / "run" / "best.safetensors").is_file()


def test_lines_that_cannot_be_learned_from_are_refused_or_left_out(own, tmp_path):
    folder = tmp_path / "lines"
    Image.fromarray(np.full((32, 16), 255, np.uint8)).save(folder / "narrow.png")
    with (folder / "manifest.tsv").open("a") as handle:
        handle.write("narrow.png\tabcabcabc\n")
    plan = TrainPlan(SETTINGS, lines=(own,), network=TINY)
    with pytest.raises(
        TrainingError, match=r"1 of 61 lines cannot be trained on: 1 with a text that needs more frames"
    ):
        plan.prepare(RunFolder(tmp_path / "refused"))
    trainer = dataclasses.replace(plan, skip_bad=True).prepare(RunFolder(tmp_path / "run"))
    learned = {trainer.chunks.lines[number].name for number in range(len(trainer.chunks.lines))}
    assert not any("narrow" in name for name in learned)


def test_how_far_looking_has_come_is_told_set_by_set(own, tmp_path):
    write_lines(ToyLines(7, 70), tmp_path / "validation")
    told = []
    plan = TrainPlan(SETTINGS, lines=(own,), validation=(str(tmp_path / "validation"),), network=TINY)
    trainer = plan.prepare(RunFolder(tmp_path / "run"), on_progress=lambda done, count: told.append((done, count)))
    assert told == [(60, 60), (64, 70), (70, 70)]
    assert len(trainer.chunks.lines) == 60
    assert sum(len(batch.names) for batch in trainer.validation) == 70


def test_bad_lines_to_validate_on_are_refused_as_well(own, tmp_path):
    write_lines(ToyLines(7, 3), tmp_path / "validation")
    (next((tmp_path / "validation").rglob("0000001.png"))).unlink()
    plan = TrainPlan(SETTINGS, lines=(own,), validation=(str(tmp_path / "validation"),), network=TINY)
    with pytest.raises(TrainingError, match="1 of 3 lines cannot be trained on: 1 with an image that cannot be read"):
        plan.prepare(RunFolder(tmp_path / "run"))


@pytest.mark.parametrize(
    ("device", "words"),
    [
        ("gpu", "there is no device 'gpu'; train on cpu, cuda or cuda:1"),
        ("meta", "training on the device 'meta' is not supported; train on cpu"),
        ("cuda:99", r"training on cuda:99 was asked for, and torch 2.* finds \d+ GPUs here; train on cpu, or install"),
    ],
)
def test_a_device_that_is_not_there_is_named_before_the_lines_are_looked_at(tmp_path, device, words):
    plan = TrainPlan(dataclasses.replace(SETTINGS, device=device), lines=(str(tmp_path / "none"),), network=TINY)
    with pytest.raises(TrainingError, match=words):
        plan.prepare(RunFolder(tmp_path / "run"))


def test_synthetic_lines_are_validated_in_fonts_kept_for_testing(font_folder, tmp_path):
    plan = TrainPlan(
        SETTINGS, alphabet="digits", network=TINY, fonts=str(font_folder), validation_count=5, scripts={"number": 1.0}
    )
    trainer = plan.prepare(RunFolder(tmp_path / "run"))
    assert len(trainer.validation) >= 1
    assert trainer.run()


def test_a_share_of_synthetic_lines_joins_lines_of_ones_own(own, font_folder, tmp_path):
    plan = TrainPlan(SETTINGS, lines=(own,), network=TINY, synthetic_share=0.3, fonts=str(font_folder))
    lines = plan.prepare(RunFolder(tmp_path / "run")).chunks.lines
    assert isinstance(lines, LineMix)
    synthetic = sum(lines[number].name.startswith("synthetic") for number in range(300)) / 300
    assert 0.2 < synthetic < 0.4


def test_a_share_of_synthetic_lines_needs_lines_of_ones_own(tmp_path):
    plan = TrainPlan(SETTINGS, alphabet="digits", network=TINY, synthetic_share=0.3)
    with pytest.raises(TrainingError, match="no lines of your own to mix them with"):
        plan.prepare(RunFolder(tmp_path / "run"))


def test_a_checkpoint_says_itself_how_it_is_put_together(own, tmp_path):
    plan = TrainPlan(SETTINGS, lines=(own,), network=TINY)
    plan.prepare(RunFolder(tmp_path / "run")).run()
    best = str(tmp_path / "run" / "best.safetensors")
    onward = TrainPlan(SETTINGS, lines=(own,), start=best, alphabet="abcd")
    trainer = onward.prepare(RunFolder(tmp_path / "onward"))
    assert trainer.recognizer.alphabet.symbols == tuple("abcd")
    assert trainer.run()
    with pytest.raises(TrainingError, match="says itself how it is put together; leave backbone"):
        dataclasses.replace(onward, network=TINY).prepare(RunFolder(tmp_path / "again"))


def test_a_run_goes_on_without_the_model_whose_backbone_it_began_with(own, tmp_path):
    TrainPlan(SETTINGS, lines=(own,), network=TINY).prepare(RunFolder(tmp_path / "run")).run()
    best = tmp_path / "run" / "best.safetensors"
    plan = TrainPlan(SETTINGS, lines=(own,), network=TINY, backbone_start=str(best))
    begun = plan.prepare(RunFolder(tmp_path / "onward"))
    for name, tensor in load_crnn(best)[0].backbone.state_dict().items():
        torch.testing.assert_close(begun.recognizer.module.backbone.state_dict()[name], tensor, rtol=0, atol=0)
    begun.save()
    best.unlink()
    plan.prepare(RunFolder(tmp_path / "onward", resume=True)).resume()


def test_a_run_begun_before_norms_and_penalty_goes_on_without_them():
    """Its config says nothing of them, and the defaults of today would not fit its state."""
    document = TrainPlan(TrainSettings(steps=5)).as_document()
    for name in ("normalized", "cell_weight", "early"):
        del document["settings"][name]
    for name in ("widen", "photo_share", "loose_share"):
        del document[name]
    plan = TrainPlan.of_document(document)
    assert (plan.settings.normalized, plan.settings.cell_weight) == (False, 0.0)
    assert (plan.widen, plan.photo_share, plan.loose_share) == (None, 0.0, 0.0)


def test_a_run_begun_from_a_model_before_norms_came_between_its_layers_goes_on_without_them():
    document = TrainPlan(TrainSettings(steps=5), start="m.safetensors").as_document()
    assert TrainPlan.of_document(document).settings.normalized
    del document["shrink"]
    plan = TrainPlan.of_document({**document, "widen": 1.0, "crop": False})
    assert (plan.settings.normalized, plan.widen, plan.crop) == (False, None, None)
    other = TrainPlan(TrainSettings(steps=5), widen=1.25, crop=True).as_document()
    del other["shrink"]
    assert (TrainPlan.of_document(other).settings.normalized, TrainPlan.of_document(other).widen) == (True, 1.25)


def test_only_a_trained_model_has_weights_to_shrink(own, tmp_path):
    with pytest.raises(TrainingError, match="say with --from which, or leave --shrink out"):
        TrainPlan(SETTINGS, lines=(own,), network=TINY, shrink=0.5).prepare(RunFolder(tmp_path / "run"))
