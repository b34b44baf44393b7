"""Effective context over a corpus: by gradient, and without a model of it, when what lies further away is taken."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from gateviz.capture.context_rows import Reset, blanked_log_probs, reset_log_probs
from gateviz.capture.recognizer import Recognizer, pixels_of
from gateviz.data.alignment import Span
from gateviz.data.gates import Direction, Place, place_words
from gateviz.errors import SelectionError
from gateviz.lines.recognizer import PreparedLine
from gateviz.measure.line_events import celled
from gateviz.recording import Recording
from gateviz.studies.account import CorpusLine
from gateviz.studies.context.request import ContextRequest
from gateviz.studies.context.results import BOTH, ContextStudy, Falls, LineFalls, Taking
from gateviz.studies.corpus import Outcome, checked
from gateviz.studies.gradients import GradientTally, Sampling, pitch

ROWS = 48
"""Rows that run together."""


class FallsTally:
    """What symbols of every line lose when one thing is taken away.

    A line of a single symbol waits until it is known how wide symbols of the others are.

    Args:
        taking: what is taken away.
    """

    def __init__(self, taking: Taking) -> None:
        self.taking = taking
        self._found: list[LineFalls] = []
        self._textless: list[str] = []
        self._waiting: list[CorpusLine] = []
        self._pitches: list[float] = []

    def add(self, line: CorpusLine) -> None:
        """One more line."""
        own = pitch(line.alignment)
        if np.isfinite(own):
            self._pitches.append(own)
            self._found.append(_line_falls(line, own, self.taking))
        elif line.alignment.spans:
            self._waiting.append(replace(line, recording=replace(line.recording, traces=()), recognizer=None))
        else:
            self._textless.append(str(line.source.path))

    def merge(self, later: "FallsTally") -> None:
        """All lines of another tally, to which the same is done."""
        # Which layers there are to reset is known from the first line on.
        self.taking = self.taking if self.taking.places else later.taking
        self._found += later._found
        self._textless += later._textless
        self._waiting += later._waiting
        self._pitches += later._pitches

    def result(self, recognizer: Recognizer) -> Falls:
        """What the lines come to; those that waited are measured.

        Raises:
            SelectionError: no line has two symbols.
        """
        if not self._pitches:
            raise SelectionError(
                "no line of the corpus has two symbols, so no distance can be told in symbols; give more text"
            )
        mean = float(np.mean(self._pitches))
        waited = [_line_falls(replace(line, recognizer=recognizer), mean, self.taking) for line in self._waiting]
        lines = sorted([*self._found, *waited], key=lambda line: line.number)
        return Falls(self.taking, tuple(lines), tuple(self._textless))


class ContextTally:
    """What every measure that was asked for keeps of the lines.

    Args:
        request: what is to be measured.

    Raises:
        SelectionError: so much cannot be asked for.
    """

    def __init__(self, request: ContextRequest) -> None:
        self.request = request
        sampling = Sampling(request.frames, request.probes, request.layers, request.seed)
        self.gradient = GradientTally(sampling) if "gradient" in request.measures else None
        takings = [Taking(what, request.distances, request.symbols, (), request.seed) for what in request.taken]
        self.falls = {taking.what: FallsTally(taking) for taking in takings}
        self._places: tuple[Place, ...] = ()

    def add(self, line: CorpusLine) -> None:
        """One more line, recorded without edits and with a series of every layer.

        Raises:
            SelectionError: there is no such layer.
        """
        if not self._places:
            self._places = _places(line.recording, self.request)
            if "reset" in self.falls:
                self.falls["reset"].taking = replace(self.falls["reset"].taking, places=self._places)
        if self.gradient is not None:
            self.gradient.add(line)
        for falls in self.falls.values():
            falls.add(line)

    def merge(self, later: "ContextTally") -> None:
        """All lines of another tally of the same request."""
        self._places = self._places or later._places
        if self.gradient is not None and later.gradient is not None:
            self.gradient.merge(later.gradient)
        for what, falls in self.falls.items():
            falls.merge(later.falls[what])


def context_study(outcome: Outcome[ContextTally], recognizer: Recognizer) -> ContextStudy:
    """The effective context by every measure that was asked for.

    Args:
        outcome: of the lines.
        recognizer: what read them.

    Raises:
        ImageError: no line was read.
        SelectionError: no line has two symbols.
    """
    tally = checked(outcome).tally
    gradient = None if tally.gradient is None else tally.gradient.result()
    taken = {what: falls.result(recognizer) for what, falls in tally.falls.items()}
    return ContextStudy(tally.request, outcome.account, gradient, taken)


def _places(recording: Recording, request: ContextRequest) -> tuple[Place, ...]:
    there = tuple((trace.layer, trace.direction) for trace in recording.traces)
    known = sorted({layer for layer, _ in there})
    if not there:
        raise SelectionError("none of this network's layers reads along the line, so it has no context to measure")
    layers = request.layers
    if odd := sorted(set(layers or ()) - set(known)):
        raise SelectionError(
            f"the context of layer {', '.join(map(str, odd))} was asked for; recorded are {', '.join(map(str, known))}"
        )
    return tuple(place for place in there if layers is None or place[0] in layers)


@dataclass(frozen=True)
class _Target:
    """A symbol: where it is, and its class."""

    cell: Span
    label: int

    def measured(self, log_probs: Float[np.ndarray, "T C"]) -> tuple[float, bool]:
        """The highest log posterior of the symbol within its cell, and whether it is the best one somewhere there."""
        inside = log_probs[self.cell.start : self.cell.stop]
        return float(inside[:, self.label].max()), bool((inside.argmax(axis=1) == self.label).any())


@dataclass(frozen=True)
class _Taker:
    """Takes something from one line."""

    recognizer: Recognizer
    prepared: PreparedLine
    taking: Taking

    def run(self, rows: "Sequence[tuple[float, float] | Reset]") -> Iterator[Float[np.ndarray, "T C"]]:
        """The log posteriors of the line as it is, then of every row."""
        if self.taking.what == "blank":
            kept = [row for row in rows if not isinstance(row, Reset)]
            return iter(blanked_log_probs(self.recognizer, self.prepared, [None, *kept]).cpu().numpy())
        resets = [row for row in rows if isinstance(row, Reset)]
        return iter(reset_log_probs(self.recognizer, pixels_of(self.prepared), [None, *resets]).cpu().numpy())

    def row(self, variant: str, cell: Span, frames: float) -> "tuple[float, float] | Reset | None":
        """What is kept of the image, or where states are emptied; None where nothing lies so far from the cell."""
        grid = self.recognizer.frame_grid(int(self.prepared.pixels.shape[2]))
        if self.taking.what == "blank":
            start, stop = grid.columns(cell.start, cell.stop)
            start = start - frames * grid.stride if variant in ("left", BOTH) else -np.inf
            stop = stop + frames * grid.stride if variant in ("right", BOTH) else np.inf
            # Column c is blanked where its center c + 1/2 lies outside.
            return (start, stop) if start > 0.5 or stop <= self.prepared.content_width - 0.5 else None
        places = self.taking.places
        directions = {place[1] for place in places if variant in (place_words(place), str(place[1]), BOTH)}
        first, last = cell.start - round(frames), cell.stop - 1 + round(frames)
        forward = first if Direction.FORWARD in directions and first > 0 else None
        backward = last if Direction.BACKWARD in directions and last < grid.frame_count - 1 else None
        if forward is None and backward is None:
            return None
        alone = frozenset(place for place in places if place_words(place) == variant)
        return Reset(forward, backward, alone or frozenset(places))


def _line_falls(line: CorpusLine, frames: float, taking: Taking) -> LineFalls:
    """What some symbols of a line lose, a symbol being so many frames wide."""
    prepared, alignment, recognizer = line.prepared(), line.alignment, line.recognizer
    assert recognizer is not None, "a line that was prepared has one"
    taker = _Taker(recognizer, prepared, taking)
    rng = np.random.default_rng([taking.seed, line.number])
    chosen = sorted(rng.permutation(len(alignment.spans))[: taking.symbols].tolist())
    cells = celled(alignment).spans
    targets = [_Target(cells[at], int(alignment.path[alignment.spans[at].start])) for at in chosen]
    shape = (len(taking.variants), len(taking.distances))
    fall, lost, reached = np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=np.int64)
    jobs = [
        (target, v, k, row)
        for target in targets
        for v, variant in enumerate(taking.variants)
        for k, distance in enumerate(taking.distances)
        if (row := taker.row(variant, target.cell, distance * frames)) is not None
    ]
    plain: dict[_Target, tuple[float, bool]] = {}
    for start in range(0, max(len(jobs), 1), ROWS):
        part = jobs[start : start + ROWS]
        read = taker.run([row for *_, row in part])
        before = next(read)
        plain = {target: target.measured(before) for target in targets}
        for (target, v, k, _), after in zip(part, read, strict=True):
            value, is_read = target.measured(after)
            fall[v, k] += plain[target][0] - value
            lost[v, k] += int(plain[target][1]) - int(is_read)
            reached[v, k] += 1
    read_count = sum(is_read for _, is_read in plain.values())
    return LineFalls(line.number, len(targets), read_count, fall=fall, lost=lost, reached=reached)
