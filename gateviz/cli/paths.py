"""Paths on a command line: all are looked at before anything heavy, and no output is one of the inputs.

What a command reads and what it writes is said by the types of its parameters. Only click is imported here; what
looks at a path is imported when there is one, and none of it brings torch.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from gateviz.cli.edits import EditRequest

_ONE_FILE = frozenset(
    [
        ".png",
        ".pdf",
        ".svg",
        ".gif",
        ".mp4",
        ".html",
        ".htm",
        ".safetensors",
        ".json",
        ".jsonl",
        ".csv",
        ".tsv",
        ".txt",
        ".pt",
        ".pth",
        ".onnx",
        ".toml",
    ]
)


class Reads(click.Path):
    """The type of a path that is read.

    Args:
        look: raises what is wrong with all that was given, and tells ``files.inputs`` what will be read.
    """

    def __init__(self, look: Callable[[Sequence[Path]], None]) -> None:
        super().__init__(path_type=Path)
        self.look = look


class ReadsWords(click.types.StringParamType):
    """The type of words that may name a file.

    Args:
        look: as ``Reads`` has it, of the words.
    """

    def __init__(self, look: Callable[[str], None]) -> None:
        self.look = look


class Writes(click.Path):
    """The type of a path that is written.

    Args:
        folder: it is a folder of several files, always.
    """

    def __init__(self, *, folder: bool = False) -> None:
        super().__init__(path_type=Path)
        self.folder = folder


class PathsFirst(click.Command):
    """A command whose paths are looked at before it begins."""

    def invoke(self, ctx: click.Context) -> Any:
        """Look at what is read, then at what is written, then do what was asked.

        Raises:
            GatevizError: something that should be read is not there.
            click.UsageError: an output is an input, or two outputs are one.
        """
        for parameter, values in _given(ctx):
            if isinstance(parameter.type, Reads) and values:
                parameter.type.look(values)
            elif isinstance(parameter.type, ReadsWords):
                for words in values:
                    parameter.type.look(words)
            _look_at_recordings([value.recording for value in values if isinstance(value, EditRequest)])
        _check_outputs(ctx)
        return super().invoke(ctx)


def check_spared(path: Path, option: str) -> None:
    """Find out whether an output is none of the inputs.

    Raises:
        click.UsageError: it is one, under this name or another.
    """
    from gateviz.files.inputs import is_read

    if is_read(path):
        raise click.UsageError(f"{path} is what is read; name another output with {option}")


def option_word(parameter: click.Parameter) -> str:
    """What a person writes for a parameter, the short word where there is one."""
    return min(parameter.opts, key=len) if isinstance(parameter, click.Option) else (parameter.name or "").upper()


def _given(ctx: click.Context) -> Iterator[tuple[click.Parameter, tuple[Any, ...]]]:
    """Every parameter with its values, one or several."""
    for parameter in ctx.command.params:
        value = ctx.params.get(parameter.name or "")
        if value is not None:
            yield parameter, value if isinstance(value, tuple) else (value,)


def _check_outputs(ctx: click.Context) -> None:
    places: dict[str, str] = {}
    for parameter, values in _given(ctx):
        if not isinstance(parameter.type, Writes):
            continue
        option = option_word(parameter)
        for path in values:
            if parameter.type.folder and path.suffix.lower() in _ONE_FILE and not path.is_dir():
                raise click.UsageError(
                    f"{option} {path} names one file, and {ctx.info_name} writes several; name a folder"
                )
            check_spared(path, option)
            before = places.setdefault(os.path.realpath(path), option)
            # Two kinds of results may share a folder, where each line has its own name.
            if before is not option and path.suffix and not path.is_dir():
                raise click.UsageError(f"{before} and {option} both name {path}; give each its own")
            if before is option and len(values) > 1 and values.count(path) > 1:
                raise click.UsageError(f"{option} names {path} twice; give each output its own name")


def _look_at_recordings(paths: Sequence[Path | None]) -> None:
    from gateviz.cli.looks import look_at_recording

    for path in paths:
        if path is not None:
            look_at_recording(path)
