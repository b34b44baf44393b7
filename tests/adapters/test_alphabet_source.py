"""The alphabet of a checkpoint that does not carry one."""

from pathlib import Path

import pytest

from gateviz.adapters.core.alphabets import find_alphabet
from gateviz.data.alphabet import Alphabet
from gateviz.errors import AlphabetError


def find(given, classes, tmp_path, *, blank=0, default=""):
    return find_alphabet(given, classes, blank=blank, checkpoint=tmp_path / "net.pth", default=default)


def written(tmp_path, content, name="symbols.txt"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    return path


def test_symbols_in_a_row(tmp_path):
    source = find("ab 字", 5, tmp_path)
    assert source.alphabet == Alphabet.from_symbols("ab 字", blank=0)
    assert source.words == "the alphabet 'ab 字', 4 symbols"
    assert find("ab", 3, tmp_path, blank=2).alphabet.codes == ((0,), (1,))


@pytest.mark.parametrize(
    ("content", "symbols"),
    [
        ("a\nb\nc\n", "abc"),
        ("a\r\nb\r\nc", "abc"),
        ("\ufeffabc\n", "abc"),
        ("abc", "abc"),
        ("a\n \nc\n", "a c"),
        ("ab \n", "ab "),
        ("blank\na\nb\nc\n", "abc"),
        ("a\nffi\n字\n", ("a", "ffi", "字")),
        ("ab\nc\n", "abc"),
    ],
)
def test_files(tmp_path, content, symbols):
    path = written(tmp_path, content)
    for given in (path, str(path)):
        assert find(given, 4, tmp_path).alphabet.symbols == tuple(symbols)


def test_a_file_taken_as_it_is_line_breaks_and_all(tmp_path):
    # Holmeyoung's alphabet is such a text: every second label is a line break, and no line break is ever read.
    source = find(written(tmp_path, "a\nb\nc\n"), 6, tmp_path)
    assert source.alphabet.symbols == ("a", "\n", "b", "c")
    assert source.alphabet.codes == ((1,), (4,), (3,), (5,))
    assert source.alphabet.class_count == 6
    assert source.alphabet.text([1, 2, 3]) == "ab"
    assert source.words.endswith("4 symbols (1 labels of repeated symbols spell nothing)")


def test_a_sidecar_comes_before_the_default(tmp_path):
    written(tmp_path, "xyz", "net.alphabet.txt")
    assert find(None, 4, tmp_path, default="abc").alphabet.symbols == ("x", "y", "z")
    assert find("abc", 4, tmp_path).alphabet.symbols == ("a", "b", "c")


def test_the_default_needs_the_right_number(tmp_path):
    source = find(None, 4, tmp_path, default="abc")
    assert source.alphabet.symbols == ("a", "b", "c")
    assert source.words == "the lineage's own 'abc', 3 symbols"
    with pytest.raises(
        AlphabetError, match=r"net\.pth has 5 classes \(4 symbols and the blank\) and does not say which"
    ):
        find(None, 5, tmp_path, default="abc")


def test_an_alphabet_object(tmp_path):
    alphabet = Alphabet.from_symbols("ab", blank=2)
    assert find(alphabet, 3, tmp_path).alphabet is alphabet
    with pytest.raises(AlphabetError, match="has 4 classes, so 3 symbols and the blank, and the alphabet given has 2"):
        find(alphabet, 4, tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a\nb\nc\n", "has 40 classes, so 39 symbols .* the alphabet file symbols.txt has 3 or 5 or 6 symbols"),
        ("\xe9".encode("latin-1"), "is not UTF-8"),
        ("", "has 40 classes"),
        (b" " * 5_000_000, "comes to 5,000,000 bytes, and at most 4,194,304 are read"),
    ],
)
def test_files_that_do_not_fit(tmp_path, content, words):
    with pytest.raises(AlphabetError, match=words):
        find(written(tmp_path, content), 40, tmp_path)


def test_a_path_without_a_file(tmp_path):
    for given in (Path("nowhere"), "nowhere/symbols.txt"):
        with pytest.raises(AlphabetError, match="there is no alphabet file nowhere"):
            find(given, 4, tmp_path)


def test_a_very_long_row_of_symbols_is_no_path(tmp_path):
    symbols = "".join(chr(0x4E00 + i) for i in range(7000))
    source = find(symbols, 7001, tmp_path)
    assert len(source.alphabet.symbols) == 7000
    assert len(source.words) < 100
