"""Documents as pages for a browser to print, and what is written on these pages, symbol by symbol.

The truth of a printed line is the document's own text. A PDF says where symbols stand, but not
where spaces do: those it shows are guesses from gaps. So a line found in the PDF is looked up here
by its symbols alone, and takes its spaces from the document.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Bool
from markdown_it import MarkdownIt

from gateviz.errors import ImageError

Style = Literal["serif", "sans-serif"]
STYLES: tuple[Style, ...] = ("serif", "sans-serif")

TEXT_SIZE = 12.0
SIZES = {"h1": 20.0, "h2": 16.0, "h3": 14.0, "code": 10.0}
"""Sizes of the letters in points, which is what a browser takes by itself or close to it: of the text, and inside these tags."""

# Plain and generous, as most pages of documentation. Long lines of code are wrapped; otherwise the
# browser would shrink the whole page to fit them.
_SHEET = """
@page { size: A4; margin: 20mm }
body { font-family: STYLE; line-height: 1.5; margin: 0 }
pre { white-space: pre-wrap; background: #f3f3f3; padding: 8px }
code { background: #f3f3f3 }
table { border-collapse: collapse }
td, th { border: 1px solid #bbb; padding: 4px 8px; text-align: left }
img { max-width: 100% }
"""
_BLOCKS = frozenset(
    {"blockquote", "br", "dd", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "img", "li", "ol", "p",
     "pre", "section", "table", "tbody", "td", "th", "thead", "tr", "ul"}
)  # fmt: skip
# Tags without an end.
_VOID = frozenset({"br", "hr", "img", "meta"})
_HAN = re.compile(r"[\u2e80-\u2fdf\u3000-\u9fff\uf900-\ufaff\uff01-\uff60]")
_LETTER = re.compile(r"[A-Za-z]")
BORDER = "\n"
"""Between two symbols: a block ends, a line of code ends, or there is more than one space."""


def page_html(documents: Sequence[Path], style: Style) -> str:
    """The HTML of some Markdown documents (CommonMark with tables), one section each, images by their full path.

    Raises:
        ImageError: a document is missing or not UTF-8.
    """
    sections = []
    for document in documents:
        try:
            text = document.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ImageError(
                f"the document {document} cannot be read ({error}); give a Markdown file in UTF-8"
            ) from error
        markdown = MarkdownIt("commonmark").enable("table")
        tokens = markdown.parse(text)
        for inline in (inner for token in tokens for inner in token.children or () if inner.type == "image"):
            inline.attrSet("src", (document.parent / str(inline.attrGet("src"))).resolve().as_uri())
        language = "zh-CN" if 5 * len(_HAN.findall(text)) > len(text) else "en"
        body = markdown.renderer.render(tokens, markdown.options, {})
        sections.append(f'<section lang="{language}">\n{body}</section>')
    sizes = "".join(f"{tag} {{ font-size: {size:g}pt }}\n" for tag, size in {"body": TEXT_SIZE, **SIZES}.items())
    sheet = _SHEET.replace("STYLE", style) + sizes
    head = f'<meta charset="utf-8"><title>Pages</title><style>{sheet}</style>'
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>\n{"".join(sections)}</body></html>\n'


@dataclass(frozen=True)
class Piece:
    """What is known of a stretch of a document that stands on one line, in one block.

    Attributes:
        start: of its symbols among those that were looked up; spaces do not count.
        stop: where they end.
        text: with its spaces.
        script: ``code`` where all of it is, otherwise ``latin``, ``chinese`` or ``mixed``.
    """

    start: int
    stop: int
    text: str
    script: str


@dataclass(frozen=True)
class PageText:
    """The text of a document in its order.

    Attributes:
        symbols: all but spaces.
        gaps: what stands before each symbol: nothing, a space, or a ``BORDER``.
        code: of each symbol, whether it is code.
        sizes: of each symbol, in points.
    """

    symbols: str
    gaps: tuple[str, ...]
    code: tuple[bool, ...]
    sizes: tuple[float, ...]

    @classmethod
    def of_html(cls, html: str) -> "PageText":
        """The text that a browser shows of an HTML page.

        Example:
            >>> text = PageText.of_html("<p>It is <code>a  b</code>.</p><p>So</p>")
            >>> text.symbols, text.gaps
            ('Itisab.So', ('\\n', '', ' ', '', ' ', ' ', '', '\\n', ''))
        """
        reader = _TextReader()
        reader.feed(html)
        reader.close()
        return cls("".join(reader.symbols), tuple(reader.gaps), tuple(reader.code), tuple(reader.sizes))

    def find(self, symbols: str, taken: Bool[np.ndarray, " N"]) -> int | None:
        """Where a printed line stands in the document, or None.

        Of several places that is chosen which no other line has, then the one that begins and ends where
        blocks do, then where words do, then the first. Asked for the longest lines first, this puts every
        line into its place, or into one where the same is written.

        Args:
            symbols: of the line.
            taken: of each symbol of the document, whether a line has it already.
        """
        ends = (*self.gaps, BORDER)

        def rank(place: int) -> tuple[bool, int, int]:
            stop = place + len(symbols)
            torn = sum({BORDER: 0, " ": 1, "": 3}[ends[edge]] for edge in (place, stop))
            return bool(taken[place:stop].any()), torn, place

        places = (found.start() for found in re.finditer(f"(?={re.escape(symbols)})", self.symbols))
        return min(places, key=rank, default=None)

    def pieces(self, start: int, stop: int) -> list[Piece]:
        """Symbols ``start`` to ``stop``, cut apart at the borders within."""
        cuts = [start, *(place for place in range(start + 1, stop) if self.gaps[place] == BORDER), stop]
        return [self._piece(left, right, start) for left, right in pairwise(cuts)]

    def _piece(self, left: int, right: int, origin: int) -> Piece:
        text = self.symbols[left] + "".join(self.gaps[place] + self.symbols[place] for place in range(left + 1, right))
        script = "code" if all(self.code[left:right]) else script_of(text)
        return Piece(left - origin, right - origin, text, script)


def script_of(text: str) -> str:
    """``latin``, ``chinese``, or ``mixed`` where there are Chinese symbols and Latin letters.

    Example:
        >>> script_of("Row 12, t = 3"), script_of("共 12 列，"), script_of("用 gateviz 画图")
        ('latin', 'chinese', 'mixed')
    """
    if not _HAN.search(text):
        return "latin"
    return "mixed" if _LETTER.search(text) else "chinese"


@dataclass
class _TextReader(HTMLParser):
    """Collects symbols and the gaps before them."""

    symbols: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    code: list[bool] = field(default_factory=list)
    sizes: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._gap = BORDER
        self._open: list[str] = []
        self._numbers: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self._gap = BORDER
        if tag not in _VOID:
            self._open.append(tag)
        if tag in {"ol", "ul"}:
            self._numbers.append(int(dict(attrs).get("start") or 1))
        if tag == "li" and self._open[-2:-1] == ["ol"]:
            # The number is no part of the HTML's text, but it is printed.
            self._take(f"{self._numbers[-1]}. ", code=False)
            self._numbers[-1] += 1

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self._gap = BORDER
        if tag in {"ol", "ul"}:
            self._numbers.pop()
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if {"style", "title"} & set(self._open):
            return
        kept = "pre" in self._open
        self._take(data if kept else re.sub(r"\s+", " ", data), code=kept or "code" in self._open)

    def _take(self, text: str, *, code: bool) -> None:
        """Spaces that an HTML page does not show come here joined to one; two of them are code's."""
        size = next((SIZES[tag] for tag in reversed(self._open) if tag in SIZES), TEXT_SIZE)
        for spaces, symbol in re.findall(r"(\s*)(\S?)", text):
            if spaces and self._gap != BORDER:
                wide = BORDER in spaces or len(spaces) > 1
                self._gap = BORDER if wide else " "
            if symbol:
                self.symbols.append(symbol)
                self.gaps.append(self._gap)
                self.code.append(code)
                self.sizes.append(size)
                self._gap = ""
