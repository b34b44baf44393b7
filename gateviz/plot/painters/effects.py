"""Effects with their intervals and verdicts, one below the other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from gateviz.panels.colors import ALARM, HAIRLINE, INK, PAPER, QUIET
from gateviz.plot.canvas import write
from gateviz.plot.fitting import cut
from gateviz.plot.fonts import running_text
from gateviz.plot.labels import finish_axes
from gateviz.plot.style import Style

# Heights in units of the small type: of a row, and of a panel's title and axis.
_ROW, _AROUND = 1.5, 6.0
# Longer names are cut; in units of the small type.
_LABEL = 16.0
# Face and edge of an effect's mark.
_MARKS = {"supported": (INK, INK), "contradicted": (ALARM, ALARM)}


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
        axis_label: of the axis.
    """

    title: str
    groups: tuple[EffectGroup, ...]
    axis_label: str


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


def effect_height(panel: EffectPanel, style: Style) -> float:
    """Of a panel of effects with its title and axis, in inches."""
    return (_ROW * len(_lines(panel)) + _AROUND) * style.small_size / 72


def _lines(panel: EffectPanel) -> list[tuple[EffectGroup, EffectRow | None]]:
    """What stands in each line of the panel: a claim's name, or one of its rows."""
    return [(group, row) for group in panel.groups for row in (None, *group.rows)]


def paint_effects(axes: Axes, panel: EffectPanel, style: Style) -> None:
    """Effects with their intervals from top to bottom, names left of them and notes on the right."""
    lines = _lines(panel)
    axes.set_xlim(*span_of_axis(panel.groups))
    axes.set_ylim(len(lines) - 0.5, -0.5)
    finish_axes(axes, panel.axis_label, style)
    axes.yaxis.set_visible(False)
    axes.grid(visible=True, axis="x", color=HAIRLINE, linewidth=style.rule_width)
    for place, (group, row) in enumerate(lines):
        height = 1 - (place + 0.5) / len(lines)
        if row is None:
            axes.plot(
                [group.reference] * 2, [place + 0.5, place + 0.5 + len(group.rows)], color=INK,
                linewidth=2 * style.rule_width,
            )  # fmt: skip
        name = group.title if row is None else row.label
        drawn, families = running_text(cut(name, _LABEL))
        write(
            axes, 0.0, height, drawn, size=style.small_size, shift=(-4.0, 0.0), ha="right", va="center",
            color=INK if row is None else QUIET, weight="bold" if row is None else "normal", family=families,
        )  # fmt: skip
        if row is not None:
            _paint_row(axes, row, place, height, style)


def _paint_row(axes: Axes, row: EffectRow, place: int, height: float, style: Style) -> None:
    face, edge = _MARKS.get(row.verdict, (PAPER, QUIET))
    axes.plot([row.low, row.high], [place, place], color=edge, linewidth=2 * style.line_width, alpha=0.4)
    axes.plot(
        [row.value], [place], marker="o", markersize=3.5 * style.line_width, linestyle="", markerfacecolor=face,
        markeredgecolor=edge, markeredgewidth=0.6 * style.line_width, clip_on=False,
    )  # fmt: skip
    write(
        axes, 1.0, height, row.note, size=style.small_size, shift=(4.0, 0.0), va="center",
        color=edge if row.verdict in _MARKS else QUIET,
    )  # fmt: skip
