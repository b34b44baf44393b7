"""The recipe: the right pixels, and columns that can be found again."""

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from gateviz.capture.recognizer import pixels_of
from gateviz.data.frames import ColumnMap
from gateviz.errors import ImageError
from gateviz.geometry.canvas import Canvas, Deskew, Normalize, Pad, PadToWidth
from gateviz.geometry.preprocess import Clahe, Color, Gray, Invert, Preprocess, ResizeToHeight, Stretch
from gateviz.lines.recognizer import prepared_line

INTERPOLATIONS = [
    "pillow bilinear",
    "pillow bicubic",
    "pillow lanczos",
    "opencv linear",
    "opencv cubic",
    "opencv area",
]
interpolations = st.sampled_from(INTERPOLATIONS)
small = st.integers(0, 9)
fills = st.sampled_from([255.0, "edge"])

colors = st.sampled_from([(), (Gray(),), (Gray("opencv"),), (Color(),), (Color("bgr"),)])
moves = st.lists(
    st.one_of(
        st.builds(Clahe),
        st.builds(Pad, left=small, right=small, top=small, bottom=small, fill=fills),
        st.builds(PadToWidth, width=st.integers(1, 400), fill=fills),
        st.builds(Deskew, degrees=st.floats(-4, 4)),
        st.builds(
            ResizeToHeight,
            height=st.integers(16, 64),
            interpolation=interpolations,
            rounding=st.sampled_from(["up", "down", "nearest"]),
            at_least=st.integers(0, 150),
            at_most=st.integers(150, 600),
        ),
        st.builds(Stretch, height=st.integers(16, 48), width=st.integers(100, 500), interpolation=interpolations),
    ),
    max_size=4,
)


def bar_image(column: int, width: int, total: int, channels: int | None) -> np.ndarray:
    image = np.full((40, total), 255, np.uint8)
    image[:, column : column + width] = 0
    return image if channels is None else np.repeat(image[:, :, None], channels, axis=2)


