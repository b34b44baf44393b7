"""A smaller network trained on for a while, by the loop of ``gateviz train``."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch

from gateviz.capture.ctc_recognizer import CtcRecognizer
from gateviz.errors import TrainingError
from gateviz.networks.crnn import CRNN
from gateviz.training.line_check import check_lines, network_frames
from gateviz.training.line_files import LineFiles
from gateviz.training.line_report import Fault
from gateviz.training.line_split import LineSubset
from gateviz.training.progress import StepReport
from gateviz.training.pruned_measures import Bars
from gateviz.training.pupil import Pupil
from gateviz.training.run_folder import RunFolder
from gateviz.training.settings import TrainSettings
from gateviz.training.trainer import Trainer
from gateviz.typesetting.lines import LineSet
from gateviz.typesetting.synthetic import SyntheticLines

WATCHED = 64
"""Lines that the training loop reads after its last step; the numbers that are told come from all of them, later."""
ENDLESS = 2**40


@dataclass(frozen=True)
class FineTune:
    """How the smaller network is trained on, by the loop of ``gateviz train``.

    Attributes:
        steps: of the loop.
        lines: to learn from, as ``LineFiles`` takes them; without any, synthetic lines.
        rate: highest learning rate.
        columns: of pixels in a batch.
        workers: processes that make batches.
        chunk: lines that are sorted by width together.
    """

    steps: int
    lines: tuple[str, ...] = ()
    rate: float = 5e-4
    columns: int = 12_800
    workers: int = 1
    chunk: int = 1024

    def learned(self, pupil: Pupil, held: LineSubset, seed: int, bars: Bars) -> CRNN:
        """The network as it has learned, averaged, after the last step: no look at a line has chosen it among others.

        Args:
            pupil: whose network learns, in place.
            held: lines that the loop reads at its end.
            seed: of the training.
            bars: are told how far it has come.

        Raises:
            TrainingError: the lines cannot be learned from, or the loss is no number.
            AlphabetError: no font has the symbols of synthetic lines.
        """
        settings = self._settings(seed)
        lines = self._to_learn(pupil.recognizer, seed, bars)
        with tempfile.TemporaryDirectory() as place, torch.random.fork_rng([]):
            torch.manual_seed(seed)
            trainer = Trainer(pupil, settings, lines, held.spread(WATCHED), RunFolder(Path(place) / "run"))
            advance = bars("fine-tuning", settings.steps)

            def step(report: StepReport) -> None:
                advance(1)

            trainer.run(step)
            network = trainer.shipped
        assert isinstance(network, CRNN)
        return network.requires_grad_(False).eval()

    def _to_learn(self, recognizer: CtcRecognizer, seed: int, bars: Bars) -> LineSet:
        if self.lines:
            return usable_lines(LineFiles(*self.lines), recognizer, bars)
        # A symbol of several code points cannot be set by itself.
        symbols = tuple(symbol for symbol in recognizer.alphabet.symbols if len(symbol) == 1)
        return SyntheticLines(symbols, seed=seed, count=ENDLESS)

    def _settings(self, seed: int) -> TrainSettings:
        return TrainSettings(
            steps=self.steps,
            columns=self.columns,
            chunk=self.chunk,
            rate=self.rate,
            # A mean over the last tenth of the steps: a longer one would still hold the weights of the start.
            average=min(0.999, max(0.0, 1 - 10 / self.steps)),
            early=0.0,
            # A short stretch moves weights a little; norms by the batches of a few steps would move them more.
            normalized=False,
            seed=seed,
            validate_every=self.steps,
            log_every=1,
            workers=self.workers,
        )


def usable_lines(lines: LineFiles, recognizer: CtcRecognizer, bars: Bars) -> LineSubset:
    """The lines whose loss can be told: those with symbols outside the alphabet or too few frames are not among them.

    Raises:
        TrainingError: a line cannot be read, or none has a loss.
    """
    advance, before = bars("looking at lines", len(lines)), 0

    def progress(done: int) -> None:
        nonlocal before
        advance(done - before)
        before = done

    frames = network_frames(recognizer.preprocess, recognizer.geometry)
    report = check_lines(lines, recognizer.alphabet, frames, progress=progress)
    unread = [group for group in report.faulty if group.fault in (Fault.IMAGE, Fault.TEXT)]
    if unread:
        number = len({index for group in unread for index in group.indices})
        raise TrainingError(
            f"{number:,} of {len(lines):,} lines cannot be read, such as: {unread[0].examples[0]}; mend them, or take them "
            f"out of the lines"
        )
    return LineSubset(lines, report.usable(skip_bad=True))
