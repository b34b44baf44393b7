"""What the figure of an evaluation shows: error rates by group, the most frequent mistakes, where spans lie."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float64

from gateviz.measure.evaluation import GROUPINGS, Evaluation, Score
from gateviz.measure.jackknife import FEW

# Most of each that are shown; of the errors of spans, the share that the axis shows.
MISTAKES, GROUPS, BINS, SHOWN = 12, 12, 48, 0.99
GROUP_TITLES = {"script": "by script", "length": "by symbols", "font": "by font"}


class RateRow(NamedTuple):
    """The error rate of one group of lines, in percent; ``few`` says that they are too few for its interval."""

    label: str
    value: float
    low: float
    high: float
    lines: int
    few: bool


class RateGroup(NamedTuple):
    """Rows that together are all lines, but for the groups with lower rates for which there is no room."""

    title: str
    rows: tuple[RateRow, ...]
    left_out: int = 0


class RatePanel(NamedTuple):
    """Error rates with their intervals, on an axis from 0 to ``stop`` percent."""

    groups: tuple[RateGroup, ...]
    stop: float
    axis_label: str
    remark: str
    title: str = "character error rate"


@dataclass(frozen=True)
class MistakeRow:
    """One kind of mistake, empty where nothing is written or read, and how many of these are lost doubled letters."""

    written: str
    read: str
    count: int
    doubled: int


class MistakePanel(NamedTuple):
    """The most frequent mistakes, and how many there are of all kinds."""

    rows: tuple[MistakeRow, ...]
    axis_label: str
    total: int
    title: str = "most frequent mistakes"


class SpreadCurve(NamedTuple):
    """Errors of one kind: its name with the means, and their shares in each bin, in percent."""

    label: str
    shares: Float64[np.ndarray, " bins"]


class SpreadPanel(NamedTuple):
    """Where aligned spans lie beside the true columns: bins in pixels, positive is too far right."""

    edges: Float64[np.ndarray, " edges"]
    curves: tuple[SpreadCurve, ...]
    axis_label: str
    curves_title: str = "mean error in px, as share of the width"
    title: str = "spans beside the true columns"


class EvaluationPage(NamedTuple):
    """What the figure shows; no mistakes where there is none, no spread where no true columns are known."""

    rates: RatePanel
    mistakes: MistakePanel | None
    spread: SpreadPanel | None


def evaluation_page(evaluation: Evaluation, groupings: Sequence[str] | None = None) -> EvaluationPage:
    """What the figure of an evaluation shows; arguments as ``error_rates`` has them.

    Raises:
        SelectionError: there is no such grouping.
    """
    chosen = [name for name in GROUPINGS if evaluation.knows(name)] if groupings is None else groupings
    return EvaluationPage(
        _rates(evaluation, chosen),
        _mistakes(evaluation) if evaluation.mistakes else None,
        _spread(evaluation) if evaluation.spans.count else None,
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
    return RateRow(
        label, 100 * rate.value, low=100 * rate.low, high=100 * rate.high, lines=score.lines, few=score.lines < FEW
    )


def _mistakes(evaluation: Evaluation) -> MistakePanel:
    rows = [
        MistakeRow(written, read, count, 0 if read else evaluation.lost_repeats.get(written, 0))
        for (written, read), count in list(evaluation.mistakes.items())[:MISTAKES]
    ]
    total = sum(evaluation.mistakes.values())
    return MistakePanel(tuple(rows), f"times, of {total:,} mistakes", total)


def _spread(evaluation: Evaluation) -> SpreadPanel:
    errors, means = evaluation.spans, evaluation.total.spans
    assert means is not None
    kinds = {
        "center": (errors.center, means.center, means.center_share),
        "left edge": (errors.left, means.left, means.left_share),
        "right edge": (errors.right, means.right, means.right_share),
    }
    reach = float(np.ceil(max(np.quantile(np.abs(values), SHOWN) for values, *_ in kinds.values()))) or 1.0
    edges = np.linspace(-reach, reach, BINS + 1)
    curves = [
        SpreadCurve(
            f"{name}: {mean.value:.1f} px, {share.value:.2f}",
            100 * np.histogram(values, edges)[0].astype(np.float64) / len(values),
        )
        for name, (values, mean, share) in kinds.items()
    ]
    return SpreadPanel(edges, tuple(curves), f"px right of the truth, {errors.count:,} symbols")
