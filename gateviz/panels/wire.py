"""The one encoding for browsers: a document of JSON, and beside it the arrays as plain bytes.

An array in the document becomes ``{"offset", "dtype", "shape"}``: little-endian values in C order,
at a multiple of 8 bytes in the data. Values that are only looked at travel in 8 bits (``u1``), or in
16 (``u2``): such a descriptor has ``"low"`` and ``"high"`` too, and with n = 254 or 65534 levels

    value = low + code * (high - low) / n,    code n + 1 = missing.

``low`` and ``high`` are the least and the greatest value there is, so nothing is clipped.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Float32, UInt8, UInt16

from gateviz.errors import ShapeError

DTYPES = {"u1": np.uint8, "u2": np.uint16, "i4": np.int32, "f4": np.float32, "f8": np.float64}
ALIGNMENT = 8
_BITS: dict[int, type[np.uint8] | type[np.uint16]] = {8: np.uint8, 16: np.uint16}
_PLACE = {"offset", "dtype", "shape"}


@dataclass(frozen=True, eq=False)
class Quantized:
    """Values in so few bits that they are good for a picture.

    Attributes:
        codes: 0 is ``low``, the greatest code but one ``high``, the greatest code a missing value.
        low: least value there is.
        high: greatest value there is.
    """

    codes: UInt8[np.ndarray, "*shape"] | UInt16[np.ndarray, "*shape"]
    low: float
    high: float

    @classmethod
    def of(cls, values: Float[np.ndarray, "*shape"], *, bits: int = 8) -> "Quantized":
        """The values in 8 or 16 bits; NaN stays missing.

        Raises:
            ShapeError: a value is infinite, which has no place between two ends.

        Example:
            >>> Quantized.of(np.array([0.0, 0.5, 1.0, np.nan])).codes.tolist()
            [0, 127, 254, 255]
        """
        if np.isinf(values).any():
            raise ShapeError("values with infinities among them were to be quantized; send them as float32")
        missing = np.isnan(values)
        there = values[~missing] if missing.any() else values
        low, high = (float(there.min()), float(there.max())) if there.size else (0.0, 0.0)
        kind = _BITS[bits]
        most = int(np.iinfo(kind).max)
        # In place: a long line has millions of values.
        shares = values.astype(np.float64) - low
        shares /= high - low or 1.0
        shares *= most - 1
        shares[missing] = most
        return cls(np.rint(shares, out=shares).astype(kind), low, high)

    @property
    def levels(self) -> int:
        """n: the code of ``high``."""
        return int(np.iinfo(self.codes.dtype).max) - 1

    @property
    def coarseness(self) -> float:
        """The farthest that a value can lie from what its code stands for."""
        return (self.high - self.low) / self.levels / 2

    @property
    def values(self) -> Float32[np.ndarray, "*shape"]:
        """What the codes stand for; NaN where a value is missing."""
        found = self.low + self.codes * ((self.high - self.low) / self.levels)
        return np.where(self.codes > self.levels, np.nan, found).astype(np.float32)


@dataclass(frozen=True)
class Wire:
    """What travels.

    Attributes:
        header: the document, JSON all through.
        data: the bytes of all arrays.
    """

    header: dict[str, Any]
    data: bytes


def encode(document: Mapping[str, Any]) -> Wire:
    r"""The document as it travels: its arrays, and its ``Quantized``, as bytes beside it.

    An array that stands in several places (the very same object) travels once.

    Args:
        document: JSON with numpy arrays of uint8, uint16, int32, float32 or float64 in it.

    Raises:
        ShapeError: an array is of another type.

    Example:
        >>> encode({"of": [np.array([1, 2], dtype=np.int32)]})
        Wire(header={'of': [{'offset': 0, 'dtype': 'i4', 'shape': [2]}]}, data=b'\x01\x00\x00\x00\x02\x00\x00\x00')
    """
    packer = _Packer()
    header = packer.packed(document)
    return Wire(header, b"".join(packer.pieces))


def decode(wire: Wire) -> dict[str, Any]:
    """The document that was encoded: the exact inverse of ``encode``; its arrays are not to be written to.

    Raises:
        ShapeError: an array does not lie within the data, or is of an unknown type.
    """
    found: dict[str, Any] = _unpacked(wire.header, wire.data)
    return found


class _Packer:
    """Collects the bytes of the arrays of one document."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self._length = 0
        # Keeps the arrays alive as well: an object's id is its own only as long as it lives.
        self._known: dict[int, tuple[object, dict[str, Any]]] = {}

    def packed(self, value: Any) -> Any:
        """The value with a descriptor in the place of every array."""
        if isinstance(value, Mapping):
            return {str(name): self.packed(inner) for name, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.packed(inner) for inner in value]
        if isinstance(value, np.ndarray | Quantized):
            if id(value) not in self._known:
                self._known[id(value)] = (value, self._described(value))
            return dict(self._known[id(value)][1])
        return value

    def _described(self, value: "np.ndarray | Quantized") -> dict[str, Any]:
        if isinstance(value, Quantized):
            return self._placed(value.codes) | {"low": value.low, "high": value.high}
        return self._placed(value)

    def _placed(self, array: np.ndarray) -> dict[str, Any]:
        name = next((name for name, kind in DTYPES.items() if array.dtype.newbyteorder("=") == kind), None)
        if name is None:
            raise ShapeError(f"an array of {array.dtype} cannot be sent to a browser; there are {', '.join(DTYPES)}")
        place = {"offset": self._length, "dtype": name, "shape": list(array.shape)}
        piece = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
        piece += bytes(-len(piece) % ALIGNMENT)
        self.pieces.append(piece)
        self._length += len(piece)
        return place


def _unpacked(value: Any, data: bytes) -> Any:
    if isinstance(value, Mapping):
        if value.keys() in (_PLACE, _PLACE | {"low", "high"}):
            codes = _array(value, data)
            return Quantized(codes, value["low"], value["high"]) if "low" in value else codes
        return {name: _unpacked(inner, data) for name, inner in value.items()}
    if isinstance(value, list):
        return [_unpacked(inner, data) for inner in value]
    return value


def _array(place: Mapping[str, Any], data: bytes) -> np.ndarray:
    kind = DTYPES.get(place["dtype"])
    if kind is None:
        raise ShapeError(f"an array of the unknown type {place['dtype']!r} was received; there are {', '.join(DTYPES)}")
    count = int(np.prod(place["shape"], dtype=np.int64))
    stop = place["offset"] + count * np.dtype(kind).itemsize
    if not 0 <= place["offset"] <= stop <= len(data):
        raise ShapeError(f"an array at bytes {place['offset']} to {stop} was promised and there are {len(data)} bytes")
    found = np.frombuffer(data, np.dtype(kind).newbyteorder("<"), count, place["offset"])
    return found.astype(kind, copy=False).reshape(place["shape"])
