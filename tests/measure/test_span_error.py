"""Errors of spans against true columns."""

import numpy as np
import pytest

from gateviz.errors import ShapeError
from gateviz.measure.span_error import SpanErrors, span_errors


def test_errors_are_signed_and_positive_to_the_right():
    errors = span_errors(np.array([[12.0, 16.0], [20.0, 24.0]]), np.array([[10, 18], [22, 23]], np.float32))
    assert errors.left.tolist() == [2.0, -2.0]
    assert errors.right.tolist() == [-2.0, 1.0]
    assert errors.center.tolist() == [0.0, -0.5]
    assert errors.width.tolist() == [8.0, 1.0]
    assert errors.count == 2


def test_lines_are_joined_in_order():
    one = span_errors(np.array([[1.0, 2.0]]), np.array([[0.0, 4.0]]))
    two = span_errors(np.array([[5.0, 9.0]]), np.array([[5.0, 8.0]]))
    both = SpanErrors.joined([one, two])
    assert (both.left.tolist(), both.right.tolist(), both.width.tolist()) == ([1.0, 0.0], [-2.0, 1.0], [4.0, 3.0])
    assert SpanErrors.joined([]).count == 0


def test_another_number_of_symbols_is_refused():
    with pytest.raises(ShapeError, match="2 spans were held against the columns of 1 symbols; align the text of"):
        span_errors(np.zeros((2, 2)), np.zeros((1, 2)))
