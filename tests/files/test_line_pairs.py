"""Images and their .gt.txt: who belongs together, and who belongs to nobody."""

import unicodedata

import pytest

from gateviz.errors import ImageError
from gateviz.files.folders import LineSource, expand
from gateviz.files.line_pairs import line_stem, read_pairs, read_text


def put(folder, **contents):
    """Files by name, with ``_`` for the dots; images are not looked at."""
    for name, content in contents.items():
        (folder / name.replace("_", ".")).write_bytes(content if isinstance(content, bytes) else content.encode())


def test_pairs_come_in_natural_order_with_their_texts(tmp_path):
    put(tmp_path, l10_png="", l10_gt_txt="zehn\n", l2_JPG="", l2_gt_txt="zwei")
    found = read_pairs(tmp_path)
    assert found.lines == (LineSource(tmp_path / "l2.JPG", "zwei"), LineSource(tmp_path / "l10.png", "zehn"))
    assert found.strays == ()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("a b\n", "a b"),
        ("a b\r\n", "a b"),
        (" a  b \n\n", " a  b "),
        ("\ufeff你好\n", "你好"),
        ("one\ntwo\n", "one\ntwo"),
        ("a\u2028\n", "a\u2028"),
        ("", ""),
    ],
)
def test_a_text_is_taken_as_it_stands_but_for_its_last_line_end(tmp_path, content, text):
    put(tmp_path, a_gt_txt=content)
    assert read_text(tmp_path / "a.gt.txt") == text


def test_a_text_is_not_normalized(tmp_path):
    decomposed = unicodedata.normalize("NFD", "été")
    put(tmp_path, a_png="", a_gt_txt=decomposed)
    assert read_pairs(tmp_path).lines[0].text == decomposed != "été"


def test_the_pictures_of_one_line_share_its_text(tmp_path):
    put(tmp_path, a_bin_png="", a_nrm_png="", a_gt_txt="shared", b_nrm_png="", b_nrm_gt_txt="own", b_gt_txt="not this")
    found = read_pairs(tmp_path)
    assert [(line.path.name, line.text) for line in found.lines] == [
        ("a.bin.png", "shared"),
        ("a.nrm.png", "shared"),
        ("b.nrm.png", "own"),
    ]
    assert found.strays == (f"the text {tmp_path / 'b.gt.txt'} has no image beside it",)
    assert line_stem("a.bin.png") == line_stem("a.nrm.PNG") == line_stem("a.png") == "a"


def test_a_dot_in_a_name_is_part_of_it(tmp_path):
    (tmp_path / "page 1.5.png").touch()
    (tmp_path / "page 1.5.gt.txt").write_text("text")
    assert [line.text for line in read_pairs(tmp_path).lines] == ["text"]


def test_what_belongs_to_nobody_is_listed_and_the_rest_is_read(tmp_path):
    put(tmp_path, a_png="", a_gt_txt="a", b_png="", c_gt_txt="c", d_png="", d_gt_txt=b"d\xff\n", notes_txt="n")
    found = read_pairs(tmp_path)
    assert [line.path.name for line in found.lines] == ["a.png"]
    assert found.strays == (
        f"the image {tmp_path / 'b.png'} has no text: there is no b.gt.txt beside it",
        f"the text {tmp_path / 'd.gt.txt'} is not UTF-8 (byte 1); save it as UTF-8",
        f"the text {tmp_path / 'c.gt.txt'} has no image beside it",
    )


def test_a_folder_without_a_pair_says_what_it_holds(tmp_path):
    with pytest.raises(ImageError, match=r"holds no image with its text: 0 images and 0 files \*.gt.txt"):
        read_pairs(tmp_path)
    put(tmp_path, a_png="", b_png="", c_gt_txt="c")
    with pytest.raises(ImageError, match=r"2 images and 1 files .* a.png needs a.gt.txt beside it"):
        read_pairs(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ImageError, match=r"the folder .*none cannot be read: No such file"):
        read_pairs(tmp_path / "none")


def test_a_text_that_is_a_folder_cannot_be_read(tmp_path):
    (tmp_path / "a.gt.txt").mkdir()
    with pytest.raises(ImageError, match=r"the text .*a.gt.txt cannot be read: Is a directory"):
        read_text(tmp_path / "a.gt.txt")


def test_reading_a_folder_of_pairs_takes_its_images_alone(tmp_path):
    put(tmp_path, a_png="", a_gt_txt="a", b_png="")
    assert expand([tmp_path]) == (LineSource(tmp_path / "a.png"), LineSource(tmp_path / "b.png"))
