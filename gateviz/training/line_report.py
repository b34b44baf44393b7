"""What looking at every line has found."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from gateviz.data.alphabet import Alphabet
from gateviz.errors import TrainingError

EXAMPLES = 5
NUMBERS = 20
SYMBOLS = 30
LETTERS = 40


class Fault(StrEnum):
    """Why a line cannot be trained on."""

    IMAGE = "image"
    TEXT = "text"
    EMPTY = "empty"
    SYMBOLS = "symbols"
    FRAMES = "frames"
    CLASH = "clash"

    @property
    def words(self) -> str:
        """For people, after the number of lines."""
        return {
            Fault.IMAGE: "with an image that cannot be read",
            Fault.TEXT: "with a text that cannot be read",
            Fault.EMPTY: "without a text",
            Fault.SYMBOLS: "with symbols outside the alphabet",
            Fault.FRAMES: "with a text that needs more frames than the image gives",
            Fault.CLASH: "with an image that another line gives another text",
        }[self]


@dataclass(frozen=True)
class FaultyLines:
    """The lines of one fault.

    Attributes:
        fault: what is wrong.
        indices: of the lines, from 0, rising.
        examples: in words, what is wrong with the first ones.
    """

    fault: Fault
    indices: tuple[int, ...]
    examples: tuple[str, ...]

    @property
    def words(self) -> str:
        """Several lines: the number, the examples, the numbers of further lines (from 1)."""
        rows = [f"{_lines(len(self.indices))} {self.fault.words}:"]
        rows += [f"  line {index + 1}: {words}" for index, words in zip(self.indices, self.examples, strict=False)]
        return "\n".join(rows + _further(self.indices[len(self.examples) :]))


@dataclass(frozen=True)
class LineReport:
    """What can be trained on, and what cannot and why.

    Attributes:
        line_count: lines looked at.
        faulty: what is wrong, by fault; a line may be there several times.
        outside: how often each symbol stands in the texts that is not in the alphabet, most frequent first.
        composable: lines that would fit the alphabet if their text were in Unicode's composed form (NFC).
        repeated: indices of lines whose image an earlier line names, with the same text.
        strays: in words, files that should belong to a line and do not, and rows of a manifest that name none.
        unused: symbols of the alphabet that no text has.
        symbol_count: symbols in the alphabet.
    """

    line_count: int
    faulty: tuple[FaultyLines, ...]
    outside: Mapping[str, int]
    composable: int
    repeated: tuple[int, ...]
    strays: tuple[str, ...]
    unused: tuple[str, ...]
    symbol_count: int

    @property
    def bad(self) -> tuple[int, ...]:
        """Indices of the lines that cannot be trained on, rising."""
        return tuple(sorted({index for group in self.faulty for index in group.indices}))

    def usable(self, *, skip_bad: bool) -> tuple[int, ...]:
        """Indices of the lines to train on.

        Args:
            skip_bad: leave out what cannot be trained on.

        Raises:
            TrainingError: a line cannot be trained on or a file belongs to no line, and they are not to
                be left out; or nothing is left.
        """
        bad = set(self.bad)
        if len(bad) == self.line_count:
            raise TrainingError(f"none of the {_lines(self.line_count)} can be trained on: {self._reasons}; mend them")
        if (bad or self.strays) and not skip_bad:
            raise TrainingError(
                f"{len(bad):,} of {_lines(self.line_count)} cannot be trained on: {self._reasons}; "
                f"mend them, or leave them out with --skip-bad"
            )
        return tuple(index for index in range(self.line_count) if index not in bad)

    @property
    def _reasons(self) -> str:
        reasons = [f"{len(group.indices):,} {group.fault.words}" for group in self.faulty]
        reasons += [_stray(len(self.strays))] if self.strays else []
        return ", ".join(reasons)

    @property
    def words(self) -> str:
        """The report for people, several lines of text; line numbers from 1."""
        bad = len(self.bad)
        rows = [f"{_lines(self.line_count)} looked at: {self.line_count - bad:,} can be trained on, {bad:,} cannot"]
        rows += [group.words for group in self.faulty]
        if self.outside:
            rows.append(f"symbols outside the alphabet of {self.symbol_count:,}: {self._outside_words}")
        if self.composable:
            rows.append(f"{_lines(self.composable)} would fit the alphabet with the text in composed form (NFC)")
        if self.strays:
            rows.append(f"{_stray(len(self.strays))}:")
            rows += [f"  {words}" for words in self.strays[:EXAMPLES]]
            rows += [f"  and {len(self.strays) - EXAMPLES:,} more"] if len(self.strays) > EXAMPLES else []
        if self.repeated:
            rows.append(f"{_lines(len(self.repeated))} with the image and text of an earlier line:")
            rows += _further(self.repeated, first="")
        if self.unused:
            rows.append(
                f"{len(self.unused):,} of the alphabet's {self.symbol_count:,} symbols stand in no text: "
                f"{_some(map(repr, self.unused), len(self.unused))}"
            )
        return "\n".join(rows)

    def __str__(self) -> str:
        return self.words

    @property
    def _outside_words(self) -> str:
        return _some((f"{symbol!r} {_times(count)}" for symbol, count in self.outside.items()), len(self.outside))

    def document(self) -> dict[str, Any]:
        """The report as a JSON document; line numbers from 1, all of them."""
        return {
            "lines": self.line_count,
            "usable": self.line_count - len(self.bad),
            "faulty": {
                group.fault.value: {"lines": [index + 1 for index in group.indices], "examples": list(group.examples)}
                for group in self.faulty
            },
            "symbols_outside": dict(self.outside),
            "lines_fitting_in_nfc": self.composable,
            "repeated": [index + 1 for index in self.repeated],
            "strays": list(self.strays),
            "unused_symbols": list(self.unused),
        }


@dataclass
class LineTally:
    """Counts what the looks at the lines, one after the other, have found.

    Attributes:
        alphabet: of the network to train.
    """

    alphabet: Alphabet
    line_count: int = 0
    composable: int = 0
    _indices: dict[Fault, list[int]] = field(default_factory=lambda: {fault: [] for fault in Fault})
    _examples: dict[Fault, list[str]] = field(default_factory=lambda: {fault: [] for fault in Fault})
    _outside: Counter[str] = field(default_factory=Counter)
    _used: set[str] = field(default_factory=set)

    def fault(self, index: int, fault: Fault, words: str) -> None:
        """Count a fault of a line; each fault's lines come in rising order."""
        self._indices[fault].append(index)
        if len(self._examples[fault]) < EXAMPLES:
            self._examples[fault].append(words)

    def symbols(self, used: Iterable[str], outside: Iterable[str]) -> None:
        """Count symbols of a text."""
        self._used.update(used)
        self._outside.update(outside)

    def report(self, repeated: Sequence[int], strays: Sequence[str]) -> LineReport:
        """What was counted."""
        faulty = [
            FaultyLines(fault, tuple(indices), tuple(self._examples[fault]))
            for fault, indices in self._indices.items()
            if indices
        ]
        symbols = self.alphabet.symbols
        unused = tuple(symbol for symbol in symbols if symbol not in self._used)
        return LineReport(
            self.line_count,
            tuple(faulty),
            outside=dict(self._outside.most_common()),
            composable=self.composable,
            repeated=tuple(repeated),
            strays=tuple(strays),
            unused=unused,
            symbol_count=len(symbols),
        )


def short(text: str) -> str:
    """A text for people, quoted, a long one cut."""
    return repr(text if len(text) <= LETTERS else text[:LETTERS] + "…")


def _lines(count: int) -> str:
    return _counted(count, "line")


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("s" if count != 1 else "")


def _stray(count: int) -> str:
    return f"{count:,} files or rows give no line" if count != 1 else "1 file or row gives no line"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _some(words: Iterable[str], count: int) -> str:
    shown = [word for word, _ in zip(words, range(SYMBOLS), strict=False)]
    return ", ".join(shown) + (f" and {count - SYMBOLS:,} more" if count > SYMBOLS else "")


def _further(indices: Sequence[int], first: str = "and ") -> list[str]:
    if not indices:
        return []
    numbers = ", ".join(str(index + 1) for index in indices[:NUMBERS])
    more = f" and {len(indices) - NUMBERS:,} more" if len(indices) > NUMBERS else ""
    return [f"  {first}{'line' if len(indices) == 1 else 'lines'} {numbers}{more}"]
