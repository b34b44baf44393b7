import pytest

from gateviz.adapters.tesseract.cursor import Cursor
from gateviz.adapters.tesseract.model import alphabet_of, read_recoder, read_unicharset
from gateviz.errors import CheckpointError


def cursor(data):
    return Cursor(data, "character list")


def alphabet(characters, codes, *, null_char=9, class_count=10):
    return alphabet_of(characters, codes, null_char=null_char, class_count=class_count, cursor=cursor(b""))


def test_characters_are_first_fields_and_null_is_the_space():
    text = "5\nNULL 0 Common 0\nJoined 7 x\n|Broken|0|1 f y\né 3 z\n\ue003 1 w"
    assert read_unicharset(cursor(text.encode())) == (" ", "", "", "é", "ct")


def test_special_names_are_special_only_at_their_places():
    assert read_unicharset(cursor(b"2\nJoined 1\nJoined 1\n")) == ("Joined", "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "the number of characters is missing"),
        (b"x\n", "does not begin with a number"),
        (b"1000\na\n", "1000 characters are announced and 2 bytes are left"),
        (b"2\na\n", "character 1 of 2 is missing"),
        (b"2\n\nb\n", "line 0 of 2 characters is empty"),
        (b"1\n\xff\n", "character 0 of 1 is not UTF-8"),
    ],
)
def test_damaged_lists_are_refused(text, words):
    with pytest.raises(CheckpointError) as caught:
        read_unicharset(cursor(text))
    assert words in str(caught.value)


def test_codes_of_more_than_nine_classes_are_refused(writing):
    with pytest.raises(CheckpointError, match="code 1 of 2 has 10 classes, more than 9"):
        read_recoder(cursor(writing.Writer().recoder([(1,), tuple(range(10))])))


def test_characters_of_several_classes_decode_longest_first():
    words = alphabet((" ", "a", "字", "b"), ((0,), (1,), (3, 1), (2,)))
    assert words.text([1, 3, 1, 2, 0, 1]) == "a字b a"
    assert words.longest_code == 2


def test_of_characters_that_share_a_code_the_last_is_written():
    words = alphabet((" ", "-", "‐", "–"), ((0,), (1,), (1,), (2,)))
    assert words.text([1, 2]) == "‐–"
    assert words.code("-") == (1,)


def test_a_character_that_stands_twice_keeps_one_place():
    words = alphabet((" ", "é", "é"), ((0,), (1,), (2,)))
    assert words.symbols.count("é") == 1


def test_characters_spelled_with_the_null_are_left_out():
    words = alphabet((" ", "x", "a", ""), ((0,), (9,), (1,), (2,)))
    assert words.symbols == (" ", "a")


def test_codes_outside_the_network_are_refused():
    with pytest.raises(CheckpointError, match=r"character 1 is spelled \(12,\) in a network of 10 classes"):
        alphabet((" ", "a"), ((0,), (12,)))
    with pytest.raises(CheckpointError, match="the null character is class 10 of 10"):
        alphabet((" ",), ((0,),), null_char=10)
    with pytest.raises(CheckpointError, match="spells nothing"):
        alphabet(("",), ((0,),))
