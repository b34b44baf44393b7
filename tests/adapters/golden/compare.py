"""Holding numbers against those that a golden file keeps of the original (``record.numbers``, ``record.pixel_numbers``)."""

import pytest

from tests import rounding

SHARE = 1e-7
"""How far float64 numbers may lie from the original's, as a share of the largest.

The formula's weights are sines, whose last digit is the C library's own; of those that are then rounded to float32 one in
some ten thousand comes out as the neighboring number.
"""


def assert_original(run, module, image, case):
    """A network computes what the original computes: its output (T, B, C) in float64, and in float32 within its roundings.

    Args:
        run: gives the output for the module and the image.
        module: the network, in float32.
        image: its input, in float32.
        case: the original's numbers.
    """
    assert_logits(rounding.exactly(run, module, image), case)
    rounding.assert_float32_follows(run, module, image)


def assert_original_in_float32(run, module, image, case):
    """As ``assert_original``, where the original's numbers were kept in float32: its roundings are as large as ours."""
    exact = rounding.exactly(run, module, image)
    off = rounding.float32_bound(run, module, image)
    assert_logits(exact, case, share=off / float(exact.abs().max()))
    rounding.assert_float32_follows(run, module, image)


def assert_logits(logits, case, share=SHARE):
    """The output (T, B, C), in float64, is the original's."""
    assert list(logits.shape) == case["shape"]
    close = {"abs": share * float(logits.abs().max()), "rel": 0}
    assert logits[0, -1].tolist() == pytest.approx(case["first_frame"], **close)
    assert logits[-1, 0].tolist() == pytest.approx(case["last_frame"], **close)
    assert logits[:, 0, 3].tolist() == pytest.approx(case["class_3_of_every_frame"], **close)
    assert logits[:, 0].argmax(-1).tolist() == case["argmax"]
    assert float(logits.sum()) == pytest.approx(case["sum"], rel=0, abs=share * float(logits.abs().sum()))
    assert float(logits.square().sum()) == pytest.approx(case["sum_of_squares"], rel=2 * share)


def assert_pixels(found, expected):
    """The prepared line (its ``pixel_numbers``) is the original's; one level of one pixel of 255 would show."""
    assert found["shape"] == expected["shape"]
    for key in ("points", "middle_row"):
        assert found[key] == pytest.approx(expected[key], abs=1e-5)
    for key in ("sum", "sum_of_squares"):
        assert found[key] == pytest.approx(expected[key], rel=1e-6, abs=1e-3)
