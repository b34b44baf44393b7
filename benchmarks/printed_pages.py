"""How a model reads images that gateviz did not make: ``python -m benchmarks pages --model FILE``.

The project's own documents are printed by Chromium, once with serifs and once without, drawn by
pdftoppm at some resolutions, cut into lines (``page_lines``) and read by the greedy path. The truth
is the documents' text (``page_text``). Ten words from street scenes can be read as well; their truths
are in ``scene_words.tsv``, read off the images by eye, letter case and space as they are there.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PIL import Image

import gateviz
from benchmarks.page_lines import PrintedPages, cut_lines, print_pages, run_program
from benchmarks.page_text import STYLES
from benchmarks.timing import Report, table
from gateviz.capture.recognizer import Recognizer
from gateviz.errors import GatevizError, ImageError
from gateviz.files.atomic import make_folder, write_whole, written_whole
from gateviz.files.folders import read_manifest
from gateviz.files.images import read_line_image
from gateviz.files.line_columns import COLUMNS_FILE, LineColumns
from gateviz.files.line_places import MANIFEST_NAME
from gateviz.geometry.preprocess import Gray, Preprocess
from gateviz.measure.evaluation import Evaluation, ReadLine, Score
from gateviz.measure.jackknife import Estimate
from gateviz.training.evaluate import evaluate
from gateviz.typesetting.lines import TrainingLine

ROOT = Path(__file__).parents[1]
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
RESOLUTIONS = (100, 150, 300)
SCENE_TRUTHS = Path(__file__).parent / "scene_words.tsv"
WORST = 10


@dataclass(frozen=True)
class Reading:
    """The readings of the lines at one resolution.

    Attributes:
        dpi: dots per inch.
        inside: lines all of whose symbols the model's alphabet has.
        outside: lines with others.
    """

    dpi: int
    inside: Evaluation
    outside: Evaluation


def read_all(recognizer: Recognizer, lines: Sequence[TrainingLine]) -> tuple[ReadLine, ...]:
    """The reading of every line, in their order.

    Raises:
        ImageError: a line cannot be read at all; a rate without it would flatter.
    """
    found = evaluate(recognizer, lines)
    if found.failures:
        first = found.failures[0]
        raise ImageError(
            f"{len(found.failures)} of {len(lines)} lines cannot be read, {first.name} because {first.reason}; "
            "mend its truth or the model's preprocessing"
        )
    return found.lines


def read_pages(recognizer: Recognizer, lines: Sequence[TrainingLine], dpi: int) -> Reading:
    """The readings of the lines of pages, those that the model has no symbols for apart.

    Raises:
        ImageError: a line cannot be read at all.
    """
    found = read_all(recognizer, lines)
    inside, outside = (tuple(line for line in found if bool(line.outside) == wanted) for wanted in (False, True))
    return Reading(dpi, Evaluation(inside), Evaluation(outside))


def pages_report(readings: Sequence[Reading], printed: Sequence[PrintedPages]) -> Report:
    """The table that people read, and the numbers."""
    unsure = [words for pages in printed for words in pages.unsure]
    rows, apart = [], []
    numbers: dict[str, Any] = {
        "symbols_of_the_documents": [pages.symbols for pages in printed],
        "symbols_on_no_line": [pages.unprinted for pages in printed],
        "printed_lines_not_in_the_documents": unsure,
        "resolutions": {},
    }
    for reading in readings:
        groups = {"all": reading.inside.total, **reading.inside.by("script"), **reading.inside.by("font")}
        rows += [row(reading.dpi, name, score) for name, score in groups.items()]
        if reading.outside.lines:
            apart.append(row(reading.dpi, "symbols outside the alphabet", reading.outside.total))
        numbers["resolutions"][str(reading.dpi)] = {
            "groups": {name: score_numbers(score) for name, score in groups.items()},
            "outside": score_numbers(reading.outside.total) if reading.outside.lines else None,
            "worst": [[line.name, line.truth, line.reading] for line in reading.inside.worst(WORST)],
        }
    header = ["dpi", "lines of", "lines", "symbols", "CER %", "95 %", "words right %", "lines right %"]
    left = sum(pages.unprinted for pages in printed)
    told = [
        f"{sum(pages.symbols for pages in printed)} symbols in the documents, {left} of them on no line; "
        f"{len(unsure)} printed lines that are not in the documents.\n",
        table(header, rows + apart),
        *(worst_lines(reading) for reading in readings),
    ]
    return Report("\n".join(told), numbers)


def row(dpi: int, name: str, score: Score) -> list[str]:
    """A line of the table."""
    rates = (score.word_accuracy, score.line_accuracy)
    interval = f"{100 * score.cer.low:.2f} to {100 * score.cer.high:.2f}"
    counts = [str(score.lines), str(int(score.cer.of))]
    return [
        str(dpi),
        name,
        *counts,
        f"{100 * score.cer.value:.2f}",
        interval,
        *(f"{100 * rate.value:.1f}" for rate in rates),
    ]


def score_numbers(score: Score) -> dict[str, Any]:
    """The figures of a score for a file."""

    def rate(estimate: Estimate) -> dict[str, float]:
        return {"value": estimate.value, "low": estimate.low, "high": estimate.high}

    counts = {"lines": score.lines, "symbols": int(score.cer.of), "edits": int(score.cer.total)}
    rates = {name: rate(getattr(score, name)) for name in ("cer", "word_accuracy", "line_accuracy")}
    return counts | rates


def worst_lines(reading: Reading) -> str:
    """The lines with the most mistakes a symbol."""
    worst = [
        f"    {line.name}\t{line.truth}\n    {'':{len(line.name)}}\t{line.reading}"
        for line in reading.inside.worst(WORST)
    ]
    return f"Worst at {reading.dpi} dpi (what is written, what was read):\n\n" + ("\n".join(worst) or "    none") + "\n"


def keep_lines(folder: Path, lines: Sequence[TrainingLine], reading: Reading) -> None:
    """Write line images with a manifest for ``gateviz eval`` and the readings beside it.

    Raises:
        OutputError: they cannot be written.
    """
    make_folder(folder)
    for line in lines:
        with written_whole(folder / line.name) as file:
            Image.fromarray(line.image).save(file)
    known = {line.name: line for part in (reading.inside, reading.outside) for line in part.lines}
    tables = {
        MANIFEST_NAME: [f"{line.name}\t{line.text}" for line in lines],
        COLUMNS_FILE: [LineColumns(line.name, line.script, line.font).to_json() for line in lines],
        "readings.txt": [f"{line.name}\t{line.text}\t{known[line.name].reading}" for line in lines],
    }
    for name, written in tables.items():
        write_whole(folder / name, ("\n".join(written) + "\n").encode())


def read_scene(recognizer: Recognizer, folder: Path, truths: Path = SCENE_TRUTHS) -> tuple[ReadLine, ...]:
    """The readings of words from street scenes, in the order of their truths.

    Args:
        recognizer: what reads.
        folder: where the images are.
        truths: file names and texts, with a tab between.

    Raises:
        ImageError: an image is missing or cannot be read.
    """
    gray = Preprocess((Gray(),))
    sources = [(folder / source.path.name, source.text or "") for source in read_manifest(truths)]
    lines = [TrainingLine(gray.apply(read_line_image(path)).pixels, text, name=path.name) for path, text in sources]
    return read_all(recognizer, lines)


def scene_report(lines: Sequence[ReadLine]) -> Report:
    """The readings as they are."""
    folded = sum(line.truth.casefold() == line.reading.casefold() for line in lines)
    edits, symbols = (sum(getattr(line.score, name) for line in lines) for name in ("edits", "symbols"))
    right = sum(line.score.right for line in lines)
    markdown = table(["image", "written", "read"], [[line.name, line.truth, line.reading] for line in lines])
    told = (
        f"{right} of {len(lines)} words right, {folded} but for the case; CER {100 * edits / max(symbols, 1):.1f} %\n"
    )
    found = {line.name: {"written": line.truth, "read": line.reading} for line in lines}
    return Report(
        f"{markdown}\n{told}", {"readings": found, "right": right, "right_but_for_case": folded, "edits": edits}
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 0 where it ran, whatever it found."""
    options = parser().parse_args(arguments)
    try:
        measure(options)
    except GatevizError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m benchmarks pages", description=__doc__.partition("\n")[0])
    made.add_argument("--model", type=Path, help="what reads; without it, what gateviz takes by itself")
    made.add_argument("--dpi", type=int, nargs="+", default=list(RESOLUTIONS), help="resolutions of the pages")
    made.add_argument("--document", type=Path, action="append", help="a Markdown file; without it, README.md and docs/")
    made.add_argument(
        "--scene", type=Path, metavar="FOLDER", help="read the words of scene_words.tsv in this folder too"
    )
    made.add_argument("-o", "--output", type=Path, help="write the numbers to this JSON file")
    made.add_argument("--keep", type=Path, metavar="FOLDER", help="write the pages, lines, manifests and readings here")
    return made


