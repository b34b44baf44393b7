"""What a corpus says to claims, as tables, sentences and plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from gateviz.files.printable import printable
from gateviz.measure.contrast import FEWEST_FRAMES, FEWEST_LINES
from gateviz.measure.jackknife import RULE
from gateviz.measure.line_events import MARGIN
from gateviz.studies.claims.request import LEAST_EFFECT, Claim, Statistic
from gateviz.studies.claims.results import ALPHA, ClaimReport, Outcome, Verdict
from gateviz.studies.page import Figure, Kind, Page, Part, Section, Sentence, Table, Where, counted, skipped_table

_READING = (
    "A forget gate at 1 keeps the cell and at 0 drops it: clearing memory is a LOW forget gate. So what is told as one "
    "claim is tested as two, of opposite sign.",
    "The effect is Cohen's d of the layer's mean at the event against elsewhere in the same line, each line less its own "
    "mean; its interval leaves out whole lines (jackknife, Student's t). Each p is two-sided, from circular shifts of the event's frames within "
    "their line, and corrected for all tests of the run (Benjamini and Hochberg). Units are tested one by one, corrected "
    "for their number.",
    f"Supported and contradicted need a corrected p below {ALPHA:g} and an effect of at least {LEAST_EFFECT:g} (the claim "
    f"may ask for another); a test needs {FEWEST_LINES} lines and {FEWEST_FRAMES} frames of each kind.",
    "Events are those that a layer meets: a backward layer reads from the right, so it meets a symbol at its right edge, "
    "a word at its last symbol and a line at its end, and its step is from the frame to the right.",
    "Within a symbol are the frames of its cell: half-way from the symbol before to half-way to the next one. Claims "
    "about a completed unit take the frames at which the path emits the symbol instead.",
    "A line's start is a sentence start for the network, and there its state has no past: the two are confounded. "
    "Sentence starts are therefore counted inside the line only; the line's start is a claim of its own.",
    f"At both ends of a text a state is warming up and paper is near, whatever is written there: {MARGIN} symbols at both ends "
    "take no part, or as many frames as a claim says, and shifts stay between them.",
    "A timescale, -1/ln(mean f), counts what the forget gate lets a cell keep. What goes round through the hidden state, "
    "and whether anything reads what was kept, it does not tell.",
    "A context is the share of the squared norm of dh(t)/dx(t-k), by the layer's own input x, that lies further than so "
    "many symbols from the frame; frames count the same, and its interval leaves out lines. Convolutions and the layers "
    "below have no part in it. A network through which no gradient goes is not measured.",
    "A contrast is a correlation: a gate that is low over punctuation may answer to the little ink there.",
)


def claims_page(report: ClaimReport, origin: Mapping[str, Any] | None = None, *, lines: bool = True) -> Page:
    """All that is said of a report.

    Args:
        report: what was tested.
        origin: which model read which lines, for the document.
        lines: show the lines that speak for each claim best and those that speak against it.
    """
    account = report.account
    first, *rest = _summary(report)
    sections = [
        Section((Sentence(first),)),
        Section((*(Sentence(words, where=Where.HTML) for words in rest), skipped_table(account.skipped))),
        Section(tuple(Sentence(words, Kind.POINT, Where.HTML) for words in _READING), "How to read it"),
        Section((Figure("effects", "Effects of every claim with their intervals"),), "All effects"),
        *(_section(report, claim, with_lines=lines) for claim in report.claims),
        Section(tuple(Sentence(words, where=Where.TERMINAL) for words in rest)),
    ]
    title = f"Claims about the gates of {account.origin.checkpoint or account.origin.adapter or 'a recognizer'}"
    return Page(title, tuple(sections), {**(origin or {}), **_document(report)}, _rows(report))


def shown_outcome(outcomes: Sequence[Outcome]) -> Outcome:
    """The outcome whose lines are drawn: the one with the largest effect, with events where there is one."""
    return max(outcomes, key=lambda outcome: (bool(outcome.best or outcome.worst), _size(outcome)))


def effect_words(outcome: Outcome) -> tuple[str, str]:
    """The effect and its interval."""
    numbers = outcome.numbers
    if numbers.effect != numbers.effect:
        return "–", ""
    if outcome.claim.about_share:
        digits = 0 if outcome.claim.statistic == Statistic.TIMESCALE else 1
        share, low, high = (f"{100 * one:.{digits}f}" for one in (numbers.effect, numbers.low, numbers.high))
        return f"{share} %", f"{low} to {high} %"
    return f"{numbers.effect:+.2f}", f"{numbers.low:+.2f} to {numbers.high:+.2f}"


def unit_words(outcome: Outcome) -> str:
    """How many units go which way."""
    units = outcome.units
    if outcome.claim.statistic == Statistic.CONTEXT:
        known = outcome.numbers.difference == outcome.numbers.difference
        return f"effective context {outcome.numbers.difference:.2f} symbols" if known else ""
    if outcome.claim.statistic == Statistic.TIMESCALE:
        return f"{units.agree} of {units.total}, median {outcome.numbers.difference:.1f} symbols"
    if outcome.numbers.why_not:
        return f"none tested of {units.total}"
    return f"{units.agree} for, {units.against} against, of {units.total}"


def _size(outcome: Outcome) -> float:
    reference = outcome.claim.share if outcome.claim.about_share else 0.0
    size = abs(outcome.numbers.effect - reference)
    return size if size == size else -1.0


def _summary(report: ClaimReport) -> list[str]:
    """How much was tested; first of all on how many true texts."""
    words = [
        f"{report.account.truths.words}.",
        f"{counted(len(report.claims), 'claim')}, {report.shifts:,} shifts a test, seed {report.seed}.",
    ]
    if skipped := report.account.skipped:
        words.append(f"{counted(len(skipped), 'more line')} could not be read and took no part.")
    return words


def _section(report: ClaimReport, claim: Claim, *, with_lines: bool) -> Section:
    """A claim: on a terminal its verdicts, its table and names of lines; on a page also its course and the lines."""
    outcomes = report.of(claim)
    margin = "" if claim.about_share else f"; {claim.margin_words} at both ends take no part"
    parts: list[Part] = [
        Sentence(f"{claim.name}: {_verdicts(outcomes)}\n  {claim.words}{margin}", where=Where.TERMINAL),
        *([Sentence(claim.says, Kind.QUOTE, Where.HTML)] if claim.says else []),
        Sentence(f"Tested: {claim.words}.", where=Where.HTML),
        *_tables(outcomes),
        *_line_names(report, outcomes),
    ]
    if any(outcome.has_course for outcome in outcomes):
        words = "The mean over the layer's units around the event, with a 95 % band over lines"
        parts.append(Figure(f"course {claim.name}", words))
    if with_lines:
        parts += _line_figures(report, shown_outcome(outcomes))
    return Section(tuple(parts), claim.name)


def _verdicts(outcomes: Sequence[Outcome]) -> str:
    """A claim's verdicts counted, such as ``supported in 3 of 4, contradicted in 1 of 4``."""
    counts = {verdict: sum(outcome.verdict == verdict for outcome in outcomes) for verdict in Verdict}
    return ", ".join(f"{verdict} in {count} of {len(outcomes)}" for verdict, count in counts.items() if count)


