"""The palettes of ``panels.colors`` as matplotlib's color maps."""

from functools import cache

from matplotlib.colors import Colormap, ListedColormap

from gateviz.panels.colors import ENDS, ramp
from gateviz.panels.panel import Palette


@cache
def colormap(palette: Palette) -> Colormap:
    """The color map of a palette; missing values are transparent, so that what lies below shows."""
    colors = ListedColormap(ramp(palette) / 255, name=f"gateviz-{palette.value}")
    under, over = ENDS[palette]
    return colors.with_extremes(bad=(0, 0, 0, 0), under=under, over=over)