def measure(options: argparse.Namespace) -> None:
    """Print, cut, read and tell.

    Raises:
        GatevizError: what is needed is missing, or something cannot be read or written.
    """
    recognizer = gateviz.load(options.model)
    documents = options.document or DOCUMENTS
    numbers: dict[str, Any] = {
        "measured": datetime.now(UTC).date().isoformat(),
        "model": {"file": recognizer.card.checkpoint, "sha256": recognizer.card.checkpoint_sha256},
        "printed_by": run_program("chromium", "--version").strip(),
        "documents": [document.name for document in documents],
    }
    with tempfile.TemporaryDirectory() as temporary:
        folder = make_folder(options.keep or temporary)
        printed = []
        for style in STYLES:
            print(f"printing {len(documents)} documents, {style}", file=sys.stderr, flush=True)
            printed.append(print_pages(documents, style, folder / f"{style}.pdf"))
        readings = []
        for dpi in options.dpi:
            lines = [line for pages in printed for line in cut_lines(pages, dpi)]
            print(f"reading {len(lines)} lines at {dpi} dpi", file=sys.stderr, flush=True)
            readings.append(read_pages(recognizer, lines, dpi))
            if options.keep:
                keep_lines(folder / f"{dpi}dpi", lines, readings[-1])
    pages = pages_report(readings, printed)
    print(f"# pages\n\n{pages.markdown}", flush=True)
    numbers["pages"] = pages.numbers
    if options.scene:
        scene = scene_report(read_scene(recognizer, options.scene))
        print(f"# scene words\n\n{scene.markdown}", flush=True)
        numbers["scene_words"] = scene.numbers
    if options.output:
        write_whole(options.output, (json.dumps(numbers, ensure_ascii=False, indent=1) + "\n").encode())
