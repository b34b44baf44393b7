"""An LMDB as clovaai lays it out, whole and damaged, in one process and in several."""

import io
import multiprocessing
import pickle
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from gateviz.errors import ImageError, MissingExtraError
from gateviz.files.images import decode_line_image, read_line_image
from gateviz.files.lmdb_lines import LmdbLines, lmdb_file

lmdb = pytest.importorskip("lmdb")

RNG = np.random.default_rng(5)
IMAGES = [RNG.integers(0, 256, (16, 40 + 10 * number), dtype=np.uint8) for number in range(4)]
TEXTS = ["plain", "你好，世界", "", " spaced "]


def png(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()


def records(count=4):
    found = {"num-samples": str(count).encode()}
    for number in range(1, count + 1):
        found[f"image-{number:09d}"] = png(IMAGES[number - 1])
        found[f"label-{number:09d}"] = TEXTS[number - 1].encode()
    return found


def write(folder, values):
    with lmdb.open(str(folder), map_size=1 << 22) as environment, environment.begin(write=True) as transaction:
        for key, value in values.items():
            transaction.put(key.encode(), value)
    return folder


@pytest.fixture
def folder(tmp_path):
    return write(tmp_path / "lines", records())


def assert_whole(lines):
    assert len(lines) == 4
    assert [lines.text(index) for index in range(4)] == TEXTS
    for index in range(4):
        np.testing.assert_array_equal(lines.image(index).pixels, IMAGES[index])


def test_texts_and_images_are_those_written(folder):
    lines = LmdbLines(folder)
    assert_whole(lines)
    assert lines.name(2) == f"{folder}:3"


def test_a_folder_a_data_file_and_another_suffix_are_lmdbs_and_nothing_else(folder, tmp_path):
    other = tmp_path / "other.lmdb"
    shutil.copy(folder / "data.mdb", other)
    for path in (folder / "data.mdb", other):
        assert lmdb_file(path) == path
        assert_whole(LmdbLines(path))
    assert lmdb_file(folder) == folder / "data.mdb"
    assert lmdb_file(tmp_path) is None
    assert lmdb_file(tmp_path / "lines.tsv") is None


def test_no_lock_file_is_left_and_a_folder_that_cannot_be_written_is_read(folder):
    (folder / "lock.mdb").unlink()
    folder.chmod(0o555)
    try:
        assert_whole(LmdbLines(folder))
        assert [file.name for file in folder.iterdir()] == ["data.mdb"]
    finally:
        folder.chmod(0o755)


def test_a_number_outside_is_an_index_error(folder):
    lines = LmdbLines(folder)
    for index in (-5, 4):
        with pytest.raises(IndexError, match="out of range"):
            lines.text(index)
        with pytest.raises(IndexError, match="out of range"):
            lines.image(index)


def test_two_readers_of_one_file_and_threads_share_it(folder):
    one, other = LmdbLines(folder), LmdbLines(folder / "data.mdb")
    assert_whole(one)
    assert_whole(other)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one.text, [0, 1, 2, 3] * 50)) == TEXTS * 50
    del one
    assert_whole(other)


def test_when_nobody_reads_any_more_the_file_is_closed(folder):
    LmdbLines(folder)
    # LMDB refuses to open a file that is open in this process.
    lmdb.open(str(folder)).close()


def test_a_pickled_one_opens_the_file_again(folder):
    lines = LmdbLines(folder)
    again = pickle.loads(pickle.dumps(lines))  # noqa: S301
    assert_whole(again)
    del lines
    assert_whole(again)


def text_of(lines):
    return lines.text(1), lines.image(3).pixels.tolist()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_worker_processes_read_the_same(folder, method):
    lines = LmdbLines(folder)
    with multiprocessing.get_context(method).Pool(1) as pool:
        assert pool.map(text_of, [lines, lines]) == [(TEXTS[1], IMAGES[3].tolist())] * 2
    assert_whole(lines)


def forked(lines, results):
    results.put(text_of(lines))


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_reads_on_with_what_it_inherits(folder):
    context = multiprocessing.get_context("fork")
    lines, results = LmdbLines(folder), context.Queue()
    process = context.Process(target=forked, args=(lines, results))
    process.start()
    assert results.get(timeout=60) == (TEXTS[1], IMAGES[3].tolist())
    process.join()
    assert_whole(lines)


