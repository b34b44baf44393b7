"""Everything that cannot be trained on is found, counted and named."""

import json
import unicodedata
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from gateviz.ctc.collapse import frames_needed
from gateviz.data.alphabet import Alphabet
from gateviz.errors import AlphabetError, ImageError, TrainingError
from gateviz.geometry.axis_steps import Window
from gateviz.geometry.preprocess import Gray, Preprocess, ResizeToHeight
from gateviz.geometry.receptive import AxisGeometry
from gateviz.training.line_check import STRIDE, WINDOW, check_lines, network_frames, symbols_in
from gateviz.training.line_files import LineFiles
from gateviz.training.line_report import Fault

LETTERS = Alphabet.from_symbols("abcdefghijklmnopqrstuvwxyz ", blank=0)


def frames_of(width, height):
    return width // 4


def save(path, width=80, height=16):
    Image.fromarray(np.full((height, width), 255, np.uint8)).save(path)


def folder_of(folder, texts, **options):
    for name in dict.fromkeys(name for name, _ in texts):
        save(folder / f"{name}.png", **options)
    (folder / "manifest.tsv").write_text("".join(f"{name}.png\t{text}\n" for name, text in texts), encoding="utf-8")
    return folder


def faulty(report):
    return {group.fault: group.indices for group in report.faulty}


def examples(report, fault):
    return next(group.examples for group in report.faulty if group.fault is fault)


def test_lines_without_a_fault_can_all_be_trained_on(tmp_path):
    report = check_lines(LineFiles(folder_of(tmp_path, [("1", "ab"), ("2", "ba")])), LETTERS, frames_of)
    assert (report.line_count, report.faulty, report.bad) == (2, (), ())
    assert report.usable(skip_bad=False) == report.usable(skip_bad=True) == (0, 1)
    assert set(report.unused) == set(LETTERS.symbols) - {"a", "b"}
    assert report.words.splitlines()[0] == "2 lines looked at: 2 can be trained on, 0 cannot"
    assert report.words.splitlines()[1].startswith("25 of the alphabet's 27 symbols stand in no text: 'c', 'd', ")


