"""What is counted right and wrong on one line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateviz.measure.edit_distance import edit_distance
from gateviz.measure.reading import line_score

TEXTS = st.text(alphabet="ab 中", max_size=12)


@given(TEXTS, TEXTS)
def test_the_mistakes_are_the_edits_and_explain_the_lengths(truth, reading):
    score = line_score(truth, reading)
    assert score.edits == edit_distance(truth, reading)
    assert score.edits == score.substitutions + score.deletions + score.insertions
    assert len(reading) == len(truth) - score.deletions + score.insertions
    assert score.right == (truth == reading) == (score.edits == 0)
    assert len(score.lost_repeats) <= min(score.deletions, score.repeats)
    assert 0 <= score.right_words <= score.words == len(truth.split())


def test_a_mistake_says_what_is_written_and_what_was_read():
    assert line_score("cold 未", "c0d 末!").mistakes == (("o", "0"), ("l", ""), ("未", "末"), ("", "!"))


@pytest.mark.parametrize(
    ("truth", "reading", "lost"),
    [
        ("hello", "helo", ("l",)),
        ("balloon", "balon", ("l", "o")),
        ("哈哈哈", "哈", ("哈", "哈")),
        ("hello", "heo", ()),  # the whole run is gone: not what CTC does to a double
        ("hello", "heio", ()),  # nor is this
        ("helo", "heo", ()),
        ("hello", "hello", ()),
        ("a  b", "a b", (" ",)),
        ("1001", "101", ("0",)),
    ],
)
def test_lost_doubled_letters_are_those_of_which_one_was_read(truth, reading, lost):
    assert line_score(truth, reading).lost_repeats == lost


def test_repeats_are_the_symbols_after_an_equal_one():
    assert line_score("bookkeeper", "").repeats == 3
    assert line_score("aaaa", "").repeats == 3
    assert line_score("abab", "").repeats == 0


@pytest.mark.parametrize(
    ("truth", "reading", "right", "words"),
    [
        ("the cat sat", "the cat sat", 3, 3),
        ("the cat sat", "the sat", 2, 3),
        ("the cat sat", "thecat sat", 1, 3),
        ("the cat", "the big cat", 2, 2),
        ("the  cat ", "the cat", 2, 2),
        ("the cat.", "the cat", 1, 2),
        ("未来的人", "未来的人", 1, 1),
        ("未来的人", "末来的人", 0, 1),
        ("中文 and English", "中文 and Eng1ish", 2, 3),
        (" ", "a", 0, 0),
    ],
)
def test_words_are_what_whitespace_separates(truth, reading, right, words):
    score = line_score(truth, reading)
    assert (score.right_words, score.words) == (right, words)


def test_nothing_is_normalized():
    assert line_score("café，", "cafe\u0301,").edits == 3
    assert line_score("Case", "case").edits == 1
