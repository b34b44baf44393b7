from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gateviz.plot.painters.spans import place

SIZE, LEAST = 9.0, 5.5


def placed(centers, width=0.6, length=200.0, weights=None):
    weights = weights or [1.0] * len(centers)
    return place(centers, [width] * len(centers), weights, length, size=SIZE, least=LEAST)


def boxes(placement, width):
    half = width * placement.size / 2
    return [
        (row, center - half, center + half)
        for row, center in zip(placement.row, placement.center, strict=True)
        if row is not None
    ]


def test_symbols_with_room_keep_size_and_place():
    placement = placed([20.0, 60.0, 120.0])
    assert (placement.size, placement.rows, placement.row) == (SIZE, 1, (0, 0, 0))
    assert placement.center == (20.0, 60.0, 120.0)


def test_a_little_less_room_makes_them_smaller():
    placement = placed([10.0 + 6.0 * k for k in range(10)])
    assert placement.rows == 1
    assert 0.7 * SIZE <= placement.size < SIZE


def test_less_room_staggers_them():
    placement = placed([10.0 + 4.0 * k for k in range(20)])
    assert placement.rows == 2
    assert placement.row == (0, 1) * 10


def test_no_room_leaves_the_lightest_out():
    weights = [1.0 + k % 2 for k in range(100)]
    placement = placed([2.0 * k for k in range(100)], weights=weights)
    assert placement.size == LEAST
    kept = [weight for weight, row in zip(weights, placement.row, strict=True) if row is not None]
    assert 0 < len(kept) < 100
    assert kept.count(2.0) > kept.count(1.0)


def test_symbols_stay_inside_of_the_axis():
    placement = placed([0.0, 200.0])
    assert placement.center == (0.3 * SIZE, 200.0 - 0.3 * SIZE)


@given(st.lists(st.floats(0, 200), max_size=60), st.floats(0.2, 1.2))
def test_no_two_symbols_ever_overlap(centers, width):
    placement = placed(sorted(centers), width)
    found = sorted(boxes(placement, width))
    for (row, _, right), (next_row, left, _) in pairwise(found):
        assert row != next_row or left >= right
    assert all(left >= -1e-6 and right <= 200 + 1e-6 for _, left, right in found)
    assert placement.size >= LEAST
