"""What the figure of the effective context shows: norms by signed distance, and what is lost without the rest."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64

WHOLE = -1
"""The rank of what is no single layer."""


@dataclass(frozen=True, eq=False)
class ContextCurve:
    """One curve.

    Attributes:
        label: for the legend, such as ``layer 1 forward``.
        rank: position among the layers, from 0: a renderer gives each a color; ``WHOLE`` for all of them or the posterior.
        direction: ``forward``, ``backward`` or ``both``: a renderer gives each a dash.
        x: distances.
        y: values; NaN is left out.
        low: lower border of the band; None without.
        high: upper border.
    """

    label: str
    rank: int
    direction: str
    x: Float64[np.ndarray, " K"]
    y: Float64[np.ndarray, " K"]
    low: Float64[np.ndarray, " K"] | None = None
    high: Float64[np.ndarray, " K"] | None = None


@dataclass(frozen=True)
class ContextPanel:
    """Curves over distance.

    Attributes:
        title: a few words.
        curves: at least one.
        x_label: of the distance.
        y_label: of the value.
        limit: the axis goes from minus to plus this; None for distances without sign.
        ends: of the logarithmic value axis; smaller values are not drawn.
        ticks: where the distances are marked, with their words; empty leaves that to the renderer.
        shaded: distances to shade; None for none.
        shaded_label: what is shaded.
    """

    title: str
    curves: tuple[ContextCurve, ...]
    x_label: str
    y_label: str
    ends: tuple[float, float]
    limit: float | None = None
    ticks: tuple[tuple[float, str], ...] = ()
    shaded: tuple[float, float] | None = None
    shaded_label: str = ""


@dataclass(frozen=True)
class ContextPage:
    """A whole figure.

    Attributes:
        panels: two a row.
        title: of the figure.
        remark: how to read it.
        metadata: what goes into the file's metadata.
    """

    panels: tuple[ContextPanel, ...]
    title: str = ""
    remark: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
