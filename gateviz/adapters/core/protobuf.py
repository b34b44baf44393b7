"""Fields of a protocol buffer message, read one by one and never past its end.

A message is a row of fields: a varint with the field's number and its wire type (0 varint, 1 eight
bytes, 2 a length and as many bytes, 5 four bytes), then its value. Nothing is built from a length
before the bytes are there.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32

from gateviz.errors import CheckpointError
from gateviz.files import budget

_LONGEST_VARINT = 10
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5


class DamagedMessageError(CheckpointError):
    """Bytes that are no protocol buffer."""


@dataclass
class _Tally:
    """How many fields and packed numbers of a file were looked at."""

    count: int = 0

    def one_more(self, place: str) -> None:
        """Counts one.

        Raises:
            CheckpointError: it is one too many.
        """
        self.count += 1
        if self.count > budget.FIELDS.most:
            budget.FIELDS.check(self.count, f"the {place} of this file", advice="it is damaged or malicious")


class Message:
    """One message.

    Args:
        data: its bytes.
        place: what it is, for errors, such as ``layer L_3``.
        tally: of the message that it lies in.
    """

    def __init__(self, data: memoryview, place: str, tally: _Tally | None = None) -> None:
        self._data = data
        self.place = place
        self._tally = tally or _Tally()

    def fields(self) -> Iterator[tuple[int, int | memoryview]]:
        """Number and value of every field in the order they stand: integers of varints, bytes of all others.

        Raises:
            CheckpointError: the bytes end within a field, or hold a field of a kind that does not exist.
        """
        at = 0
        while at < len(self._data):
            self._tally.one_more(self.place)
            key, at = self._varint(at)
            number, kind = key >> 3, key & 7
            if kind == _VARINT:
                value, at = self._varint(at)
                yield number, value
                continue
            size = {_EIGHT: 8, _FOUR: 4}.get(kind)
            if kind == _BYTES:
                size, at = self._varint(at)
            if size is None or number == 0:
                raise self._error(f"it has a field {number} of kind {kind}", at)
            if size > len(self._data) - at:
                raise self._error(f"field {number} needs {size} bytes and {len(self._data) - at} are left", at)
            yield number, self._data[at : at + size]
            at += size

    def inside(self, data: memoryview, place: str) -> "Message":
        """The message that the bytes of one of the fields are."""
        return Message(data, place, self._tally)

    def messages(self, number: int, place: str) -> list["Message"]:
        """Every message under a field's number."""
        return [self.inside(value, place) for value in self.bytes_of(number)]

    def bytes_of(self, number: int) -> list[memoryview]:
        """The bytes of every field of a number."""
        return [value for found, value in self.fields() if found == number and isinstance(value, memoryview)]

    def integers(self, number: int) -> list[int]:
        """The integers under a field's number, one a field or packed together."""
        found: list[int] = []
        for field, value in self.fields():
            if field != number:
                continue
            if isinstance(value, int):
                found.append(value)
                continue
            packed, at = Message(value, self.place), 0
            while at < len(value):
                self._tally.one_more(self.place)
                integer, at = packed._varint(at)
                found.append(integer)
        return found

    def integer(self, number: int) -> int:
        """The last integer of a number; 0 where there is none, as the format has it."""
        return (self.integers(number) or [0])[-1]

    def floats(self, number: int) -> Float32[np.ndarray, " n"]:
        """The single-precision numbers under a field's number, one a field or packed together.

        Raises:
            CheckpointError: their bytes are no multiple of four.
        """
        pieces = self.bytes_of(number)
        if any(len(piece) % 4 for piece in pieces):
            raise self._error(f"the numbers of field {number} end within a number", 0)
        return np.concatenate([np.frombuffer(piece, "<f4") for piece in pieces] or [np.empty(0, "<f4")]).astype(
            np.float32
        )

    def text(self, number: int) -> str:
        """The last text of a number; empty where there is none.

        Raises:
            CheckpointError: it is not UTF-8.
        """
        pieces = self.bytes_of(number)
        try:
            return bytes(pieces[-1]).decode("utf-8") if pieces else ""
        except UnicodeDecodeError as error:
            raise self._error(f"the text of field {number} is not UTF-8", 0) from error

    def _varint(self, at: int) -> tuple[int, int]:
        value = 0
        for shift in range(_LONGEST_VARINT):
            if at >= len(self._data):
                raise self._error("it ends within a number", at)
            byte = self._data[at]
            at += 1
            value |= (byte & 0x7F) << (7 * shift)
            if byte < 0x80:
                return value, at
        raise self._error("a number has more than ten bytes", at)

    def _error(self, what: str, at: int) -> CheckpointError:
        return DamagedMessageError(f"the {self.place} of this file is damaged: {what} (at byte {at})")
