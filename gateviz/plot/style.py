"""Presets: how wide a figure is, and how large its letters are."""

from dataclasses import dataclass

from gateviz.errors import SelectionError


@dataclass(frozen=True)
class Style:
    """Sizes of everything that is drawn. Lengths are inches, sizes of type and lines points.

    Attributes:
        name: of the preset.
        width: of the figure.
        page_height: height of the text area; heatmaps shrink before a figure grows past it.
        font_size: of labels and captions.
        small_size: of tick labels and notes.
        symbol_size: of the symbols under the image, where there is room.
        least_symbol_size: symbols are left out before they get smaller than this.
        line_width: of curves.
        rule_width: of symbol boundaries and frames.
        heatmap_height: of one heatmap, where there is room.
        least_heatmap_height: a figure grows past the page before heatmaps get lower than this.
        lane_height: of one gate in a strip of means, where there is room.
        least_lane_height: as for heatmaps.
        curves_height: of a panel of curves.
        image_height: of the line image at most.
        words: write ``forget gate`` beside the letter f.
        dpi: pixels an inch in PNG, and of heatmaps inside PDF and SVG.
    """

    name: str
    width: float
    page_height: float
    font_size: float
    small_size: float
    symbol_size: float
    least_symbol_size: float
    line_width: float
    rule_width: float
    heatmap_height: float
    least_heatmap_height: float
    lane_height: float
    least_lane_height: float
    curves_height: float
    image_height: float
    words: bool
    dpi: int


def _paper(name: str, width: float, page_height: float, *, wide: bool) -> Style:
    return Style(
        name=name,
        width=width,
        page_height=page_height,
        font_size=8.0 if wide else 7.0,
        small_size=6.5 if wide else 6.0,
        symbol_size=9.0 if wide else 8.0,
        least_symbol_size=5.5 if wide else 5.0,
        line_width=0.9,
        rule_width=0.4,
        heatmap_height=0.62 if wide else 0.5,
        least_heatmap_height=0.24 if wide else 0.22,
        lane_height=0.26 if wide else 0.22,
        least_lane_height=0.115,
        curves_height=0.42 if wide else 0.36,
        image_height=1.0 if wide else 0.8,
        words=wide,
        dpi=200 if wide else 300,
    )


_SLIDE = Style(
    name="slide",
    width=12.0,
    page_height=6.5,
    font_size=15.0,
    small_size=12.0,
    symbol_size=18.0,
    least_symbol_size=11.0,
    line_width=1.8,
    rule_width=0.8,
    heatmap_height=1.1,
    least_heatmap_height=0.5,
    lane_height=0.45,
    least_lane_height=0.3,
    curves_height=0.75,
    image_height=1.4,
    words=True,
    dpi=120,
)

# Column and text widths of the venues' own style files, in inches.
STYLES: dict[str, Style] = {
    style.name: style
    for style in (
        _paper("a4", 6.30, 9.72, wide=True),
        _paper("icml", 3.25, 9.00, wide=False),
        _paper("icml-wide", 6.75, 9.00, wide=True),
        _paper("acl", 3.03, 9.72, wide=False),
        _paper("acl-wide", 6.30, 9.72, wide=True),
        _paper("ieee", 3.49, 9.50, wide=False),
        _paper("ieee-wide", 7.16, 9.50, wide=True),
        _SLIDE,
    )
}


def style_named(style: str | Style) -> Style:
    """The preset of that name; a ``Style`` of one's own is taken as it is.

    Raises:
        SelectionError: lists the presets there are.
    """
    if isinstance(style, Style):
        return style
    try:
        return STYLES[style.replace("_", "-")]
    except KeyError as error:
        raise SelectionError(f"there is no figure style {style!r}; choose one of {', '.join(STYLES)}") from error
