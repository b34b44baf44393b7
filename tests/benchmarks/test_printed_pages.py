"""The report on readings of printed pages and of scene words, with a recognizer whose readings are known."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import printed_pages
from benchmarks.page_lines import Box, PageLine, PrintedPages
from benchmarks.printed_pages import (
    DOCUMENTS,
    SCENE_TRUTHS,
    main,
    pages_report,
    read_all,
    read_pages,
    read_scene,
    scene_report,
)
from gateviz.errors import ImageError, MissingExtraError
from gateviz.files.folders import read_manifest
from gateviz.files.line_columns import COLUMNS_FILE, read_columns
from gateviz.typesetting.lines import TrainingLine
from tests.training.barcodes import bar_line, barcode_recognizer, bars

LINES = [
    bar_line("ab", "a-b", script="latin", font="serif", name="serif-001.png"),
    bar_line("ball", "ba-l", script="latin", font="serif", name="serif-002.png"),
    bar_line("a中", "a中", script="mixed", font="sans-serif", name="sans-serif-001.png"),
    bar_line("aé", "al", script="latin", font="sans-serif", name="sans-serif-002.png"),
]


def printed(style: str, count: int = 1) -> PrintedPages:
    lines = tuple(PageLine(1, Box(0, 0, 9, 9), "ab", "latin", style) for _ in range(count))
    return PrintedPages(Path("x.pdf"), lines, ("3 / 7",), 2, 40)


def test_lines_that_the_alphabet_cannot_write_are_read_and_reported_apart():
    reading = read_pages(barcode_recognizer(), LINES, 150)
    assert [line.reading for line in reading.inside.lines] == ["ab", "bal", "a中"]
    assert [(line.truth, line.outside) for line in reading.outside.lines] == [("aé", ("é",))]


def test_the_report_counts_by_script_and_style_and_tells_what_is_on_no_line():
    reading = read_pages(barcode_recognizer(), LINES, 150)
    report = pages_report([reading], [printed("serif"), printed("sans-serif")])
    found = report.numbers["resolutions"]["150"]
    counts = {name: (score["lines"], score["symbols"], score["edits"]) for name, score in found["groups"].items()}
    assert counts == {
        "all": (3, 8, 1),
        "latin": (2, 6, 1),
        "mixed": (1, 2, 0),
        "serif": (2, 6, 1),
        "sans-serif": (1, 2, 0),
    }
    assert found["groups"]["all"]["cer"]["value"] == 1 / 8
    assert found["groups"]["all"]["cer"]["low"] <= 1 / 8 <= found["groups"]["all"]["cer"]["high"]
    assert (found["outside"]["lines"], found["outside"]["edits"]) == (1, 1)
    assert found["worst"] == [["serif-002.png", "ball", "bal"]]
    assert report.numbers["symbols_on_no_line"] == [2, 2]
    assert report.numbers["printed_lines_not_in_the_documents"] == ["3 / 7", "3 / 7"]
    assert "80 symbols in the documents, 4 of them on no line; 2 printed lines" in report.markdown
    assert "| 150 | all | 3 | 8 | 12.50 | 0.00 to " in report.markdown
    assert "| 150 | symbols outside the alphabet | 1 | 2 | 50.00 |" in report.markdown
    assert "    serif-002.png\tball\n                 \tbal\n" in report.markdown


def test_a_line_that_cannot_be_read_is_an_error_and_not_left_out():
    lines = [*LINES[:2], TrainingLine(np.zeros((8, 2), np.uint8), "a", name="narrow.png")]
    with pytest.raises(ImageError, match=r"^1 of 3 lines cannot be read, narrow\.png because an input of 2 columns"):
        read_all(barcode_recognizer(), lines)


def test_scene_words_are_read_in_gray_and_held_against_their_truths_with_and_without_case(tmp_path):
    truths = tmp_path / "truths.tsv"
    truths.write_text("one.png\tab\ntwo.png\tBall\nthree.png\tlb\n")
    images = tmp_path / "images"
    images.mkdir()
    for name, path in (("one", "a-b"), ("two", "bal-l"), ("three", "-bb-")):
        Image.fromarray(np.repeat(bars(path)[:, :, None], 3, axis=2)).save(images / f"{name}.png")
    lines = read_scene(barcode_recognizer(), images, truths)
    assert [(line.name, line.truth, line.reading) for line in lines] == [
        ("one.png", "ab", "ab"),
        ("two.png", "Ball", "ball"),
        ("three.png", "lb", "b"),
    ]
    report = scene_report(lines)
    assert "| two.png | Ball | ball |" in report.markdown
    assert "1 of 3 words right, 2 but for the case; CER 25.0 %" in report.markdown
    assert report.numbers["readings"]["three.png"] == {"written": "lb", "read": "b"}
    assert (report.numbers["right"], report.numbers["right_but_for_case"], report.numbers["edits"]) == (1, 2, 2)


def test_a_scene_word_without_its_image_is_an_error(tmp_path):
    with pytest.raises(ImageError, match=r"demo_1\.png"):
        read_scene(barcode_recognizer(), tmp_path)


def test_the_truths_of_the_scene_words_are_ten():
    sources = read_manifest(SCENE_TRUTHS)
    assert {source.path.stem for source in sources} == {f"demo_{number}" for number in range(1, 11)}
    assert all(source.text and source.text == source.text.strip() for source in sources)


def test_the_documents_are_those_of_the_project():
    assert {"README.md", "zh.md", "glossary.md"} <= {document.name for document in DOCUMENTS}
    assert all(document.is_file() for document in DOCUMENTS)


@pytest.fixture
def no_printer(monkeypatch):
    """The program with everything but Chromium and Poppler: each style has two lines."""
    monkeypatch.setattr(printed_pages.gateviz, "load", lambda path: barcode_recognizer())
    monkeypatch.setattr(printed_pages, "run_program", lambda *arguments: "Chromium 1\n")
    monkeypatch.setattr(printed_pages, "print_pages", lambda documents, style, pdf: printed(style))
    monkeypatch.setattr(
        printed_pages, "cut_lines", lambda pages, dpi: [line for line in LINES if line.font == pages.lines[0].style]
    )


def test_the_program_prints_reads_keeps_and_writes(no_printer, tmp_path, capsys):
    keep, output = tmp_path / "keep", tmp_path / "found.json"
    assert main(["--dpi", "100", "300", "--keep", str(keep), "-o", str(output), "--document", "a.md"]) == 0
    told = capsys.readouterr().out
    assert "| 100 | all | 3 | 8 | 12.50 |" in told
    assert "| 300 | serif | 2 | 6 |" in told
    assert "scene" not in told
    numbers = json.loads(output.read_text())
    assert numbers["model"] == {"file": "bars.pt", "sha256": "00ff"}
    assert (numbers["documents"], numbers["printed_by"]) == (["a.md"], "Chromium 1")
    assert list(numbers["pages"]["resolutions"]) == ["100", "300"]
    folder = keep / "300dpi"
    assert (folder / "readings.txt").read_text().splitlines()[1] == "serif-002.png\tball\tbal"
    kept = {source.path.name: source.text for source in read_manifest(folder / "manifest.tsv")}
    assert kept == {line.name: line.text for line in LINES}
    known = read_columns(folder / COLUMNS_FILE)
    assert {name: (line.script, line.font) for name, line in known.items()} == {
        line.name: (line.script, line.font) for line in LINES
    }
    assert np.array_equal(np.asarray(Image.open(folder / "serif-002.png")), LINES[1].image)


def test_what_is_missing_is_one_line_and_a_status(no_printer, monkeypatch, capsys):
    def missing(*arguments):
        raise MissingExtraError("printed pages need the program chromium")

    monkeypatch.setattr(printed_pages, "run_program", missing)
    assert main([]) == 1
    assert capsys.readouterr().err == "Error: printed pages need the program chromium\n"
