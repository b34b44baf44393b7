"""Lines in an LMDB, laid out as clovaai's deep-text-recognition-benchmark has them.

Keys: ``num-samples``, and from 1 on ``image-000000001`` (an encoded picture) and
``label-000000001`` (its text in UTF-8); ``create_lmdb_dataset.py`` of that project writes them.
"""

import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateviz.errors import ImageError, MissingExtraError
from gateviz.files.images import DEFAULT_MAX_PIXELS, decode_line_image
from gateviz.files.inputs import will_read
from gateviz.files.pixels import DecodedLine

if TYPE_CHECKING:
    import lmdb

DATA_FILE = "data.mdb"
LMDB_SUFFIXES = frozenset({".mdb", ".lmdb"})
MOST_DIGITS = 9


# LMDB forbids to open a file twice in one process, so those who read the same one share it; it is closed
# when the last of them is gone. A forked process reads on with what it inherits: without a lock nothing
# in it belongs to one process.
_shared: "weakref.WeakValueDictionary[Path, lmdb.Environment]" = weakref.WeakValueDictionary()
_sharing = threading.Lock()


def lmdb_file(path: Path) -> Path | None:
    """The data file where ``path`` is an LMDB: a folder with ``data.mdb``, or a file ``.mdb`` or ``.lmdb``; else None."""
    if path.is_dir():
        return path / DATA_FILE if (path / DATA_FILE).is_file() else None
    return path if path.suffix.lower() in LMDB_SUFFIXES else None


class LmdbLines:
    """The lines of an LMDB, by number from 0 (record n has the number n - 1).

    It is opened for reading and without a lock, so that it may lie on a medium that cannot be
    written; nobody should write to it meanwhile. A pickled one opens the file again where it is
    needed. A file cut short is refused, but LMDB itself does not check every page: a file made to
    do harm can end the process, so open those of people you trust.

    Args:
        path: a folder with ``data.mdb``, or the data file.

    Raises:
        MissingExtraError: the package lmdb is not installed.
        ImageError: it is no LMDB, is cut short, or is laid out in another way.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opened: lmdb.Environment | None = None
        self._count = self._sample_count()

    def __len__(self) -> int:
        """What ``num-samples`` says; single records may be missing all the same."""
        return self._count

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None}

    def name(self, index: int) -> str:
        """What to call a line: the path and the number of its record."""
        return f"{self.path}:{index + 1}"

    def text(self, index: int) -> str:
        """The text of a line.

        Raises:
            IndexError: there is no such line.
            ImageError: its record is missing or not UTF-8.
        """
        value = self._record("label", index)
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ImageError(
                f"record {index + 1} of the LMDB {self.path} has a label that is not UTF-8 (byte {error.start}); "
                f"write the LMDB anew from UTF-8 texts"
            ) from error

    def image(self, index: int, *, max_pixels: int = DEFAULT_MAX_PIXELS) -> DecodedLine:
        """The pixels of a line, as ``open_line_image`` gives them.

        Raises:
            IndexError: there is no such line.
            ImageError: its record is missing, or no line image.
        """
        return decode_line_image(self._record("image", index), self.name(index), max_pixels=max_pixels)

    def _record(self, kind: str, index: int) -> bytes:
        number = range(1, self._count + 1)[index]
        key = f"{kind}-{number:09d}"
        value = self._value(key)
        if value is None:
            raise ImageError(
                f"record {number} of the LMDB {self.path} is missing: there is no {key}, though num-samples says "
                f"{self._count:,}; write the LMDB anew"
            )
        return value

    def _value(self, key: str) -> bytes | None:
        import lmdb

        try:
            with self._environment().begin() as transaction:
                return transaction.get(key.encode())
        except lmdb.Error as error:
            raise ImageError(f"{key} of the LMDB {self.path} cannot be read: {error}; write the LMDB anew") from error

    def _environment(self) -> "lmdb.Environment":
        if self._opened is None:
            file = (lmdb_file(self.path) or self.path).resolve()
            with _sharing:
                self._opened = _shared.get(file)
                if self._opened is None:
                    self._opened = _shared[file] = _open(file)
        return self._opened

    def _sample_count(self) -> int:
        entries = self._environment().stat()["entries"]
        value = self._value("num-samples")
        if value is None:
            raise ImageError(
                f"the LMDB {self.path} has no key num-samples among its {entries:,}; lines are read from the keys "
                f"num-samples, image-000000001 and label-000000001, as create_lmdb_dataset.py of clovaai writes them"
            )
        count = int(value) if value.isdigit() and len(value) <= MOST_DIGITS else -1
        # Past the number of its keys the number is not that of its lines, and all would be walked through.
        if not 0 < count < entries:
            raise ImageError(
                f"the LMDB {self.path} says num-samples {value[:20]!r} and has {entries:,} keys, where two a line "
                f"are wanted; write the LMDB anew"
            )
        return count


def _open(file: Path) -> "lmdb.Environment":
    try:
        import lmdb
    except ImportError as error:
        raise MissingExtraError(
            f"reading the LMDB {file} needs lmdb, which is not installed; pip install 'gateviz[train]'"
        ) from error
    try:
        will_read([file])
        size = file.stat().st_size
        environment = lmdb.open(
            str(file), subdir=False, readonly=True, lock=False, readahead=False, meminit=False, create=False
        )
    except OSError as error:
        raise ImageError(f"the LMDB {file} cannot be read: {error.strerror}") from error
    except lmdb.Error as error:
        raise ImageError(
            f"{file} is no LMDB that can be read ({error}); name the folder that holds data.mdb"
        ) from error
    # Reading behind the end of a mapped file would end the process.
    needed = (environment.info()["last_pgno"] + 1) * environment.stat()["psize"]
    if size < needed:
        environment.close()
        raise ImageError(f"the LMDB {file} is cut short: it has {size:,} of {needed:,} bytes; copy it anew")
    return environment
