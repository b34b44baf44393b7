"""The effective context of a network by gradient: what lines come to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, reduce
from operator import add
from typing import Literal

import numpy as np

from gateviz.data.gates import Place, place_words
from gateviz.errors import SelectionError
from gateviz.measure.context import Course, Reach, reach
from gateviz.measure.jackknife import Jackknife

By = Literal["image", "input"]
"""Distances on the image, in columns of the network's input; or on the layer's own input, in frames."""


@dataclass(frozen=True, eq=False)
class LineContext:
    """What was measured on one line.

    Attributes:
        name: its file.
        image: by columns of the network's input, of each layer and direction, and of the posterior (None).
        input: by frames of the layer's own input.
        frames_a_symbol: from one symbol to the next; NaN with fewer than two.
    """

    name: str
    image: Mapping[Place | None, Course]
    input: Mapping[Place | None, Course]
    frames_a_symbol: float

    def courses(self, by: By) -> Mapping[Place | None, Course]:
        """The courses on one of the two axes."""
        return self.image if by == "image" else self.input


@dataclass(frozen=True, eq=False)
class GradientContext:
    """The effective context of a network, by gradient.

    Attributes:
        lines: those that were measured.
        refused: names of lines without a gradient, with the reason.
        stride: columns of the network's input a frame.
        receptive_field: of one frame before the first recurrent layer, in those columns.
    """

    lines: tuple[LineContext, ...]
    refused: tuple[tuple[str, str], ...]
    stride: float
    receptive_field: float
    jackknife: Jackknife = field(default_factory=Jackknife)

    @property
    def why_not(self) -> str:
        """Why there is no gradient of this network; empty where there is one."""
        return "" if self.lines else self.refused[0][1]

    @cached_property
    def frames_a_symbol(self) -> float:
        """Mean over the lines; NaN where no line has two symbols."""
        known = [line.frames_a_symbol for line in self.lines if np.isfinite(line.frames_a_symbol)]
        return float(np.mean(known)) if known else float("nan")

    def places(self, by: By) -> list[Place | None]:
        """What was measured on an axis, layers in their order, the posterior last."""
        return list(dict.fromkeys(place for line in self.lines for place in line.courses(by)))

    def course(self, by: By, place: Place | None) -> Course:
        """The course over all lines.

        Raises:
            SelectionError: this was not measured.
        """
        return reduce(add, self._of(by, place))

    def reach(self, by: By, place: Place | None) -> Reach:
        """How much lies beyond each distance, in columns or frames.

        Raises:
            SelectionError: this was not measured.
        """
        return reach(self._of(by, place), self.jackknife)

    def in_symbols(self, by: By, distance: float) -> float:
        """A distance on one of the two axes in symbols of the corpus; NaN where no line has two."""
        frames = distance / self.stride if by == "image" else distance
        return frames / self.frames_a_symbol

    def _of(self, by: By, place: Place | None) -> list[Course]:
        found = [line.courses(by)[place] for line in self.lines if place in line.courses(by)]
        if not found:
            there = ", ".join(map(answering_words, self.places(by))) or "none"
            named = "the posterior" if place is None else place_words(place)
            raise SelectionError(f"the context of {named} by the {by} was not measured; measured are {there}")
        return found


def answering_words(place: Place | None) -> str:
    """What answers: a layer and direction, or the posterior (None)."""
    return "posterior" if place is None else place_words(place)
