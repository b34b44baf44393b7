"""The report on measures: one HTML file with its figures and tables inside."""

import html
from collections.abc import Sequence
from pathlib import Path

from gateviz.files.atomic import write_whole
from gateviz.plot.html_page import html_page, picture, skipped_lines
from gateviz.plot.measure_pages import measure_page
from gateviz.plot.measures import section_figure, sections
from gateviz.plot.style import style_named
from gateviz.survey.measure_report import MeasureReport
from gateviz.survey.measure_tables import (
    AGREEMENT_HEAD,
    DIRECTION_HEAD,
    MEMORY_HEAD,
    TELLING_HEAD,
    agreement_rows,
    direction_rows,
    memory_rows,
    telling_rows,
)
from gateviz.survey.measure_words import READING, summary_words

_STYLE = "a4"
_TITLES = {
    "saturation": "Saturation",
    "memory": "Memory, and the course around the event",
    "directions": "Forward beside backward",
    "effects": "How much they differ",
    "telling": "Units that tell events",
    "alike": "Units that do the same",
}


def write_measures(report: MeasureReport, path: str | Path, *, title: str = "") -> None:
    """Write the report as one HTML file, whole or not at all.

    Args:
        report: what was measured.
        path: where.
        title: of the page; empty takes the model's name.

    Raises:
        OutputError: it cannot be written.
    """
    write_whole(path, measures_html(report, title=title).encode("utf-8", "backslashreplace"))


def measures_html(report: MeasureReport, *, title: str = "") -> str:
    """The report as HTML."""
    page = measure_page(report)
    model = report.origin.checkpoint or report.origin.adapter or "a recognizer"
    name = title or f"What the gates of {model} do"
    style = style_named(_STYLE)
    tables = {
        "memory": _table(MEMORY_HEAD, memory_rows(report)),
        "effects": _table(DIRECTION_HEAD, direction_rows(report)),
        "telling": _table(TELLING_HEAD, telling_rows(report)),
        "alike": _table(AGREEMENT_HEAD, agreement_rows(report)),
    }
    parts = [
        f"<h1>{html.escape(name)}</h1>",
        *(f"<p>{html.escape(words)}</p>" for words in summary_words(report)),
        skipped_lines(report.skipped),
        "<h2>How to read it</h2><ul>",
        *(f"<li>{html.escape(words)}</li>" for words in READING),
        "</ul>",
    ]
    for section in sections(page, style):
        parts += [
            f"<h2>{_TITLES[section.name]}</h2>",
            picture(section_figure(section, page, style), section.caption),
            tables.get(section.name, ""),
        ]
    return html_page(name, parts)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; empty without a row."""
    if not rows:
        return ""
    lines = ["<tr>" + "".join(f"<th>{html.escape(word)}</th>" for word in head) + "</tr>"]
    lines += ["<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows]
    return f"<table>{''.join(lines)}</table>"
