"""The watch: it sees what is there, says what goes wrong, and the training never notices."""

import dataclasses
import gc
import weakref

import numpy as np
import pytest
import torch
from torch import nn

from gateviz.capture.edits import clamp
from gateviz.capture.recorder import record_lines
from gateviz.data.alphabet import Alphabet
from gateviz.data.gates import Direction, Quantity
from gateviz.errors import ImageError, OutputError, SelectionError, TrainingError
from gateviz.files.images import as_line_image
from gateviz.files.watch_files import read_watch, steps_in
from gateviz.measure.gate_alarms import PATIENCE
from gateviz.measure.gate_health import gate_health
from gateviz.measure.saturation import saturation
from gateviz.measure.timescale import timescale
from gateviz.networks.crnn import CRNN, CrnnConfig
from gateviz.recording import open_recording
from gateviz.training import gate_watch as module
from gateviz.training.gate_watch import GateWatch, probe_line, watch_of
from gateviz.training.pupil import new_crnn
from gateviz.training.run_folder import RunFolder
from gateviz.training.settings import TrainSettings
from gateviz.training.trainer import Trainer
from gateviz.training.watched_model import bare, undisturbed
from tests import rounding
from tests.one_thread import one_thread  # noqa: F401
from tests.training.toy_lines import SYMBOLS, ToyLines, toy_line

ALPHABET = Alphabet.from_symbols(SYMBOLS, blank=0)
SETTINGS = TrainSettings(
    steps=8, columns=400, chunk=20, rate=1e-2, validate_every=4, log_every=2, workers=0, average=0.8
)
UNITS = 6


def pupil(recurrent="lstm", **network):
    shape = {"hidden_size": UNITS, "depth": 2, "backbone_scale": 0.1, **network}
    return new_crnn(CrnnConfig(4, "vgg_narrow", recurrent, **shape), ALPHABET, seed=3)


def trainer(folder, settings=SETTINGS, *, resume=False, **network):
    return Trainer(pupil(**network), settings, ToyLines(1), ToyLines(2, 12), RunFolder(folder, resume=resume))


class Said(list):
    """What was said, as (step, words)."""

    def __call__(self, step, words):
        self.append((step, words))


@pytest.fixture
def recognizer():
    return pupil().recognizer


def watch(recognizer, folder, **options):
    line = toy_line("abca")
    return GateWatch(recognizer, line.image, folder=folder, truth="abca", **options)


# What it sees


@pytest.mark.parametrize("recurrent", ["lstm", "gru"])
def test_the_numbers_are_those_of_a_recording(tmp_path, recurrent):
    recognizer = pupil(recurrent).recognizer
    recognizer.module.train()
    record = watch(recognizer, tmp_path)(7)
    recognizer.module.eval()
    expected = record_lines(recognizer, [(as_line_image(toy_line("abca").image), "")])[0]
    assert [layer.name for layer in record.layers] == [trace.name for trace in expected.traces]
    for layer, trace in zip(record.layers, expected.traces, strict=True):
        assert set(layer.gates) == {quantity for quantity in trace.values if quantity.is_gate}
        for gate in layer.gates:
            shares = saturation(trace[gate])
            np.testing.assert_array_equal(layer.left[gate], shares.left.astype(np.float32))
            np.testing.assert_array_equal(layer.right[gate], shares.right.astype(np.float32))
            np.testing.assert_allclose(layer.means[gate], trace[gate].mean(1), atol=1e-6)
        keeping = trace[Quantity.FORGET_GATE if recurrent == "lstm" else Quantity.UPDATE_GATE]
        np.testing.assert_allclose(layer.timescale, timescale(keeping), rtol=1e-6)
    reading = record.reading
    assert reading.text == expected.text
    assert reading.spans == expected.alignment.spans
    assert reading.blank_share == np.mean(expected.alignment.path == 0)
    np.testing.assert_array_equal(reading.blank, np.exp(expected.emission.log_probs[:, 0]))
    np.testing.assert_array_equal(reading.symbol, np.exp(expected.emission.log_probs[:, 1:].max(1)))


