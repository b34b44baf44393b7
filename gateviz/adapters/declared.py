"""What a user says of a network that no lineage knows: by options, or in ``NAME.gateviz.toml`` beside the checkpoint.

A file beside a checkpoint comes from wherever the checkpoint comes from, so it holds numbers and
symbols only; code (``--factory``) is named by the user alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from gateviz.adapters.alphabet_source import Symbols, lies_beside
from gateviz.data.alphabet import Alphabet
from gateviz.errors import CheckpointError
from gateviz.files.toml import read_toml

SIDECAR_SUFFIX = ".gateviz.toml"
LARGEST_LEVEL = 1000.0
_READING = ("alphabet", "variant", "keep_ratio")


@dataclass(frozen=True)
class Declared:
    """How a network is fed and where its blank is, as far as the user says; None where they do not.

    Attributes:
        blank: the label of the blank; negative labels count from the end, -1 is the last.
        height: rows of the network's input.
        width: columns that every line is stretched to; without it the width follows the aspect.
        channels: of the network's input, 1 (gray) or 3 (RGB).
        mean: taken from pixels between 0 and 1, one number for all channels or one each.
        std: what they are then divided by, likewise.

    Example:
        >>> Declared(blank=0, height=32).given
        ('blank', 'height')
    """

    blank: int | None = None
    height: int | None = None
    width: int | None = None
    channels: int | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        for name in ("height", "width"):
            size = getattr(self, name)
            if size is not None and not 1 <= size <= 65_536:
                raise CheckpointError(f"a network input of {name} {size} was declared; give 1 to 65536 pixels")
        if self.channels not in (None, 1, 3):
            raise CheckpointError(
                f"{self.channels} channels were declared, and a line image has 1 (gray) or 3 (RGB); give one of these"
            )
        for name in ("mean", "std"):
            numbers = getattr(self, name)
            if numbers is not None and len(numbers) not in (1, 3):
                raise CheckpointError(f"{len(numbers)} numbers were declared as {name}; give one, or one a channel")
            if numbers is not None and not all(abs(number) <= LARGEST_LEVEL for number in numbers):
                raise CheckpointError(
                    f"{name} was declared as {', '.join(f'{number:g}' for number in numbers)}, and pixels lie between "
                    f"0 and 1; give finite numbers of at most {LARGEST_LEVEL:g}"
                )
        if self.std is not None and 0.0 in self.std:
            raise CheckpointError("a std of 0 was declared, and pixels are divided by it; give what the training used")

    @property
    def given(self) -> tuple[str, ...]:
        """Names of what is declared."""
        return tuple(field.name for field in fields(self) if getattr(self, field.name) is not None)

    def over(self, other: "Declared") -> "Declared":
        """This, and where it is silent the other."""
        said = {name: getattr(self, name) for name in self.given}
        return Declared(**{**{name: getattr(other, name) for name in other.given}, **said})


@dataclass(frozen=True)
class Sidecar:
    """What stands in a file beside a checkpoint.

    Attributes:
        declared: how the network is fed.
        alphabet: as the option has it, a file's path made whole.
        variant: as the option has it.
        keep_ratio: as the option has it.
    """

    declared: Declared = Declared()
    alphabet: Alphabet | str | Path | None = None
    variant: str | None = None
    keep_ratio: bool = False


def read_sidecar(checkpoint: Path) -> Sidecar:
    """What ``NAME.gateviz.toml`` beside ``NAME.pth`` says; nothing where there is no such file.

    Raises:
        CheckpointError: it is no TOML, has a key that gateviz does not know, or a value of another kind.
    """
    path = checkpoint.with_suffix(SIDECAR_SUFFIX)
    if not path.is_file():
        return Sidecar()
    values = _parsed(path)
    _require_known(path, values)
    alphabet = _alphabet(path, checkpoint, values.get("alphabet"))
    try:
        declared = Declared(
            values.get("blank"),
            values.get("height"),
            values.get("width"),
            values.get("channels"),
            _numbers(values.get("mean")),
            _numbers(values.get("std")),
        )
    except CheckpointError as error:
        raise CheckpointError(f"{path} cannot be used: {error}") from error
    return Sidecar(declared, alphabet, values.get("variant"), values.get("keep_ratio", False))


def _parsed(path: Path) -> Mapping[str, Any]:
    try:
        return read_toml(path, CheckpointError)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}") from error


def _require_known(path: Path, values: Mapping[str, Any]) -> None:
    """Refuses a key that is not known, by name, and a value that its key cannot hold."""
    known = (*(field.name for field in fields(Declared)), *_READING)
    for name, value in values.items():
        if name == "factory":
            raise CheckpointError(
                f"{path} names a factory, which is code, and code beside a checkpoint is not run; "
                f"name it yourself with --factory"
            )
        if name not in known:
            raise CheckpointError(
                f"{path} has the key {name!r}, which gateviz does not know; there are {', '.join(known)}"
            )
        if not _holds(name, value):
            raise CheckpointError(f"{path} has {name} = {_short(value)}, and {name} is {_kind(name)}")


def _holds(name: str, value: Any) -> bool:
    if name in ("alphabet", "variant"):
        return isinstance(value, str)
    if name == "keep_ratio":
        return isinstance(value, bool)
    if name in ("mean", "std"):
        return all(_is_number(number) for number in (value if isinstance(value, list) else [value]))
    return isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= 64


def _kind(name: str) -> str:
    if name == "keep_ratio":
        return "true or false"
    if name in ("mean", "std"):
        return "a number or a list of them"
    return "a text" if name in ("alphabet", "variant") else "a whole number"


def _is_number(value: Any) -> bool:
    # A whole number beyond this is no float.
    return isinstance(value, float) or (
        isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= 64
    )


def _short(value: Any) -> str:
    words = repr(value)
    return words if len(words) <= 80 else f"{words[:60]}... ({len(words):,} characters)"


def _numbers(value: Any) -> tuple[float, ...] | None:
    if value is None:
        return None
    return tuple(float(number) for number in (value if isinstance(value, list) else [value]))


def _alphabet(sidecar: Path, checkpoint: Path, symbols: str | None) -> Symbols | Path | None:
    """The file that the sidecar names, or the symbols themselves.

    A path in the sidecar starts where that lies, not where the program happens to run, and stays there:
    whoever made the checkpoint made the sidecar too, and the lines of any other file would come out as readings.

    Raises:
        CheckpointError: it names a file in another folder, or one that is not there.
    """
    if symbols is None:
        return None
    path = sidecar.parent / symbols
    try:
        there = path.is_file()
    except (OSError, ValueError):
        # Too long for a path, or with characters that no path has: these are symbols.
        return Symbols(symbols)
    if there and not lies_beside(path, checkpoint):
        raise CheckpointError(
            f"{sidecar} names the alphabet {symbols!r}, which lies outside the checkpoint's folder; put the file there, "
            f"or name it yourself with --alphabet"
        )
    if not there and path.suffix == ".txt":
        raise CheckpointError(
            f"{sidecar} names the alphabet {symbols!r}, and there is no such file beside the checkpoint; put it there"
        )
    return path if there else Symbols(symbols)
