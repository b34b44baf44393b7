"""What a person names, as one line after the other."""

from pathlib import Path

import pytest

from gateviz.errors import ImageError
from gateviz.files.folders import IMAGE_SUFFIXES, LineSource, expand


def test_files_stand_for_themselves_in_order_even_when_missing():
    assert expand(["b.png", "a.jpg"]) == (LineSource(Path("b.png")), LineSource(Path("a.jpg")))


def test_a_folder_stands_for_its_images_in_natural_order(tmp_path):
    for name in ("line10.png", "line2.PNG", "line1.jpg", ".hidden.png", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "folder.png").mkdir()
    assert [source.path.name for source in expand([tmp_path])] == ["line1.jpg", "line2.PNG", "line10.png"]


def test_a_folder_of_recordings_is_read_when_asked_for(tmp_path):
    (tmp_path / "line.safetensors").write_bytes(b"")
    found = expand([tmp_path], suffixes=IMAGE_SUFFIXES | {".safetensors"})
    assert [source.path.name for source in found] == ["line.safetensors"]


def test_an_empty_folder_is_an_error_that_says_what_was_looked_for(tmp_path):
    with pytest.raises(ImageError, match=r"the folder .* holds no image; looked for .*\.png.*\.tif"):
        expand([tmp_path])


def test_a_manifest_gives_paths_beside_it_and_texts(tmp_path):
    manifest = tmp_path / "truth.tsv"
    manifest.write_bytes("\ufeffa.png\tl’été\tà pied\r\n\r\nsub/b.png\t“你好”\u2028x\n".encode())
    assert expand([manifest]) == (
        LineSource(tmp_path / "a.png", "l’été\tà pied"),
        LineSource(tmp_path / "sub" / "b.png", "“你好”\u2028x"),
    )


def test_an_absolute_path_in_a_manifest_stays(tmp_path):
    (tmp_path / "m.tsv").write_text("/somewhere/a.png\ttext\n")
    assert expand([tmp_path / "m.tsv"])[0].path == Path("/somewhere/a.png")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a.png\ttext\nb.png text\n", r"line 2 of the manifest .* is 'b.png text'; each line is a path, a tab"),
        (b"\ttext\n", r"line 1 of the manifest .* is '\\ttext'"),
        (b"", r"the manifest .* names no image; each line is a path, a tab and the text"),
        (b"a.png\t\xff\xfe\n", r"is not UTF-8 text \(byte 6\); save it as UTF-8"),
    ],
)
def test_a_malformed_manifest_is_an_error_with_its_line(tmp_path, content, words):
    (tmp_path / "m.tsv").write_bytes(content)
    with pytest.raises(ImageError, match=words):
        expand([tmp_path / "m.tsv"])


def test_a_missing_manifest_is_named(tmp_path):
    with pytest.raises(ImageError, match=r"there is no manifest .*m.tsv"):
        expand([tmp_path / "m.tsv"])
