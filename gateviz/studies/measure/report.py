"""What was measured over a corpus, as tables, sentences and plain values."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gateviz.measure.contrast import FEWEST_FRAMES, FEWEST_LINES
from gateviz.measure.line_events import MARGIN
from gateviz.measure.timescale import memory_spread, share_beyond
from gateviz.studies.measure.results import MeasureReport, Telling, document, margin_words, unit_rows
from gateviz.studies.measure.sums import GROUPS
from gateviz.studies.page import Figure, Kind, Page, Section, Sentence, Table, Where, counted, skipped_table

SHOWN = 4
"""Events of each layer that a terminal shows; a page, and JSON, have all of them."""
ALIKE = 0.9

_READING = (
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


def measure_page(report: MeasureReport, origin: Mapping[str, Any] | None = None) -> Page:
    """All that is said of a report.

    Args:
        report: what was measured.
        origin: which model read which lines, for the document.
    """
    first, *rest = _summary(report)
    model = report.account.origin.checkpoint or report.account.origin.adapter or "a recognizer"
    untested = [Sentence(words) for words in untested_words(report)]
    sections = [
        Section((Sentence(first),)),
        Section((*(Sentence(words, where=Where.HTML) for words in rest), skipped_table(report.account.skipped))),
        Section(tuple(Sentence(words, Kind.POINT, Where.HTML) for words in _READING), "How to read it"),
        *_figure_sections(report),
        Section((*untested, *(Sentence(words, where=Where.TERMINAL) for words in rest))),
    ]
    return Page(
        f"What the gates of {model} do", tuple(sections), {**(origin or {}), **document(report)}, unit_rows(report)
    )


def _figure_sections(report: MeasureReport) -> list[Section]:
    """Each figure with its table; those that the report has."""
    places = report.places
    found = []
    if any(place.saturations for place in places):
        words = "Each unit at its share of frames below 0.1 and above 0.9; below the diagonal nothing else is possible"
        found.append(Section((Figure("saturation", words),), "Saturation"))
    memory: list[Figure | Table] = [_memory_table(report)]
    if any(place.timescales is not None or np.isfinite(place.course.mean).any() for place in places):
        words = "How long units remember, by their mean forget gate; and what the gate does around the event"
        memory.insert(0, Figure("memory", words))
    found.append(Section(tuple(memory), "Memory, and the course around the event"))
    if report.side_by_side:
        words = "The units of each layer, forward above the line and backward below it, with quartiles"
        found.append(Section((Figure("directions", words),), "Forward beside backward"))
    if report.directions:
        words = "Forward against backward: Cliff's delta with its interval over lines; filled: corrected p over lines below 0.05"
        found.append(Section((Figure("effects", words), _direction_table(report)), "How much they differ"))
    words = "The unit of each layer and direction that tells an event best, with its interval over lines"
    tables = _telling_table(report), _strongest_table(report)
    found.append(Section((Figure("telling", words), *tables), "Units that tell events"))
    words = "How units move together: correlations, those alike beside each other"
    found.append(Section((Figure("alike", words), _agreement_table(report)), "Units that do the same"))
    return found


def figures_of(report: MeasureReport) -> list[Figure]:
    """The figures that a report has, from top to bottom."""
    return [part for section in _figure_sections(report) for part in section.parts if isinstance(part, Figure)]


def p_words(p: float) -> str:
    """A p value; a dash where there is none."""
    return "–" if np.isnan(p) else f"{p:.2g}" if p >= 0.001 else "< 0.001"


def untested_words(report: MeasureReport) -> list[str]:
    """A sentence for every event that is too rare to be tested."""
    found = []
    for event in report.request.all_events:
        told = [place.told(event) for place in report.places]
        why = {"no such frames" if one is None else one.found.why_not for one in told} - {""}
        if why:
            found.append(f"Not tested, {event.words}: {' or '.join(sorted(why))}.")
    return found


def strongest_rows(report: MeasureReport, most: int) -> list[list[str]]:
    """The events that units of each layer and direction tell best, the strongest first, ``most`` of each."""
    rows = []
    for place in report.places:
        found = [place.told(event) for event in report.request.all_events]
        tested = [one for one in found if one is not None and not one.found.why_not and one.best is not None]
        tested.sort(key=lambda one: -float(np.nanmax(np.abs(one.found.auc - 0.5))))
        rows += [[place.words, one.event.words, *_telling_words(one)] for one in tested[:most]]
    return rows


def _summary(report: MeasureReport) -> list[str]:
    """How much was measured; first of all on how many true texts."""
    account = report.account
    frames = max(place.frames for place in report.places)
    pitch = "" if np.isnan(report.pitch) else f", {report.pitch:.2f} frames a symbol"
    words = [f"{account.truths.words}.", f"{counted(frames, 'frame')} of {report.stride:.2f} columns{pitch}."]
    if account.skipped:
        words.append(f"{counted(len(account.skipped), 'more line')} could not be read and took no part.")
    place = report.places[0]
    tellings = {telling.event: telling for telling in place.tellings}.values()
    out = sum(telling.left_out for telling in tellings)
    all_frames = out + sum(telling.found.inside for telling in tellings)
    words.append(
        f"{margin_words(report)} at both ends of each text take no part in what is said of events, as states warm up there: "
        f"{out:,} of {counted(all_frames, 'frame')} of events, of {place.words}."
    )
    if account.lines > GROUPS:
        words.append(
            f"Intervals and tests over lines take {GROUPS} groups of lines for lines, line n in group n mod {GROUPS}."
        )
    return words


def _length(value: float) -> str:
    """A length of time with three digits, or in words."""
    return "–" if np.isnan(value) else "∞" if np.isinf(value) else f"{value:.3g}"


def _memory_table(report: MeasureReport) -> Table:
    """A row a layer and direction: timescales, and the mean share of frames at which gates are saturated."""
    rows = []
    for place in report.places:
        words = ["no forget or update gate was recorded", "", "", "", ""]
        if place.timescales is not None:
            frames, symbols = memory_spread(place.timescales), memory_spread(place.timescales / report.pitch)
            shares = [share_beyond(place.timescales / report.pitch, length) for length in (1.0, 10.0)]
            words = [
                _length(frames.median), _length(symbols.median), f"{_length(symbols.lower)} to {_length(symbols.upper)}",
                *("–" if np.isnan(report.pitch) else f"{100 * share:.0f} %" for share in shares),
            ]  # fmt: skip
        gates = ", ".join(
            f"{gate.letter} {100 * found.left.mean():.0f}|{100 * found.right.mean():.0f}"
            for gate, found in place.saturations.items()
        )
        rows.append([place.words, str(place.units), *words, gates])
    head = (
        "", "units", "median frames", "median symbols", "quartiles, symbols", "beyond 1 symbol", "beyond 10", "gates",
    )  # fmt: skip
    return Table(head, rows, "Saturation and memory (gates: mean % of frames below 0.1|above 0.9)")


def _agreement_table(report: MeasureReport) -> Table:
    rows = [
        [
            place.words, str(place.units), place.agreement.quantity.words, f"{place.agreement.participation:.1f}",
            f"{np.median(place.agreement.redundancy):.2f}", f"{100 * (place.agreement.redundancy > ALIKE).mean():.0f} %",
        ]
        for place in report.places
    ]  # fmt: skip
    head = ("", "units", "series", "directions used", "median |r| to the nearest", "|r| > 0.9")
    return Table(head, rows, "Agreement of units")


def _direction_table(report: MeasureReport) -> Table:
    """A row a layer and number: medians over units, effect, interval, both p."""
    rows = [
        [
            f"layer {row.layer}, {row.what}", f"{np.median(row.forward):.2g}", f"{np.median(row.backward):.2g}",
            f"{row.contrast.effect:+.2f}", f"{row.contrast.low:+.2f} to {row.contrast.high:+.2f}", p_words(row.p),
            p_words(row.p_units), row.contrast.why_not or str(row.contrast.lines),
        ]
        for row in report.directions
    ]  # fmt: skip
    head = ("", "forward", "backward", "delta", "95 %", "p lines", "p units", "lines")
    title = "Forward against backward (medians over units; Cliff's delta, above 0: forward has more)"
    return Table(head, rows, title)


def _telling_table(report: MeasureReport) -> Table:
    """A row an event, layer and direction: the best unit of all series."""
    rows = [
        [event.words, place.words, *_telling_words(place.told(event))]
        for event in report.request.all_events
        for place in report.places
    ]
    return Table(("event", "", "unit", "series", "AUC", "95 %", "p", "frames"), rows, where=Where.HTML)


def _strongest_table(report: MeasureReport) -> Table:
    head = ("", "event", "unit", "series", "AUC", "95 %", "p", "frames")
    title = f"The {SHOWN} events that a unit of each layer tells best"
    return Table(head, strongest_rows(report, SHOWN), title, Where.TERMINAL)


def _telling_words(telling: Telling | None) -> list[str]:
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
