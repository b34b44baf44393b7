"""Lines written to a folder, as 'gateviz train' and 'gateviz eval' read them."""

import multiprocessing
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2

from gateviz.errors import OutputError, TrainingError
from gateviz.files.atomic import make_folder, write_whole
from gateviz.files.line_columns import COLUMNS_FILE, LineColumns
from gateviz.typesetting.lines import LineSet

MANIFEST = "manifest.tsv"
IMAGES = "images"
PER_FOLDER = 10_000
_PIECE = 32


def write_lines(
    lines: LineSet, folder: str | Path, *, jobs: int = 1, on_line: Callable[[], None] = lambda: None
) -> Path:
    """Write every line as a PNG, with a manifest and the columns of its symbols beside it.

    The manifest is written last: a folder without one is not whole.

    Args:
        lines: what to write.
        folder: where; it must be empty or missing.
        jobs: processes that make lines.
        on_line: called after each line.

    Returns:
        The manifest.

    Raises:
        TrainingError: the folder is not empty, or a text has a tab or a line break.
        OutputError: a file cannot be written; what was written stays, without a manifest.
    """
    home = make_folder(folder)
    if any(home.iterdir()):
        raise TrainingError(f"the folder {home} is not empty; name another one, so that two sets of lines do not mix")
    for start in range(0, len(lines), PER_FOLDER):
        make_folder(home / IMAGES / f"{start // PER_FOLDER:03d}")
    known, rows = [], []
    with _mapped(lines, home, jobs) as written:
        for columns, text in written:
            if any(symbol in text for symbol in "\t\r\n"):
                raise TrainingError(
                    f"the text {text!r} of {columns.path} has a tab or a line break, which a manifest cannot hold"
                )
            known.append(columns.to_json())
            rows.append(f"{columns.path}\t{text}")
            on_line()
    write_whole(home / COLUMNS_FILE, ("\n".join(known) + "\n").encode())
    write_whole(home / MANIFEST, ("\n".join(rows) + "\n").encode())
    return home / MANIFEST


class _Writer:
    """Writes one image after the other; in a worker process it keeps the line set and its glyphs."""

    here: "_Writer"

    def __init__(self, lines: LineSet, home: Path) -> None:
        self.lines = lines
        self.home = home

    def __call__(self, index: int) -> tuple[LineColumns, str]:
        """Write image ``index``; its place and its text."""
        line = self.lines[index]
        path = f"{IMAGES}/{index // PER_FOLDER:03d}/{index:07d}.png"
        done, encoded = cv2.imencode(".png", line.image)
        if not done:
            raise OutputError(f"the image {path} could not be encoded; the folder has no manifest yet")
        try:
            (self.home / path).write_bytes(encoded.tobytes())
        except OSError as error:
            raise OutputError(
                f"{self.home / path} could not be written: {error.strerror}; the folder has no manifest yet"
            ) from error
        return LineColumns(path, line.script, line.font, line.columns), line.text


@contextmanager
def _mapped(lines: LineSet, home: Path, jobs: int) -> Iterator[Iterator[tuple[LineColumns, str]]]:
    """Every line written, in order, by so many processes."""
    numbers = range(len(lines))
    if jobs == 1:
        yield map(_Writer(lines, home), numbers)
        return
    with multiprocessing.get_context("spawn").Pool(jobs, _start_worker, (lines, home)) as pool:
        yield pool.imap(_write_in_worker, numbers, chunksize=_PIECE)


def _start_worker(lines: LineSet, home: Path) -> None:
    _Writer.here = _Writer(lines, home)


def _write_in_worker(index: int) -> tuple[LineColumns, str]:
    return _Writer.here(index)
