"""No word leaves the page and none runs into a neighbor, whatever the font: properties, never pixels."""

from dataclasses import replace
from itertools import pairwise

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from gateviz.measure.evaluation import Evaluation, ReadLine
from gateviz.plot.evaluation import error_rates
from gateviz.plot.figures import gates, posterior
from gateviz.plot.fitting import MOST_LINES, ROW_LABEL, cut, row_label, wrapped
from gateviz.plot.fonts import running_width
from gateviz.plot.style import STYLES
from tests.plot.test_evaluation import LINES

READINGS = {
    "latin": "committee " * 30,
    "chinese": "你好世界" * 60,
    "hebrew": "שלום עולם " * 30,
    "khmer": "កខគឃង" * 50,
    "emoji": "😀🧿🤖" * 40,
    "one letter": "a",
    "one word": "w" * 100_000,
}


@pytest.fixture(autouse=True)
def wide_letters(font_list):
    """DejaVu Sans, which comes with matplotlib, is the widest face that labels are drawn in."""
    font_list()


def outside(figure):
    """Words that are drawn and leave the page."""
    words = []

    def draw(text, renderer, *rest):
        words.append(text)
        return original(text, renderer, *rest)

    original = Text.draw
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Text, "draw", draw)
        FigureCanvasAgg(figure).draw()
    page = figure.bbox
    boxes = [(text.get_text(), text.get_window_extent()) for text in words if text.get_visible() and text.get_text()]
    assert len(boxes) > 5, "the words of the figure are looked at"
    return [
        text
        for text, box in boxes
        if box.x0 < -0.5 or box.y0 < -0.5 or box.x1 > page.width + 0.5 or box.y1 > page.height + 0.5
    ]


@pytest.mark.filterwarnings("ignore::gateviz.plot.missing.GlyphWarning")
@pytest.mark.parametrize("kind", READINGS)
@pytest.mark.parametrize("style", ["acl", "slide"])
def test_any_reading_stays_on_the_page(make, kind, style):
    recording = make("ab cd", units=4, layers=1)
    stack = replace(recording, provenance=replace(recording.provenance, edits=(READINGS[kind],)))
    figure = gates(stack, quantities=["f"], style=style, title=READINGS[kind])
    assert outside(figure) == []


@pytest.mark.filterwarnings("ignore::gateviz.plot.missing.GlyphWarning")
@pytest.mark.parametrize("kind", READINGS)
def test_any_mistake_and_title_stays_on_the_page(kind):
    text = READINGS[kind][:300]
    lines = (ReadLine(text, text[1:] + "x", script="latin", font=text), *LINES)
    assert outside(error_rates(Evaluation(lines), title=text, style="icml")) == []


@pytest.mark.parametrize("style", STYLES)
def test_words_below_and_above_axes_keep_clear_of_their_neighbors(style):
    figure = error_rates(Evaluation(LINES[:-1]), style=style)
    assert outside(figure) == []
    for one in figure.axes:
        label = one.xaxis.label.get_window_extent()
        for other in figure.axes:
            assert other is one or not label.overlaps(other.get_window_extent())
        numbers = [text.get_window_extent() for text in one.get_xticklabels() if text.get_text()]
        left, right = one.bbox.x0 - 1, one.bbox.x1 + 1
        inside = [box for box in numbers if left <= (box.x0 + box.x1) / 2 <= right]
        assert all(here.x1 <= there.x0 for here, there in pairwise(inside))


def test_a_long_symbol_leaves_the_columns_their_room(make):
    recording = make("ab cd", units=4, layers=1)
    emission = recording.emission
    symbols = ["w" * 100_000, *emission.alphabet.symbols[1:]]
    long = replace(
        recording, emission=replace(emission, alphabet=type(emission.alphabet).from_symbols(symbols, blank=0))
    )
    figure = posterior(long, style="acl")
    assert outside(figure) == []
    axes = next(axes for axes in figure.axes if axes.images and axes.get_xlim()[1] == recording.grid.source_width)
    assert axes.get_position().width > 0.5
    assert row_label("w" * 100_000)[0].endswith("…")
    assert running_width(row_label("w" * 100_000)[0]) <= ROW_LABEL


def test_lines_fit_and_too_many_end_with_an_ellipsis():
    for text in (*READINGS.values(), "a " * 5000):
        lines = wrapped(text, 8.0, 120.0, weight=700)
        assert 1 <= len(lines) <= MOST_LINES
        assert all(running_width(line, weight=700) * 8.0 <= 120.0 + 1e-6 for line in lines)
        whole = "".join(lines).replace(" ", "") == text.replace(" ", "")
        assert whole != lines[-1].endswith("…"), "what is left out is said, and nothing else is"


def test_a_text_is_cut_to_its_room_or_not_at_all():
    assert cut("abc", running_width("abc")) == "abc"
    assert cut("abcdefghij", running_width("abcd…")) == "abcd…"
    assert running_width(cut("you and me " * 99, 20.0)) <= 20.0
