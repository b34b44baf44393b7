"""The report on claims: one HTML file with its pictures inside, which asks the network for nothing."""

import html
from collections.abc import Sequence
from pathlib import Path

from gateviz.files.atomic import write_whole
from gateviz.panels.panel import PanelStack
from gateviz.plot.claim_pages import course_page, line_stacks, metadata_of_report, place_of
from gateviz.plot.claims import course_figure, effects
from gateviz.plot.compose import compose
from gateviz.plot.html_page import html_page, picture, skipped_lines
from gateviz.plot.style import style_named
from gateviz.survey.claim import Claim
from gateviz.survey.claim_report import ClaimReport, Outcome, Verdict
from gateviz.survey.claims_words import READING, effect_words, p_words, summary_words, unit_words

_STYLE = "a4"


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
    parts = [
        f"<h1>{html.escape(name)}</h1>",
        *(f"<p>{html.escape(words)}</p>" for words in summary_words(report)),
        skipped_lines(report.corpus.skipped),
        "<h2>How to read it</h2><ul>",
        *(f"<li>{html.escape(words)}</li>" for words in READING),
        "</ul><h2>All effects</h2>",
        picture(effects(report, style=_STYLE), "Effects of every claim with their intervals"),
    ]
    for claim in report.claims:
        parts += _section(report, claim, with_lines=lines)
    return html_page(name, parts)


def shown_outcome(outcomes: Sequence[Outcome]) -> Outcome:
    """The outcome whose lines are drawn: the one with the largest effect, with events where there is one."""
    return max(outcomes, key=lambda outcome: (bool(outcome.best or outcome.worst), _size(outcome)))


def _size(outcome: Outcome) -> float:
    reference = outcome.claim.share if outcome.claim.about_share else 0.0
    size = abs(outcome.numbers.effect - reference)
    return size if size == size else -1.0


def _section(report: ClaimReport, claim: Claim, *, with_lines: bool) -> list[str]:
    outcomes = report.of(claim)
    parts = [f"<h2>{html.escape(claim.name)}</h2>"]
    if claim.says:
        parts.append(f"<blockquote>{html.escape(claim.says)}</blockquote>")
    parts += [f"<p>Tested: {html.escape(claim.words)}.</p>", _table(report, outcomes)]
    page = course_page(report, claim)
    if page is not None:
        caption = "The mean over the layer's units around the event, with a 95 % band over lines"
        parts.append(picture(course_figure(page, style_named(_STYLE)), caption))
    if with_lines:
        parts += _lines(report, shown_outcome(outcomes))
    return parts


def _table(report: ClaimReport, outcomes: Sequence[Outcome]) -> str:
    about_share = outcomes[0].claim.about_share
    head = [
        "",
        "share" if about_share else "effect d",
        "95 %",
        "p",
        "frames",
        "left out",
        "lines",
        "units",
        "verdict",
        "why",
    ]
    rows = ["<tr>" + "".join(f"<th>{word}</th>" for word in head) + "</tr>"]
    for outcome in outcomes:
        numbers = outcome.numbers
        effect, interval = effect_words(outcome)
        cells = [
            effect,
            interval,
            p_words(outcome),
            f"{numbers.inside:,}",
            f"{numbers.left_out:,}",
            f"{numbers.lines:,}",
        ]
        kind = outcome.verdict.value if outcome.verdict in (Verdict.SUPPORTED, Verdict.CONTRADICTED) else "none"
        rows.append(
            f"<tr><td>{place_of(outcome)}</td>"
            + "".join(f'<td class="n">{html.escape(cell)}</td>' for cell in cells)
            + f"<td>{html.escape(unit_words(outcome))}</td>"
            + f'<td class="{kind}">{outcome.verdict.value}</td><td>{html.escape(outcome.why)}</td></tr>'
        )
    return f"<table>{''.join(rows)}</table>"


def _lines(report: ClaimReport, outcome: Outcome) -> list[str]:
    best, worst = line_stacks(report, outcome)
    parts = []
    for words, none, positions, stacks in (
        ("show it best", "No line shows it", outcome.best, best),
        ("speak against it", "No line speaks against it", outcome.worst, worst),
    ):
        place = place_of(outcome)
        if not positions:
            parts.append(f"<p>{none} in {place}.</p>")
            continue
        noun = "line" if len(positions) == 1 else "lines"
        marked = "" if outcome.claim.about_share else "; the event's frames are framed"
        parts.append(f"<h3>The {len(positions)} {noun} that {words} in {place}{marked}</h3>")
        parts += [_line(report, position, stack) for position, stack in zip(positions, stacks, strict=True)]
    return parts


def _line(report: ClaimReport, position: int, stack: PanelStack) -> str:
    return picture(compose(stack, style_named(_STYLE)), report.corpus.lines[position].source.path.name)