def test_the_health_of_the_cells_is_kept_with_what_their_memory_is_good_for(tmp_path, recognizer):
    """With a forget gate that is shut already, holding it at 0 changes nothing; with one wide open it does."""
    recurrent = recognizer.module.recurrent
    with torch.no_grad():
        for name, bias in recurrent.named_parameters():
            if name.startswith("bias"):
                bias[UNITS : 2 * UNITS] = -20.0 if "_l0" in name else 3.0
    record = watch(recognizer, tmp_path / "gates")(3)
    recognizer.module.eval()
    traces = record_lines(recognizer, [(toy_line("abca").image, "")])[0].traces
    assert record.health == dataclasses.replace(gate_health([traces]), forgetful=record.health.forgetful)
    assert record.health.units == 4 * UNITS
    plain, held = (
        record_lines(recognizer, [(toy_line("abca").image, "")], edits=edits)[0].text
        for edits in ([], [clamp(Quantity.FORGET_GATE, 0.0, layer=1)])
    )
    assert record.health.forgetful == (0.0, float(plain != held))


def test_other_weights_are_read_with_the_module_that_is_handed_over(tmp_path, recognizer):
    look = watch(recognizer, tmp_path)
    other = pupil().recognizer.module
    with torch.no_grad():
        other.head.bias[2] += 50
    assert look(1).reading.text != "b"
    assert look(2, other).reading.text == "b"
    assert look(2, other).reading.cer == 0.75


def test_the_trainer_shows_its_averaged_model(tmp_path):
    run = trainer(tmp_path)
    handed = []
    assert run.run(watch=lambda step, shown: handed.append((step, shown)))
    # As it is shipped: a plain network, with what was there for its training folded away.
    assert [(step, type(shown)) for step, shown in handed] == [(0, CRNN), (4, CRNN), (8, CRNN)]
    shipped = run.average.module.plain().state_dict()
    for name, tensor in handed[-1][1].state_dict().items():
        torch.testing.assert_close(tensor, shipped[name])


def test_a_plain_cnn_is_watched_for_its_reading_alone(tmp_path):
    record = watch(pupil("none").recognizer, tmp_path)(0)
    assert record.layers == ()
    assert record.reading is not None


def test_whole_traces_are_kept_of_the_layers_asked_for(tmp_path, recognizer):
    look = watch(recognizer, tmp_path, layers=[1])
    look(3)
    recording = open_recording(tmp_path / "00000003.layers.safetensors")
    assert [trace.name for trace in recording.traces] == ["1.forward", "1.backward"]
    assert recording.traces[0].forget_gate.shape == (recording.grid.frame_count, UNITS)
    with pytest.raises(SelectionError, match="there is no trace of layer 5"):
        watch(recognizer, tmp_path / "other", layers=[5])


def test_the_probe_is_a_rather_long_line():
    lengths = sorted(len(ToyLines(2)[index].text) for index in range(16))
    assert len(probe_line(ToyLines(2)).text) == lengths[12]
    assert probe_line(ToyLines(2, 1)).text == ToyLines(2)[0].text


# Modules of one's own


class Net(nn.Module):
    """A user's recognizer: columns of pixels, batch norm, dropout, an LSTM."""

    def __init__(self, *, batch_first=True, as_tuple=False) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(8)
        self.drop = nn.Dropout(0.3)
        self.rnn = nn.LSTM(8, 5, bidirectional=True, batch_first=True)
        self.head = nn.Linear(10, 4)
        self.batch_first, self.as_tuple = batch_first, as_tuple

    def forward(self, pixels):
        columns = self.norm(pixels.mean(1)).transpose(1, 2)
        hidden, state = self.rnn(self.drop(columns[:, ::2]))
        logits = self.head(hidden)
        logits = logits if self.batch_first else logits.transpose(0, 1)
        return (logits, state) if self.as_tuple else logits


