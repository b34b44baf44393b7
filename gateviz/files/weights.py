"""The weights in a safetensors file's bytes as float32 arrays, without torch."""

import numpy as np

from gateviz.files.tensor_header import TensorHeader, TensorPlace

_FLOATS = {"F32": "<f4", "F16": "<f2", "F64": "<f8"}


def float32_weights(content: bytearray, header: TensorHeader) -> dict[str, np.ndarray] | None:
    """The floating-point arrays in float32 by name, and counts (I64) as they are; None where one is of another type.

    Each is in memory of its own, aligned for its type, which an array in the file need not be.

    Args:
        content: the file's bytes.
        header: theirs.
    """
    found = {}
    for name, place in header.places.items():
        array = _array(content, header.size, place)
        if array is None:
            return None
        found[name] = array
    return found


def _array(content: bytearray, first: int, place: TensorPlace) -> np.ndarray | None:
    raw = content[first + place.start : first + place.stop]
    if place.kind == "BF16":
        # The upper half of a float32.
        return (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32).reshape(place.shape)
    if place.kind == "I64":
        return np.frombuffer(raw, "<i8").astype(np.int64).reshape(place.shape)
    if place.kind not in _FLOATS:
        return None
    return np.frombuffer(raw, _FLOATS[place.kind]).astype(np.float32).reshape(place.shape)
