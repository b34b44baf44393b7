"""A recognizer of gateviz's own made smaller: units scored on lines and removed, the rest trained on, all of it measured."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from gateviz.adapters.core.deferred import with_torch
from gateviz.adapters.registry import load_recognizer
from gateviz.capture.ctc_recognizer import CtcRecognizer
from gateviz.data.crnn import CrnnDocument
from gateviz.errors import TrainingError
from gateviz.files.atomic import check_output
from gateviz.files.inputs import read_with_digest
from gateviz.networks.crnn import CRNN
from gateviz.networks.crnn_file import load_crnn
from gateviz.networks.tensor_bytes import tensors_in
from gateviz.training.batches import BatchMaker
from gateviz.training.crnn_units import Scores, most_important, recurrent_part, units_left, with_units
from gateviz.training.fine_tuning import FineTune, usable_lines
from gateviz.training.line_files import LineFiles
from gateviz.training.line_split import LineSubset
from gateviz.training.pruned_measures import Bars, Subject, measured, no_bars
from gateviz.training.pruned_report import PruneReport
from gateviz.training.pupil import Pupil, crnn_pupil
from gateviz.training.unit_scores import Criterion, unit_scores

SCORED_COLUMNS = 6_400
"""Columns of pixels in a batch that scores are taken on: 32 lines of 200."""

MEASURED = "validation CER"
"""A note that a training leaves, and that is not of the network with fewer units."""


@dataclass(frozen=True)
class PruneRequest:
    """How a recognizer is to be made smaller.

    Every layer and direction loses as many units: the torch layer that remains has one size for all of them. A ranking
    over all layers together would need zeros in their place, which cost as much time as units do.

    Attributes:
        share: of the units of each layer and direction that go.
        lines: that the scores are taken on, as ``LineFiles`` takes them.
        validation: that everything is measured on; without any, ``lines``.
        by: how the units are scored.
        score_lines: of ``lines``, spread evenly, that scores are taken on, at most.
        fine_tune: how to train on afterwards; None leaves the weights as they are.
        seed: of a lot, and of the training.
    """

    share: float
    lines: tuple[str, ...]
    validation: tuple[str, ...] = ()
    by: Criterion = Criterion.TAYLOR
    score_lines: int = 400
    fine_tune: FineTune | None = None
    seed: int = 0


@dataclass(frozen=True, eq=False)
class OwnModel:
    """A recognizer of gateviz's own as its file has it.

    Attributes:
        path: the file.
        module: its network.
        document: what stands beside the weights.
        half: whether the file has its weights in float16.
    """

    path: Path
    module: CRNN
    document: CrnnDocument
    half: bool

    def pupil(self, module: CRNN) -> Pupil:
        """A network that reads the same lines by the same alphabet, as something to train and to write."""
        found = crnn_pupil(module, self.document.alphabet, self.document.preprocessing, half=self.half)
        return replace(found, trained=True)


def open_own(path: Path) -> OwnModel:
    """The recognizer in a file, where it is one that can lose units.

    Raises:
        CheckpointError: the file cannot be read.
        TrainingError: it is of another lineage, a graph, or has no recurrent layers.
    """
    recognizer = load_recognizer(path)
    lineage = recognizer.card.lineage
    found = with_torch(recognizer)
    if lineage != "gateviz":
        raise TrainingError(
            f"{path} is of the lineage {lineage}, and units are removed from networks of gateviz train alone; name such a "
            f"checkpoint (.safetensors)"
        )
    if not isinstance(found, CtcRecognizer) or not isinstance(found.module, CRNN):
        raise TrainingError(
            f"{path} is a graph, whose units cannot be removed; name the checkpoint (.safetensors) that it was exported from"
        )
    if found.module.recurrent is None:
        raise TrainingError(
            f"{path} has no recurrent layers, so it has no units to remove; name a model with an LSTM or a GRU"
        )
    module, document = load_crnn(path)
    tensors, _ = tensors_in(read_with_digest(path)[0])
    return OwnModel(path, module, document, half=tensors["head.weight"].element_size() == 2)


def prune(path: Path, out: Path, request: PruneRequest, *, bars: Bars = no_bars) -> PruneReport:
    """Write a smaller recognizer, and tell what that did to reading, size, time and gates.

    The file that was written is what is measured: it is written, whole or not at all, before anything is measured.

    Args:
        path: a model of gateviz's own with an LSTM or a GRU.
        out: the file to write, as ``gateviz.load`` reads it.
        request: what is asked for.
        bars: are told how far the work has come.

    Raises:
        CheckpointError: the model cannot be read.
        TrainingError: it is of another lineage or has no recurrent layers, the share leaves no unit, lines cannot be
            read or none has a loss.
        ImageError: there are no such lines.
        OutputError: the file cannot be written.
    """
    check_output(out)
    model = open_own(path)
    count = units_left(recurrent_part(model.module).hidden_size, request.share)
    before = model.pupil(model.module).recognizer
    lines = usable_lines(LineFiles(*request.lines), before, bars)
    held = usable_lines(LineFiles(*request.validation), before, bars) if request.validation else lines
    scored = lines.spread(request.score_lines)
    small = with_units(model.module, kept := most_important(_scores(before, scored, request, bars), count))
    subjects = [Subject("before", before, path)]
    notes = {name: words for name, words in model.document.notes.items() if name != MEASURED}
    notes["pruned"] = _note(path, request, len(scored))
    if request.fine_tune is None:
        _write(model, small, out, notes)
        subjects.append(Subject("pruned", _written(model, out), out))
    else:
        learned = request.fine_tune.learned(model.pupil(copy.deepcopy(small)), held, request.seed, bars)
        _write(model, learned, out, {**notes, "fine-tuned": f"{request.fine_tune.steps} steps"})
        subjects += [
            Subject("pruned", model.pupil(small).recognizer),
            Subject("fine-tuned", _written(model, out), out),
        ]
    return measured(
        subjects,
        kept,
        held,
        scored=len(scored) if request.by.needs_lines else 0,
        same_lines=not request.validation,
        bars=bars,
    )


def _scores(recognizer: CtcRecognizer, lines: LineSubset, request: PruneRequest, bars: Bars) -> Scores:
    if not request.by.needs_lines:
        return unit_scores(recognizer, request.by, (), seed=request.seed)
    maker = BatchMaker(recognizer.preprocess, recognizer.geometry, recognizer.alphabet, SCORED_COLUMNS)
    batches = maker.batches([lines[index] for index in range(len(lines))], np.random.default_rng(request.seed))
    return unit_scores(recognizer, request.by, batches, on_progress=bars("scoring units", len(lines)))


def _write(model: OwnModel, module: CRNN, out: Path, notes: Mapping[str, str]) -> None:
    model.pupil(module).writer(out, module, notes)


def _written(model: OwnModel, out: Path) -> CtcRecognizer:
    """What the file reads with, which float16 may have rounded."""
    return model.pupil(load_crnn(out)[0]).recognizer


def _note(path: Path, request: PruneRequest, scored: int) -> str:
    """What the file says of itself."""
    lines = f" on {scored:,} lines" if request.by.needs_lines else ""
    return f"{request.share:g} of the units of {path.name} by {request.by}{lines}"
