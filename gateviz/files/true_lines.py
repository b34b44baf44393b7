"""The lines of a corpus with what is truly written on them, wherever that is said."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from gateviz.errors import ImageError
from gateviz.files.folders import IMAGE_SUFFIXES, LineSource, folder_files, read_manifest
from gateviz.files.images import DEFAULT_MAX_PIXELS, open_line_image
from gateviz.files.line_pairs import TEXT_SUFFIX, read_text, text_beside, text_names
from gateviz.files.line_places import LineKind, is_place, line_place
from gateviz.files.lmdb_lines import LmdbLines
from gateviz.files.pixels import DecodedLine


@dataclass(frozen=True)
class TrueLines:
    """Lines of any number of files and folders.

    Attributes:
        lines: each line, with its true text where somebody said it.
        strays: in words, each text that is no line's or that cannot be read, and each line of a manifest that names none.
    """

    lines: tuple[LineSource, ...]
    strays: tuple[str, ...] = ()


def true_lines(arguments: Iterable[str | Path]) -> TrueLines:
    """Every line that files, folders, manifests and LMDBs name, with its true text as ``gateviz eval`` finds it.

    A folder with ``manifest.tsv`` is that manifest, one with ``data.mdb`` that LMDB (``files.line_places``); the images
    of another folder, and an image by itself, have their texts beside them: ``a.png`` and ``a.gt.txt``. Unlike there,
    a line without a text is a line all the same, and its ``text`` is None.

    Raises:
        ImageError: a folder without an image, a manifest or an LMDB that cannot be read.
        MissingExtraError: an LMDB without the package lmdb.
    """
    strays: list[str] = []
    found = [line for argument in arguments for line in _lines(Path(argument), strays)]
    return TrueLines(tuple(found), tuple(strays))


def open_source(source: LineSource, *, max_pixels: int = DEFAULT_MAX_PIXELS) -> DecodedLine:
    """The pixels of a line, from its file or its LMDB, and remarks on them.

    Raises:
        ImageError: it cannot be read.
    """
    if source.record is None:
        return open_line_image(source.path, max_pixels=max_pixels)
    lines, position = source.record
    return lines.image(position, max_pixels=max_pixels)


def _lines(path: Path, strays: list[str]) -> Iterator[LineSource]:
    if not is_place(path):
        yield _image(path, strays)
        return
    place = line_place(path)
    if place.kind is LineKind.MANIFEST:
        for line in read_manifest(place.path, malformed=strays):
            # A manifest may name images without a text.
            yield LineSource(line.path, line.text or None, "manifest" if line.text else "")
    elif place.kind is LineKind.LMDB:
        lines = LmdbLines(place.path)
        for position in range(len(lines)):
            text = _record_text(lines, position, strays)
            yield LineSource(Path(lines.name(position)), text or None, "LMDB" if text else "", (lines, position))
    else:
        yield from _folder(place.path, strays)


def _folder(folder: Path, strays: list[str]) -> Iterator[LineSource]:
    files = folder_files(folder, IMAGE_SUFFIXES | {".txt"})
    images = [file for file in files if file.suffix.lower() in IMAGE_SUFFIXES]
    if not images:
        raise ImageError(f"the folder {folder} holds no image; looked for {', '.join(sorted(IMAGE_SUFFIXES))}")
    named = {name for image in images for name in text_names(image.name)}
    strays += [
        f"the text {file} has no image beside it"
        for file in files
        if file.name.lower().endswith(TEXT_SUFFIX) and file.name not in named
    ]
    for image in images:
        yield _image(image, strays)


def _image(image: Path, strays: list[str]) -> LineSource:
    text = text_beside(image)
    if text is None:
        return LineSource(image)
    try:
        written = read_text(text)
    except ImageError as error:
        strays.append(str(error))
        return LineSource(image)
    return LineSource(image, written, TEXT_SUFFIX) if written else LineSource(image)


def _record_text(lines: LmdbLines, position: int, strays: list[str]) -> str:
    try:
        return lines.text(position)
    except ImageError as error:
        strays.append(str(error))
        return ""
