"""The colors as plain data: told apart, dark enough, even steps."""

import itertools

import numpy as np
import pytest

from gateviz.data.gates import GRU_QUANTITIES, LSTM_QUANTITIES, Quantity
from gateviz.panels.colors import ENDS, LAYERS, LEVELS, OUTSIDE, ROLES, STOPS, ramp
from gateviz.panels.panel import Palette


def rgb(color: str) -> np.ndarray:
    return np.array(list(bytes.fromhex(color.removeprefix("#")))) / 255


def luminance(color) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in color]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


@pytest.mark.parametrize("quantities", [LSTM_QUANTITIES, GRU_QUANTITIES])
def test_quantities_of_a_cell_are_told_apart(quantities):
    for one, other in itertools.combinations(quantities, 2):
        assert np.abs(rgb(ROLES[one]) - rgb(ROLES[other])).max() > 0.15
    assert set(Quantity) <= set(ROLES)


def test_curves_are_dark_enough_on_paper():
    for color in ROLES.values():
        assert (1.0 + 0.05) / (luminance(rgb(color)) + 0.05) > 2.4


def test_no_color_stands_for_two_things():
    used = [*ROLES.values(), *LAYERS]
    assert len(set(used)) == len(used)


@pytest.mark.parametrize("palette", Palette)
def test_a_ramp_begins_and_ends_with_its_stops_and_takes_no_large_step(palette):
    colors = ramp(palette).astype(int)
    assert colors.shape == (LEVELS, 3)
    np.testing.assert_array_equal(colors[[0, -1]], np.rint([rgb(STOPS[palette][end]) * 255 for end in (0, -1)]))
    assert np.abs(np.diff(colors, axis=0)).max() <= 4


def test_a_ramp_meets_every_stop_between():
    colors = ramp(Palette.SIGNED).astype(float)
    for place, stop in enumerate(STOPS[Palette.SIGNED]):
        at = place / (len(STOPS[Palette.SIGNED]) - 1) * (LEVELS - 1)
        assert np.abs(colors[round(at)] - rgb(stop) * 255).max() <= 2


def test_gates_get_darker_steadily():
    shades = [luminance(color / 255) for color in ramp(Palette.GATE)[:: LEVELS // 32]]
    assert (np.diff(shades) < 0).all()


def test_signed_colors_are_lightest_at_zero_and_as_dark_on_both_sides():
    shades = np.array([luminance(color / 255) for color in ramp(Palette.SIGNED)])
    assert abs(shades.argmax() - (LEVELS - 1) / 2) <= 1
    np.testing.assert_allclose(shades, shades[::-1], atol=0.13)


def test_marks_are_not_on_the_scale():
    assert ENDS[Palette.GATE] == (OUTSIDE, OUTSIDE)
    assert np.abs(ramp(Palette.GATE) / 255 - rgb(OUTSIDE)).max(axis=1).min() > 0.3


def test_nobody_can_change_the_colors_of_all_pictures():
    with pytest.raises(ValueError, match="read-only"):
        ramp(Palette.GATE)[0] = 0
