"""What speaks against a reading: remarks on a line image, its way into the network, and what came out."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from gateviz.ctc.confidence import text_confidence
from gateviz.data.alignment import Alignment
from gateviz.data.emission import Emission
from gateviz.geometry.line_looks import LEAST_CONTRAST, LineLook
from gateviz.lines.recognizer import PreparedLine

SURE = 0.8
"""Confidence (``span_mean``) from which a reading is taken as it is, whatever its image looks like.

The bundled model reads rendered lines rightly with 0.85 and more; pages, lines on their side and lines with four
times their height in margins it reads with at most 0.75.
"""

LEAST_FRAMES = 3.5
"""Frames a symbol read below which a squeezed line loses symbols.

CTC needs one each, and blanks between equal ones. The bundled model, on rendered lines squeezed before it reads them,
has 0.3 % errors at 4.6 frames a symbol, 1.4 % at 3.7, 10.9 % at 3.1 and 49 % where the line has half its width; at a
fifth of it 96 %, and then few symbols are read, which have seven frames each.
"""

_SQUEEZED = 0.75
# Of an image's rows: lines are trained on with little more around them.
_LEAST_INK = 0.35
# Rows of ink that letters need to be told apart.
_LEAST_ROWS = 9


@dataclass(frozen=True)
class Fit:
    """How a line came into the network's input.

    Attributes:
        share: its width there for one of the width that its aspect would give; 1 where the aspect is kept.
        frames: that look at it, without those that look at padding.
    """

    share: float
    frames: float


def fit_of(image: UInt8[np.ndarray, "height width *channels"], line: PreparedLine, frames: int) -> Fit:
    """The fit of a prepared line.

    Args:
        image: before the recognizer's recipe.
        line: what the recipe made of it.
        frames: of its whole input.
    """
    _, rows, columns = line.pixels.shape
    aspect = image.shape[1] / image.shape[0]
    return Fit(line.content_width / rows / aspect, frames * line.content_width / columns)


def line_remarks(
    image: UInt8[np.ndarray, "height width *channels"], fit: Fit, emission: Emission, alignment: Alignment
) -> tuple[str, ...]:
    """What a reader of the reading must know, a sentence each; nothing about most lines.

    An image may look odd and be read all the same, so what it looks like is said where the reading is
    empty or not sure. An empty reading is always said, with every reason that is known.

    Args:
        image: as the network's recipe was given it.
        fit: how it came into the network.
        emission: the posteriors.
        alignment: the greedy path.
    """
    sure = bool(alignment.spans) and text_confidence(emission, alignment) >= SURE
    reasons = [] if sure else _looks(LineLook(image))
    squeezed = _squeezed(fit, len(alignment.spans), sure=sure)
    if alignment.spans:
        return tuple(reasons + squeezed)
    blank = float(np.exp(emission.log_probs[:, emission.alphabet.blank].astype(np.float64).mean()))
    why = "; ".join(reasons + squeezed) or (
        f"the image shows no reason, and the blank is the best class of all {emission.frame_count} frames "
        f"(posterior {blank:.2f}); is it a line of text in the alphabet and style of this model?"
    )
    return (f"nothing was read: {why}",)


def _looks(look: LineLook) -> list[str]:
    """What is odd about an image, what weighs most first."""
    if look.contrast < LEAST_CONTRAST:
        low, high = look.levels
        return [f"hardly any ink: all levels of gray lie between {low:.0f} and {high:.0f}"]
    found = []
    if look.height > look.width and look.ink_rows > look.ink_columns:
        found.append(
            f"higher than wide: {look.width} x {look.height} pixels; is the text vertical, or the image rotated? "
            f"Lines are read from left to right"
        )
    elif len(look.bands) > 1:
        rows = ", ".join(f"{start} to {stop - 1}" for start, stop in look.bands[:3])
        more = ", ..." if len(look.bands) > 3 else ""
        found.append(
            f"several lines of text in one image: ink in {len(look.bands)} bands of rows ({rows}{more}); "
            f"cut the image into lines"
        )
    elif look.ink_rows < _LEAST_INK * look.height:
        found.append(f"mostly margin: ink in {look.ink_rows} of {look.height} rows; crop the image to the line")
    if look.ink_rows < _LEAST_ROWS:
        found.append(f"very small: the ink is {look.ink_rows} pixels high; scan it at a higher resolution")
    if look.light_on_dark:
        found.append(
            f"light text on a dark ground: most pixels are near {look.ground:.0f} of 255; try --invert (invert=True)"
        )
    return found


def _squeezed(fit: Fit, symbols: int, *, sure: bool) -> list[str]:
    # A line squeezed to a third is read with so few symbols that each has many frames; then it is not read surely.
    if fit.share >= _SQUEEZED or (sure and fit.frames >= LEAST_FRAMES * symbols):
        return []
    return [
        f"squeezed: {fit.frames:.0f} frames for the {symbols} symbols read, since the line has {100 * fit.share:.0f} % "
        f"of its own width in the network's input; read it with --keep-ratio (keep_ratio=True), or cut it into pieces"
    ]
