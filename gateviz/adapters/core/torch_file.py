"""What a torch file claims, held against what it holds before torch reads it, and what its pickle would call."""

import io
import pickletools
import zipfile
from collections.abc import Iterator

import torch

from gateviz.adapters.core.files import Container, ModelFile
from gateviz.adapters.core.inert_pickle import InertPickle
from gateviz.errors import CheckpointError
from gateviz.files import budget

_PICKLES_BEFORE = 3
"""A torch file from before 1.6 begins with a magic number, a version and a description of the machine."""


def check_archive(file: ModelFile, data: bytearray) -> None:
    """Bounds what unpacking an archive can come to, by its directory, before anything is unpacked.

    Raises:
        CheckpointError: it unpacks to much more than it takes on the disk, or has too many files, or
            two of one name, of which two programs may read each another.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
    budget.TENSORS.check(len(entries), str(file.path))
    unpacked = sum(entry.file_size for entry in entries)
    budget.MODEL_BYTES.check(unpacked, f"{file.path}, unpacked,")
    budget.UNPACKED_BYTES.check(
        unpacked - file.size,
        f"unpacked, {file.path} ({file.size:,} bytes)",
        advice="torch writes no such archives; save the checkpoint again",
    )
    if len({entry.filename for entry in entries}) < len(entries):
        raise CheckpointError(f"{file.path} is an archive with two files of one name; it is damaged or malicious")
    if len(folders := {entry.filename.partition("/")[0] for entry in entries}) > 1:
        raise CheckpointError(
            f"{file.path} is an archive of {len(folders)} folders, and torch writes one; it is damaged or malicious"
        )


def check_claims(file: ModelFile, data: bytearray) -> None:
    """Follows the pickle in a torch file, and holds the storages that it takes against those that are there.

    Raises:
        CheckpointError: it passes a bound, or claims more than the file holds.
        DamagedPickleError, LookupError, TypeError, ValueError, RuntimeError: it is damaged, or calls what rebuilds
            no tensor.
    """
    pickle = InertPickle(str(file.path))
    if file.container is Container.TORCH_ZIP:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            there = {entry.filename.partition("/")[2]: entry.file_size for entry in archive.infolist()}
        budget.PICKLE_BYTES.check(there["data.pkl"], f"the pickle of {file.path}")
        # torch's own reader: what it takes for the pickle is what will be read.
        pickle.follow(io.BytesIO(torch._C.PyTorchFileReader(io.BytesIO(data)).get_record("data.pkl")))
        stored = {name.removeprefix("data/"): size for name, size in there.items()}
    else:
        stream = io.BytesIO(memoryview(data)[: budget.PICKLE_BYTES.most])
        for _ in range(_PICKLES_BEFORE):
            pickle.follow(stream)
        pickle.storages.clear()
        pickle.follow(stream)
        stored = dict.fromkeys(pickle.storages, file.size)
    claimed = 0
    for storage in pickle.storages.values():
        size = storage.numbers * storage.size
        claimed += size
        if size > stored.get(storage.key, 0) or claimed > file.size + budget.UNPACKED_BYTES.most:
            raise CheckpointError(
                f"{file.path} claims {storage.numbers:,} numbers of {storage.size} bytes for its storage "
                f"{storage.key[:40]!r} and has {stored.get(storage.key, 0):,} bytes there; it is damaged or malicious"
            )


_LEGACY_PICKLES = 4
"""A torch file from before 1.6 begins with a magic number, a version, a description of the machine, then the object."""

# What torch itself calls to put tensors together.
_HARMLESS = frozenset({"collections.OrderedDict", "torch.Size", "torch.device", "torch.nn.parameter.Parameter"}) | {
    f"{module}.{name}" for module in ("__builtin__", "builtins") for name in ("set", "long", "int", "bytearray")
}


def wanted_by_pickle(file: ModelFile) -> tuple[str, ...]:
    """Dotted names that a checkpoint's pickle would import and call, without those that rebuild tensors."""
    # A pickle is looked at in memory: one that claims a string of any length then gets no more than is there.
    names: list[str] = []
    try:
        if file.container is Container.TORCH_ZIP:
            with zipfile.ZipFile(file.path) as archive:
                inner = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
                with archive.open(inner) as entry:
                    names += _names(io.BytesIO(entry.read(budget.PICKLE_BYTES.most)))
        else:
            with file.path.open("rb") as handle:
                stream = io.BytesIO(handle.read(budget.PICKLE_BYTES.most))
            for _ in range(_LEGACY_PICKLES):
                names += _names(stream)
    except (ValueError, EOFError, zipfile.BadZipFile, OSError, StopIteration, NotImplementedError):
        # The names up to where the pickle breaks off are what there is to say.
        pass
    return tuple(dict.fromkeys(name for name in names if not _rebuilds_tensors(name)))


def _rebuilds_tensors(name: str) -> bool:
    return (
        name in _HARMLESS
        or name.startswith(("torch._utils._rebuild_", "torch._tensor._rebuild_"))
        or name.endswith("Storage")
    )


def _names(stream: io.BytesIO) -> Iterator[str]:
    """The names of one pickle, from where the stream stands up to the pickle's STOP."""
    strings: list[str] = []
    memo: dict[int, str] = {}
    memoized = 0
    previous: object = None
    for count, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
        if budget.PICKLE_OPCODES.passed_by(count):
            return
        if opcode.name in ("GLOBAL", "INST"):
            yield str(argument).replace(" ", ".")
        elif opcode.name == "STACK_GLOBAL":
            yield ".".join(strings[-2:])
        elif "UNICODE" in opcode.name:
            strings.append(str(argument))
        elif opcode.name == "MEMOIZE":
            if isinstance(previous, str):
                memo[memoized] = previous
            memoized += 1
        elif "PUT" in opcode.name and isinstance(previous, str) and isinstance(argument, int):
            memo[argument] = previous
        elif "GET" in opcode.name and argument in memo:
            strings.append(memo[argument])
        previous = argument if "UNICODE" in opcode.name else None
