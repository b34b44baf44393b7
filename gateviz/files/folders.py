"""What a person names on the command line, as one line after the other."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from gateviz.errors import ImageError
from gateviz.files.budget import LIST_BYTES, TEXT_CHARACTERS
from gateviz.files.inputs import read_within

if TYPE_CHECKING:
    from gateviz.files.lmdb_lines import LmdbLines

IMAGE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".dib", ".gif", ".webp", ".pgm", ".ppm", ".pbm", ".pnm", ".jp2"}
)
MANIFEST_SUFFIX = ".tsv"
# Linux's PATH_MAX.
_LONGEST_PATH = 4096


@dataclass(frozen=True)
class LineSource:
    """One line to read.

    Attributes:
        path: its image file (or saved recording), or the LMDB with the number of its record.
        text: what is written there; None where nobody said.
        told_by: who said so: ``manifest``, ``.gt.txt`` or ``LMDB``.
        record: the LMDB that holds it, and its position there; None for a file.
    """

    path: Path
    text: str | None = None
    told_by: str = field(default="", compare=False)
    record: "tuple[LmdbLines, int] | None" = field(default=None, compare=False, repr=False)


def expand(arguments: Iterable[str | Path], *, suffixes: frozenset[str] = IMAGE_SUFFIXES) -> tuple[LineSource, ...]:
    """Every line that files, folders and manifests name, in order.

    A folder stands for the files in it with one of the ``suffixes`` (folders in it are not entered,
    hidden files are left out), in natural order: ``line2`` before ``line10``. A ``.tsv`` file is a
    manifest: one line each, the path (relative to the manifest), a tab and the text.
    Any other file stands for itself, whether it is there or not: reading it will tell.

    Raises:
        ImageError: a folder without a fitting file, an empty or a malformed manifest.
    """
    found: list[LineSource] = []
    for argument in arguments:
        path = Path(argument)
        if path.is_dir():
            found.extend(_folder(path, suffixes))
        elif path.suffix.lower() == MANIFEST_SUFFIX:
            found.extend(read_manifest(path))
        else:
            found.append(LineSource(path))
    return tuple(found)


def folder_files(folder: Path, suffixes: frozenset[str]) -> list[Path]:
    """The files of a folder with one of the ``suffixes`` (lower case), hidden ones left out, in natural order.

    Raises:
        ImageError: the folder cannot be read.
    """
    try:
        entries = sorted(folder.iterdir(), key=_natural)
    except OSError as error:
        raise ImageError(f"the folder {folder} cannot be read: {error.strerror}") from error
    return [
        entry
        for entry in entries
        if entry.suffix.lower() in suffixes and not entry.name.startswith(".") and entry.is_file()
    ]


def display_name(path: str | Path) -> str:
    r"""The name of a file without its folder; bytes in it that are no UTF-8 are replaced, so that it can be written.

    Example:
        >>> display_name("lines/gr\udcfcn.png")
        'gr\ufffdn.png'
    """
    return os.fsencode(Path(path).name).decode("utf-8", "replace")


def _malformed(path: str, tab: str, text: str) -> str:
    """What is wrong with a line of a manifest; empty where nothing is."""
    if not tab or not path.strip():
        return f"is {(path + tab + text)[:60]!r}; each line is a path, a tab and the text"
    if "\0" in path or len(path) > _LONGEST_PATH:
        return f"has the path {path[:60]!r}, and no file is called so"
    if TEXT_CHARACTERS.passed_by(len(text)):
        return TEXT_CHARACTERS.words(len(text), "has a text that", "cut the line into pieces")
    return ""


def _folder(folder: Path, suffixes: frozenset[str]) -> list[LineSource]:
    fitting = [LineSource(entry) for entry in folder_files(folder, suffixes)]
    if not fitting:
        raise ImageError(f"the folder {folder} holds no image; looked for {', '.join(sorted(suffixes))}")
    return fitting


def _natural(path: Path) -> tuple[list[str | int], str]:
    pieces = re.split(r"([0-9]+)", path.name.casefold())
    return [int(piece) if place % 2 else piece for place, piece in enumerate(pieces)], path.name


def read_manifest(manifest: Path, *, malformed: list[str] | None = None) -> list[LineSource]:
    """The lines of a manifest, in its order: one line each, the path (relative to the manifest), a tab and the text.

    Args:
        manifest: the file.
        malformed: takes, in words, each line without a path or without a tab; without it, the first
            such line is an error.

    Raises:
        ImageError: it is missing, not UTF-8, names no image, or a line has no path or no tab.
    """
    try:
        content = read_within(
            manifest, LIST_BYTES, f"the manifest {manifest}", advice="cut it into several", error=ImageError
        )
        lines = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    except FileNotFoundError as error:
        raise ImageError(f"there is no manifest {manifest}") from error
    except OSError as error:
        raise ImageError(f"the manifest {manifest} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ImageError(f"the manifest {manifest} is not UTF-8 text (byte {error.start}); save it as UTF-8") from error
    found: list[LineSource] = []
    for number, ended in enumerate(lines, start=1):
        line = ended.removesuffix("\r")
        if not line.strip():
            continue
        path, tab, text = line.partition("\t")
        if words := _malformed(path, tab, text):
            words = f"line {number} of the manifest {manifest} {words}"
            if malformed is None:
                raise ImageError(words)
            malformed.append(words)
            continue
        found.append(LineSource(manifest.parent / path.strip(), text))
    if not found:
        no_image = f"the manifest {manifest} names no image; each line is a path, a tab and the text"
        raise ImageError(malformed[0] if malformed else no_image)
    return found
