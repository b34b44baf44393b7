"""What the gates do while a network learns: one line, read again and again.

A ``GateWatch`` is called once an epoch, or every so many steps, by any training loop. It reads its line with the
weights of the moment, leaves one small file a call, and says in words when the blank swallows the line or gates die.
"""

import sys
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

import numpy as np
from torch import nn

from gateviz.capture.edits import clamp
from gateviz.capture.recognizer import Recognizer
from gateviz.data.alphabet import Alphabet
from gateviz.data.gate_health import GateHealth
from gateviz.data.gates import GateTrace, Quantity
from gateviz.data.watch import LayerWatch, ReadingWatch, WatchedLine, WatchRecord
from gateviz.errors import AlphabetError, GatevizError, TrainingError
from gateviz.files.atomic import make_folder
from gateviz.files.watch_files import (
    LINE,
    forget_from,
    layers_path,
    read_line,
    read_step,
    steps_in,
    write_line,
    write_step,
)
from gateviz.measure.edit_distance import edit_distance
from gateviz.measure.gate_alarms import GateAlarms
from gateviz.measure.gate_health import forgetful, gate_health
from gateviz.measure.saturation import saturation
from gateviz.measure.timescale import timescale
from gateviz.recording import Recording
from gateviz.training.trainer import Trainer
from gateviz.training.watched_model import LineInput, watched_model
from gateviz.typesetting.lines import LineSet, TrainingLine

LOOKED_AT = 16
"""Lines among which one is chosen."""


def _say(step: int, words: str) -> None:
    sys.stderr.write(f"gateviz: step {step}: {words}\n")


class GateWatch:
    """Keeps what the gates do on one line, from time to time while a network learns.

    The training goes on as if nobody watched: modes, gradients and generators stay as they are. Whatever goes
    wrong in a call is said, once, and the training goes on; what is wrong from the start is an error here.

    Args:
        model: the recognizer that learns; or any torch module with recurrent layers, wrapped or not.
        line: its line image, a file or pixels; for a bare module the tensor it is called with, a batch of one.
        folder: where the records go; made where it is missing. ``read_watch`` reads them.
        truth: what is written on the line, in reading order.
        alphabet: what the classes of a bare module's output stand for; without it nothing is read, and only
            gates are watched. The output is (1, T, C) or (T, 1, C), logits or log posteriors.
        blank: the class of the blank, where the alphabet is a string of one symbol a class.
        layers: numbers of the layers whose whole traces are kept too, each step as a recording.
        resume: go on with the records that are there; a call drops those of its own step and later.
        say: is told what is new, step and words; without it the words go to stderr.

    Raises:
        TrainingError: there are records already and ``resume`` is false, or they are of another line.
        OutputError: the folder cannot be written in.
        SelectionError: the module has no recurrent layers and no alphabet: there is nothing to watch; or a recognizer,
            which knows its alphabet, was given one.
        AlphabetError: the alphabet is a string and nobody says which class is the blank, or an ``Alphabet``, which knows.
        ImageError: the line cannot be read.
        CheckpointError: its posteriors are no posteriors.

    Example:
        >>> import torch
        >>> model = torch.nn.LSTM(8, 4, bidirectional=True)
        >>> watch = GateWatch(model, torch.ones(20, 1, 8), folder=getfixture("tmp_path"))
        >>> record = watch(1)
        >>> [layer.words for layer in record.layers], model.training
        (['layer 0 forward', 'layer 0 backward'], True)
    """

    def __init__(
        self,
        model: Recognizer | nn.Module,
        line: LineInput,
        *,
        folder: str | Path,
        truth: str | None = None,
        alphabet: Alphabet | str | None = None,
        blank: int | None = None,
        layers: Collection[int] = (),
        resume: bool = False,
        say: Callable[[int, str], None] = _say,
    ) -> None:
        self._model = watched_model(model, line, _alphabet(alphabet, blank))
        self._layers = frozenset(layers)
        self._say = say
        self._said: set[str] = set()
        self._alarms: GateAlarms | None = None
        first = self._model.record(None)
        for layer in self._layers:
            first.trace(layer, first.traces[0].direction if first.traces else "forward")
        evenly = self._model.evenly and first.image is not None
        self.folder = make_folder(folder)
        self.line = WatchedLine(first.grid, first.image, truth, first.provenance.image, evenly)
        self._begin(resume)

    def __call__(self, step: int, module: nn.Module | None = None) -> WatchRecord | None:
        """Look at the gates now; the record, or None where the line could not be read.

        Args:
            step: of the training, from 0, in steps or epochs as you count; a later call has a larger one.
            module: with other weights, such as their moving average; None for the model itself.
        """
        alarms = self._caught_up(step)
        try:
            recording = self._model.record(module)
            health = self._health(recording, module)
        except GatevizError as error:
            self._complain(step, f"the watched line could not be read: {error}; training goes on")
            return None
        layers = tuple(map(_layer, recording.traces))
        record = WatchRecord(step, layers, _reading(recording, self.line.truth), health)
        try:
            forget_from(self.folder, step + 1)
            write_step(self.folder, record)
            if self._layers:
                kept = tuple(trace for trace in recording.traces if trace.layer in self._layers)
                replace(recording, traces=kept).save(layers_path(self.folder, step))
        except GatevizError as error:
            self._complain(step, f"what the gates do could not be kept: {error}; training goes on")
        for words in alarms.look(record):
            self._say(step, words)
        return record

    def forget_after(self, step: int) -> None:
        """Drop the records of all steps after ``step``: a training that is taken up again there makes them anew.

        Raises:
            OutputError: one cannot be removed.
        """
        forget_from(self.folder, step + 1)

    def _health(self, recording: Recording, module: nn.Module | None) -> GateHealth | None:
        """How the cells fare, and whether the line is read otherwise without the memory of a layer."""
        health = gate_health([recording.traces])
        if health is None or recording.emission is None:
            return health
        layers = sorted({trace.layer for trace in recording.traces if Quantity.FORGET_GATE in trace.values})
        held = [self._model.record(module, clamp(Quantity.FORGET_GATE, 0.0, layer=layer)).text for layer in layers]
        return replace(health, forgetful=forgetful([recording.text], [[text] for text in held]))

    def _begin(self, resume: bool) -> None:
        if not (self.folder / LINE).exists():
            write_line(self.folder, self.line)
            return
        if not resume:
            raise TrainingError(
                f"{self.folder} holds a watched training already; go on with resume=True, or name another folder"
            )
        before = read_line(self.folder)
        same = before.grid == self.line.grid and before.truth == self.line.truth
        if not (same and np.array_equal(before.image, self.line.image)):  # type: ignore[arg-type]
            raise TrainingError(
                f"{self.folder} watches another line ({before.truth or before.name!r}); "
                f"give that one again, or move the folder away"
            )

    def _caught_up(self, step: int) -> GateAlarms:
        """The alarms, which know what was said about the records before the first call."""
        if self._alarms is None:
            self._alarms = GateAlarms(self.line.truth)
            for before in steps_in(self.folder):
                if before < step:
                    try:
                        self._alarms.look(read_step(self.folder, before))
                    except GatevizError as error:
                        self._complain(step, f"an earlier look at the gates cannot be read: {error}")
        return self._alarms

    def _complain(self, step: int, words: str) -> None:
        if words not in self._said:
            self._said.add(words)
            self._say(step, words)


