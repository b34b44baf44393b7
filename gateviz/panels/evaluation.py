"""What the figure of an evaluation shows: error rates by group, the most frequent mistakes, where spans lie."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64

from gateviz.measure.evaluation import GROUPINGS, Evaluation, Score
from gateviz.measure.jackknife import FEW

MISTAKES = 12
GROUPS = 12
BINS = 48
GROUP_TITLES = {"script": "by script", "length": "by symbols", "font": "by font"}
# Of the errors of spans, the share that the axis shows.
SHOWN = 0.99


@dataclass(frozen=True)
class RateRow:
    """The error rate of one group of lines.

    Attributes:
        label: of the group.
        value: in percent.
        low: lower end of its interval.
        high: upper end.
        lines: how many lines the group has.
        few: they are too few for the interval to be trusted.
    """

    label: str
    value: float
    low: float
    high: float
    lines: int
    few: bool


@dataclass(frozen=True)
class RateGroup:
    """Rows that together are all lines.

    Attributes:
        title: what they are grouped by; empty for all lines in one row.
        rows: from top to bottom.
        left_out: groups for which there is no room, those with lower rates.
    """

    title: str
    rows: tuple[RateRow, ...]
    left_out: int = 0


@dataclass(frozen=True)
class RatePanel:
    """Error rates with their intervals.

    Attributes:
        title: a few words.
        groups: from top to bottom.
        stop: right end of the axis, in percent; it begins at 0.
        axis_label: of the axis.
        remark: how to read it; empty where nothing needs to be said.
    """

    title: str
    groups: tuple[RateGroup, ...]
    stop: float
    axis_label: str
    remark: str


@dataclass(frozen=True)
class MistakeRow:
    """One kind of mistake.

    Attributes:
        written: the symbol of the truth; empty where nothing is written.
        read: the symbol read; empty where nothing was read.
        count: how often.
        doubled: how many of these are lost doubled letters.
    """

    written: str
    read: str
    count: int
    doubled: int


@dataclass(frozen=True)
class MistakePanel:
    """The most frequent mistakes.

    Attributes:
        title: a few words.
        rows: the most frequent one first.
        axis_label: of the axis of counts.
        total: mistakes of all kinds.
    """

    title: str
    rows: tuple[MistakeRow, ...]
    axis_label: str
    total: int


@dataclass(frozen=True)
class SpreadCurve:
    """How errors of one kind are spread.

    Attributes:
        label: such as ``left edge``, with its mean in pixels and as a share of the symbol's width.
        shares: of the errors in each bin, in percent.
    """

    label: str
    shares: Float64[np.ndarray, " bins"]


@dataclass(frozen=True)
class SpreadPanel:
    """Where aligned spans lie, beside the true columns.

    Attributes:
        title: a few words.
        edges: of the bins, one more than there are bins, in pixels; positive is too far right.
        curves: one a kind of error.
        curves_title: what the curves' labels say.
        axis_label: of the errors' axis.
        share_label: of the shares' axis.
    """

    title: str
    edges: Float64[np.ndarray, " edges"]
    curves: tuple[SpreadCurve, ...]
    curves_title: str
    axis_label: str
    share_label: str


@dataclass(frozen=True)
class EvaluationPage:
    """A whole figure.

    Attributes:
        rates: error rates by group.
        mistakes: None where there is none.
        spread: None where no true columns are known.
        title: of the figure.
        metadata: what goes into the file's metadata.
    """

    rates: RatePanel
    mistakes: MistakePanel | None
    spread: SpreadPanel | None
    title: str = ""
    metadata: dict[str, str] = field(default_factory=dict)


def evaluation_page(
    evaluation: Evaluation,
    *,
    groupings: Sequence[str] | None = None,
    title: str = "",
    metadata: Mapping[str, str] | None = None,
) -> EvaluationPage:
    """The figure of an evaluation.

    Args:
        evaluation: what was read.
        groupings: of ``script``, ``length`` and ``font``; None takes those of which something is known.
        title: of the figure.
        metadata: what goes into the file's metadata.

    Raises:
        SelectionError: there is no such grouping.
    """
    chosen = [name for name in GROUPINGS if evaluation.knows(name)] if groupings is None else groupings
    return EvaluationPage(
        _rates(evaluation, chosen),
        _mistakes(evaluation) if evaluation.mistakes else None,
        _spread(evaluation) if evaluation.spans.count else None,
        title,
        dict(metadata or {}),
    )


def _rates(evaluation: Evaluation, groupings: Sequence[str]) -> RatePanel:
    groups = [RateGroup("", (_rate_row("all lines", evaluation.total),))]
    scores = {name: evaluation.by(name) for name in groupings}
    groups += [_rate_group(GROUP_TITLES[name], found) for name, found in scores.items()]
    rows = [row for group in groups for row in group.rows]
    # A single line has a rate and no interval.
    ends = [row.high if np.isfinite(row.high) else row.value for row in rows]
    highs = [end for end in ends if np.isfinite(end)]
    level = round(100 * evaluation.jackknife.level)
    return RatePanel(
        "character error rate",
        tuple(groups),
        stop=1.05 * max(highs, default=0.0) or 1.0,
        axis_label=f"edits per 100 symbols, {level} % interval over lines",
        remark=f"hollow: fewer than {FEW} lines, interval holds less" if any(row.few for row in rows) else "",
    )


def _rate_group(title: str, scores: Mapping[str, Score]) -> RateGroup:
    """The rows of one grouping; where there are too many, those with the highest rates, highest first."""
    rows = [_rate_row(label, score) for label, score in scores.items()]
    if len(rows) <= GROUPS:
        return RateGroup(title, tuple(rows))
    rows.sort(key=lambda row: -row.value)
    return RateGroup(title, tuple(rows[:GROUPS]), len(rows) - GROUPS)


def _rate_row(label: str, score: Score) -> RateRow:
    rate = score.cer
    return RateRow(label, 100 * rate.value, 100 * rate.low, 100 * rate.high, score.lines, score.lines < FEW)


def _mistakes(evaluation: Evaluation) -> MistakePanel:
    rows = [
        MistakeRow(written, read, count, 0 if read else evaluation.lost_repeats.get(written, 0))
        for (written, read), count in list(evaluation.mistakes.items())[:MISTAKES]
    ]
    total = sum(evaluation.mistakes.values())
    return MistakePanel("most frequent mistakes", tuple(rows), f"times, of {total:,} mistakes", total)


def _spread(evaluation: Evaluation) -> SpreadPanel:
    errors, means = evaluation.spans, evaluation.total.spans
    assert means is not None
    kinds = {"center": errors.center, "left edge": errors.left, "right edge": errors.right}
    means_of = {
        "center": (means.center, means.center_share),
        "left edge": (means.left, means.left_share),
        "right edge": (means.right, means.right_share),
    }
    reach = float(np.ceil(max(np.quantile(np.abs(values), SHOWN) for values in kinds.values()))) or 1.0
    edges = np.linspace(-reach, reach, BINS + 1)
    curves = [
        SpreadCurve(
            f"{name}: {means_of[name][0].value:.1f} px, {means_of[name][1].value:.2f}",
            100 * np.histogram(values, edges)[0].astype(np.float64) / len(values),
        )
        for name, values in kinds.items()
    ]
    return SpreadPanel(
        "spans beside the true columns",
        edges,
        tuple(curves),
        "mean error in px, as share of the width",
        f"px right of the truth, {errors.count:,} symbols",
        "% of symbols",
    )
