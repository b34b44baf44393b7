"""TOML of strangers: within bounds, or one sentence."""

import pytest

from gateviz.errors import CheckpointError, SelectionError
from gateviz.files.toml import read_toml


def written(tmp_path, content):
    path = tmp_path / "a.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_tables_and_values_come_out(tmp_path):
    text = '\ufeffmean = [0.5, 1]\nalphabet = "a.b.c"  # words. More words.\n[x.y]\nz = 1\n'
    assert read_toml(written(tmp_path, text), CheckpointError) == {
        "mean": [0.5, 1],
        "alphabet": "a.b.c",
        "x": {"y": {"z": 1}},
    }


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a = 1\n" + "x." * 17 + "y = 1", "line 2 of .*a.toml comes to 17 dots, and at most 16 are read"),
        ('""." ".\'=\'.' + "x." * 16 + "y = 1", "line 1 of .* comes to 19 dots"),
        ("a = " + "9" * 5000, "is no TOML: Exceeds the limit .*; mend or remove it"),
        ("a = " + "[" * 100_000, "is no TOML: .*; mend or remove it"),
        ("a = {" * 5_000, "is no TOML: .*; mend or remove it"),
        ("a = 2020-13-45", "is no TOML"),
        ("a", "is no TOML"),
        (b"a = '\xff'", r"is not UTF-8 \(byte 5\); save it as UTF-8"),
        ("# " + "x" * 2**20, "comes to 1,048,578 bytes, and at most 1,048,576 are read .*a long alphabet"),
    ],
)
def test_what_is_no_settings_file_is_one_sentence(tmp_path, content, words):
    with pytest.raises(SelectionError, match=words):
        read_toml(written(tmp_path, content), SelectionError)


def test_many_dots_that_stand_together_are_no_key(tmp_path):
    assert read_toml(written(tmp_path, "# " + "." * 80 + "\na = 1"), CheckpointError) == {"a": 1}
