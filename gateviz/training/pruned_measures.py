"""A recognizer before and after units were removed, measured on the same lines: reading, time, gates."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import torch
from jaxtyping import Float

from gateviz.capture.ctc_recognizer import CtcRecognizer
from gateviz.capture.recognizer import pixels_of
from gateviz.capture.tracing import trace_gates
from gateviz.data.gates import Place, Quantity
from gateviz.errors import ImageError
from gateviz.measure.evaluation import Evaluation
from gateviz.measure.jackknife import Estimate
from gateviz.networks.crnn import CRNN
from gateviz.training.crnn_units import Kept
from gateviz.training.evaluate import evaluate
from gateviz.training.line_split import LineSubset
from gateviz.training.pruned_report import GateShift, PruneReport, Stage

TIMED = 40
"""Lines that are timed, at most, each ``ROUNDS`` times."""
ROUNDS = 3
TRACED = 100
"""Lines that gates are compared on, at most."""


Bars = Callable[[str, int], Callable[[int], object]]
"""Is told that a part of the work begins, in words, and how much there is of it, such as lines; what comes back is told how
much more of it is done."""


def no_bars(words: str, count: int) -> Callable[[int], object]:
    """Nobody is told."""
    return lambda done: None


@dataclass(frozen=True, eq=False)
class Subject:
    """A recognizer that is measured.

    Attributes:
        name: ``before``, ``pruned`` or ``fine-tuned``.
        recognizer: it.
        file: where it is from; None for one that stands in no file.
    """

    name: str
    recognizer: CtcRecognizer
    file: Path | None = None

    @property
    def network(self) -> CRNN:
        """Its network."""
        assert isinstance(self.recognizer.module, CRNN)
        return self.recognizer.module


def measured(
    subjects: Sequence[Subject], kept: Kept, held: LineSubset, *, scored: int, same_lines: bool, bars: Bars = no_bars
) -> PruneReport:
    """What each recognizer does on the same lines.

    Args:
        subjects: the whole network first.
        kept: the units of it that the others have.
        held: lines whose time and gates are measured; all lines of the set that they are from are read.
        scored: lines that the units were scored on.
        same_lines: whether those are among the lines measured on.
        bars: are told how far the work has come.

    Raises:
        ImageError: none of the lines could be read.
    """
    found: list[Evaluation] = []
    for subject in subjects:
        advance = bars(f"reading lines ({subject.name})", len(held.lines))
        read = evaluate(subject.recognizer, held.lines, on_progress=advance)
        if not read.lines:
            raise ImageError(
                f"none of the {len(held.lines):,} lines could be read: {read.failures[0].reason}; name others"
            )
        found.append(read)
    times = line_times(subjects, held.spread(TIMED), bars)
    shifts = gate_shifts(subjects, kept, held.spread(TRACED), bars)
    stages = tuple(
        Stage(
            subject.name,
            read.total,
            rise=None if subject is subjects[0] else rise(found[0], read),
            units=subject.network.config.hidden_size,
            parameters=sum(weights.numel() for weights in subject.network.parameters()),
            size=None if subject.file is None else subject.file.stat().st_size,
            milliseconds=milliseconds,
            shifts=shifted,
        )
        for subject, read, milliseconds, shifted in zip(subjects, found, times, shifts, strict=True)
    )
    return PruneReport(stages, kept, scored, same_lines=same_lines, failures=len(found[0].failures))


def rise(before: Evaluation, after: Evaluation) -> Estimate:
    """How much the character error rate rose, with an interval of the difference on the very same lines."""
    edits = [now.score.edits - then.score.edits for then, now in zip(before.lines, after.lines, strict=True)]
    columns = {
        "edits": np.array(edits, dtype=np.int64),
        "symbols": np.array([line.score.symbols for line in before.lines], dtype=np.int64),
    }
    return before.jackknife.estimates(columns, {"rise": ("edits", "symbols")}, signed={"rise"})["rise"]


def line_times(subjects: Sequence[Subject], lines: LineSubset, bars: Bars = no_bars) -> list[float]:
    """Milliseconds that torch takes from a line's pixels to its posteriors, the median over lines, one thread, B = 1.

    All recognizers read a line one after the other before the next line comes, so that whatever else the machine
    does falls on all of them.

    Args:
        subjects: the recognizers.
        lines: to read.
        bars: are told how far it has come.
    """
    taken: list[list[float]] = [[] for _ in subjects]
    advance = bars("timing", len(lines))
    with _one_thread(), torch.inference_mode():
        for index in range(len(lines)):
            pixels = [_pixels(subject, lines, index) for subject in subjects]
            # The first round makes whatever is made once for a size.
            for number in range(ROUNDS + 1):
                for mine, subject, given in zip(taken, subjects, pixels, strict=True):
                    started = time.perf_counter()
                    subject.recognizer.log_probs(given)
                    if number:
                        mine.append(1000 * (time.perf_counter() - started))
            advance(1)
    return [median(mine) for mine in taken]


def gate_shifts(
    subjects: Sequence[Subject], kept: Kept, lines: LineSubset, bars: Bars = no_bars
) -> list[tuple[GateShift, ...]]:
    """How far every series of the units that stayed lies from that of the first recognizer; nothing of the first itself.

    Args:
        subjects: the whole network, then those with some of its units.
        kept: which of them.
        lines: to record.
        bars: are told how far it has come.
    """
    sums: list[dict[tuple[Place, Quantity], Float[np.ndarray, " two"]]] = [{} for _ in subjects[1:]]
    advance = bars("recording gates", len(lines))
    for index in range(len(lines)):
        first = _series(subjects[0], lines, index)
        for mine, subject in zip(sums, subjects[1:], strict=True):
            for (place, quantity), series in _series(subject, lines, index).items():
                apart = np.abs(series - first[place, quantity][:, kept[place]])
                mine.setdefault((place, quantity), np.zeros(2))[:] += apart.sum(dtype=np.float64), apart.size
        advance(1)
    shifted = [
        tuple(GateShift(place, quantity, float(total / count)) for (place, quantity), (total, count) in mine.items())
        for mine in sums
    ]
    return [(), *shifted]


def _series(subject: Subject, lines: LineSubset, index: int) -> dict[tuple[Place, Quantity], Float[np.ndarray, "T H"]]:
    with torch.no_grad(), trace_gates(subject.network) as traces:
        subject.recognizer.log_probs(_pixels(subject, lines, index))
    return {
        ((trace.layer, trace.direction), quantity): series
        for trace in traces.line(0)
        for quantity, series in trace.values.items()
    }


def _pixels(subject: Subject, lines: LineSubset, index: int) -> Float[torch.Tensor, "one channels height width"]:
    return pixels_of(subject.recognizer.prepare(lines[index].image))[None]


@contextmanager
def _one_thread() -> Iterator[None]:
    """A block in which torch computes on one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
