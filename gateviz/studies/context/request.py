"""What is asked about context, refused by name where it is not measured."""

from collections.abc import Collection
from dataclasses import dataclass

from gateviz.errors import SelectionError

MEASURES = ("gradient", "blank", "reset")
DISTANCES = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)


@dataclass(frozen=True)
class ContextRequest:
    """What is to be measured.

    Attributes:
        measures: any of ``gradient``, ``blank`` (columns of the image) and ``reset`` (recurrent states).
        layers: these only; None for all.
        frames: of a line, for the gradient.
        probes: random directions a frame; None is exact.
        symbols: of a line, for what is taken away.
        distances: in symbols, ascending from 0.
        seed: the same seed gives the same digits.

    Raises:
        SelectionError: there is no such measure.
    """

    measures: tuple[str, ...] = MEASURES
    layers: Collection[int] | None = None
    frames: int = 4
    probes: int | None = 2
    symbols: int = 3
    distances: tuple[float, ...] = DISTANCES
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.measures or not set(self.measures) <= set(MEASURES):
            named = ", ".join(self.measures) or "nothing"
            raise SelectionError(f"the context was asked for by {named}; it is measured by {', '.join(MEASURES)}")

    @property
    def taken(self) -> tuple[str, ...]:
        """What is to be taken away."""
        return tuple(what for what in MEASURES[1:] if what in self.measures)
