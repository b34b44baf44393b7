import ctypes
import ctypes.util

import numpy as np
import pytest

from gateviz.adapters.tesseract.scaling import scale_to_height


def text_like(rng, height, width, channels=1):
    """Dark strokes on light paper, with gray in between, so that sharpening and clipping matter."""
    noise = rng.random((channels, height, width))
    kernel = np.ones(3) / 3
    smooth = np.apply_along_axis(lambda row: np.convolve(row, kernel, "same"), 2, noise)
    return np.clip((smooth - 0.45) * 1800, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def leptonica():
    name = ctypes.util.find_library("lept") or ctypes.util.find_library("leptonica")
    if name is None:
        pytest.skip("Leptonica is not installed (Debian package liblept5)")
    library = ctypes.CDLL(name)
    library.pixCreate.restype = library.pixScale.restype = library.pixGetData.restype = ctypes.c_void_p
    library.pixScale.argtypes = [ctypes.c_void_p, ctypes.c_float, ctypes.c_float]
    for function in (library.pixGetData, library.pixGetWidth, library.pixGetHeight, library.pixGetWpl):
        function.argtypes = [ctypes.c_void_p]
    library.pixDestroy.argtypes = [ctypes.POINTER(ctypes.c_void_p)]

    def scale(channels, factor):
        """pixScale of an 8-bit gray or a 32-bit RGB image; its words are big-endian bytes of a row."""
        count, height, width = channels.shape
        depth = 8 if count == 1 else 32
        pix = ctypes.c_void_p(library.pixCreate(width, height, depth))
        words = library.pixGetWpl(pix)
        if depth == 8:
            rows = np.zeros((height, words * 4), np.uint8)
            rows[:, :width] = channels[0]
        else:
            rows = np.zeros((height, words, 4), np.uint8)
            rows[:, :, :3] = np.moveaxis(channels, 0, 2)
        native = rows.reshape(height, words, 4)[:, :, ::-1].tobytes()
        ctypes.memmove(library.pixGetData(pix), native, len(native))
        scaled = ctypes.c_void_p(library.pixScale(pix, factor, factor))
        height, width, words = library.pixGetHeight(scaled), library.pixGetWidth(scaled), library.pixGetWpl(scaled)
        raw = np.frombuffer(ctypes.string_at(library.pixGetData(scaled), height * words * 4), np.uint8)
        raw = raw.reshape(height, words, 4)[:, :, ::-1]
        result = raw.reshape(1, height, -1)[:, :, :width] if depth == 8 else np.moveaxis(raw, 2, 0)[:3]
        result = result.copy()
        library.pixDestroy(ctypes.byref(pix))
        library.pixDestroy(ctypes.byref(scaled))
        return result

    return scale


@pytest.mark.system
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    "rows", [5, 9, 12, 18, 25, 26, 30, 35, 37, 43, 51, 52, 60, 71, 72, 73, 100, 144, 145, 180, 181, 288, 400, 576, 900]
)
def test_scaling_equals_leptonica(leptonica, rows, channels):
    image = text_like(np.random.default_rng(rows), rows, 3 * rows + 7, channels)
    scaled = scale_to_height(image, 36)
    np.testing.assert_array_equal(scaled.pixels, leptonica(image, np.float32(36) / np.float32(rows)))


@pytest.mark.system
def test_very_tall_images_are_averaged_over_whole_pixels_as_leptonica_does(leptonica):
    image = text_like(np.random.default_rng(0), 2011, 2500)
    scaled = scale_to_height(image, 36)
    np.testing.assert_array_equal(scaled.pixels, leptonica(image, np.float32(36) / np.float32(2011)))
