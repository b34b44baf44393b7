"""The alphabet of a checkpoint that does not carry one: from the user, a file beside it, or its lineage."""

from dataclasses import dataclass
from pathlib import Path

from gateviz.data.alphabet import Alphabet
from gateviz.errors import AlphabetError
from gateviz.files import budget
from gateviz.files.inputs import read_within

ALPHABET_SUFFIX = ".alphabet.txt"
_BLANK_NAMES = frozenset({"blank", "<blank>", "[blank]", "[CTCblank]", "∅"})


class Symbols(str):
    """A text that is the symbols themselves, whatever files there are: what a file beside a checkpoint says."""

    __slots__ = ()


@dataclass(frozen=True)
class AlphabetSource:
    """An alphabet and where it comes from.

    Attributes:
        alphabet: what the classes stand for.
        words: where it comes from, for people.
    """

    alphabet: Alphabet
    words: str


def find_alphabet(
    given: Alphabet | str | Path | None, class_count: int, *, blank: int, checkpoint: Path, default: str = ""
) -> AlphabetSource:
    """The alphabet of a network of ``class_count`` classes.

    In this order: what the user gave (an alphabet, a file, or the symbols themselves), the file
    ``NAME.alphabet.txt`` beside the checkpoint ``NAME.pth``, the lineage's ``default`` where it has
    as many symbols. A file has one symbol a line, or all symbols in a row.

    Raises:
        AlphabetError: there is none, or it has another number of symbols (both numbers are said).
    """
    if isinstance(given, Alphabet):
        if given.class_count != class_count:
            raise AlphabetError(_disagree(checkpoint, class_count, "the alphabet given", [len(given.symbols)]))
        return AlphabetSource(given, f"given, {len(given.symbols)} symbols")
    if given is not None:
        path = as_file(given)
        if path is not None:
            return _from_file(path, class_count, blank, checkpoint)
        return _from_symbols([list(str(given))], class_count, blank, checkpoint, f"the alphabet {_short(str(given))}")
    sidecar = checkpoint.with_suffix(ALPHABET_SUFFIX)
    if is_beside(checkpoint):
        if not lies_beside(sidecar, checkpoint):
            raise AlphabetError(
                f"{sidecar} is a link to a file outside the checkpoint's folder, and whoever made the checkpoint may have made "
                f"it too; put the alphabet itself there, or name the file yourself with --alphabet"
            )
        return _from_file(sidecar, class_count, blank, checkpoint)
    if len(default) + 1 == class_count:
        return _from_symbols([list(default)], class_count, blank, checkpoint, f"the lineage's own {_short(default)}")
    raise AlphabetError(
        f"{checkpoint.name} has {class_count} classes ({class_count - 1} symbols and the blank) and does not say which; "
        f"give its alphabet as a file or a string of symbols, or put it in {sidecar.name} beside the checkpoint"
    )


def is_beside(checkpoint: Path) -> bool:
    """True where ``NAME.alphabet.txt`` stands beside ``NAME.pth``."""
    return checkpoint.with_suffix(ALPHABET_SUFFIX).is_file()


def lies_beside(path: Path, checkpoint: Path) -> bool:
    """True for a file in the checkpoint's folder or below it, where links lead nowhere else.

    Of a checkpoint that is a link itself, as in caches of downloads, the folder of its file counts too: a
    checkpoint and what stands beside it are links into that one together.
    """
    place = path.resolve()
    return place.is_relative_to(checkpoint.parent.resolve()) or place.parent == checkpoint.resolve().parent


def as_file(given: str | Path) -> Path | None:
    """The file that the user means; None where the string is the symbols themselves.

    Raises:
        AlphabetError: a path without a file.
    """
    if isinstance(given, Symbols):
        return None
    path = Path(given)
    try:
        if path.is_file():
            return path
    except (OSError, ValueError):
        # Too long for a path, or with characters that no path has: these are symbols.
        return None
    if isinstance(given, Path) or path.suffix == ".txt":
        raise AlphabetError(f"there is no alphabet file {path}; check the path, or give the symbols themselves")
    return None


def _from_file(path: Path, class_count: int, blank: int, checkpoint: Path) -> AlphabetSource:
    try:
        content = read_within(
            path,
            budget.ALPHABET_BYTES,
            f"the alphabet file {path}",
            advice="name a file of symbols",
            error=AlphabetError,
        )
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise AlphabetError(f"the alphabet file {path} is not UTF-8 ({error.reason}); save it as UTF-8") from error
    except OSError as error:
        raise AlphabetError(f"the alphabet file {path} cannot be read: {error.strerror or error}") from error
    text = text.replace("\r\n", "\n")
    lines = text.removesuffix("\n").split("\n")
    readings = [lines, [symbol for line in lines for symbol in line]]
    if lines[0] in _BLANK_NAMES:
        readings.insert(1, lines[1:])
    # Some training scripts take a file as it is, line breaks included, for their symbols.
    readings += [list(text.removesuffix("\n")), list(text)]
    return _from_symbols(readings, class_count, blank, checkpoint, f"the alphabet file {path.name}")


def _from_symbols(
    readings: list[list[str]], class_count: int, blank: int, checkpoint: Path, words: str
) -> AlphabetSource:
    """The first reading with the right number of symbols.

    Where a symbol stands twice the last label spells it, as in the dictionaries of the authors'
    training scripts; the labels before it spell nothing.
    """
    fitting = [symbols for symbols in readings if len(symbols) + 1 == class_count and "" not in symbols]
    if not fitting:
        counts = list(dict.fromkeys(len(symbols) for symbols in readings))
        raise AlphabetError(_disagree(checkpoint, class_count, words, counts))
    labels = [label for label in range(class_count) if label != blank]
    label_of = dict(zip(fitting[0], labels, strict=True))
    alphabet = Alphabet(tuple(label_of), tuple((label,) for label in label_of.values()), blank, class_count)
    repeated = len(fitting[0]) - len(label_of)
    words += f", {len(label_of)} symbols"
    return AlphabetSource(
        alphabet, f"{words} ({repeated} labels of repeated symbols spell nothing)" if repeated else words
    )


def _disagree(checkpoint: Path, class_count: int, words: str, counts: list[int]) -> str:
    found = " or ".join(str(count) for count in counts)
    return (
        f"{checkpoint.name} has {class_count} classes, so {class_count - 1} symbols and the blank, "
        f"and {words} has {found} symbols; give the alphabet the model was trained with, without the blank"
    )


def _short(symbols: str) -> str:
    return repr(symbols) if len(symbols) <= 40 else f"{symbols[:20]!r}..."
