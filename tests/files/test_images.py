"""Any picture file to 8-bit gray or RGB, or one clear sentence."""

import io
import os
import struct
import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from gateviz.errors import ImageError
from gateviz.files import images
from gateviz.files.budget import IMAGE_BYTES
from gateviz.files.images import LARGEST_MAX_PIXELS, as_line_image, open_line_image, read_line_image

RNG = np.random.default_rng(7)
GRAY = RNG.integers(0, 256, (12, 30), dtype=np.uint8)
COLOR = RNG.integers(0, 256, (12, 30, 3), dtype=np.uint8)


def saved(path, picture, **options):
    # Before version 11 Pillow writes 16 bits of a PGM from its mode of 32.
    wide = path.suffix == ".pgm" and picture.mode.startswith("I;16")
    (picture.convert("I") if wide else picture).save(path, **options)
    return path


# What can be read


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "pgm", "gif"])
def test_gray_comes_back_as_it_is(tmp_path, suffix):
    pixels = read_line_image(saved(tmp_path / f"a.{suffix}", Image.fromarray(GRAY)))
    # GIF knows palettes only.
    expected = GRAY if pixels.ndim == 2 else np.repeat(GRAY[..., None], 3, axis=2)
    np.testing.assert_array_equal(pixels, expected)
    assert pixels.dtype == np.uint8
    assert pixels.flags.writeable
    assert pixels.flags.c_contiguous


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "ppm", "webp"])
def test_color_comes_back_as_it_is(tmp_path, suffix):
    options = {"lossless": True} if suffix == "webp" else {}
    np.testing.assert_array_equal(
        read_line_image(saved(tmp_path / f"a.{suffix}", Image.fromarray(COLOR), **options)), COLOR
    )


@pytest.mark.parametrize("suffix", ["jpg", "jp2"])
def test_lossy_formats_come_close(tmp_path, suffix):
    smooth = np.repeat(np.linspace(0, 255, 64, dtype=np.uint8)[None], 16, axis=0)
    pixels = read_line_image(saved(tmp_path / f"a.{suffix}", Image.fromarray(smooth)))
    assert pixels.shape == smooth.shape
    assert np.abs(pixels.astype(int) - smooth).max() <= 4


def test_the_suffix_does_not_matter(tmp_path):
    saved(tmp_path / "a.png", Image.fromarray(GRAY))
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    np.testing.assert_array_equal(read_line_image(tmp_path / "a.jpg"), GRAY)


def test_16_bits_are_scaled_not_cut(tmp_path):
    values = np.array([[0, 128, 129, 257, 32768, 65535]] * 4, dtype=np.uint16)
    for suffix in ("png", "tif", "pgm"):
        pixels = read_line_image(saved(tmp_path / f"a.{suffix}", Image.fromarray(values)))
        assert pixels[0].tolist() == [0, 0, 1, 1, 128, 255], suffix


def test_32_bit_integers_are_8_or_16_bits_by_their_range(tmp_path):
    for values, expected in (([0, 100, 255], [0, 100, 255]), ([0, 257, 65535], [0, 1, 255])):
        picture = Image.fromarray(np.array([values] * 4, dtype=np.int32))
        assert read_line_image(saved(tmp_path / "a.tif", picture))[0].tolist() == expected
    for values in ([0, 70000], [-1, 200]):
        picture = Image.fromarray(np.array([values] * 4, dtype=np.int32))
        with pytest.raises(
            ImageError, match=rf"holds 32-bit integers from {values[0]} to {values[1]}, and nothing says which is white"
        ):
            read_line_image(saved(tmp_path / "a.tif", picture))


def test_floats_are_read_by_their_range(tmp_path):
    for values, expected in (([0.0, 0.5, 1.0], [0, 128, 255]), ([0.0, 99.6, 255.0], [0, 100, 255])):
        picture = Image.fromarray(np.array([values] * 4, dtype=np.float32))
        assert read_line_image(saved(tmp_path / "a.tif", picture))[0].tolist() == expected


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.nan, "holds NaN or infinite pixels"),
        (np.inf, "holds NaN or infinite"),
        (300.0, "from 0 to 300, and nothing says which is white"),
    ],
)
def test_floats_without_a_white_are_an_error(tmp_path, value, words):
    picture = Image.fromarray(np.array([[0.0, value]] * 4, dtype=np.float32))
    with pytest.raises(ImageError, match=words):
        read_line_image(saved(tmp_path / "a.tif", picture))


