"""What is held against each other, refused by name where it cannot be."""

from collections.abc import Collection
from dataclasses import dataclass

from gateviz.errors import SelectionError

AXES = ("column", "symbol")
"""How frames are put together: those that look at the same columns, or those that read the same symbol."""

THRESHOLD = 0.25
"""Above it two series have parted, in units of how much units vary: those that have nothing in common lie sqrt(2) apart."""


@dataclass(frozen=True)
class CompareRequest:
    """What of two recordings is compared.

    Attributes:
        layers: these only; None for all.
        directions: these only; None for both.
        quantities: these series only; None for all.
        by: how frames of two images are put together; None takes columns where both images are of one size and
            what both read alike lies at the same columns, to within a frame.
        threshold: above it two series have parted, in units of how much units vary.

    Raises:
        SelectionError: there is no such axis.
    """

    layers: Collection[int] | None = None
    directions: Collection[str] | None = None
    quantities: Collection[str] | None = None
    by: str | None = None
    threshold: float = THRESHOLD

    def __post_init__(self) -> None:
        if self.by is not None and self.by not in AXES:
            raise SelectionError(f"frames cannot be put together by {self.by!r}; choose {' or '.join(AXES)}")
