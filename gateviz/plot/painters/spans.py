"""The symbols of the text under the image, and how many of them have room."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D

from gateviz.panels.colors import ALARM, INK
from gateviz.panels.panel import SpanPanel, SymbolSpan
from gateviz.plot.canvas import shifted, write
from gateviz.plot.fonts import Face, face_for, shown, visible
from gateviz.plot.missing import missed
from gateviz.plot.style import Style

# Free space between neighbors, in units of the type size.
_GAP = 0.16
# One row stays one row until letters would get smaller than this share of their size.
_COMFORT = 0.7
_STEP = 0.25


@dataclass(frozen=True)
class Placement:
    """Where each symbol is written.

    Attributes:
        size: of the type, in points.
        rows: how many rows the symbols need.
        row: the row of each symbol from the top; None for a symbol that is left out.
        center: the position of each symbol, in points from the left end of the axis.
    """

    size: float
    rows: int
    row: tuple[int | None, ...]
    center: tuple[float, ...]


def place(
    centers: Sequence[float],
    widths: Sequence[float],
    weights: Sequence[float],
    length: float,
    *,
    size: float,
    least: float,
) -> Placement:
    """Symbols that never overlap and never leave the axis.

    In this order: one row, a little smaller; two rows, every other symbol lower; smaller still; and
    at the least size those are left out that have the least weight.

    Args:
        centers: where the symbols belong, in points, ascending.
        widths: of the symbols, in units of the type size.
        weights: how much each symbol deserves its place, such as the width of its span.
        length: of the axis, in points.
        size: of the type where there is room.
        least: the smallest type.
    """
    for rows, largest, smallest in ((1, size, size * _COMFORT), (2, size, size * _COMFORT), (2, size, least)):
        trial = largest
        while trial >= max(smallest, least) - 1e-9:
            spots = _inside(centers, widths, trial, length)
            if all(_free(spots, widths, trial, left, left + rows) for left in range(len(spots) - rows)):
                return Placement(trial, rows, tuple(index % rows for index in range(len(spots))), spots)
            trial -= _STEP
    return _thinned(centers, widths, weights, length, least)


def _thinned(
    centers: Sequence[float], widths: Sequence[float], weights: Sequence[float], length: float, size: float
) -> Placement:
    """Two rows at the least size, the symbols of the greatest weight first."""
    spots = _inside(centers, widths, size, length)
    row: list[int | None] = [None] * len(spots)
    for index in sorted(range(len(spots)), key=lambda index: (-weights[index], index)):
        for candidate in (0, 1):
            same = [other for other, taken in enumerate(row) if taken == candidate]
            if all(_free(spots, widths, size, index, other) for other in same):
                row[index] = candidate
                break
    return Placement(size, 2, tuple(row), spots)


def _inside(centers: Sequence[float], widths: Sequence[float], size: float, length: float) -> tuple[float, ...]:
    halves = [width * size / 2 for width in widths]
    return tuple(max(half, min(center, length - half)) for center, half in zip(centers, halves, strict=True))


def _free(spots: Sequence[float], widths: Sequence[float], size: float, one: int, other: int) -> bool:
    return abs(spots[one] - spots[other]) >= size * ((widths[one] + widths[other]) / 2 + _GAP)


# Line spacing of the rows of symbols, and the height of a line above its baseline, in type sizes.
_ROW, _ASCENT = 1.2, 0.9


@dataclass(frozen=True)
class Lettering:
    """What is written for each symbol of a span panel, and where.

    Attributes:
        texts: one a symbol; empty where the symbol's own pixels are shown.
        faces: the font of each text; None where pixels are shown.
        placement: sizes and positions.
        length: of the column axis, in points.
        pixel_height: points for the symbols that are shown by their own pixels, 0 without any.
    """

    texts: tuple[str, ...]
    faces: tuple[Face | None, ...]
    placement: Placement
    length: float
    pixel_height: float

    def height(self, style: Style) -> float:
        """Inches that the bars and all rows of symbols need."""
        return (_bar_room(style) + max(self.placement.rows * self.placement.size * _ROW, self.pixel_height)) / 72


def set_type(panel: SpanPanel, style: Style, start: float, stop: float, length: float) -> Lettering:
    """The texts, fonts and places of all symbols on an axis of ``length`` points."""
    texts: list[str] = []
    faces: list[Face | None] = []
    for span in panel.spans:
        by_pixels = panel.image is not None and face_for(visible(span.symbol)) is None
        if by_pixels:
            missed(character for character in visible(span.symbol) if face_for(character) is None)
        text, face = ("", None) if by_pixels else shown(span.symbol)
        texts.append(text)
        faces.append(face)
    placement = place(
        centers=[((span.start + span.stop) / 2 - start) / (stop - start) * length for span in panel.spans],
        widths=[0.0 if face is None else face.width(text) for text, face in zip(texts, faces, strict=True)],
        weights=[span.stop - span.start for span in panel.spans],
        length=length,
        size=style.symbol_size,
        least=style.least_symbol_size,
    )
    pixel_height = 0.0
    if panel.image is not None and None in faces:
        pixel_height = min(length / (stop - start) * panel.image.shape[0], 72 * style.image_height)
    return Lettering(tuple(texts), tuple(faces), placement, length, pixel_height)


def paint_spans(axes: Axes, panel: SpanPanel, style: Style, lettering: Lettering) -> None:
    """Draw a bar over the frames of each symbol, as strong as its confidence, and the symbol under it."""
    bars = LineCollection(
        [[(span.start, 1.0), (span.stop, 1.0)] for span in panel.spans],
        colors=[(*to_rgb(_color(span)), 0.3 + 0.7 * _share(span)) for span in panel.spans],
        linewidths=_bar(style),
        transform=shifted(axes, axes.get_xaxis_transform(), 0.0, -_bar(style)),
    )
    axes.add_collection(bars, autolim=False)
    for index, span in enumerate(panel.spans):
        _paint_symbol(axes, panel, index=index, style=style, lettering=lettering, color=_color(span))


def _paint_symbol(axes: Axes, panel: SpanPanel, index: int, style: Style, lettering: Lettering, color: str) -> None:
    placement = lettering.placement
    text, face, row = lettering.texts[index], lettering.faces[index], placement.row[index]
    if face is None:
        _paint_pixels(axes, panel, panel.spans[index], style, lettering)
        return
    if row is None:
        # Left out for want of room: a tick says that a symbol is here.
        tick = shifted(axes, axes.get_xaxis_transform(), 0.0, -_bar_room(style))
        center = (panel.spans[index].start + panel.spans[index].stop) / 2
        length = 0.3 * placement.size / 72 / lettering.height(style)
        axes.add_line(
            Line2D([center, center], [1.0 - length, 1.0], color=color, linewidth=style.rule_width, transform=tick)
        )
        return
    drop = _bar_room(style) + (row * _ROW + _ASCENT) * placement.size
    write(
        axes,
        placement.center[index] / lettering.length,
        1.0,
        text,
        size=placement.size,
        shift=(0.0, -drop),
        ha="center",
        va="baseline",
        color=color,
        family=face.name,
        weight=face.weight,
        in_layout=False,
    )


def _paint_pixels(axes: Axes, panel: SpanPanel, span: SymbolSpan, style: Style, lettering: Lettering) -> None:
    """Show the symbol's own pixels: no font of this system has it."""
    assert panel.image is not None
    first = max(0, math.floor(span.cut_start))
    last = min(panel.image.shape[1], math.ceil(span.cut_stop))
    if first >= last:
        return
    top = 1.0 - _bar_room(style) / 72 / lettering.height(style)
    cut = AxesImage(axes, cmap="gray", extent=(float(first), float(last), 0.0, top), origin="upper")
    cut.set_data(panel.image[:, first:last])
    cut.set_clim(0, 255)
    axes.add_image(cut)


def _share(span: SymbolSpan) -> float:
    return min(max(span.confidence, 0.0), 1.0)


def _color(span: SymbolSpan) -> str:
    return ALARM if span.doubtful else INK


def _bar(style: Style) -> float:
    return 0.2 * style.symbol_size


def _bar_room(style: Style) -> float:
    return 2.0 * _bar(style)
