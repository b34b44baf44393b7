"""What reaches the terminal, and a pipe: the one place where words leave the program.

A symbol, a file name, a message out of a file may hold anything: an escape that retitles the window, a line break
that makes one row of a table two, a half of a surrogate pair that cannot be written at all. Text of any script is
left as it is, in either direction.
"""

import errno
import os
import re
import sys

import click

from gateviz.errors import OutputError

# Controls (C0, DEL, C1), line and paragraph separators, what embeds, overrides or isolates a direction, lone surrogates.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# The same without what puts words in order: line feeds and tabs.
_UNSAFE_IN_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
# Libraries go on with a message on the next line, and indent it.
_CONTINUED = re.compile(r"\s*\n[ \t]+")


def printable(value: object) -> str:
    r"""A name or a text as part of a line: what would move the cursor, end the line or turn its direction by its code.

    A byte of a file name that is no UTF-8 is written as that byte.

    Example:
        >>> printable("a\nb\x1b[31m \udcff שלום")
        'a\\nb\\x1b[31m \\xff שלום'
    """
    return _UNSAFE.sub(lambda found: _code(found[0]), str(value))


def one_line(words: object) -> str:
    r"""A message on one line.

    Example:
        >>> one_line("it does not fit:\n\ta is missing")
        'it does not fit: a is missing'
    """
    return printable(_CONTINUED.sub(" ", str(words).strip()))


def say(words: object, *, err: bool = False, nl: bool = True) -> None:
    """Print words, lines and tabs as they are, all else that is not text by its code.

    Args:
        words: one line or more.
        err: to the standard error.
        nl: end the line.

    Raises:
        OutputError: the standard output is closed or full.
        BrokenPipeError: nobody reads it any more.
    """
    if (sys.stderr if err else sys.stdout) is None:
        if err:  # there is nobody to be told that there is nobody
            return
        raise OutputError("the standard output is closed, so what was found could not be printed; open it, or -o FILE")
    text = _UNSAFE_IN_TEXT.sub(lambda found: _code(found[0]), str(words))
    try:
        click.echo(text, err=err, nl=nl)
    except BrokenPipeError:
        raise
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


def _code(character: str) -> str:
    number = ord(character)
    if 0xDC80 <= number <= 0xDCFF:  # how Python keeps a byte of a name that is no UTF-8
        return f"\\x{number - 0xDC00:02x}"
    return _SHORT.get(character) or (f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}")
