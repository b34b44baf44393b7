"""What reaches the terminal, and a pipe: the one place where words leave the program."""

import errno
import os
import sys
from typing import Any

import click

from gateviz.errors import OutputError
from gateviz.files.json_text import finite, json_text
from gateviz.files.printable import printable_lines


class ReaderGone(Exception):  # noqa: N818  (it is no error: who reads has seen enough)
    """Nobody reads what is printed any more; no ``OSError``, which click would end the program with itself."""


def say(words: object, *, err: bool = False, nl: bool = True) -> None:
    """Print words, lines and tabs as they are, all else that is not text by its code.

    Args:
        words: one line or more.
        err: to the standard error.
        nl: end the line.

    Raises:
        OutputError: the standard output is closed or full.
        ReaderGone: nobody reads it any more.
    """
    if (sys.stderr if err else sys.stdout) is None:
        if err:  # there is nobody to be told that there is nobody
            return
        raise OutputError("the standard output is closed, so what was found could not be printed; open it, or -o FILE")
    text = printable_lines(words)
    try:
        click.echo(text, file=sys.stderr if err else sys.stdout, nl=nl)
    except BrokenPipeError as error:
        raise ReaderGone from error
    except OSError as error:
        if err:
            return
        full = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
        raise OutputError(f"what was found could not be printed: {full}") from error


def prepare_streams() -> None:
    """Let characters that a terminal has no bytes for appear by their codes, instead of ending the program.

    Where a standard stream is closed, its number is taken: the next file that is opened would get it, and whatever
    prints into that number would print into the file.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def takes(text: str) -> bool:
    """Whether the standard output has bytes for every character."""
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def print_json(value: Any) -> None:
    """Print one JSON document; infinity and NaN, for which JSON has no word, become strings."""
    words = json_text(finite(value), indent=2)
    say(words if takes(words) else json_text(finite(value), indent=2, ascii_only=True))
