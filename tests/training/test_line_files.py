"""Lines of one's own, in every form they come in."""

import io
import pickle

import numpy as np
import pytest
from PIL import Image

from gateviz.errors import ImageError, TrainingError
from gateviz.files.line_columns import LineColumns
from gateviz.training.line_files import LineFiles

RNG = np.random.default_rng(11)
IMAGES = {name: RNG.integers(0, 256, (16, width), dtype=np.uint8) for name, width in (("a", 40), ("b", 60), ("c", 80))}
TEXTS = {"a": "eins", "b": "zwei drei", "c": "你好"}


def save(folder):
    for name, pixels in IMAGES.items():
        Image.fromarray(pixels).save(folder / f"{name}.png")


def manifest(folder, name="manifest.tsv"):
    folder.mkdir(exist_ok=True)
    save(folder)
    (folder / name).write_text("".join(f"{key}.png\t{text}\n" for key, text in TEXTS.items()), encoding="utf-8")
    return folder / name


def pairs(folder):
    folder.mkdir(exist_ok=True)
    save(folder)
    for key, text in TEXTS.items():
        (folder / f"{key}.gt.txt").write_text(text + "\n", encoding="utf-8")
    return folder


def lmdb_folder(folder):
    lmdb = pytest.importorskip("lmdb")
    with lmdb.open(str(folder), map_size=1 << 22) as environment, environment.begin(write=True) as transaction:
        transaction.put(b"num-samples", b"3")
        for number, (key, text) in enumerate(TEXTS.items(), start=1):
            buffer = io.BytesIO()
            Image.fromarray(IMAGES[key]).save(buffer, format="PNG")
            transaction.put(b"image-%09d" % number, buffer.getvalue())
            transaction.put(b"label-%09d" % number, text.encode())
    return folder


