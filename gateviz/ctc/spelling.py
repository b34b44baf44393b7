"""What an n-gram model thinks of labels that are still being added to."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from gateviz.ctc.ngram import LINE_END, CharacterNgram
from gateviz.data.alphabet import Alphabet


class Spelled(NamedTuple):
    """Labels read so far, as far as they are settled.

    Attributes:
        pending: the last labels, which more labels may yet turn into another symbol.
        history: what of the settled text the n-gram model predicts from.
        log_prob: the model's log probability of the settled text.
        length: characters of the settled text.
    """

    pending: tuple[int, ...]
    history: str
    log_prob: float
    length: int


@dataclass(frozen=True)
class Speller:
    """Scores labels by the text they spell, one label at a time.

    The n-gram model sees the text, not the labels: each code point of each symbol, as soon as all
    labels of the symbol are there. Labels that spell nothing (yet) add nothing. Labels are read as
    ``Alphabet.decode`` reads them, the longest code first, so the last ones stay open until no
    longer code can begin with them.

    Attributes:
        alphabet: what the labels spell.
        ngram: the model; without one only the characters are counted.
        weight: factor of the model's log probability.
        bonus: added for every character.
    """

    alphabet: Alphabet
    ngram: CharacterNgram | None
    weight: float
    bonus: float

    @cached_property
    def _longest_symbol(self) -> int:
        return max((len(symbol) for symbol in self.alphabet.symbols), default=0)

    @property
    def beginning(self) -> Spelled:
        """No labels yet."""
        return Spelled((), self.ngram.beginning if self.ngram else "", 0.0, 0)

    def extend(self, spelled: Spelled, label: int) -> Spelled:
        """The labels with one more."""
        pending = (*spelled.pending, label)
        while len(pending) >= self.alphabet.longest_code:
            symbols = self.alphabet.decode(pending)
            if symbols and symbols[0][1] == 0:
                symbol, _, stop = symbols[0]
                spelled = self._settle(spelled, symbol)
            else:
                stop = 1
            pending = pending[stop:]
        return spelled._replace(pending=pending)

    def score(self, spelled: Spelled) -> float:
        """Weighted score of the text so far, read as if no label came after."""
        return self._weighted(self._read(spelled))

    def bound(self, spelled: Spelled) -> float:
        """What `score` can at most be after one more label, for a weight of at least 0.

        No symbol has a log probability above 0, and one more label leaves the settled text as it is.
        """
        gain = max(self.bonus, 0.0) * self._longest_symbol * (len(spelled.pending) + 1)
        return self._weighted(spelled) + gain

    def finish(self, spelled: Spelled) -> tuple[float, float]:
        """Log probability of the whole line with its end, by the model alone, and its weighted score with the bonus."""
        whole = self._read(spelled)
        if self.ngram:
            whole = whole._replace(log_prob=whole.log_prob + self.ngram.log_prob(whole.history, LINE_END))
        return whole.log_prob, self._weighted(whole)

    def _weighted(self, spelled: Spelled) -> float:
        return self.weight * spelled.log_prob + self.bonus * spelled.length

    def _read(self, spelled: Spelled) -> Spelled:
        """The same with what the pending labels spell now."""
        for symbol, _, _ in self.alphabet.decode(spelled.pending):
            spelled = self._settle(spelled, symbol)
        return spelled

    def _settle(self, spelled: Spelled, symbol: str) -> Spelled:
        """The same with one more symbol in the text."""
        history, log_prob = spelled.history, spelled.log_prob
        if self.ngram:
            for character in symbol:
                log_prob += self.ngram.log_prob(history, character)
                history = self.ngram.advance(history, character)
        return Spelled(spelled.pending, history, log_prob, spelled.length + len(symbol))
