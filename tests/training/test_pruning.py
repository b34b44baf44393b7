"""A recognizer made smaller from file to file, and what is measured of it."""

import tempfile

import numpy as np
import pytest
import torch

import gateviz
from gateviz.adapters.crnn_pytorch import CrnnPytorch, CrnnPytorchShape
from gateviz.data.alphabet import Alphabet
from gateviz.data.crnn import CrnnConfig, CrnnInput
from gateviz.data.gates import GRU_QUANTITIES, LSTM_QUANTITIES, Direction, Quantity
from gateviz.errors import OutputError, TrainingError
from gateviz.measure.evaluation import Evaluation, ReadLine
from gateviz.networks.crnn_file import load_crnn
from gateviz.training.batches import BatchMaker
from gateviz.training.crnn_units import with_units
from gateviz.training.fine_tuning import FineTune
from gateviz.training.line_files import LineFiles
from gateviz.training.line_split import LineSubset
from gateviz.training.loss import batch_loss
from gateviz.training.pruned_measures import Subject, gate_shifts, rise
from gateviz.training.pruning import PruneRequest, open_own, prune
from gateviz.training.pupil import new_crnn
from gateviz.training.trainer import Trainer
from gateviz.training.unit_scores import Criterion
from gateviz.typesetting.line_writer import write_lines
from tests.one_thread import one_thread  # noqa: F401
from tests.training.toy_lines import SYMBOLS, ToyLines, toy_line

ALPHABET = Alphabet.from_symbols(SYMBOLS, blank=0)
FORWARD = (0, Direction.FORWARD)


def made(path, *, half=False, **config):
    """A model with random weights."""
    shape = {"backbone": "vgg_narrow", "hidden_size": 6, "backbone_scale": 0.1, **config}
    pupil = new_crnn(CrnnConfig(4, **shape), ALPHABET, seed=2, half=half, crop=True)
    pupil.writer(path, pupil.recognizer.module.eval(), {"steps": "7", "validation CER": "0.0395"})
    return path


@pytest.fixture
def model(tmp_path):
    return made(tmp_path / "model.safetensors")


@pytest.fixture
def lines(tmp_path):
    write_lines(ToyLines(6, 12), tmp_path / "lines")
    return str(tmp_path / "lines")


@pytest.fixture
def out(tmp_path):
    return tmp_path / "small.safetensors"


@pytest.mark.parametrize("recurrent", ["lstm", "gru"])
@pytest.mark.parametrize("by", list(Criterion))
def test_a_smaller_plain_model_is_written_and_loaded(tmp_path, lines, out, recurrent, by):
    path = made(tmp_path / "model.safetensors", recurrent=recurrent)
    report = prune(path, out, PruneRequest(1 / 3, (lines,), by=by))
    small, document = load_crnn(out)
    assert small.config.hidden_size == 4
    assert document.alphabet == ALPHABET
    assert document.preprocessing == CrnnInput(crop=True)
    assert document.notes["steps"] == "7"
    # It is not that of this model.
    assert "validation CER" not in document.notes
    scored = " on 12 lines" if by.needs_lines else ""
    assert document.notes["pruned"] == f"0.333333 of the units of model.safetensors by {by}{scored}"
    expected = with_units(load_crnn(path)[0], report.kept)
    for name, tensor in small.state_dict().items():
        torch.testing.assert_close(tensor, expected.state_dict()[name], rtol=0, atol=0)
    recording = gateviz.record(gateviz.load(out), toy_line("abc").image)
    assert {trace.unit_count for trace in recording.traces} == {4}


def test_the_report_has_what_is_true_of_both_files(model, lines, out):
    report = prune(model, out, PruneRequest(0.5, (lines,)))
    before, pruned = report.stages
    assert (before.name, pruned.name) == ("before", "pruned")
    assert (before.units, pruned.units) == (6, 3)
    assert (before.size, pruned.size) == (model.stat().st_size, out.stat().st_size)
    for stage, path in ((before, model), (pruned, out)):
        assert stage.parameters == sum(weights.numel() for weights in load_crnn(path)[0].parameters())
        assert stage.score.lines == 12
        assert stage.milliseconds > 0
    assert pruned.parameters < before.parameters
    assert before.rise is None
    assert pruned.rise.value == pytest.approx(pruned.score.cer.value - before.score.cer.value)
    assert before.shifts == ()
    assert {(shift.place, shift.quantity) for shift in pruned.shifts} == {
        ((layer, direction), quantity) for layer in (0, 1) for direction in Direction for quantity in LSTM_QUANTITIES
    }
    assert report.scored == 12
    assert report.same_lines
    words = report.words
    assert "before: CER" in words
    assert "3 units a layer and direction" in words
    assert "the 12 lines that units were scored on are among those read here" in words


