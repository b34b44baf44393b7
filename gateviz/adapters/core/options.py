"""What can be said of a checkpoint, said once.

A field of ``LoadOptions`` with its ``Spelling`` is a keyword of ``gateviz.load``, an option of every command that takes a
model, and a key of the file beside a checkpoint (``core.sidecar``). Only light modules are imported here: the command
line is made from it before anything is run.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from gateviz.data.alphabet import Alphabet
from gateviz.errors import CheckpointError

LARGEST_LEVEL = 1000.0
_LARGEST_SIZE = 65_536
_CHANNELS = (1, 3)
_UNKNOWN = frozenset({"factory"})
"""Networks of no lineage, of which only the user knows how they are fed."""


class Holds(StrEnum):
    """What the value of an option is, in words."""

    TEXT = "a text"
    FLAG = "true or false"
    WHOLE = "a whole number"
    NUMBERS = "a number or a list of them"


@dataclass(frozen=True)
class Spelling:
    """How an option is written where it is no Python.

    Attributes:
        holds: what its value is.
        help: what the command line says of it; empty where it is no option there.
        metavar: what stands for its value there.
        least: the smallest whole number.
        choices: the only values, where there are few.
        beside: whether a file beside the checkpoint may say it.
        lineages: those that ask for it; None for all.
    """

    holds: Holds
    help: str = ""
    metavar: str | None = None
    least: int | None = None
    choices: tuple[int | str, ...] = ()
    beside: bool = True
    lineages: frozenset[str] | None = None


@dataclass(frozen=True)
class LoadOptions:
    """What the user says of a checkpoint beyond the file itself; None where they do not.

    Attributes:
        alphabet: an alphabet, a file of symbols, or the symbols themselves; None where the
            checkpoint or its lineage knows.
        variant: which of the lineage's preprocessings, by name; None for its default.
        keep_ratio: keep the line's aspect where the lineage would stretch it to a fixed width.
        adapter: the lineage, where the choice should not be made from the file.
        factory: the user's own code that builds the network, where no lineage knows it:
            ``package.module:build``, ``path/to/file.py:build``, or the function.
        blank: the label of that network's blank; negative labels count from the end, -1 is the last.
        height: rows of the network's input.
        width: columns that every line is stretched to; without it the width follows the aspect.
        channels: of the network's input, 1 (gray) or 3 (RGB).
        mean: taken from pixels between 0 and 1, one number for all channels or one each.
        std: what they are then divided by, likewise.

    Raises:
        CheckpointError: a number is none that a network could have.

    Example:
        >>> LoadOptions(blank=0, height=32).only_for("crnn_pytorch")
        ('blank', 'height')
    """

    alphabet: Annotated[
        Alphabet | str | Path | None,
        Spelling(
            Holds.TEXT,
            "What the classes stand for, where the checkpoint does not say: a file of symbols or the symbols themselves.",
            "FILE|SYMBOLS",
        ),
    ] = None
    variant: Annotated[
        str | None, Spelling(Holds.TEXT, "Which of a lineage's preprocessings; 'gateviz info' lists them.", "NAME")
    ] = None
    keep_ratio: Annotated[
        bool, Spelling(Holds.FLAG, "Keep the line's aspect where the lineage stretches it to a fixed width.")
    ] = False
    adapter: Annotated[str | None, Spelling(Holds.TEXT, beside=False)] = None
    factory: Annotated[
        str | Callable[[], Any] | None,
        Spelling(
            Holds.TEXT,
            "Your own code that builds the network: package.module:build or path/to/file.py:build.",
            "CODE",
            beside=False,
        ),
    ] = None
    blank: Annotated[
        int | None,
        Spelling(Holds.WHOLE, "Of that network: the blank, -1 for the last class.", "LABEL", lineages=_UNKNOWN),
    ] = None
    height: Annotated[
        int | None, Spelling(Holds.WHOLE, "Of that network's input.", "ROWS", least=1, lineages=_UNKNOWN)
    ] = None
    width: Annotated[
        int | None,
        Spelling(Holds.WHOLE, "Stretch lines to it; else their aspect is kept.", "COLUMNS", least=1, lineages=_UNKNOWN),
    ] = None
    channels: Annotated[
        int | None,
        Spelling(Holds.WHOLE, "Gray or RGB; else by its first convolution.", choices=_CHANNELS, lineages=_UNKNOWN),
    ] = None
    mean: Annotated[
        tuple[float, ...] | None,
        Spelling(Holds.NUMBERS, "Taken from pixels between 0 and 1; else 0.5.", "NUMBERS", lineages=_UNKNOWN),
    ] = None
    std: Annotated[
        tuple[float, ...] | None,
        Spelling(Holds.NUMBERS, "What they are then divided by; else 0.5.", "NUMBERS", lineages=_UNKNOWN),
    ] = None

    def __post_init__(self) -> None:
        for name in ("height", "width"):
            size = getattr(self, name)
            if size is not None and not 1 <= size <= _LARGEST_SIZE:
                raise CheckpointError(
                    f"a network input of {name} {size} was declared; give 1 to {_LARGEST_SIZE} pixels"
                )
        if self.channels not in (None, *_CHANNELS):
            raise CheckpointError(
                f"{self.channels} channels were declared, and a line image has 1 (gray) or 3 (RGB); give one of these"
            )
        for name, given in (("mean", self.mean), ("std", self.std)):
            if given is not None and len(given) not in _CHANNELS:
                raise CheckpointError(f"{len(given)} numbers were declared as {name}; give one, or one a channel")
            if given is not None and not all(abs(number) <= LARGEST_LEVEL for number in given):
                raise CheckpointError(
                    f"{name} was declared as {', '.join(f'{number:g}' for number in given)}, and pixels lie between "
                    f"0 and 1; give finite numbers of at most {LARGEST_LEVEL:g}"
                )
        if self.std is not None and 0.0 in self.std:
            raise CheckpointError("a std of 0 was declared, and pixels are divided by it; give what the training used")

    def only_for(self, lineage: str) -> tuple[str, ...]:
        """Names of what is said and is for other lineages than this one."""
        return tuple(
            name
            for name, spelling in SPELLINGS.items()
            if lineage not in (spelling.lineages or (lineage,)) and getattr(self, name) is not None
        )

    def over(self, other: "LoadOptions") -> "LoadOptions":
        """These, and where they are silent the others."""
        both = ((each, getattr(self, each.name)) for each in fields(self))
        return LoadOptions(
            **{each.name: getattr(other, each.name) if said == each.default else said for each, said in both}
        )

    def levels(self, channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """The mean and the std of an input of so many channels; 0.5 where nobody says.

        Raises:
            CheckpointError: there are as many as another input has channels.
        """
        for name, given in (("mean", self.mean), ("std", self.std)):
            if given is not None and len(given) not in (1, channels):
                raise CheckpointError(
                    f"{len(given)} numbers were declared as {name} of an input of {channels} channels; give one, or one a channel"
                )
        return self.mean or (0.5,), self.std or (0.5,)


NOTHING_SAID = LoadOptions()
SPELLINGS: Mapping[str, Spelling] = {
    each.name: part
    for each in fields(LoadOptions)
    for part in each.type.__metadata__  # type: ignore[union-attr]
    if isinstance(part, Spelling)
}
"""How each is written where it is no Python, in the order in which the command line lists them."""


def numbers(given: int | float | Sequence[int | float] | None) -> tuple[float, ...] | None:
    """One number, or several, as several."""
    if given is None:
        return None
    return (float(given),) if isinstance(given, int | float) else tuple(float(number) for number in given)
