"""Small versions of the simulations behind docs/measures.md: levels are nominal, and without the margin they are not."""

import numpy as np
import pytest

from benchmarks.statistics import PARTS, SCENES, UNITS, _side, line, main
from gateviz.measure.contrast import contrast
from gateviz.measure.directions import direction_contrast
from gateviz.measure.selectivity import selectivity


def rejected(scene, margin, rounds=40, lines=20):
    """Shares of units with p below 0.05, by Cohen's d and by the area, of events that are nothing to them."""
    where, warm_up = SCENES[scene]
    rng = np.random.default_rng(3)
    found = []
    for seed in range(rounds):
        made = [line(rng, where, warm_up, 3, margin) for _ in range(lines)]
        values, masks = [one for one, _ in made], [mask for _, mask in made]
        found.append([contrast(values, masks, shifts=99, seed=seed).p, selectivity(values, masks).p])
    return (np.array(found) <= 0.05).mean(axis=(0, 2))


def test_three_hundred_claims_about_late_events_on_lines_that_warm_up():
    """Each of 40 rounds tests 8 units; without a margin more than a tenth of nothing comes out as something."""
    assert (rejected("late, warm-up at the start", margin=0) > 0.12).all()
    assert (rejected("late, warm-up at the start", margin=None) < 0.08).all()


def test_the_other_direction_warms_up_at_the_other_end():
    assert (rejected("late, warm-up at the end", margin=None) < 0.08).all()


def test_the_margin_costs_no_level_where_nothing_warms_up():
    found = rejected("anywhere, no warm-up", margin=None)
    assert (found > 0.02).all()
    assert (found < 0.08).all()


def test_a_simulated_line_is_that_of_a_claim():
    series, mask = line(np.random.default_rng(0), "late", 3.0, 3, 0)
    inner, inner_mask = line(np.random.default_rng(0), "late", 3.0, 3, None)
    # Three symbols of four frames at both ends.
    assert len(series) - len(inner) == 24
    assert series.shape[1] == UNITS
    np.testing.assert_allclose(series[12:-12], inner)
    assert (mask[12:-12] == inner_mask).all()


@pytest.mark.parametrize(("spread", "shared"), [(0.1, 0.0), (0.1, 0.15), (0.02, 0.15)])
def test_units_that_share_the_noise_of_a_line_are_not_so_many_numbers(spread, shared):
    """Mann and Whitney's test of 32 units takes 5, 18 and 54 % for a difference of directions, over 10 lines."""
    rng = np.random.default_rng(1)
    found = [
        direction_contrast(*(_side(rng, 10, rng.normal(0.5, spread, 32), shared) for _ in range(2)), flips=1).p_units
        for _ in range(300)
    ]
    assert 0.02 <= np.mean(np.array(found) <= 0.05) <= 0.085


def test_the_tables_are_printed_for_the_parts_that_are_asked_for(capsys):
    assert main(["directions", "--share", "0.01"]) == 0
    printed = capsys.readouterr().out
    assert "directions, 10 rounds" in printed
    assert printed.count("\n|") == 2 + 8
    with pytest.raises(SystemExit):
        main(["nothing"])
    assert set(PARTS) == {"false-positives", "ratios", "effects", "directions"}
