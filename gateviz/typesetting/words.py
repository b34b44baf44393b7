"""Words of English and Chinese as often as people use them."""

import functools
import re

from gateviz.errors import MissingExtraError
from gateviz.typesetting.dice import Weighted

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
