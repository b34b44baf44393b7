"""Line images: any picture file to 8-bit gray or RGB."""

import io
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image, UnidentifiedImageError

from gateviz.errors import ImageError
from gateviz.files.inputs import will_read

DEFAULT_MAX_PIXELS = 25_000_000
# Past this Pillow refuses by itself.
LARGEST_MAX_PIXELS = 178_956_970
LEAST_ROWS = 4
# As wide as this and a network input of 32 rows has 32,000 columns.
MOST_COLUMNS_PER_ROW = 1000
MOST_ROWS_PER_COLUMN = 100

# The first five are those that Pillow loads quickly; formats that start a program (EPS) stay out.
_FORMATS = ("BMP", "GIF", "JPEG", "PPM", "PNG", "TIFF", "WEBP", "JPEG2000", "DIB", "PCX", "SGI")
_KNOWN = "PNG, JPEG, TIFF, BMP, GIF, WebP, PNM and JPEG 2000"

# What Pillow's decoders raise on broken files.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    MemoryError,
    NotImplementedError,
    struct.error,
    zlib.error,
)

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION_TAG = 0x0112


def read_line_image(
    path: str | Path, *, max_pixels: int = DEFAULT_MAX_PIXELS
) -> UInt8[np.ndarray, "height width *channels"]:
    """The pixels of an image file: (H, W) where it is gray, otherwise (H, W, 3) RGB.

    The picture is turned upright by its EXIF orientation, transparency is laid over white, 16 bits
    are scaled to 8 (65535 becomes 255), and palette, CMYK and the other color modes become RGB.

    Args:
        path: a PNG, JPEG, TIFF, BMP, GIF, WebP, PNM or JPEG 2000 file with one picture.
        max_pixels: refuse a larger image before it is decoded.

    Raises:
        ImageError: the file is missing, empty, broken or no image, holds several pictures, is too
            large, or is too small or too narrow for a line of text.
    """
    path = Path(path)
    try:
        check_image(path)
        will_read([path])
        pixels = _decoded(path, max_pixels)
        _check_line(pixels)
    except ImageError as error:
        raise ImageError(f"the image {path} {error}") from error
    return pixels


def decode_line_image(
    content: bytes, name: str, *, max_pixels: int = DEFAULT_MAX_PIXELS
) -> UInt8[np.ndarray, "height width *channels"]:
    """The pixels of an image whose file content is at hand, as ``read_line_image`` gives them.

    Args:
        content: what would stand in the file.
        name: what messages call it.
        max_pixels: refuse a larger image before it is decoded.

    Raises:
        ImageError: as ``read_line_image``.
    """
    try:
        _check_size(len(content))
        pixels = _decoded(io.BytesIO(content), max_pixels)
        _check_line(pixels)
    except ImageError as error:
        raise ImageError(f"the image {name} {error}") from error
    return pixels


def as_line_image(pixels: np.ndarray) -> UInt8[np.ndarray, "height width *channels"]:
    """The array itself, when it is a line image: uint8 of shape (H, W) gray or (H, W, 3) RGB.

    Raises:
        ImageError: another type or shape, or too small for a line of text.
    """
    shape = pixels.shape
    if pixels.dtype != np.uint8 or not (len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)):
        raise ImageError(
            f"an image array needs type uint8 and shape (H, W) gray or (H, W, 3) RGB, "
            f"not {pixels.dtype} {tuple(shape)}; convert it first"
        )
    try:
        _check_line(pixels)
    except ImageError as error:
        raise ImageError(f"the image array {error}") from error
    return pixels


def check_image(path: Path) -> None:
    """Find out without reading it whether there is a file that may be an image.

    Raises:
        ImageError: it is missing, no file, or empty; the file is left to the caller to name.
    """
    try:
        size = path.stat().st_size
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ImageError("is not there; check its path") from error
    except OSError as error:
        raise ImageError(f"cannot be read: {error.strerror}") from error
    if path.is_dir():
        raise ImageError("is a folder; name an image in it")
    if not path.is_file():
        raise ImageError("is no regular file; save the image to a file first")
    _check_size(size)


