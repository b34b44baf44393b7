"""What a run reads, so that nothing of it is written over, and so that what is loaded no longer depends on its file."""

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from io import BufferedReader
from pathlib import Path

from gateviz.errors import GatevizError
from gateviz.files.budget import Bound


class Inputs:
    """The files that one run reads, known by where they lie and by what they are: a link is the file it leads to."""

    def __init__(self) -> None:
        self._files: set[tuple[int, int]] = set()
        self._places: set[str] = set()
        self._folders: dict[str, str] = {}

    def note(self, path: str | Path) -> None:
        """Keep in mind that a file is read; what is not there, and what is no file, is no input that could be lost."""
        try:
            found = Path(path).stat()
        except (OSError, ValueError):
            return
        self.note_opened(path, found)

    def note_opened(self, path: str | Path, found: os.stat_result) -> None:
        """Keep in mind a file that is open, by what the system says of it."""
        if stat.S_ISREG(found.st_mode):
            self._files.add((found.st_dev, found.st_ino))
            self._places.add(self._place(path))

    def holds(self, path: str | Path) -> bool:
        """Whether a path is one of the files, also by a symbolic or a hard link."""
        try:
            found = Path(path).stat()
        except (OSError, ValueError):
            return False
        # A file that was put in an input's place since has its place alone.
        return (found.st_dev, found.st_ino) in self._files or self._place(path) in self._places

    def _place(self, path: str | Path) -> str:
        """The path without links in its folders, which many lines share."""
        path = Path(path)
        folder = str(path.parent)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        return f"{self._folders[folder]}{os.sep}{path.name}"


_current: ContextVar[Inputs | None] = ContextVar("gateviz_inputs", default=None)


@contextmanager
def keeping_inputs() -> Iterator[Inputs]:
    """While the block runs, whatever is read is kept in mind, and ``files.atomic`` writes over none of it.

    Example:
        >>> path = getfixture("tmp_path") / "line.txt"
        >>> _ = path.write_bytes(b"ink")
        >>> with keeping_inputs() as inputs:
        ...     read_input(path), inputs.holds(path), inputs.holds(path.parent)
        (b'ink', True, False)
    """
    inputs = Inputs()
    token = _current.set(inputs)
    try:
        yield inputs
    finally:
        _current.reset(token)


def will_read(paths: Iterable[str | Path]) -> None:
    """Say before the work what will be read, or what a library opens by its name."""
    inputs = _current.get()
    if inputs is not None:
        for path in paths:
            inputs.note(path)


def is_read(path: str | Path) -> bool:
    """Whether the run that is under way reads this file; False outside a run that keeps its inputs in mind."""
    inputs = _current.get()
    return inputs is not None and inputs.holds(path)


@contextmanager
def opened_input(path: str | Path) -> Iterator[BufferedReader]:
    """A file open for reading, kept in mind as an input.

    Raises:
        OSError: it cannot be opened.
    """
    with Path(path).open("rb") as handle:
        inputs = _current.get()
        if inputs is not None:
            inputs.note_opened(path, os.fstat(handle.fileno()))
        yield handle


def read_input(path: str | Path, *, most: int = -1) -> bytes:
    """The bytes of a file, which from then on may change or go.

    Args:
        path: the file.
        most: read no more than so many bytes; negative reads all.

    Raises:
        OSError: it cannot be read.
    """
    with opened_input(path) as handle:
        return handle.read(most)


def read_within(path: Path, bound: Bound, subject: str, *, advice: str, error: type[GatevizError]) -> bytes:
    """The bytes of a file that has no more of them than a bound allows.

    Args:
        path: the file.
        bound: on its bytes.
        subject: what messages call it.
        advice: what to do with a larger one.
        error: which kind of file it is.

    Raises:
        GatevizError: the given kind: it is larger.
        OSError: it cannot be read.
    """
    with opened_input(path) as handle:
        bound.check(os.fstat(handle.fileno()).st_size, subject, advice=advice, error=error)
        content = handle.read(bound.most + 1)
    # A device has no size, and a file may grow.
    bound.check(len(content), subject, advice=advice, error=error)
    return content


def read_with_digest(path: str | Path) -> tuple[bytearray, str]:
    """The bytes of a file, and the hexadecimal sha256 of these very bytes.

    Raises:
        OSError: it cannot be read.
    """
    with opened_input(path) as handle:
        content = bytearray(os.fstat(handle.fileno()).st_size)
        # A file that grows or shrinks meanwhile gives what one pass over it finds.
        del content[handle.readinto(content) :]
        content += handle.read()
    return content, hashlib.sha256(content).hexdigest()