def test_every_fault_is_found_with_its_line(tmp_path):
    texts = [
        ("1", "good"),
        ("2", "gone"),
        ("3", "cut"),
        ("4", "né"),
        ("5", ""),
        ("6", "toolong"),
        ("7", "  "),
        ("8", "ok"),
    ]
    folder_of(tmp_path, texts)
    (tmp_path / "2.png").unlink()
    content = (tmp_path / "3.png").read_bytes()
    (tmp_path / "3.png").write_bytes(content[: len(content) * 6 // 10])
    save(tmp_path / "6.png", width=31)
    report = check_lines(LineFiles(tmp_path), LETTERS, frames_of, threads=2)
    assert faulty(report) == {
        Fault.IMAGE: (1, 2),
        Fault.SYMBOLS: (3,),
        Fault.EMPTY: (4, 6),
        Fault.FRAMES: (5,),
    }
    assert report.bad == (1, 2, 3, 4, 5, 6)
    assert report.usable(skip_bad=True) == (0, 7)
    assert examples(report, Fault.IMAGE)[0] == f"the image {tmp_path / '2.png'} is not there; check its path"
    assert "is cut short: it has " in examples(report, Fault.IMAGE)[1]
    assert examples(report, Fault.SYMBOLS) == (f"{tmp_path / '4.png'} has 'é' in 'né'",)
    assert examples(report, Fault.EMPTY)[1] == f"{tmp_path / '7.png'} has the text '  '"
    # Seven letters, two of them equal neighbors.
    assert examples(report, Fault.FRAMES) == (f"{tmp_path / '6.png'} gives 7 frames and 'toolong' needs 8",)


@settings(max_examples=30)
@given(st.text("ab", min_size=1, max_size=30))
def test_the_frames_of_the_image_decide_as_ctc_counts_them(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("lines")
    needed = frames_needed(LETTERS.encode(text))
    save(folder / "enough.png", width=4 * needed)
    save(folder / "short.png", width=max(4 * needed - 1, 1))
    (folder / "manifest.tsv").write_text(f"enough.png\t{text}\nshort.png\t{text}\n")
    assert faulty(check_lines(LineFiles(folder), LETTERS, frames_of, threads=1)) == {Fault.FRAMES: (1,)}


def test_the_order_of_the_lines_does_not_depend_on_the_threads(tmp_path):
    folder_of(tmp_path, [("a", "é" if number % 7 == 3 else "ok") for number in range(WINDOW + 100)])
    done = []
    one = check_lines(LineFiles(tmp_path), LETTERS, frames_of, threads=1, progress=done.append)
    several = check_lines(LineFiles(tmp_path), LETTERS, frames_of, threads=8)
    assert one == several
    assert faulty(one)[Fault.SYMBOLS] == tuple(range(3, WINDOW + 100, 7))
    assert done == [*range(STRIDE, WINDOW + 100, STRIDE), WINDOW + 100]


def test_looking_in_threads_leaves_the_warnings_as_they_were(tmp_path):
    lines = LineFiles(folder_of(tmp_path, [(str(number), "ok") for number in range(100)]))
    before = list(warnings.filters)
    meanwhile = []

    def watching(width, height):
        meanwhile.append([found[0] for found in warnings.filters if found[2] is Image.DecompressionBombWarning])
        return width // 4

    check_lines(lines, LETTERS, watching, threads=8)
    assert warnings.filters == before
    # Outside of the image reader, in whatever order the threads leave it.
    assert len(meanwhile) == 100
    assert all(found[:1] == ["ignore"] for found in meanwhile)


def test_symbols_outside_are_counted_the_most_frequent_first(tmp_path):
    report = check_lines(
        LineFiles(folder_of(tmp_path, [("1", "a€é"), ("2", "ééa"), ("3", "a\tb")])), LETTERS, frames_of
    )
    assert list(report.outside.items()) == [("é", 3), ("€", 1), ("\t", 1)]
    assert r"symbols outside the alphabet of 27: 'é' 3 times, '€' once, '\t' once" in report.words


def test_a_part_of_a_longer_symbol_alone_is_outside():
    from gateviz.training.line_check import _Looker

    alphabet = Alphabet.from_symbols(["ch", "a"], blank=0)
    looker = _Looker(LineFiles.__new__(LineFiles), alphabet, frames_of, frozenset("cha"))
    assert looker._outside("chac€a") == ["€"]
    assert looker._outside("ca") == ["c"]


def test_texts_that_would_fit_in_composed_form_are_told(tmp_path):
    alphabet = Alphabet.from_symbols("té", blank=0)
    decomposed = unicodedata.normalize("NFD", "été")
    report = check_lines(
        LineFiles(folder_of(tmp_path, [("1", decomposed), ("2", "été"), ("3", "x")])), alphabet, frames_of
    )
    assert faulty(report)[Fault.SYMBOLS] == (0, 2)
    assert report.composable == 1
    assert "1 line would fit the alphabet with the text in composed form (NFC)" in report.words


def test_an_image_with_two_texts_is_a_fault_and_with_one_twice_a_note(tmp_path):
    texts = [("1", "same"), ("2", "one"), ("./1", "same"), ("2", "other"), ("2", "one")]
    report = check_lines(LineFiles(folder_of(tmp_path, texts)), LETTERS, frames_of)
    assert faulty(report) == {Fault.CLASH: (1, 3)}
    assert report.repeated == (2, 4)
    path = tmp_path / "2.png"
    assert examples(report, Fault.CLASH) == (
        f"{path} is 'one' here and 'other' in line 4",
        f"{path} is 'other' here and 'one' in line 2",
    )
    assert "2 lines with the image and text of an earlier line:\n  lines 3, 5" in report.words


def lmdb_of(folder, images, labels, count):
    """An LMDB that says it has ``count`` lines, with these images and labels."""
    lmdb = pytest.importorskip("lmdb")
    folder.mkdir()
    save(folder / "a.png")
    with lmdb.open(str(folder), map_size=1 << 22) as environment, environment.begin(write=True) as writing:
        writing.put(b"num-samples", str(count).encode())
        for number in images:
            writing.put(b"image-%09d" % number, (folder / "a.png").read_bytes())
        for number, label in labels.items():
            writing.put(b"label-%09d" % number, label)
    return LineFiles(folder)


def test_records_that_an_lmdb_lacks_are_listed(tmp_path):
    report = check_lines(
        lmdb_of(tmp_path / "lines", (1, 2, 4), {1: b"ok", 3: b"ok", 4: b"\xff"}, 4), LETTERS, frames_of
    )
    assert faulty(report) == {Fault.IMAGE: (2,), Fault.TEXT: (1, 3)}
    assert "there is no image-000000003, though num-samples says 4" in examples(report, Fault.IMAGE)[0]
    assert "there is no label-000000002" in examples(report, Fault.TEXT)[0]
    assert "a label that is not UTF-8 (byte 0)" in examples(report, Fault.TEXT)[1]


def test_files_that_belong_to_no_line_hold_training_up_until_they_may_be_skipped(tmp_path):
    save(tmp_path / "a.png")
    save(tmp_path / "b.png")
    (tmp_path / "a.gt.txt").write_text("a")
    report = check_lines(LineFiles(tmp_path), LETTERS, frames_of)
    assert report.faulty == ()
    with pytest.raises(TrainingError, match=r"0 of 1 line cannot be trained on: 1 file or row gives no line; mend"):
        report.usable(skip_bad=False)
    assert report.usable(skip_bad=True) == (0,)
    assert f"1 file or row gives no line:\n  the image {tmp_path / 'b.png'} has no text" in report.words


def test_training_goes_on_with_bad_lines_only_when_asked_and_never_with_none_left(tmp_path):
    lines = LineFiles(folder_of(tmp_path, [("1", "ok"), ("2", "é"), ("3", "")]))
    report = check_lines(lines, LETTERS, frames_of)
    with pytest.raises(
        TrainingError,
        match=r"2 of 3 lines cannot be trained on: 1 without a text, 1 with symbols outside the alphabet; "
        r"mend them, or leave them out with --skip-bad",
    ):
        report.usable(skip_bad=False)
    assert report.usable(skip_bad=True) == (0,)
    nothing = check_lines(lines, Alphabet.from_symbols("xyz", blank=0), frames_of)
    with pytest.raises(TrainingError, match=r"none of the 3 lines can be trained on: .*; mend them"):
        nothing.usable(skip_bad=True)


def test_many_bad_lines_are_shown_shortly_and_listed_whole_in_the_document(tmp_path):
    report = check_lines(LineFiles(folder_of(tmp_path, [("1", "é")] * 40)), LETTERS, frames_of)
    rows = report.words.splitlines()
    assert rows[:2] == [
        "40 lines looked at: 0 can be trained on, 40 cannot",
        "40 lines with symbols outside the alphabet:",
    ]
    assert [row.split(":")[0] for row in rows[2:7]] == [f"  line {number}" for number in range(1, 6)]
    assert rows[7] == "  and lines " + ", ".join(map(str, range(6, 26))) + " and 15 more"
    document = json.loads(json.dumps(report.document()))
    assert document["faulty"]["symbols"]["lines"] == list(range(1, 41))
    assert document["symbols_outside"] == {"é": 40}
    assert (document["lines"], document["usable"], document["repeated"]) == (40, 0, list(range(2, 41)))


def test_a_long_text_is_cut_in_the_example(tmp_path):
    report = check_lines(LineFiles(folder_of(tmp_path, [("1", "é" * 500)])), LETTERS, frames_of)
    assert examples(report, Fault.SYMBOLS)[0].endswith("has 'é' in '" + "é" * 40 + "…'")


# The alphabet that lines bring with them


def test_the_symbols_of_lines_are_those_of_their_texts(tmp_path):
    assert symbols_in(LineFiles(folder_of(tmp_path, [("1", "b a"), ("2", "中a")]))) == (" ", "a", "b", "中")


def test_texts_that_cannot_be_read_give_no_symbols_and_are_left_for_the_check_to_name(tmp_path):
    lines = lmdb_of(tmp_path / "lines", (1, 2, 3), {1: b"ab", 3: b"\xff"}, 3)
    assert symbols_in(lines) == ("a", "b")
    assert faulty(check_lines(lines, Alphabet.from_symbols("ab", blank=0), frames_of)) == {Fault.TEXT: (1, 2)}


def test_line_breaks_and_tabs_are_no_symbols_but_faults(tmp_path):
    for name, text in (("1", "ab\ncd\n"), ("2", "a\tb"), ("3", "d\u3000")):
        save(tmp_path / f"{name}.png")
        (tmp_path / f"{name}.gt.txt").write_text(text, encoding="utf-8")
    lines = LineFiles(tmp_path)
    symbols = symbols_in(lines)
    assert symbols == ("a", "b", "c", "d", "\u3000")
    report = check_lines(lines, Alphabet.from_symbols(symbols, blank=0), frames_of)
    assert examples(report, Fault.SYMBOLS) == (
        f"{tmp_path / '1.png'} has '\\n' in 'ab\\ncd'",
        f"{tmp_path / '2.png'} has '\\t' in 'a\\tb'",
    )


def test_lines_without_any_text_have_no_alphabet(tmp_path):
    empty = LineFiles(folder_of(tmp_path, [("1", ""), ("2", "\t")]))
    with pytest.raises(TrainingError, match="none of the 2 lines has a text, so there is no alphabet to learn; write"):
        symbols_in(empty)
    with pytest.raises(
        TrainingError,
        match=r"no alphabet to learn; 2 texts cannot be read, such as: record 1 of .* no label-000000001, .*; write the texts",
    ):
        symbols_in(lmdb_of(tmp_path / "lines", (1, 2), {}, 2))


# What the network makes of an image


RECIPE = Preprocess((Gray(), ResizeToHeight(32)))
GEOMETRY = AxisGeometry((Window(3, 1, 1, 1), Window(2, 2), Window(3, 1, 1, 1), Window(2, 2)))


@pytest.mark.parametrize(("size", "expected"), [((100, 32), 25), ((200, 64), 25), ((101, 64), 12), ((160, 16), 80)])
def test_the_frames_of_an_image_are_those_of_the_network(size, expected):
    assert network_frames(RECIPE, GEOMETRY)(*size) == expected
    line = RECIPE.apply(np.zeros(size[::-1], np.uint8))
    assert GEOMETRY.frame_grid(line.width).frame_count == expected


def test_an_image_that_the_network_cannot_take_is_unreadable(tmp_path):
    folder_of(tmp_path, [("1", "ok"), ("2", "ok"), ("3", "ok")])
    save(tmp_path / "2.png", width=3, height=96)
    save(tmp_path / "3.png", width=4000, height=4)
    recipe = Preprocess((Gray(), ResizeToHeight(96)))
    report = check_lines(LineFiles(tmp_path), LETTERS, network_frames(recipe, GEOMETRY))
    assert faulty(report) == {Fault.IMAGE: (1, 2)}
    narrow, wide = examples(report, Fault.IMAGE)
    assert narrow.startswith(
        f"the network cannot take the image {tmp_path / '2.png'}: an input of 3 columns gives no frame"
    )
    assert "comes to 96000 columns at height 96" in wide


def test_an_error_of_the_program_is_not_swallowed(tmp_path):
    def broken(width, height):
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        check_lines(LineFiles(folder_of(tmp_path, [("1", "ok")])), LETTERS, broken)


def test_an_alphabet_with_a_symbol_twice_does_not_get_this_far():
    with pytest.raises(AlphabetError, match="'a' stands twice in the alphabet; remove one"):
        Alphabet.from_symbols("aba", blank=0)


def test_a_folder_without_lines_does_not_get_this_far(tmp_path):
    with pytest.raises(ImageError, match="holds no image with its text"):
        LineFiles(tmp_path)
