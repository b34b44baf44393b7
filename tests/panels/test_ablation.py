"""The page of a study of interventions, and its figure's artists."""

import math

import numpy as np
import pytest

from gateviz.errors import ShapeError
from gateviz.panels.ablation import BARS, EffectPoint, ablation_page, rank_correlation
from gateviz.plot.ablation import interventions


def points(count, selectivity=True):
    return [
        EffectPoint(f"0.forward unit {n}", "0.forward", n / 10, n / 20, n / 5, n / count if selectivity else math.nan)
        for n in range(count)
    ]


def page(made):
    return ablation_page(
        made, title="held", effect_label="nats", event="within blank", lines="7 lines, all with a true text"
    )


def test_the_strongest_stand_on_top_and_all_in_the_scatter():
    made = page(points(20))
    assert [bar.label for bar in made.bars[:2]] == ["0.forward unit 19", "0.forward unit 18"]
    assert len(made.bars) == BARS
    assert len(made.points) == 20
    assert made.remark.startswith("7 lines, all with a true text. Bars are 95 % intervals")
    assert page(points(5, selectivity=False)).points == ()
    with pytest.raises(ShapeError, match="needs at least one group of units"):
        page([])


def test_rank_correlation_by_hand():
    first, second = np.array([1.0, 2, 3, 4]), np.array([1.0, 3, 2, 4])
    assert rank_correlation(first, second) == pytest.approx(0.8)
    assert math.isnan(rank_correlation(first, np.ones(4)))
    assert math.isnan(rank_correlation(first[:2], second[:2]))


def test_the_figure_shows_every_number_inside_its_axes():
    figure = interventions(page(points(20)))
    bars, scatter = figure.axes
    assert next(label.get_text() for label in bars.get_yticklabels()) == "0.forward unit 19"
    drawn = [line for line in bars.lines if len(line.get_xdata()) == 2]
    assert drawn[0].get_xdata() == pytest.approx([19 / 20, 19 / 5])
    assert bars.get_xlim()[1] > 19 / 5
    dots = next(line for line in scatter.lines if len(line.get_xdata()) == 20)
    assert dots.get_ydata() == pytest.approx([n / 10 for n in range(20)])
    assert scatter.get_ylim()[1] > 1.9
    assert len(interventions(page(points(5, selectivity=False))).axes) == 1
