"""The palettes as matplotlib draws them: byte for byte those of ``panels.colors``."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from gateviz.panels.colors import ENDS, LEVELS, ramp
from gateviz.panels.panel import Palette
from gateviz.plot.canvas import colormap


@pytest.mark.parametrize("palette", Palette)
def test_the_color_map_is_the_ramp(palette):
    drawn = colormap(palette)(np.arange(LEVELS), bytes=True)
    np.testing.assert_array_equal(drawn[:, :3], ramp(palette))
    assert (drawn[:, 3] == 255).all()


@pytest.mark.parametrize("palette", Palette)
def test_what_lies_outside_is_marked_and_what_is_missing_is_transparent(palette):
    colors = colormap(palette)
    under, over = ENDS[palette]
    np.testing.assert_allclose(colors(-0.5)[:3], to_rgb(under))
    np.testing.assert_allclose(colors(1.5)[:3], to_rgb(over))
    assert colors(np.nan)[3] == 0
    assert colors.N == LEVELS < 254