def test_one_bit_becomes_black_and_white(tmp_path):
    picture = Image.fromarray(GRAY).point(lambda value: 255 * (value > 127), mode="1")
    for suffix in ("png", "tif", "pbm"):
        np.testing.assert_array_equal(
            read_line_image(saved(tmp_path / f"a.{suffix}", picture)), 255 * (GRAY > 127).astype(np.uint8)
        )


def test_a_palette_is_looked_up(tmp_path):
    picture = Image.fromarray(np.array([[0, 1]] * 4, dtype=np.uint8), mode=None).convert("P")
    picture.putpalette([10, 20, 30, 200, 100, 50])
    assert read_line_image(saved(tmp_path / "a.png", picture))[0].tolist() == [[10, 20, 30], [200, 100, 50]]


def test_cmyk_becomes_rgb(tmp_path):
    inks = np.array([[[0, 0, 0, 0], [0, 0, 0, 255], [0, 255, 255, 0]]] * 4, dtype=np.uint8)
    pixels = read_line_image(saved(tmp_path / "a.tif", Image.fromarray(inks, mode="CMYK")))
    assert pixels[0].tolist() == [[255, 255, 255], [0, 0, 0], [255, 0, 0]]


def test_a_cmyk_jpeg_of_white_paper_is_white(tmp_path):
    inks = np.zeros((16, 16, 4), dtype=np.uint8)
    assert read_line_image(saved(tmp_path / "a.jpg", Image.fromarray(inks, mode="CMYK"))).min() >= 253


def test_alpha_is_laid_over_white(tmp_path):
    rgba = np.array([[[10, 20, 30, 255], [10, 20, 30, 0], [0, 0, 0, 128]]] * 4, dtype=np.uint8)
    for suffix in ("png", "tif"):
        pixels = read_line_image(saved(tmp_path / f"a.{suffix}", Image.fromarray(rgba)))
        assert pixels[0].tolist() == [[10, 20, 30], [255, 255, 255], [127, 127, 127]]


def test_gray_with_alpha_stays_gray(tmp_path):
    la = np.array([[[10, 255], [10, 0], [0, 51]]] * 4, dtype=np.uint8)
    assert read_line_image(saved(tmp_path / "a.png", Image.fromarray(la)))[0].tolist() == [10, 255, 204]


@pytest.mark.parametrize(("mode", "transparent"), [("P", 0), ("L", 10), ("1", 0), ("RGB", (1, 2, 3))])
def test_a_transparent_color_is_white(tmp_path, mode, transparent):
    picture = Image.new(mode, (6, 4), 0 if mode in "P1" else transparent)
    if mode == "P":
        picture.putpalette([9, 9, 9, 200, 100, 50])
    path = saved(tmp_path / "a.png", picture, transparency=transparent)
    assert (read_line_image(path) == 255).all()


WORDS_ON_BLACK = (
    "light on a transparent ground: it was laid over black, where it stands out by {} levels of 255 (over white by {})"
)


@pytest.mark.parametrize("level", [255, 230])
@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_light_text_on_a_transparent_ground_is_laid_over_black(tmp_path, mode, level):
    alpha = np.where(GRAY > 127, 255, 0).astype(np.uint8)
    samples = np.stack([np.full_like(alpha, level)] * (len(mode) - 1) + [alpha], axis=-1)
    line = open_line_image(saved(tmp_path / "a.png", Image.fromarray(samples, mode=mode)))
    gray = line.pixels if mode == "LA" else line.pixels[..., 0]
    np.testing.assert_array_equal(gray, np.where(alpha, level, 0))
    assert line.remarks == (WORDS_ON_BLACK.format(level, 255 - level),)


def test_a_white_color_beside_a_transparent_one_of_a_palette_is_laid_over_black(tmp_path):
    picture = Image.fromarray(np.array([[0, 1, 0, 1, 0]] * 5, dtype=np.uint8)).convert("P")
    picture.putpalette([255, 255, 255, 255, 255, 255])
    line = open_line_image(saved(tmp_path / "a.png", picture, transparency=0))
    assert line.pixels[0, :, 0].tolist() == [0, 255, 0, 255, 0]
    assert line.remarks == (WORDS_ON_BLACK.format(255, 0),)


def test_dark_text_and_paper_with_clear_corners_are_laid_over_white(tmp_path):
    for samples, expected in (([[0, 255], [0, 0]], [0, 255]), ([[250, 255], [20, 255], [0, 0]], [250, 20, 255])):
        line = open_line_image(saved(tmp_path / "a.png", Image.fromarray(np.array([samples] * 4, dtype=np.uint8))))
        assert (line.pixels[0].tolist(), line.remarks) == (expected, ())


