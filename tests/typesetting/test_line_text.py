"""What is written on synthetic lines."""

import copy
import pickle
import re
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateviz.errors import AlphabetError
from gateviz.typesetting.alphabets import CHINESE_PUNCTUATION, named_symbols
from gateviz.typesetting.line_text import LineText, english_words

BUNDLED = named_symbols("bundled")
IDENTITY = "0123456789X"
ALPHABETS = {
    "bundled": BUNDLED,
    "ascii": named_symbols("ascii"),
    "digits": named_symbols("digits"),
    "identity": IDENTITY,
    "capitals": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
    "letters without a space": "abcdefghijklmnopqrstuvwxyz",
    "chinese without ascii": (*named_symbols("chinese-punctuation"), *named_symbols("gb2312-1")),
    "chinese and digits": (*named_symbols("digits"), *named_symbols("gb2312-1")),
    "three letters": "abc ",
    "marks": "+-=",
    "few ideographs": "的一是不了人我在有",
    "kana": "あいうえお",
    "one": "7",
    "other scripts": "αβγ 🙂é",
}


@pytest.fixture(scope="module")
def texts():
    return {name: LineText(symbols) for name, symbols in ALPHABETS.items()}


@pytest.fixture(scope="module")
def bundled(texts):
    return texts["bundled"]


def lines(text, script, count, length=24, seed=0):
    rng = np.random.default_rng(seed)
    return [text.draw(rng, script, length) for _ in range(count)]


def test_the_scripts_are_those_that_the_symbols_write(texts):
    assert {name: text.scripts for name, text in texts.items()} == {
        "bundled": ("latin", "chinese", "mixed", "number"),
        "ascii": ("latin", "number"),
        "digits": ("number",),
        "identity": ("number",),
        "capitals": ("latin", "number"),
        "letters without a space": ("latin",),
        "chinese without ascii": ("chinese",),
        "chinese and digits": ("chinese", "mixed", "number"),
        "three letters": ("latin",),
        "marks": ("latin",),
        "few ideographs": ("chinese",),
        "kana": ("chinese",),
        "one": ("number",),
        "other scripts": ("latin",),
    }


@settings(max_examples=250)
@given(name=st.sampled_from(sorted(ALPHABETS)), which=st.integers(0, 4), length=st.integers(1, 60), seed=st.integers(0))
def test_every_line_holds_to_the_promises(texts, name, which, length, seed):
    text = texts[name]
    script = (*text.scripts, "uniform")[which % (len(text.scripts) + 1)]
    line = text.draw(np.random.default_rng(seed), script, length)
    assert 1 <= len(line) <= length
    assert set(line) <= set(ALPHABETS[name])
    assert line == line.strip(" ")
    assert "  " not in line
    assert line == text.draw(np.random.default_rng(seed), script, length)


def test_lines_are_about_as_long_as_asked(bundled):
    for script, share in (("latin", 0.9), ("chinese", 0.97), ("mixed", 0.95), ("number", 0.75)):
        mean = np.mean([len(line) for line in lines(bundled, script, 300)])
        assert 24 * share < mean <= 24, script


def test_uniform_lines_hold_every_symbol_of_the_alphabet(bundled):
    assert set("".join(lines(bundled, "uniform", 700, length=100))) == set(BUNDLED)


def test_the_uniform_share_is_what_makes_rare_characters_come():
    always, never = LineText(BUNDLED, uniform_share=1.0), LineText(BUNDLED, uniform_share=0.0)
    random, natural = ("".join(lines(text, "chinese", 500)) for text in (always, never))
    assert len(set(random)) > 3500
    assert len(set(natural)) < 2500
    # Where all come alike the most frequent word is no more than any other.
    assert random.count("的") * 5 < natural.count("的")


