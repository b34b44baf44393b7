import numpy as np

from gateviz.measure.saturation import is_saturated, saturation


def test_shares_are_counted_over_frames():
    gate = np.array([[0.05, 0.95, 0.5], [0.09, 0.91, 0.95], [0.1, 0.9, 0.05], [0.5, 0.99, 0.5]])
    shares = saturation(gate)
    assert shares.left.tolist() == [0.5, 0.0, 0.25]
    assert shares.right.tolist() == [0.0, 0.75, 0.25]


def test_the_bounds_themselves_are_not_saturated():
    assert not is_saturated(np.array([[0.1, 0.9]])).any()
    assert is_saturated(np.array([[0.0999, 0.9001]])).all()


def test_a_missing_value_counts_as_a_frame_that_is_not_saturated():
    shares = saturation(np.array([[np.nan, np.nan], [0.05, 0.95]]))
    assert shares.left.tolist() == [0.5, 0.0]
    assert shares.right.tolist() == [0.0, 0.5]
