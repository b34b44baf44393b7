"""Printed pages cut into line images: Chromium prints, Poppler says where the lines are and draws them."""

import math
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from benchmarks.page_text import PageText, Style, page_html
from gateviz.errors import ImageError, MissingExtraError
from gateviz.files.images import read_line_image
from gateviz.typesetting.lines import TrainingLine

# Points around the box of a line's letters (from ascent to descent, from pen to pen): 2.1 pixels at 100 dpi,
# 6.3 at 300. Borders are rounded outward.
MARGIN = 1.5
# Chromium makes Type 3 fonts of Noto's Chinese ones. Poppler guesses their size from the width of one letter
# and gives them a box from so many sizes above the baseline to so many below.
TYPE3_ABOVE, TYPE3_BELOW = 0.95, 0.35
# The box of any other font is less tall, in sizes.
TALLEST = 1.45
POINTS = 72
PACKAGES = {"chromium": "chromium", "pdftotext": "poppler-utils", "pdftoppm": "poppler-utils"}
_PATIENCE = 600


@dataclass(frozen=True)
class Box:
    """A rectangle on a page, in points from its upper left corner."""

    left: float
    top: float
    right: float
    bottom: float

    def around(self, other: "Box") -> "Box":
        """The smallest box that holds both."""
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )


@dataclass(frozen=True)
class PageLine:
    """A line of a page.

    Attributes:
        page: from 1.
        box: of its letters.
        text: what is written there.
        script: ``latin``, ``chinese``, ``mixed`` or ``code``.
        style: of the page.
    """

    page: int
    box: Box
    text: str
    script: str
    style: str


@dataclass(frozen=True)
class PrintedPages:
    """Documents as Chromium printed them in one style.

    Attributes:
        pdf: the file.
        lines: all whose text is certain.
        unsure: the words of printed lines that are not in the documents, or not to be cut apart as
            the documents say; they are no lines.
        unprinted: symbols of the documents that stand on no line.
        symbols: of the documents.
    """

    pdf: Path
    lines: tuple[PageLine, ...]
    unsure: tuple[str, ...]
    unprinted: int
    symbols: int


def run_program(name: str, *arguments: str) -> str:
    """What a program says.

    Raises:
        MissingExtraError: it is not installed.
        ImageError: it fails, or does not end.
    """
    path = shutil.which(name)
    if path is None:
        raise MissingExtraError(
            f"printed pages need the program {name}, which is not here; Debian has it in the package {PACKAGES[name]}"
        )
    try:
        # A byte that is no UTF-8 becomes a symbol no document has, and its line one that is told of.
        done = subprocess.run(
            [path, *arguments],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=_PATIENCE,
        )
    except subprocess.TimeoutExpired as error:
        raise ImageError(f"{name} did not end within {_PATIENCE} s; look what keeps the machine busy") from error
    if done.returncode:
        words = " ".join(done.stderr.split())[-300:]
        raise ImageError(f"{name} ended with {done.returncode}: {words or 'it does not say why'}")
    return done.stdout


def print_pages(documents: Sequence[Path], style: Style, pdf: Path) -> PrintedPages:
    """Markdown documents printed by Chromium, with their lines.

    Raises:
        MissingExtraError: Chromium or Poppler is not installed.
        ImageError: one of them fails, or a document cannot be read.
    """
    html = page_html(documents, style)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(html, encoding="utf-8")
        run_program(
            "chromium",
            "--headless",
            # The page is made of the project's own documents, and root, as in a container, has no sandbox.
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            f"--user-data-dir={folder}/profile",
            "--no-pdf-header-footer",
            f"--print-to-pdf={pdf.resolve()}",
            page.as_uri(),
        )
    if not pdf.is_file():
        raise ImageError(f"chromium ended well but left no {pdf}; run it by hand to see what it says")
    layout = run_program("pdftotext", "-bbox-layout", str(pdf), "-")
    return found_lines(pdf, layout, PageText.of_html(html), style)