def test_scores_can_be_taken_on_other_lines_than_the_measures_and_on_fewer(model, lines, out, tmp_path):
    write_lines(ToyLines(9, 5), tmp_path / "others")
    report = prune(model, out, PruneRequest(0.5, (lines,), validation=(str(tmp_path / "others"),), score_lines=7))
    assert report.stages[0].score.lines == 5
    assert report.scored == 7
    assert not report.same_lines
    assert "scored on" not in report.words


def test_a_model_in_float16_stays_one(tmp_path, lines, out):
    path = made(tmp_path / "half.safetensors", half=True)
    assert open_own(path).half
    prune(path, out, PruneRequest(0.5, (lines,), by=Criterion.MAGNITUDE))
    assert open_own(out).half


def test_fine_tuning_goes_on_from_the_pruned_weights(model, lines, out):
    tune = FineTune(4, (lines,), columns=400, workers=0, chunk=12)
    report = prune(model, out, PruneRequest(0.5, (lines,), fine_tune=tune))
    assert [stage.name for stage in report.stages] == ["before", "pruned", "fine-tuned"]
    assert [stage.size is None for stage in report.stages] == [False, True, False]
    assert load_crnn(out)[1].notes["fine-tuned"] == "4 steps"
    start = with_units(load_crnn(model)[0], report.kept).state_dict()
    moved = {
        name: float((tensor - start[name]).abs().max())
        for name, tensor in load_crnn(out)[0].state_dict().items()
        if name.startswith("recurrent")
    }
    # AdamW moves a weight by about the rate a step, no more: the weights are those of the start, a little on.
    assert all(0 < apart < 4 * 2 * tune.rate for apart in moved.values()), moved


def test_fine_tuning_lowers_the_loss_of_the_lines_that_it_learns_from(model, lines, out):
    tune = FineTune(30, (lines,), rate=5e-3, columns=1600, workers=0, chunk=12)
    report = prune(model, out, PruneRequest(0.3, (lines,), fine_tune=tune))
    opened = open_own(model)

    def loss(network):
        of = opened.pupil(network).recognizer
        maker = BatchMaker(of.preprocess, of.geometry, of.alphabet, 10_000)
        (batch,) = maker.batches([ToyLines(6, 12)[index] for index in range(12)], np.random.default_rng(0))
        with torch.no_grad():
            return float(batch_loss(of.log_probs(batch.pixels), batch, 0, 0.0).ctc)

    pruned, tuned = loss(with_units(opened.module, report.kept)), loss(load_crnn(out)[0])
    assert tuned < 0.8 * pruned


def test_the_rise_is_that_of_the_very_same_lines():
    before = Evaluation((ReadLine("abcd", "abcd"), ReadLine("ab", "b")))
    after = Evaluation((ReadLine("abcd", "ab"), ReadLine("ab", "ab")))
    found = rise(before, after)
    assert (found.total, found.of) == (2 - 1, 6)
    assert found.low < found.value < found.high


@pytest.mark.parametrize(("recurrent", "quantities"), [("lstm", LSTM_QUANTITIES), ("gru", GRU_QUANTITIES)])
def test_gates_that_stayed_are_held_against_themselves(tmp_path, lines, recurrent, quantities):
    """A bias moved by hand moves one gate of one unit by what a sigmoid does."""
    opened = open_own(made(tmp_path / "model.safetensors", recurrent=recurrent, depth=1))
    units = {place: np.array([1, 4, 5], dtype=np.int64) for place in ((0, Direction.FORWARD), (0, Direction.BACKWARD))}
    part = opened.module.recurrent
    part.weight_hh_l0.zero_()
    part.weight_hh_l0_reverse.zero_()
    small = with_units(opened.module, units)
    held = LineSubset(LineFiles(lines), range(3))
    subjects = [
        Subject("before", opened.pupil(opened.module).recognizer),
        Subject("pruned", opened.pupil(small).recognizer),
    ]
    first, same = gate_shifts(subjects, units, held)
    assert first == ()
    assert {shift.quantity for shift in same} == set(quantities)
    assert all(shift.mean < 1e-6 for shift in same)
    # Unit 4 of six is the second that stayed; its last gate or candidate is the last block.
    small.recurrent.bias_ih_l0[-2] += 50.0
    _, moved = gate_shifts(subjects, units, held)
    last = Quantity.OUTPUT_GATE if recurrent == "lstm" else Quantity.CANDIDATE
    with gateviz.trace_gates(opened.module) as traces, torch.no_grad():
        values = []
        for index in range(3):
            prepared = subjects[0].recognizer.prepare(held[index].image)
            subjects[0].recognizer.log_probs(torch.from_numpy(np.asarray(prepared.pixels))[None])
            values.append(traces.trace(0, call=index)[last][0, :, 4])
    expected = float((1 - torch.cat(values)).abs().mean() / 3)
    found = {(shift.place, shift.quantity): shift.mean for shift in moved}
    assert found[FORWARD, last] == pytest.approx(expected, rel=1e-4)
    assert found[(0, Direction.BACKWARD), last] < 1e-6


