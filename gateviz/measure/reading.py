"""One line's reading held against its truth."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from gateviz.measure.edit_distance import Pairs, paired

Mistake = tuple[str, str]
"""A symbol of the truth and what was read instead; empty where nothing was read, or nothing is written."""


@dataclass(frozen=True)
class LineScore:
    """What is right and wrong in the reading of one line.

    Attributes:
        symbols: of the truth, in code points.
        mistakes: the fewest edits that turn the truth into the reading, in order.
        repeats: symbols of the truth that follow an equal one, such as the second l of ``hello``.
        lost_repeats: those of the deleted symbols that are doubled letters; see ``line_score``.
        words: of the truth.
        right_words: of the truth, read without a mistake.
        right: the reading is the truth.
    """

    symbols: int
    mistakes: tuple[Mistake, ...]
    repeats: int
    lost_repeats: tuple[str, ...]
    words: int
    right_words: int
    right: bool

    @property
    def edits(self) -> int:
        """Substitutions, deletions and insertions."""
        return len(self.mistakes)

    @property
    def substitutions(self) -> int:
        """Symbols read as another one."""
        return sum(bool(written and read) for written, read in self.mistakes)

    @property
    def deletions(self) -> int:
        """Symbols not read."""
        return sum(not read for _, read in self.mistakes)

    @property
    def insertions(self) -> int:
        """Symbols read where none is written."""
        return sum(not written for written, _ in self.mistakes)


def line_score(truth: str, reading: str) -> LineScore:
    """What is right and wrong in a reading.

    Symbols are code points, compared as they are: no normalization, no folding of case or of full
    and half width. Where a reading can be explained by several sets of as few edits, ``paired`` says
    which is taken.

    **Doubled letters.** A deletion is that of a doubled letter where the symbol stands in a run of
    equal symbols of the truth of which at least one was read: ``hello`` read as ``helo``. That is the
    mistake CTC makes where no blank came between the two; where the whole run is gone, something
    else went wrong.

    **Words** are what whitespace separates, in the truth and in the reading; their order counts, and
    they are paired like symbols. Chinese is written without spaces, so a Chinese line without any is
    one word, right only as a whole; punctuation belongs to its word.

    Example:
        >>> score = line_score("a balloon 中", "a baloon 申")
        >>> score.mistakes, score.lost_repeats
        ((('l', ''), ('中', '申')), ('l',))
        >>> score.right_words, score.words
        (1, 3)
    """
    pairs = paired(truth, reading)
    mistakes = [("" if here is None else truth[here], "" if there is None else reading[there]) for here, there in pairs]
    words, read_words = truth.split(), reading.split()
    return LineScore(
        symbols=len(truth),
        mistakes=tuple((written, read) for written, read in mistakes if written != read),
        repeats=sum(before == symbol for before, symbol in pairwise(truth)),
        lost_repeats=_lost_repeats(truth, reading, pairs),
        words=len(words),
        right_words=_count_equal(words, read_words),
        right=truth == reading,
    )


def _count_equal(truth: Sequence[str], reading: Sequence[str]) -> int:
    return sum(
        here is not None and there is not None and truth[here] == reading[there]
        for here, there in paired(truth, reading)
    )


def _lost_repeats(truth: str, reading: str, pairs: Pairs) -> tuple[str, ...]:
    counterpart = {here: there for here, there in pairs if here is not None}
    lost: list[str] = []
    for symbol, run in groupby(range(len(truth)), key=truth.__getitem__):
        found = [counterpart[place] for place in run]
        if any(there is not None and reading[there] == symbol for there in found):
            lost += [symbol] * found.count(None)
    return tuple(lost)
