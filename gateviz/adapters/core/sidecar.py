"""What stands in ``NAME.gateviz.toml`` beside the checkpoint ``NAME.pth``.

Such a file comes from wherever the checkpoint comes from, so it holds numbers and symbols only; code (``--factory``) is
named by the user alone.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from gateviz.adapters.core.alphabets import Symbols, lies_beside
from gateviz.adapters.core.options import SPELLINGS, Holds, LoadOptions, numbers
from gateviz.errors import CheckpointError
from gateviz.files.toml import read_toml

SIDECAR_SUFFIX = ".gateviz.toml"


def read_sidecar(checkpoint: Path) -> LoadOptions:
    """What ``NAME.gateviz.toml`` beside ``NAME.pth`` says; nothing where there is no such file.

    Raises:
        CheckpointError: it is no TOML, has a key that gateviz does not know, or a value of another kind.
    """
    path = checkpoint.with_suffix(SIDECAR_SUFFIX)
    if not path.is_file():
        return LoadOptions()
    try:
        values = read_toml(path, CheckpointError)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror or error}") from error
    known = sorted(SPELLINGS, key=lambda name: SPELLINGS[name].lineages is None)
    kinds = {name: SPELLINGS[name].holds for name in known if SPELLINGS[name].beside}
    _require_known(path, values, kinds)
    said: dict[str, Any] = {
        name: numbers(value) if kinds[name] is Holds.NUMBERS else value for name, value in values.items()
    }
    if "alphabet" in said:
        said["alphabet"] = _alphabet(path, checkpoint, said["alphabet"])
    try:
        return LoadOptions(**said)
    except CheckpointError as error:
        raise CheckpointError(f"{path} cannot be used: {error}") from error


def _require_known(path: Path, values: Mapping[str, Any], kinds: Mapping[str, Holds]) -> None:
    """Refuses a key that is not known, by name, and a value that its key cannot hold."""
    for name, value in values.items():
        if name == "factory":
            raise CheckpointError(
                f"{path} names a factory, which is code, and code beside a checkpoint is not run; "
                f"name it yourself with --factory"
            )
        if name not in kinds:
            raise CheckpointError(
                f"{path} has the key {name!r}, which gateviz does not know; there are {', '.join(kinds)}"
            )
        if not _HOLD[kinds[name]](value):
            words = repr(value)
            short = words if len(words) <= 80 else f"{words[:60]}... ({len(words):,} characters)"
            raise CheckpointError(f"{path} has {name} = {short}, and {name} is {kinds[name]}")


def _is_whole(value: Any) -> bool:
    # A larger one is no float either.
    return isinstance(value, int) and not isinstance(value, bool) and value.bit_length() <= 64


def _are_numbers(value: Any) -> bool:
    return all(isinstance(each, float) or _is_whole(each) for each in (value if isinstance(value, list) else [value]))


_HOLD: Mapping[Holds, Callable[[Any], bool]] = {
    Holds.TEXT: lambda value: isinstance(value, str),
    Holds.FLAG: lambda value: isinstance(value, bool),
    Holds.WHOLE: _is_whole,
    Holds.NUMBERS: _are_numbers,
}


def _alphabet(sidecar: Path, checkpoint: Path, symbols: str) -> Symbols | Path:
    """The file that the sidecar names, or the symbols themselves.

    A path in the sidecar starts where that lies, not where the program happens to run, and stays there:
    whoever made the checkpoint made the sidecar too, and the lines of any other file would come out as readings.

    Raises:
        CheckpointError: it names a file in another folder, or one that is not there.
    """
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
