"""Holding numbers against those that a golden file keeps of the original (``record.numbers``, ``record.pixel_numbers``)."""

import pytest


def assert_logits(logits, case):
    """The output (T, B, C) is the original's."""
    assert list(logits.shape) == case["shape"]
    close = {"abs": 1e-5, "rel": 1e-5}
    assert logits[0, -1].tolist() == pytest.approx(case["first_frame"], **close)
    assert logits[-1, 0].tolist() == pytest.approx(case["last_frame"], **close)
    assert logits[:, 0, 3].tolist() == pytest.approx(case["class_3_of_every_frame"], **close)
    assert logits[:, 0].argmax(-1).tolist() == case["argmax"]
    assert float(logits.double().sum()) == pytest.approx(case["sum"], abs=1e-3)
    assert float(logits.double().square().sum()) == pytest.approx(case["sum_of_squares"], abs=1e-3)


def assert_pixels(found, expected):
    """The prepared line (its ``pixel_numbers``) is the original's; one level of one pixel of 255 would show."""
    assert found["shape"] == expected["shape"]
    for key in ("points", "middle_row"):
        assert found[key] == pytest.approx(expected[key], abs=1e-5)
    for key in ("sum", "sum_of_squares"):
        assert found[key] == pytest.approx(expected[key], rel=1e-6, abs=1e-3)
