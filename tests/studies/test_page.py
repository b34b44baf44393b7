"""One document, four renderings: what is said once is said the same everywhere."""

import csv
import io
from pathlib import Path

from gateviz.files.folders import LineSource
from gateviz.studies.account import Skipped
from gateviz.studies.page import (
    Figure,
    Kind,
    Page,
    Section,
    Sentence,
    Table,
    Where,
    as_csv,
    as_html,
    as_text,
    counted,
    skipped_table,
)  # fmt: skip

PAGE = Page(
    "Toys & lines",
    (
        Section((Sentence("2 lines."), Sentence("only on paper <b>", where=Where.HTML))),
        Section((Sentence("one point", Kind.POINT, Where.HTML), Sentence("another", Kind.POINT, Where.HTML)), "How to"),
        Section(
            (
                Figure("mean", "The mean"),
                Table(
                    ("layer", "p", "verdict"), [["0", "0.01", "supported"], ["1", "–", "open"]], "Means",
                    numeric=frozenset({"p"}), marks={"supported": "supported"},
                ),
                Table(("nothing",), []),
            ),
            "Means of layers",
        ),
        Section((Sentence("the end", where=Where.TERMINAL), Sentence("so they say", Kind.QUOTE, Where.HTML))),
    ),
    {"mean": [1.5, float("inf")]},
    [{"layer": 0, "p": 0.01}, {"layer": 1, "units": 3}],
)  # fmt: skip


class Drawing:
    def savefig(self, stream, **options):
        stream.write(f"{options['format']} of a mean".encode())


def test_the_terminal_has_blocks_and_no_headings():
    assert as_text(PAGE) == (
        "2 lines.\n\nMeans\nlayer  p     verdict\n0      0.01  supported\n1      –     open\n\nthe end"
    )


def test_rows_may_have_other_columns():
    rows = list(csv.DictReader(io.StringIO(as_csv(PAGE))))
    assert rows == [{"layer": "0", "p": "0.01", "units": ""}, {"layer": "1", "p": "", "units": "3"}]


def test_the_page_is_one_file_that_asks_for_nothing():
    drawn = []
    page = as_html(PAGE, lambda name: drawn.append(name) or Drawing())
    assert drawn == ["mean"]
    assert "<title>Toys &amp; lines</title>" in page
    assert "<p>only on paper &lt;b&gt;</p>" in page
    assert "<h2>How to</h2>\n<ul><li>one point</li>\n<li>another</li></ul>" in page
    assert "<caption>Means</caption><tr><th>layer</th><th>p</th><th>verdict</th></tr>" in page
    assert '<td class="n">0.01</td><td class="supported">supported</td>' in page
    assert "data:image/png;base64,cG5nIG9mIGEgbWVhbg==" in page
    assert "<blockquote>so they say</blockquote>" in page
    assert "the end" not in page
    assert "nothing</th>" not in page
    assert "default-src 'none'" in page
    for outside in ("http://", "https://", "<script", "<link"):
        assert outside not in page


def test_lines_that_could_not_be_read_are_folded_on_the_page_and_told_elsewhere_on_the_terminal():
    skipped = [Skipped(LineSource(Path("<a>.png")), "no & image")]
    page = Page("", (Section((skipped_table(skipped),)),), {})
    words = as_html(page, lambda name: Drawing())
    assert "<details><summary>1 line that could not be read</summary>" in words
    assert "<td>&lt;a&gt;.png</td><td>no &amp; image</td>" in words
    assert as_text(page) == ""
    assert "<details>" not in as_html(Page("", (Section((skipped_table([]),)),), {}), lambda name: Drawing())


def test_things_are_counted():
    assert (counted(1, "line"), counted(1200, "line")) == ("1 line", "1,200 lines")