def test_latin_lines_have_a_smaller_share_of_random_strings():
    # No text has these letters, and every random string of some length has.
    strange = set(map(chr, range(0xC0, 0x180))) - set("×÷")
    shares = {}
    for share in (0.0, 0.5):
        text = LineText((*named_symbols("ascii"), *strange), uniform_share=share)
        shares[share] = np.mean([not strange.isdisjoint(line) for line in lines(text, "latin", 1000)])
    assert shares[0.0] == 0
    assert shares[0.5] == pytest.approx(0.5 * 0.3, abs=0.04)


def test_every_printable_ascii_symbol_is_often_enough_on_latin_lines(bundled):
    drawn = "".join(lines(bundled, "latin", 3000))
    count = Counter(drawn)
    rare = {symbol: count[symbol] for symbol in named_symbols("ascii") if count[symbol] < 3e-4 * len(drawn)}
    assert rare == {}


def test_the_marks_of_chinese_are_often_enough_on_chinese_lines(bundled):
    drawn = "".join(lines(bundled, "chinese", 4000))
    count = Counter(drawn)
    rare = {mark: count[mark] for mark in CHINESE_PUNCTUATION if count[mark] < 1e-4 * len(drawn)}
    assert rare == {}
    assert count["，"] > count["。"] > count["！"]


def test_latin_lines_are_words_in_their_cases_with_marks_and_code_between(bundled):
    drawn = lines(LineText(BUNDLED, uniform_share=0.0), "latin", 2500, length=60)
    joined = "\n".join(drawn)
    assert joined.count(" the ") > 20
    for pattern in (
        r"[a-z]{2,}, [a-z]{2,}",
        r"[a-z]{2,}\. [A-Z][a-z]+",
        r"\b[A-Z]{4,} [A-Z]{4,}\b",
        r"\([a-z]+",
        r'"[a-z]+',
        r"[a-z]+-[a-z]+",
        r"[a-z]+/[a-z]+",
        r"[a-z]+'s\b",
        r"[a-z]+_[a-z]+",
        r"--[a-z]+",
        r"`[a-z]+`",
        r"[a-z]+\.py\b",
        r"[a-z]+@[a-z]+\.",
        r"https?://",
        r"[A-Z][a-z]+[A-Z][a-z]+",
        r"\d+ [A-Z][a-z]+ (Street|Road|Avenue)",
        r"e\.g\.",
        r"(ll|ss|oo|tt)",
        r"“[a-z]+",
    ):
        assert re.search(pattern, joined), pattern


def test_chinese_lines_are_words_and_clauses_with_numbers_dates_and_addresses(bundled):
    drawn = lines(LineText(BUNDLED, uniform_share=0.0), "chinese", 1500, length=40)
    joined = "\n".join(drawn)
    for pattern in (
        r"\d{4}年\d+月\d+日",
        r"第\d+",
        r"\d％",
        r"《[一-鿿]+》",
        r"“[一-鿿]+”",
        r"（[一-鿿]+）",
        r"(省|市)[一-鿿]+市[一-鿿]+区",
        r"路\d+号",
        r"(.)\1(.)\2",
        r"我们",
        r"电话：",
    ):
        assert re.search(pattern, joined), pattern
    assert not any(re.match("[，。！？、：；）》”]", line) for line in drawn)
    assert not any(re.search("[（《“【]$", line) for line in drawn)
    assert not re.search("[，。、；：][，。、；：）》]", joined)
    doubled = sum(first == second for line in drawn for first, second in pairwise(line))
    assert doubled / len(joined) > 0.008


def test_mixed_lines_have_both_scripts_and_no_two_english_words_run_together():
    drawn = lines(LineText(BUNDLED, uniform_share=0.0), "mixed", 800, length=40)
    both = [line for line in drawn if re.search("[一-鿿]", line) and re.search("[A-Za-z0-9]", line)]
    assert len(both) > 760
    joined = "\n".join(drawn)
    for pattern in (
        r"[一-鿿][a-z]{3,}[一-鿿]",
        r"[一-鿿] [a-z]{3,} [一-鿿]",
        r"[a-z]，",
        r"[一-鿿], [一-鿿]",
        r"\d kg|\dkg",
    ):
        assert re.search(pattern, joined), pattern


