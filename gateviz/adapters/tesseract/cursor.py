"""Reading numbers from bytes without ever reading past them."""

import math
from typing import Literal

import numpy as np
from jaxtyping import Shaped

from gateviz.errors import CheckpointError
from gateviz.files.budget import Bound


class Cursor:
    """A position in bytes that moves forward; every length is checked before anything is made of it.

    Args:
        data: the bytes.
        place: what the bytes are, for messages, such as ``LSTM component``.
        byte_order: ``<`` little endian, as all published files are, or ``>``.
    """

    def __init__(self, data: bytes, place: str, byte_order: Literal["<", ">"] = "<") -> None:
        self._data = data
        self._view = memoryview(data)
        self._position = 0
        self._place = place
        self._byte_order = byte_order
        self._counts: dict[str, int] = {}

    @property
    def remaining(self) -> int:
        """Bytes not yet read."""
        return len(self._data) - self._position

    @property
    def position(self) -> int:
        """Bytes read so far."""
        return self._position

    def error(self, what: str) -> CheckpointError:
        """An error that says where in the file it was found."""
        return CheckpointError(f"the {self._place} of this traineddata is damaged: {what} (at byte {self._position})")

    def count(self, bound: Bound, found: int, what: str) -> None:
        """Adds what is about to be read to all that was read under one bound.

        Raises:
            CheckpointError: it is more than that allows.
        """
        self._counts[bound.name] = self._counts.get(bound.name, 0) + found
        bound.check(self._counts[bound.name], what, advice="the file is damaged or malicious")

    def take(self, count: int, what: str) -> memoryview:
        """The next ``count`` bytes.

        Raises:
            CheckpointError: fewer are left, or the count is negative.
        """
        if not 0 <= count <= self.remaining:
            raise self.error(f"{what} needs {count} bytes and {self.remaining} are left")
        piece = self._view[self._position : self._position + count]
        self._position += count
        return piece

    def array(self, kind: str, count: int, what: str) -> Shaped[np.ndarray, " count"]:
        """The next ``count`` numbers of a NumPy kind such as ``i4``; read-only, in the file's byte order.

        Raises:
            CheckpointError: the bytes do not hold that many.
        """
        dtype = np.dtype(kind).newbyteorder(self._byte_order)
        return np.frombuffer(self.take(count * dtype.itemsize, what), dtype)

    def integer(self, kind: str, what: str) -> int:
        """The next integer, such as ``u4``."""
        return int(self.array(kind, 1, what)[0])

    def real(self, kind: str, what: str) -> float:
        """The next floating-point number, such as ``f4``.

        Raises:
            CheckpointError: it is not finite.
        """
        value = float(self.array(kind, 1, what)[0])
        if not math.isfinite(value):
            raise self.error(f"{what} is {value}")
        return value

    def string(self, what: str) -> str:
        """The next text: a uint32 count of bytes, then UTF-8.

        Raises:
            CheckpointError: it is not UTF-8, or longer than what is left.
        """
        raw = bytes(self.take(self.integer("u4", f"the length of {what}"), what))
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            raise self.error(f"{what} is not UTF-8") from error

    def line(self, what: str) -> bytes:
        """The bytes up to the next line feed, which is read too but not returned, or up to the end.

        Raises:
            CheckpointError: nothing is left.
        """
        if not self.remaining:
            raise self.error(f"{what} is missing")
        end = self._data.find(b"\n", self._position)
        stop = len(self._data) if end < 0 else end
        raw = bytes(self.take(stop - self._position, what))
        if self.remaining:
            self.take(1, what)
        return raw
