"""What came of the trainings with and without recurrent layers: tables, sentences, numbers and a figure."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullLocator

from benchmarks.crnn_study import TIMED_COLUMNS, VARIANTS, Finding, Study
from benchmarks.printed_pages import score_numbers
from benchmarks.timing import table
from gateviz.errors import SelectionError
from gateviz.files.atomic import write_whole
from gateviz.measure.evaluation import Evaluation
from gateviz.measure.jackknife import Estimate
from gateviz.panels.colors import HAIRLINE, LAYERS
from gateviz.plot.canvas import GateFigure, new_figure, settings
from gateviz.plot.style import Style, style_named

RECURRENT = ("lstm", "gru")
_ROW = 0.115
_AROUND = 0.75
_MARKERS = "osD^"


@dataclass(frozen=True)
class Comparison:
    """One network's readings held against another's, line by line.

    Attributes:
        errors: edits of the first for one of the second.
        fewer: edits by which the first makes fewer, per symbol of the truth.
        more_lines: share of the lines that the first reads right and the second does not, less the opposite.
    """

    errors: Estimate
    fewer: Estimate
    more_lines: Estimate

    @property
    def verdict(self) -> str:
        """``fewer``, ``more``, or ``as many`` errors, as far as the interval tells."""
        return "fewer" if self.fewer.low > 0 else "more" if self.fewer.high < 0 else "as many"


def compare(first: Evaluation, second: Evaluation) -> Comparison:
    """Two readings of the same lines, their differences line by line.

    Raises:
        SelectionError: they are not of the same lines.
    """
    if [(line.name, line.truth) for line in first.lines] != [(line.name, line.truth) for line in second.lines]:
        raise SelectionError(
            f"readings of {len(first.lines)} and of {len(second.lines)} lines cannot be compared line by line: "
            f"they are not the same lines in the same order"
        )
    pairs = [(here.score, there.score) for here, there in zip(first.lines, second.lines, strict=True)]
    counts = {
        "first": [here.edits for here, _ in pairs],
        "second": [there.edits for _, there in pairs],
        "fewer": [there.edits - here.edits for here, there in pairs],
        "symbols": [here.symbols for here, _ in pairs],
        "gained": [int(here.right) - int(there.right) for here, there in pairs],
        "lines": [1] * len(pairs),
    }
    columns = {name: np.array(values, dtype=np.int64) for name, values in counts.items()}
    ratios = {"errors": ("first", "second"), "fewer": ("fewer", "symbols"), "more_lines": ("gained", "lines")}
    return Comparison(**first.jackknife.estimates(columns, ratios, signed=("fewer", "more_lines")))


def percent(estimate: Estimate, digits: int = 1) -> str:
    """A rate with its interval."""
    value, low, high = (f"{100 * number:.{digits}f}" for number in (estimate.value, estimate.low, estimate.high))
    return f"{value} ({low} to {high})"


def times(estimate: Estimate) -> str:
    """A factor with its interval; a dash where there is nothing to divide by."""
    if not estimate.of:
        return "–"
    return f"{estimate.value:.2f} ({estimate.low:.2f} to {estimate.high:.2f})"


def networks_table(found: Sequence[Finding]) -> str:
    """What each network is and costs."""
    header = ["network", "parameters", f"multiply-adds, 32 x {TIMED_COLUMNS}", "a frame sees", "ms a line", "training"]
    rows = [
        [
            VARIANTS[one.variant],
            f"{one.parameters:,}",
            f"{one.multiply_adds / 1e6:.1f} M",
            "the whole line" if one.variant in RECURRENT else f"{one.sees} columns",
            f"{one.milliseconds:.1f}",
            f"{one.training_seconds / 60:.1f} min",
        ]
        for one in found
    ]
    return table(header, rows)


def readings_table(found: Sequence[Finding]) -> str:
    """How each network reads each set of lines; the last column compares with the plain CNN, line by line."""
    header = ["lines", "network", "CER %", "words right %", "lines right %", "errors for one of the plain CNN"]
    plain = by_name(found)["none"]
    rows = []
    for name in plain.readings:
        for one in found:
            score = one.readings[name].total
            against = "1" if one is plain else times(compare(one.readings[name], plain.readings[name]).errors)
            rates = [percent(rate) for rate in (score.cer, score.word_accuracy, score.line_accuracy)]
            rows.append([name if one is found[0] else "", VARIANTS[one.variant], *rates, against])
    return table(header, rows)


def scripts_table(found: Sequence[Finding], name: str = "as trained") -> str:
    """Character error rates by script on one set; empty where there is one script only."""
    scores = [one.readings[name].by("script") for one in found]
    if len(scores[0]) < 2:
        return ""
    header = [f"{name}, CER %", "lines", *(VARIANTS[one.variant] for one in found)]
    rows = [
        [script, str(score.lines), *(percent(other[script].cer) for other in scores)]
        for script, score in scores[0].items()
    ]
    return table(header, rows)


def sentences(found: Sequence[Finding]) -> str:
    """Where the LSTM helps and where it does not, as far as the intervals tell."""
    names = by_name(found)
    return "".join(
        _sentences(names["lstm"], names[rival], words)
        for rival, words in (("none", "the plain CNN"), ("none-widened", "the plain CNN of as many parameters"))
        if rival in names
    )


def _sentences(crnn: Finding, rival: Finding, words: str) -> str:
    sets: dict[str, list[str]] = {}
    for name, reading in crnn.readings.items():
        sets.setdefault(compare(reading, rival.readings[name]).verdict, []).append(name)
    return "".join(
        f"- Against {words}, the LSTM makes {_WORDS[verdict]} on these sets: {', '.join(sets[verdict])}.\n"
        for verdict in _WORDS
        if verdict in sets
    )


_WORDS = {
    "fewer": "fewer errors",
    "as many": "neither more nor fewer errors, as far as these lines tell,",
    "more": "more errors",
}


def by_name(found: Sequence[Finding]) -> dict[str, Finding]:
    """The findings by their variants."""
    return {one.variant: one for one in found}


def fonts_of(found: Sequence[Finding]) -> list[str]:
    """The families of the test lines."""
    return sorted({line.font for reading in found[0].readings.values() for line in reading.lines})


def section(found: Sequence[Finding], study: Study, facts: Sequence[str], figure: str) -> str:
    """The measured part of the document."""
    one = found[0]
    first = next(iter(one.readings.values()))
    parts = [
        *facts,
        f"{study.steps:,} steps, {one.training_lines:,} lines learned from; alphabet of {len(study.symbols):,} symbols; "
        f"{len(first.lines)} test lines a set, in {', '.join(fonts_of(found))}. Ranges in brackets hold 95 %.",
        networks_table(found),
        readings_table(found),
        scripts_table(found),
        sentences(found),
        f"![Error rates of the networks on each set of lines, and their course in training](images/{figure})",
    ]
    return "\n\n".join(part.strip("\n") for part in parts if part)


def put_section(document: Path, name: str, text: str, target: Path) -> None:
    """Write a document with the part between its markers replaced.

    Raises:
        SelectionError: it has no such markers.
        OutputError: it cannot be written.
    """
    begin, end = f"<!-- begin: {name} -->", f"<!-- end: {name} -->"
    before, first, rest = document.read_text(encoding="utf-8").partition(begin)
    _, last, after = rest.partition(end)
    if not (first and last):
        raise SelectionError(f"{document} has no part between {begin} and {end}; put both lines where it should stand")
    write_whole(target, f"{before}{begin}\n\n{text}\n\n{end}{after}".encode())


def numbers(found: Sequence[Finding]) -> dict[str, Any]:
    """Everything that was measured."""
    plain = by_name(found)["none"]
    return {
        one.variant: {
            "parameters": one.parameters,
            f"multiply_adds_32x{TIMED_COLUMNS}": one.multiply_adds,
            "backbone_sees_columns": one.sees,
            "milliseconds_a_line": round(one.milliseconds, 2),
            "training_seconds": round(one.training_seconds),
            "training_lines": one.training_lines,
            "hidden_lines": one.hidden_lines,
            "validation_cer_by_step": [[step, round(cer, 5)] for step, cer in one.validations],
            "sets": {name: _set_numbers(reading, plain.readings[name]) for name, reading in one.readings.items()},
        }
        for one in found
    }


def _set_numbers(reading: Evaluation, plain: Evaluation) -> dict[str, Any]:
    against = compare(reading, plain)
    return {
        "all": score_numbers(reading.total),
        "by_script": {script: score_numbers(score) for script, score in reading.by("script").items()},
        "against_none": {
            "errors": _interval(against.errors),
            "fewer_per_symbol": _interval(against.fewer),
            "more_lines_right": _interval(against.more_lines),
        },
    }


def _interval(estimate: Estimate) -> dict[str, float] | None:
    """None where there is nothing to divide by, which JSON has no number for."""
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high} if estimate.of else None


def figure(found: Sequence[Finding], *, style: str | Style = "a4") -> GateFigure:
    """Error rates with their intervals by set of lines, and the error rate on the validation lines over the steps."""
    style = style_named(style)
    names = list(found[0].readings)
    with settings():
        made = new_figure(style, _ROW * len(names) * (len(found) + 1) + _AROUND, {})
        rates, course = made.subplots(1, 2, width_ratios=(3, 2))
        for number, one in enumerate(found):
            look = {"color": LAYERS[number], "marker": _MARKERS[number], "markersize": 3.0, "clip_on": False}
            places = np.arange(len(names)) + (number - (len(found) - 1) / 2) / (len(found) + 1)
            cer = [one.readings[name].total.cer for name in names]
            ends = [[100 * getattr(rate, end) for rate in cer] for end in ("low", "high")]
            rates.hlines(places, *ends, color=LAYERS[number], linewidth=2 * style.line_width, alpha=0.35)
            rates.plot([100 * rate.value for rate in cer], places, linestyle="", label=VARIANTS[one.variant], **look)
            steps, errors = zip(*one.validations, strict=True)
            course.plot(steps, [100 * rate for rate in errors], linewidth=style.line_width, **look)
        rates.set_ylim(len(names) - 0.5, -0.5)
        rates.set_yticks(range(len(names)), names)
        worst = max(reading.total.cer.high for one in found for reading in one.readings.values())
        rates.set_xlim(0, 103 * worst or 1)
        course.set_xlim(left=0)
        course.set_yscale("log")
        course.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        course.yaxis.set_major_formatter("{x:g}")
        course.yaxis.set_minor_locator(NullLocator())
        _finish(rates, "character error rate on test lines, %", "x", style)
        _finish(course, "step", "both", style)
        course.set_ylabel("character error rate on validation lines, %", fontsize=style.small_size)
        made.legend(loc="outside upper left", ncols=len(found), frameon=False, fontsize=style.small_size)
    return made


def _finish(axes: Axes, label: str, grid: Literal["x", "both"], style: Style) -> None:
    axes.set_xlabel(label, fontsize=style.small_size)
    axes.tick_params(labelsize=style.small_size)
    axes.grid(visible=True, axis=grid, which="major", color=HAIRLINE, linewidth=style.rule_width)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
