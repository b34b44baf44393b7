"""What is written on a page, symbol by symbol, and where a printed line stands in it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.page_text import BORDER, PageText, Piece, page_html, script_of
from gateviz.errors import ImageError


def spelled(html: str) -> list[str]:
    """The text of each block, with its spaces."""
    text = PageText.of_html(html)
    return [piece.text for piece in text.pieces(0, len(text.symbols))]


def found(html: str, line: str, taken: slice = slice(0)) -> int | None:
    text = PageText.of_html(html)
    mask = np.zeros(len(text.symbols), dtype=bool)
    mask[taken] = True
    return text.find(line, mask)


@pytest.mark.parametrize(
    ("html", "blocks"),
    [
        ("<h1>A b</h1><p>c\n  d</p>", ["A b", "c d"]),
        ("<p>a <em>b</em>\n<strong>c</strong>d</p>", ["a b cd"]),
        ("<p>a<br>b<img src='x'>c</p>", ["a", "b", "c"]),
        ("<p>&lt;a&gt; &amp;&#39;中&nbsp;b</p>", ["<a> &'中 b"]),
        ("<table><tr><td>1</td><td>2 3</td></tr></table>", ["1", "2 3"]),
        ("<title>no</title><style>p { x }</style><p>yes</p>", ["yes"]),
    ],
)
def test_blocks_part_text_and_spaces_are_single(html, blocks):
    assert spelled(html) == blocks


def test_code_keeps_its_lines_and_is_cut_where_it_is_spaced_widely():
    assert spelled("<pre><code>if x:\n    y = 1  # so\n\nz</code></pre>") == ["if x:", "y = 1", "# so", "z"]


def test_numbers_of_lists_are_written_though_no_tag_holds_them():
    assert spelled("<ol>\n<li>one<ol start='7'><li>in</li></ol></li>\n<li>two</li></ol><ul><li>dot</li></ul>") == [
        "1. one",
        "7. in",
        "2. two",
        "dot",
    ]


def test_symbols_know_their_size_and_whether_they_are_code():
    text = PageText.of_html("<h2>a<code>b</code></h2><table><td>c</td></table><pre><code>d</code></pre>")
    assert text.symbols == "abcd"
    assert text.sizes == (16.0, 10.0, 12.0, 10.0)
    assert text.code == (False, True, False, True)


def test_a_line_stands_where_no_other_does_and_then_where_words_end():
    html = "<p>cat concat</p><p>cat</p>"
    # Blocks: "catconcat" from 0, "cat" from 9; "cat" is in 0, 6 and 9.
    assert found(html, "cat") == 9
    assert found(html, "cat", slice(9, 12)) == 0
    assert found(html, "cat", slice(0, 3)) == 9
    assert found("<p>cat concat</p>", "cat", slice(0, 3)) == 6
    assert found(html, "dog") is None
    assert found("<p>aaa</p>", "aa", slice(0, 1)) == 1
    assert found("<p>a.b</p><p>axb</p>", "a.b") == 0


def test_a_line_across_blocks_is_cut_into_their_pieces():
    text = PageText.of_html("<table><td>用 x</td><td><code>a = 1</code></td><td>共 2</td></table>")
    assert text.pieces(1, 6) == [Piece(0, 1, "x", "latin"), Piece(1, 4, "a = 1", "code"), Piece(4, 5, "共", "chinese")]


@pytest.mark.parametrize(
    ("text", "script"),
    [("t = 3 — “so”", "latin"), ("共 12 列，", "chinese"), ("（a）", "mixed"), ("100 %", "latin"), ("x中", "mixed")],
)
def test_scripts(text, script):
    assert script_of(text) == script


@given(st.lists(st.text("ab中. ", min_size=1).filter(str.strip), min_size=1, max_size=5))
def test_any_paragraphs_come_back_with_single_spaces(paragraphs):
    html = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    assert spelled(html) == [" ".join(paragraph.split()) for paragraph in paragraphs]
    text = PageText.of_html(html)
    assert len(text.symbols) == len(text.gaps) == len(text.code) == len(text.sizes)
    assert text.gaps.count(BORDER) == len(paragraphs)


def test_documents_become_sections_of_one_page_in_their_language(tmp_path):
    (tmp_path / "en.md").write_text("# Title\n\n| a |\n| - |\n| `x` |\n\n![alt](pictures/p.png)\n", encoding="utf-8")
    (tmp_path / "zh.md").write_text("# 标题\n\n中文 text\n", encoding="utf-8")
    html = page_html([tmp_path / "en.md", tmp_path / "zh.md"], "sans-serif")
    assert spelled(html) == ["Title", "a", "x", "标题", "中文 text"]
    assert html.index('<section lang="en">') < html.index("Title") < html.index('<section lang="zh-CN">')
    assert f'src="{(tmp_path / "pictures/p.png").resolve().as_uri()}"' in html
    assert "font-family: sans-serif;" in html
    assert "code { font-size: 10pt }" in html


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_document_that_cannot_be_read_is_named(tmp_path, content):
    if content is not None:
        (tmp_path / "x.md").write_bytes(content)
    with pytest.raises(ImageError, match=r"the document .*x\.md cannot be read .*give a Markdown file in UTF-8"):
        page_html([tmp_path / "x.md"], "serif")
