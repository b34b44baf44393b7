"""The tensors of a safetensors file whose bytes are at hand, each in memory of its own."""

import io
from collections.abc import Mapping

import torch

from gateviz.errors import CheckpointError, RecordingFileError
from gateviz.files.tensor_header import TensorPlace, read_header

_TYPES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8, "U8": torch.uint8, "BOOL": torch.bool,
}  # fmt: skip


def tensors_in(content: bytearray) -> tuple[dict[str, torch.Tensor], Mapping[str, str]]:
    """The tensors by name, and the texts that came with them.

    Raises:
        CheckpointError: the bytes are no whole safetensors file, or a tensor is of a type that no weights have; the
            file is left to the caller to name.
    """
    try:
        header = read_header(io.BytesIO(content))
    except RecordingFileError as error:
        raise CheckpointError(str(error)) from error
    return {name: _tensor(name, place, content, header.size) for name, place in header.places.items()}, header.metadata


def _tensor(name: str, place: TensorPlace, content: bytearray, first: int) -> torch.Tensor:
    kind = _TYPES.get(place.kind)
    if kind is None:
        raise CheckpointError(f"{name[:60]!r} is of the type {place.kind[:20]!r}; weights are {', '.join(_TYPES)}")
    if place.start == place.stop:
        return torch.empty(place.shape, dtype=kind)
    count, offset = place.stop - place.start, first + place.start
    # As bytes first: torch's own memory is aligned for every type, and an array in the file need not be.
    return (
        torch.frombuffer(content, dtype=torch.uint8, count=count, offset=offset).clone().view(kind).reshape(place.shape)
    )