def test_a_picture_of_nothing_but_transparency_is_said(tmp_path):
    clear = np.zeros((8, 30, 4), dtype=np.uint8)
    clear[2:5, 3:20, 1] = 200
    line = open_line_image(saved(tmp_path / "a.png", Image.fromarray(clear)))
    assert (line.pixels == 255).all()
    assert line.remarks == (
        "wholly transparent: every pixel has alpha 0, so no ink shows; save it without transparency",
    )


@pytest.mark.parametrize("suffix", ["png", "tif", "pgm"])
def test_12_bits_in_a_file_of_16_are_scaled_by_their_own_range(tmp_path, suffix):
    values = np.array([[0, 1020, 2040, 4080]] * 4, dtype=np.uint16)
    line = open_line_image(saved(tmp_path / f"a.{suffix}", Image.fromarray(values)))
    assert line.pixels[0].tolist() == [0, 64, 128, 255]
    assert line.remarks == (
        "dark for its 16 bits: the brightest pixel is 4,080 of 65,535, as where 12 bits stand in a file of 16, "
        "so it was taken for white",
    )


def test_16_bits_that_fill_a_quarter_of_their_range_are_left_as_they_are(tmp_path):
    values = np.array([[0, 16384]] * 4, dtype=np.uint16)
    line = open_line_image(saved(tmp_path / "a.png", Image.fromarray(values)))
    assert (line.pixels[0].tolist(), line.remarks) == ([0, 64], ())


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def interlaced_png() -> bytes:
    """Adam7 of 8 x 4 gray pixels: pass after pass its rows, each with its filter byte."""
    values = np.arange(32, dtype=np.uint8).reshape(4, 8)
    starts = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
    passes = [values[top::down, left::across] for top, left, down, across in starts]
    data = b"".join(b"\0" + row.tobytes() for part in passes if part.size for row in part)
    header = struct.pack(">IIBBBBB", 8, 4, 8, 0, 0, 0, 1)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def color_png(values: np.ndarray) -> bytes:
    """A PNG of 16 bits a channel, which Pillow cannot write."""
    height, width, _ = values.shape

    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_dark_16_bits_of_color_are_scaled_and_full_ones_not(tmp_path):
    values = np.array([[[0, 0, 0], [2048, 1024, 0], [4080, 4080, 4080]]] * 4)
    (tmp_path / "a.png").write_bytes(color_png(values))
    line = open_line_image(tmp_path / "a.png")
    # Of 16 bits Pillow has the upper 8: 8, 4 and 15.
    assert line.pixels[0].tolist() == [[0, 0, 0], [136, 68, 0], [255, 255, 255]]
    assert line.remarks[0].startswith("dark for its 16 bits: the brightest value is 15 of 255 in 8 bits")
    assert "16 levels are left" in line.remarks[0]
    (tmp_path / "b.png").write_bytes(color_png(values * 16))
    bright = open_line_image(tmp_path / "b.png")
    assert (bright.pixels[0, 2].tolist(), bright.remarks) == ([255, 255, 255], ())


@pytest.mark.parametrize(("rows", "words"), [(12, None), (5, "is cut short: it has 5 of its 12 rows; save it anew")])
def test_rows_that_are_missing_from_a_whole_png_are_an_error_not_black(tmp_path, rows, words):
    whole = color_png(np.full((12, 30, 3), 65535))
    part = color_png(np.full((rows, 30, 3), 65535))
    # The signature and the header of the whole picture: 8 bytes, and 25 of a chunk.
    (tmp_path / "a.png").write_bytes(whole[:33] + part[33:])
    if words is None:
        assert (read_line_image(tmp_path / "a.png") == 255).all()
        return
    with pytest.raises(ImageError, match=words):
        read_line_image(tmp_path / "a.png")


def test_the_rows_of_an_interlaced_png_come_in_passes(tmp_path):
    (tmp_path / "a.png").write_bytes(interlaced_png())
    np.testing.assert_array_equal(read_line_image(tmp_path / "a.png"), np.arange(32, dtype=np.uint8).reshape(4, 8))


