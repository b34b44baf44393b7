"""What the figures of the measures show: distributions, telling units, groups of alike units, one direction beside the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64

from gateviz.data.gates import Direction
from gateviz.measure.covariance import cluster_order
from gateviz.panels.claims import CoursePage, EffectPanel
from gateviz.panels.panel import ScatterRow

# Beyond these a timescale says no more than that nothing, or everything, is kept; in symbols.
SHORTEST, LONGEST = 0.1, 1000.0


@dataclass(frozen=True, eq=False)
class ShareCurve:
    """How many units have a number of at most x.

    Attributes:
        label: layer and direction.
        rank: position among the layers, from 0: a renderer gives each a color.
        direction: a renderer gives each a dash.
        x: ends of steps, ascending; shape (N,).
        share: of units at or below, 0 to 1; below 1 at the end where units lie beyond the axis; shape (N,).
    """

    label: str
    rank: int
    direction: str
    x: Float64[np.ndarray, " N"]
    share: Float64[np.ndarray, " N"]


@dataclass(frozen=True)
class SharePanel:
    """Cumulative distributions over a logarithmic axis.

    Attributes:
        title: a few words.
        curves: one a layer and direction.
        start: left end of the axis.
        stop: right end.
        rules: positions that matter.
        axis_label: of the axis.
        share_label: of the shares.
        remark: what is not there; empty where nothing is missing.
    """

    title: str
    curves: tuple[ShareCurve, ...]
    start: float
    stop: float
    rules: tuple[float, ...]
    axis_label: str
    share_label: str
    remark: str = ""


@dataclass(frozen=True, eq=False)
class SidePair:
    """The units of one layer, forward beside backward.

    Attributes:
        label: of the layer.
        rank: position among the layers.
        forward: a number a unit; on a logarithmic axis its logarithm to the base of 10.
        backward: of the backward units.
    """

    label: str
    rank: int
    forward: Float64[np.ndarray, " H"]
    backward: Float64[np.ndarray, " K"]


@dataclass(frozen=True)
class SidesPanel:
    """Paired distributions, one pair a layer.

    Attributes:
        title: what the number is.
        pairs: from top to bottom.
        axis_label: of the numbers.
        ends: of the axis; None lets the numbers decide.
        powers: the numbers are logarithms to the base of 10: ticks say 10 to their power.
    """

    title: str
    pairs: tuple[SidePair, ...]
    axis_label: str
    ends: tuple[float, float] | None
    powers: bool = False


@dataclass(frozen=True)
class TellingMark:
    """The unit of one layer and direction that tells an event best.

    Attributes:
        label: layer and direction.
        rank: position among the layers.
        direction: the way it reads.
        value: area under the ROC curve.
        low: lower end of its interval.
        high: upper end.
        clear: its corrected p is below 0.05.
    """

    label: str
    rank: int
    direction: str
    value: float
    low: float
    high: float
    clear: bool


@dataclass(frozen=True)
class TellingRow:
    """One event.

    Attributes:
        label: its words.
        note: how many frames and lines, or why there is no test.
        marks: one a layer and direction; empty without a test.
    """

    label: str
    note: str
    marks: tuple[TellingMark, ...]


@dataclass(frozen=True)
class TellingPanel:
    """How well single units tell events.

    Attributes:
        title: a few words.
        rows: from top to bottom.
        axis_label: of the areas, 0 to 1.
        remark: how to read it.
    """

    title: str
    rows: tuple[TellingRow, ...]
    axis_label: str
    remark: str


@dataclass(frozen=True, eq=False)
class AlikePanel:
    """Correlations of all units of a layer, those alike beside each other.

    Attributes:
        title: layer and direction.
        note: how much the units say the same.
        values: correlations in the order of the rows, -1 to 1; shape (H, H).
        order: the unit of every row; shape (H,).
    """

    title: str
    note: str
    values: Float64[np.ndarray, "H H"]
    order: tuple[int, ...]


@dataclass(frozen=True)
class MeasurePage:
    """All figures of a run.

    Attributes:
        saturation: one panel a gate; None where no gate was measured.
        memory: None without a gate that keeps.
        sides: forward beside backward; empty for layers of one direction.
        effects: of the same; None likewise.
        tellings: of single units.
        alike: one a layer and direction.
        course: around the event; None where it never happens.
        title: above the page.
        metadata: what goes into the file's metadata.
    """

    saturation: ScatterRow | None
    memory: SharePanel | None
    sides: tuple[SidesPanel, ...]
    effects: EffectPanel | None
    tellings: TellingPanel
    alike: tuple[AlikePanel, ...]
    course: CoursePage | None
    title: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


def share_curve(label: str, rank: int, direction: Direction, values: Float64[np.ndarray, " H"]) -> ShareCurve:
    """The cumulative distribution of units' numbers, cut to the axis of timescales.

    Example:
        >>> found = share_curve("layer 0", 0, Direction.FORWARD, np.array([2.0, np.inf, 0.0, 5.0]))
        >>> found.x.tolist(), found.share.tolist()
        ([0.1, 2.0, 5.0, 1000.0], [0.25, 0.5, 0.75, 0.75])
    """
    known = np.sort(values[~np.isnan(values)])
    inner = known[(known > SHORTEST) & (known < LONGEST)]
    x = np.concatenate([[SHORTEST], inner, [LONGEST]])
    shares = np.searchsorted(known, x, side="right") / max(len(known), 1)
    # Units at the very end of the axis or beyond it are not reached on it.
    shares[-1] = (known < LONGEST).sum() / max(len(known), 1)
    return ShareCurve(label, rank, direction.value, x, shares.astype(np.float64))


def alike_panel(title: str, note: str, correlation: Float64[np.ndarray, "H H"]) -> AlikePanel:
    """The correlations with rows and columns in the order of a tree that joins those most alike first."""
    order = cluster_order(correlation)
    return AlikePanel(title, note, correlation[np.ix_(order, order)], tuple(order))


def sides_panel(
    title: str,
    axis_label: str,
    pairs: Sequence[tuple[str, int, Float64[np.ndarray, " H"], Float64[np.ndarray, " K"]]],
    *,
    logarithmic: bool = False,
) -> SidesPanel:
    """Paired distributions of shares between 0 and 1, or of timescales on a logarithmic axis.

    Args:
        title: what the number is.
        axis_label: of the numbers.
        pairs: label and rank of a layer, and the numbers of its units.
        logarithmic: numbers are cut to the axis of timescales and given as logarithms.
    """

    def drawn(values: Float64[np.ndarray, " H"]) -> Float64[np.ndarray, " known"]:
        known = values[~np.isnan(values)]
        return np.asarray(np.log10(np.clip(known, SHORTEST, LONGEST)) if logarithmic else known)

    ends = (float(np.log10(SHORTEST)), float(np.log10(LONGEST))) if logarithmic else (0.0, 1.0)
    found = tuple(SidePair(label, rank, drawn(one), drawn(two)) for label, rank, one, two in pairs)
    return SidesPanel(title, found, axis_label, ends, logarithmic)
