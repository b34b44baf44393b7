"""What a study says, as one document: rendered to a terminal, to JSON, to CSV and to one HTML file.

A page is plain data: it names its figures, and whoever renders it to HTML hands over a painter. So what a study says
is written once, and needs no drawing library where nothing is drawn.
"""

import base64
import csv
import html
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from gateviz.files.printable import table
from gateviz.studies.account import Skipped

DPI = 120
_HTML = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="gateviz">
<title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }}
h2 {{ margin-top: 2.5rem; border-top: 1px solid #c8c8c8; padding-top: 1rem; }}
table {{ border-collapse: collapse; font-size: 13px; }}
caption {{ text-align: left; color: #444; padding: .4rem 0; white-space: nowrap; }}
td, th {{ padding: .2rem .7rem .2rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid #eee; }}
td.n {{ text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }}
.supported {{ font-weight: 600; }} .contradicted {{ font-weight: 600; color: #c1121f; }} .none {{ color: #6e6e6e; }}
blockquote {{ margin: .5rem 0; padding-left: .8rem; border-left: 3px solid #c8c8c8; color: #444; }}
figure {{ margin: .6rem 0; }} figcaption {{ font-size: 13px; color: #444; }}
img {{ max-width: 100%; height: auto; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""


class Where(StrEnum):
    """Where a part is shown: a page has room for what a terminal has not."""

    BOTH = "both"
    TERMINAL = "terminal"
    HTML = "html"


class Kind(StrEnum):
    """How a page sets a sentence: as a paragraph, as one of a list, as somebody's words, or over what follows."""

    PLAIN = "p"
    POINT = "li"
    QUOTE = "blockquote"
    HEADING = "h3"


@dataclass(frozen=True)
class Sentence:
    """A sentence, or a few.

    Attributes:
        words: as they stand.
        kind: how a page sets it; a terminal makes no difference.
        where: it is shown.
    """

    words: str
    kind: Kind = Kind.PLAIN
    where: Where = Where.BOTH


@dataclass(frozen=True)
class Table:
    """Rows of words.

    Attributes:
        head: of the columns.
        rows: each as long as the head; without any, nothing is shown.
        title: above it.
        where: it is shown.
        folded: on a page it is opened by a click on its title.
        numeric: columns of numbers, by their head.
        marks: classes of a page's cells, by the words in them, such as those of a verdict.
    """

    head: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    title: str = ""
    where: Where = Where.BOTH
    folded: bool = False
    numeric: frozenset[str] = frozenset()
    marks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    """A picture that a page holds, drawn by whoever renders it.

    Attributes:
        name: by which the painter knows it.
        caption: what it shows.
    """

    name: str
    caption: str


Part = Sentence | Table | Figure


@dataclass(frozen=True)
class Section:
    """Parts that belong together: a block on the terminal, and under a heading on a page where there is a title.

    Attributes:
        parts: one below the other.
        title: of a page's heading.
    """

    parts: tuple[Part, ...]
    title: str = ""


@dataclass(frozen=True)
class Page:
    """All that a study says.

    Attributes:
        title: of the HTML page.
        sections: one below the other.
        document: the numbers, of JSON's types; infinity and NaN are let through.
        rows: the numbers for a spreadsheet, a mapping a row; rows may have other columns.
    """

    title: str
    sections: tuple[Section, ...]
    document: Mapping[str, Any]
    rows: Sequence[Mapping[str, Any]] = ()


@runtime_checkable
class Drawn(Protocol):
    """A figure that can be saved, such as matplotlib's."""

    def savefig(self, fname: Any, **options: Any) -> None:
        """Draw into a file or a stream."""


def counted(count: int, noun: str) -> str:
    """Such as ``1 line`` or ``1,200 lines``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def skipped_table(skipped: Sequence[Skipped]) -> Table:
    """The lines that could not be read, for a page; the terminal has been told of them while they were read."""
    rows = [[str(one.source.path), one.why] for one in skipped]
    title = f"{counted(len(skipped), 'line')} that could not be read"
    return Table(("line", "why"), rows, title, Where.HTML, folded=True)


def as_text(page: Page) -> str:
    """The page for a terminal: blocks with a line between them, each table under its title."""
    blocks = ["\n".join(filter(None, map(_text, section.parts))) for section in page.sections]
    return "\n\n".join(filter(None, blocks))


def as_csv(page: Page) -> str:
    """The rows for a spreadsheet, with a header; what a row does not have is empty."""
    names = list(dict.fromkeys(name for row in page.rows for name in row))
    stream = io.StringIO()
    writer = csv.DictWriter(stream, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(page.rows)
    return stream.getvalue()


def as_html(page: Page, paint: Callable[[str], Drawn]) -> str:
    """The page as one HTML file that asks the network for nothing.

    Args:
        page: what is said.
        paint: draws the figure of a name.
    """
    parts = [f"<h1>{html.escape(page.title)}</h1>"]
    for section in page.sections:
        if section.title:
            parts.append(f"<h2>{html.escape(section.title)}</h2>")
        parts += [_html(part, paint) for part in section.parts]
    body = "\n".join(filter(None, parts)).replace("</ul>\n<ul>", "\n")  # points in a row are one list
    return _HTML.format(title=html.escape(page.title), body=body)


def _text(part: Part) -> str:
    if isinstance(part, Figure) or part.where is Where.HTML:
        return ""
    if isinstance(part, Sentence):
        return part.words
    if not part.rows:
        return ""
    drawn = table(part.head, part.rows)
    return f"{part.title}\n{drawn}" if part.title else drawn


def _html(part: Part, paint: Callable[[str], Drawn]) -> str:
    if isinstance(part, Figure):
        return _picture(part, paint(part.name))
    if part.where is Where.TERMINAL:
        return ""
    if isinstance(part, Table):
        return _html_table(part) if part.rows else ""
    set_words = f"<{part.kind}>{html.escape(part.words)}</{part.kind}>"
    return f"<ul>{set_words}</ul>" if part.kind is Kind.POINT else set_words


def _html_table(part: Table) -> str:
    def cell(head: str, words: str) -> str:
        kind = "n" if head in part.numeric else part.marks.get(words, "")
        return f'<td class="{kind}">{html.escape(words)}</td>' if kind else f"<td>{html.escape(words)}</td>"

    title = html.escape(part.title)
    lines = [f"<caption>{title}</caption>" if title and not part.folded else ""]
    lines.append("<tr>" + "".join(f"<th>{html.escape(word)}</th>" for word in part.head) + "</tr>")
    lines += ["<tr>" + "".join(map(cell, part.head, row)) + "</tr>" for row in part.rows]
    drawn = f"<table>{''.join(lines)}</table>"
    return f"<details><summary>{title}</summary>{drawn}</details>" if part.folded else drawn


def _picture(part: Figure, drawn: Drawn) -> str:
    stream = io.BytesIO()
    drawn.savefig(stream, format="png", dpi=DPI)
    data = base64.b64encode(stream.getvalue()).decode("ascii")
    words = html.escape(part.caption)
    return f'<figure><img alt="{words}" src="data:image/png;base64,{data}"><figcaption>{words}</figcaption></figure>'
