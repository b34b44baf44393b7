"""Symbols, the labels that spell them, and the only place that knows the blank."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from gateviz.data.reading_order import reading_text, standing_order
from gateviz.errors import AlphabetError


@dataclass(frozen=True)
class Alphabet:
    """Which symbol each class of a recognizer stands for.

    Almost everywhere a symbol is one label. Tesseract spells some characters with several labels,
    and some symbols are several code points long; both are covered by ``codes``.

    Attributes:
        symbols: the symbols, each at least one code point.
        codes: for each symbol, the labels that spell it.
        blank: the label of the CTC blank (0 in most lineages, last in docTR, MMOCR and Tesseract).
        class_count: C, the number of classes with the blank.
    """

    symbols: tuple[str, ...]
    codes: tuple[tuple[int, ...], ...]
    blank: int
    class_count: int

    def __post_init__(self) -> None:
        if len(self.symbols) != len(self.codes):
            raise AlphabetError(f"an alphabet of {len(self.symbols)} symbols was given {len(self.codes)} codes")
        if not 0 <= self.blank < self.class_count:
            raise AlphabetError(f"the blank {self.blank} is no class of {self.class_count}")
        seen: set[str] = set()
        for symbol, code in zip(self.symbols, self.codes, strict=True):
            if not symbol:
                raise AlphabetError("an alphabet holds an empty symbol; remove it")
            if symbol in seen:
                raise AlphabetError(f"the symbol {symbol!r} stands twice in the alphabet; remove one")
            seen.add(symbol)
            if not code or any(not 0 <= label < self.class_count or label == self.blank for label in code):
                raise AlphabetError(
                    f"the symbol {symbol!r} is spelled {code}, which are not labels of {self.class_count} classes with blank {self.blank}"
                )

    @classmethod
    def from_symbols(cls, symbols: Iterable[str], *, blank: int) -> "Alphabet":
        """The alphabet with one label a symbol, in order, the blank's label left out.

        Example:
            >>> Alphabet.from_symbols("ab", blank=0).codes
            ((1,), (2,))
        """
        symbols = tuple(symbols)
        labels = [label for label in range(len(symbols) + 1) if label != blank]
        return cls(symbols, tuple((label,) for label in labels[: len(symbols)]), blank, len(symbols) + 1)

    @cached_property
    def _symbol_of_code(self) -> dict[tuple[int, ...], str]:
        return {code: symbol for symbol, code in zip(reversed(self.symbols), reversed(self.codes), strict=True)}

    @cached_property
    def _code_of_symbol(self) -> dict[str, tuple[int, ...]]:
        return dict(zip(self.symbols, self.codes, strict=True))

    @cached_property
    def longest_code(self) -> int:
        """Labels of the longest code: 1 where every symbol is one label."""
        return max((len(code) for code in self.codes), default=1)

    @cached_property
    def _longest_symbol(self) -> int:
        return max((len(symbol) for symbol in self.symbols), default=1)

    def symbol(self, label: int) -> str:
        """What a single label stands for: its symbol, ``∅`` for the blank, ``‹label›`` inside a longer code."""
        if label == self.blank:
            return "∅"
        return self._symbol_of_code.get((label,), f"‹{label}›")

    def split(self, text: str) -> list[str]:
        """The symbols that spell a text, the longest match first.

        Raises:
            AlphabetError: names every symbol of the text that is not in the alphabet.
        """
        found: list[str] = []
        unknown: list[str] = []
        position = 0
        while position < len(text):
            for length in range(min(self._longest_symbol, len(text) - position), 0, -1):
                piece = text[position : position + length]
                if piece in self._code_of_symbol:
                    found.append(piece)
                    break
            else:
                piece = text[position]
                unknown.append(piece)
            position += len(piece)
        if unknown:
            names = ", ".join(dict.fromkeys(repr(symbol) for symbol in unknown))
            raise AlphabetError(f"the text {text!r} has {names}, not among the alphabet's {len(self.symbols)} symbols")
        return found

    def code(self, symbol: str) -> tuple[int, ...]:
        """The labels that spell one symbol."""
        try:
            return self._code_of_symbol[symbol]
        except KeyError as error:
            raise AlphabetError(f"{symbol!r} is not among the alphabet's {len(self.symbols)} symbols") from error

    def standing(self, text: str) -> list[str]:
        """The symbols of a text that people read, as they stand from left to right on the line.

        Raises:
            AlphabetError: names every symbol of the text that is not in the alphabet.
        """
        symbols = self.split(text)
        return [symbols[place] for place in standing_order(symbols)]

    def encode(self, text: str) -> list[int]:
        """The labels that spell a text, in its order.

        Raises:
            AlphabetError: names every symbol of the text that is not in the alphabet.
        """
        return [label for symbol in self.split(text) for label in self.code(symbol)]

    def decode(self, labels: Sequence[int]) -> list[tuple[str, int, int]]:
        """The symbols that collapsed labels spell: ``(symbol, start, stop)``, half-open in ``labels``.

        The longest code first. Labels that spell nothing are left out, as Tesseract leaves them out.
        """
        spelled: list[tuple[str, int, int]] = []
        position = 0
        while position < len(labels):
            for length in range(min(self.longest_code, len(labels) - position), 0, -1):
                symbol = self._symbol_of_code.get(tuple(labels[position : position + length]))
                if symbol is not None:
                    spelled.append((symbol, position, position + length))
                    position += length
                    break
            else:
                position += 1
        return spelled

    def text(self, labels: Sequence[int]) -> str:
        """The text that collapsed labels spell, in their order."""
        return "".join(symbol for symbol, _, _ in self.decode(labels))

    def reading(self, labels: Sequence[int]) -> str:
        """The text that collapsed labels spell, in the order people read it."""
        return reading_text([symbol for symbol, _, _ in self.decode(labels)])
