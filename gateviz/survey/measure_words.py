"""A report on measures in words, the same for a page and for the command line."""

import numpy as np

from gateviz.measure.contrast import FEWEST_FRAMES, FEWEST_LINES
from gateviz.measure.timescale import memory_spread, share_beyond
from gateviz.survey.claim import MARGIN
from gateviz.survey.measure_report import MeasureReport, PlaceMeasures, Telling
from gateviz.survey.measure_sums import GROUPS

ALPHA = 0.05

READING = (
    "Saturation: the share of frames at which a gate is below 0.1 or above 0.9 (Karpathy, Johnson and Fei-Fei 2015). A "
    "forget gate at 1 keeps the cell and at 0 drops it.",
    "Timescale: -1 / ln(mean f), the frames after which a cell that is only multiplied by its mean forget gate has fallen "
    "to 1/e; in symbols by the mean distance of neighboring symbols. It counts what the forget gate lets a cell keep, not "
    "what goes round through the hidden state.",
    "Telling: the chance that a frame of the event has a higher value than another frame of the same line (AUC); lines of "
    "another level as a whole count for nothing. Its interval leaves out lines one at a time (jackknife, Student's t); p is two-sided, from circular "
    "shifts of the event within its line, and corrected for all units, series, events and layers (Benjamini and Hochberg). "
    f"A test needs {FEWEST_LINES} lines and {FEWEST_FRAMES} frames of each kind. The best of many units looks better than it is.",
    f"At both ends of a text a state is warming up, whatever is written there: {MARGIN} symbols at both ends, or the --margin, "
    "take no part in telling, courses and the tests of them (but for the line's first frame), and shifts stay between them.",
    "Events are those that a layer meets: a backward layer enters a symbol at its right edge. A symbol's frames go from "
    "half-way after the one before to half-way to the next.",
    "Forward against backward: Cliff's delta over the units of a layer, with an interval over lines. p over lines "
    "says whether these units would differ again on other lines (signs flipped line by line); p over units whether the means of two "
    "random halves of one pool of units would differ as much, lines being random too. Only the second speaks of networks trained anew. Both are corrected.",
    "Agreement: correlation of units over frames, each line less its own mean. The participation ratio says how many "
    "directions the units really use.",
    "None of this says what a unit is for: telling an event is no cause of reading it.",
)


def counted(count: int, noun: str) -> str:
    """Such as ``1 line`` or ``1,200 lines``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def p_words(p: float) -> str:
    """A p value; a dash where there is none."""
    return "–" if np.isnan(p) else f"{p:.2g}" if p >= 0.001 else "< 0.001"


def length_words(value: float) -> str:
    """A length of time with three digits, or in words."""
    return "–" if np.isnan(value) else "∞" if np.isinf(value) else f"{value:.3g}"


def summary_words(report: MeasureReport) -> list[str]:
    """How much was measured; first of all on how many true texts."""
    frames = max(place.frames for place in report.places)
    pitch = "" if np.isnan(report.pitch) else f", {report.pitch:.2f} frames a symbol"
    words = [f"{report.truths.words}.", f"{counted(frames, 'frame')} of {report.stride:.2f} columns{pitch}."]
    if report.skipped:
        words.append(f"{counted(len(report.skipped), 'more line')} could not be read and took no part.")
    words.append(_margin_sentence(report))
    if report.lines > GROUPS:
        words.append(
            f"Intervals and tests over lines take {GROUPS} groups of lines for lines, line n in group n mod {GROUPS}."
        )
    return words


def margin_of(report: MeasureReport) -> str:
    """What is left out at both ends of a text."""
    margin = report.request.margin
    return f"{MARGIN} symbols" if margin is None else counted(margin, "frame")


def _margin_sentence(report: MeasureReport) -> str:
    place = report.places[0]
    tellings = {telling.event: telling for telling in place.tellings}.values()
    out = sum(telling.left_out for telling in tellings)
    all_frames = out + sum(telling.found.inside for telling in tellings)
    return (
        f"{margin_of(report)} at both ends of each text take no part in what is said of events, as states warm up there: "
        f"{out:,} of {counted(all_frames, 'frame')} of events, of {place.words}."
    )


def memory_words(place: PlaceMeasures, pitch: float) -> list[str]:
    """Median and quartiles of the timescales in frames and in symbols, and the shares beyond one symbol and ten."""
    if place.timescales is None:
        return ["no forget or update gate was recorded", "", "", "", ""]
    frames, symbols = memory_spread(place.timescales), memory_spread(place.timescales / pitch)
    shares = [share_beyond(place.timescales / pitch, length) for length in (1.0, 10.0)]
    return [
        length_words(frames.median),
        length_words(symbols.median),
        f"{length_words(symbols.lower)} to {length_words(symbols.upper)}",
        *("–" if np.isnan(pitch) else f"{100 * share:.0f} %" for share in shares),
    ]


def telling_words(telling: Telling | None) -> list[str]:
    """Unit, series, area, interval, p and counts of the best unit; or why there is no test."""
    if telling is None or (best := telling.best) is None:
        return ["–", "", "", "", "", "no such frames"]
    found = telling.found
    count = f"{found.inside:,} in {counted(found.lines, 'line')}"
    count += f", {telling.left_out:,} left out" if telling.left_out else ""
    return [
        str(best),
        telling.quantity.words,
        f"{found.auc[best]:.2f}",
        "" if np.isnan(found.low[best]) else f"{found.low[best]:.2f} to {found.high[best]:.2f}",
        p_words(float(telling.p[best])),
        f"{count}: no test, {found.why_not}" if found.why_not else count,
    ]
