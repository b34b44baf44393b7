"""Where the symbols stand: written, read back, and what is no such file."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateviz.errors import ImageError
from gateviz.files.line_columns import LineColumns, _parsed, read_columns


def test_what_is_written_is_read_back(tmp_path):
    lines = [
        LineColumns("a.png", "mixed", "Noto Serif", np.array([[0.25, 7.5], [7.5, 12.0]], np.float32)),
        LineColumns("子/b.png"),
        LineColumns("c.png", columns=np.zeros((0, 2), np.float32)),
    ]
    path = tmp_path / "columns.jsonl"
    path.write_text("\n".join(line.to_json() for line in lines) + "\n\n", encoding="utf-8")
    found = read_columns(path)
    assert list(found) == ["a.png", "子/b.png", "c.png"]
    for line in lines:
        read = found[line.path]
        assert (read.script, read.font) == (line.script, line.font)
        if line.columns is None:
            assert read.columns is None
        else:
            np.testing.assert_array_equal(read.columns, line.columns)
            assert read.columns.dtype == np.float32


@given(st.lists(st.floats(0, 5000, width=32), min_size=2, max_size=2).map(sorted))
def test_edges_come_back_to_a_hundredth(edges):
    line = LineColumns("a.png", columns=np.array([edges], np.float32))
    read = _parsed(Path("columns.jsonl"), 1, line.to_json()).columns
    # Half a hundredth, and the rounding of float32 at 5,000.
    np.testing.assert_allclose(read, line.columns, atol=0.0055)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", r"line 2 of .*columns.jsonl is no line's columns: .*; write it anew or remove it"),
        ("[1]", r"a JSON object is wanted, not list"),
        ('{"columns": []}', r"'path' is '', not a text"),
        ('{"path": 3}', r"'path' is 3, not a text"),
        ('{"path": "a", "font": null}', r"'font' is None, not a text"),
        ('{"path": "a", "columns": [[1]]}', r"'columns' is no list of \[left, right\]"),
        ('{"path": "a", "columns": [[1, "2"]]}', r"'columns' is no list of \[left, right\]"),
        ('{"path": "a", "columns": [[true, 2]]}', r"'columns' is no list of \[left, right\]"),
        ('{"path": "a", "columns": {"0": [1, 2]}}', r"'columns' is no list of \[left, right\]"),
        ('{"path": "a", "columns": [[3, 2]]}', r"a right edge before its left one"),
        ('{"path": "a", "columns": [[NaN, 2]]}', r"has edges that are no positions"),
        ('{"path": "a", "columns": [[1, 1e999]]}', r"has edges that are no positions"),
        ("[" * 100_000, r"line 2 of .* is no line's columns"),
    ],
)
def test_a_line_that_is_none_is_an_error_with_its_number(tmp_path, line, words):
    path = tmp_path / "columns.jsonl"
    path.write_text(LineColumns("first.png").to_json() + "\n" + line + "\n")
    with pytest.raises(ImageError, match=words):
        read_columns(path)


def test_a_file_that_is_missing_or_not_utf_8_is_named(tmp_path):
    with pytest.raises(ImageError, match=r"columns.jsonl cannot be read: No such file"):
        read_columns(tmp_path / "columns.jsonl")
    (tmp_path / "columns.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(ImageError, match=r"columns.jsonl is not UTF-8 \(invalid start byte\)"):
        read_columns(tmp_path / "columns.jsonl")
