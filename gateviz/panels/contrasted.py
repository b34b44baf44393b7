"""What the figure of a comparison shows: two readings under the line, where they part, and their units beside each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float32, Float64

from gateviz.panels.panel import HeatmapPanel, ImagePanel, LinePanel, Palette, Scale, SpanPanel
from gateviz.panels.traces import rounded_up


@dataclass(frozen=True)
class Strip:
    """One reading on its own column axis.

    Attributes:
        name: of the reading, such as ``A``.
        image: the line it reads; None where that stands above already.
        spans: its symbols.
        start: left end of its axis.
        stop: right end.
    """

    name: str
    image: ImagePanel | None
    spans: SpanPanel
    start: float
    stop: float


@dataclass(frozen=True, eq=False)
class DistributionPanel:
    """How often one series takes which values, in both networks.

    Attributes:
        letter: of the series.
        role: the series.
        edges: of the bins, shape (B + 1,).
        first: share of the first network's values in each bin, shape (B,).
        second: of the second's.
        distance: of the two distributions, in the series' unit.
    """

    letter: str
    role: str
    edges: Float64[np.ndarray, " E"]
    first: Float64[np.ndarray, " B"]
    second: Float64[np.ndarray, " B"]
    distance: float


@dataclass(frozen=True)
class DistributionRow:
    """The series of one layer and direction.

    Attributes:
        label: layer and direction.
        panels: one a series.
    """

    label: str
    panels: tuple[DistributionPanel, ...]


@dataclass(frozen=True, eq=False)
class LikenessPanel:
    """How alike every unit of one network is to every unit of the other.

    Attributes:
        title: layer and direction.
        values: between -1 and 1; columns in the order of the rows' matched units, the others last.
        caption: what was matched, in words.
    """

    title: str
    values: Float32[np.ndarray, "H K"]
    caption: str


@dataclass(frozen=True)
class ContrastPage:
    """A whole figure.

    Attributes:
        title: what is compared.
        strips: the two readings.
        start: left end of the column axis of what follows: the first image's.
        stop: right end.
        axis_label: of that axis.
        bits: how far the posteriors lie apart; None where they cannot be compared.
        courses: how far each layer and direction lies apart, a row a series.
        highlights: columns of the symbols that are read differently.
        distributions: of every layer and direction.
        likeness: of the units of every layer and direction.
        names: of both, for the keys.
        remark: how to read it.
        metadata: goes into the file.
    """

    title: str
    strips: tuple[Strip, ...]
    start: float
    stop: float
    axis_label: str
    bits: LinePanel | None
    courses: tuple[HeatmapPanel, ...]
    highlights: tuple[tuple[float, float], ...]
    distributions: tuple[DistributionRow, ...]
    likeness: tuple[LikenessPanel, ...]
    names: tuple[str, str]
    remark: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


def distance_scale(courses: Sequence[Float64[np.ndarray, "_ _"]]) -> Scale:
    """One scale for all distances: from 0 to the largest, rounded up; to 1 where all are 0.

    Example:
        >>> distance_scale([np.array([[0.0, 0.113]])]).high
        0.12
    """
    known = np.concatenate([np.zeros(1), *(course[np.isfinite(course)] for course in courses)])
    return Scale(Palette.POSTERIOR, 0.0, rounded_up(float(known.max())) or 1.0)


def in_matched_order(
    likeness: Float64[np.ndarray, "H K"], first: Sequence[int], second: Sequence[int]
) -> Float32[np.ndarray, "H K"]:
    """Likeness with matched units on the diagonal: rows and columns in the matching's order, the unmatched last.

    Example:
        >>> in_matched_order(np.array([[0.0, 1.0], [0.5, -1.0]]), [0, 1], [1, 0]).tolist()
        [[1.0, 0.0], [-1.0, 0.5]]
    """
    orders = [
        [*chosen, *(unit for unit in range(count) if unit not in set(chosen))]
        for chosen, count in zip((list(first), list(second)), likeness.shape, strict=True)
    ]
    return np.asarray(likeness[np.ix_(*orders)], dtype=np.float32)
