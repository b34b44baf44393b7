"""Lines with their true texts, in every place that 'gateviz eval' knows, and lines without one beside them."""

import numpy as np
import pytest
from PIL import Image

from gateviz.errors import ImageError
from gateviz.files.true_lines import open_source, true_lines
from gateviz.studies.account import Truths
from gateviz.training.line_files import LineFiles


def picture(path, level=128):
    Image.fromarray(np.full((8, 20), level, np.uint8)).save(path)
    return path


def told(found):
    return [(line.path.name, line.text, line.told_by) for line in found.lines]


def test_a_folder_has_its_texts_beside_its_images(tmp_path):
    for name in ("a.png", "b.nrm.png", "c.png"):
        picture(tmp_path / name)
    (tmp_path / "a.gt.txt").write_text("one\n", encoding="utf-8")
    (tmp_path / "b.gt.txt").write_text("two", encoding="utf-8")
    found = true_lines([tmp_path])
    assert told(found) == [("a.png", "one", ".gt.txt"), ("b.nrm.png", "two", ".gt.txt"), ("c.png", None, "")]
    assert found.strays == ()
    assert Truths.of((line, line.text is not None) for line in found.lines).words == (
        "3 lines, 2 with a true text (by .gt.txt); 1 measured on what was read"
    )


def test_the_same_texts_as_for_an_evaluation(tmp_path):
    for name, text in (("a", "one"), ("b", "two")):
        picture(tmp_path / f"{name}.png")
        (tmp_path / f"{name}.gt.txt").write_text(text, encoding="utf-8")
    read = LineFiles(tmp_path)
    assert [line.text for line in true_lines([tmp_path]).lines] == [read.text(0), read.text(1)]


def test_a_folder_with_a_manifest_is_that_manifest(tmp_path):
    (tmp_path / "images").mkdir()
    picture(tmp_path / "images" / "a.png")
    picture(tmp_path / "stray.png")
    (tmp_path / "manifest.tsv").write_text("images/a.png\tone\nimages/b.png\t\nnothing\n", encoding="utf-8")
    for named in (tmp_path, tmp_path / "manifest.tsv"):
        found = true_lines([named])
        assert told(found) == [("a.png", "one", "manifest"), ("b.png", None, "")]
        assert len(found.strays) == 1
        assert "line 3 of the manifest" in found.strays[0]


def test_a_single_image_has_its_text_beside_it(tmp_path):
    image = picture(tmp_path / "a.png")
    assert told(true_lines([image])) == [("a.png", None, "")]
    (tmp_path / "a.gt.txt").write_text("one", encoding="utf-8")
    assert told(true_lines([image])) == [("a.png", "one", ".gt.txt")]


def test_texts_that_give_no_line_are_said(tmp_path):
    picture(tmp_path / "a.png")
    (tmp_path / "a.gt.txt").write_bytes(b"gr\xfcn")
    (tmp_path / "b.gt.txt").write_text("two", encoding="utf-8")
    found = true_lines([tmp_path])
    assert told(found) == [("a.png", None, "")]
    assert any("b.gt.txt has no image beside it" in words for words in found.strays)
    assert any("a.gt.txt is not UTF-8 (byte 2)" in words for words in found.strays)


def test_an_lmdb_gives_texts_and_images(tmp_path):
    lmdb = pytest.importorskip("lmdb")
    encoded = picture(tmp_path / "a.png", level=77).read_bytes()
    with lmdb.open(str(tmp_path / "lines"), map_size=1 << 20) as environment, environment.begin(write=True) as put:
        put.put(b"num-samples", b"2")
        put.put(b"image-000000001", encoded)
        put.put(b"label-000000001", b"one")
        put.put(b"image-000000002", encoded)
    found = true_lines([tmp_path / "lines"])
    assert told(found) == [("lines:1", "one", "LMDB"), ("lines:2", None, "")]
    assert "there is no label-000000002" in found.strays[0]
    assert open_source(found.lines[0]).pixels.tolist() == np.full((8, 20), 77).tolist()


def test_a_folder_without_an_image(tmp_path):
    (tmp_path / "a.gt.txt").write_text("one", encoding="utf-8")
    with pytest.raises(ImageError, match="holds no image"):
        true_lines([tmp_path])


def test_the_first_line_says_what_is_measured_on_what():
    assert Truths(24, 20, (".gt.txt",), 20).words == (
        "24 lines, 20 with a true text (by .gt.txt); 4 measured on what was read"
    )
    assert Truths(24, 24, ("manifest",), 24).words == "24 lines, all with a true text (by manifest)"
    assert Truths(3, 0, (), 0).words == "3 lines, none with a true text; 3 measured on what was read"
    assert Truths(1, 1, ("LMDB",), 0).words == (
        "1 line, 1 with a true text (by LMDB), of which 1 cannot be aligned; 1 measured on what was read"
    )
