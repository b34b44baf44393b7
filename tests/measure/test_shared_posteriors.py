"""Posteriors in the words that two alphabets share: nothing is lost, the rest is one class."""

import numpy as np
import pytest

from gateviz.data.alphabet import Alphabet
from gateviz.data.emission import Emission
from gateviz.errors import AlphabetError
from gateviz.measure.shared_posteriors import shared_posteriors, shared_symbols


def emission(alphabet, *rows):
    return Emission(np.log(np.array(rows, dtype=np.float32)), alphabet)


def test_blank_shared_symbols_and_all_else():
    first = emission(Alphabet.from_symbols("abc", blank=0), [0.1, 0.2, 0.3, 0.4])
    second = emission(Alphabet.from_symbols("cxb", blank=3), [0.4, 0.3, 0.2, 0.1])
    one, other = shared_posteriors(first, second)
    # The blank, b, c, all else.
    assert one[0] == pytest.approx([0.1, 0.3, 0.4, 0.2])
    assert other[0] == pytest.approx([0.1, 0.2, 0.4, 0.3])


def test_equal_alphabets_are_left_as_they_are():
    alphabet = Alphabet.from_symbols("ab", blank=0)
    one, other = shared_posteriors(emission(alphabet, [0.5, 0.3, 0.2]), emission(alphabet, [0.2, 0.3, 0.5]))
    assert one[0] == pytest.approx([0.5, 0.3, 0.2])
    assert other[0] == pytest.approx([0.2, 0.3, 0.5])


def test_a_symbol_of_several_labels_is_in_no_single_class():
    plain = Alphabet.from_symbols("ab", blank=0)
    spelled = Alphabet(("a", "b"), ((1,), (1, 2)), 0, 3)
    assert shared_symbols(plain, spelled) == ("a",)


def test_alphabets_without_a_common_symbol():
    first = emission(Alphabet.from_symbols("ab", blank=0), [0.5, 0.3, 0.2])
    second = emission(Alphabet.from_symbols("中文字", blank=0), [0.4, 0.3, 0.2, 0.1])
    with pytest.raises(AlphabetError, match="alphabets of 2 and of 3 symbols share none"):
        shared_posteriors(first, second)