# What is refused


def test_another_lineage_is_refused(tmp_path, lines, out):
    torch.manual_seed(5)
    module = CrnnPytorch(CrnnPytorchShape(1, (2, 2, 2, 3, 3, 3, 4), (5, 5), (5, 37)))
    torch.save(module.state_dict(), tmp_path / "crnn.pth")
    with pytest.raises(
        TrainingError,
        match=r"crnn\.pth is of the lineage crnn\S*, and units are removed from networks of gateviz train",
    ):
        prune(tmp_path / "crnn.pth", out, PruneRequest(0.3, (lines,)))
    assert not out.exists()


def test_an_exported_graph_is_refused(model, lines, out, tmp_path):
    graph = tmp_path / "model.onnx"
    gateviz.export(gateviz.load(model), graph)
    with pytest.raises(
        TrainingError, match=r"model\.onnx is a graph, whose units cannot be removed; name the checkpoint"
    ):
        prune(graph, out, PruneRequest(0.5, (lines,)))


def test_a_model_without_recurrent_layers_is_refused(tmp_path, lines, out):
    path = made(tmp_path / "cnn.safetensors", recurrent="none")
    with pytest.raises(TrainingError, match=r"cnn\.safetensors has no recurrent layers, so it has no units to remove"):
        prune(path, out, PruneRequest(0.3, (lines,)))


def test_a_share_that_leaves_no_unit_is_refused(model, lines, out):
    with pytest.raises(TrainingError, match=r"a share of 0\.95 of 6 units a layer and direction .* leaves none"):
        prune(model, out, PruneRequest(0.95, (lines,)))
    assert not out.exists()


def test_lines_that_cannot_be_read_are_refused_with_one_of_them(model, lines, out, tmp_path):
    broken = next((tmp_path / "lines" / "images").rglob("*.png"))
    broken.write_bytes(b"no image")
    with pytest.raises(
        TrainingError, match=rf"1 of 12 lines cannot be read, such as: .*{broken.name}.*; mend them, or take them"
    ):
        prune(model, out, PruneRequest(0.5, (lines,)))
    assert not out.exists()


def test_lines_in_another_alphabet_have_no_loss_and_are_refused(model, out, tmp_path):
    folder = tmp_path / "greek"
    folder.mkdir()
    write_lines(ToyLines(6, 2), tmp_path / "two")
    for index, image in enumerate(sorted((tmp_path / "two" / "images").rglob("*.png"))):
        (folder / f"{index}.png").write_bytes(image.read_bytes())
        (folder / f"{index}.gt.txt").write_text("ψ", encoding="utf-8")
    with pytest.raises(
        TrainingError, match=r"none of the 2 lines can be trained on: 2 with symbols outside the alphabet"
    ):
        prune(model, out, PruneRequest(0.5, (str(folder),)))


def test_a_file_that_cannot_be_written_is_told_before_the_work(model, lines, tmp_path):
    with pytest.raises(OutputError):
        prune(model, tmp_path / "missing" / "small.safetensors", PruneRequest(0.5, (lines,)))


def test_an_interrupted_fine_tuning_leaves_nothing(model, lines, out, tmp_path, monkeypatch):
    def interrupted(self, *told):
        assert list(scratch.rglob("run")), "the loop has its folder"
        raise KeyboardInterrupt

    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.setattr(Trainer, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        prune(model, out, PruneRequest(0.5, (lines,), fine_tune=FineTune(4, (lines,), workers=0, chunk=12)))
    assert not out.exists()
    assert not list(scratch.rglob("run"))


def test_fine_tuning_is_the_same_for_the_same_seed_and_leaves_the_generator(model, lines, tmp_path):
    state = torch.get_rng_state()
    tune = FineTune(3, (lines,), columns=400, workers=0, chunk=12)
    first, second = (tmp_path / f"{name}.safetensors" for name in ("first", "second"))
    for path in (first, second):
        prune(model, path, PruneRequest(0.5, (lines,), fine_tune=tune, seed=3))
    assert first.read_bytes() == second.read_bytes()
    assert torch.equal(torch.get_rng_state(), state)
