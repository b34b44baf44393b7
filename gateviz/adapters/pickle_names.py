"""What a pickle would call, read off its opcodes without running one."""

import io
import pickletools
import zipfile
from collections.abc import Iterator

from gateviz.adapters.model_file import Container, ModelFile
from gateviz.files import budget

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
