"""Symbols to labels and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateviz.data.alphabet import Alphabet
from gateviz.data.emission import Emission
from gateviz.errors import AlphabetError

# Code points, one of them combining and one beyond the basic plane, and longer symbols.
SINGLE = "ab ∅字é\u0301𠮷"
LONG = ("ffi", "ﬁ", "字字", "e\u0301", "a\u200db")


@given(st.data())
def test_one_label_a_symbol_round_trips(data):
    symbols = data.draw(st.permutations(SINGLE))
    alphabet = Alphabet.from_symbols(symbols, blank=data.draw(st.integers(0, len(symbols))))
    text = data.draw(st.text(SINGLE, max_size=12))
    labels = alphabet.encode(text)
    assert len(labels) == len(text)
    assert alphabet.blank not in labels
    assert alphabet.text(labels) == text
    assert alphabet.decode(labels) == [(symbol, place, place + 1) for place, symbol in enumerate(text)]
    assert [alphabet.symbol(label) for label in labels] == list(text)


@given(st.data())
def test_codes_of_one_length_round_trip(data):
    # Two labels a symbol, all different: nothing can be read in two ways.
    symbols = (*SINGLE.replace("\u0301", ""), *LONG)
    labels = st.tuples(st.integers(1, 6), st.integers(1, 6))
    codes = data.draw(st.lists(labels, min_size=len(symbols), max_size=len(symbols), unique=True))
    alphabet = Alphabet(symbols, tuple(codes), 0, 7)
    text = "".join(data.draw(st.lists(st.sampled_from(symbols), max_size=8)))
    found = alphabet.decode(alphabet.encode(text))
    assert [symbol for symbol, _, _ in found] == alphabet.split(text)
    assert [(start, stop) for _, start, stop in found] == [(2 * place, 2 * place + 2) for place in range(len(found))]
    assert alphabet.text(alphabet.encode(text)) == text


@given(st.data())
def test_codes_that_none_begins_round_trip(data):
    # First label 1 to 3: a code of that many labels; no code is the beginning of another.
    alphabet = Alphabet(("字", "ffi", "x"), ((1,), (2, 1), (3, 3, 2)), 0, 4)
    symbols = data.draw(st.lists(st.sampled_from(alphabet.symbols), max_size=8))
    assert alphabet.text(alphabet.encode("".join(symbols))) == "".join(symbols)
    assert alphabet.longest_code == 3


@given(st.data())
def test_any_labels_decode_to_codes_in_order(data):
    alphabet = Alphabet(("x", "y", "zz"), ((1, 2), (1,), (2, 1, 3)), 0, 5)
    labels = data.draw(st.lists(st.integers(1, 4), max_size=10))
    before = 0
    for symbol, start, stop in alphabet.decode(labels):
        assert before <= start < stop <= len(labels)
        assert tuple(labels[start:stop]) == alphabet.code(symbol)
        before = stop


def test_the_longest_code_and_the_longest_symbol_win():
    alphabet = Alphabet(("a", "b", "ab"), ((1,), (2,), (3,)), 0, 4)
    assert alphabet.split("abba") == ["ab", "b", "a"]
    coded = Alphabet(("x", "y", "z"), ((1,), (2,), (1, 2)), 0, 3)
    assert coded.decode([1, 2, 2, 1]) == [("z", 0, 2), ("y", 2, 3), ("x", 3, 4)]


def test_labels_that_spell_nothing_are_left_out():
    alphabet = Alphabet(("x",), ((1, 2),), 0, 4)
    assert alphabet.decode([2, 1, 2, 1, 3]) == [("x", 1, 3)]
    assert alphabet.symbol(1) == "‹1›"
    assert alphabet.symbol(0) == "∅"


def test_the_first_of_two_symbols_with_one_code_is_read():
    alphabet = Alphabet(("x", "X"), ((1,), (1,)), 0, 2)
    assert alphabet.encode("xX") == [1, 1]
    assert alphabet.text([1, 1]) == "xx"


def test_the_blank_may_stand_anywhere():
    assert Alphabet.from_symbols("abc", blank=0).encode("abc") == [1, 2, 3]
    assert Alphabet.from_symbols("abc", blank=1).encode("abc") == [0, 2, 3]
    assert Alphabet.from_symbols("abc", blank=3).encode("abc") == [0, 1, 2]


def test_all_unknown_symbols_are_named():
    alphabet = Alphabet.from_symbols("ab", blank=0)
    with pytest.raises(AlphabetError) as raised:
        alphabet.encode("axbyx")
    assert str(raised.value) == "the text 'axbyx' has 'x', 'y', not among the alphabet's 2 symbols"
    with pytest.raises(AlphabetError, match="'q' is not among the alphabet's 2 symbols"):
        alphabet.code("q")


@pytest.mark.parametrize(
    ("symbols", "codes", "blank", "classes", "words"),
    [
        (("a",), (), 0, 2, "an alphabet of 1 symbols was given 0 codes"),
        (("a",), ((1,),), 2, 2, "the blank 2 is no class of 2"),
        (("a",), ((1,),), -1, 2, "the blank -1 is no class of 2"),
        (("",), ((1,),), 0, 2, "an alphabet holds an empty symbol"),
        (("a", "a"), ((1,), (2,)), 0, 3, "the symbol 'a' stands twice in the alphabet"),
        (("a",), ((),), 0, 2, "the symbol 'a' is spelled (), which are not labels of 2 classes with blank 0"),
        (("a",), ((0,),), 0, 2, "the symbol 'a' is spelled (0,)"),
        (("a",), ((1, 2),), 0, 2, "the symbol 'a' is spelled (1, 2)"),
    ],
)
def test_alphabets_that_are_none(symbols, codes, blank, classes, words):
    with pytest.raises(AlphabetError, match=r"alphabet|blank|symbol") as raised:
        Alphabet(symbols, codes, blank, classes)
    assert words in str(raised.value)


def test_an_emission_and_its_alphabet_agree_on_the_classes():
    alphabet = Alphabet.from_symbols("ab", blank=0)
    assert Emission(np.zeros((5, 3), dtype=np.float32), alphabet).frame_count == 5
    with pytest.raises(AlphabetError, match="the emission has 4 classes and the alphabet 3 "):
        Emission(np.zeros((5, 4), dtype=np.float32), alphabet)
