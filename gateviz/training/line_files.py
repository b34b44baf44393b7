"""Lines of one's own: a manifest, a folder of images with their texts, or an LMDB."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from gateviz.errors import ImageError, TrainingError
from gateviz.files.folders import LineSource, read_manifest
from gateviz.files.images import open_line_image
from gateviz.files.line_columns import COLUMNS_FILE, LineColumns, read_columns
from gateviz.files.line_pairs import line_stem, read_pairs
from gateviz.files.line_places import LineKind, line_place
from gateviz.files.lmdb_lines import LmdbLines
from gateviz.files.pixels import DecodedLine
from gateviz.geometry.preprocess import Gray, Preprocess
from gateviz.typesetting.lines import TrainingLine

_GRAY = Preprocess((Gray(),))
_UNKNOWN = LineColumns("")


class LineFiles:
    """The lines of files and folders, one after the other.

    Each path is one of: a manifest (``.tsv``: path, tab, text); a folder with ``manifest.tsv``; an
    LMDB as clovaai's (a folder with ``data.mdb``, or that file); a folder of pairs ``a.png`` and
    ``a.gt.txt``. A folder that is several of these is taken for the first. Where a ``columns.jsonl``
    lies beside a manifest, it says where the symbols stand.

    Texts are read at once (those of an LMDB when asked for), images when asked for. It can be
    pickled for worker processes.

    Args:
        paths: at least one.

    Attributes:
        strays: in words, each file that should belong to a line and does not, and each line of a
            manifest that names none.

    Raises:
        TrainingError: a path that is none of these.
        ImageError: one that cannot be read, holds no line, or is malformed.
        MissingExtraError: an LMDB without the package lmdb.
    """

    def __init__(self, *paths: str | Path) -> None:
        if not paths:
            raise TrainingError("no lines were named; name a manifest, a folder of lines or an LMDB")
        self.strays: tuple[str, ...] = ()
        self._parts: list[_FilePart | _LmdbPart] = []
        for path in map(Path, paths):
            self._parts.append(self._opened(path))
        self._stops = list(accumulate(map(len, self._parts)))

    def __len__(self) -> int:
        """How many lines there are."""
        return self._stops[-1]

    def __getitem__(self, index: int) -> TrainingLine:
        """Line ``index``, from 0, in gray.

        Raises:
            IndexError: there is no such line.
            ImageError: its image or its record cannot be read.
        """
        part, place = self._find(index)
        known, decoded = part.known(place), part.image(place)
        return TrainingLine(
            _gray(decoded),
            part.text(place),
            columns=known.columns,
            script=known.script,
            font=known.font,
            name=part.name(place),
            remarks=decoded.remarks,
        )

    def name(self, index: int) -> str:
        """The image file of a line, or its place in an LMDB."""
        part, place = self._find(index)
        return part.name(place)

    def file(self, index: int) -> Path | None:
        """The image file of a line; None where an LMDB holds the image."""
        part, place = self._find(index)
        return part.lines[place].path if isinstance(part, _FilePart) else None

    def key(self, index: int) -> str:
        """What a line is called within its folder or LMDB, the same for all pictures of one line of pairs."""
        part, place = self._find(index)
        return part.key(place)

    def text(self, index: int) -> str:
        """The text of a line.

        Raises:
            ImageError: its record cannot be read.
        """
        part, place = self._find(index)
        return part.text(place)

    def image(self, index: int) -> UInt8[np.ndarray, "height width"]:
        """The image of a line, in gray.

        Raises:
            ImageError: it cannot be read.
        """
        part, place = self._find(index)
        return _gray(part.image(place))

    def _find(self, index: int) -> "tuple[_FilePart | _LmdbPart, int]":
        index = range(len(self))[index]
        number = bisect_right(self._stops, index)
        return self._parts[number], index - (self._stops[number - 1] if number else 0)

    def _opened(self, path: Path) -> "_FilePart | _LmdbPart":
        place = line_place(path)
        if place.kind is LineKind.MANIFEST:
            return self._of_manifest(place.path)
        if place.kind is LineKind.LMDB:
            return _LmdbPart(LmdbLines(place.path))
        pairs = read_pairs(place.path)
        self.strays += pairs.strays
        return _FilePart(pairs.lines, place.path, pairs=True)

    def _of_manifest(self, manifest: Path) -> "_FilePart":
        malformed: list[str] = []
        lines = read_manifest(manifest, malformed=malformed)
        self.strays += tuple(malformed)
        return _with_columns(_FilePart(lines, manifest.parent), manifest)


@dataclass(frozen=True)
class _FilePart:
    """Lines whose images are files, in ``folder`` or elsewhere."""

    lines: Sequence[LineSource]
    folder: Path
    pairs: bool = False
    columns: dict[int, LineColumns] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.lines)

    def name(self, index: int) -> str:
        return str(self.lines[index].path)

    def key(self, index: int) -> str:
        path = self.lines[index].path
        if self.pairs:
            return line_stem(path.name)
        return (path.relative_to(self.folder) if path.is_relative_to(self.folder) else path).as_posix()

    def text(self, index: int) -> str:
        return self.lines[index].text or ""

    def image(self, index: int) -> DecodedLine:
        return open_line_image(self.lines[index].path)

    def known(self, index: int) -> LineColumns:
        return self.columns.get(index, _UNKNOWN)


@dataclass(frozen=True)
class _LmdbPart:
    """Lines of an LMDB, called by the number of their record."""

    lines: LmdbLines

    def __len__(self) -> int:
        return len(self.lines)

    def name(self, index: int) -> str:
        return self.lines.name(index)

    def key(self, index: int) -> str:
        return f"{index + 1:09d}"

    def text(self, index: int) -> str:
        return self.lines.text(index)

    def image(self, index: int) -> DecodedLine:
        return self.lines.image(index)

    def known(self, index: int) -> LineColumns:
        return _UNKNOWN


def _gray(line: DecodedLine) -> UInt8[np.ndarray, "height width"]:
    return np.asarray(_GRAY.apply(line.pixels).pixels)


def _with_columns(part: _FilePart, manifest: Path) -> _FilePart:
    """The lines with the columns that the file beside their manifest knows."""
    beside = manifest.parent / COLUMNS_FILE
    known = read_columns(beside) if beside.is_file() else {}
    if not known:
        return part
    columns = {index: known[key] for index in range(len(part)) if (key := part.key(index)) in known}
    for index, found in columns.items():
        symbols = len(part.text(index))
        if found.columns is not None and len(found.columns) != symbols:
            raise ImageError(
                f"{beside} has the columns of {len(found.columns)} symbols for {found.path}, whose text in {manifest} "
                f"has {symbols}; write both anew, or remove {COLUMNS_FILE}"
            )
    return replace(part, columns=columns)
