"""The figure of what holding units does: its artists hold the result's numbers."""

import math

import numpy as np
import pytest

from gateviz.data.gates import Direction, Quantity
from gateviz.errors import ShapeError
from gateviz.measure.jackknife import Estimate
from gateviz.measure.selectivity import rank_correlation
from gateviz.studies.ablate.figure import BARS, ablate_figure
from gateviz.studies.ablate.request import AblateRequest, Intervention
from gateviz.studies.ablate.results import Ablation, Effect, UnitGroup
from gateviz.studies.account import Account, Truths


def found(count, selectivity=True):
    """Every next unit does more than the one before."""
    effects = [
        Effect(
            UnitGroup((0, Direction.FORWARD), np.arange(count) == n, f"unit {n}"), Estimate(n, 10, n / 20, n / 5),
            Estimate(0, 1, 0.0, 0.0), None, 0.0, n / count if selectivity else math.nan,
        )
        for n in range(count)
    ]  # fmt: skip
    account = Account(truths=Truths(7, 7, aligned=7))
    request = AblateRequest(Intervention(Quantity.FORGET_GATE, 0.0))
    return Ablation(request, account, tuple(effects), 7, 7, 0.0)


def test_the_strongest_stand_on_top_and_all_in_the_scatter():
    made = found(20)
    assert [effect.group.name for effect in made.ranking[:2]] == ["0.forward unit 19", "0.forward unit 18"]
    assert len(made.telling) == 20
    (remark,) = (text.get_text() for text in ablate_figure(made).texts if "intervals" in text.get_text())
    assert remark.replace("\n", " ").startswith("7 lines, all with a true text, 7 held. Bars are 95 % intervals")
    assert found(5, selectivity=False).telling == []
    with pytest.raises(ShapeError, match="needs at least one group of units"):
        ablate_figure(found(0))


def test_rank_correlation_by_hand():
    first, second = np.array([1.0, 2, 3, 4]), np.array([1.0, 3, 2, 4])
    assert rank_correlation(first, second) == pytest.approx(0.8)
    assert math.isnan(rank_correlation(first, np.ones(4)))
    assert math.isnan(rank_correlation(first[:2], second[:2]))


def test_the_figure_shows_every_number_inside_its_axes():
    figure = ablate_figure(found(20))
    bars, scatter = figure.axes
    labels = [label.get_text() for label in bars.get_yticklabels()]
    assert (labels[0], len(labels)) == ("0.forward unit 19", BARS)
    drawn = [line for line in bars.lines if len(line.get_xdata()) == 2]
    assert drawn[0].get_xdata() == pytest.approx([19 / 20, 19 / 5])
    assert bars.get_xlim()[1] > 19 / 5
    dots = next(line for line in scatter.lines if len(line.get_xdata()) == 20)
    assert dots.get_ydata() == pytest.approx([n / 10 for n in range(20)])
    assert scatter.get_ylim()[1] > 1.9
    assert len(ablate_figure(found(5, selectivity=False)).axes) == 1
