"""How well a whole set of lines was read: rates with their intervals, by group, and the mistakes."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import numpy as np

from gateviz.errors import SelectionError
from gateviz.measure.jackknife import Estimate, Jackknife
from gateviz.measure.reading import LineScore, Mistake, line_score
from gateviz.measure.span_error import SpanErrors

GROUPINGS = ("script", "length", "font")
# Fewest symbols of each group by length.
LENGTHS = (1, 5, 10, 20, 40, 80)
UNKNOWN = "unknown"

Counted = TypeVar("Counted", bound=Hashable)


@dataclass(frozen=True)
class ReadLine:
    """One line: what is written there and what was read.

    Attributes:
        truth: what is written.
        reading: what was read.
        name: where the line comes from.
        script: ``latin``, ``chinese``, ``mixed``, ``number``, or empty where nobody said.
        font: the family it is set in, or empty.
        outside: the symbols of the truth that the recognizer's alphabet does not have, each as often
            as it is written; they cannot be read, and count as mistakes like all others.
        spans: errors of the spans that the truth was aligned to; None where the true columns are
            unknown or the truth could not be aligned.
        unaligned: why the truth could not be aligned although its columns are known; else empty.
        remarks: what speaks against the reading, or must be known of it (``data.remarks``).
    """

    truth: str
    reading: str
    name: str = ""
    script: str = ""
    font: str = ""
    outside: tuple[str, ...] = ()
    spans: SpanErrors | None = None
    unaligned: str = ""
    remarks: tuple[str, ...] = ()

    @cached_property
    def score(self) -> LineScore:
        """What is right and wrong in it."""
        return line_score(self.truth, self.reading)

    @property
    def error_rate(self) -> float:
        """Edits per symbol of the truth; it may be above 1."""
        return self.score.edits / max(self.score.symbols, 1)

    def group(self, grouping: str) -> str:
        """The group the line belongs to: its script, its font, or the length of its text such as ``10–19``."""
        if grouping == "length":
            return length_group(len(self.truth))
        return (self.script if grouping == "script" else self.font) or UNKNOWN


@dataclass(frozen=True)
class FailedLine:
    """A line that could not be read at all, and counts in no rate.

    Attributes:
        name: where it comes from.
        reason: in words.
    """

    name: str
    reason: str


@dataclass(frozen=True)
class SpanScore:
    """How far the spans lie from the true columns, as means of absolute errors over symbols.

    Attributes:
        left: of the left edge, in pixels (columns of the line image).
        right: of the right edge.
        center: of the center.
        left_share: of the left edge, each error as a share of its symbol's own width.
        right_share: of the right edge.
        center_share: of the center.
        width: mean width of the symbols in pixels.
    """

    left: Estimate
    right: Estimate
    center: Estimate
    left_share: Estimate
    right_share: Estimate
    center_share: Estimate
    width: Estimate


@dataclass(frozen=True)
class Score:
    """How well some lines were read.

    Attributes:
        lines: how many.
        cer: character error rate: edits over symbols of the truth, both summed over the lines.
        word_accuracy: words of the truth that were read right.
        line_accuracy: lines read without a mistake.
        substitutions: per symbol of the truth.
        deletions: per symbol of the truth.
        insertions: per symbol of the truth.
        lost_repeats: deleted doubled letters per symbol of the truth that follows an equal one.
        outside: symbols of the truth that the alphabet does not have, per symbol of the truth.
        spans: None where no true columns are known.
    """

    lines: int
    cer: Estimate
    word_accuracy: Estimate
    line_accuracy: Estimate
    substitutions: Estimate
    deletions: Estimate
    insertions: Estimate
    lost_repeats: Estimate
    outside: Estimate
    spans: SpanScore | None


@dataclass(frozen=True)
class Evaluation:
    """The readings of a set of lines.

    Attributes:
        lines: those that were read, in their order.
        failures: those that could not be.
        jackknife: how intervals are made.
    """

    lines: tuple[ReadLine, ...]
    failures: tuple[FailedLine, ...] = ()
    jackknife: Jackknife = field(default_factory=Jackknife)

    @cached_property
    def total(self) -> Score:
        """How well all lines were read."""
        return score_of(self.lines, self.jackknife)

    def by(self, grouping: str) -> dict[str, Score]:
        """How well the lines of each group were read; short lines first, other groups by their names.

        Args:
            grouping: ``script``, ``length`` or ``font``.

        Raises:
            SelectionError: there is no such grouping.
        """
        if grouping not in GROUPINGS:
            raise SelectionError(f"lines cannot be grouped by {grouping!r}; choose one of {', '.join(GROUPINGS)}")
        if grouping not in self._by:
            self._by[grouping] = self._grouped(grouping)
        return self._by[grouping]

    @cached_property
    def _by(self) -> dict[str, dict[str, Score]]:
        return {}

    def _grouped(self, grouping: str) -> dict[str, Score]:
        groups: dict[str, list[ReadLine]] = {}
        for line in self.lines:
            groups.setdefault(line.group(grouping), []).append(line)
        names = sorted(groups, key=lambda name: (min(len(line.truth) for line in groups[name]), name))
        if grouping != "length":
            names.sort(key=lambda name: (name == UNKNOWN, name))
        return {name: score_of(groups[name], self.jackknife) for name in names}

    def knows(self, grouping: str) -> bool:
        """Whether the group of any line is known."""
        return any(line.group(grouping) != UNKNOWN for line in self.lines)

    @cached_property
    def mistakes(self) -> dict[Mistake, int]:
        """How often each symbol was read as which other, or not at all, or where none is written; most frequent first."""
        return _counted(mistake for line in self.lines for mistake in line.score.mistakes)

    @cached_property
    def lost_repeats(self) -> dict[str, int]:
        """How often each doubled letter was read as one; these are among the deletions. Most frequent first."""
        return _counted(symbol for line in self.lines for symbol in line.score.lost_repeats)

    @cached_property
    def outside(self) -> dict[str, int]:
        """How often each symbol is written that the alphabet does not have, most frequent first."""
        return _counted(symbol for line in self.lines for symbol in line.outside)

    @cached_property
    def spans(self) -> SpanErrors:
        """The errors of all aligned spans."""
        return SpanErrors.joined([line.spans for line in self.lines if line.spans is not None])

    def worst(self, count: int) -> list[ReadLine]:
        """The lines with the most edits per symbol that have any, the worst first."""
        wrong = [line for line in self.lines if line.score.edits]
        return sorted(wrong, key=lambda line: (-line.error_rate, -line.score.edits))[:count]


def length_group(symbols: int) -> str:
    """The group of a text by its symbols.

    Example:
        >>> length_group(12), length_group(400)
        ('10–19', '80+')
    """
    place = bisect_right(LENGTHS, symbols)
    if not place:
        return str(symbols)
    return f"{LENGTHS[place - 1]}–{LENGTHS[place] - 1}" if place < len(LENGTHS) else f"{LENGTHS[-1]}+"


_RATIOS = {
    "cer": ("edits", "symbols"),
    "word_accuracy": ("right_words", "words"),
    "line_accuracy": ("right", "lines"),
    "substitutions": ("substitutions", "symbols"),
    "deletions": ("deletions", "symbols"),
    "insertions": ("insertions", "symbols"),
    "lost_repeats": ("lost_repeats", "repeats"),
    "outside": ("outside", "symbols"),
}
_SPAN_RATIOS = {
    "left": ("left", "spans"),
    "right": ("right", "spans"),
    "center": ("center", "spans"),
    "left_share": ("left_share", "wide"),
    "right_share": ("right_share", "wide"),
    "center_share": ("center_share", "wide"),
    "width": ("width", "spans"),
}


def _counted(things: Iterable[Counted]) -> dict[Counted, int]:
    """How often each thing comes, most frequent first, equally frequent ones in their own order."""
    counts = Counter(things)
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))


def score_of(lines: Sequence[ReadLine], jackknife: Jackknife) -> Score:
    """How well some lines were read."""
    scores = [line.score for line in lines]
    counts = {
        "lines": [1] * len(lines),
        "symbols": [score.symbols for score in scores],
        "edits": [score.edits for score in scores],
        "substitutions": [score.substitutions for score in scores],
        "deletions": [score.deletions for score in scores],
        "insertions": [score.insertions for score in scores],
        "words": [score.words for score in scores],
        "right_words": [score.right_words for score in scores],
        "right": [int(score.right) for score in scores],
        "repeats": [score.repeats for score in scores],
        "lost_repeats": [len(score.lost_repeats) for score in scores],
        "outside": [len(line.outside) for line in lines],
    }
    columns = {name: np.array(values, dtype=np.int64) for name, values in counts.items()}
    aligned = [line.spans for line in lines if line.spans is not None]
    spans = _span_score(aligned, jackknife) if aligned else None
    return Score(lines=len(lines), spans=spans, **jackknife.estimates(columns, _RATIOS))


def _span_score(aligned: Sequence[SpanErrors], jackknife: Jackknife) -> SpanScore:
    """The means over the symbols of the lines that are aligned.

    A symbol without a width (its ink was cut off) has no error as a share of it.
    """
    sums: dict[str, list[float]] = {name: [] for name in ("spans", "wide", "width", *_SPAN_RATIOS)}
    for errors in aligned:
        wide = errors.width > 0
        sums["spans"].append(float(errors.count))
        sums["wide"].append(float(wide.sum()))
        sums["width"].append(float(errors.width.sum()))
        for name in ("left", "right", "center"):
            off = np.abs(getattr(errors, name))
            sums[name].append(float(off.sum()))
            sums[f"{name}_share"].append(float((off[wide] / errors.width[wide]).sum()))
    columns = {name: np.array(values, dtype=np.float64) for name, values in sums.items()}
    return SpanScore(**jackknife.estimates(columns, _SPAN_RATIOS))
