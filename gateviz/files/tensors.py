"""One safetensors file of named arrays with one JSON document in its metadata.

Nothing in such a file can run, its header says where each array lies, and one array is read
without the rest.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import save_file

from gateviz.errors import OutputError, RecordingFileError, ShapeError
from gateviz.files.atomic import written_whole
from gateviz.files.budget import DOCUMENT_BYTES, RECORDING_BYTES
from gateviz.files.inputs import opened_input
from gateviz.files.tensor_header import TensorHeader, read_header

DOCUMENT_KEY = "gateviz"
# The types that are written: anything else in a file was not written here.
_TYPES: dict[str, np.dtype[Any]] = {"F32": np.dtype(np.float32), "U8": np.dtype(np.uint8)}


def write_tensors(path: str | Path, tensors: Mapping[str, np.ndarray], document: Mapping[str, Any]) -> None:
    """Write arrays (float32 or uint8) and their document to one file, whole or not at all.

    Raises:
        OutputError: the file cannot be written.
        ShapeError: an array of another type.
    """
    strange = {name: str(tensor.dtype) for name, tensor in tensors.items() if tensor.dtype not in _TYPES.values()}
    if strange:
        raise ShapeError(f"a recording holds float32 and uint8 arrays only, not {strange}; convert them first")
    # The library writes the memory as it lies, so strided views need a copy.
    dense = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    text = json.dumps(document, allow_nan=False, separators=(",", ":"))
    with written_whole(path) as temporary:
        try:
            save_file(dense, str(temporary), metadata={DOCUMENT_KEY: text})
        except SafetensorError as error:
            raise OutputError(f"{path} could not be written: {error}; nothing was left half-written") from error


@dataclass(frozen=True)
class TensorFile:
    """An open file of arrays: they are read when they are asked for, into memory of their own.

    Attributes:
        path: the file.
        document: what its metadata says.
        header: which arrays there are, and where they lie.
        handle: the open file. It is read and never mapped: a file that is cut short meanwhile gives an error,
            where a mapping would end the process.
    """

    path: Path
    document: Mapping[str, Any]
    header: TensorHeader
    handle: BufferedReader

    @property
    def names(self) -> tuple[str, ...]:
        """Name of every array, sorted."""
        return tuple(sorted(self.header.places))

    def read(self, name: str) -> np.ndarray:
        """One array, copied into memory; nothing else of the file is read.

        Raises:
            RecordingFileError: the array is not there, or of a type that is never written.
        """
        place = self.header.places.get(name)
        if place is None:
            raise RecordingFileError(f"{self.path} holds no readable {name} (there is none); record the line again")
        if place.kind not in _TYPES:
            raise RecordingFileError(
                f"{self.path}: {name} has the type {place.kind}, and a recording holds {' and '.join(_TYPES)} only"
            )
        try:
            tensor: np.ndarray = np.empty(place.shape, _TYPES[place.kind])
            self.handle.seek(self.header.size + place.start)
            room: Any = tensor.reshape(-1).view(np.uint8)
            found = self.handle.readinto(room) if tensor.size else 0
        except (OSError, ValueError, MemoryError) as error:
            raise RecordingFileError(
                f"{self.path} holds no readable {name} ({error}); record the line again"
            ) from error
        if found != tensor.nbytes:
            raise RecordingFileError(
                f"{self.path} holds no readable {name} (the file was cut short while it was read); record the line again"
            )
        return tensor


@contextmanager
def opened_tensors(path: str | Path) -> Iterator[TensorFile]:
    """The arrays of a file, open while the block runs.

    Raises:
        RecordingFileError: the file is missing, empty, cut short, no safetensors file, or has no
            document of gateviz.
    """
    path = Path(path)
    check_recording(path)
    with ExitStack() as stack:
        try:
            handle = stack.enter_context(opened_input(path))
            header = read_header(handle)
        except (RecordingFileError, OSError) as error:
            raise RecordingFileError(f"{path} is no recording: it is no whole safetensors file ({error})") from error
        yield TensorFile(path, _document(path, header.metadata), header, handle)


def has_document(path: str | Path) -> bool:
    """True for a safetensors file that carries a document of gateviz, whatever it says."""
    try:
        with opened_input(path) as handle:
            return DOCUMENT_KEY in read_header(handle).metadata
    except (RecordingFileError, OSError):
        return False


def check_recording(path: Path) -> None:
    """Find out without reading it whether there is a file that may be a recording.

    Raises:
        RecordingFileError: it is missing, no file, or empty.
    """
    try:
        size = path.stat().st_size
    except (FileNotFoundError, NotADirectoryError) as error:
        raise RecordingFileError(f"there is no recording {path}; check the path") from error
    except OSError as error:
        raise RecordingFileError(f"the recording {path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise RecordingFileError(f"the recording {str(path)!r} cannot be read: {error}") from error
    if not path.is_file():
        raise RecordingFileError(f"{path} is no file, and a recording is one .safetensors file; name the file")
    if size == 0:
        raise RecordingFileError(f"the recording {path} is empty (0 bytes); record the line again")
    RECORDING_BYTES.check(size, f"the recording {path}", advice="record fewer layers", error=RecordingFileError)


def _document(path: Path, metadata: Mapping[str, str]) -> Mapping[str, Any]:
    text = metadata.get(DOCUMENT_KEY)
    if text is None:
        raise RecordingFileError(
            f"{path} is a safetensors file without a recording in it (its metadata has no {DOCUMENT_KEY!r}); "
            f"a checkpoint goes to --model"
        )
    DOCUMENT_BYTES.check(len(text), f"the document of {path}", advice="record the line again", error=RecordingFileError)
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecordingFileError(f"{path} has a document that is no JSON ({error}); record the line again") from error
    if not isinstance(document, dict):
        raise RecordingFileError(f"{path} has a document that is {type(document).__name__}, not an object")
    return document
