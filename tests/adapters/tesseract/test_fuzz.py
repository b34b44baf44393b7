"""Any bytes whatever give a model or a ``CheckpointError``, without memory beyond the file's own size."""

import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateviz.adapters.tesseract.model import read_model
from gateviz.adapters.tesseract.network import build_network
from gateviz.errors import CheckpointError

KINDS = [("float64", "<", False), ("int8", "<", True), ("float32", ">", False)]


class Files(list):
    """Three files, that hypothesis need not print."""

    def __repr__(self):
        return "files"


@pytest.fixture(scope="module")
def files(writing):
    made = (
        writing.recognizer_file(writing.Writer(weights=weights, order=order), inside=inside)
        for weights, order, inside in KINDS
    )
    return Files(made)


def loads(data):
    """True where a network came out; anything but a CheckpointError is the test's failure."""
    tracemalloc.start()
    try:
        model = read_model(data)
        build_network(model.network, int8=model.int8, sample_iteration=model.sample_iteration)
    except CheckpointError:
        return False
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 2_000_000 + 40 * len(data)
    return True


def test_the_files_load_unchanged(files):
    assert [loads(data) for data in files] == [True, True, True]


def test_every_truncation_is_refused(files):
    # Cut anywhere in the character list or recoder, a file may lose nothing it needs; before that it cannot load.
    for data in files:
        for stop in range(0, len(data) // 2, 31):
            assert not loads(data[:stop])


quiet = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@quiet
@given(which=st.integers(0, 2), changes=st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), max_size=6))
def test_changed_bytes(files, which, changes):
    data = bytearray(files[which])
    for position, value in changes:
        data[position % len(data)] = value
    loads(bytes(data))


@quiet
@given(
    which=st.integers(0, 2),
    position=st.integers(0, 1 << 20),
    number=st.sampled_from([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x10000, 1000, 1001]),
)
def test_changed_lengths(files, which, position, number):
    data = bytearray(files[which])
    position %= len(data) - 4
    data[position : position + 4] = number.to_bytes(4, "little")
    loads(bytes(data))


@quiet
@given(which=st.integers(0, 2), start=st.integers(0, 1 << 20), length=st.integers(0, 200), more=st.binary(max_size=64))
def test_pieces_cut_out_and_put_in(files, which, start, length, more):
    data = files[which]
    start %= len(data)
    loads(data[:start] + more + data[start + length :])


def test_scales_beyond_single_precision_are_refused(writing):
    data = writing.recognizer_file(writing.Writer(weights="int8", scale=1e200))
    assert not loads(data)


@quiet
@given(st.binary(max_size=400))
def test_any_bytes(data):
    assert not loads(data)
