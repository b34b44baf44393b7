"""The header of a safetensors file: which arrays it holds, of what type, and where they lie.

Format: https://github.com/huggingface/safetensors#format. Read here, not by that library, because the library maps
the file into memory, and what is mapped changes and goes with the file.
"""

import json
import math
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from io import BufferedIOBase
from typing import Any, TypeGuard

from gateviz.errors import RecordingFileError
from gateviz.files import budget

MOST_AXES = 32
"""Of an array; numpy has no more."""

METADATA = "__metadata__"
# Bytes of a number of each type; an array of any other type is not looked at.
_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}


@dataclass(frozen=True)
class TensorPlace:
    """One array of a file.

    Attributes:
        kind: its type, in the format's letters.
        shape: its shape.
        start: its first byte, counted from the end of the header.
        stop: the byte after its last.
    """

    kind: str
    shape: tuple[int, ...]
    start: int
    stop: int


@dataclass(frozen=True)
class TensorHeader:
    """What stands in front of the arrays.

    Attributes:
        size: bytes up to the first array.
        metadata: texts by key.
        places: the arrays by name.
    """

    size: int
    metadata: Mapping[str, str]
    places: Mapping[str, TensorPlace]


def read_header(handle: BufferedIOBase) -> TensorHeader:
    """The header of an open file; the arrays it speaks of fill the rest of the file without a gap.

    Raises:
        RecordingFileError: it is none, or does not go with the size of the file; the file is left to the caller to name.
        OSError: the file cannot be read.
    """
    size = handle.seek(0, os.SEEK_END)
    handle.seek(0)
    first = handle.read(8)
    if len(first) < 8:
        raise RecordingFileError(f"it has {size} bytes, too few for a header")
    (length,) = struct.unpack("<Q", first)
    if length > size - 8:
        raise RecordingFileError(f"its header would have {length:,} bytes, and the file has {size:,}")
    budget.HEADER_BYTES.check(length, "its header", advice="it is damaged or malicious", error=RecordingFileError)
    found = _parsed(handle.read(length))
    metadata = found.pop(METADATA, None) or {}
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise RecordingFileError("the metadata in its header are not texts by name")
    places = {name: _place(name, entry) for name, entry in found.items()}
    reached = 0
    for name, place in sorted(places.items(), key=lambda item: (item[1].start, item[1].stop)):
        if place.start != reached:
            raise RecordingFileError(f"{name[:60]!r} begins at byte {place.start:,} where {reached:,} is due")
        reached = place.stop
    if reached != size - 8 - length:
        raise RecordingFileError(f"its arrays take {reached:,} bytes, and the file has {size - 8 - length:,} for them")
    return TensorHeader(8 + length, metadata, places)


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise RecordingFileError(f"its header is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise RecordingFileError(f"its header is a {type(found).__name__} and not a list of arrays by name")
    return found


def _place(name: str, entry: Any) -> TensorPlace:
    """Where an array lies, with every number looked at."""
    named = f"its header says of {name[:60]!r}"
    if not isinstance(entry, dict):
        raise RecordingFileError(f"{named} a {type(entry).__name__}, and not type, shape and place")
    kind, shape, offsets = (entry.get(key) for key in ("dtype", "shape", "data_offsets"))
    if not isinstance(kind, str) or not _counts(shape, MOST_AXES) or not _counts(offsets, 2) or len(offsets) != 2:
        raise RecordingFileError(f"{named} no type, shape and place that can be read")
    start, stop = offsets
    if start > stop or (kind in _BYTES and math.prod(shape) * _BYTES[kind] != stop - start):
        raise RecordingFileError(f"{named} {kind[:20]} {shape[:8]} in {stop - start:,} bytes, which do not go together")
    return TensorPlace(kind, tuple(shape), start, stop)


def _counts(value: Any, most: int) -> TypeGuard[list[int]]:
    """Whether a value is a list of at most so many whole numbers from 0 that a file can have."""
    return (
        isinstance(value, list) and len(value) <= most and all(type(one) is int and 0 <= one < 2**63 for one in value)
    )
