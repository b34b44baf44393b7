"""Folders of line images with their texts beside them, as kraken and Tesseract users have them."""

from dataclasses import dataclass
from pathlib import Path

from gateviz.errors import ImageError
from gateviz.files.budget import TEXT_CHARACTERS
from gateviz.files.folders import IMAGE_SUFFIXES, LineSource, folder_files
from gateviz.files.inputs import read_input

TEXT_SUFFIX = ".gt.txt"
# Binarized, normalized and raw pictures of one line share its text: a.bin.png and a.nrm.png have a.gt.txt.
PICTURE_KINDS = (".bin", ".nrm", ".raw")


@dataclass(frozen=True)
class LinePairs:
    """A folder of images and their texts.

    Attributes:
        lines: each image that has a text, in natural order.
        strays: in words, each file that gives no line: an image without a text, a text without an
            image, a text that cannot be read.
    """

    lines: tuple[LineSource, ...]
    strays: tuple[str, ...]


def read_pairs(folder: Path) -> LinePairs:
    """The images of a folder with what their ``.gt.txt`` says: ``a.png`` and ``a.gt.txt``.

    Texts are taken as they stand, neither trimmed nor normalized; only the line ends at their end
    and a byte order mark are left out. Folders in it are not entered.

    Raises:
        ImageError: the folder cannot be read or holds no pair.
    """
    files = folder_files(folder, IMAGE_SUFFIXES | {".txt"})
    texts = {file.name: file for file in files if file.name.lower().endswith(TEXT_SUFFIX)}
    images = [file for file in files if file.suffix.lower() in IMAGE_SUFFIXES]
    lines: list[LineSource] = []
    strays: list[str] = []
    used: set[str] = set()
    for image in images:
        name = next((name for name in text_names(image.name) if name in texts), None)
        if name is None:
            strays.append(f"the image {image} has no text: there is no {text_names(image.name)[-1]} beside it")
            continue
        used.add(name)
        try:
            lines.append(LineSource(image, read_text(texts[name])))
        except ImageError as error:
            strays.append(str(error))
    strays += [f"the text {file} has no image beside it" for name, file in texts.items() if name not in used]
    if not lines:
        raise ImageError(
            f"the folder {folder} holds no image with its text: {len(images)} images and {len(texts)} files "
            f"*{TEXT_SUFFIX}, none that belong together and can be read; a.png needs a{TEXT_SUFFIX} beside it"
        )
    return LinePairs(tuple(lines), tuple(strays))


def read_text(path: Path) -> str:
    """What a text file says, without the line ends at its end.

    Raises:
        ImageError: it cannot be read or is not UTF-8.
    """
    try:
        # No character takes more than four bytes.
        TEXT_CHARACTERS.check(
            path.stat().st_size / 4, f"the text {path}", advice="cut the line into pieces", error=ImageError
        )
        text = read_input(path).decode("utf-8-sig").rstrip("\r\n")
        TEXT_CHARACTERS.check(len(text), f"the text {path}", advice="cut the line into pieces", error=ImageError)
        return text
    except OSError as error:
        raise ImageError(f"the text {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ImageError(f"the text {path} is not UTF-8 (byte {error.start}); save it as UTF-8") from error


def text_beside(image: Path) -> Path | None:
    """The ``.gt.txt`` that says what is written on an image; None where there is none."""
    return next((file for name in text_names(image.name) if (file := image.with_name(name)).is_file()), None)


def line_stem(image_name: str) -> str:
    """The name that the pictures of one line share.

    Example:
        >>> line_stem("0007.nrm.png"), line_stem("page 1.5.png")
        ('0007', 'page 1.5')
    """
    stem = Path(image_name).stem
    kind = Path(stem).suffix.lower()
    return stem[: -len(kind)] if kind in PICTURE_KINDS else stem


def text_names(image_name: str) -> tuple[str, ...]:
    """Where the text of an image may stand, the closest first."""
    return tuple(dict.fromkeys(stem + TEXT_SUFFIX for stem in (Path(image_name).stem, line_stem(image_name))))
