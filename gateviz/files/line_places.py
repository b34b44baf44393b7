"""Where lines with their texts lie: a manifest, an LMDB, or a folder of pairs."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from gateviz.errors import ImageError, TrainingError
from gateviz.files.folders import MANIFEST_SUFFIX, read_manifest
from gateviz.files.line_columns import COLUMNS_FILE
from gateviz.files.lmdb_lines import lmdb_file

MANIFEST_NAME = "manifest.tsv"


class LineKind(StrEnum):
    """How lines and their texts lie together."""

    MANIFEST = "manifest"
    LMDB = "LMDB"
    PAIRS = "folder of pairs"


@dataclass(frozen=True)
class LinePlace:
    """What a person named.

    Attributes:
        kind: how the lines lie there.
        path: the manifest, the LMDB as it was named, or the folder.
    """

    kind: LineKind
    path: Path


def line_place(path: Path) -> LinePlace:
    """The place that a path names; a folder that is several of these is the first.

    Raises:
        TrainingError: it is none of these.
    """
    if path.suffix.lower() == MANIFEST_SUFFIX and not path.is_dir():
        return LinePlace(LineKind.MANIFEST, path)
    if (path / MANIFEST_NAME).is_file():
        return LinePlace(LineKind.MANIFEST, path / MANIFEST_NAME)
    if lmdb_file(path) is not None:
        return LinePlace(LineKind.LMDB, path)
    if path.is_dir():
        return LinePlace(LineKind.PAIRS, path)
    found = "is no manifest, LMDB or folder" if path.exists() else "is not there"
    raise TrainingError(
        f"the lines {path} cannot be read: it {found}; name a manifest (.tsv: path, tab, text), "
        f"a folder with {MANIFEST_NAME} or with pairs a.png and a.gt.txt, or an LMDB with data.mdb"
    )


def files_of(place: LinePlace) -> Iterator[Path]:
    """Every file that may be read for the lines of a place.

    Raises:
        ImageError: a folder that cannot be read, or a manifest that is missing, no text, or names no line.
    """
    if place.kind is LineKind.MANIFEST:
        yield place.path
        yield place.path.with_name(COLUMNS_FILE)
        malformed: list[str] = []
        yield from (line.path for line in read_manifest(place.path, malformed=malformed))
    elif place.kind is LineKind.LMDB:
        file = lmdb_file(place.path)
        yield from () if file is None else (file,)
    else:
        try:
            yield from place.path.iterdir()
        except OSError as error:
            raise ImageError(f"the folder {place.path} cannot be read: {error.strerror}") from error
