"""The report on claims: one HTML file with its pictures inside, which asks the network for nothing."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from gateviz.files.atomic import write_whole
from gateviz.panels.panel import PanelStack
from gateviz.plot.canvas import GateFigure
from gateviz.plot.claim_pages import course_page, line_stacks, metadata_of_report, place_of
from gateviz.plot.claims import course_figure, effects
from gateviz.plot.compose import compose
from gateviz.plot.style import style_named
from gateviz.studies.page import Figure, Kind, Page, Part, Section, Sentence, Table, as_html, skipped_table
from gateviz.survey.claim import Claim
from gateviz.survey.claim_report import ClaimReport, Outcome, Verdict
from gateviz.survey.claims_words import READING, effect_words, p_words, summary_words, unit_words

_STYLE = "a4"
# Figures by their name in the page, each drawn when its turn comes.
_Drawn = dict[str, Callable[[], GateFigure]]


def write_report(report: ClaimReport, path: str | Path, *, title: str = "", lines: bool = True) -> None:
    """Write the report as one HTML file, whole or not at all.

    Args:
        report: what was tested.
        path: where.
        title: of the page; empty takes the model's name.
        lines: draw the lines that show each claim best and those that speak against it.

    Raises:
        OutputError: it cannot be written.
    """
    write_whole(path, report_html(report, title=title, lines=lines).encode("utf-8", "backslashreplace"))


def report_html(report: ClaimReport, *, title: str = "", lines: bool = True) -> str:
    """The report as HTML."""
    facts = metadata_of_report(report)
    name = title or f"Claims about the gates of {facts.get('checkpoint') or facts.get('adapter') or 'a recognizer'}"
    drawn: _Drawn = {"effects": lambda: effects(report, style=_STYLE)}
    sections = [
        Section((*map(Sentence, summary_words(report)), skipped_table(report.corpus.skipped))),
        Section(tuple(Sentence(words, Kind.POINT) for words in READING), "How to read it"),
        Section((Figure("effects", "Effects of every claim with their intervals"),), "All effects"),
        *(_section(report, claim, drawn, with_lines=lines) for claim in report.claims),
    ]
    return as_html(Page(name, tuple(sections), {}), lambda figure: drawn[figure]())


def shown_outcome(outcomes: Sequence[Outcome]) -> Outcome:
    """The outcome whose lines are drawn: the one with the largest effect, with events where there is one."""
    return max(outcomes, key=lambda outcome: (bool(outcome.best or outcome.worst), _size(outcome)))


def _size(outcome: Outcome) -> float:
    reference = outcome.claim.share if outcome.claim.about_share else 0.0
    size = abs(outcome.numbers.effect - reference)
    return size if size == size else -1.0


def _section(report: ClaimReport, claim: Claim, drawn: _Drawn, *, with_lines: bool) -> Section:
    outcomes = report.of(claim)
    parts: list[Part] = [Sentence(claim.says, Kind.QUOTE)] if claim.says else []
    parts += [Sentence(f"Tested: {claim.words}."), _table(outcomes)]
    page = course_page(report, claim)
    if page is not None:
        course = f"course {claim.name}"
        drawn[course] = lambda: course_figure(page, style_named(_STYLE))
        parts.append(Figure(course, "The mean over the layer's units around the event, with a 95 % band over lines"))
    if with_lines:
        parts += _lines(report, shown_outcome(outcomes), drawn)
    return Section(tuple(parts), claim.name)


def _table(outcomes: Sequence[Outcome]) -> Table:
    about_share = outcomes[0].claim.about_share
    numeric = ("share" if about_share else "effect d", "95 %", "p", "frames", "left out", "lines")
    rows = []
    for outcome in outcomes:
        numbers = outcome.numbers
        counts = (f"{count:,}" for count in (numbers.inside, numbers.left_out, numbers.lines))
        words = unit_words(outcome), outcome.verdict.value, outcome.why
        rows.append([place_of(outcome), *effect_words(outcome), p_words(outcome), *counts, *words])
    clear = (Verdict.SUPPORTED, Verdict.CONTRADICTED)
    marks = {verdict.value: verdict.value if verdict in clear else "none" for verdict in Verdict}
    return Table(("", *numeric, "units", "verdict", "why"), rows, numeric=frozenset(numeric), marks=marks)


def _lines(report: ClaimReport, outcome: Outcome, drawn: _Drawn) -> list[Part]:
    best, worst = line_stacks(report, outcome)
    parts: list[Part] = []
    for words, none, positions, stacks in (
        ("show it best", "No line shows it", outcome.best, best),
        ("speak against it", "No line speaks against it", outcome.worst, worst),
    ):
        place = place_of(outcome)
        if not positions:
            parts.append(Sentence(f"{none} in {place}."))
            continue
        noun = "line" if len(positions) == 1 else "lines"
        marked = "" if outcome.claim.about_share else "; the event's frames are framed"
        parts.append(Sentence(f"The {len(positions)} {noun} that {words} in {place}{marked}", Kind.HEADING))
        for position, stack in zip(positions, stacks, strict=True):
            name = f"line {position} {outcome.claim.name}"
            drawn[name] = partial(_composed, stack)
            parts.append(Figure(name, report.corpus.lines[position].source.path.name))
    return parts


def _composed(stack: PanelStack) -> GateFigure:
    return compose(stack, style_named(_STYLE))
