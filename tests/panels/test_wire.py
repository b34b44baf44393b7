"""The encoding for browsers: what comes out is what went in, byte by byte where it should be."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gateviz.errors import ShapeError
from gateviz.panels.wire import ALIGNMENT, DTYPES, Quantized, Wire, decode, encode

SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5)
ARRAYS = st.sampled_from(sorted(DTYPES)).flatmap(
    lambda name: hnp.arrays(DTYPES[name], SHAPES, elements=None if name[0] in "ui" else {"allow_nan": True})
)
LEAVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5) | ARRAYS
DOCUMENTS = st.dictionaries(
    st.text(max_size=6),
    st.recursive(
        LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)  # fmt: skip
FINITE = st.floats(-1e6, 1e6, width=32)


def same(one, other) -> bool:
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


@given(DOCUMENTS)
def test_decoding_is_the_inverse_of_encoding_also_after_json(document):
    wire = encode(document)
    through_json = Wire(json.loads(json.dumps(wire.header, allow_nan=False)), wire.data)
    assert same(decode(wire), document)
    assert same(decode(through_json), document)


@given(st.lists(ARRAYS, max_size=5))
def test_every_array_begins_where_a_browser_can_view_it(arrays):
    wire = encode({"arrays": arrays})
    stop = 0
    for place, array in zip(wire.header["arrays"], arrays, strict=True):
        assert place["offset"] == stop
        assert place["offset"] % ALIGNMENT == 0
        stop += -(-array.nbytes // ALIGNMENT) * ALIGNMENT
    assert len(wire.data) == stop


def test_the_bytes_are_those_that_the_contract_says():
    wire = encode(
        {"a": np.array([[1, 2, 3]], dtype=np.uint8), "b": [np.array([1.5], dtype=np.float32), "x"], "n": None}
    )
    assert wire.header == {
        "a": {"offset": 0, "dtype": "u1", "shape": [1, 3]},
        "b": [{"offset": 8, "dtype": "f4", "shape": [1]}, "x"],
        "n": None,
    }
    assert wire.data == b"\x01\x02\x03\x00\x00\x00\x00\x00" + b"\x00\x00\xc0\x3f\x00\x00\x00\x00"


def test_big_endian_and_strided_arrays_travel_little_endian_in_c_order():
    array = np.arange(6, dtype=np.int32).reshape(2, 3)
    assert encode({"a": array.T.astype(">i4")}).data == np.ascontiguousarray(array.T).astype("<i4").tobytes()


def test_one_array_in_two_places_travels_once_and_equal_ones_twice():
    array = np.ones(4, dtype=np.float64)
    wire = encode({"a": array, "b": array, "c": array.copy()})
    assert wire.header["a"] == wire.header["b"]
    assert wire.header["c"]["offset"] == 32
    assert len(wire.data) == 64


@pytest.mark.parametrize(("bits", "missing"), [(8, 255), (16, 65535)])
@given(data=st.data())
def test_a_quantized_value_is_within_half_a_step_and_the_ends_are_exact(bits, missing, data):
    values = data.draw(hnp.arrays(np.float32, hnp.array_shapes(max_dims=2), elements=st.just(float("nan")) | FINITE))
    quantized = Quantized.of(values, bits=bits)
    there = values[~np.isnan(values)]
    np.testing.assert_array_equal(quantized.codes == missing, np.isnan(values))
    np.testing.assert_array_equal(np.isnan(quantized.values), np.isnan(values))
    if there.size:
        assert (quantized.low, quantized.high) == (there.min(), there.max())
        rounding = 1e-6 * np.abs(there).max()
        errors = np.abs(quantized.values - values)[~np.isnan(values)]
        assert errors.max() <= quantized.coarseness + rounding
        assert quantized.coarseness == pytest.approx((there.max() - there.min()) / (missing - 1) / 2)
        assert errors[there == there.min()].max() <= rounding
        assert errors[there == there.max()].max() <= rounding


def test_quantized_values_travel_with_their_ends():
    wire = encode({"q": Quantized.of(np.array([[-1.0, np.nan], [0.0, 1.0]], dtype=np.float32))})
    assert wire.header == {"q": {"offset": 0, "dtype": "u1", "shape": [2, 2], "low": -1.0, "high": 1.0}}
    assert wire.data[:4] == bytes([0, 255, 127, 254])
    found = decode(wire)["q"]
    assert (found.low, found.high) == (-1.0, 1.0)
    np.testing.assert_allclose(found.values, [[-1, np.nan], [0, 1]], atol=1e-7)


def test_sixteen_bits_are_two_bytes_each():
    wire = encode({"q": Quantized.of(np.array([0.0, 1.0]), bits=16)})
    assert wire.header["q"]["dtype"] == "u2"
    assert wire.data[:4] == b"\x00\x00\xfe\xff"


def test_constant_and_missing_values_have_a_place():
    constant = Quantized.of(np.full(3, 0.25))
    assert (constant.codes.tolist(), constant.values.tolist()) == ([0, 0, 0], [0.25] * 3)
    missing = Quantized.of(np.full(2, np.nan))
    assert (missing.codes.tolist(), missing.low, missing.high) == ([255, 255], 0.0, 0.0)
    assert Quantized.of(np.zeros((0, 4))).codes.shape == (0, 4)


def test_infinite_values_are_not_quantized():
    with pytest.raises(
        ShapeError, match="values with infinities among them were to be quantized; send them as float32"
    ):
        Quantized.of(np.array([0.0, np.inf]))


def test_an_array_of_another_type_is_refused():
    with pytest.raises(ShapeError, match="an array of int64 cannot be sent to a browser; there are u1, u2, i4, f4, f8"):
        encode({"a": np.arange(3)})


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ({"offset": 8, "dtype": "f8", "shape": [2]}, "an array at bytes 8 to 24 was promised and there are 16 bytes"),
        ({"offset": -8, "dtype": "u1", "shape": [1]}, "an array at bytes -8 to -7 was promised"),
        ({"offset": 0, "dtype": "c8", "shape": [1]}, "an array of the unknown type 'c8' was received"),
    ],
)
def test_a_document_that_promises_what_is_not_there_is_refused(place, words):
    with pytest.raises(ShapeError, match=words):
        decode(Wire({"a": place}, bytes(16)))
