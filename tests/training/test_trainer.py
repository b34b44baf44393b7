"""The training loop, on lines that a tiny network learns in seconds."""

import dataclasses
import errno

import numpy as np
import pytest
import torch

from gateviz.adapters.registry import load_recognizer
from gateviz.capture.recognizer import pixels_of
from gateviz.ctc.collapse import collapse
from gateviz.data.alphabet import Alphabet
from gateviz.errors import CheckpointError, OutputError, TrainingError
from gateviz.networks.crnn import CrnnConfig
from gateviz.training.checkpoints import read_state
from gateviz.training.pupil import new_crnn
from gateviz.training.run_folder import RunFolder
from gateviz.training.settings import TrainSettings
from gateviz.training.trainer import Trainer
from tests import rounding
from tests.one_thread import one_thread  # noqa: F401
from tests.training.toy_lines import SYMBOLS, ToyLines, toy_line

# Four or five batches a chunk.
SETTINGS = TrainSettings(
    steps=8,
    columns=400,
    chunk=20,
    rate=1e-2,
    validate_every=4,
    log_every=2,
    workers=0,
    average=0.8,
    backbone_weight=0.5,
)


CONFIG = CrnnConfig(4, "vgg_narrow", hidden_size=6, depth=2, backbone_scale=0.1)


def trainer(folder, settings=SETTINGS, *, resume=False, lines=None, widen=1.0, **network):
    config = dataclasses.replace(CONFIG, **network)
    pupil = new_crnn(config, Alphabet.from_symbols(SYMBOLS, blank=0), widen=widen, seed=settings.seed)
    return Trainer(pupil, settings, lines or ToyLines(1), ToyLines(2, 12), RunFolder(folder, resume=resume))


@pytest.mark.parametrize("recurrent", ["lstm", "none"])
def test_it_learns_to_read_and_the_best_model_is_one_that_gateviz_loads(tmp_path, recurrent):
    settings = dataclasses.replace(SETTINGS, steps=60, chunk=40, rate=2e-2, validate_every=30)
    validations = []
    learner = trainer(tmp_path, settings, recurrent=recurrent, hidden_size=12, depth=1, backbone_scale=0.2)
    assert learner.run(on_validation=validations.append)
    assert validations[-1].cer < 0.1
    recognizer = load_recognizer(tmp_path / "best.safetensors")
    line = toy_line("abccab")
    with torch.inference_mode():
        path = recognizer.log_probs(pixels_of(recognizer.prepare(line.image))[None])[0].argmax(1).numpy()
    best = min(report.cer for report in validations)
    assert recognizer.card.details["validation CER"] == f"{best:.4f}"
    assert recognizer.alphabet.text(collapse(path, 0)) == "abccab"


def test_a_frozen_backbone_learns_when_its_share_of_the_steps_is_over(tmp_path):
    learner = trainer(tmp_path, dataclasses.replace(SETTINGS, frozen=0.5, backbone_weight=0.0))
    begun = {name: tensor.clone() for name, tensor in learner.module.state_dict().items()}
    moved: dict[int, set[str]] = {}

    def look(report):
        state = learner.module.state_dict()
        moved[report.step] = {name.split(".")[0] for name in state if not torch.equal(state[name], begun[name])}

    learner.run(on_step=look)
    half = SETTINGS.steps // 2
    assert all(("backbone" in parts) == (step > half) for step, parts in moved.items())
    assert all("head" in parts for parts in moved.values())


def test_a_resumed_run_is_the_run_that_was_not_stopped(tmp_path):
    """It stops between two validations and amid a chunk; dropout is on, so the state of the generator counts as well."""
    whole = trainer(tmp_path / "whole", dropout=0.3)
    assert whole.run()
    stopped = trainer(tmp_path / "stopped", dropout=0.3)
    assert not stopped.run(on_step=lambda report: stopped.stop() if report.step == 6 else None)
    assert (stopped.step, stopped.chunk, stopped.batch) == (6, 1, 1)
    torch.manual_seed(12345)
    resumed = trainer(tmp_path / "stopped", dropout=0.3, resume=True)
    resumed.resume()
    assert resumed.run()
    for name, tensor in whole.module.state_dict().items():
        rounding.assert_near(resumed.module.state_dict()[name], tensor, rounding.FLOAT32)
    for name, tensor in whole.average.state_dict().items():
        rounding.assert_near(resumed.average.state_dict()[name], tensor, rounding.FLOAT32)
    timeless = [
        [{k: v for k, v in entry.items() if k != "seconds"} for entry in run.folder.read_log()]
        for run in (whole, resumed)
    ]
    assert [entry.keys() for entry in timeless[0]] == [entry.keys() for entry in timeless[1]]
    for entry, other in zip(*timeless, strict=True):
        for key, value in entry.items():
            close = isinstance(value, float)
            assert other[key] == (pytest.approx(value, rel=rounding.FLOAT32) if close else value), key


