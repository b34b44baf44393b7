"""Lines cut out of printed pages: where they are, what is written there, and what is told of those that are not."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from benchmarks import page_lines
from benchmarks.page_lines import (
    Box,
    PageLine,
    PrintedPages,
    cut_lines,
    cut_out,
    draw_pages,
    found_lines,
    print_pages,
    run_program,
    true_box,
)
from benchmarks.page_text import PageText
from gateviz.errors import ImageError, MissingExtraError

PDF = Path("pages.pdf")


def layout(*pages: list[list[tuple[str, tuple[float, float, float, float]]]]) -> str:
    """What pdftotext would say of pages of lines of words, each with left, top, right and bottom."""
    found = '<!DOCTYPE html PUBLIC "x" "http://x"><html xmlns="http://www.w3.org/1999/xhtml"><body><doc>'
    for page in pages:
        lines = "".join(
            "<line>"
            + "".join(
                f'<word xMin="{left}" yMin="{top}" xMax="{right}" yMax="{bottom}">{word}</word>'
                for word, (left, top, right, bottom) in line
            )
            + "</line>"
            for line in page
        )
        found += f'<page width="595" height="842"><flow><block>{lines}</block></flow></page>'
    return f"{found}</doc></body></html>"


def lines_of(html: str, *pages) -> PrintedPages:
    return found_lines(PDF, layout(*pages), PageText.of_html(html), "serif")


def test_lines_take_their_text_from_the_document_and_their_box_from_all_words():
    printed = lines_of(
        "<p>It is the&nbsp;end.</p><pre><code>x = 1</code></pre>",
        [[("Itis", (10, 20, 30, 33)), ("the", (33, 19, 45, 34))], [("end.", (10, 40, 30, 53))]],
        [[("x", (5, 5, 11, 17)), ("=1", (17, 5, 35, 17))]],
    )
    assert printed.lines == (
        PageLine(1, Box(10, 19, 45, 34), "It is the", "latin", "serif"),
        PageLine(1, Box(10, 40, 30, 53), "end.", "latin", "serif"),
        PageLine(2, Box(5, 5, 35, 17), "x = 1", "code", "serif"),
    )
    assert (printed.unsure, printed.unprinted, printed.symbols) == ((), 0, 14)


def test_a_printed_line_of_two_cells_is_two_lines():
    printed = lines_of(
        "<table><td>one</td><td>two 2</td></table>",
        [[("one", (10, 20, 30, 33)), ("two", (40, 20, 60, 33)), ("2", (63, 20, 69, 33))]],
    )
    assert [(line.text, line.box) for line in printed.lines] == [
        ("one", Box(10, 20, 30, 33)),
        ("two 2", Box(40, 20, 69, 33)),
    ]


def test_a_line_that_is_not_in_the_document_or_torn_within_a_word_is_told_and_not_cut():
    box = (10, 20, 30, 33)
    printed = lines_of(
        "<table><td>one</td><td>two</td></table><p>rest of it</p>",
        [[("onetwo", box)], [("3", box), ("/", box), ("7", box)], [("rest", box)]],
    )
    assert [line.text for line in printed.lines] == ["rest"]
    assert sorted(printed.unsure) == ["3 / 7", "onetwo"]
    # "onetwo" and "ofit".
    assert (printed.unprinted, printed.symbols) == (10, 14)


def test_equal_lines_take_a_place_each_in_the_order_of_the_page():
    box = (10, 20, 30, 33)
    printed = lines_of("<p>no</p><p>none of</p><p>no</p>", [[("no", box)], [("noneof", box)], [("no", box)]])
    assert [line.text for line in printed.lines] == ["no", "none of", "no"]
    assert printed.unprinted == 0


def test_short_lines_leave_their_place_to_long_ones():
    box = (10, 20, 30, 33)
    printed = lines_of("<p>no yes no</p>", [[("no", box)]], [[("noyes", box)]])
    assert [line.text for line in printed.lines] == ["no", "no yes"]
    assert printed.unprinted == 0


def test_control_characters_and_empty_words_of_pdftotext_are_no_text():
    printed = lines_of("<p>a b</p>", [[("a\x0c", (1, 2, 3, 4)), (" ", (3, 2, 4, 4)), ("b", (4, 2, 6, 4))]])
    assert [(line.text, line.box) for line in printed.lines] == [("a b", Box(1, 2, 6, 4))]


def test_the_box_of_a_type_3_font_is_mended_about_its_baseline():
    # Poppler took the size for 20 points where it is 12: the baseline is 0.95 * 20 below the top.
    mended = true_box(Box(5, 100, 50, 126), 12)
    assert (mended.left, mended.right) == (5, 50)
    assert mended.top == pytest.approx(119 - 11.4)
    assert mended.bottom == pytest.approx(119 + 4.2)
    plain = Box(5, 100, 50, 117)
    assert true_box(plain, 12) is plain


def test_symbols_of_one_line_are_mended_by_their_own_size():
    printed = lines_of("<p>中<code>x</code></p>", [[("中", (0, 0, 12, 26)), ("x", (12, 8, 18, 22))]])
    (line,) = printed.lines
    assert (line.box.left, line.box.right) == (0, 18)
    assert line.box.top == pytest.approx(19 - 11.4)
    assert line.box.bottom == pytest.approx(19 + 4.2)


def test_a_cut_has_its_margin_rounded_outward_and_stays_on_the_page():
    page = np.arange(100 * 200, dtype=np.uint32).reshape(100, 200).astype(np.uint8)
    # 144 dpi are two pixels a point, so the margin is three.
    assert np.array_equal(cut_out(page, Box(10, 20, 30, 33), 144), page[37:69, 17:63])
    assert np.array_equal(cut_out(page, Box(10.2, 20.2, 30.2, 33.2), 144), page[37:70, 17:64])
    assert np.array_equal(cut_out(page, Box(0, 0, 99, 49), 144), page)


def test_a_cut_holds_all_pixels_of_its_box_at_every_resolution():
    for dpi in (100, 150, 300):
        page = np.full((300, 800), 255, np.uint8)
        left, top, right, bottom = (round(edge * dpi / 72) for edge in (20, 10, 100, 24))
        page[top:bottom, left:right] = 0
        cut = cut_out(page, Box(20, 10, 100, 24), dpi)
        assert (cut == 0).sum() == (bottom - top) * (right - left)
        assert (cut[0] == 255).all()
        assert (cut[-1] == 255).all()
        assert (cut[:, 0] == 255).all()
        assert (cut[:, -1] == 255).all()


def test_line_images_come_from_their_page_and_are_named_by_style(monkeypatch):
    pages = [np.full((50, 60), level, np.uint8) for level in (10, 20)]
    monkeypatch.setattr(page_lines, "draw_pages", lambda pdf, dpi, folder: pages)
    lines = (
        PageLine(2, Box(10, 10, 20, 20), "b", "code", "serif"),
        PageLine(1, Box(10, 10, 30, 20), "a", "latin", "serif"),
    )
    cut = cut_lines(PrintedPages(PDF, lines, (), 0, 2), 72)
    assert [(line.name, line.text, line.script, line.font) for line in cut] == [
        ("serif-001.png", "b", "code", "serif"),
        ("serif-002.png", "a", "latin", "serif"),
    ]
    assert [line.image.shape for line in cut] == [(14, 14), (14, 24)]
    assert [int(line.image.max()) for line in cut] == [20, 10]


def test_a_program_that_is_not_there_is_named_with_its_package(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(
        MissingExtraError, match=r"need the program pdftoppm, .* Debian has it in the package poppler-utils"
    ):
        run_program("pdftoppm", "-v")
    with pytest.raises(MissingExtraError, match="Debian has it in the package chromium"):
        run_program("chromium")


def program(folder: Path, script: str, monkeypatch) -> None:
    """Puts a shell script in the place of pdftotext."""
    file = folder / "pdftotext"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


def test_a_program_that_fails_or_does_not_end_is_told(tmp_path, monkeypatch):
    program(tmp_path, "echo 'no such  file' >&2; exit 3", monkeypatch)
    with pytest.raises(ImageError, match=r"^pdftotext ended with 3: no such file$"):
        run_program("pdftotext")
    program(tmp_path, "exit 1", monkeypatch)
    with pytest.raises(ImageError, match=r"ended with 1: it does not say why"):
        run_program("pdftotext")
    program(tmp_path, "printf '\\303\\244\\377'", monkeypatch)
    assert run_program("pdftotext") == "ä\ufffd"
    program(tmp_path, "exec sleep 60", monkeypatch)
    monkeypatch.setattr(page_lines, "_PATIENCE", 0.1)
    with pytest.raises(ImageError, match=r"pdftotext did not end within 0\.1 s"):
        run_program("pdftotext")


DOCUMENT = """# A heading

