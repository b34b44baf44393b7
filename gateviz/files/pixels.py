"""From a decoded picture of any mode to 8-bit gray or RGB, with a remark where that took a choice."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from gateviz.errors import ImageError

Remarks = tuple[str, ...]

# Bits that cameras and scanners put into files of 16: at most 14. A picture that is brighter fills the 16.
_FILLED_FROM = 2**14
# Levels of gray between text and ground from which white is a fair ground for what is transparent.
_PLAIN_CONTRAST = 128
_CHUNK_PIXELS = 1_000_000


@dataclass(frozen=True, eq=False)
class DecodedLine:
    """A line image out of a file.

    Attributes:
        pixels: (H, W) gray or (H, W, 3) RGB.
        remarks: what a reader of the result must know of how it was decoded, a sentence each
            (``data.remarks``).
    """

    pixels: UInt8[np.ndarray, "height width *channels"]
    remarks: Remarks = ()


def to_pixels(picture: Image.Image, *, sixteen_bit_color: bool = False) -> DecodedLine:
    """The pixels of a decoded picture.

    Args:
        picture: with its pixels loaded.
        sixteen_bit_color: the file holds 16 bits a channel, of which the picture has the upper 8.

    Raises:
        ImageError: nothing says which of its values is white.
    """
    mode = picture.mode
    if mode.startswith("I;16"):
        return _from_16_bits(np.array(picture, dtype=np.uint16))
    if mode == "I":
        return _from_integers(np.array(picture), sixteen_bits=picture.format in ("PNG", "PPM"))
    if mode == "F":
        return DecodedLine(_from_floats(np.array(picture)))
    gray = mode in ("1", "L", "LA", "La")
    if picture.has_transparency_data:
        samples = np.array(picture.convert("LA" if gray else "RGBA"))
        colors, alpha = samples[..., :-1], samples[..., -1]
        colors, remarks = _brightened(colors) if sixteen_bit_color else (colors, ())
        over = _over_ground(colors, alpha)
        return DecodedLine(over.pixels, remarks + over.remarks)
    pixels = np.array(picture.convert("L" if gray else "RGB"))
    return DecodedLine(*_brightened(pixels)) if sixteen_bit_color else DecodedLine(pixels)


def _over_ground(colors: UInt8[np.ndarray, "H W samples"], alpha: UInt8[np.ndarray, "H W"]) -> DecodedLine:
    """A picture with transparency over white, or over black where white would hide what it shows."""
    white = _mixed(colors, alpha, 255)
    if not alpha.any():
        return DecodedLine(
            white, ("wholly transparent: every pixel has alpha 0, so no ink shows; save it without transparency",)
        )
    on_white = _contrast(white)
    if on_white < _PLAIN_CONTRAST:
        black = _mixed(colors, alpha, 0)
        on_black = _contrast(black)
        if on_black > 2 * on_white:
            return DecodedLine(
                black,
                (
                    f"light on a transparent ground: it was laid over black, where it stands out by {on_black} levels "
                    f"of 255 (over white by {on_white})",
                ),
            )
    return DecodedLine(white)


def _mixed(
    colors: UInt8[np.ndarray, "H W samples"], alpha: UInt8[np.ndarray, "H W"], ground: int
) -> UInt8[np.ndarray, "H W *channels"]:
    """Colors over a ground, some rows at a time: the products take four times the picture's memory."""
    mixed = np.empty_like(colors)
    rows = max(1, _CHUNK_PIXELS // alpha.shape[1])
    for start in range(0, len(alpha), rows):
        part = slice(start, start + rows)
        share = alpha[part, :, None].astype(np.uint16)
        mixed[part] = (colors[part] * share + ground * (255 - share) + 127) // 255
    return mixed[..., 0] if mixed.shape[2] == 1 else mixed


def _contrast(pixels: UInt8[np.ndarray, "H W *channels"]) -> int:
    gray = pixels if pixels.ndim == 2 else np.array(Image.fromarray(pixels).convert("L"))
    return int(gray.max()) - int(gray.min())


def _from_16_bits(values: np.ndarray) -> DecodedLine:
    high = int(values.max())
    if 0 < high < _FILLED_FROM:
        scaled = (values.astype(np.uint32) * 255 + high // 2) // high
        return DecodedLine(
            scaled.astype(np.uint8),
            (
                f"dark for its 16 bits: the brightest pixel is {high:,} of 65,535, as where {high.bit_length()} bits "
                f"stand in a file of 16, so it was taken for white",
            ),
        )
    return DecodedLine(((values.astype(np.uint32) + 128) // 257).astype(np.uint8))


def _brightened(pixels: UInt8[np.ndarray, "H W *channels"]) -> tuple[UInt8[np.ndarray, "H W *channels"], Remarks]:
    """The upper 8 of 16 bits a channel, scaled where they are as dark as fewer bits in a file of 16 are."""
    high = int(pixels.max())
    if not 0 < high < _FILLED_FROM // 256:
        return pixels, ()
    scaled = (pixels.astype(np.uint16) * 255 + high // 2) // high
    return scaled.astype(np.uint8), (
        f"dark for its 16 bits: the brightest value is {high} of 255 in 8 bits, as where fewer bits stand in a file of "
        f"16, so it was taken for white and {high + 1} levels are left; save it with 8 bits",
    )


def _from_integers(values: np.ndarray, *, sixteen_bits: bool) -> DecodedLine:
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > 65535:
        raise ImageError(
            f"holds 32-bit integers from {low} to {high}, and nothing says which is white; save it with 8 bits"
        )
    if high <= 255 and not sixteen_bits:
        return DecodedLine(values.astype(np.uint8))
    return _from_16_bits(values)


def _from_floats(values: np.ndarray) -> UInt8[np.ndarray, "H W"]:
    if not np.isfinite(values).all():
        raise ImageError("holds NaN or infinite pixels; save it with 8 bits")
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > 255:
        raise ImageError(
            f"holds floating-point pixels from {low:g} to {high:g}, and nothing says which is white; save it with 8 bits"
        )
    scale = 255.0 if high <= 1 else 1.0
    return np.rint(values * scale).astype(np.uint8)
