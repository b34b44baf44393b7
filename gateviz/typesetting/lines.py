"""One line of text with its truth, and what a set of such lines must answer."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float32, UInt8


@dataclass(frozen=True)
class TrainingLine:
    """A line image and what is written on it.

    Attributes:
        image: gray levels.
        text: the code points on the image, in reading order.
        columns: left and right edge of each code point of ``text``, in columns of ``image`` (column c
            covers [c, c + 1)): those of its ink, and of its advance where it is a space. None where nobody knows.
        script: ``latin``, ``chinese``, ``mixed``, ``number``, or empty where nobody said.
        font: the family it is set in, or empty.
        name: where it comes from: a file, or a seed and a number.
        remarks: what is to be said of how its file was decoded (``data.remarks``).
    """

    image: UInt8[np.ndarray, "height width"]
    text: str
    columns: Float32[np.ndarray, "symbols 2"] | None = None
    script: str = ""
    font: str = ""
    name: str = ""
    remarks: tuple[str, ...] = ()


@runtime_checkable
class LineSet(Protocol):
    """Lines by number, the same line every time."""

    def __len__(self) -> int:
        """How many lines there are."""
        ...

    def __getitem__(self, index: int) -> TrainingLine:
        """Line ``index``, from 0.

        Raises:
            IndexError: there is no such line.
        """
        ...