def pixels():
    return torch.rand(1, 1, 8, 24, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize("options", [{}, {"batch_first": False}, {"as_tuple": True}])
def test_a_module_is_watched_on_its_own_input(tmp_path, options):
    torch.manual_seed(0)
    net = Net(**options)
    look = GateWatch(net, pixels(), folder=tmp_path, alphabet=ALPHABET, truth="ab")
    record = look(0)
    net.eval()
    with torch.no_grad():
        logits = net(pixels())
    logits = logits[0] if options.get("as_tuple") else logits
    expected = logits.reshape(12, 4).softmax(-1).numpy()
    np.testing.assert_allclose(record.reading.blank, expected[:, 0], rtol=1e-5)
    assert [layer.name for layer in record.layers] == ["0.forward", "0.backward"]
    line = read_watch(tmp_path).line
    assert (line.grid.stride, line.grid.first_center, line.grid.source_width, line.evenly) == (2.0, 1.0, 24, True)
    assert (line.image.min(), line.image.max(), line.image.shape) == (0, 255, (8, 24))


def test_without_an_alphabet_gates_alone_are_watched(tmp_path):
    look = GateWatch(nn.GRU(3, 4), torch.ones(9, 1, 3), folder=tmp_path)
    record = look(0)
    assert record.reading is None
    assert record.layers[0].gates == (Quantity.RESET_GATE, Quantity.UPDATE_GATE)
    assert read_watch(tmp_path).line.image is None


def test_wrappers_are_taken_off():
    class Optimized(nn.Module):
        """As ``torch.compile`` wraps a module."""

        def __init__(self, inner) -> None:
            super().__init__()
            self._orig_mod = inner

    net = nn.Linear(2, 2)
    assert bare(Optimized(net)) is net
    assert bare(nn.DataParallel(Optimized(net))) is net
    assert bare(net) is net


@pytest.mark.parametrize(
    ("model", "line", "options", "words"),
    [
        (nn.Linear(2, 2), torch.ones(1, 2), {}, "Linear holds no nn.LSTM"),
        (nn.LSTM(2, 2), np.zeros((8, 8), np.uint8), {}, "a bare module is watched on the tensor that it is called"),
        (
            nn.LSTM(2, 3),
            torch.ones(4, 1, 2),
            {"alphabet": "01"},
            r"'01' does not say which class .* add blank=0, blank=2,",
        ),
        (
            nn.LSTM(2, 3),
            torch.ones(4, 1, 2),
            {"alphabet": ALPHABET, "blank": 0},
            "blank=0 was given with an alphabet whose",
        ),
        (nn.LSTM(2, 3), torch.ones(4, 1, 2), {"blank": 1}, "blank=1 was given with no alphabet; it goes with"),
        (nn.LSTM(2, 3), torch.ones(4, 2, 2), {"alphabet": ALPHABET}, r"output has the shape \(4, 2, 3\), and to be"),
    ],
)
def test_what_cannot_be_watched_is_said_at_once(tmp_path, model, line, options, words):
    with pytest.raises((SelectionError, ValueError), match=words):
        GateWatch(model, line, folder=tmp_path / "gates", **options)
    assert not (tmp_path / "gates").exists()


def test_an_alphabet_may_be_a_string_of_symbols(tmp_path):
    torch.manual_seed(0)
    net, x = nn.LSTM(2, 3), torch.randn(6, 1, 2)
    texts = []
    for name, alphabet in (
        ("a", {"alphabet": "01", "blank": 2}),
        ("b", {"alphabet": Alphabet.from_symbols("01", blank=2)}),
    ):
        texts.append(GateWatch(net, x, folder=tmp_path / name, **alphabet)(1).reading.text)
    assert texts[0] == texts[1]


def test_a_recognizer_knows_its_alphabet(tmp_path, recognizer):
    with pytest.raises(SelectionError, match="CtcRecognizer knows its alphabet; leave the alphabet out"):
        GateWatch(recognizer, np.zeros((32, 64), np.uint8), folder=tmp_path, alphabet=ALPHABET)


def test_a_recognizer_wants_an_image_that_is_one(tmp_path, recognizer):
    with pytest.raises(SelectionError, match="a recognizer prepares its line itself"):
        GateWatch(recognizer, torch.ones(1, 1, 32, 32), folder=tmp_path)
    with pytest.raises(ImageError, match=r"none\.png is not there"):
        GateWatch(recognizer, "none.png", folder=tmp_path)


# What goes wrong with the network


def test_a_blank_that_swallows_the_line_is_told_of_once(tmp_path, recognizer):
    said = Said()
    look = GateWatch(recognizer, toy_line("ab").image, folder=tmp_path, truth="ab", say=said)
    with torch.no_grad():
        recognizer.module.head.bias.copy_(torch.tensor([0.0, 50.0, 0.0, 0.0]))
        look(1)
        recognizer.module.head.bias.copy_(torch.tensor([50.0, 0.0, 0.0, 0.0]))
    records = [look(step) for step in (2, 3, 4)]
    assert [record.reading.blank_share for record in records] == [1.0] * 3
    assert [step for step, _ in said] == [2]
    assert said[0][1].startswith(
        "blank collapse: the blank is the best class at 100.0 % of the frames, and was at 0.0 %"
    )


def test_a_network_that_never_read_anything_is_told_of_after_some_looks(tmp_path, recognizer, capsys):
    look = watch(recognizer, tmp_path)
    with torch.no_grad():
        recognizer.module.head.bias[0] += 50
    for step in range(1, PATIENCE + 3):
        look(step)
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert told[0].startswith(f"gateviz: step {PATIENCE}: blank collapse: the blank is the best class at 100.0 %")


@pytest.mark.parametrize(("bias", "side"), [(-50.0, "shut"), (50.0, "open")])
def test_gates_that_are_held_at_one_side_are_told_of_with_their_shares(tmp_path, recognizer, bias, side):
    said = Said()
    look = watch(recognizer, tmp_path, say=said)
    look(1)
    with torch.no_grad():
        # The output gates of the second layer's backward half, four units of six: chunk o is the last of i f g o.
        recognizer.module.recurrent.bias_ih_l1_reverse[3 * UNITS : 3 * UNITS + 4] += bias
    record = look(2)
    side_of = record.layers[3].left if side == "shut" else record.layers[3].right
    assert record.layers[3].direction is Direction.BACKWARD
    assert side_of[Quantity.OUTPUT_GATE].tolist() == [1.0] * 4 + [0.0] * 2
    look(3)
    (told,) = said
    assert told == (
        2,
        f"dying gates: layer 1 backward has its output gate stuck {side} in 4 of 6 units (66.7 %), "
        f"at more than 99 % of the frames; they were 0.0 % at step 1",
    )


def test_weights_that_are_no_numbers_are_said_once_and_leave_no_record(tmp_path, recognizer):
    said = Said()
    look = watch(recognizer, tmp_path, say=said)
    look(1)
    with torch.no_grad():
        recognizer.module.head.bias.fill_(torch.nan)
    assert [look(step) for step in (2, 3)] == [None, None]
    assert len(said) == 1
    assert "the watched line could not be read: the posteriors of line 0 are not finite" in said[0][1].replace(
        "the line are", "line 0 are"
    )
    assert steps_in(tmp_path) == [1]


# That nobody notices


def plain_loop(folder, *, watched):
    """Two epochs of a plain PyTorch loop, with dropout and batch norm; a frozen part stays in evaluation mode."""
    torch.manual_seed(1)
    net = Net()
    net.norm.eval()
    optimizer = torch.optim.Adam(net.parameters(), 1e-2)
    look = GateWatch(net, pixels(), folder=folder, alphabet=ALPHABET, truth="ab") if watched else None
    losses = []
    for epoch in range(3):
        for _ in range(3):
            optimizer.zero_grad()
            loss = net(torch.rand(4, 1, 8, 24)).square().mean()
            loss.backward()
            if look is not None:
                look(len(losses))
            optimizer.step()
            losses.append(loss.item())
        net.norm.train(epoch == 1)
    modes = [each.training for each in net.modules()]
    return losses, net.state_dict(), torch.get_rng_state(), modes


def test_a_plain_loop_is_the_same_with_the_watch_and_without(tmp_path):
    """It looks between the backward pass and the step, where gradients lie about."""
    one, other = (plain_loop(tmp_path / str(watched), watched=watched) for watched in (False, True))
    assert one[0] == pytest.approx(other[0], rel=rounding.FLOAT32)
    for name, tensor in one[1].items():
        rounding.assert_near(other[1][name], tensor, rounding.FLOAT32)
    assert torch.equal(one[2], other[2])
    assert one[3] == other[3]
    assert len(read_watch(tmp_path / "True").records) == 9


def test_a_run_of_the_trainer_is_the_same_with_the_watch_and_without(tmp_path):
    ends = []
    for name in ("without", "with"):
        run = trainer(tmp_path / name, dropout=0.3)
        options = {"watch": watch_of(run)} if name == "with" else {}
        assert run.run(**options)
        ends.append((run, torch.get_rng_state()))
    (one, state), (other, other_state) = ends
    for mine, theirs in ((one.module, other.module), (one.average, other.average)):
        for name, tensor in mine.state_dict().items():
            rounding.assert_near(theirs.state_dict()[name], tensor, rounding.FLOAT32)
    assert torch.equal(state, other_state)
    assert [each.training for each in one.average.modules()] == [each.training for each in other.average.modules()]
    assert [entry["step"] for entry in one.folder.read_log()] == [entry["step"] for entry in other.folder.read_log()]
    assert steps_in(other.folder.gates) == [0, 4, 8]


def test_modes_come_back_also_where_reading_fails():
    net = Net()
    net.norm.eval()
    before = [each.training for each in net.modules()]
    with pytest.raises(KeyError), undisturbed(net):
        assert not any(each.training for each in net.modules())
        assert not torch.is_grad_enabled()
        torch.rand(3)
        raise KeyError
    assert [each.training for each in net.modules()] == before


def test_no_record_is_kept_in_memory(tmp_path, recognizer):
    look = watch(recognizer, tmp_path)
    kept = weakref.ref(look(1))
    gc.collect()
    assert kept() is None


# The folder


def test_a_resumed_run_goes_on_with_its_records_and_doubles_none(tmp_path):
    whole = trainer(tmp_path / "whole", dropout=0.3)
    assert whole.run(watch=watch_of(whole))
    settings = dataclasses.replace(SETTINGS, validate_every=2)
    stopped = trainer(tmp_path / "stopped", settings, dropout=0.3)
    look = watch_of(stopped)
    assert not stopped.run(on_step=lambda report: stopped.stop() if report.step == 6 else None, watch=look)
    assert steps_in(stopped.folder.gates) == [0, 2, 4, 6]
    # As if it had crashed later than it saved.
    look(7)
    resumed = trainer(tmp_path / "stopped", settings, dropout=0.3, resume=True)
    resumed.resume()
    assert resumed.run(watch=watch_of(resumed))
    found = {record.step: record for record in read_watch(tmp_path / "stopped").records}
    assert list(found) == [0, 2, 4, 6, 8]
    for record in read_watch(tmp_path / "whole").records:
        assert record.reading.text == found[record.step].reading.text
        for one, other in zip(record.layers, found[record.step].layers, strict=True):
            np.testing.assert_array_equal(one.timescale, other.timescale)


def test_what_was_said_before_a_resumption_is_not_said_again(tmp_path, recognizer):
    said = Said()
    with torch.no_grad():
        recognizer.module.head.bias[0] += 50
    first = watch(recognizer, tmp_path, say=said)
    for step in range(PATIENCE):
        first(step)
    again = watch(recognizer, tmp_path, resume=True, say=said)
    again(PATIENCE)
    assert [step for step, _ in said] == [PATIENCE - 1]


def test_records_of_another_training_are_not_written_over(tmp_path, recognizer):
    watch(recognizer, tmp_path)(1)
    with pytest.raises(TrainingError, match="holds a watched training already; go on with resume=True"):
        watch(recognizer, tmp_path)
    with pytest.raises(TrainingError, match=r"watches another line \('abca'\); give that one again, or move"):
        GateWatch(recognizer, toy_line("ab").image, folder=tmp_path, truth="ab", resume=True)
    assert steps_in(tmp_path) == [1]


def test_a_folder_that_cannot_be_written_in_is_an_error_before_training_begins(tmp_path, recognizer):
    (tmp_path / "gates").write_bytes(b"")
    with pytest.raises(OutputError, match="is a file, and several results need a folder"):
        watch(recognizer, tmp_path / "gates")


def test_a_disk_that_fills_up_is_said_once_and_the_training_comes_to_its_end(tmp_path, monkeypatch):
    run = trainer(tmp_path)
    said = Said()
    look = watch_of(run, say=said)
    whole = module.write_step

    def filling(folder, record):
        if record.step:
            raise OutputError(f"{folder} could not be written: the disk is full")
        whole(folder, record)

    monkeypatch.setattr(module, "write_step", filling)
    assert run.run(watch=look)
    assert run.step == 8
    assert [(step, "the disk is full; training goes on" in words) for step, words in said] == [(4, True)]
    assert steps_in(run.folder.gates) == [0]


def test_a_damaged_earlier_record_is_said_and_does_not_stop_the_training(tmp_path, recognizer):
    watch(recognizer, tmp_path)(1)
    (tmp_path / "00000001.safetensors").write_bytes(b"half")
    said = Said()
    assert watch(recognizer, tmp_path, resume=True, say=said)(2) is not None
    assert len(said) == 1
    assert "an earlier look at the gates cannot be read" in said[0][1]
