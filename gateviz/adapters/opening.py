"""From a path to a model file, its kind found out from a few bytes and without loading anything."""

import os
import struct
import zipfile
from pathlib import Path

from gateviz.adapters.core.files import Checkpoint, Container, ModelFile, no_tensors, reading
from gateviz.errors import CheckpointError
from gateviz.files import budget
from gateviz.files.inputs import opened_input

TENSORS = frozenset({Container.TORCH_ZIP, Container.TORCH_PICKLE, Container.SAFETENSORS})
"""Files of named tensors."""

PADDLE = frozenset({Container.PADDLE_PARAMETERS, Container.PADDLE_INFERENCE})

HEAD_BYTES = 4096
LARGEST_HEADER = 100_000_000
"""Bytes of a safetensors header beyond which the format's own library reads none."""

_ENDINGS = ".pth, .pt, .safetensors, .onnx, .mlmodel, .pdparams or .traineddata"
_PICTURES = {b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"II*\x00": "TIFF", b"MM\x00*": "TIFF", b"GIF8": "GIF"}


def open_model_file(path: str | Path) -> ModelFile:
    """The file at ``path``, with its container recognized.

    Raises:
        CheckpointError: it is missing, a folder, empty, or may not be read.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise CheckpointError(f"{path} is a folder; name the checkpoint file in it{_models_in(path)}")
        if path.exists() and not path.is_file():
            raise CheckpointError(f"{path} is a pipe or a device, and a checkpoint is a file; name the file itself")
        with opened_input(path) as handle:
            head = handle.read(HEAD_BYTES)
            size = handle.seek(0, os.SEEK_END)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise CheckpointError(f"there is no checkpoint {path}; check the path") from error
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise CheckpointError(f"the checkpoint {path} cannot be read: {said}") from error
    if not head:
        raise CheckpointError(f"the checkpoint {path} is empty (0 bytes); download or save it again")
    with reading(path):
        container, refusal = _recognized(path, size, head)
    read = _paddle_tensors if container in PADDLE else _torch_tensors if container in TENSORS else no_tensors
    return ModelFile(path=path, size=size, head=head, container=container, refusal=refusal, tensors=read)


# torch takes more than a second to import, and a Tesseract model has no need of tensors.


def _torch_tensors(file: ModelFile) -> Checkpoint:
    from gateviz.adapters.core.checkpoint import read_checkpoint

    return read_checkpoint(file)


def _paddle_tensors(file: ModelFile) -> Checkpoint:
    from gateviz.adapters.paddle.files import read_paddle

    return read_paddle(file)


def _models_in(folder: Path) -> str:
    suffixes = {".pth", ".pt", ".tar", ".safetensors", ".mlmodel", ".traineddata", ".onnx", ".pdparams", ".pdmodel"}
    names = sorted(entry.name for entry in folder.iterdir() if entry.suffix in suffixes)
    return f" ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})" if names else ""


def _recognized(path: Path, size: int, head: bytes) -> tuple[Container, str]:
    if head.startswith(b"PK\x03\x04"):
        return _zip_kind(path)
    # Before the pickles: a header of 640 bytes begins as they do.
    if head[8:9] == b"{" and struct.unpack("<Q", head[:8])[0] <= LARGEST_HEADER:
        return Container.SAFETENSORS, ""
    if path.suffix in (".pdiparams", ".pdmodel") or b'"magic":"pir"' in head[:256]:
        return Container.PADDLE_INFERENCE, ""
    if _is_paddle_parameters(path, head):
        return Container.PADDLE_PARAMETERS, ""
    if head[:2] in (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"):
        return Container.TORCH_PICKLE, ""
    if path.suffix == ".traineddata" or _is_traineddata(size, head):
        return Container.TRAINEDDATA, ""
    if _is_core_ml(path, head):
        return Container.CORE_ML, ""
    if _is_onnx(path, head):
        return Container.ONNX, ""
    return Container.OTHER, f"{path} {_what_else(path, head)}"


def _is_paddle_parameters(path: Path, head: bytes) -> bool:
    """True for a pickle that is named as Paddle's, or that begins with a numpy array, as only Paddle's do."""
    pickled = head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04")
    # torch's own pickles begin with a long magic number.
    return pickled and (path.suffix == ".pdparams" or (head[2:3] != b"\x8a" and b"_reconstruct" in head))


def _is_core_ml(path: Path, head: bytes) -> bool:
    """True where a file begins as Core ML models do: a version, then a description whose first field is an input's name."""
    if len(head) < 8 or head[0] != 0x08 or not 1 <= head[1] <= 32 or head[2] != 0x12:
        return False
    # Each length is a varint of up to five bytes, the last one below 128.
    after = next((at + 1 for at in range(3, min(8, len(head))) if head[at] < 0x80), 0)
    # ONNX has a program's name in the second field, a text without line feeds.
    return path.suffix == ".mlmodel" or head[after : after + 1] == b"\n"


