"""The training loop."""

import math
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from gateviz.errors import CheckpointError, TrainingError
from gateviz.training.batches import Batch, BatchMaker, Chunks, stream
from gateviz.training.checkpoints import TrainingState, read_state, write_state
from gateviz.training.layered_crnn import LayeredCRNN
from gateviz.training.learner import Learner, as_shipped
from gateviz.training.progress import StepReport, ValidationReport
from gateviz.training.pupil import Pupil
from gateviz.training.run_folder import RunFolder
from gateviz.training.settings import TrainSettings
from gateviz.training.validation import error_rate, health_of, read_batches
from gateviz.typesetting.lines import LineSet

SAMPLES = 6


@dataclass
class _Sums:
    """Losses since the last report."""

    count: int = 0
    loss: float = 0.0
    ctc: float = 0.0
    frames: float = 0.0
    cells: float = 0.0
    gradient: float = 0.0


class Trainer:
    """Trains a model on lines and leaves its checkpoints in a run folder.

    The moving average of the weights is what is validated and written as ``best``; the state
    ``last`` holds everything needed to go on exactly where the run stopped.

    Args:
        pupil: what to train.
        settings: how.
        lines: to learn from.
        validation: to validate on, prepared once.
        folder: where the log and the checkpoints go.
    """

    def __init__(
        self, pupil: Pupil, settings: TrainSettings, lines: LineSet, validation: LineSet, folder: RunFolder
    ) -> None:
        self.pupil = pupil
        self.settings = settings
        self.folder = folder
        recognizer = self.recognizer = pupil.recognizer
        self.device = torch.device(settings.device)
        self.learning = Learner(pupil, settings).to(self.device)
        # Channels last lets the convolutions run without reordering; the arithmetic is the same.
        self.learning.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.module = self.learning.model
        self.validation_lines = validation
        maker = BatchMaker(recognizer.preprocess, recognizer.geometry, recognizer.alphabet, settings.columns)
        self.validation = Chunks(validation, maker, size=len(validation), seed=0)[0]
        if pupil.trained and isinstance(self.module, LayeredCRNN):
            self.module.settle(self.validation[len(self.validation) // 2].pixels.to(self.device))
        self.average = AveragedModel(
            self.module,
            multi_avg_fn=get_ema_multi_avg_fn(settings.average),  # type: ignore[no-untyped-call]
            use_buffers=True,
        )
        self.optimizer = torch.optim.AdamW(_parameter_groups(self.learning, settings.weight_decay), lr=settings.rate)
        self.schedule = OneCycleLR(
            self.optimizer,
            settings.rate,
            total_steps=settings.steps + 1,
            pct_start=settings.warmup,
            final_div_factor=1 / settings.final_rate / 25,
        )
        self.chunks = Chunks(lines, maker, size=settings.chunk, seed=settings.seed)
        self.early = self.chunks
        if pupil.early is not None:
            self.early = Chunks(lines, replace(maker, preprocess=pupil.early), size=settings.chunk, seed=settings.seed)
        self.step = self.lines = self.hidden = 0
        self.chunk, self.batch = 0, 0
        self.late = 0
        self.seconds = 0.0
        self.best = math.inf
        self.waited = 0
        self._stop = False

    def stop(self) -> None:
        """Let ``run`` save and return after the step it is at; a signal handler may call it."""
        self._stop = True

    def resume(self) -> None:
        """Go on where the run in the folder stopped.

        Raises:
            CheckpointError: its state cannot be read, or is of another model.
        """
        state = read_state(self.folder.state)
        try:
            self.learning.load_state_dict(state.tensors["model"])
            self.average.load_state_dict(state.tensors["average"])
            self.optimizer.load_state_dict(state.tensors["optimizer"])
            self.schedule.load_state_dict(state.tensors["schedule"])
        except (RuntimeError, ValueError, KeyError) as error:
            raise CheckpointError(
                f"the training state {self.folder.state} is of another model or other settings: {error}"
            ) from error
        torch.set_rng_state(state.random)
        for name, value in state.numbers.items():
            setattr(self, name, value)
        self.folder.forget_after(self.step)

    def save(self) -> None:
        """Write the state that ``resume`` goes on from.

        Raises:
            OutputError: it cannot be written; the state before it stays.
        """
        tensors: dict[str, Any] = {
            "model": self.learning.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
        }
        names = ("step", "lines", "hidden", "chunk", "batch", "late", "seconds", "best", "waited")
        numbers = {name: getattr(self, name) for name in names}
        write_state(self.folder.state, TrainingState(tensors, numbers, torch.get_rng_state()))

    def run(
        self,
        on_step: Callable[[StepReport], None] = lambda report: None,
        on_validation: Callable[[ValidationReport], None] = lambda report: None,
        watch: Callable[[int, nn.Module], object] = lambda step, module: None,
    ) -> bool:
        """Train to the last step, until the CER has stopped falling, or until ``stop`` is called; false if stopped.

        Args:
            on_step: is told how it goes.
            on_validation: is told how well the averaged model reads.
            watch: is handed the averaged model before the first step and after every validation, when all is saved;
                a ``GateWatch`` leaves it as it is.

        Raises:
            TrainingError: the loss is no number, or the GPU's memory does not hold a batch; the last
                good state stays.
            OutputError: a checkpoint cannot be written; the one before it stays.
        """
        sums = _Sums()
        started = time.monotonic() - self.seconds
        if self.step == 0:
            watch(0, self.shipped)
        source = self._source()
        while self.step < self.settings.steps and not self._out_of_patience:
            if not self.late and self.step >= self.settings.early * self.settings.steps:
                self.late = 1
                if self.early is not self.chunks:
                    self.chunk, self.batch = self.chunk + 1, 0
                    source.close()
                    source = self._source()
            self.chunk, self.batch, batch = next(source)
            self._learn(batch, sums)
            self.batch += 1
            self.seconds = time.monotonic() - started
            if self.step % self.settings.log_every == 0 or self.step == self.settings.steps:
                report = self._report(sums)
                self.folder.log(report)
                on_step(report)
                sums = _Sums()
            if self.step % self.settings.validate_every == 0 or self.step == self.settings.steps:
                on_validation(self.validate())
                watch(self.step, self.shipped)
            if self._stop:
                self.save()
                return False
        return True

    def _source(self) -> Generator[tuple[int, int, Batch], None, None]:
        """The batches to come."""
        chunks = self.chunks if self.late else self.early
        return stream(chunks, chunk=self.chunk, batch=self.batch, workers=self.settings.workers)

    def validate(self) -> ValidationReport:
        """Read the validation lines with the averaged model, and write the checkpoints."""
        recognizer = replace(self.recognizer, module=self.shipped)
        pairs = read_batches(recognizer, self.validation)
        cer = error_rate(pairs)
        accuracy = sum(truth == reading for truth, reading in pairs) / len(pairs)
        best = cer < self.best
        self.best, self.waited = (cer, 0) if best else (self.best, self.waited + 1)
        report = ValidationReport(
            self.step,
            cer,
            line_accuracy=accuracy,
            best=best,
            samples=tuple(pairs[:: max(len(pairs) // SAMPLES, 1)][:SAMPLES]),
            gates=health_of(recognizer, self.validation[0]),
        )
        self.folder.log(report)
        self.save()
        if best:
            self._write_best(recognizer.module, report)
        return report

    @property
    def shipped(self) -> nn.Module:
        """The averaged network as it is validated, watched and written down."""
        return as_shipped(self.average.module)

    def _write_best(self, module: nn.Module, report: ValidationReport) -> None:
        notes = {"steps": str(self.step), "lines": str(self.lines), "validation CER": f"{report.cer:.4f}"}
        self.pupil.writer(self.folder.best(self.pupil.writer.suffix), module, notes)

    @property
    def _out_of_patience(self) -> bool:
        return 0 < self.settings.patience <= self.waited

    def _learn(self, batch: Batch, sums: _Sums) -> None:
        with self._naming(batch):
            loss = self.learning.loss(batch, frozen=self.step < self.settings.frozen * self.settings.steps)
        total = float(loss.total.detach())
        if not math.isfinite(total):
            raise TrainingError(
                f"the loss of step {self.step + 1} is {total} (lines {', '.join(batch.names[:3])}, ...); training stopped "
                f"and the last good checkpoint stays in {self.folder.path}; try a lower --rate"
            )
        self.optimizer.zero_grad(set_to_none=True)
        with self._naming(batch):
            loss.total.backward()  # type: ignore[no-untyped-call]
            gradient = nn.utils.clip_grad_norm_(self.learning.parameters(), self.settings.clip)
            self.optimizer.step()
        self.schedule.step()
        self.average.update_parameters(self.module)
        self.step += 1
        self.lines += len(batch.names)
        self.hidden += batch.hidden
        sums.count += 1
        sums.loss += total
        sums.ctc += float(loss.ctc)
        sums.frames += float(loss.frames)
        sums.cells += loss.cells
        sums.gradient += float(gradient)

    @contextmanager
    def _naming(self, batch: Batch) -> Iterator[None]:
        """Where the GPU's memory is full, say of which batch; most of it is needed on the way back."""
        try:
            yield
        except torch.cuda.OutOfMemoryError as error:
            shape = " x ".join(map(str, batch.pixels.shape))
            raise TrainingError(
                f"the GPU's memory does not hold the batch of step {self.step + 1}, {shape} pixels; "
                f"give fewer --columns than {self.settings.columns}"
            ) from error

    def _report(self, sums: _Sums) -> StepReport:
        count = max(sums.count, 1)
        return StepReport(
            self.step,
            self.lines,
            seconds=self.seconds,
            loss=sums.loss / count,
            ctc=sums.ctc / count,
            frames=sums.frames / count,
            cells=sums.cells / count,
            rate=float(self.schedule.get_last_lr()[0]),
            gradient=sums.gradient / count,
            hidden=self.hidden,
        )


def _parameter_groups(module: nn.Module, decay: float) -> Sequence[dict[str, Any]]:
    """Biases and norms are not decayed."""
    weights = [parameter for parameter in module.parameters() if parameter.ndim >= 2]
    others = [parameter for parameter in module.parameters() if parameter.ndim < 2]
    return [{"params": weights, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]
