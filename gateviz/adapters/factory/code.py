"""The user's own code: found, run because they named it, and its failures told in one sentence."""

import hashlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateviz.errors import CheckpointError
from gateviz.files.inputs import read_with_digest

if TYPE_CHECKING:
    import torch


def factory_place(factory: str) -> tuple[str, str]:
    """The module or file of ``package.module:build`` or ``path/to/file.py:build``, and the function's name.

    Raises:
        CheckpointError: the words name neither, or a file that is not there.
    """
    place, _, name = factory.rpartition(":")
    if not place or not name.isidentifier():
        raise CheckpointError(
            f"{factory!r} names no factory; write package.module:build or path/to/file.py:build, "
            f"where build() returns a torch module"
        )
    if place.endswith(".py") and not Path(place).is_file():
        raise CheckpointError(f"there is no file {place}; check the path in --factory {factory}")
    return place, name


def built_module(factory: str | Callable[[], Any] | None) -> tuple["torch.nn.Module", str]:
    """The module that the user's code returns, and what that code is called.

    Raises:
        CheckpointError: there is no such code, it fails, or it returns something else.
    """
    # Not before: it takes seconds to import, and that there is no such file is said without it.
    from torch import nn

    if not isinstance(factory, str):
        words = getattr(factory, "__qualname__", repr(factory))
        module = _called(factory, words)
    else:
        place, name = factory_place(factory)
        words = factory
        with _importable(place):
            code, digest = _imported(place, factory)
            function = getattr(code, name, None)
            if function is None:
                raise CheckpointError(
                    f"there is no {name} in {place}; name a function there that returns a torch module"
                )
            module = _called(function, words)
        if digest:
            words += f" (sha256 {digest[:12]})"
    if not isinstance(module, nn.Module):
        raise CheckpointError(f"{words} returned a {type(module).__name__}; let it return a torch module")
    return module, words


def _called(function: Any, words: str) -> Any:
    try:
        return function()
    # The user's own code, which may fail in any way.
    except Exception as error:
        raise CheckpointError(
            f"{words} failed with {type(error).__name__}: {one_line(error)}; it is called without arguments "
            f"and returns a torch module (--debug shows where it failed)"
        ) from error


@contextmanager
def _importable(place: str) -> Iterator[None]:
    """For the time of a call, the folder of a .py file is where Python looks for its neighbors, as when it is run."""
    folder = str(Path(place).absolute().parent) if place.endswith(".py") else str(Path.cwd())
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


class _Read(SourceFileLoader):
    """Runs the bytes that were read, whatever becomes of their file; nothing that was compiled before is taken."""

    def __init__(self, name: str, path: str) -> None:
        super().__init__(name, path)
        self._content, self.digest = read_with_digest(path)

    def get_data(self, path: str) -> bytes:
        return bytes(self._content) if path == self.path else super().get_data(path)

    def path_stats(self, path: str) -> Any:
        raise FileNotFoundError(path)  # tells importlib that no compiled file belongs to it


def _imported(place: str, factory: str) -> tuple[Any, str]:
    """The user's module, and where it is a file the sha256 of what was run.

    Raises:
        CheckpointError: it is not there, or fails.
    """
    try:
        if not place.endswith(".py"):
            return importlib.import_module(place), ""
        path = Path(place).absolute()
        name = f"gateviz_factory_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
        loader = _Read(name, str(path))
        spec = importlib.util.spec_from_file_location(name, path, loader=loader)
        assert spec is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        loader.exec_module(module)
        return module, loader.digest
    except CheckpointError:
        raise
    # The user's own code, which may fail in any way.
    except Exception as error:
        hint = "; give a path such as path/to/file.py:build, or install its package"
        raise CheckpointError(
            f"{place} of --factory {factory} cannot be imported: {type(error).__name__}: {one_line(error)}"
            f"{hint if isinstance(error, ModuleNotFoundError) else ''}"
        ) from error


def one_line(error: Exception) -> str:
    """What an error says, short and without line breaks."""
    return " ".join(str(error).split())[:200]
