"""Where a factory is: found before torch is imported, which takes seconds."""

from pathlib import Path

from gateviz.errors import CheckpointError


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