FORMS = {
    "manifest": manifest,
    "folder with a manifest": lambda folder: manifest(folder).parent,
    "pairs": pairs,
    "LMDB": lmdb_folder,
    "LMDB file": lambda folder: lmdb_folder(folder) / "data.mdb",
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_lines_also_after_pickling(tmp_path, form):
    lines = LineFiles(FORMS[form](tmp_path / "lines"))
    for found in (lines, pickle.loads(pickle.dumps(lines))):  # noqa: S301
        assert len(found) == 3
        for index, key in enumerate(TEXTS):
            line = found[index]
            np.testing.assert_array_equal(line.image, IMAGES[key])
            assert line.text == found.text(index) == TEXTS[key]
            assert (line.columns, line.script, line.font) == (None, "", "")
            assert line.name == found.name(index)
        assert found.strays == ()


def test_names_are_files_or_records_and_keys_do_not_depend_on_where_the_folder_lies(tmp_path):
    first, second = tmp_path / "one", tmp_path / "two"
    for folder in (first, second):
        manifest(folder)
    one, two = LineFiles(first), LineFiles(second)
    assert one.name(1) == str(first / "b.png")
    assert one.file(1) == first / "b.png"
    assert (
        [one.key(index) for index in range(3)] == [two.key(index) for index in range(3)] == ["a.png", "b.png", "c.png"]
    )
    held = LineFiles(lmdb_folder(tmp_path / "lmdb"))
    assert (held.name(1), held.file(1), held.key(1)) == (f"{tmp_path / 'lmdb'}:2", None, "000000002")
    assert LineFiles(pairs(tmp_path / "pairs")).key(1) == "b"


def test_an_image_elsewhere_is_called_by_its_whole_path(tmp_path):
    save(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "m.tsv").write_text(f"{tmp_path / 'a.png'}\ttext\n")
    assert LineFiles(tmp_path / "sub" / "m.tsv").key(0) == (tmp_path / "a.png").as_posix()


def test_several_paths_are_one_set_in_their_order(tmp_path):
    lines = LineFiles(lmdb_folder(tmp_path / "lmdb"), pairs(tmp_path / "pairs"), manifest(tmp_path / "tsv", "own.tsv"))
    assert len(lines) == 9
    assert [lines.text(index) for index in range(9)] == list(TEXTS.values()) * 3
    assert lines[5].name == str(tmp_path / "pairs" / "c.png")
    assert lines[8].image.shape == (16, 80)
    assert [line.text for line in lines] == list(TEXTS.values()) * 3
    for index in (-10, 9):
        with pytest.raises(IndexError, match="out of range"):
            lines[index]


def test_a_folder_that_is_several_is_taken_for_its_manifest_then_for_its_lmdb(tmp_path):
    folder = pairs(lmdb_folder(tmp_path / "lines"))
    assert LineFiles(folder).file(0) is None
    (folder / "manifest.tsv").write_text("c.png\tonly\n")
    assert [LineFiles(folder).text(0), len(LineFiles(folder))] == ["only", 1]


def test_a_color_image_is_given_in_gray(tmp_path):
    color = np.zeros((8, 20, 3), np.uint8)
    color[..., 1] = 200
    Image.fromarray(color).save(tmp_path / "a.png")
    (tmp_path / "manifest.tsv").write_text("a.png\ttext\n")
    image = LineFiles(tmp_path)[0].image
    # 0.587 of green (ITU-R BT.601).
    assert (image == 117).all()
    assert image.shape == (8, 20)


def test_what_stands_beside_a_manifest_says_where_the_symbols_are(tmp_path):
    manifest(tmp_path)
    edges = np.array([[2, 9.5], [10, 18]], np.float32)
    known = [
        LineColumns("c.png", "chinese", "Noto Serif CJK", edges),
        LineColumns("b.png", "latin"),
        LineColumns("gone.png"),
    ]
    (tmp_path / "columns.jsonl").write_text("\n".join(line.to_json() for line in known))
    lines = pickle.loads(pickle.dumps(LineFiles(tmp_path)))  # noqa: S301
    np.testing.assert_array_equal(lines[2].columns, edges)
    assert (lines[2].script, lines[2].font) == ("chinese", "Noto Serif CJK")
    assert (lines[1].columns, lines[1].script, lines[0].script) == (None, "latin", "")


def test_columns_that_do_not_fit_the_text_are_an_error(tmp_path):
    manifest(tmp_path)
    line = LineColumns("c.png", columns=np.zeros((3, 2), np.float32))
    (tmp_path / "columns.jsonl").write_text(line.to_json())
    with pytest.raises(
        ImageError,
        match=r"has the columns of 3 symbols for c.png, whose text in .*manifest.tsv has 2; write both anew, or remove",
    ):
        LineFiles(tmp_path)


def test_strays_are_told(tmp_path):
    folder = pairs(tmp_path / "lines")
    (folder / "a.gt.txt").unlink()
    lines = LineFiles(folder)
    assert len(lines) == 2
    assert lines.strays == (f"the image {folder / 'a.png'} has no text: there is no a.gt.txt beside it",)


def test_rows_of_a_manifest_that_name_no_line_are_strays(tmp_path):
    path = manifest(tmp_path)
    path.write_text("a.png\teins\nb.png zwei drei\n\n\tdrei\nc.png\t你好\n", encoding="utf-8")
    lines = LineFiles(path)
    assert [lines.text(index) for index in range(len(lines))] == ["eins", "你好"]
    assert lines.strays == (
        f"line 2 of the manifest {path} is 'b.png zwei drei'; each line is a path, a tab and the text",
        f"line 4 of the manifest {path} is '\\tdrei'; each line is a path, a tab and the text",
    )


# What holds no lines


def test_a_missing_or_broken_image_is_met_when_it_is_asked_for(tmp_path):
    manifest(tmp_path)
    (tmp_path / "a.png").unlink()
    content = (tmp_path / "b.png").read_bytes()
    (tmp_path / "b.png").write_bytes(content[: len(content) // 2])
    lines = LineFiles(tmp_path)
    with pytest.raises(ImageError, match=r"the image .*a.png is not there; check its path"):
        lines[0]
    with pytest.raises(ImageError, match=r"the image .*b.png is cut short"):
        lines[1]
    assert lines[2].text == "你好"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a.png text\n", r"line 1 of the manifest .* is 'a.png text'; each line is a path, a tab and the text"),
        (b"", r"names no image"),
        (b"a.png\t\xff\n", r"is not UTF-8 text"),
    ],
)
def test_a_malformed_manifest_is_an_error_at_once(tmp_path, content, words):
    (tmp_path / "manifest.tsv").write_bytes(content)
    with pytest.raises(ImageError, match=words):
        LineFiles(tmp_path)


def test_what_is_not_there_or_of_no_form_is_named_with_the_forms(tmp_path):
    with pytest.raises(TrainingError, match=r"the lines .*none cannot be read: it is not there; name a manifest"):
        LineFiles(tmp_path / "none")
    save(tmp_path)
    with pytest.raises(
        TrainingError,
        match=r"a.png cannot be read: it is no manifest, LMDB or folder; .* pairs a.png and a.gt.txt",
    ):
        LineFiles(tmp_path / "a.png")
    with pytest.raises(ImageError, match=r"there is no manifest .*m.tsv"):
        LineFiles(tmp_path / "m.tsv")
    with pytest.raises(TrainingError, match=r"no lines were named; name a manifest"):
        LineFiles()


def test_an_empty_folder_and_one_of_images_alone_hold_no_line(tmp_path):
    with pytest.raises(ImageError, match=r"holds no image with its text: 0 images and 0 files"):
        LineFiles(tmp_path)
    save(tmp_path)
    with pytest.raises(ImageError, match=r"3 images and 0 files \*.gt.txt, none that belong together"):
        LineFiles(tmp_path)