def test_a_broken_exif_leaves_the_line_as_it_is_stored_and_is_said(tmp_path):
    Image.fromarray(GRAY).save(tmp_path / "a.png", exif=b"Exif\0\0MM no TIFF header")
    line = open_line_image(tmp_path / "a.png")
    np.testing.assert_array_equal(line.pixels, GRAY)
    assert line.remarks[0].startswith("broken EXIF: nothing says how it is turned, so it is read as stored (")


def test_the_pages_of_a_tiff_are_not_counted(tmp_path, monkeypatch):
    picture = Image.fromarray(GRAY)
    picture.save(tmp_path / "a.tif", save_all=True, append_images=[picture] * 30)
    pages = []
    seek = TiffImageFile._seek
    monkeypatch.setattr(TiffImageFile, "_seek", lambda self, frame: (pages.append(frame), seek(self, frame)))
    with pytest.raises(ImageError, match="holds several pictures"):
        read_line_image(tmp_path / "a.tif")
    assert max(pages) <= 1


def test_a_file_beyond_its_budget_is_refused_before_it_is_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(images, "IMAGE_BYTES", replace(IMAGE_BYTES, most=100))
    (tmp_path / "a.png").write_bytes(bytes(101))
    words = (
        r"the file comes to 101 bytes, and at most 100 are read \(the bound on bytes of an image file\); cut the line"
    )
    with pytest.raises(ImageError, match=words):
        read_line_image(tmp_path / "a.png")


def test_a_path_that_no_file_can_have_is_an_error_of_its_own(tmp_path):
    with pytest.raises(ImageError, match="cannot be read: embedded null byte; check its path"):
        read_line_image(tmp_path / "a\0.png")


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_turns_the_line_upright(tmp_path, orientation):
    upright = np.zeros((8, 20), dtype=np.uint8)
    upright[:4, :10] = 255
    # How the camera stored it, so that the tag's meaning brings it back (EXIF 2.3, tag 274).
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: np.rot90(upright),
        7: upright[::-1, ::-1].T,
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path / "a.png", Image.fromarray(np.ascontiguousarray(stored)), exif=exif)
    np.testing.assert_array_equal(read_line_image(path), upright)


def test_an_all_white_image_is_a_line_image(tmp_path):
    white = np.full((32, 100), 255, np.uint8)
    np.testing.assert_array_equal(read_line_image(saved(tmp_path / "a.png", Image.fromarray(white))), white)


def test_the_previews_in_a_phones_jpeg_are_no_further_pictures(tmp_path):
    picture = Image.fromarray(COLOR)
    picture.save(tmp_path / "a.jpg", format="MPO", save_all=True, append_images=[picture])
    assert read_line_image(tmp_path / "a.jpg").shape == (12, 30, 3)


# What cannot be read


def test_a_missing_image_is_named(tmp_path):
    with pytest.raises(ImageError, match=r"the image .*a.png is not there; check its path"):
        read_line_image(tmp_path / "a.png")


def test_a_folder_is_no_image(tmp_path):
    with pytest.raises(ImageError, match=r"is a folder; name an image in it"):
        read_line_image(tmp_path)


def test_a_pipe_is_no_image(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ImageError, match=r"is no regular file; save the image to a file first"):
        read_line_image(tmp_path / "pipe")


def test_an_empty_file_is_named(tmp_path):
    (tmp_path / "a.png").touch()
    with pytest.raises(ImageError, match=r"is empty \(0 bytes\)"):
        read_line_image(tmp_path / "a.png")


@pytest.mark.parametrize(
    "content", [b"just some text\n", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", b"%PDF-1.5"]
)
def test_what_is_no_picture_is_named_with_what_would_be(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(ImageError, match=r"is no picture gateviz can read; it reads PNG, JPEG"):
        read_line_image(tmp_path / "a.png")


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "gif", "bmp", "ppm", "webp", "jp2"])
def test_a_truncated_image_is_broken(tmp_path, suffix):
    path = saved(tmp_path / f"a.{suffix}", Image.fromarray(COLOR))
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    with pytest.raises(
        ImageError, match=r"is broken or cut short and cannot be decoded|is cut short: it has|is no picture"
    ):
        read_line_image(path)


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ((1, 1), r"is 1 x 1 pixels \(width x height\); a line of text needs at least 4 rows"),
        ((100_000, 1), r"is 100000 x 1 pixels \(width x height\); a line of text needs at least 4 rows"),
        ((1, 100_000), r"is 1 x 100000 pixels, more than 100 times as high as wide; a line of text runs"),
        ((4004, 4), r"is 4004 x 4 pixels, more than 1000 times as wide as high; cut the line into pieces"),
    ],
)
def test_what_cannot_be_a_line_is_named_with_its_size(tmp_path, size, words):
    with pytest.raises(ImageError, match=words):
        read_line_image(saved(tmp_path / "a.png", Image.new("L", size)))


