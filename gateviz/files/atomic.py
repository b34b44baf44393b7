"""Results appear whole or not at all, and what a killed run left behind is swept."""

import errno
import os
import re
import secrets
import stat
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path

from gateviz.errors import GatevizError, OutputError
from gateviz.files.inputs import is_read

LONGEST_STEM = 40
UNTOUCHED = 7 * 24 * 3600
"""Seconds after which a file that nobody wrote to is stale, whichever machine it is of."""

_NAME = re.compile(r"\..*\.gateviz-(?P<place>[0-9a-f]{8})-(?P<process>[0-9]{1,10})-[0-9a-f]{12}(\.[^.]*)?", re.DOTALL)


def marked(name: str, token: str) -> str:
    """What the temporary file of ``name`` is called: hidden, with its suffix, and with the process that writes it.

    Args:
        name: of the file that it will become.
        token: 12 hexadecimal digits that tell it from others.
    """
    suffix = Path(name).suffix
    stem = name.removesuffix(suffix)[:LONGEST_STEM]
    return f".{stem}.gateviz-{_place()}-{os.getpid()}-{token}{suffix}"


@lru_cache(maxsize=256)
def swept(folder: Path) -> None:
    """Remove from a folder, once a process, what killed processes left there.

    Only files of the names that ``marked`` gives, whose process is no more; those of another machine, which shares
    the folder and may be writing them, when they lay untouched for a week. Any other file is somebody's.
    """
    try:
        with os.scandir(folder) as entries:
            stale = [entry.path for entry in entries if _is_stale(entry)]
    except OSError:
        # Whether the folder is there and may be written in is told by the file that is to be written.
        return
    for path in stale:
        try:
            Path(path).unlink()
        except OSError:
            # Somebody else swept it, or it belongs to another user; it is in nobody's way.
            continue


def _is_stale(entry: "os.DirEntry[str]") -> bool:
    found = _NAME.fullmatch(entry.name)
    if found is None or not entry.is_file(follow_symlinks=False):
        return False
    if found["place"] == _place():
        return not _lives(int(found["process"]))
    return time.time() - entry.stat(follow_symlinks=False).st_mtime > UNTOUCHED


def _lives(process: int) -> bool:
    """Whether there is a process of that number; where that cannot be found out, there is."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


@cache
def _place() -> str:
    """Eight digits for the machine and its numbering of processes: containers on one machine count on their own."""
    system = getattr(os, "uname", None)
    words = [system().nodename if system else os.environ.get("COMPUTERNAME", "")]
    try:
        words.append(str(Path("/proc/self/ns/pid").readlink()))
    except OSError:
        words.append("")  # no Linux, no namespaces
    return f"{zlib.crc32('/'.join(words).encode(errors='surrogateescape')):08x}"


@contextmanager
def written_whole(path: str | Path) -> Iterator[Path]:
    """A temporary path beside ``path`` that takes its place when the block ends well.

    The temporary file keeps the suffix of ``path``, is flushed to the disk and renamed over
    ``path`` in one step, so that a reader sees the old file or the new one, never half of it. When
    the block raises, the temporary file is removed and ``path`` stays as it was. A file that is
    already there is replaced and its permissions are kept; a symbolic link is followed. What the run
    reads (``files.inputs``) is not replaced. What killed runs left in the folder is removed first.

    Inside the block only the temporary file should be written: every ``OSError`` there is taken for
    a failure to write ``path``.

    Raises:
        OutputError: the folder is missing or not writable, ``path`` is a folder, a device, a
            write-protected file or an input of the run, or the disk is full.

    Example:
        >>> folder = getfixture("tmp_path")
        >>> with written_whole(folder / "text.txt") as temporary:
        ...     _ = temporary.write_text("whole")
        >>> [(entry.name, entry.read_text()) for entry in folder.iterdir()]
        [('text.txt', 'whole')]
    """
    target = Path(os.path.realpath(path))
    old_mode = _check_target(target, path)
    temporary = _temporary_file(target, path)
    mode = stat.S_IMODE(temporary.stat().st_mode) if old_mode is None else old_mode
    try:
        yield temporary
        with temporary.open("rb+") as handle:
            os.fsync(handle.fileno())
        # It may have been read, or linked to what is read, only after the block began.
        check_not_read(target, path)
        # A library may have put a private file of its own in the temporary one's place.
        temporary.chmod(mode)
        temporary.replace(target)
    except GatevizError:
        raise
    except OSError as error:
        raise OutputError(f"{path} could not be written: {_reason(error)}; nothing was left half-written") from error
    finally:
        temporary.unlink(missing_ok=True)


def write_whole(path: str | Path, content: bytes) -> None:
    """Write bytes to ``path``, whole or not at all.

    Raises:
        OutputError: as ``written_whole``.
    """
    with written_whole(path) as temporary:
        temporary.write_bytes(content)


def check_output(path: str | Path) -> None:
    """Find out before long work whether ``path`` can be written.

    Raises:
        OutputError: as ``written_whole``, but for the full disk.
    """
    target = Path(os.path.realpath(path))
    _check_target(target, path)
    _temporary_file(target, path).unlink()


def check_not_read(target: str | Path, path: str | Path | None = None) -> None:
    """Find out whether a file may be written, as far as what the run reads is concerned.

    Args:
        target: the file.
        path: what the user calls it; None for its own name.

    Raises:
        OutputError: the run reads it.
    """
    if is_read(target):
        raise OutputError(f"{path or target} is what is read, and would be replaced; name another output")


def make_folder(path: str | Path) -> Path:
    """The folder ``path``, made with its parents where it is missing.

    Raises:
        OutputError: a file is in the way, or the folder may not be made.
    """
    folder = Path(path)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise OutputError(f"{folder} is a file, and several results need a folder; name a folder") from error
    except OSError as error:
        raise OutputError(f"the folder {folder} could not be made: {_reason(error)}") from error
    return folder


def _check_target(target: Path, path: str | Path) -> int | None:
    """The permissions of the file that will be replaced, None where there is none."""
    check_not_read(target, path)
    try:
        mode = target.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise OutputError(f"{path} could not be written: {_reason(error)}") from error
    if stat.S_ISDIR(mode):
        raise OutputError(f"{path} is a folder; name the file to write in it")
    if not stat.S_ISREG(mode):
        raise OutputError(f"{path} is no regular file and would be replaced by one; name another output")
    try:
        # A rename would go through although the file itself is write-protected.
        os.close(os.open(target, os.O_WRONLY))
    except OSError as error:
        raise OutputError(f"{path} is there and may not be overwritten: {_reason(error)}") from error
    return stat.S_IMODE(mode)


def _temporary_file(target: Path, path: str | Path) -> Path:
    folder = Path(path).parent
    swept(target.parent)
    temporary = target.parent / marked(target.name, secrets.token_hex(6))
    try:
        os.close(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    except FileNotFoundError as error:
        raise OutputError(f"there is no folder {folder} to write {target.name} in; make it first") from error
    except NotADirectoryError as error:
        raise OutputError(f"{folder} is a file, so {target.name} cannot be written in it") from error
    except OSError as error:
        raise OutputError(f"the folder {folder} cannot be written in: {_reason(error)}") from error
    return temporary


def _reason(error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "the disk is full or the file grew past its limit"
    return error.strerror or str(error)