def found_lines(pdf: Path, layout: str, text: PageText, style: str) -> PrintedPages:
    """The lines of a PDF, with their text from the document.

    Args:
        pdf: the file.
        layout: what ``pdftotext -bbox-layout`` says of it.
        text: of the document.
        style: of the page.
    """
    rows = list(_printed(layout))
    found: dict[int, list[PageLine]] = {}
    unsure: list[str] = []
    printed = np.zeros(len(text.symbols), dtype=bool)
    written = ["".join(word for word, _ in words) for _, words in rows]
    # The longest first, as ``find`` asks for.
    for number in sorted(range(len(rows)), key=lambda number: -len(written[number])):
        page, words = rows[number]
        symbols = written[number]
        place = text.find(symbols, printed)
        cut = None if place is None else _cut(words, text, place)
        if place is None or cut is None:
            unsure.append(" ".join(word for word, _ in words))
            continue
        printed[place : place + len(symbols)] = True
        found[number] = [replace(line, page=page, style=style) for line in cut]
    lines = tuple(line for number in sorted(found) for line in found[number])
    return PrintedPages(pdf, lines, tuple(unsure), int((~printed).sum()), len(printed))


_Words = list[tuple[str, Box]]


def _printed(layout: str) -> Iterator[tuple[int, _Words]]:
    """The page and the words of each line, in the order of ``pdftotext``."""
    # Control characters and the document type are no XML that a plain parser takes.
    clean = re.sub(r"<!DOCTYPE[^>]*>|[\x00-\x08\x0b\x0c\x0e-\x1f]", "", layout)
    root = ElementTree.fromstring(clean.replace(' xmlns="http://www.w3.org/1999/xhtml"', "", 1))
    for number, page in enumerate(root.iter("page"), start=1):
        for line in page.iter("line"):
            words = [("".join((word.text or "").split()), _box(word)) for word in line.iter("word")]
            if words := [(word, box) for word, box in words if word]:
                yield number, words


def _box(word: ElementTree.Element) -> Box:
    return Box(*(float(word.attrib[side]) for side in ("xMin", "yMin", "xMax", "yMax")))


def _cut(words: _Words, text: PageText, place: int) -> list[PageLine] | None:
    """A printed line cut where the document has a border; None where that is within a word."""
    owners = [number for number, (word, _) in enumerate(words) for _ in word]
    boxes = [true_box(words[owner][1], text.sizes[place + symbol]) for symbol, owner in enumerate(owners)]
    cut = []
    for piece in text.pieces(place, place + len(owners)):
        if piece.start and owners[piece.start - 1] == owners[piece.start]:
            return None
        box = reduce(Box.around, boxes[piece.start : piece.stop])
        cut.append(PageLine(0, box, piece.text, piece.script, ""))
    return cut


def true_box(box: Box, size: float) -> Box:
    """A word's box, mended where Poppler guessed its height.

    Args:
        box: as Poppler gives it.
        size: of the letters, in points.
    """
    height = box.bottom - box.top
    if height <= TALLEST * size:
        return box
    baseline = box.top + height * TYPE3_ABOVE / (TYPE3_ABOVE + TYPE3_BELOW)
    return replace(box, top=baseline - TYPE3_ABOVE * size, bottom=baseline + TYPE3_BELOW * size)


def draw_pages(pdf: Path, dpi: int, folder: Path) -> list[np.ndarray]:
    """The pages of a PDF, drawn by ``pdftoppm``: gray levels, uint8 (height, width).

    Raises:
        MissingExtraError: Poppler is not installed.
        ImageError: it fails.
    """
    # With -png, Poppler writes the grays as colors; without it, as the same grays.
    run_program("pdftoppm", "-r", str(dpi), "-gray", str(pdf), str(folder / "page"))
    # As many digits as the last page needs, so that names sort.
    return [read_line_image(file) for file in sorted(folder.glob("page-*.pgm"))]


def cut_lines(printed: PrintedPages, dpi: int) -> list[TrainingLine]:
    """The images of all lines of printed pages at one resolution, named by style and number.

    Raises:
        MissingExtraError: Poppler is not installed.
        ImageError: it fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        pages = draw_pages(printed.pdf, dpi, Path(folder))
    return [
        TrainingLine(
            cut_out(pages[line.page - 1], line.box, dpi),
            line.text,
            script=line.script,
            font=line.style,
            name=f"{line.style}-{number:03d}.png",
        )
        for number, line in enumerate(printed.lines, start=1)
    ]


def cut_out(page: np.ndarray, box: Box, dpi: int) -> np.ndarray:
    """The pixels of a box and its ``MARGIN``, as far as they are on the page."""
    left, top = (max(math.floor((edge - MARGIN) * dpi / POINTS), 0) for edge in (box.left, box.top))
    right, bottom = (math.ceil((edge + MARGIN) * dpi / POINTS) for edge in (box.right, box.bottom))
    return np.ascontiguousarray(page[top:bottom, left:right])