Of `gateviz read` and **more**, 1 line.

1. first

```
x = f(1)  # 2
```
"""


@pytest.mark.system
def test_a_document_is_printed_drawn_and_cut(tmp_path):
    for name, package in page_lines.PACKAGES.items():
        if shutil.which(name) is None:
            pytest.skip(f"needs the Debian package {package}")
    (tmp_path / "page.md").write_text(DOCUMENT, encoding="utf-8")
    printed = print_pages([tmp_path / "page.md"], "sans-serif", tmp_path / "page.pdf")
    assert [(line.text, line.script) for line in printed.lines] == [
        ("A heading", "latin"),
        ("Of gateviz read and more, 1 line.", "latin"),
        ("1. first", "latin"),
        ("x = f(1)", "code"),
        ("# 2", "code"),
    ]
    assert (printed.unsure, printed.unprinted) == ((), 0)
    (page,) = draw_pages(printed.pdf, 100, tmp_path)
    assert page.shape == (1170, 827)
    assert page.dtype == np.uint8
    for line, image in zip(printed.lines, (line.image for line in cut_lines(printed, 100)), strict=True):
        ink = np.argwhere(image < 128)
        rows, columns = ink.min(0), ink.max(0)
        # The letters reach from side to side and nothing is cut off: the outer pixels are paper.
        assert columns[1] - rows[1] > image.shape[1] - 12, line.text
        assert image[[0, -1]].min() > 200, line.text
        assert image[:, [0, -1]].min() > 200, line.text
