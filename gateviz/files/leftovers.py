"""The temporary files that a killed process leaves: how they are told, and how they go."""

import os
import re
import time
import zlib
from functools import cache, lru_cache
from pathlib import Path

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
