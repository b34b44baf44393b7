"""What the fuzzer starts from: a reader that can read none of its own seeds would be tried at its door only."""

import pytest

from benchmarks.fuzz_entries import READERS
from gateviz.errors import GatevizError


@pytest.mark.parametrize("name", READERS)
def test_every_reader_reads_a_seed_and_refuses_the_others_by_a_sentence(name, tmp_path):
    reader, read = READERS[name], 0
    for seed in reader.seeds():
        path = tmp_path / f"model{reader.suffix}"
        path.write_bytes(seed)
        try:
            read += reader.read(path) is not None
        except GatevizError as error:
            assert "\n" not in str(error)
    assert read
