"""Effective context without a model of it: what a symbol loses when everything further away is blanked or forgotten.

Of each symbol the highest posterior within its cell is compared (half-way from the symbol before to half-way
to the next), so that a peak which moves by a frame is no loss. The distance k is measured from the cell's
edges, in symbols of the line, from one to the next.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Float, Float64, Int64

from gateviz.capture.changes import Place, place_words
from gateviz.capture.context_rows import Reset, blanked_log_probs, reset_log_probs
from gateviz.capture.recognizer import PreparedLine, Recognizer
from gateviz.data.alignment import Alignment, Span
from gateviz.data.gates import Direction
from gateviz.errors import SelectionError
from gateviz.files.true_lines import open_source
from gateviz.measure.context import Reach, reach_of
from gateviz.measure.jackknife import Estimate, Jackknife
from gateviz.measure.line_events import celled
from gateviz.studies.account import Corpus, CorpusLine
from gateviz.survey.context import pitch

DISTANCES = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
ROWS = 48
"""Rows that run together."""
BOTH = "both"
SIDES = ("left", "right", BOTH)


@dataclass(frozen=True)
class Taking:
    """What is taken away, and from how many symbols of a line.

    Attributes:
        what: ``blank`` (columns of the image) or ``reset`` (recurrent states).
        distances: in symbols, ascending from 0: all that lies further away goes.
        symbols: of a line, drawn without replacement.
        places: layers and directions that are reset one at a time, beside all at once.
        seed: of the drawing.
    """

    what: str
    distances: tuple[float, ...] = DISTANCES
    symbols: int = 3
    places: tuple[Place, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        if self.what not in ("blank", "reset"):
            raise SelectionError(f"{self.what!r} was to be taken away; what can be is blank or reset")
        if self.symbols < 1:
            raise SelectionError(f"{self.symbols} symbols of a line were asked for; take at least 1")
        ascending = all(a < b for a, b in zip(self.distances, self.distances[1:], strict=False))
        if not self.distances or self.distances[0] != 0 or not ascending:
            raise SelectionError(
                f"the distances {', '.join(f'{each:g}' for each in self.distances) or 'none'} were asked for; they begin with 0, "
                "against which the others are held, and ascend"
            )

    @property
    def variants(self) -> tuple[str, ...]:
        """What is taken: a side of the image, or a layer's state, one direction's, or all."""
        if self.what == "blank":
            return SIDES
        directions = [direction for direction in Direction if any(place[1] is direction for place in self.places)]
        together = (*map(str, directions), BOTH) if len(directions) > 1 else tuple(map(str, directions))
        return (*map(place_words, self.places), *together) if len(self.places) > 1 else together


@dataclass(frozen=True, eq=False)
class LineFalls:
    """What some symbols of one line lost, summed over them.

    Attributes:
        name: its file.
        symbols: how many.
        read: of them as the line is, those whose symbol is the most probable one somewhere in the cell.
        fall: of the log posterior, in nats; shape (V variants, K distances).
        lost: symbols that were read as the line is, less those read without the rest; shape (V, K).
        reached: symbols from which anything was taken; shape (V, K).
    """

    name: str
    symbols: int
    read: int
    fall: Float64[np.ndarray, "V K"]
    lost: Float64[np.ndarray, "V K"]
    reached: Int64[np.ndarray, "V K"]


@dataclass(frozen=True, eq=False)
class Falls:
    """What symbols lose, over a corpus.

    Attributes:
        taking: what was taken away.
        lines: those that were measured.
        textless: names of lines on which nothing is written and nothing was read.
    """

    taking: Taking
    lines: tuple[LineFalls, ...]
    textless: tuple[str, ...]
    jackknife: Jackknife = field(default_factory=Jackknife)

    @cached_property
    def _estimates(self) -> dict[str, Estimate]:
        columns = {"symbols": np.array([line.symbols for line in self.lines])}
        ratios: dict[str, tuple[str, str]] = {}
        for v, k in np.ndindex(len(self.taking.variants), len(self.taking.distances)):
            columns |= {f"fall {v} {k}": np.array([line.fall[v, k] for line in self.lines], dtype=np.float64)}
            columns |= {f"lost {v} {k}": np.array([line.lost[v, k] for line in self.lines], dtype=np.float64)}
            ratios |= {f"{word} {v} {k}": (f"{word} {v} {k}", "symbols") for word in ("fall", "lost")}
            ratios |= {f"rest {v} {k}": (f"fall {v} {k}", f"fall {v} 0")}
        return self.jackknife.estimates(
            columns, ratios, signed=[name for name in ratios if not name.startswith("lost")]
        )

    def fall(self, variant: str) -> list[Estimate]:
        """The mean fall of a symbol's log posterior, in nats, at every distance."""
        return self._of("fall", variant)

    def lost(self, variant: str) -> list[Estimate]:
        """The fall of the share of symbols that are read, at every distance."""
        return self._of("lost", variant)

    def reach(self, variant: str) -> Reach | None:
        """Which part of the whole effect comes from beyond each distance; None where there is no effect to speak of.

        The whole effect is the fall at the distance 0; there is one if its interval lies above 0.
        """
        whole = self.fall(variant)[0]
        if not (whole.low > 0 and whole.value > 0):
            return None
        return reach_of(np.array(self.taking.distances), self._of("rest", variant), len(self.lines))

    def reached(self, variant: str) -> list[int]:
        """Symbols from which anything was taken, at every distance."""
        row = self._row(variant)
        return [int(sum(line.reached[row, k] for line in self.lines)) for k in range(len(self.taking.distances))]

    def _of(self, word: str, variant: str) -> list[Estimate]:
        row = self._row(variant)
        return [self._estimates[f"{word} {row} {k}"] for k in range(len(self.taking.distances))]

    def _row(self, variant: str) -> int:
        if variant not in self.taking.variants:
            raise SelectionError(f"{variant!r} was not taken away; taken were {', '.join(self.taking.variants)}")
        return self.taking.variants.index(variant)


