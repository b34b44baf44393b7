"""The weights in a safetensors file's bytes as arrays, without torch."""

import numpy as np

from gateviz.files.tensor_header import TensorHeader, TensorPlace

_TYPES = {"F32": "<f4", "F16": "<f2", "F64": "<f8", "I64": "<i8"}


def stored_weights(content: bytearray, header: TensorHeader) -> dict[str, np.ndarray] | None:
    """The arrays by name, in the types of the file (BF16, which numpy has not, in float32); None where one is of another type.

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
    if place.kind not in _TYPES:
        return None
    return np.frombuffer(raw, _TYPES[place.kind]).reshape(place.shape)
