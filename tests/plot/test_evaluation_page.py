"""What the figure of an evaluation shows."""

import numpy as np
import pytest

from gateviz.errors import SelectionError
from gateviz.measure.evaluation import Evaluation, ReadLine
from gateviz.measure.jackknife import FEW
from gateviz.measure.span_error import span_errors
from gateviz.plot.evaluation_page import BINS, GROUPS, MISTAKES, evaluation_page

LINES = (
    *[ReadLine("hello", "helo", script="latin", font="Serif")] * 3,
    ReadLine("heel", "hel", script="latin", font="Serif"),
    ReadLine("未来", "末来", script="chinese", font="Song"),
    *[ReadLine("12", "12", script="number", font="Serif")] * FEW,
)


def test_rates_are_in_percent_with_their_intervals():
    evaluation = Evaluation(LINES)
    panel = evaluation_page(evaluation).rates
    assert [group.title for group in panel.groups] == ["", "by script", "by symbols", "by font"]
    whole = panel.groups[0].rows[0]
    cer = evaluation.total.cer
    assert (whole.label, whole.lines) == ("all lines", len(LINES))
    assert (whole.value, whole.low, whole.high) == (100 * cer.value, 100 * cer.low, 100 * cer.high)
    assert [(row.label, row.value, row.few) for row in panel.groups[1].rows] == [
        ("chinese", 50.0, True),
        ("latin", 100 * (4 / 19), True),
        ("number", 0.0, False),
    ]
    rows = [row for group in panel.groups for row in group.rows]
    # A single line has no interval, and its rate is on the axis all the same.
    assert panel.stop == pytest.approx(1.05 * max(row.value if row.high != row.high else row.high for row in rows))
    assert panel.stop >= 1.05 * 50
    assert panel.axis_label == "edits per 100 symbols, 95 % interval over lines"
    assert panel.remark == f"hollow: fewer than {FEW} lines, interval holds less"


def test_only_what_is_known_is_grouped_unless_it_is_asked_for():
    evaluation = Evaluation((ReadLine("ab", "ab"),) * FEW)
    panel = evaluation_page(evaluation).rates
    assert [group.title for group in panel.groups] == ["", "by symbols"]
    assert panel.remark == ""
    assert panel.stop == 1.0, "an axis has a length also where there is no mistake"
    asked = evaluation_page(evaluation, groupings=["font"]).rates
    assert [(group.title, [row.label for row in group.rows]) for group in asked.groups[1:]] == [
        ("by font", ["unknown"])
    ]
    with pytest.raises(SelectionError, match="lines cannot be grouped by 'color'"):
        evaluation_page(evaluation, groupings=["color"])


def test_of_too_many_groups_those_with_the_highest_rates_are_shown():
    count = GROUPS + 3
    lines = tuple(ReadLine("x" * 20, "x" * (20 - place), font=f"font {place:02d}") for place in range(count))
    group = evaluation_page(Evaluation(lines), groupings=["font"]).rates.groups[1]
    assert [row.label for row in group.rows] == [f"font {place:02d}" for place in range(count - 1, 2, -1)]
    assert group.left_out == 3


def test_mistakes_are_the_most_frequent_ones_with_the_doubled_letters_among_them():
    panel = evaluation_page(Evaluation(LINES)).mistakes
    assert [(row.written, row.read, row.count, row.doubled) for row in panel.rows] == [
        ("l", "", 3, 3),
        ("e", "", 1, 1),
        ("未", "末", 1, 0),
    ]
    assert panel.total == 5
    many = evaluation_page(Evaluation((ReadLine("abcdefghijklmnop", "ABCDEFGHIJKLMNOP"),))).mistakes
    assert len(many.rows) == MISTAKES
    assert many.axis_label == "times, of 16 mistakes"


def test_nothing_is_shown_of_what_there_is_not():
    page = evaluation_page(Evaluation((ReadLine("ab", "ab"),)))
    assert page.mistakes is None
    assert page.spread is None


def test_the_spread_of_spans_is_in_shares_of_symbols():
    rng = np.random.default_rng(4)
    columns = np.cumsum(rng.uniform(2, 20, (500, 2)).ravel()).reshape(-1, 2)
    errors = span_errors(columns + rng.normal([1.5, -2.0], 1.0, (500, 2)), columns)
    panel = evaluation_page(Evaluation((ReadLine("x" * 500, "", spans=errors),))).spread
    assert panel.curves_title == "mean error in px, as share of the width"
    assert len(panel.edges) == BINS + 1
    assert panel.edges[0] == -panel.edges[-1]
    assert [curve.label for curve in panel.curves] == [
        f"{name}: {np.abs(values).mean():.1f} px, {(np.abs(values) / errors.width).mean():.2f}"
        for name, values in (("center", errors.center), ("left edge", errors.left), ("right edge", errors.right))
    ]
    for curve, values in zip(panel.curves, (errors.center, errors.left, errors.right), strict=True):
        inside = (values >= panel.edges[0]) & (values <= panel.edges[-1])
        assert curve.shares.sum() == pytest.approx(100 * inside.mean())
        assert inside.mean() > 0.97
        middle = (panel.edges[:-1] + panel.edges[1:]) / 2
        assert (curve.shares @ middle) / curve.shares.sum() == pytest.approx(values[inside].mean(), abs=0.1)


def test_spans_without_an_error_have_an_axis_too():
    columns = np.array([[0.0, 4.0]])
    panel = evaluation_page(Evaluation((ReadLine("x", "x", spans=span_errors(columns, columns)),))).spread
    assert (panel.edges[0], panel.edges[-1]) == (-1.0, 1.0)
    assert panel.curves[0].shares.sum() == 100.0
