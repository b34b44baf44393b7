import itertools

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from gateviz.data.gates import GRU_QUANTITIES, LSTM_QUANTITIES, Quantity
from gateviz.panels.panel import Palette
from gateviz.plot.colors import LEVELS, OUTSIDE, ROLES, colormap


def luminance(color):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


@pytest.mark.parametrize("quantities", [LSTM_QUANTITIES, GRU_QUANTITIES])
def test_quantities_of_a_cell_are_told_apart(quantities):
    for one, other in itertools.combinations(quantities, 2):
        assert np.abs(np.subtract(to_rgb(ROLES[one]), to_rgb(ROLES[other]))).max() > 0.15
    assert set(Quantity) <= set(ROLES)


def test_curves_are_dark_enough_on_paper():
    for color in ROLES.values():
        assert (1.0 + 0.05) / (luminance(color) + 0.05) > 2.4


def test_gates_get_darker_steadily():
    shades = [luminance(colormap(Palette.GATE)(value)[:3]) for value in np.linspace(0, 1, 32)]
    assert (np.diff(shades) < 0).all()


def test_signed_colors_are_lightest_at_zero_and_as_dark_on_both_sides():
    colors = colormap(Palette.SIGNED)
    shades = np.array([luminance(colors(value)[:3]) for value in np.linspace(0, 1, 33)])
    assert shades.argmax() == 16
    np.testing.assert_allclose(shades, shades[::-1], atol=0.13)


def test_marks_are_not_on_the_scale():
    colors = colormap(Palette.GATE)
    np.testing.assert_allclose(colors(1.5)[:3], to_rgb(OUTSIDE))
    np.testing.assert_allclose(colors(-0.5)[:3], to_rgb(OUTSIDE))
    assert colors(np.nan)[3] == 0
    assert colors.N == LEVELS < 254
