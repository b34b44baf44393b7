"""Words of strangers in a line, on a terminal and in JSON."""

import json
import unicodedata

import pytest

from gateviz.files.json_text import json_text
from gateviz.files.printable import one_line, printable, printable_lines

HARMLESS = [
    "plain",
    "שלום עולם",
    "مرحبا بالعالم",
    "中文，。",
    "é e\u0301",
    "👩\u200d👩\u200d👧",
    "\u200fא\u200e",
    "a\\nb",
    "\u00a0\u3000",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_text_of_any_script_stays_as_it_is(text):
    assert printable(text) == printable_lines(text) == text
    assert one_line(text) == text.strip()


def test_nothing_of_a_string_of_all_characters_steers_a_terminal():
    shown = printable("".join(map(chr, range(0x110000))))
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    shown.encode()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;pwn\x07", "\\x1b]0;pwn\\x07"),
        ("a\tb\r\nc", "a\\tb\\r\\nc"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("latin\udce9.png", "latin\\xe9.png"),
        ("\ud800", "\\ud800"),
        ("\u2028", "\\u2028"),
    ],
)
def test_what_steers_is_shown_by_its_code(text, shown):
    assert printable(text) == shown


def test_lines_stay_lines_where_there_are_several():
    assert printable_lines("a\tb\nc\x1b\r") == "a\tb\nc\\x1b\\r"


def test_a_message_is_one_line():
    assert one_line("it does not fit:\n\tkey a\n\tkey b\n") == "it does not fit: key a key b"
    assert one_line("the image new\nline.png is not there") == "the image new\\nline.png is not there"


@pytest.mark.parametrize("ascii_only", [False, True])
def test_json_says_exactly_what_was_given(ascii_only):
    # Low halves of surrogate pairs before the high ones: the other way round JSON reads them as one character.
    numbers = [*range(0xD800), *range(0xDC00, 0xE000), *range(0xD800, 0xDC00), *range(0xE000, 0x110000)]
    value = {"all": "".join(map(chr, numbers)), "numbers": [1, 2.5, None, True]}
    text = json_text(value, ascii_only=ascii_only)
    assert json.loads(text) == value
    assert not [c for c in text if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
    text.encode("ascii" if ascii_only else "utf-8")
    assert ("é" in text) is not ascii_only


def test_json_has_no_word_for_infinity_unless_it_is_asked_for():
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text([float("inf")])
    assert json_text([float("inf")], infinite=True) == "[Infinity]"