# What is damaged


def test_fewer_records_than_it_says_are_met_one_by_one(tmp_path):
    values = records()
    del values["image-000000002"], values["label-000000003"]
    lines = LmdbLines(write(tmp_path / "lines", values))
    assert len(lines) == 4
    assert lines.text(1) == TEXTS[1]
    with pytest.raises(
        ImageError,
        match=r"record 2 of the LMDB .*lines is missing: there is no image-000000002, though num-samples says 4",
    ):
        lines.image(1)
    with pytest.raises(ImageError, match=r"record 3 .*no label-000000003.*write the LMDB anew"):
        lines.text(2)


@pytest.mark.parametrize("number", [b"0", b"-1", b"many", b"", b"8", b"9" * 30, b"1.0", "４".encode()])
def test_a_number_of_lines_that_cannot_be_is_refused(tmp_path, number):
    # Four records are nine keys.
    values = records() | {"num-samples": number}
    if number == b"8":
        assert len(LmdbLines(write(tmp_path / "lines", values))) == 8
        values["num-samples"] = b"9"
        write(tmp_path / "lines", values)
    else:
        write(tmp_path / "lines", values)
    with pytest.raises(ImageError, match=r"says num-samples b'.*' and has 9 keys, where two a line are wanted"):
        LmdbLines(tmp_path / "lines")


def test_another_layout_is_named_with_the_keys_wanted(tmp_path):
    write(tmp_path / "lines", {"a": b"1", "b": b"2"})
    with pytest.raises(ImageError, match=r"has no key num-samples among its 2; .* image-000000001 and label-000000001"):
        LmdbLines(tmp_path / "lines")


def test_an_image_that_is_none_and_a_label_that_is_not_utf_8_are_named_by_record(tmp_path):
    values = records()
    values["image-000000001"] = b""
    values["image-000000002"] = values["image-000000002"][:200]
    values["image-000000003"] = b"no picture at all"
    values["label-000000004"] = b"ab\xff"
    lines = LmdbLines(write(tmp_path / "lines", values))
    for index, words in enumerate(
        ("is empty", "is cut short: it has 2 of its 16 rows", "is no picture gateviz can read")
    ):
        with pytest.raises(ImageError, match=rf"the image .*lines:{index + 1} {words}"):
            lines.image(index)
    with pytest.raises(ImageError, match=r"record 4 of .* has a label that is not UTF-8 \(byte 2\)"):
        lines.text(3)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.99])
def test_a_file_cut_short_is_refused_before_it_is_read(folder, share):
    file = folder / "data.mdb"
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ImageError, match=r"is cut short: it has [0-9,]+ of [0-9,]+ bytes; copy it anew"):
        LmdbLines(folder)


@pytest.mark.parametrize("content", [b"", b"x" * 10_000, b"\x00" * 8192])
def test_a_file_that_is_no_lmdb_is_refused(tmp_path, content):
    (tmp_path / "data.mdb").write_bytes(content)
    with pytest.raises(ImageError, match=r"data.mdb is no LMDB that can be read \(.*\); name the folder"):
        LmdbLines(tmp_path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ImageError, match=r"the LMDB .*a.lmdb cannot be read: No such file"):
        LmdbLines(tmp_path / "a.lmdb")
    assert list(tmp_path.iterdir()) == []


def test_without_the_package_the_extra_is_named(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "lmdb", None)
    with pytest.raises(MissingExtraError, match=r"needs lmdb, which is not installed; pip install 'gateviz\[train\]'"):
        LmdbLines(folder)


def test_importing_the_reader_does_not_import_the_package():
    code = "import sys, gateviz.files.lmdb_lines; sys.exit('lmdb' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Decoding bytes


def test_bytes_and_files_give_the_same_pixels(tmp_path):
    color = RNG.integers(0, 256, (12, 30, 3), dtype=np.uint8)
    (tmp_path / "a.png").write_bytes(png(color))
    np.testing.assert_array_equal(decode_line_image(png(color), "a").pixels, read_line_image(tmp_path / "a.png"))
    with pytest.raises(ImageError, match=r"the image a is 30 x 12 = 360 pixels, over the limit of 359"):
        decode_line_image(png(color), "a", max_pixels=359)
    with pytest.raises(ImageError, match=r"the image a is 30 x 3 pixels"):
        decode_line_image(png(color[:3]), "a")
