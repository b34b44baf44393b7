"""Words by their frequency."""

import sys
from collections import Counter

import numpy as np
import pytest

from gateviz.errors import MissingExtraError
from gateviz.typesetting import line_text
from gateviz.typesetting.alphabets import named_symbols
from gateviz.typesetting.dice import Dice
from gateviz.typesetting.line_text import chinese_words, english_words

ASCII = frozenset(named_symbols("ascii"))
BUNDLED = frozenset(named_symbols("bundled"))


def drawn(table, count=10_000):
    dice = Dice(np.random.default_rng(0))
    return Counter(table.draw(dice) for _ in range(count))


def test_english_words_come_by_frequency_with_rare_ones_lifted():
    table = english_words(ASCII)
    assert len(table) == line_text.ENGLISH_COUNT
    count = drawn(table)
    assert count.most_common(1)[0][0] == "the"
    # 0.0537 and 0.0117 are the frequencies of "the" and "is"; the ratio of the draws is that to the power 0.75.
    assert count["the"] / count["is"] == pytest.approx((0.0537 / 0.01175) ** 0.75, rel=0.35)
    assert len(count) > 3000
    assert {"it's", "will", "book"} <= set(table.items)


def test_chinese_words_are_ideographs_only_and_by_frequency():
    table = chinese_words(BUNDLED)
    assert len(table) > 55_000
    assert all("一" <= character <= "鿿" for word in table.items for character in word)
    count = drawn(table)
    assert count.most_common(1)[0][0] == "的"
    assert {"我们", "中国", "看看", "妈妈"} <= set(table.items)


def test_only_words_that_the_alphabet_spells_are_kept():
    assert set("".join(english_words(frozenset("abcdefg")).items)) <= set("abcdefg")
    assert "bad" in english_words(frozenset("abcdefg")).items
    assert "bad" in english_words(frozenset("ABCDEFG")).items
    assert set(chinese_words(frozenset("我们的是")).items) >= {"我们", "我", "的", "是"}
    assert "中国" not in chinese_words(frozenset("我们的是中")).items


def test_an_alphabet_without_letters_spells_no_word():
    assert len(english_words(frozenset("0123456789"))) == 0
    assert len(chinese_words(ASCII)) == 0


def test_without_wordfreq_the_error_names_what_to_install(monkeypatch):
    line_text._frequencies.cache_clear()
    monkeypatch.setitem(sys.modules, "wordfreq", None)
    with pytest.raises(MissingExtraError, match=r"need the package wordfreq.*pip install 'gateviz\[train\]'"):
        english_words(ASCII)
    monkeypatch.undo()
    assert len(english_words(ASCII)) == line_text.ENGLISH_COUNT
