"""What was measured of context: what symbols lose when everything further away is taken, and by gradient.

Of each symbol the highest posterior within its cell is compared (half-way from the symbol before to half-way
to the next), so that a peak which moves by a frame is no loss. The distance k is measured from the cell's
edges, in symbols of the line, from one to the next.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Float64, Int64

from gateviz.data.gates import Direction, Place, place_words
from gateviz.errors import SelectionError
from gateviz.measure.context import Reach, reach_of
from gateviz.measure.gradient_context import GradientContext
from gateviz.measure.jackknife import Estimate, Jackknife
from gateviz.studies.account import Account
from gateviz.studies.context.request import DISTANCES, ContextRequest

BOTH = "both"
SIDES = ("left", "right", BOTH)


@dataclass(frozen=True)
class Taking:
    """What is taken away, and from how many symbols of a line.

    Attributes:
        what: ``blank`` (columns of the image) or ``reset`` (recurrent states).
        distances: in symbols, ascending from 0: all that lies further away goes.
        symbols: of a line, drawn without replacement.
        places: layers and directions that are reset one at a time, beside all at once.
        seed: of the drawing.
    """

    what: str
    distances: tuple[float, ...] = DISTANCES
    symbols: int = 3
    places: tuple[Place, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        if self.what not in ("blank", "reset"):
            raise SelectionError(f"{self.what!r} was to be taken away; what can be is blank or reset")
        if self.symbols < 1:
            raise SelectionError(f"{self.symbols} symbols of a line were asked for; take at least 1")
        ascending = all(a < b for a, b in zip(self.distances, self.distances[1:], strict=False))
        if not self.distances or self.distances[0] != 0 or not ascending:
            raise SelectionError(
                f"the distances {', '.join(f'{each:g}' for each in self.distances) or 'none'} were asked for; they begin with 0, "
                "against which the others are held, and ascend"
            )

    @property
    def variants(self) -> tuple[str, ...]:
        """What is taken: a side of the image, or a layer's state, one direction's, or all."""
        if self.what == "blank":
            return SIDES
        directions = [direction for direction in Direction if any(place[1] is direction for place in self.places)]
        together = (*map(str, directions), BOTH) if len(directions) > 1 else tuple(map(str, directions))
        return (*map(place_words, self.places), *together) if len(self.places) > 1 else together


@dataclass(frozen=True, eq=False)
class LineFalls:
    """What some symbols of one line lost, summed over them.

    Attributes:
        number: of the line in the corpus.
        symbols: how many.
        read: of them as the line is, those whose symbol is the most probable one somewhere in the cell.
        fall: of the log posterior, in nats; shape (V variants, K distances).
        lost: symbols that were read as the line is, less those read without the rest; shape (V, K).
        reached: symbols from which anything was taken; shape (V, K).
    """

    number: int
    symbols: int
    read: int
    fall: Float64[np.ndarray, "V K"]
    lost: Float64[np.ndarray, "V K"]
    reached: Int64[np.ndarray, "V K"]


@dataclass(frozen=True, eq=False)
class Falls:
    """What symbols lose, over a corpus.

    Attributes:
        taking: what was taken away.
        lines: those that were measured.
        textless: names of lines on which nothing is written and nothing was read.
    """

    taking: Taking
    lines: tuple[LineFalls, ...]
    textless: tuple[str, ...]
    jackknife: Jackknife = field(default_factory=Jackknife)

    @cached_property
    def _estimates(self) -> dict[str, Estimate]:
        columns = {"symbols": np.array([line.symbols for line in self.lines])}
        ratios: dict[str, tuple[str, str]] = {}
        for v, k in np.ndindex(len(self.taking.variants), len(self.taking.distances)):
            columns |= {f"fall {v} {k}": np.array([line.fall[v, k] for line in self.lines], dtype=np.float64)}
            columns |= {f"lost {v} {k}": np.array([line.lost[v, k] for line in self.lines], dtype=np.float64)}
            ratios |= {f"{word} {v} {k}": (f"{word} {v} {k}", "symbols") for word in ("fall", "lost")}
            ratios |= {f"rest {v} {k}": (f"fall {v} {k}", f"fall {v} 0")}
        return self.jackknife.estimates(
            columns, ratios, signed=[name for name in ratios if not name.startswith("lost")]
        )

    def fall(self, variant: str) -> list[Estimate]:
        """The mean fall of a symbol's log posterior, in nats, at every distance."""
        return self._of("fall", variant)

    def lost(self, variant: str) -> list[Estimate]:
        """The fall of the share of symbols that are read, at every distance."""
        return self._of("lost", variant)

    def reach(self, variant: str) -> Reach | None:
        """Which part of the whole effect comes from beyond each distance; None where there is no effect to speak of.

        The whole effect is the fall at the distance 0; there is one if its interval lies above 0.
        """
        whole = self.fall(variant)[0]
        if not (whole.low > 0 and whole.value > 0):
            return None
        return reach_of(np.array(self.taking.distances), self._of("rest", variant), len(self.lines))

    def reached(self, variant: str) -> list[int]:
        """Symbols from which anything was taken, at every distance."""
        row = self._row(variant)
        return [int(sum(line.reached[row, k] for line in self.lines)) for k in range(len(self.taking.distances))]

    def _of(self, word: str, variant: str) -> list[Estimate]:
        row = self._row(variant)
        return [self._estimates[f"{word} {row} {k}"] for k in range(len(self.taking.distances))]

    def _row(self, variant: str) -> int:
        if variant not in self.taking.variants:
            raise SelectionError(f"{variant!r} was not taken away; taken were {', '.join(self.taking.variants)}")
        return self.taking.variants.index(variant)


@dataclass(frozen=True, eq=False)
class ContextStudy:
    """What was measured.

    Attributes:
        request: what was asked for.
        account: of which lines.
        gradient: by gradient; None if it was not asked for.
        falls: by what was taken away, those that were asked for.
    """

    request: ContextRequest
    account: Account
    gradient: GradientContext | None
    falls: Mapping[str, Falls] = field(default_factory=dict)
