"""An image on its way to the network, and the steps that need no imaging library.

Every step is a frozen dataclass whose fields are its options and whose call maps a canvas to a
canvas; each says where its columns come from.
"""

from dataclasses import dataclass, replace
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, UInt8

from gateviz.data.frames import ColumnMap
from gateviz.geometry.deskew import LEAST_RISE, estimate_slope, rise_share, shear_columns

Pixels = UInt8[np.ndarray, "_ _ ..."] | Float32[np.ndarray, "_ _ ..."]
Fill = float | Literal["edge"]
"""What padding holds: one value in the pixels' scale at that step, or the border pixels repeated."""


@dataclass(frozen=True)
class Canvas:
    """An image between two steps.

    Attributes:
        pixels: (H, W) or (H, W, 3); uint8 up to the normalization, float32 after it.
        to_source: from its columns to columns of the user's image.
        content_width: leading columns that hold the line; what follows is padding.
        remarks: what the steps so far have to say of this line (``data.remarks``).
    """

    pixels: Pixels
    to_source: ColumnMap
    content_width: int
    remarks: tuple[str, ...] = ()

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.pixels.shape[0])

    @property
    def width(self) -> int:
        """Columns."""
        return int(self.pixels.shape[1])

    @property
    def channels_first(self) -> Float32[np.ndarray, "channels height width"]:
        """The pixels as a network takes them."""
        pixels = self.pixels[None] if self.pixels.ndim == 2 else self.pixels.transpose(2, 0, 1)
        return np.ascontiguousarray(pixels, dtype=np.float32)

    def redrawn(self, pixels: Pixels) -> "Canvas":
        """The same columns with other pixels."""
        return replace(self, pixels=pixels)

    def moved(self, pixels: Pixels, to_this: ColumnMap, content_width: int) -> "Canvas":
        """Other columns: ``to_this`` maps columns of the new pixels to columns of this canvas."""
        return Canvas(pixels, to_this.then(self.to_source), content_width, self.remarks)

    def remarked(self, remark: str) -> "Canvas":
        """The same canvas with one more remark."""
        return replace(self, remarks=(*self.remarks, remark))


@runtime_checkable
class Step(Protocol):
    """One step of a recipe."""

    def __call__(self, canvas: Canvas) -> Canvas:
        """The image after this step.

        Raises:
            ImageError: the image cannot take this step.
        """

    @property
    def words(self) -> str:
        """What it does, for people, such as ``height 32``."""


@dataclass(frozen=True)
class Pad:
    """More pixels around the image.

    Attributes:
        left: columns before it.
        right: columns after it.
        top: rows above it.
        bottom: rows below it.
        fill: what they hold.
    """

    left: int = 0
    right: int = 0
    top: int = 0
    bottom: int = 0
    fill: Fill = 255.0

    def __call__(self, canvas: Canvas) -> Canvas:
        """The image with its border."""
        pixels = _padded(canvas.pixels, ((self.top, self.bottom), (self.left, self.right)), self.fill)
        return canvas.moved(pixels, ColumnMap(1.0, -float(self.left)), canvas.content_width + self.left)

    @property
    def words(self) -> str:
        """What it does, for people."""
        sides = {"left": self.left, "right": self.right, "top": self.top, "bottom": self.bottom}
        border = ", ".join(f"{name} {size}" for name, size in sides.items() if size)
        return f"padded {border} with {_fill_words(self.fill)}"


@dataclass(frozen=True)
class PadToWidth:
    """Columns on the right up to a width; a wider image stays as it is.

    Attributes:
        width: columns to reach.
        fill: what the new ones hold.
    """

    width: int
    fill: Fill = 255.0

    def __call__(self, canvas: Canvas) -> Canvas:
        """The image with its padding."""
        return Pad(right=max(self.width - canvas.width, 0), fill=self.fill)(canvas)

    @property
    def words(self) -> str:
        """What it does, for people."""
        return f"padded to {self.width} columns with {_fill_words(self.fill)}"


@dataclass(frozen=True)
class Deskew:
    """A slanting line brought level by a vertical shear: every column moves up or down as a whole.

    A rotation would mix columns; over the few degrees that a text line slants the two differ by
    less than 1 - cos(5 degrees) = 0.4 % in width, and after the shear column c still is column c.
    A line whose estimated slope is too small to matter stays as it is, with a remark.

    Attributes:
        degrees: how much the line falls to the right (negative where it rises); None estimates it.
        limit: steepest slant an estimate may find, in degrees.
    """

    degrees: float | None = None
    limit: float = 5.0

    def __call__(self, canvas: Canvas) -> Canvas:
        """The level line. Rows that hold no line of its own are dropped or added as the shear needs."""
        if self.degrees is None:
            slope = estimate_slope(canvas.pixels, float(np.tan(np.radians(self.limit))))
            share = rise_share(canvas.pixels, slope)
            if share < LEAST_RISE:
                return canvas.remarked(
                    f"left level: the slope found is {np.degrees(np.arctan(slope)):.2f} degrees, {100 * share:.0f} % of "
                    f"the height of the ink from end to end, and less than {100 * LEAST_RISE:.0f} % is not turned"
                )
        else:
            slope = float(np.tan(np.radians(self.degrees)))
        return canvas.redrawn(shear_columns(canvas.pixels, slope)) if slope else canvas

    @property
    def words(self) -> str:
        """What it does, for people."""
        return "deskewed" if self.degrees is None else f"deskewed by {self.degrees:g} degrees"


@dataclass(frozen=True)
class Normalize:
    """Pixels as the numbers the network was trained on: ``(x / scale - mean) / std``, in float32.

    Attributes:
        mean: one number for all channels, or one each.
        std: one number for all channels, or one each.
        scale: what white is divided by.
    """

    mean: tuple[float, ...] = (0.5,)
    std: tuple[float, ...] = (0.5,)
    scale: float = 255.0

    def __call__(self, canvas: Canvas) -> Canvas:
        """The normalized image."""
        unit = canvas.pixels.astype(np.float32) / np.float32(self.scale)
        return canvas.redrawn((unit - np.array(self.mean, np.float32)) / np.array(self.std, np.float32))

    @property
    def words(self) -> str:
        """What it does, for people."""
        mean, std = (", ".join(f"{number:g}" for number in numbers) for numbers in (self.mean, self.std))
        return f"(x/{self.scale:g} - {mean}) / {std}"


def _padded(pixels: Pixels, border: tuple[tuple[int, int], tuple[int, int]], fill: Fill) -> Pixels:
    widths = border + ((0, 0),) * (pixels.ndim - 2)
    if fill == "edge":
        return np.pad(pixels, widths, mode="edge")
    return np.pad(pixels, widths, constant_values=pixels.dtype.type(fill))


def _fill_words(fill: Fill) -> str:
    return "the border repeated" if fill == "edge" else f"{fill:g}"
