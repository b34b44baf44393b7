"""Corrections for many tests against their definition, computed without a line of the product's."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateviz.measure.multiple import benjamini_hochberg


def adjusted_by_definition(p):
    """The least over all tests no smaller than this one of p times the number of tests over its rank."""
    made = sorted(value for value in p if not math.isnan(value))
    return [
        math.nan
        if math.isnan(value)
        else min([1.0, *(len(made) * other / rank for rank, other in enumerate(made, 1) if other >= value)])
        for value in p
    ]


def test_an_adjusted_value_never_exceeds_that_of_a_larger_p():
    # Alone 0.03 would come to 3 x 0.03 / 2 = 0.045; the next, 0.04, comes to 0.04 and takes it along.
    assert benjamini_hochberg(np.array([0.001, 0.03, 0.04])) == pytest.approx([0.003, 0.04, 0.04])
    # From above: 0.9 stands; 0.5 comes to 0.625 and 0.4 to 0.667, which 0.5 takes to 0.625.
    assert benjamini_hochberg(np.array([0.4, 0.9, 0.01, 0.5, 0.02])) == pytest.approx([0.625, 0.9, 0.05, 0.625, 0.05])


@given(st.lists(st.one_of(st.just(math.nan), st.integers(0, 40).map(lambda n: n / 40)), max_size=12))
def test_every_value_is_that_of_the_definition(p):
    np.testing.assert_allclose(benjamini_hochberg(np.array(p, dtype=np.float64)), adjusted_by_definition(p), atol=1e-12)
