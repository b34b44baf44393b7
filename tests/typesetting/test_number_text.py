"""Numbers as documents write them."""

import re
from collections import Counter
from datetime import date as calendar_date

import numpy as np
import pytest

from gateviz.typesetting.dice import Dice
from gateviz.typesetting.number_text import (
    NUMBERS,
    NumberText,
    amount,
    date,
    decimal,
    identity,
    integer,
    percentage,
    postal_code,
    telephone,
    time,
    version,
)


def many(kind, count=400):
    dice = Dice(np.random.default_rng(0))
    return [kind(dice) for _ in range(count)]


def test_identity_numbers_have_a_birth_date_and_the_check_character_of_the_standard():
    numbers = many(identity)
    for number in numbers:
        assert re.fullmatch(r"[0-9]{17}[0-9X]", number)
        calendar_date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
        # ISO 7064 MOD 11-2: the number, its last character taken as 10 where it is X, is 1 modulo 11 by powers of 2.
        values = [10 if character == "X" else int(character) for character in number]
        assert sum(value * pow(2, 17 - place, 11) for place, value in enumerate(values)) % 11 == 1
    assert {number[-1] for number in numbers} == set("0123456789X")


@pytest.mark.parametrize(
    ("kind", "patterns"),
    [
        (
            date,
            [r"\d{4}-\d\d-\d\d", r"\d\d/\d\d/\d{4}", r"[A-Z][a-z]+ \d+, \d{4}", r"\d{8}", r"\d+ [A-Z][a-z]{2} \d{4}"],
        ),
        (time, [r"\d\d:\d\d", r"\d\d:\d\d:\d\d", r"\d+:\d\d ?(AM|PM|am|pm|a\.m\.|p\.m\.)"]),
        (amount, [r"\$[\d,]+\.\d\d", r"€[\d,]+(\.\d\d)?", r"[\d,]+(\.\d\d)? [A-Z]{3}", r"¥\d+.*"]),
        (percentage, [r"\d+%", r"[+-~]?\d+\.\d+%"]),
        (telephone, [r"1[3-9]\d{9}", r"\(\d{3}\) \d{3}-\d{4}", r"0\d+-\d{8}"]),
        (postal_code, [r"\d{6}", r"\d{5}", r"\d{5}-\d{4}"]),
        (decimal, [r"\d+\.\d+", r"[+-]\d+\.\d+", r"\d+\.\d+e[+-]\d\d"]),
        (version, [r"v?\d+\.\d+\.\d+", r"\d+\.\d+\.\d+\.\d+", r"0x[0-9a-f]{6}"]),
        (integer, [r"\d", r"\d{3}", r"\d{1,3}(,\d{3})+"]),
    ],
)
def test_each_way_to_write_a_kind_comes(kind, patterns):
    texts = many(kind)
    for pattern in patterns:
        assert any(re.fullmatch(pattern, text) for text in texts), pattern


def test_no_kind_has_spaces_at_its_ends_or_two_in_a_row():
    for _, kind in NUMBERS:
        for text in many(kind, 200):
            assert text and text == text.strip() and "  " not in text


def test_lines_of_numbers_fill_their_length_with_several_or_are_one():
    text = NumberText(frozenset(map(chr, range(32, 127))), lambda dice: "0")
    dice = Dice(np.random.default_rng(1))
    lengths = Counter(len(text.line(dice, 20)) for _ in range(400))
    assert max(lengths) == 20
    assert sum(count for length, count in lengths.items() if length >= 18) > 240
    assert sum(count for length, count in lengths.items() if length <= 10) > 40


def test_numbers_of_digits_only_are_joined_without_a_mark():
    text = NumberText(frozenset("0123456789"), lambda dice: "0")
    dice = Dice(np.random.default_rng(1))
    lines = [text.line(dice, 30) for _ in range(200)]
    assert all(line.isdigit() for line in lines)
    assert max(map(len, lines)) == 30