def bar_center(pixels: torch.Tensor) -> float:
    """Where the darkness lies, on the column axis of the pixels: columns c cover [c, c + 1)."""
    row = pixels[:, pixels.shape[1] // 2].double().mean(0)
    darkness = (row.max() - row).clamp(min=0)
    darkness[darkness < darkness.max() / 2] = 0
    return float((darkness * (torch.arange(len(row)) + 0.5)).sum() / darkness.sum())


@settings(max_examples=150)
@given(
    column=st.integers(60, 220),
    bar=st.integers(6, 12),
    channels=st.sampled_from([None, 3]),
    color=colors,
    steps=moves,
)
def test_a_bar_is_found_at_its_column_after_every_combination(column, bar, channels, color, steps):
    image = bar_image(column, bar, 300, channels)
    line = prepared_line(Preprocess((*color, *steps, Normalize())), image)
    found = bar_center(pixels_of(line))
    expected = line.to_source.inverse()(column + bar / 2)
    # Quantization moves the centroid by part of a column; half of it is the threshold's.
    assert found == pytest.approx(expected, abs=1.0)
    assert line.to_source(expected) == pytest.approx(column + bar / 2, abs=1e-9)
    assert line.source_width == 300
    assert 0 <= line.content_width <= line.pixels.shape[2]


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
@pytest.mark.parametrize("width", [50, 99, 150, 300, 451])
def test_resizing_has_no_half_pixel_shift(interpolation, width):
    """The centroid of a smooth bump is moved by x w / W; half a pixel of either axis would be 0.17 columns or more."""
    bump = 255 - 200 * np.exp(-(((np.arange(300) + 0.5 - 130.25) / 15) ** 2))
    image = np.repeat(np.rint(bump).astype(np.uint8)[None], 32, axis=0)
    line = prepared_line(Preprocess((Stretch(32, width, interpolation),)), image)
    weight = 255 - pixels_of(line)[0, 16].double()
    center = float((weight * (torch.arange(width) + 0.5)).sum() / weight.sum())
    assert line.to_source(center) == pytest.approx(130.25, abs=0.1)


def test_maps_of_single_steps():
    image = np.full((20, 100), 255, np.uint8)

    def way_back(step):
        return prepared_line(Preprocess((step,)), image).to_source

    assert way_back(Pad(left=7, right=3)) == ColumnMap(1.0, -7.0)
    assert way_back(Stretch(20, 25)) == ColumnMap(4.0, 0.0)
    assert way_back(PadToWidth(400)) == ColumnMap(1.0, 0.0)
    assert way_back(Deskew(3.0)) == ColumnMap(1.0, 0.0)
    both = prepared_line(Preprocess((Pad(left=10), Stretch(20, 55))), image)
    assert both.to_source == ColumnMap(2.0, -10.0)


def test_content_width_ends_where_padding_begins():
    image = np.full((20, 100), 255, np.uint8)
    assert prepared_line(Preprocess((Stretch(20, 50), PadToWidth(160))), image).content_width == 50
    assert prepared_line(Preprocess((Pad(left=5, right=9),)), image).content_width == 105
    assert prepared_line(Preprocess((Pad(right=100), Stretch(20, 50))), image).content_width == 25


def test_gray_calls_the_library_it_names():
    image = np.random.default_rng(3).integers(0, 256, (30, 50, 3), dtype=np.uint8)
    apart = Preprocess((Gray("opencv"),)).apply(image).pixels
    assert np.array_equal(apart, cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
    assert np.array_equal(Preprocess((Gray(),)).apply(image).pixels, np.array(Image.fromarray(image).convert("L")))
    r, g, b = (image[:, :, channel].astype(np.int64) for channel in range(3))
    by_hand = (19595 * r + 38470 * g + 7471 * b + 0x8000) >> 16
    assert np.array_equal(Preprocess((Gray(),)).apply(image).pixels, by_hand)


def test_color_order_and_gray_to_color():
    image = np.zeros((2, 3, 3), np.uint8)
    image[:, :, 0] = 200
    assert prepared_line(Preprocess((Color("bgr"),)), image).pixels[:, 0, 0].tolist() == [0.0, 0.0, 200.0]
    assert prepared_line(Preprocess((Color(),)), image).pixels[:, 0, 0].tolist() == [200.0, 0.0, 0.0]
    assert prepared_line(Preprocess((Color("bgr"),)), image[:, :, 0]).pixels[:, 0, 0].tolist() == [200.0] * 3


@pytest.mark.parametrize(
    ("interpolation", "reference"),
    [
        ("pillow bicubic", lambda a, s: np.array(Image.fromarray(a).resize(s, Image.Resampling.BICUBIC))),
        ("opencv cubic", lambda a, s: cv2.resize(a, s, interpolation=cv2.INTER_CUBIC)),
        ("opencv area", lambda a, s: cv2.resize(a, s, interpolation=cv2.INTER_AREA)),
    ],
)
def test_resize_is_the_librarys_own(interpolation, reference):
    image = np.random.default_rng(0).integers(0, 256, (48, 133), dtype=np.uint8)
    ours = Preprocess((ResizeToHeight(32, interpolation),)).apply(image).pixels
    assert ours.shape == (32, 89)
    assert np.array_equal(ours, reference(image, (89, 32)))


def test_rounding_and_bounds_of_the_width():
    def width(step, height=48, columns=133):
        return prepared_line(Preprocess((step,)), np.zeros((height, columns), np.uint8)).pixels.shape[2]

    assert width(ResizeToHeight(32)) == 89  # 88.67
    assert width(ResizeToHeight(32, rounding="down")) == 88
    assert width(ResizeToHeight(32, rounding="nearest"), columns=131) == 87  # 87.33
    assert width(ResizeToHeight(32, at_most=60)) == 60
    assert width(ResizeToHeight(32, at_least=100)) == 100


def test_normalization_is_torchs_in_float32():
    image = np.arange(256, dtype=np.uint8).reshape(16, 16)
    line = prepared_line(Preprocess((Normalize((0.588,), (0.193,)),)), image)
    theirs = torch.from_numpy(image).float().div(255).sub(0.588).div(0.193)
    assert torch.equal(pixels_of(line)[0], theirs)
    color = np.stack([image, image[::-1], image.T], axis=2)
    line = prepared_line(Preprocess((Normalize((0.694, 0.695, 0.693), (0.299, 0.296, 0.301)),)), color)
    assert line.pixels.shape == (3, 16, 16)
    assert line.pixels[2, 3, 5].item() == pytest.approx((color[3, 5, 2] / 255 - 0.693) / 0.301, abs=1e-6)


def test_padding_after_normalization_takes_its_scale():
    line = prepared_line(Preprocess((Normalize(), PadToWidth(20, 0.0))), np.full((4, 10), 255, np.uint8))
    assert line.pixels[0, 0].tolist() == [1.0] * 10 + [0.0] * 10


def test_padding_repeats_the_last_column():
    image = np.arange(12, dtype=np.uint8).reshape(2, 6)
    pixels = Preprocess((PadToWidth(9, "edge"),)).apply(image).pixels
    assert pixels[:, 6:].tolist() == [[5] * 3, [11] * 3]


def test_invert_twice_is_the_image():
    image = np.random.default_rng(1).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    assert np.array_equal(Preprocess((Invert(), Invert())).apply(image).pixels, image)
    assert np.array_equal(Preprocess((Invert(),)).apply(image).pixels, 255 - image)


def test_clahe_spreads_faint_text_and_keeps_the_hue_of_gray():
    faint = np.full((64, 256), 128, np.uint8)
    faint[20:40, 30:220:10] = 120
    equal = Preprocess((Clahe(),)).apply(faint).pixels
    assert np.ptp(equal.astype(int)) > np.ptp(faint.astype(int))
    assert np.array_equal(equal, cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8)).apply(faint))
    color = Preprocess((Clahe(),)).apply(np.repeat(faint[:, :, None], 3, axis=2)).pixels
    assert np.ptp(color.astype(int), axis=2).max() <= 1


