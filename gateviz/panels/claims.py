"""What the figures of tested claims show: effects with their intervals, courses around events, and single lines."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Float64, Int64

from gateviz.data.alignment import Alignment
from gateviz.data.frames import FrameGrid
from gateviz.data.gates import Quantity
from gateviz.panels.panel import Line, LinePanel, Panel, PanelStack
from gateviz.panels.reading import boundaries, column_axis, image_panel, metadata_of, span_panel
from gateviz.recording import Recording


@dataclass(frozen=True)
class EffectRow:
    """One claim in one layer and direction.

    Attributes:
        label: layer and direction.
        value: the effect, as the claim says it: above the reference speaks for it; NaN without one.
        low: lower end of its interval.
        high: upper end.
        verdict: ``supported``, ``contradicted``, or any other word where there is none.
        note: the verdict with what it rests on, in a few words.
    """

    label: str
    value: float
    low: float
    high: float
    verdict: str
    note: str


@dataclass(frozen=True)
class EffectGroup:
    """One claim.

    Attributes:
        title: its name.
        rows: one a layer and direction.
        reference: what the effects are held against: none, or the share that must be passed.
    """

    title: str
    rows: tuple[EffectRow, ...]
    reference: float = 0.0


@dataclass(frozen=True)
class EffectPanel:
    """Claims whose effects are of one kind.

    Attributes:
        title: a few words.
        groups: from top to bottom.
        start: left end of the axis.
        stop: right end.
        axis_label: of the axis.
    """

    title: str
    groups: tuple[EffectGroup, ...]
    start: float
    stop: float
    axis_label: str


@dataclass(frozen=True)
class EffectPage:
    """A whole figure of effects.

    Attributes:
        panels: from top to bottom.
        title: of the figure.
        metadata: what goes into the file's metadata.
    """

    panels: tuple[EffectPanel, ...]
    title: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Course:
    """The mean course of a gate around an event.

    Attributes:
        label: layer and direction.
        rank: position among the layers, from 0: a renderer gives each a color.
        direction: a renderer gives each a dash.
        offsets: frames after the event, the way the layer goes.
        mean: of all occurrences.
        low: lower end of the band.
        high: upper end.
    """

    label: str
    rank: int
    direction: str
    offsets: Int64[np.ndarray, " K"]
    mean: Float64[np.ndarray, " K"]
    low: Float64[np.ndarray, " K"]
    high: Float64[np.ndarray, " K"]


@dataclass(frozen=True)
class CoursePage:
    """Courses around one event.

    Attributes:
        courses: one a layer and direction.
        value_label: of the values' axis.
        axis_label: of the offsets' axis.
        title: of the figure.
        metadata: what goes into the file's metadata.
        stride: columns of the image a frame, for a second axis; None leaves it out.
    """

    courses: tuple[Course, ...]
    value_label: str
    axis_label: str
    title: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    stride: float | None = None


def span_of_axis(groups: Sequence[EffectGroup]) -> tuple[float, float]:
    """Two ends that hold every interval and reference, with a little room.

    Example:
        >>> row = EffectRow("layer 0", 0.5, 0.4, 0.9, "supported", "")
        >>> tuple(round(end, 3) for end in span_of_axis([EffectGroup("c", (row,))]))
        (-0.054, 0.954)
    """
    ends = [end for group in groups for row in group.rows for end in (row.low, row.high, row.value)]
    ends = [end for end in ends if np.isfinite(end)] + [group.reference for group in groups]
    low, high = min(ends), max(ends)
    room = 0.06 * (high - low) or 0.1
    return low - room, high + room


def event_columns(
    recording: Recording, frames: Sequence[int], grid: FrameGrid | None = None
) -> tuple[tuple[float, float], ...]:
    """The columns of frames, neighboring ones together; of a layer's own frames if its grid is given."""
    own = recording.grid if grid is None else grid
    runs: list[list[int]] = []
    for frame in sorted(frames):
        if runs and runs[-1][1] == frame:
            runs[-1][1] = frame + 1
        else:
            runs.append([frame, frame + 1])
    return tuple(own.columns(start, stop) for start, stop in runs)


def claim_line_stack(
    recording: Recording,
    alignment: Alignment,
    series: Float[np.ndarray, "T H"],
    quantity: Quantity,
    *,
    frames: Sequence[int],
    ends: tuple[float, float],
    grid: FrameGrid | None = None,
    title: str = "",
    legend: str = "",
) -> PanelStack:
    """One line of a corpus beside a claim: image, text, the layer's mean, and the event's frames marked through all.

    Args:
        recording: the line.
        alignment: its symbols.
        series: what the claim compares, a unit a column.
        quantity: what that is, for its color.
        frames: of the event, those that took part.
        ends: of the value axis.
        grid: where the frames of the layer looked; None where the posteriors' frames did.
        title: above the picture.
        legend: what the curve is, such as ``layer 0 forward: mean f``.
    """
    mean = np.asarray(series.mean(axis=1, dtype=np.float64))
    curve = LinePanel(
        title=legend, centers=(grid or recording.grid).centers, lines=(Line(quantity.letter, mean, quantity.value),),
        low=ends[0], high=ends[1], group=legend,
    )  # fmt: skip
    image = image_panel(recording)
    above: list[Panel] = [] if image is None else [image]
    start, stop, axis_label = column_axis(recording)
    return PanelStack(
        panels=(*above, span_panel(recording, alignment), curve),
        start=start,
        stop=stop,
        rules=boundaries(alignment, recording.grid),
        highlights=event_columns(recording, frames, grid),
        title=title,
        axis_label=axis_label,
        metadata=metadata_of(recording, alignment),
    )
