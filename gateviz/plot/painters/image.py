"""The line image on the column axis."""

from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from gateviz.panels.colors import SHADE
from gateviz.panels.panel import ImagePanel
from gateviz.plot.canvas import frame
from gateviz.plot.style import Style


def paint_image(axes: Axes, panel: ImagePanel, style: Style) -> None:
    """Draw the image over its own columns, and shade the columns asked for."""
    width = panel.image.shape[1]
    picture = AxesImage(
        axes, cmap="gray", interpolation="auto", extent=(0.0, float(width), 0.0, 1.0), origin="upper", zorder=1
    )
    picture.set_data(panel.image)
    picture.set_clim(0, 255)
    picture.set_clip_path(axes.patch)
    axes.add_image(picture)
    for start, stop in panel.shaded:
        axes.add_patch(Rectangle((start, 0.0), stop - start, 1.0, facecolor=SHADE, alpha=0.35, linewidth=0, zorder=2))
    frame(axes, style)
