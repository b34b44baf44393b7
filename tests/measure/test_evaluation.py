"""Rates over many lines, by group, and the mistakes counted."""

import math

import numpy as np
import pytest

from gateviz.errors import SelectionError
from gateviz.measure.evaluation import Evaluation, FailedLine, ReadLine, length_group
from gateviz.measure.jackknife import Jackknife
from gateviz.measure.span_error import span_errors

LINES = (
    ReadLine("hello all", "helo al", "a", "latin", "Serif"),
    ReadLine("未来", "末来", "b", "chinese", "Song", outside=("未",)),
    ReadLine("in 2024", "in 2024", "c", "mixed", "Serif"),
    ReadLine("1O1", "1011", "d"),
)


def with_spans(width, *errors, script="latin"):
    columns = np.array([[20.0 * place, 20.0 * place + width] for place in range(len(errors))])
    return ReadLine("x" * len(errors), "", script=script, spans=span_errors(columns + np.array(errors), columns))


def test_rates_are_sums_over_sums():
    score = Evaluation(LINES).total
    assert score.lines == 4
    assert (score.cer.total, score.cer.of) == (2 + 1 + 0 + 2, 9 + 2 + 7 + 3)
    assert (score.word_accuracy.total, score.word_accuracy.of) == (0 + 0 + 2 + 0, 2 + 1 + 2 + 1)
    assert (score.line_accuracy.total, score.line_accuracy.of) == (1, 4)
    assert (score.substitutions.total, score.deletions.total, score.insertions.total) == (2, 2, 1)
    assert (score.lost_repeats.total, score.lost_repeats.of) == (2, 2)
    assert (score.outside.total, score.outside.of) == (1, 21)
    assert score.cer.low < score.cer.value < score.cer.high
    assert score.spans is None


def test_symbols_that_the_alphabet_does_not_have_count_as_mistakes_too():
    evaluation = Evaluation((ReadLine("a未b", "ab", outside=("未",)),))
    assert evaluation.total.cer.value == evaluation.total.outside.value == 1 / 3
    assert evaluation.outside == {"未": 1}


def test_groups_are_in_an_order_that_people_expect():
    evaluation = Evaluation(LINES)
    assert {name: score.cer.total for name, score in evaluation.by("script").items()} == {
        "chinese": 1,
        "latin": 2,
        "mixed": 0,
        "unknown": 2,
    }
    assert list(evaluation.by("font")) == ["Serif", "Song", "unknown"]
    lengths = Evaluation(tuple(ReadLine("x" * count, "") for count in (100, 12, 3, 4, 80, 5)))
    assert [(name, score.lines) for name, score in lengths.by("length").items()] == [
        ("1–4", 2),
        ("5–9", 1),
        ("10–19", 1),
        ("80+", 2),
    ]


@pytest.mark.parametrize(
    ("symbols", "group"), [(0, "0"), (1, "1–4"), (4, "1–4"), (5, "5–9"), (79, "40–79"), (80, "80+"), (9999, "80+")]
)
def test_groups_by_length(symbols, group):
    assert length_group(symbols) == group


def test_groups_of_a_whole_are_the_whole():
    evaluation = Evaluation(LINES)
    for grouping in ("script", "font", "length"):
        scores = evaluation.by(grouping).values()
        assert sum(score.cer.total for score in scores) == evaluation.total.cer.total
        assert sum(score.cer.of for score in scores) == evaluation.total.cer.of


def test_what_is_known_of_the_lines():
    assert [Evaluation(LINES).knows(name) for name in ("script", "font", "length")] == [True] * 3
    assert [Evaluation(LINES[3:]).knows(name) for name in ("script", "font", "length")] == [False, False, True]


def test_another_grouping_is_refused():
    with pytest.raises(SelectionError, match="lines cannot be grouped by 'color'; choose one of script, length, font"):
        Evaluation(LINES).by("color")


def test_mistakes_are_counted_over_all_lines_most_frequent_first():
    evaluation = Evaluation((*LINES, ReadLine("O", "0"), ReadLine("全", "")))
    assert list(evaluation.mistakes.items()) == [
        (("O", "0"), 2),
        (("l", ""), 2),
        (("", "1"), 1),
        (("全", ""), 1),
        (("未", "末"), 1),
    ]
    assert evaluation.lost_repeats == {"l": 2}


def test_the_worst_lines_are_those_with_most_edits_for_their_length():
    assert [line.name for line in Evaluation(LINES).worst(2)] == ["d", "b"]
    assert [line.name for line in Evaluation(LINES).worst(10)] == ["d", "b", "a"], "a line read right is not bad"


def test_span_errors_are_means_over_symbols_of_absolute_values():
    lines = (with_spans(10.0, (2.0, -2.0), (-1.0, 1.0)), with_spans(5.0, (3.0, 1.0), script="number"), LINES[0])
    evaluation = Evaluation(lines)
    spans = evaluation.total.spans
    assert spans.left.value == pytest.approx((2 + 1 + 3) / 3)
    assert spans.right.value == pytest.approx((2 + 1 + 1) / 3)
    assert spans.center.value == pytest.approx((0 + 0 + 2) / 3)
    assert spans.left_share.value == pytest.approx((0.2 + 0.1 + 0.6) / 3)
    assert spans.right_share.value == pytest.approx((0.2 + 0.1 + 0.2) / 3)
    assert spans.center_share.value == pytest.approx(0.4 / 3)
    assert spans.width.value == pytest.approx(25 / 3)
    assert evaluation.by("script")["number"].spans.center.value == 2.0
    assert evaluation.spans.count == 3


def test_a_symbol_without_width_has_no_error_as_a_share_of_it():
    spans = Evaluation((with_spans(0.0, (1.0, 1.0)), with_spans(10.0, (1.0, 1.0)))).total.spans
    assert (spans.left.value, spans.left.of) == (1.0, 2.0)
    assert (spans.left_share.value, spans.left_share.of) == (0.1, 1.0)


def test_without_lines_there_are_no_rates():
    evaluation = Evaluation((), (FailedLine("a.png", "gone"),))
    assert evaluation.total.lines == 0
    assert math.isnan(evaluation.total.cer.value)
    assert evaluation.by("script") == {}
    assert evaluation.mistakes == {}
    assert evaluation.worst(3) == []


def test_the_interval_is_of_the_level_that_was_given():
    narrow = Evaluation(LINES, jackknife=Jackknife(level=0.2)).total.cer
    wide = Evaluation(LINES).total.cer
    assert wide.low <= narrow.low <= narrow.high <= wide.high
    assert wide.high - wide.low > narrow.high - narrow.low