def test_a_stopped_run_has_saved_the_step_it_was_at(tmp_path):
    learner = trainer(tmp_path)
    learner.stop()
    assert not learner.run()
    assert read_state(tmp_path / "last.pt").numbers["step"] == 1


def test_a_state_of_another_network_is_refused(tmp_path):
    trainer(tmp_path).run()
    other = trainer(tmp_path, resume=True, recurrent="none")
    with pytest.raises(CheckpointError, match="is of another model or other settings"):
        other.resume()


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good_state(tmp_path):
    learner = trainer(tmp_path)

    def poison(report):
        with torch.no_grad():
            next(learner.module.parameters()).fill_(torch.nan)

    with pytest.raises(TrainingError, match=r"the loss of step 5 is nan \(lines 1/.*the last good checkpoint stays"):
        learner.run(on_validation=poison)
    state = read_state(tmp_path / "last.pt")
    assert state.numbers["step"] == 4
    assert all(torch.isfinite(tensor).all() for tensor in state.tensors["model"].values())


def test_a_disk_that_fills_up_stops_and_keeps_the_last_good_state(tmp_path, monkeypatch):
    """The disk is full from the second checkpoint on."""
    whole, saved = torch.save, []

    def filling(document, target):
        if saved:
            target.write_bytes(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        saved.append(document["numbers"]["step"])
        whole(document, target)

    monkeypatch.setattr(torch, "save", filling)
    with pytest.raises(OutputError, match=r"last\.pt could not be written: .*nothing was left half-written"):
        trainer(tmp_path).run()
    monkeypatch.undo()
    assert saved == [4]
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["best.safetensors", "last.pt", "log.jsonl"]
    assert load_recognizer(tmp_path / "best.safetensors").alphabet.symbols == tuple(SYMBOLS)
    resumed = trainer(tmp_path, resume=True)
    resumed.resume()
    assert resumed.step == 4
    assert resumed.run()


@pytest.mark.parametrize("where", ["forward", "backward", "step"])
def test_a_full_gpu_names_the_batch(tmp_path, monkeypatch, where):
    learner = trainer(tmp_path)

    def full(*args, **kwargs):
        raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    owner, name = {
        "forward": (type(learner.learning), "loss"),
        "backward": (torch.Tensor, "backward"),
        "step": (learner.optimizer, "step"),
    }[where]
    monkeypatch.setattr(owner, name, full)
    with pytest.raises(
        TrainingError, match=r"does not hold the batch of step 1, \d+ x 1 x 32 x \d+ pixels; give fewer --columns"
    ):
        learner.run()


def test_it_stops_when_the_error_has_stopped_falling(tmp_path, monkeypatch):
    rates = iter([0.5, 0.25, 0.25, 0.3, 0.25, 0.0])
    monkeypatch.setattr("gateviz.training.trainer.error_rate", lambda pairs: next(rates))
    learner = trainer(tmp_path, dataclasses.replace(SETTINGS, columns=100, steps=200, validate_every=1, patience=3))
    assert learner.run()
    assert (learner.step, learner.best) == (5, 0.25)
    assert load_recognizer(tmp_path / "best.safetensors").card.details["steps"] == "2"


def test_lines_that_ctc_cannot_learn_from_are_counted(tmp_path):
    class Crowded(ToyLines):
        def __getitem__(self, index):
            line = super().__getitem__(index)
            return dataclasses.replace(line, text="aa" * 40, columns=None) if index % 4 == 0 else line

    reports = []
    learner = trainer(tmp_path, lines=Crowded(1))
    learner.run(on_step=reports.append)
    batches = [learner.chunks[number] for number in range(learner.chunk + 1)]
    seen = [batch for made in batches for batch in made][: learner.step]
    assert reports[-1].hidden == sum(
        name.endswith(("0", "2", "4", "6", "8")) and int(name.split("/")[1]) % 4 == 0
        for batch in seen
        for name in batch.names
    )
    assert reports[-1].hidden > 0


def test_biases_and_norms_are_not_decayed(tmp_path):
    groups = trainer(tmp_path).optimizer.param_groups
    assert {group["weight_decay"] for group in groups} == {0.0, SETTINGS.weight_decay}
    for group in groups:
        assert all((parameter.ndim >= 2) == (group["weight_decay"] > 0) for parameter in group["params"])


def test_the_rate_rises_to_its_highest_and_falls_to_its_last(tmp_path):
    rates = []
    settings = dataclasses.replace(SETTINGS, steps=20, columns=100, log_every=1, warmup=0.25, validate_every=20)
    trainer(tmp_path, settings).run(on_step=lambda report: rates.append(report.rate))
    assert max(rates) == pytest.approx(settings.rate, rel=0.02)
    assert np.argmax(rates) == pytest.approx(5, abs=1)
    assert rates[-1] == pytest.approx(settings.rate * settings.final_rate, rel=0.1)


@pytest.mark.parametrize(
    ("name", "value"), [("steps", 0), ("rate", 0.0), ("average", 1.0), ("workers", -1), ("final_rate", 2.0)]
)
def test_settings_that_cannot_be_are_named(name, value):
    with pytest.raises(TrainingError, match=f"training cannot run with {name} = {value}"):
        dataclasses.replace(SETTINGS, **{name: value})


def test_the_first_lines_are_not_widened_and_the_rest_are(tmp_path):
    """A fifth of ten steps; the shapes of the batches tell, and a run that is resumed in between goes on alike."""
    settings = dataclasses.replace(SETTINGS, steps=10, validate_every=10)

    def widths(learner):
        seen = []
        learning = learner.learning
        plain = learning.loss

        def spied(batch, **how):
            own = max(ToyLines(1)[int(name.split("/")[1])].image.shape[1] for name in batch.names)
            seen.append((batch.names, batch.pixels.shape[3] / own))
            return plain(batch, **how)

        learning.loss = spied
        return seen

    whole = trainer(tmp_path / "whole", settings, widen=2.0)
    seen = widths(whole)
    whole.run()
    assert [times for _, times in seen] == [1.0] * 2 + [2.0] * 8
    stopped = trainer(tmp_path / "stopped", settings, widen=2.0)
    first = widths(stopped)
    stopped.run(on_step=lambda report: stopped.stop())
    assert stopped.step == 2
    resumed = trainer(tmp_path / "stopped", settings, widen=2.0, resume=True)
    rest = widths(resumed)
    resumed.resume()
    resumed.run()
    assert first + rest == seen


def test_a_trained_network_computes_behind_norms_what_it_did_without_them(tmp_path):
    pupil = new_crnn(CONFIG, Alphabet.from_symbols(SYMBOLS, blank=0))
    onward = Trainer(
        dataclasses.replace(pupil, trained=True), SETTINGS, ToyLines(1), ToyLines(2, 12), RunFolder(tmp_path)
    )
    norms = [module for module in onward.module.modules() if isinstance(module, torch.nn.BatchNorm1d)]
    assert len(norms) == 2 and all(float(norm.running_mean.abs().max()) > 0.01 for norm in norms)
    before = onward.shipped(torch.ones(1, 1, 32, 40))
    torch.testing.assert_close(pupil.recognizer.module.eval()(torch.ones(1, 1, 32, 40)), before)


def test_a_run_without_norms_and_penalty_trains_the_network_itself(tmp_path):
    """As runs did that were begun earlier, so that their states still fit."""
    plain = trainer(tmp_path, dataclasses.replace(SETTINGS, normalized=False, cell_weight=0.0))
    assert type(plain.module).__name__ == "CRNN"
    assert any(name.startswith("model.recurrent.weight_ih_l0") for name in plain.learning.state_dict())


def test_the_cells_that_are_too_large_are_in_the_log(tmp_path):
    learner = trainer(tmp_path)
    for name, bias in learner.module.named_parameters():
        if name.startswith("layers") and "bias_ih" in name:
            bias.data[:12] = 6.0
            bias.data[12:18] = 2.0
    reports = []
    learner.run(on_step=reports.append)
    assert reports[0].cells > 1
    assert learner.folder.read_log()[0]["cells"] == reports[0].cells
