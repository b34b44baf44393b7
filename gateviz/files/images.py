"""Line images: any picture file to 8-bit gray or RGB."""

import io
import struct
import warnings
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image, UnidentifiedImageError

from gateviz.errors import ImageError
from gateviz.files.budget import DEFAULT_PIXELS, IMAGE_BYTES, LARGEST_PIXELS
from gateviz.files.inputs import will_read
from gateviz.files.pixels import DecodedLine, to_pixels

DEFAULT_MAX_PIXELS = DEFAULT_PIXELS.most
LARGEST_MAX_PIXELS = LARGEST_PIXELS.most
LEAST_ROWS = 4
# As wide as this and a network input of 32 rows has 32,000 columns.
MOST_COLUMNS_PER_ROW = 1000
MOST_ROWS_PER_COLUMN = 100

# The first five are those that Pillow loads quickly; formats that start a program (EPS) stay out.
_FORMATS = ("BMP", "GIF", "JPEG", "PPM", "PNG", "TIFF", "WEBP", "JPEG2000", "DIB", "PCX", "SGI")
_KNOWN = "PNG, JPEG, TIFF, BMP, GIF, WebP, PNM and JPEG 2000"

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
_BROKEN_EXIF = (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, struct.error)


def read_line_image(
    path: str | Path, *, max_pixels: int = DEFAULT_MAX_PIXELS
) -> UInt8[np.ndarray, "height width *channels"]:
    """The pixels of ``open_line_image``, without its remarks.

    Raises:
        ImageError: as there.
    """
    return open_line_image(path, max_pixels=max_pixels).pixels


def open_line_image(path: str | Path, *, max_pixels: int = DEFAULT_MAX_PIXELS) -> DecodedLine:
    """The pixels of an image file, (H, W) where it is gray, otherwise (H, W, 3) RGB, and remarks on them.

    The picture is turned upright by its EXIF orientation. Transparency is laid over white, or over
    black where white would hide what the picture shows. 16 bits are scaled to 8 (65535 becomes 255),
    by the brightest pixel where that fills less than a quarter of them. Palette, CMYK and the other
    color modes become RGB.

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
        line = _decoded(path, max_pixels)
        _check_line(line.pixels)
    except ImageError as error:
        raise ImageError(f"the image {path} {error}") from error
    return line


def decode_line_image(content: bytes, name: str, *, max_pixels: int = DEFAULT_MAX_PIXELS) -> DecodedLine:
    """The pixels of an image whose file content is at hand, as ``open_line_image`` gives them.

    Args:
        content: what would stand in the file.
        name: what messages call it.
        max_pixels: refuse a larger image before it is decoded.

    Raises:
        ImageError: as ``open_line_image``.
    """
    try:
        _check_size(len(content))
        line = _decoded(io.BytesIO(content), max_pixels)
        _check_line(line.pixels)
    except ImageError as error:
        raise ImageError(f"the image {name} {error}") from error
    return line


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
    except ValueError as error:
        raise ImageError(f"cannot be read: {error}; check its path") from error
    if path.is_dir():
        raise ImageError("is a folder; name an image in it")
    if not path.is_file():
        raise ImageError("is no regular file; save the image to a file first")
    _check_size(size)


def _check_size(size: int) -> None:
    if size == 0:
        raise ImageError("is empty (0 bytes), so there is nothing to read in it")
    IMAGE_BYTES.check(size, "the file", advice="cut the line out of it", error=ImageError)


def _decoded(source: Path | io.BytesIO, max_pixels: int) -> DecodedLine:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            Image.preinit()
            with Image.open(source, formats=_FORMATS) as picture:
                _check_pixels(picture, max_pixels)
                _check_single(picture)
                if picture.format == "PNG" and picture.fp is not None:
                    check_rows(picture.fp)
                sixteen_bit_color = _is_16_bit_color(picture)
                picture.load()
                upright, remarks = _upright(picture)
                line = to_pixels(upright, sixteen_bit_color=sixteen_bit_color)
                return replace(line, remarks=remarks + line.remarks)
    except ImageError:
        raise
    except UnidentifiedImageError as error:
        raise ImageError(f"is no picture gateviz can read; it reads {_KNOWN}") from error
    except Image.DecompressionBombError as error:
        raise ImageError(
            f"holds more than {LARGEST_MAX_PIXELS:,} pixels, the most any option allows; cut the line out of it"
        ) from error
    except Exception as error:  # what Pillow's decoders raise on broken files is no closed list
        raise ImageError(f"is broken or cut short and cannot be decoded ({_words(error)})") from error


def _check_pixels(picture: Image.Image, max_pixels: int) -> None:
    width, height = picture.size
    if width * height > max_pixels:
        raise ImageError(
            f"is {width} x {height} = {width * height:,} pixels, over the limit of {max_pixels:,}; "
            f"cut the line out of it, or raise max_pixels (--max-pixels)"
        )


def _check_single(picture: Image.Image) -> None:
    # The further pictures of an MPO are previews and depth maps that phones add to a JPEG. How many pictures
    # there are is not asked: a GIF or TIFF is walked through for that, and may have a million.
    if picture.format != "MPO" and getattr(picture, "is_animated", False):
        raise ImageError("holds several pictures (an animation or pages); save the one with the line by itself")


def _is_16_bit_color(picture: Image.Image) -> bool:
    """Whether the file has 16 bits a channel, which Pillow cuts to the upper 8; known before it is decoded only."""
    # What a decoder is given is its raw mode, such as "RGB;16B", alone or before strides and offsets.
    given = [tile[3] for tile in getattr(picture, "tile", ())]
    raw_modes = [each[0] if isinstance(each, tuple) and each else each for each in given]
    return picture.mode in ("RGB", "RGBA", "LA") and any(";16" in str(raw_mode) for raw_mode in raw_modes)


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


def _upright(picture: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """The picture as its EXIF orientation has it; a broken EXIF leaves it as it is stored, and is said."""
    try:
        turn = _TURNS.get(picture.getexif().get(_ORIENTATION_TAG, 1))
    except _BROKEN_EXIF as error:
        return picture, (f"broken EXIF: nothing says how it is turned, so it is read as stored ({_words(error)})",)
    return (picture if turn is None else picture.transpose(turn)), ()


def _words(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


_SIGNATURE = 8
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PIECE = 1 << 20


def check_rows(file: Any) -> None:
    """Nothing where a PNG's data have every row; interlaced ones, whose rows come in passes, are not counted.

    Args:
        file: of bytes, a PNG that Pillow could open; it is left where it stood.

    Raises:
        ImageError: how many rows there are.
    """
    stood = file.tell()
    file.seek(_SIGNATURE)
    unpacker, found, wanted, row, height = zlib.decompressobj(), 0, 0, 1, 0
    while len(head := file.read(8)) == 8:
        size, kind = int.from_bytes(head[:4], "big"), head[4:]
        if kind == b"IHDR":
            header = file.read(size)
            width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
            if header[12]:
                break
            row = 1 + (width * _SAMPLES[header[9]] * header[8] + 7) // 8
            wanted = row * height
        elif kind == b"IDAT":
            data = file.read(size)
            while data and found < wanted:
                found += len(unpacker.decompress(data, _PIECE))
                data = unpacker.unconsumed_tail
        elif kind == b"IEND":
            break
        else:
            file.seek(size, 1)
        file.seek(4, 1)
    file.seek(stood)
    if found < wanted:
        raise ImageError(f"is cut short: it has {found // row} of its {height} rows; save it anew")