def test_lines_start_and_stop_inside_words_as_well_as_at_their_ends():
    text = LineText(named_symbols("ascii"), uniform_share=0.0)
    drawn = lines(text, "latin", 1500)
    known = set(english_words(frozenset(named_symbols("ascii"))).items)
    firsts = [first for line in drawn if (first := line.split(" ")[0]).isalpha()]
    lasts = [last for line in drawn if (last := line.split(" ")[-1]).isalpha()]
    assert 0.75 < np.mean([first.lower() in known for first in firsts]) < 0.99
    assert 0.5 < np.mean([last.lower() in known for last in lasts]) < 0.97
    assert 0.1 < np.mean([first[0].isupper() for first in firsts]) < 0.7


def test_identity_numbers_come_whole_from_their_own_alphabet(texts):
    drawn = lines(texts["identity"], "number", 1500, length=18)
    whole = [line for line in drawn if re.fullmatch(r"\d{6}(19|20)\d{2}[01]\d[0-2]\d{4}[0-9X]", line)]
    assert len(whole) > 50
    assert any(line.endswith("X") for line in whole)
    assert "".join(drawn).count("X") > 1e-3 * sum(map(len, drawn))


def test_capitals_alone_write_words_in_capitals(texts):
    joined = "\n".join(lines(texts["capitals"], "latin", 400))
    assert re.search("THAT|WITH|HAVE", joined)


def test_where_too_few_words_fit_all_symbols_come_as_often(texts):
    for name in ("three letters", "marks", "few ideographs", "other scripts"):
        count = Counter("".join(lines(texts[name], texts[name].scripts[0], 400)).replace(" ", ""))
        visible = set(ALPHABETS[name]) - {" "}
        assert set(count) == visible
        assert max(count.values()) < 1.5 * min(count.values())


def test_nothing_but_the_generator_decides_and_a_copy_draws_the_same(bundled):
    twin = pickle.loads(pickle.dumps(bundled))  # noqa: S301
    for script in bundled.scripts:
        expected = lines(bundled, script, 20, seed=9)
        np.random.default_rng(1).random(3)
        assert lines(twin, script, 20, seed=9) == expected
        assert lines(copy.deepcopy(bundled), script, 20, seed=9) == expected
        assert lines(bundled, script, 20, seed=10) != expected


def test_the_order_and_repeats_of_symbols_do_not_matter_to_what_is_written():
    assert LineText("0011").symbols == ("0", "1")
    assert set("".join(lines(LineText("0011"), "number", 100))) == {"0", "1"}


def test_a_script_that_the_symbols_do_not_write_is_named():
    with pytest.raises(
        AlphabetError, match="a line of script 'chinese' was asked for, but these symbols write number and"
    ):
        LineText(IDENTITY).draw(np.random.default_rng(0), "chinese", 5)


def test_a_length_below_one_is_named():
    with pytest.raises(AlphabetError, match="a line of 0 code points was asked for; give at least 1"):
        LineText(IDENTITY).draw(np.random.default_rng(0), "number", 0)


@pytest.mark.parametrize("symbols", ["", " "])
def test_an_alphabet_that_writes_nothing_is_named(symbols):
    with pytest.raises(AlphabetError, match="no symbol to write a line with; give at least one besides the space"):
        LineText(symbols)


def test_symbols_of_several_code_points_are_named():
    with pytest.raises(AlphabetError, match="the symbols 'ffi', '' are not one code point each"):
        LineText(["a", "ffi", ""])


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_a_share_that_is_none_is_named(share):
    with pytest.raises(AlphabetError, match=r"uniform_share is .*; give a share from 0 to 1"):
        LineText("01", uniform_share=share)
