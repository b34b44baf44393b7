"""What is written on synthetic lines."""

import functools
import re
from collections.abc import Callable, Iterable

import numpy as np

from gateviz.errors import AlphabetError, MissingExtraError
from gateviz.typesetting.chinese_text import ChineseText
from gateviz.typesetting.dice import Dice, Weighted
from gateviz.typesetting.latin_text import LatinText
from gateviz.typesetting.number_text import NumberText
from gateviz.typesetting.uniform_text import UNIFORM, UniformText

ENGLISH_COUNT = 30_000
CHINESE_COUNT = 60_000
# Below 1 rare words come more often than in life: 0.75 takes "the" from 5 % of the words to 1 %.
TEMPERATURE = 0.75

_ENGLISH = re.compile(r"[a-z]+(?:['.][a-z]+)*")
_CHINESE = re.compile(r"[㐀-䶿一-鿿]+")


def english_words(symbols: frozenset[str]) -> Weighted[str]:
    """English words in lower case that the symbols can write in lower or in upper case.

    From the 30,000 most frequent of the ``wordfreq`` package, drawn by frequency ** 0.75. Empty
    where the symbols write no word.

    Raises:
        MissingExtraError: wordfreq is not installed.
    """
    return _writable("en", symbols)


def chinese_words(symbols: frozenset[str]) -> Weighted[str]:
    """Chinese words (simplified characters) that the symbols can write.

    From the 60,000 most frequent of the ``wordfreq`` package, drawn by frequency ** 0.75. Empty
    where the symbols write no word.

    Raises:
        MissingExtraError: wordfreq is not installed.
    """
    return _writable("zh", symbols)


def _writable(language: str, symbols: frozenset[str]) -> Weighted[str]:
    fitting = [
        (word, frequency**TEMPERATURE)
        for word, frequency in _frequencies(language)
        if symbols.issuperset(word) or symbols.issuperset(word.upper())
    ]
    return Weighted([word for word, _ in fitting], [weight for _, weight in fitting])


@functools.cache
def _frequencies(language: str) -> tuple[tuple[str, float], ...]:
    """The most frequent words of ``en`` or ``zh`` with their frequencies, most frequent first."""
    try:
        import wordfreq
    except ImportError as error:
        raise MissingExtraError(
            "texts with the statistics of language need the package wordfreq, which is not installed; "
            "install it with: pip install 'gateviz[train]'"
        ) from error
    count, spelling = {"en": (ENGLISH_COUNT, _ENGLISH), "zh": (CHINESE_COUNT, _CHINESE)}[language]
    found: list[tuple[str, float]] = []
    for word, frequency in wordfreq.get_frequency_dict(language).items():
        if spelling.fullmatch(word):
            found.append((word, frequency))
            if len(found) == count:
                break
    return tuple(found)


# With fewer words than these, text of words would leave most of the alphabet unlearned.
FEWEST_WORDS = 50
# Latin and numbers need fewer random strings than Chinese: they have 95 symbols, not 4,000.
NARROW_SHARE = 0.3
# Of the lines with a random string, those that are nothing else; the others start or end with one.
WHOLLY_UNIFORM = 0.6


class LineText:
    """Draws the texts of lines, such as an alphabet can write.

    Words come by their frequency, with casing, punctuation, numbers, dates, addresses and code between;
    a part of the lines holds symbols drawn uniformly, so that rare ones are learned too.

    Args:
        symbols: the alphabet, each symbol one code point; every code point of every text is one of them.
        uniform_share: share of the Chinese and mixed lines that are random strings, or start or end with
            one; Latin lines and numbers have 0.3 of that share.

    Raises:
        AlphabetError: a symbol of several code points, none but the space, or no share from 0 to 1.
        MissingExtraError: wordfreq is not installed.

    Example:
        >>> LineText("0123456789X").scripts
        ('number',)
    """

    def __init__(self, symbols: Iterable[str], uniform_share: float = 0.25) -> None:
        self.symbols = tuple(dict.fromkeys(symbols))
        self._share = uniform_share
        _check(self.symbols, uniform_share)
        allowed = frozenset(self.symbols)
        english, chinese = english_words(allowed), chinese_words(allowed)
        writes_english = len(english) >= FEWEST_WORDS
        self._uniform = UniformText(self.symbols, english=writes_english)
        spare = self._uniform.spare
        self._lines: dict[str, Callable[[Dice, int], str]] = {}
        if "number" in self.scripts:
            self._lines["number"] = NumberText(allowed, spare).line
        latin = LatinText(english, allowed, spare) if writes_english else None
        if latin is not None:
            self._lines["latin"] = latin.line
        if len(chinese) >= FEWEST_WORDS:
            text = ChineseText(chinese, allowed, spare, latin)
            self._lines |= {"chinese": text.line, "mixed": text.mixed_line}

    @property
    def scripts(self) -> tuple[str, ...]:
        """Those of ``latin``, ``chinese``, ``mixed`` and ``number`` that the alphabet can write; at least one."""
        return self._uniform.scripts

    def draw(self, rng: np.random.Generator, script: str, length: int) -> str:
        """A text of one script.

        It is a window of a longer text: it may start and stop in the middle of a sentence, as lines do.

        Args:
            rng: what decides; the same state gives the same text.
            script: one of ``scripts``, or ``uniform`` for a random string of the whole alphabet.
            length: about how many code points, at least 1; never more.

        Returns:
            At least one code point; no space at either end, no two in a row.

        Raises:
            AlphabetError: the alphabet does not write this script, or ``length`` is below 1.
        """
        if script not in (*self.scripts, UNIFORM):
            raise AlphabetError(
                f"a line of script {script!r} was asked for, but these symbols write {', '.join(self.scripts)} "
                f"and {UNIFORM}; ask for one of those or add symbols"
            )
        if length < 1:
            raise AlphabetError(f"a line of {length} code points was asked for; give at least 1")
        dice = Dice(rng)
        line = self._lines.get(script)
        if line is None:
            return self._uniform.line(dice, script, length)
        if dice.chance(self._share if script in ("chinese", "mixed") else self._share * NARROW_SHARE):
            return self._partly_uniform(dice, script, length, line)
        return line(dice, length) or self._uniform.line(dice, script, length)

    def _partly_uniform(self, dice: Dice, script: str, length: int, line: Callable[[Dice, int], str]) -> str:
        """A random string that is all of the line, its start or its end."""
        if length < 4 or dice.chance(WHOLLY_UNIFORM):
            return self._uniform.line(dice, script, length)
        count = dice.between(length // 3, length - 1)
        parts = [self._uniform.line(dice, script, count), line(dice, length - count)]
        return "".join(parts if dice.chance(0.5) else reversed(parts))


def _check(symbols: tuple[str, ...], uniform_share: float) -> None:
    long = [symbol for symbol in symbols if len(symbol) != 1]
    if long:
        raise AlphabetError(
            f"the symbols {', '.join(map(repr, long[:10]))} are not one code point each; "
            "lines are drawn by code points, so leave them out"
        )
    if not set(symbols) - {" "}:
        raise AlphabetError("the alphabet has no symbol to write a line with; give at least one besides the space")
    if not 0 <= uniform_share <= 1:
        raise AlphabetError(f"uniform_share is {uniform_share}; give a share from 0 to 1")