def _is_onnx(path: Path, head: bytes) -> bool:
    """True where a file begins as ONNX graphs do, or is named so and is no text (a page, a pointer)."""
    # The first field of a graph is its format version (1 to 2 digits), the second a name, a string, the graph or a version.
    begins = len(head) > 2 and head[0] == 0x08 and 1 <= head[1] <= 32 and head[2] in (0x12, 0x1A, 0x3A, 0x42)
    return begins or (path.suffix == ".onnx" and _as_text(head) is None)


def _is_traineddata(size: int, head: bytes) -> bool:
    """True where the head is a count and as many offsets into the file, -1 for a component that is absent."""
    if len(head) < 12:
        return False
    (count,) = struct.unpack_from("<I", head)
    table_end = 4 + 8 * count
    if not 1 <= count <= 64 or table_end > len(head):
        return False
    offsets = struct.unpack_from(f"<{count}q", head, 4)
    present = [offset for offset in offsets if offset != -1]
    return bool(present) and all(table_end <= offset <= size for offset in present)


def _zip_kind(path: Path) -> tuple[Container, str]:
    bound = budget.ARCHIVE_DIRECTORY_BYTES
    if bound.passed_by(directory := _directory_bytes(path)):
        return Container.OTHER, bound.words(
            directory, f"the directory of the zip archive {path}", "it is no checkpoint of a recognizer"
        )
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        return Container.OTHER, f"{path} is a damaged or truncated zip archive ({error}); download or save it again"
    inner = {name.partition("/")[2] for name in names}
    if "constants.pkl" in inner or any(name.startswith("code/") for name in inner):
        return Container.OTHER, (
            f"{path} is a TorchScript archive, which carries code of its own; "
            f"save the model's state_dict() in Python and load that"
        )
    if "data.pkl" in inner:
        return Container.TORCH_ZIP, ""
    return Container.OTHER, (
        f"{path} is a zip archive of {len(names)} files without torch's data.pkl (it holds {', '.join(names[:3])}); "
        f"unpack it and name the checkpoint inside"
    )


def _directory_bytes(path: Path) -> int:
    """Size of the archive's central directory by its end record; 0 where there is none, which zipfile then reports."""
    with path.open("rb") as handle:
        handle.seek(0, 2)
        handle.seek(max(handle.tell() - 66_000, 0))
        tail = handle.read()
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or end + 16 > len(tail):
        return 0
    (size,) = struct.unpack_from("<I", tail, end + 12)
    wide = tail.rfind(b"PK\x06\x06")
    if wide >= 0 and wide + 48 <= len(tail):
        size = max(size if size != 0xFFFFFFFF else 0, struct.unpack_from("<Q", tail, wide + 40)[0])
    return int(size)


def _what_else(path: Path, head: bytes) -> str:
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return "is an HDF5 file (Keras), which gateviz does not read; load its weights into a torch model and save that"
    if picture := next((name for begin, name in _PICTURES.items() if head.startswith(begin)), ""):
        return f"is a picture ({picture}) and no checkpoint; give it as the line image, and the model's file as the checkpoint"
    if head.startswith(b"version https://git-lfs"):
        return "is a Git LFS pointer, not the checkpoint itself; fetch the file with git lfs pull"
    if (text := _as_text(head)) is not None:
        first = text.strip().splitlines()[0][:40] if text.strip() else "blanks"
        page = " (a web page: the download went wrong)" if "<html" in text.lower() else ""
        return f"is a text file that begins with {first!r}{page}; a checkpoint is {_ENDINGS}"
    return f"begins with the bytes {head[:8].hex(' ')}, which no known checkpoint does; a checkpoint is {_ENDINGS}"


def _as_text(head: bytes) -> str | None:
    """The head as text; None where it holds anything that text does not."""
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        # The head's end may cut a character in two.
        if len(head) < HEAD_BYTES or error.start < len(head) - 3:
            return None
        text = head[: error.start].decode("utf-8")
    return text if all(character.isprintable() or character.isspace() for character in text) else None
