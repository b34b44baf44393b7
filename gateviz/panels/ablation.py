"""What the figure of a study of interventions shows: what holding units does, beside what they tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64

from gateviz.errors import ShapeError

BARS = 15


@dataclass(frozen=True)
class EffectPoint:
    """One group of units.

    Attributes:
        label: such as ``1.forward unit 17``.
        place: layer and direction, such as ``1.forward``.
        effect: what holding it does, in the axis' unit.
        low: lower end of the interval.
        high: upper end.
        selectivity: how well the units' values tell the event (AUC); NaN where that has no meaning.
    """

    label: str
    place: str
    effect: float
    low: float
    high: float
    selectivity: float


@dataclass(frozen=True, eq=False)
class AblationPage:
    """A whole figure.

    Attributes:
        title: what was held.
        bars: the strongest groups, the strongest first.
        points: all of them, for the scatter; empty where no group has a selectivity.
        effect_label: of the axis of effects.
        selectivity_label: of the axis of selectivity.
        correlation: Spearman's rank correlation of |AUC - 0.5| with the effect; NaN without points.
        remark: how to read it.
        metadata: goes into the file.
    """

    title: str
    bars: tuple[EffectPoint, ...]
    points: tuple[EffectPoint, ...]
    effect_label: str
    selectivity_label: str
    correlation: float
    remark: str
    metadata: Mapping[str, str] = field(default_factory=dict)


def ablation_page(
    points: Sequence[EffectPoint],
    *,
    title: str,
    effect_label: str,
    event: str,
    lines: str,
    metadata: Mapping[str, str] | None = None,
) -> AblationPage:
    """The page of a study.

    Args:
        points: one a group of units.
        title: what was held.
        effect_label: what the effect is.
        event: what selectivity is for, in words.
        lines: how many, and how many true texts they have, in words.
        metadata: goes into the file.

    Raises:
        ShapeError: there is no group.
    """
    if not points:
        raise ShapeError("the figure of a study needs at least one group of units; none was given")
    strongest = sorted(points, key=lambda point: -point.effect)[:BARS]
    known = tuple(point for point in points if np.isfinite(point.selectivity))
    told = np.array([abs(point.selectivity - 0.5) for point in known])
    effect = np.array([point.effect for point in known])
    return AblationPage(
        title,
        tuple(strongest),
        known if len(known) > 2 else (),
        effect_label,
        f"AUC for frames {event}",
        rank_correlation(told, effect),
        f"{lines}. Bars are 95 % intervals over lines. Telling an event is no cause of reading it: both are shown.",
        dict(metadata or {}),
    )


def rank_correlation(first: Float64[np.ndarray, " N"], second: Float64[np.ndarray, " N"]) -> float:
    """Spearman's rank correlation; NaN below three pairs or where one does not vary.

    Example:
        >>> rank_correlation(np.array([1.0, 2.0, 9.0]), np.array([0.0, 5.0, 6.0]))
        1.0
    """
    if len(first) < 3 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    from scipy.stats import rankdata

    return round(float(np.corrcoef(rankdata(first), rankdata(second))[0, 1]), 12)