def _tables(outcomes: Sequence[Outcome]) -> tuple[Table, Table]:
    """A row a layer and direction; a page sets verdicts apart from their reasons."""
    about_share = outcomes[0].claim.about_share
    rows = []
    for outcome in outcomes:
        numbers = outcome.numbers
        p = "–" if outcome.p != outcome.p else f"{outcome.p:.2g}" if outcome.p >= 0.001 else "< 0.001"
        counts = (f"{count:,}" for count in (numbers.inside, numbers.left_out, numbers.lines))
        rows.append([outcome.place, *effect_words(outcome), p, *counts, unit_words(outcome)])
    numeric = ("95 %", "p", "frames", "left out", "lines")
    clear = (Verdict.SUPPORTED, Verdict.CONTRADICTED)
    marks = {verdict.value: verdict.value if verdict in clear else "none" for verdict in Verdict}
    said = [[*row, f"{one.verdict}: {one.why}"] for row, one in zip(rows, outcomes, strict=True)]
    told = [[*row, one.verdict.value, one.why] for row, one in zip(rows, outcomes, strict=True)]
    effect, short = ("share", "share") if about_share else ("effect d", "d")
    return (
        Table(("", short, *numeric, "units", "verdict"), said, where=Where.TERMINAL),
        Table(
            ("", effect, *numeric, "units", "verdict", "why"), told, where=Where.HTML,
            numeric=frozenset((effect, *numeric)), marks=marks,
        ),
    )  # fmt: skip


