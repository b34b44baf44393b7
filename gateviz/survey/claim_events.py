"""The frames of a claim's event on one line, as the layer meets them."""

import math
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float, Float64

from gateviz.data.alignment import Alignment, Span
from gateviz.data.gates import Direction
from gateviz.measure.events import At, Event, What
from gateviz.survey.claim import MARGIN, Borders, Claim, Statistic

# Events whose ``Event`` knows the first symbol only.
_OF_SEVERAL = (What.WORD, What.SENTENCE)


@dataclass(frozen=True)
class LineEvent:
    """What a claim compares on one line, all in reading order.

    Attributes:
        kept: frames that take part, half-open; the others are too near the ends of the text.
        mask: True at the frames of the event, over all frames of the line.
    """

    kept: tuple[int, int]
    mask: Bool[np.ndarray, " T"]

    @property
    def inside(self) -> Bool[np.ndarray, " K"]:
        """The mask over the frames that take part."""
        return self.mask[slice(*self.kept)]

    @property
    def frames(self) -> tuple[int, ...]:
        """The event's frames that take part, in reading order."""
        return tuple(int(frame) + self.kept[0] for frame in np.flatnonzero(self.inside))

    @property
    def left_out(self) -> int:
        """The event's frames that do not take part."""
        return int(self.mask.sum() - self.inside.sum())


def line_event(claim: Claim, alignment: Alignment, blank: int, direction: Direction) -> LineEvent:
    """The event of a claim on one line.

    For a backward layer the line is turned round first where the claim takes events as they are met,
    so that a symbol's onset is its right edge and a word begins with its last symbol.
    """
    turned = claim.as_met and direction is Direction.BACKWARD
    cells = celled(alignment) if claim.borders == Borders.CELL else alignment
    met = mirrored(cells) if turned else cells
    frames = _frames(claim.event, met, blank) + claim.offset
    count = len(alignment.path)
    mask = np.zeros(count, dtype=bool)
    mask[frames[(frames >= 0) & (frames < count)]] = True
    return LineEvent(_kept(claim, alignment, cells), mask[::-1].copy() if turned else mask)


def compared(series: Float[np.ndarray, "T H"], claim: Claim, direction: Direction) -> Float[np.ndarray, "T H"]:
    """The series that the claim compares, over all frames in reading order.

    A step is from the frame that the layer met before; the first frame that it meets has none and gets 0.

    Example:
        >>> step = Claim("c", "output_gate", statistic="step")
        >>> compared(np.array([[0.0], [1.0], [1.5]]), step, Direction.BACKWARD).ravel().tolist()
        [1.0, 0.5, 0.0]
    """
    if claim.statistic != Statistic.STEP:
        return series
    steps = np.zeros_like(series)
    sizes = np.abs(np.diff(series, axis=0))
    if direction is Direction.BACKWARD:
        steps[:-1] = sizes
    else:
        steps[1:] = sizes
    return steps


def celled(alignment: Alignment) -> Alignment:
    """The alignment with spans widened until they meet half-way; the outer ones are as wide as their neighbor.

    An odd frame between two symbols goes to the one after.

    Example:
        >>> spans = (Span("a", 2, 3, 0.0), Span("b", 6, 7, 0.0))
        >>> [(cell.start, cell.stop) for cell in celled(Alignment(np.zeros(9, int), spans, "ab", 0.0)).spans]
        [(1, 4), (4, 9)]
    """
    spans, count = alignment.spans, len(alignment.path)
    if not spans:
        return alignment
    inner = [(left.stop + right.start) // 2 for left, right in pairwise(spans)]
    if inner:
        # Half the distance to the neighbor's middle, beyond one's own middle.
        first, last = spans[0], spans[-1]
        outer = (first.start + first.stop - inner[0], last.start + last.stop - inner[-1])
        borders = [min(max(outer[0], 0), first.start), *inner, max(min(outer[1], count), last.stop)]
    else:
        borders = [0, count]
    cells = [
        replace(span, start=start, stop=stop) for span, (start, stop) in zip(spans, pairwise(borders), strict=True)
    ]
    return replace(alignment, spans=tuple(cells))


def mirrored(alignment: Alignment) -> Alignment:
    """The alignment of the line read from its right end.

    Example:
        >>> spans = (Span("a", 0, 1, 0.0), Span("b", 2, 4, 0.0))
        >>> [(span.symbol, span.start, span.stop) for span in mirrored(Alignment(np.zeros(5, int), spans, "ab", 0.0)).spans]
        [('b', 1, 3), ('a', 4, 5)]
    """
    count = len(alignment.path)
    spans = tuple(
        Span(span.symbol, count - span.stop, count - span.start, span.log_prob) for span in reversed(alignment.spans)
    )
    return Alignment(alignment.path[::-1].copy(), spans, alignment.text[::-1], alignment.log_prob)


def frames_a_symbol(alignments: list[Alignment]) -> Float64[np.ndarray, "L 2"]:
    """Frames between the first and the last symbol of every line, and how many steps of a symbol they are."""
    rows = []
    for alignment in alignments:
        middles = [(span.start + span.stop - 1) / 2 for span in alignment.spans]
        rows.append((middles[-1] - middles[0], len(middles) - 1.0) if len(middles) > 1 else (0.0, 0.0))
    return np.array(rows, dtype=np.float64).reshape(-1, 2)


def _frames(event: Event, alignment: Alignment, blank: int) -> np.ndarray:
    """The event's frames; the end of a word or sentence is where it begins for a reader from the other end."""
    if event.what in _OF_SEVERAL and event.at == At.END:
        turned = Event(event.what, At.ONSET).frames(mirrored(alignment), blank)
        return np.sort(len(alignment.path) - 1 - turned)
    return event.frames(alignment, blank)


def _kept(claim: Claim, alignment: Alignment, cells: Alignment) -> tuple[int, int]:
    count = len(alignment.path)
    start, stop = 0, count
    if claim.what != What.LINE and cells.spans:
        start, stop = cells.spans[0].start, cells.spans[-1].stop
    margin = _margin(claim, alignment)
    start, stop = start + margin, stop - margin
    return (start, stop) if start < stop else (0, 0)


def _margin(claim: Claim, alignment: Alignment) -> int:
    """Frames left out at both ends; all of them where the length of a symbol is not known."""
    if claim.margin is not None:
        return claim.margin
    if claim.what == What.LINE:
        return 0
    frames, steps = frames_a_symbol([alignment])[0]
    return math.ceil(MARGIN * frames / steps) if steps else len(alignment.path)
