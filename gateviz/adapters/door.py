"""The one door behind which files of strangers are read: whatever goes wrong there is said of the file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateviz.errors import CheckpointError, GatevizError

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
