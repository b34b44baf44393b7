"""Heatmaps: one raster a panel, drawn by its edges."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Float64
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_rgb
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from gateviz.panels.colors import FADED, HAIRLINE, PAPER, QUIET, RULE
from gateviz.panels.panel import HeatmapPanel
from gateviz.plot.canvas import colormap, write
from gateviz.plot.fitting import row_label
from gateviz.plot.style import Style


def shrunk(
    values: Float[np.ndarray, "rows columns"],
    rows: int,
    columns: int,
    *,
    bounds: tuple[float, float] | None = None,
) -> Float[np.ndarray, "_ _"]:
    """The means over blocks of neighboring values, at most ``rows`` by ``columns`` of them.

    A matrix that is small enough is returned as it is. A block with a missing value is missing, and
    a block with a value outside of ``bounds`` keeps the one farthest outside, so that a mark is
    never averaged away.

    Example:
        >>> shrunk(np.array([[0.0, 1.0], [0.5, 0.5]]), 1, 2).tolist()
        [[0.25, 0.75]]
    """
    if values.shape[0] <= rows and values.shape[1] <= columns:
        return values
    row_starts, row_sizes = _blocks(values.shape[0], rows)
    column_starts, column_sizes = _blocks(values.shape[1], columns)
    sums = np.add.reduceat(np.add.reduceat(values, row_starts, axis=0, dtype=np.float64), column_starts, axis=1)
    means = sums / np.outer(row_sizes, column_sizes)
    if bounds is not None:
        low, high = bounds
        most = np.maximum.reduceat(np.maximum.reduceat(values, row_starts, axis=0), column_starts, axis=1)
        least = np.minimum.reduceat(np.minimum.reduceat(values, row_starts, axis=0), column_starts, axis=1)
        means = np.where(least < low, least, means)
        means = np.where(most > high, most, means)
    return means


def _blocks(count: int, limit: int) -> tuple[np.ndarray, Float64[np.ndarray, " blocks"]]:
    """The first index and the size of at most ``limit`` blocks of nearly equal size."""
    blocks = max(1, min(count, limit))
    borders = np.arange(blocks + 1) * count // blocks
    return borders[:-1], np.diff(borders).astype(np.float64)


# How far a value that is not marked fades: towards gray, since paper is the color of a gate that is shut.
_FADE = 0.86
_FADING = ListedColormap([(*to_rgb(FADED), _FADE * (1 - step / 63)) for step in range(64)])
# Points that a row label needs, in units of its type size.
# Pixels from which on a frame is wide.
_WIDE = 3
_LABEL_ROOM = 0.95


class FrameImage(AxesImage):
    """A matrix over evenly spaced frames that is never resampled by guesswork.

    Where the picture has fewer pixels than the matrix has values, neighboring values are averaged;
    where it has more, every value is one sharp rectangle.
    """

    bounds: tuple[float, float] | None = None

    def can_composite(self) -> bool:
        """No: images merged with their neighbors are not drawn by ``draw``."""
        return False

    def draw(self, renderer: Any) -> None:
        """Draw with as many values as there are pixels."""
        full = self.get_array()
        assert full is not None
        box = self.get_window_extent(renderer)
        zoom = renderer.get_image_magnification()
        rows, columns = (max(1, round(side * zoom)) for side in (box.height, box.width))
        fewer = shrunk(np.ma.filled(full.astype(np.float64), np.nan), rows, columns, bounds=self.bounds)
        self.set_data(fewer)
        # PDF and SVG take a matrix of narrow frames as it is, one pixel a frame: that packs best, and a
        # viewer that blurs it does so by less than a point. Wide frames are drawn out, so that none can.
        self.set_interpolation("none" if columns < _WIDE * fewer.shape[1] else "nearest")
        try:
            super().draw(renderer)
        finally:
            self.set_data(full)


@dataclass(frozen=True)
class Lane:
    """The part of the axes that one heatmap takes, as shares of the axes' height from the bottom."""

    bottom: float
    top: float

    @property
    def center(self) -> float:
        """Half-way between bottom and top."""
        return (self.bottom + self.top) / 2

    def row(self, index: int, count: int) -> float:
        """The middle of a row, row 0 on top."""
        return self.top - (index + 0.5) / count * (self.top - self.bottom)


def lanes(heights: Sequence[float], gap: float) -> list[Lane]:
    """Lanes of the given heights from top to bottom, ``gap`` between them, that fill the axes."""
    total = sum(heights) + gap * (len(heights) - 1)
    found: list[Lane] = []
    top = total
    for height in heights:
        found.append(Lane(max(0.0, top - height) / total, top / total))
        top -= height + gap
    return found


def paint_heatmap(axes: Axes, panel: HeatmapPanel, style: Style, lane: Lane) -> None:
    """Draw the values over the columns of their frames, row 0 on top."""
    extent = (panel.start, panel.stop, lane.bottom, lane.top)
    corner, width, height = (panel.start, lane.bottom), panel.stop - panel.start, lane.top - lane.bottom
    if not np.isfinite(panel.values).all():
        # Missing values are transparent: the hatching below shows through.
        ground = Rectangle(corner, width, height, facecolor=PAPER, edgecolor=RULE, linewidth=0.0)
        ground.set(hatch="//////", zorder=-1)
        axes.add_patch(ground)
    outline = Rectangle(corner, width, height, facecolor="none", edgecolor=HAIRLINE, linewidth=style.rule_width)
    outline.set(zorder=2.5)
    axes.add_patch(outline)
    picture = FrameImage(axes, cmap=colormap(panel.scale.palette), interpolation="nearest", extent=extent)
    if not panel.scale.rule:
        picture.bounds = (panel.scale.low, panel.scale.high)
    _add(axes, picture, panel.values, panel.scale.low, panel.scale.high)
    if panel.mask is not None:
        veil = FrameImage(axes, cmap=_FADING, interpolation="nearest", extent=extent)
        _add(axes, veil, panel.mask.astype(np.float32), 0.0, 1.0)


def _add(axes: Axes, picture: FrameImage, values: Float[np.ndarray, "rows T"], low: float, high: float) -> None:
    picture.set_data(values)
    picture.set_clim(low, high)
    picture.set_clip_path(axes.patch)
    axes.add_image(picture)


def label_rows(axes: Axes, panel: HeatmapPanel, style: Style, lane: Lane, height: float) -> None:
    """Write the label of every row left of a lane of ``height`` inches, where there is room for all of them."""
    count = len(panel.row_labels)
    if count * style.small_size * _LABEL_ROOM > 72 * height:
        return
    for index, label in enumerate(panel.row_labels):
        text, face = row_label(label)
        write(
            axes, 0.0, lane.row(index, count), text, size=style.small_size, shift=(-2.5, 0.0),
            ha="right", va="center", color=QUIET, family=face.name, weight=face.weight,
        )  # fmt: skip
