"""The frames of an event on one line, as a layer meets them, between margins at both ends of the text."""

import math
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

import numpy as np
from jaxtyping import Bool, Float64

from gateviz.data.alignment import Alignment, Span
from gateviz.data.gates import Direction
from gateviz.measure.events import At, Event, What

# Events whose ``Event`` knows the first symbol only.
_OF_SEVERAL = (What.WORD, What.SENTENCE)

MARGIN = 3
"""Symbols at both ends of a text at which states are still warming up, and its padding is felt: no event counts there.

Where a state settles within a symbol (to 1/e) and events stand late, a test at 5 % has 40 % of false positives without a
margin, 6 % with two symbols and 5 % with three (docs/measures.md; ``python -m benchmarks statistics``)."""


class Borders(StrEnum):
    """Which frames are a symbol's.

    ``cell``: from half-way after the symbol before to half-way to the next one, so that cells tile
    the text; their edges are those of the written symbol. ``emitted``: the frames at which the path
    says it, a few of them, mostly around its middle.
    """

    CELL = "cell"
    EMITTED = "emitted"


@dataclass(frozen=True)
class EventRule:
    """How an event is found on a line.

    Attributes:
        event: what, and which frames of it.
        borders: which frames are a symbol's.
        as_met: events are those that the layer meets, so a backward layer meets a symbol, word or line at its right
            end first; False takes them in reading order for both directions.
        offset: frames by which the event's frames are moved on, the way the layer goes.
        margin: frames left out at both ends of the text (of the line, for an event of the line), where the state is
            still warming up; None takes the frames of ``MARGIN`` symbols of the line, and none for an event of the line.
    """

    event: Event
    borders: str = Borders.CELL
    as_met: bool = True
    offset: int = 0
    margin: int | None = None


@dataclass(frozen=True)
class LineEvent:
    """Where an event is on one line, all in reading order.

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


def line_event(rule: EventRule, alignment: Alignment, blank: int, direction: Direction) -> LineEvent:
    """Where an event is on one line.

    For a backward layer the line is turned round first where events are taken as they are met,
    so that a symbol's onset is its right edge and a word begins with its last symbol.
    """
    turned = rule.as_met and direction is Direction.BACKWARD
    cells = celled(alignment) if rule.borders == Borders.CELL else alignment
    met = mirrored(cells) if turned else cells
    frames = _frames(rule.event, met, blank) + rule.offset
    count = len(alignment.path)
    mask = np.zeros(count, dtype=bool)
    mask[frames[(frames >= 0) & (frames < count)]] = True
    return LineEvent(_kept(rule, alignment, cells), mask[::-1].copy() if turned else mask)


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


def _kept(rule: EventRule, alignment: Alignment, cells: Alignment) -> tuple[int, int]:
    count = len(alignment.path)
    start, stop = 0, count
    if rule.event.what != What.LINE and cells.spans:
        start, stop = cells.spans[0].start, cells.spans[-1].stop
    margin = _margin(rule, alignment)
    start, stop = start + margin, stop - margin
    return (start, stop) if start < stop else (0, 0)


def _margin(rule: EventRule, alignment: Alignment) -> int:
    """Frames left out at both ends; all of them where the length of a symbol is not known."""
    if rule.margin is not None:
        return rule.margin
    if rule.event.what == What.LINE:
        return 0
    frames, steps = frames_a_symbol([alignment])[0]
    return math.ceil(MARGIN * frames / steps) if steps else len(alignment.path)
