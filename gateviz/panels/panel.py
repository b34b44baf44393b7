"""The panels: what to draw, on one column axis in pixels of the source image.

A renderer (matplotlib, the widget, the web page) needs nothing but these. Panels hold plain data;
they never hold a library's object.
"""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from jaxtyping import Bool, Float, Float32, UInt8

from gateviz.errors import ShapeError


class Palette(StrEnum):
    """Which colors a scale uses; a renderer maps each to one color map, everywhere the same."""

    GATE = "gate"
    SIGNED = "signed"
    POSTERIOR = "posterior"


@dataclass(frozen=True)
class Scale:
    """From value to color: ``low`` and ``high`` are the ends of the palette.

    Gates are sequential over [0, 1]; candidates and states diverge around 0.

    Attributes:
        palette: the colors.
        low: value of the first color; smaller values are marked as out of range.
        high: value of the last color; larger values are marked as out of range.
        rule: how the ends were chosen from the values, in words; empty where they are the bounds
            that the equations give, which no value of an unedited run can pass.
    """

    palette: Palette
    low: float
    high: float
    rule: str = ""


@dataclass(frozen=True)
class HeatmapPanel:
    """A matrix of values, one row a unit and one column a frame.

    Attributes:
        title: a few words, such as ``layer 1 forward: forget gate f``.
        values: shape (rows, T), row 0 on top; NaN is drawn as missing.
        start: left border of frame 0, in source columns.
        stop: right border of the last frame; frames are evenly spaced between.
        row_labels: one a row: the unit's index in its layer.
        scale: value to color.
        mask: True where a value is marked, such as saturation; None without marks.
        color_key: what the color stands for, such as ``forget gate``.
        letter: the quantity's letter in the equations, such as ``f``.
        group: what neighboring panels have in common, such as ``layer 1 forward``; a renderer
            writes it once, above the first of them.
        row_title: what the rows are, such as ``256 units by peak frame``.
        rows_in_order: True where the row labels count up, so that a few of them tell all.
    """

    title: str
    values: Float32[np.ndarray, "rows T"]
    start: float
    stop: float
    row_labels: tuple[str, ...]
    scale: Scale
    mask: Bool[np.ndarray, "rows T"] | None = None
    color_key: str = ""
    letter: str = ""
    group: str = ""
    row_title: str = ""
    rows_in_order: bool = True

    def __post_init__(self) -> None:
        if len(self.row_labels) != len(self.values):
            raise ShapeError(
                f"the heatmap {self.title!r} has {len(self.values)} rows and {len(self.row_labels)} row labels"
            )


@dataclass(frozen=True)
class Line:
    """One curve of a line panel.

    Attributes:
        label: for the legend.
        values: one a frame, shape (T,).
        role: what it stands for (a ``Quantity``, ``blank``, ``symbol``, ``path``): a renderer maps
            each role to one color, everywhere the same.
        low: lower border of the band around it (a quantile), or None.
        high: upper border of the band, or None.
    """

    label: str
    values: Float[np.ndarray, " T"]
    role: str
    low: Float[np.ndarray, " T"] | None = None
    high: Float[np.ndarray, " T"] | None = None


@dataclass(frozen=True)
class LinePanel:
    """Curves over the frames' centers.

    Attributes:
        title: a few words.
        centers: center of every frame, in source columns; shape (T,).
        lines: the curves.
        low: lower end of the value axis.
        high: upper end of the value axis.
        group: what neighboring panels have in common; a renderer writes it once, above the first.
        band: what the bands are, such as ``10-90 % of units``; empty without bands.
        lanes: True where every curve has the value axis for itself, the first on top; False where
            all share one.
    """

    title: str
    centers: Float[np.ndarray, " T"]
    lines: tuple[Line, ...]
    low: float
    high: float
    group: str = ""
    band: str = ""
    lanes: bool = False


@dataclass(frozen=True)
class SymbolSpan:
    """One symbol of the text over the columns of its frames.

    Attributes:
        symbol: what is spelled.
        start: left border, in source columns.
        stop: right border.
        confidence: between 0 and 1, by the rule of ``data.alignment.Span``.
        cut_start: left border of the symbol's own pixels: half-way to the symbol before.
        cut_stop: right border of them.
    """

    symbol: str
    start: float
    stop: float
    confidence: float
    cut_start: float
    cut_stop: float

    @property
    def doubtful(self) -> bool:
        """Whether the symbol's confidence is below one half."""
        return self.confidence < 0.5


@dataclass(frozen=True)
class SpanPanel:
    """The symbols of the text under the image.

    Attributes:
        title: a few words.
        spans: one a symbol, in order.
        image: the line image, from which a renderer without a font for a symbol cuts its pixels.
    """

    title: str
    spans: tuple[SymbolSpan, ...]
    image: UInt8[np.ndarray, "height width *channels"] | None = None


@dataclass(frozen=True)
class ImagePanel:
    """The line image; column c covers [c, c + 1).

    Attributes:
        title: a few words.
        image: (H, W) gray or (H, W, 3) RGB.
        shaded: columns to shade, such as the receptive field of a frame; half-open.
    """

    title: str
    image: UInt8[np.ndarray, "height width *channels"]
    shaded: tuple[tuple[float, float], ...] = ()


Panel = ImagePanel | SpanPanel | LinePanel | HeatmapPanel


@dataclass(frozen=True)
class PanelStack:
    """Panels above each other on one column axis: a whole picture.

    Attributes:
        panels: from top to bottom.
        start: left end of the column axis, in source columns.
        stop: right end.
        rules: columns of thin vertical rules through all panels (symbol boundaries).
        highlights: half-open columns marked in all panels, such as a frame that was asked for.
        group_highlights: those marked instead in the panels of a group, such as ``layer 0 forward``, whose frames look
            elsewhere.
        title: of the whole picture.
        axis_label: of the column axis.
        notes: sentences the reader must see, such as the edits of the run.
        remarks: sentences that say how to read the picture.
        metadata: what goes into the file's metadata.
    """

    panels: tuple[Panel, ...]
    start: float
    stop: float
    rules: tuple[float, ...] = ()
    highlights: tuple[tuple[float, float], ...] = ()
    group_highlights: dict[str, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    title: str = ""
    axis_label: str = "column of the line image (px)"
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PointGroup:
    """Points of one kind in a scatter panel.

    Attributes:
        label: for the legend, such as ``layer 1 forward``.
        x: shape (N,).
        y: shape (N,).
        rank: position among the layers, from 0: a renderer gives each a color.
        marker: ``forward`` or ``backward``: a renderer gives each a shape.
    """

    label: str
    x: Float[np.ndarray, " N"]
    y: Float[np.ndarray, " N"]
    rank: int
    marker: str


@dataclass(frozen=True)
class ScatterPanel:
    """Points over two axes that both run from 0 to 1.

    Attributes:
        title: a few words, such as ``forget gate``.
        letter: the quantity's letter in the equations.
        role: the quantity.
        groups: the points.
        x_label: of the horizontal axis.
        y_label: of the vertical axis.
    """

    title: str
    letter: str
    role: str
    groups: tuple[PointGroup, ...]
    x_label: str
    y_label: str


@dataclass(frozen=True)
class ScatterRow:
    """Scatter panels beside each other: a whole picture.

    Attributes:
        panels: from left to right.
        title: of the whole picture.
        notes: sentences the reader must see.
        metadata: what goes into the file's metadata.
    """

    panels: tuple[ScatterPanel, ...]
    title: str = ""
    notes: tuple[str, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)
