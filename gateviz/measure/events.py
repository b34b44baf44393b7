"""Which frames belong to what: symbols, classes of symbols, words, sentences, blanks, and their onsets and ends."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from jaxtyping import Bool, Int64

from gateviz.data.alignment import Alignment, Span
from gateviz.errors import SelectionError

SENTENCE_ENDS = frozenset(".!?。！？…")
_SYMBOLS = "symbol:"


class At(StrEnum):
    """Which frames of a stretch count: all of it, or its first, middle or last frame."""

    SPAN = "span"
    ONSET = "onset"
    CENTER = "center"
    END = "end"


class What(StrEnum):
    """What a stretch of frames is.

    ``any``: every symbol's span. ``line``: the whole line. ``blank``: a run of blanks on the path.
    ``doubled``: the second of two equal symbols in a row. ``word``: the first symbol of a word (after a
    space, punctuation, or the line's start). ``sentence``: the first symbol of the line, or after the
    mark that ends a sentence. The others are classes of symbols by their Unicode category.
    """

    ANY = "any"
    LINE = "line"
    BLANK = "blank"
    PUNCTUATION = "punctuation"
    DIGIT = "digit"
    SPACE = "space"
    LETTER = "letter"
    HAN = "han"
    DOUBLED = "doubled"
    WORD = "word"
    SENTENCE = "sentence"


@dataclass(frozen=True)
class Event:
    """Frames that a claim is about.

    Attributes:
        what: a name of ``What``, or ``symbol:`` and the symbols meant, such as ``symbol:,，``.
        at: which frames of each.

    Raises:
        SelectionError: there is no such class of symbols or no such part of a stretch.
    """

    what: str
    at: str = At.SPAN

    def __post_init__(self) -> None:
        if self.at not in set(At):
            raise SelectionError(f"there is no part {self.at!r} of an event; choose one of {', '.join(At)}")
        if self.what not in set(What) and not (self.what.startswith(_SYMBOLS) and len(self.what) > len(_SYMBOLS)):
            raise SelectionError(
                f"there is no event {self.what!r}; choose one of {', '.join(What)}, or {_SYMBOLS} and the symbols meant"
            )

    @property
    def symbols(self) -> frozenset[str]:
        """The symbols that are named one by one; empty for a class of them."""
        return frozenset(self.what.removeprefix(_SYMBOLS)) if self.what.startswith(_SYMBOLS) else frozenset()

    @property
    def words(self) -> str:
        """Words for a table, such as ``onset of punctuation``."""
        named = f"{''.join(sorted(self.symbols))}" if self.symbols else str(self.what)
        return f"within {named}" if self.at == At.SPAN else f"{self.at} of {named}"

    def stretches(self, alignment: Alignment, blank: int) -> tuple[tuple[int, int], ...]:
        """The frames [start, stop) of every such stretch of a line, in reading order."""
        frames = len(alignment.path)
        if self.what == What.LINE:
            return ((0, frames),)
        if self.what == What.BLANK:
            return _runs(alignment.path == blank)
        return tuple((span.start, span.stop) for span in self._spans(alignment.spans))

    def frames(self, alignment: Alignment, blank: int) -> Int64[np.ndarray, " N"]:
        """One frame a stretch; for whole stretches every frame of them.

        Example:
            >>> path = np.array([0, 3, 3, 0, 0, 4])
            >>> spans = (Span("a", 1, 3, 0.0), Span(",", 5, 6, 0.0))
            >>> Event("punctuation", "onset").frames(Alignment(path, spans, "a,", 0.0), blank=0).tolist()
            [5]
        """
        found = [frame for start, stop in self.stretches(alignment, blank) for frame in self._picked(start, stop)]
        return np.array(found, dtype=np.int64)

    def mask(self, alignment: Alignment, blank: int) -> Bool[np.ndarray, " T"]:
        """True at the frames of the event."""
        mask = np.zeros(len(alignment.path), dtype=bool)
        mask[self.frames(alignment, blank)] = True
        return mask

    def _picked(self, start: int, stop: int) -> range:
        if self.at == At.SPAN:
            return range(start, stop)
        first = {At.ONSET: start, At.CENTER: (start + stop - 1) // 2, At.END: stop - 1}[At(self.at)]
        return range(first, first + 1)

    def _spans(self, spans: tuple[Span, ...]) -> Iterator[Span]:
        for number, span in enumerate(spans):
            before = spans[number - 1].symbol if number else None
            if self._holds(span.symbol, before, [earlier.symbol for earlier in spans[:number]]):
                yield span

    def _holds(self, symbol: str, before: str | None, earlier: list[str]) -> bool:
        if self.symbols:
            return symbol in self.symbols
        if self.what == What.ANY:
            return True
        if self.what == What.DOUBLED:
            return symbol == before
        inside_word = symbol_class(symbol) not in (What.SPACE, What.PUNCTUATION)
        if self.what == What.WORD:
            return inside_word and (before is None or symbol_class(before) in (What.SPACE, What.PUNCTUATION))
        if self.what == What.SENTENCE:
            last = next((mark for mark in reversed(earlier) if symbol_class(mark) != What.SPACE), None)
            return inside_word and (last is None or last in SENTENCE_ENDS)
        return symbol_class(symbol) == self.what


def event_named(words: str) -> Event:
    """The event that ``punctuation``, ``word@onset`` or ``symbol:,，@end`` stands for.

    Raises:
        SelectionError: there is no such class of symbols or no such part of a stretch.

    Example:
        >>> event_named("word@onset").words
        'onset of word'
    """
    what, at, part = words.rpartition("@")
    # A symbol may be an @ itself: then nothing follows it that names a part.
    return Event(what, part) if at and what and part in set(At) else Event(words)


def symbol_class(symbol: str) -> What:
    """The class of a symbol: punctuation, digit, space, han or letter; ``any`` for what is none of them.

    Example:
        >>> [str(symbol_class(symbol)) for symbol in ("，", "7", " ", "你", "a", "+")]
        ['punctuation', 'digit', 'space', 'han', 'letter', 'any']
    """
    first = symbol[:1]
    if symbol.isspace():
        return What.SPACE
    category = unicodedata.category(first) if first else ""
    if category.startswith("P"):
        return What.PUNCTUATION
    if category == "Nd":
        return What.DIGIT
    if category.startswith("L"):
        return What.HAN if unicodedata.name(first, "").startswith("CJK") else What.LETTER
    return What.ANY


def _runs(mask: Bool[np.ndarray, " T"]) -> tuple[tuple[int, int], ...]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return tuple((int(start), int(stop)) for start, stop in edges.reshape(-1, 2))
