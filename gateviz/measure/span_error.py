"""How far aligned spans lie from the columns where the symbols really stand."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64

from gateviz.errors import ShapeError


@dataclass(frozen=True)
class SpanErrors:
    """The error of each of N spans, in columns of the line image; positive is too far right.

    Attributes:
        left: of the left edge.
        right: of the right edge.
        width: of the symbol's own columns.
    """

    left: Float64[np.ndarray, " N"]
    right: Float64[np.ndarray, " N"]
    width: Float64[np.ndarray, " N"]

    @property
    def center(self) -> Float64[np.ndarray, " N"]:
        """Error of the center, half-way between the edges."""
        return np.asarray((self.left + self.right) / 2)

    @property
    def count(self) -> int:
        """N, the number of spans."""
        return len(self.width)

    @classmethod
    def joined(cls, several: "Sequence[SpanErrors]") -> "SpanErrors":
        """The spans of several lines in a row."""
        empty = np.zeros(0)
        return cls(
            np.concatenate([empty, *(one.left for one in several)]),
            np.concatenate([empty, *(one.right for one in several)]),
            np.concatenate([empty, *(one.width for one in several)]),
        )


def span_errors(spans: Float[np.ndarray, "N 2"], columns: Float[np.ndarray, "M 2"]) -> SpanErrors:
    """The errors of aligned spans.

    CTC says where a symbol was emitted, not how wide it is: a model whose spans are one frame each
    has large errors of both edges, with opposite signs, and may still have its centers right.

    Args:
        spans: left and right edge of each aligned span, in columns.
        columns: left and right edge of each symbol in truth.

    Raises:
        ShapeError: there are not as many of the one as of the other.

    Example:
        >>> errors = span_errors(np.array([[10.0, 14.0]]), np.array([[8.0, 18.0]]))
        >>> errors.left.item(), errors.right.item(), errors.center.item()
        (2.0, -4.0, -1.0)
    """
    if len(spans) != len(columns):
        raise ShapeError(
            f"{len(spans)} spans were held against the columns of {len(columns)} symbols; align the text of the columns"
        )
    off = np.asarray(spans, dtype=np.float64) - columns
    return SpanErrors(off[:, 0], off[:, 1], np.asarray(columns[:, 1] - columns[:, 0], dtype=np.float64))
