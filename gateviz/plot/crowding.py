"""Where symbols go when there are more of them than room."""

from collections.abc import Sequence
from dataclasses import dataclass

# Free space between neighbors, in units of the type size.
_GAP = 0.16
# One row stays one row until letters would get smaller than this share of their size.
_COMFORT = 0.7
_STEP = 0.25


@dataclass(frozen=True)
class Placement:
    """Where each symbol is written.

    Attributes:
        size: of the type, in points.
        rows: how many rows the symbols need.
        row: the row of each symbol from the top; None for a symbol that is left out.
        center: the position of each symbol, in points from the left end of the axis.
    """

    size: float
    rows: int
    row: tuple[int | None, ...]
    center: tuple[float, ...]


def place(
    centers: Sequence[float],
    widths: Sequence[float],
    weights: Sequence[float],
    length: float,
    *,
    size: float,
    least: float,
) -> Placement:
    """Symbols that never overlap and never leave the axis.

    In this order: one row, a little smaller; two rows, every other symbol lower; smaller still; and
    at the least size those are left out that have the least weight.

    Args:
        centers: where the symbols belong, in points, ascending.
        widths: of the symbols, in units of the type size.
        weights: how much each symbol deserves its place, such as the width of its span.
        length: of the axis, in points.
        size: of the type where there is room.
        least: the smallest type.
    """
    for rows, largest, smallest in ((1, size, size * _COMFORT), (2, size, size * _COMFORT), (2, size, least)):
        trial = largest
        while trial >= max(smallest, least) - 1e-9:
            spots = _inside(centers, widths, trial, length)
            if all(_free(spots, widths, trial, left, left + rows) for left in range(len(spots) - rows)):
                return Placement(trial, rows, tuple(index % rows for index in range(len(spots))), spots)
            trial -= _STEP
    return _thinned(centers, widths, weights, length, least)


def _thinned(
    centers: Sequence[float], widths: Sequence[float], weights: Sequence[float], length: float, size: float
) -> Placement:
    """Two rows at the least size, the symbols of the greatest weight first."""
    spots = _inside(centers, widths, size, length)
    row: list[int | None] = [None] * len(spots)
    for index in sorted(range(len(spots)), key=lambda index: (-weights[index], index)):
        for candidate in (0, 1):
            same = [other for other, taken in enumerate(row) if taken == candidate]
            if all(_free(spots, widths, size, index, other) for other in same):
                row[index] = candidate
                break
    return Placement(size, 2, tuple(row), spots)


def _inside(centers: Sequence[float], widths: Sequence[float], size: float, length: float) -> tuple[float, ...]:
    halves = [width * size / 2 for width in widths]
    return tuple(max(half, min(center, length - half)) for center, half in zip(centers, halves, strict=True))


def _free(spots: Sequence[float], widths: Sequence[float], size: float, one: int, other: int) -> bool:
    return abs(spots[one] - spots[other]) >= size * ((widths[one] + widths[other]) / 2 + _GAP)