def test_words_tell_the_whole_recipe():
    recipe = Preprocess((Gray(), ResizeToHeight(32, at_most=100), PadToWidth(100, "edge"), Normalize()))
    assert recipe.words == (
        "gray (pillow), height 32 keeping the aspect, at most 100 columns (pillow bilinear), "
        "padded to 100 columns with the border repeated, (x/255 - 0.5) / 0.5"
    )
    assert recipe.asked(Invert(), Deskew()).words.startswith("inverted, deskewed, gray")
    assert Preprocess((Pad(left=16, right=16, fill=0.0), Deskew(-1.5), Stretch(32, 100), Color())).words == (
        "padded left 16, right 16 with 0, deskewed by -1.5 degrees, stretched to 100 x 32 (pillow bilinear), RGB"
    )


@pytest.mark.parametrize(
    ("steps", "shape", "words"),
    [
        ((ResizeToHeight(32, rounding="down"),), (1000, 20), "20 x 1000 pixels comes to 0 columns at height 32"),
        ((ResizeToHeight(32),), (1, 100_000), "100000 x 1 pixels comes to 3200000 columns"),
        ((), (0, 10), "needs at least one pixel, and this one has 10 x 0"),
    ],
)
def test_images_that_come_to_nothing_are_refused(steps, shape, words):
    with pytest.raises(ImageError, match=words):
        prepared_line(Preprocess(steps), np.zeros(shape, np.uint8))


def test_one_pixel_and_extreme_shapes_pass():
    recipe = Preprocess((Gray(), ResizeToHeight(32, at_least=8), Normalize()))
    assert prepared_line(recipe, np.zeros((1, 1), np.uint8)).pixels.shape == (1, 32, 32)
    assert prepared_line(recipe, np.zeros((100_000, 1), np.uint8)).pixels.shape == (1, 32, 8)


def test_a_canvas_knows_its_way_home():
    canvas = Canvas(np.zeros((4, 8), np.uint8), ColumnMap(2.0, 1.0), 8)
    assert Pad(left=2)(canvas).to_source == ColumnMap(2.0, -3.0)
