"""From the user's line image to the network's input, one plain step after the other.

A recipe is data: a tuple of steps (here those that an imaging library does, in ``geometry.canvas``
the rest). Lineages were trained with different libraries, whose bilinear is not each other's bilinear
and whose gray is not each other's gray; a step calls the library that the lineage called.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np
from jaxtyping import UInt8
from PIL import Image

from gateviz.data.frames import ColumnMap
from gateviz.errors import ImageError
from gateviz.geometry.canvas import Canvas, Pixels, Step

WIDEST = 65_536
"""Columns beyond which an input is refused: no line of text is that long, and its traces would not fit in memory."""

Interpolation = Literal[
    "pillow bilinear", "pillow bicubic", "pillow lanczos", "opencv linear", "opencv cubic", "opencv area"
]
_PILLOW = {
    "pillow bilinear": Image.Resampling.BILINEAR,
    "pillow bicubic": Image.Resampling.BICUBIC,
    "pillow lanczos": Image.Resampling.LANCZOS,
}
_OPENCV = {"opencv linear": cv2.INTER_LINEAR, "opencv cubic": cv2.INTER_CUBIC, "opencv area": cv2.INTER_AREA}
_ROUND: dict[str, Callable[[float], int]] = {"up": math.ceil, "down": math.floor, "nearest": round}


@dataclass(frozen=True)
class Gray:
    """One channel.

    Attributes:
        formula: whose rounding of 0.299 R + 0.587 G + 0.114 B: Pillow's mode ``L`` or OpenCV's
            ``RGB2GRAY``. They differ by one level at one pixel in a thousand.
    """

    formula: Literal["pillow", "opencv"] = "pillow"

    def __call__(self, canvas: Canvas) -> Canvas:
        """The gray image; a gray image as it is."""
        if canvas.pixels.ndim == 2:
            return canvas
        if self.formula == "pillow":
            return canvas.redrawn(np.array(Image.fromarray(canvas.pixels).convert("L")))
        return canvas.redrawn(cv2.cvtColor(canvas.pixels, cv2.COLOR_RGB2GRAY))

    @property
    def words(self) -> str:
        """What it does, for people."""
        return f"gray ({self.formula})"


@dataclass(frozen=True)
class Color:
    """Three channels.

    Attributes:
        order: of the channels; images come in as RGB.
    """

    order: Literal["rgb", "bgr"] = "rgb"

    def __call__(self, canvas: Canvas) -> Canvas:
        """The color image; a gray image three times."""
        if canvas.pixels.ndim == 2:
            return canvas.redrawn(np.repeat(canvas.pixels[:, :, None], 3, axis=2))
        return canvas.redrawn(np.ascontiguousarray(canvas.pixels[:, :, ::-1])) if self.order == "bgr" else canvas

    @property
    def words(self) -> str:
        """What it does, for people."""
        return self.order.upper()


@dataclass(frozen=True)
class Invert:
    """Light text on a dark ground turned into dark text on a light one, or the reverse."""

    def __call__(self, canvas: Canvas) -> Canvas:
        """The negative."""
        return canvas.redrawn(255 - canvas.pixels)

    @property
    def words(self) -> str:
        """What it does, for people."""
        return "inverted"


@dataclass(frozen=True)
class Clahe:
    """Contrast-limited adaptive histogram equalization; of the lightness (CIELAB) where there is color.

    Attributes:
        clip_limit: OpenCV's clip limit.
        tiles: tiles along the width and along the height.
    """

    clip_limit: float = 2.0
    tiles: tuple[int, int] = (8, 8)

    def __call__(self, canvas: Canvas) -> Canvas:
        """The equalized image."""
        equalize = cv2.createCLAHE(clipLimit=self.clip_limit, tileGridSize=self.tiles).apply
        if canvas.pixels.ndim == 2:
            return canvas.redrawn(equalize(canvas.pixels))
        lab = cv2.cvtColor(canvas.pixels, cv2.COLOR_RGB2LAB)
        lab[:, :, 0] = equalize(np.ascontiguousarray(lab[:, :, 0]))
        return canvas.redrawn(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB))

    @property
    def words(self) -> str:
        """What it does, for people."""
        return f"CLAHE (clip {self.clip_limit:g}, {self.tiles[0]} x {self.tiles[1]} tiles)"


@dataclass(frozen=True)
class Stretch:
    """A fixed size, whatever the aspect.

    Input position x (column c covers [c, c + 1)) lands at ``x * width / W``, exactly: both libraries
    align the images' borders, not the centers of their first pixels.

    Attributes:
        height: rows to come to.
        width: columns to come to.
        interpolation: which library's.
    """

    height: int
    width: int
    interpolation: Interpolation = "pillow bilinear"

    def __call__(self, canvas: Canvas) -> Canvas:
        """The resized image."""
        scale = canvas.width / self.width
        content = min(math.ceil(canvas.content_width / scale), self.width)
        return canvas.moved(self._resized(canvas.pixels), ColumnMap(scale), content)

    def _resized(self, pixels: Pixels) -> Pixels:
        if self.interpolation in _OPENCV:
            return np.asarray(cv2.resize(pixels, (self.width, self.height), interpolation=_OPENCV[self.interpolation]))
        return np.array(Image.fromarray(pixels).resize((self.width, self.height), _PILLOW[self.interpolation]))

    @property
    def words(self) -> str:
        """What it does, for people."""
        return f"stretched to {self.width} x {self.height} ({self.interpolation})"


@dataclass(frozen=True)
class ResizeToHeight:
    """A fixed height; the width follows the aspect: ``height * (W / H)``, rounded.

    Attributes:
        height: rows to come to.
        interpolation: which library's.
        rounding: of the width.
        at_least: columns that a narrower line is stretched to.
        at_most: columns that a wider line is squeezed to; None never squeezes.
        widen: times the width that keeps the aspect.
    """

    height: int
    interpolation: Interpolation = "pillow bilinear"
    rounding: Literal["up", "down", "nearest"] = "up"
    at_least: int = 0
    at_most: int | None = None
    widen: float = 1.0

    def __call__(self, canvas: Canvas) -> Canvas:
        """The resized image.

        Raises:
            ImageError: the line would have no column, or too many.
        """
        width = max(_ROUND[self.rounding](self.widen * self.height * (canvas.width / canvas.height)), self.at_least)
        if self.at_most is not None:
            width = min(width, self.at_most)
        if not 1 <= width <= WIDEST:
            raise ImageError(
                f"a line image of {canvas.width} x {canvas.height} pixels comes to {width} columns at height "
                f"{self.height}, and the network takes 1 to {WIDEST}; crop the image to one line of text"
            )
        return Stretch(self.height, width, self.interpolation)(canvas)

    @property
    def words(self) -> str:
        """What it does, for people."""
        bounds = f", at least {self.at_least} columns" if self.at_least > 1 else ""
        bounds += f", at most {self.at_most} columns" if self.at_most is not None else ""
        aspect = "keeping the aspect" if self.widen == 1 else f"widened {self.widen:g} times"
        return f"height {self.height} {aspect}{bounds} ({self.interpolation})"


@dataclass(frozen=True)
class Preprocess:
    """A recipe: the steps in order, the first on the user's image.

    Example:
        >>> recipe = Preprocess((Gray(), ResizeToHeight(32)))
        >>> canvas = recipe.apply(np.full((64, 200), 255, np.uint8))
        >>> canvas.channels_first.shape, canvas.to_source(100.0)
        ((1, 32, 100), 200.0)
    """

    steps: tuple[Step, ...]

    def apply(self, image: UInt8[np.ndarray, "height width *channels"]) -> Canvas:
        """The image after the last step, with its way back.

        Raises:
            ImageError: the image cannot take one of the steps.
        """
        height, width = image.shape[:2]
        if height < 1 or width < 1:
            raise ImageError(f"a line image needs at least one pixel, and this one has {width} x {height}")
        canvas = Canvas(image, ColumnMap(), width)
        for step in self.steps:
            canvas = step(canvas)
        return canvas

    def asked(self, *steps: Step) -> "Preprocess":
        """The recipe with steps the user asked for (``Invert``, ``Clahe``, ``Deskew``) in front, on the user's image."""
        return replace(self, steps=steps + self.steps)

    @property
    def words(self) -> str:
        """The recipe for people: what goes on the recognizer's card."""
        return ", ".join(step.words for step in self.steps)
