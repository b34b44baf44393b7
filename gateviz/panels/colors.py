"""Every color of every picture, in one place, as plain data: a role has the same color everywhere.

Curves take hues that stay apart for readers with any kind of color blindness (after Okabe and Ito
2008, darkened where thin lines on white need it). Gates run from light (shut) to dark (open);
candidates and states from blue (negative) over white (zero) to red.
"""

from functools import cache

import numpy as np
from jaxtyping import UInt8

from gateviz.data.gates import Quantity
from gateviz.panels.panel import Palette

INK = "#1a1a1a"
QUIET = "#6e6e6e"
HAIRLINE = "#c8c8c8"
RULE = "#808080"
ALARM = "#c1121f"
SHADE = "#f2b705"
FADED = "#cfcfcf"
PAPER = "#ffffff"
# No value of an unedited gate can lie there, so the mark may shout.
OUTSIDE = "#e6007e"

ROLES: dict[str, str] = {
    Quantity.INPUT_GATE: "#0072b2",
    Quantity.FORGET_GATE: "#d55e00",
    Quantity.OUTPUT_GATE: "#009e73",
    Quantity.CANDIDATE: "#a8559b",
    Quantity.CELL_STATE: "#3d3d3d",
    Quantity.HIDDEN_STATE: "#c99700",
    Quantity.RESET_GATE: "#3a9bd4",
    Quantity.UPDATE_GATE: "#8c2d2d",
    "blank": "#9a9a9a",
    "symbol": "#1a1a1a",
    "path": "#5b4fc4",
}

# Layers in network order, in colors that stand for no role; one hue from light to dark would hide
# points that lie on each other (after Tol 2021, "muted").
LAYERS = ("#332288", "#cc6677", "#88ccee", "#999933", "#882255", "#44aa99")

# Evenly spaced from the low end to the high end.
STOPS: dict[Palette, tuple[str, ...]] = {
    Palette.GATE: ("#fbfaf4", "#d9e6cf", "#9fcbbd", "#5aa5ac", "#2d7a94", "#1d4f76", "#15284b"),
    Palette.SIGNED: (
        "#1b3f7a", "#3f76ad", "#8fb5d3", "#d6e3ec", "#fafafa", "#f2d9cf", "#dd9f8a", "#bb5550", "#7d1a2c",
    ),
    Palette.POSTERIOR: ("#ffffff", "#1a1a1a"),
}  # fmt: skip
# Below and above the ends.
ENDS: dict[Palette, tuple[str, str]] = {
    Palette.GATE: (OUTSIDE, OUTSIDE),
    Palette.SIGNED: ("#0b1f45", "#4a0717"),
    Palette.POSTERIOR: (OUTSIDE, OUTSIDE),
}
# Fewer than 256 colors with the marks, so that a heatmap inside a PDF is one byte a pixel.
LEVELS = 192


@cache
def ramp(palette: Palette) -> UInt8[np.ndarray, "LEVELS 3"]:
    """The colors of a palette from its low end to its high end, shape (LEVELS, 3), red, green and blue of 0 to 255.

    Example:
        >>> ramp(Palette.POSTERIOR)[[0, -1]].tolist()
        [[255, 255, 255], [26, 26, 26]]
    """
    stops = np.array([list(bytes.fromhex(stop.removeprefix("#"))) for stop in STOPS[palette]], dtype=np.float64)
    at = np.linspace(0.0, len(stops) - 1.0, LEVELS)
    channels = [np.interp(at, np.arange(len(stops)), stops[:, channel]) for channel in range(3)]
    colors = np.rint(np.stack(channels, axis=1)).astype(np.uint8)
    # Every picture shares this one.
    colors.flags.writeable = False
    return colors