def falls(
    recognizer: Recognizer,
    corpus: Corpus,
    alignments: Sequence[Alignment],
    taking: Taking,
    *,
    progress: Callable[[int], object] | None = None,
) -> Falls:
    """What symbols of a recorded corpus lose when what lies further away is taken.

    Args:
        recognizer: what made the corpus's recordings.
        corpus: recorded without edits.
        alignments: of its lines.
        taking: what is taken away.
        progress: called with 1 after each line.

    Raises:
        SelectionError: no line has two symbols, or the network does not have a layer that was to be reset.
    """
    pitches = np.array([pitch(alignment) for alignment in alignments])
    if not np.isfinite(pitches).any():
        raise SelectionError(
            "no line of the corpus has two symbols, so no distance can be told in symbols; give more text"
        )
    found: list[LineFalls] = []
    textless: list[str] = []
    for number, (line, alignment) in enumerate(zip(corpus.lines, alignments, strict=True)):
        if alignment.spans:
            # The only symbol of a line is as wide as those of the others.
            frames = pitches[number] if np.isfinite(pitches[number]) else float(np.nanmean(pitches))
            rng = np.random.default_rng([taking.seed, number])
            chosen = sorted(rng.permutation(len(alignment.spans))[: taking.symbols].tolist())
            cells = celled(alignment).spans
            targets = [_Target(cells[at], int(alignment.path[alignment.spans[at].start])) for at in chosen]
            found.append(_line(recognizer, line, targets, frames, taking))
        else:
            textless.append(str(line.source.path))
        if progress is not None:
            progress(1)
    return Falls(taking, tuple(found), tuple(textless))


@dataclass(frozen=True)
class _Target:
    """A symbol: where it is, and its class."""

    cell: Span
    label: int

    def measured(self, log_probs: Float[np.ndarray, "T C"]) -> tuple[float, bool]:
        """The highest log posterior of the symbol within its cell, and whether it is the best one somewhere there."""
        inside = log_probs[self.cell.start : self.cell.stop]
        return float(inside[:, self.label].max()), bool((inside.argmax(axis=1) == self.label).any())


def _line(
    recognizer: Recognizer, line: CorpusLine, targets: Sequence[_Target], frames: float, taking: Taking
) -> LineFalls:
    prepared = recognizer.prepare(open_source(line.source).pixels)
    shape = (len(taking.variants), len(taking.distances))
    fall, lost, reached = np.zeros(shape), np.zeros(shape), np.zeros(shape, dtype=np.int64)
    jobs = [
        (target, v, k, row)
        for target in targets
        for v, variant in enumerate(taking.variants)
        for k, distance in enumerate(taking.distances)
        if (row := _row(recognizer, prepared, taking, variant, target, distance * frames)) is not None
    ]
    plain: dict[_Target, tuple[float, bool]] = {}
    for start in range(0, max(len(jobs), 1), ROWS):
        part = jobs[start : start + ROWS]
        read = _run(recognizer, prepared, taking, [row for *_, row in part])
        before = next(read)
        plain = {target: target.measured(before) for target in targets}
        for (target, v, k, _), after in zip(part, read, strict=True):
            value, is_read = target.measured(after)
            fall[v, k] += plain[target][0] - value
            lost[v, k] += int(plain[target][1]) - int(is_read)
            reached[v, k] += 1
    read_count = sum(is_read for _, is_read in plain.values())
    return LineFalls(str(line.source.path), len(targets), read_count, fall, lost, reached)


def _run(
    recognizer: Recognizer, prepared: PreparedLine, taking: Taking, rows: Sequence["tuple[float, float] | Reset"]
) -> Iterator[Float[np.ndarray, "T C"]]:
    """The log posteriors of the line as it is, then of every row."""
    if taking.what == "blank":
        kept = [row for row in rows if not isinstance(row, Reset)]
        return iter(blanked_log_probs(recognizer, prepared, [None, *kept]).cpu().numpy())
    resets = [row for row in rows if isinstance(row, Reset)]
    return iter(reset_log_probs(recognizer, prepared.pixels, [None, *resets]).cpu().numpy())


def _row(
    recognizer: Recognizer, prepared: PreparedLine, taking: Taking, variant: str, target: _Target, frames: float
) -> "tuple[float, float] | Reset | None":
    """What is kept of the image, or where states are emptied; None where nothing lies so far away."""
    grid, cell = recognizer.frame_grid(int(prepared.pixels.shape[2])), target.cell
    if taking.what == "blank":
        start, stop = grid.columns(cell.start, cell.stop)
        start = start - frames * grid.stride if variant in ("left", BOTH) else -np.inf
        stop = stop + frames * grid.stride if variant in ("right", BOTH) else np.inf
        # Column c is blanked where its center c + 1/2 lies outside.
        return (start, stop) if start > 0.5 or stop <= prepared.content_width - 0.5 else None
    directions = {place[1] for place in taking.places if variant in (place_words(place), str(place[1]), BOTH)}
    away = round(frames)
    forward: int | None = cell.start - away
    backward: int | None = cell.stop - 1 + away
    if Direction.FORWARD not in directions or cell.start - away <= 0:
        forward = None
    if Direction.BACKWARD not in directions or cell.stop - 1 + away >= grid.frame_count - 1:
        backward = None
    if forward is None and backward is None:
        return None
    alone = frozenset(place for place in taking.places if place_words(place) == variant)
    return Reset(forward, backward, alone or frozenset(taking.places))