def _check_size(size: int) -> None:
    if size == 0:
        raise ImageError("is empty (0 bytes), so there is nothing to read in it")


def _decoded(source: Path | io.BytesIO, max_pixels: int) -> UInt8[np.ndarray, "height width *channels"]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            Image.preinit()
            with Image.open(source, formats=_FORMATS) as picture:
                _check_pixels(picture, max_pixels)
                _check_single(picture)
                picture.load()
                return _to_pixels(_upright(picture))
    except ImageError:
        raise
    except UnidentifiedImageError as error:
        raise ImageError(f"is no picture gateviz can read; it reads {_KNOWN}") from error
    except Image.DecompressionBombError as error:
        raise ImageError(
            f"holds more than {LARGEST_MAX_PIXELS:,} pixels, the most any option allows; cut the line out of it"
        ) from error
    except _BROKEN as error:
        raise ImageError(f"is broken or cut short and cannot be decoded ({_words(error)})") from error


def _check_pixels(picture: Image.Image, max_pixels: int) -> None:
    width, height = picture.size
    if width * height > max_pixels:
        raise ImageError(
            f"is {width} x {height} = {width * height:,} pixels, over the limit of {max_pixels:,}; "
            f"cut the line out of it, or raise max_pixels (--max-pixels)"
        )


def _check_single(picture: Image.Image) -> None:
    # The further pictures of an MPO are previews and depth maps that phones add to a JPEG.
    count = 1 if picture.format == "MPO" else getattr(picture, "n_frames", 1)
    if count > 1:
        raise ImageError(f"holds {count} pictures (an animation or pages); save the one with the line by itself")


def _check_line(pixels: np.ndarray) -> None:
    height, width = pixels.shape[:2]
    size = f"is {width} x {height} pixels"
    if height < LEAST_ROWS or width < 1:
        raise ImageError(f"{size} (width x height); a line of text needs at least {LEAST_ROWS} rows and one column")
    if width > MOST_COLUMNS_PER_ROW * height:
        raise ImageError(f"{size}, more than {MOST_COLUMNS_PER_ROW} times as wide as high; cut the line into pieces")
    if height > MOST_ROWS_PER_COLUMN * width:
        raise ImageError(
            f"{size}, more than {MOST_ROWS_PER_COLUMN} times as high as wide; a line of text runs from left to right"
        )


def _upright(picture: Image.Image) -> Image.Image:
    turn = _TURNS.get(picture.getexif().get(_ORIENTATION_TAG, 1))
    return picture if turn is None else picture.transpose(turn)


def _to_pixels(picture: Image.Image) -> UInt8[np.ndarray, "height width *channels"]:
    mode = picture.mode
    if mode.startswith("I;16"):
        return _from_16_bits(np.array(picture, dtype=np.uint16))
    if mode == "I":
        return _from_integers(np.array(picture), sixteen_bits=picture.format in ("PNG", "PPM"))
    if mode == "F":
        return _from_floats(np.array(picture))
    if picture.has_transparency_data:
        return _over_white(np.array(picture.convert("LA" if mode in ("1", "L", "LA", "La") else "RGBA")))
    return np.array(picture.convert("L" if mode in ("1", "L") else "RGB"))


def _over_white(pixels: UInt8[np.ndarray, "H W samples"]) -> UInt8[np.ndarray, "H W *channels"]:
    alpha = pixels[..., -1:].astype(np.uint16)
    mixed = (pixels[..., :-1] * alpha + 255 * (255 - alpha) + 127) // 255
    flat = mixed.astype(np.uint8)
    return flat[..., 0] if flat.shape[2] == 1 else flat


def _from_16_bits(values: np.ndarray) -> UInt8[np.ndarray, "H W"]:
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _from_integers(values: np.ndarray, *, sixteen_bits: bool) -> UInt8[np.ndarray, "H W"]:
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > 65535:
        raise ImageError(
            f"holds 32-bit integers from {low} to {high}, and nothing says which is white; save it with 8 bits"
        )
    if high <= 255 and not sixteen_bits:
        return values.astype(np.uint8)
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


def _words(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
