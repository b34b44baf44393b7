"""A model file, looked at from outside, its tensors, and the one door behind which files of strangers are read."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from gateviz.errors import CheckpointError, GatevizError
from gateviz.files.inputs import read_with_digest

if TYPE_CHECKING:
    import torch

_LONGEST = 1500
"""Characters of a message; names in a hostile file can have millions."""


@contextmanager
def reading(path: str | Path) -> Iterator[None]:
    """Turns every exception of the block, but for an interruption, into a ``CheckpointError`` with its cause.

    An error of gateviz's own stays what it is. The user's own code does not run in such a block: its errors
    keep their own words.

    Raises:
        CheckpointError: the block raised what is no ``GatevizError``.

    Example:
        >>> with reading("crnn.pth"):
        ...     [][0]
        Traceback (most recent call last):
        gateviz.errors.CheckpointError: crnn.pth cannot be read (IndexError: list index out of range); it is damaged, \
or of a kind that gateviz does not know
    """
    try:
        yield
    except GatevizError as error:
        if len(said := str(error)) > _LONGEST:
            raise type(error)(f"{said[: _LONGEST // 2]} ... {said[-_LONGEST // 2 :]}") from error
        raise
    except Exception as error:
        lines = str(error).strip().splitlines()
        said = f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
        raise CheckpointError(
            f"{path} cannot be read ({said}); it is damaged, or of a kind that gateviz does not know"
        ) from error


class Container(StrEnum):
    """How the bytes of a model file are put together."""

    TORCH_ZIP = "torch zip archive"
    TORCH_PICKLE = "torch pickle (before 1.6)"
    SAFETENSORS = "safetensors"
    TRAINEDDATA = "Tesseract traineddata"
    ONNX = "ONNX graph"
    CORE_ML = "Core ML model"
    PADDLE_PARAMETERS = "Paddle parameters"
    PADDLE_INFERENCE = "Paddle inference model"
    OTHER = "other"


@dataclass(frozen=True)
class Checkpoint:
    """The tensors of a file under their bare names.

    Attributes:
        name: file name without its folder.
        sha256: hexadecimal digest of the file.
        tensors: the weights, on the CPU, in the types of the file.
        metadata: text that came with them: a safetensors header's, or plain values beside the tensors.
        wrapped_in: the keys under which the weights lay, outermost first.
        beside: other keys that lay beside the weights (an optimizer's state, an epoch).
        prefix: what stood in front of every key and was taken off.
    """

    name: str
    sha256: str
    tensors: Mapping[str, "torch.Tensor"]
    metadata: Mapping[str, str] = field(default_factory=dict)
    wrapped_in: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    prefix: str = ""

    @cached_property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Shape of every tensor: what lineages are told apart by."""
        return {name: tuple(tensor.shape) for name, tensor in self.tensors.items()}

    @property
    def unwrapping(self) -> tuple[str, ...]:
        """How the weights lay in the file, as evidence for people."""
        found = [f"weights under {key!r}" for key in self.wrapped_in]
        if self.beside:
            found.append(f"beside them {', '.join(self.beside)}")
        return (*found, f"prefix {self.prefix!r} on every key") if self.prefix else tuple(found)

    def floats(self) -> dict[str, "torch.Tensor"]:
        """The weights with every floating type brought to float32, ready for a strict ``load_state_dict``."""
        return {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in self.tensors.items()}


def no_tensors(file: "ModelFile") -> Checkpoint:
    """What stands where a file is of no kind that holds named tensors.

    Raises:
        CheckpointError: always; says what the file is.
    """
    raise CheckpointError(
        file.refusal or f"{file.path} is {file.container}, which holds no torch weights; name a .pth or .safetensors"
    )


@dataclass(frozen=True)
class ModelFile:
    """A file that may hold a recognizer, looked at from outside.

    Attributes:
        path: where it lies.
        size: its bytes.
        head: its first bytes, a few thousand.
        container: how its bytes are put together.
        refusal: why none of gateviz's own adapters reads it, empty where one may.
        tensors: reads the tensors of such a container.
    """

    path: Path
    size: int
    head: bytes
    container: Container
    refusal: str = ""
    tensors: Callable[["ModelFile"], Checkpoint] = field(default=no_tensors, repr=False)

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """The tensors of the file, read once; this is where torch is imported.

        Raises:
            CheckpointError: the file holds no tensors that may be read.
        """
        with reading(self.path):
            return self.tensors(self)

    def read(self) -> tuple[bytearray, str]:
        """The bytes of the file, from then on independent of it, and the sha256 of these very bytes.

        Raises:
            CheckpointError: it cannot be read any more, or is another file than the one that was looked at.
        """
        try:
            content, digest = read_with_digest(self.path)
        except OSError as error:
            raise CheckpointError(f"the checkpoint {self.path} cannot be read: {error.strerror or error}") from error
        if len(content) != self.size or not content.startswith(self.head):
            raise CheckpointError(f"the checkpoint {self.path} was changed while it was read; load it again")
        return content, digest
