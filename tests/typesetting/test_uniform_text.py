"""Random strings: which symbols belong to which script."""

import re

import numpy as np
import pytest

from gateviz.typesetting.dice import Dice
from gateviz.typesetting.uniform_text import UniformText


def written(text, script, count=300):
    dice = Dice(np.random.default_rng(0))
    return [text.line(dice, script, 12) for _ in range(count)]


@pytest.mark.parametrize(
    ("symbols", "english", "expected"),
    [
        (
            "ab01.; 的是，“",
            True,
            {
                "latin": "ab01.; ",
                "chinese": "的是，“",
                "mixed": "ab01.; 的是，“",
                "number": "01. ",
                "uniform": "ab01.; 的是，“",
            },
        ),
        ("01X", False, {"number": "01X", "uniform": "01X"}),
        ("01的", False, {"number": "01", "chinese": "的", "mixed": "01的", "uniform": "01的"}),
        ("ab“", True, {"latin": "ab“", "uniform": "ab“"}),
        ("01a，", False, {"number": "01a，", "uniform": "01a，"}),
        ("的。αβ", False, {"chinese": "的。", "mixed": "的。αβ", "uniform": "的。αβ"}),
        ("+-", False, {"latin": "+-", "uniform": "+-"}),
        ("あい", False, {"chinese": "あい", "uniform": "あい"}),
        ("〇", False, {"chinese": "〇", "uniform": "〇"}),
    ],
)
def test_each_script_holds_all_of_its_symbols_and_no_symbol_is_left_out(symbols, english, expected):
    text = UniformText(symbols, english=english)
    assert {*text.scripts, "uniform"} == set(expected)
    assert {script: set("".join(written(text, script))) for script in expected} == {
        script: set(own) for script, own in expected.items()
    }


def test_the_longest_is_kept_and_no_space_is_at_an_end_or_doubled():
    text = UniformText("abcdef ", english=True)
    drawn = written(text, "latin", 1000)
    assert max(map(len, drawn)) == 12
    assert min(map(len, drawn)) == 11
    assert not any(line.startswith(" ") or line.endswith(" ") or "  " in line for line in drawn)
    assert any(" " in line for line in drawn)


def test_symbols_come_alike_and_doubled_more_often_than_by_chance():
    symbols = "".join(map(chr, range(0x4E00, 0x4E00 + 400)))
    joined = "".join(written(UniformText(symbols, english=False), "chinese", 2000))
    counts = np.array([joined.count(symbol) for symbol in symbols])
    assert counts.min() > 25
    assert counts.max() < 110
    assert 0.03 < len(re.findall(r"(?=(.)\1)", joined)) / len(joined) < 0.07


def test_mixed_strings_come_in_runs_of_one_script():
    text = UniformText("ab的是", english=True)
    kinds = ["".join("L" if symbol in "ab" else "C" for symbol in line) for line in written(text, "mixed", 1000)]
    changes = np.mean([kind.count("LC") + kind.count("CL") for kind in kinds])
    assert 1.0 < changes < 2.2


def test_what_is_spare_always_fits():
    text = UniformText("7-", english=False)
    dice = Dice(np.random.default_rng(0))
    spares = {text.spare(dice) for _ in range(200)}
    assert set("".join(spares)) == {"7", "-"}
    assert {len(spare) for spare in spares} == set(range(1, 9))
