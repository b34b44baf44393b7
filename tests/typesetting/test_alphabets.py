"""Alphabets by name, from a file, from a string."""

import pytest

from gateviz.errors import AlphabetError
from gateviz.typesetting.alphabets import FREQUENT_LEVEL_2, NAMES, named_symbols, symbols_of


def test_the_first_level_of_gb_2312_is_what_the_standard_counts():
    symbols = named_symbols("gb2312-1")
    assert len(symbols) == len(set(symbols)) == 3755
    # By its first and last cell, and by a character that pinyin order puts in the middle.
    assert symbols[0] == "啊"
    assert symbols[-1] == "座"
    assert "好" in symbols
    assert "龘" not in symbols


def test_the_bundled_alphabet_has_all_that_is_promised_and_nothing_twice():
    symbols = named_symbols("bundled")
    assert len(symbols) == len(set(symbols)) >= 4000
    assert set(symbols) >= set(map(chr, range(32, 127))) | set("，。！？、：；（）《》“”") | set(
        named_symbols("gb2312-1")
    )


def test_the_frequent_characters_are_of_the_second_level():
    assert len(set(FREQUENT_LEVEL_2)) == 160
    for symbol in FREQUENT_LEVEL_2:
        assert 0xD8 <= symbol.encode("gb2312")[0] <= 0xF7


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_one_of_single_code_points(name):
    assert all(len(symbol) == 1 for symbol in named_symbols(name))


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(AlphabetError, match=r"no alphabet named 'greek'; there are digits, ascii"):
        named_symbols("greek")


def test_names_are_joined_and_symbols_that_several_have_come_once():
    assert symbols_of("digits+ascii") == (*"0123456789", *(s for s in map(chr, range(32, 127)) if not s.isdigit()))


def test_a_string_is_the_symbols_themselves():
    assert symbols_of("0123456789X") == tuple("0123456789X")


def test_a_file_has_one_symbol_a_line_or_all_in_a_row(tmp_path):
    rows, row = tmp_path / "rows.txt", tmp_path / "row.txt"
    rows.write_text("a\nb\n好\n", encoding="utf-8")
    row.write_text("ab好\n", encoding="utf-8")
    assert symbols_of(str(rows)) == symbols_of(str(row)) == ("a", "b", "好")


def test_a_symbol_given_twice_is_named():
    with pytest.raises(AlphabetError, match=r"the alphabet has 'a', 'b' more than once"):
        symbols_of("abcab")


def test_an_empty_alphabet_is_refused():
    with pytest.raises(AlphabetError, match="has no symbol"):
        symbols_of("")


def test_a_missing_file_and_one_that_is_no_utf_8_are_refused(tmp_path):
    with pytest.raises(AlphabetError, match="cannot be read"):
        symbols_of(str(tmp_path / "none.txt"))
    latin = tmp_path / "latin.txt"
    latin.write_bytes(b"\xe4\xf6")
    with pytest.raises(AlphabetError, match="is not UTF-8"):
        symbols_of(str(latin))