def _line_names(report: ClaimReport, outcomes: Sequence[Outcome]) -> list[Sentence]:
    """The lines that show each outcome best, and those that speak against it, for a terminal."""
    found = []
    for outcome in outcomes:
        for word, positions in (("best", outcome.best), ("against", outcome.worst)):
            names = ", ".join(printable(report.corpus.lines[at].source.path.name) for at in positions) or "none"
            found.append(Sentence(f"  {outcome.place} {word}: {names}", where=Where.TERMINAL))
    return found


def _line_figures(report: ClaimReport, outcome: Outcome) -> list[Part]:
    """The same lines of one outcome, drawn."""
    parts: list[Part] = []
    for words, none, positions in (
        ("show it best", "No line shows it", outcome.best),
        ("speak against it", "No line speaks against it", outcome.worst),
    ):
        if not positions:
            parts.append(Sentence(f"{none} in {outcome.place}.", where=Where.HTML))
            continue
        noun = "line" if len(positions) == 1 else "lines"
        marked = "" if outcome.claim.about_share else "; the event's frames are framed"
        heading = f"The {len(positions)} {noun} that {words} in {outcome.place}{marked}"
        parts.append(Sentence(heading, Kind.HEADING, Where.HTML))
        names = {at: report.corpus.lines[at].source.path.name for at in positions}
        parts += [Figure(f"line {at} {outcome.claim.name}", name) for at, name in names.items()]
    return parts


def _document(report: ClaimReport) -> dict[str, Any]:
    """Everything a report holds, as JSON has it."""
    account = report.account
    return {
        **account.document,
        "aligned_by_reading": [str(source.path) for source in account.by_reading],
        "test": {
            "rule": "circular shifts within the line, two-sided",
            "shifts": report.shifts,
            "correction": "Benjamini-Hochberg over all tests; units over their layer",
            "interval": f"{RULE}, 95 %, unit: line",
            "margin": f"{MARGIN} symbols at both ends of the text, where a claim has none of its own",
            "seed": report.seed,
        },
        "claims": [
            {
                **asdict(claim),
                "tested": claim.words,
                "outcomes": [_outcome_document(report, outcome) for outcome in report.of(claim)],
            }
            for claim in report.claims
        ],
    }


def _outcome_document(report: ClaimReport, outcome: Outcome) -> dict[str, Any]:
    def names(positions: tuple[int, ...]) -> list[str]:
        return [str(report.corpus.lines[position].source.path) for position in positions]

    return {
        **_numbers(outcome),
        "units": asdict(outcome.units),
        "verdict": str(outcome.verdict),
        "why": outcome.why,
        "best": names(outcome.best),
        "against": names(outcome.worst),
    }


def _numbers(outcome: Outcome) -> dict[str, Any]:
    numbers = outcome.numbers
    return {
        "layer": outcome.layer, "direction": str(outcome.direction), "effect": numbers.effect, "low": numbers.low,
        "high": numbers.high, "p": outcome.p, "difference": numbers.difference, "frames": numbers.inside,
        "other_frames": numbers.outside, "left_out": numbers.left_out, "lines": numbers.lines,
    }  # fmt: skip


def _rows(report: ClaimReport) -> list[dict[str, Any]]:
    """A row an outcome."""
    return [
        {
            "claim": one.claim.name, **_numbers(one), "units_agree": one.units.agree, "units_against": one.units.against,
            "units": one.units.total, "verdict": str(one.verdict), "why": one.why,
        }
        for one in report.outcomes
    ]  # fmt: skip