def _alphabet(alphabet: Alphabet | str | None, blank: int | None) -> Alphabet | None:
    if isinstance(alphabet, str):
        if blank is None:
            raise AlphabetError(
                f"an alphabet of the symbols {alphabet[:40]!r} does not say which class of the output is the blank; add "
                f"blank=0, blank={len(alphabet)}, or whichever your CTC loss has"
            )
        return Alphabet.from_symbols(alphabet, blank=blank)
    if blank is not None:
        what = "no alphabet" if alphabet is None else f"an alphabet whose blank is {alphabet.blank}"
        raise AlphabetError(
            f"blank={blank} was given with {what}; it goes with an alphabet that is a string of symbols"
        )
    return alphabet


def watch_of(trainer: Trainer, *, say: Callable[[int, str], None] = _say) -> GateWatch:
    """The watch of a run of ``gateviz train``: a validation line that is rather long, read with the averaged weights.

    What an earlier session of the run left in its folder is gone on with.

    Raises:
        TrainingError: another line was watched before.
        OutputError: the run's folder cannot be written in.
    """
    line = probe_line(trainer.validation_lines)
    recognizer = replace(trainer.recognizer, module=trainer.shipped)
    watch = GateWatch(
        recognizer, line.image, folder=trainer.folder.gates, truth=line.text, resume=trainer.step > 0, say=say
    )
    watch.forget_after(trainer.step)
    return watch


def probe_line(lines: LineSet) -> TrainingLine:
    """Of the first lines a rather long one, three quarters of the way from the shortest to the longest."""
    first = [lines[index] for index in range(min(LOOKED_AT, len(lines)))]
    return sorted(first, key=lambda line: len(line.text))[3 * len(first) // 4]


def _layer(trace: GateTrace) -> LayerWatch:
    gates = {quantity: series for quantity, series in trace.values.items() if quantity.is_gate}
    shares = {gate: saturation(series) for gate, series in gates.items()}
    keeping = gates.get(Quantity.FORGET_GATE, gates.get(Quantity.UPDATE_GATE))
    assert keeping is not None, "every cell has a gate that keeps"
    return LayerWatch(
        trace.layer,
        trace.direction,
        left={gate: share.left.astype(np.float32) for gate, share in shares.items()},
        right={gate: share.right.astype(np.float32) for gate, share in shares.items()},
        means={gate: series.mean(axis=1, dtype=np.float64).astype(np.float32) for gate, series in gates.items()},
        timescale=timescale(keeping).astype(np.float32),
    )


def _reading(recording: Recording, truth: str | None) -> ReadingWatch | None:
    emission = recording.emission
    if emission is None:
        return None
    blank = emission.alphabet.blank
    others = np.delete(emission.log_probs, blank, axis=1).max(axis=1, initial=-np.inf)
    cer = None if truth is None else edit_distance(truth, recording.text) / max(len(truth), 1)
    return ReadingWatch(
        recording.text,
        recording.alignment.spans,
        blank=np.exp(emission.log_probs[:, blank]),
        symbol=np.exp(others),
        blank_share=float((recording.alignment.path == blank).mean()),
        cer=cer,
    )