@pytest.mark.parametrize("suffix", ["gif", "png", "webp", "tif"])
def test_an_animation_is_refused(tmp_path, suffix):
    frames = [Image.fromarray(np.roll(COLOR, shift, axis=1)) for shift in range(3)]
    path = saved(tmp_path / f"a.{suffix}", frames[0], save_all=True, append_images=frames[1:])
    with pytest.raises(ImageError, match=r"holds several pictures \(an animation or pages\); save the one"):
        read_line_image(path)


def bomb(width: int, height: int) -> bytes:
    """A small PNG that says it is large; its pixels are not even there."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


def test_too_many_pixels_are_refused_before_decoding_with_limit_and_option(tmp_path):
    (tmp_path / "a.png").write_bytes(bomb(10_000, 3_000))
    with pytest.raises(
        ImageError, match=r"is 10000 x 3000 = 30,000,000 pixels, over the limit of 25,000,000;.*--max-pixels"
    ):
        read_line_image(tmp_path / "a.png")
    # With the limit raised the pixels are looked for.
    with pytest.raises(ImageError, match="is cut short: it has 0 of its 3000 rows"):
        read_line_image(tmp_path / "a.png", max_pixels=30_000_000)


def test_the_limit_is_the_last_size_allowed(tmp_path):
    path = saved(tmp_path / "a.png", Image.fromarray(GRAY))
    assert read_line_image(path, max_pixels=360).shape == (12, 30)
    with pytest.raises(ImageError, match="over the limit of 359"):
        read_line_image(path, max_pixels=359)


def test_a_decompression_bomb_is_refused_whatever_the_limit(tmp_path):
    (tmp_path / "a.png").write_bytes(bomb(60_000, 60_000))
    with pytest.raises(ImageError, match=rf"more than {LARGEST_MAX_PIXELS:,} pixels, the most any option allows"):
        read_line_image(tmp_path / "a.png", max_pixels=10**12)


def test_between_the_warning_and_the_bomb_the_limit_decides_without_a_warning(tmp_path):
    (tmp_path / "a.png").write_bytes(bomb(10_000, 10_000))
    with pytest.raises(ImageError, match="100,000,000 pixels, over the limit"):
        read_line_image(tmp_path / "a.png")


# Arrays


def test_a_line_image_array_passes_as_it_is():
    assert as_line_image(GRAY) is GRAY
    assert as_line_image(COLOR) is COLOR


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (GRAY.astype(np.float32), r"not float32 \(12, 30\); convert it first"),
        (np.zeros((12, 30, 4), np.uint8), r"not uint8 \(12, 30, 4\)"),
        (np.zeros(12, np.uint8), r"not uint8 \(12,\)"),
        (np.zeros((3, 30), np.uint8), r"the image array is 30 x 3 pixels"),
        (np.zeros((30, 0), np.uint8), r"the image array is 0 x 30 pixels"),
    ],
)
def test_another_array_is_named(array, words):
    with pytest.raises(ImageError, match=words):
        as_line_image(array)


# Broken bytes


def encoded(name: str) -> bytes:
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    options = {"exif": exif} if name in ("PNG", "JPEG", "WEBP") else {}
    Image.fromarray(COLOR).save(buffer, format=name, **options)
    return buffer.getvalue()


ENCODED = {name: encoded(name) for name in ("PNG", "JPEG", "TIFF", "BMP", "GIF", "PPM", "WEBP", "PCX", "SGI")}


# Pillow warns of damaged metadata; here only the outcome counts.
@pytest.mark.filterwarnings("ignore")
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), name=st.sampled_from(sorted(ENCODED)))
def test_broken_bytes_give_an_image_or_one_sentence(tmp_path, data, name):
    content = bytearray(ENCODED[name])
    for place, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), min_size=1, max_size=8)
    ):
        content[place] = value
    path = tmp_path / "broken"
    path.write_bytes(content[: data.draw(st.integers(1, len(content)))])
    try:
        pixels = read_line_image(path, max_pixels=1_000_000)
    except ImageError as error:
        assert str(error).startswith(f"the image {path} ")
        assert "\n" not in str(error)
    else:
        assert pixels.dtype == np.uint8
        assert pixels.shape[2:] in ((), (3,))
