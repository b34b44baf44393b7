"""Fewer rows and columns for a picture that has fewer pixels than a matrix has values."""

import numpy as np
from jaxtyping import Float, Float64


def shrunk(
    values: Float[np.ndarray, "rows columns"],
    rows: int,
    columns: int,
    *,
    bounds: tuple[float, float] | None = None,
) -> Float[np.ndarray, "_ _"]:
    """The means over blocks of neighboring values, at most ``rows`` by ``columns`` of them.

    A matrix that is small enough is returned as it is. A block with a missing value is missing, and
    a block with a value outside of ``bounds`` keeps the one farthest outside, so that a mark is
    never averaged away.

    Example:
        >>> shrunk(np.array([[0.0, 1.0], [0.5, 0.5]]), 1, 2).tolist()
        [[0.25, 0.75]]
    """
    if values.shape[0] <= rows and values.shape[1] <= columns:
        return values
    row_starts, row_sizes = _blocks(values.shape[0], rows)
    column_starts, column_sizes = _blocks(values.shape[1], columns)
    sums = np.add.reduceat(np.add.reduceat(values, row_starts, axis=0, dtype=np.float64), column_starts, axis=1)
    means = sums / np.outer(row_sizes, column_sizes)
    if bounds is not None:
        low, high = bounds
        most = np.maximum.reduceat(np.maximum.reduceat(values, row_starts, axis=0), column_starts, axis=1)
        least = np.minimum.reduceat(np.minimum.reduceat(values, row_starts, axis=0), column_starts, axis=1)
        means = np.where(least < low, least, means)
        means = np.where(most > high, most, means)
    return means


def _blocks(count: int, limit: int) -> tuple[np.ndarray, Float64[np.ndarray, " blocks"]]:
    """The first index and the size of at most ``limit`` blocks of nearly equal size."""
    blocks = max(1, min(count, limit))
    borders = np.arange(blocks + 1) * count // blocks
    return borders[:-1], np.diff(borders).astype(np.float64)
