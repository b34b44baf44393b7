"""The figure of an evaluation: numbers of its artists."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import StepPatch
from PIL import Image

import gateviz.plot
from gateviz.errors import SelectionError
from gateviz.measure.evaluation import Evaluation, ReadLine
from gateviz.measure.span_error import span_errors
from gateviz.plot.evaluation import _LABEL, error_rates
from gateviz.plot.evaluation_page import evaluation_page
from gateviz.plot.export import save_figure
from gateviz.plot.fonts import face_for, running_width
from gateviz.plot.style import STYLES
from tests.plot.conftest import one_line

COLUMNS = np.array([[0.0, 8.0], [10.0, 18.0], [20.0, 24.0]])
LINES = (
    ReadLine("all", "al", script="latin", font="Serif", spans=span_errors(COLUMNS + np.array([1.0, -1.0]), COLUMNS)),
    *[ReadLine("a l $1$", "a I $l$", script="latin", font="Serif")] * 40,
    ReadLine("未来", "末来 ", script="chinese", font="文泉驿正黑 with a name that is too long to be a label"),
)


def texts(axes):
    return [text.get_text() for text in axes.texts]


def axes_titled(figure, title):
    return next(axes for axes in figure.axes if one_line(axes.get_title(loc="left")) == title)


def drawn(figure):
    FigureCanvasAgg(figure).draw()
    return figure


def test_points_and_bars_are_the_rates_and_their_intervals():
    evaluation = Evaluation(LINES)
    axes = axes_titled(drawn(error_rates(evaluation)), "character error rate")
    rows = [row for group in evaluation_page(evaluation).rates.groups for row in group.rows]
    intervals, points = axes.lines[::2], axes.lines[1::2]
    # A group of one line has no interval.
    np.testing.assert_equal([line.get_xdata() for line in intervals], [(row.low, row.high) for row in rows])
    assert [line.get_xdata()[0] for line in points] == [row.value for row in rows]
    assert [line.get_markerfacecolor() == "#ffffff" for line in points] == [row.few for row in rows]
    heights = [line.get_ydata()[0] for line in points]
    assert heights == sorted(heights)
    bottom, top = axes.get_ylim()
    assert bottom > heights[-1] > heights[0] > top
    written = texts(axes)
    assert f"{rows[0].value:.2f} %  (42 lines)" in written
    assert {"all lines", "by script", "chinese", "latin", "by font", "by symbols", "5–9"} <= set(written)
    assert axes.get_xlabel().splitlines()[1] == "hollow: fewer than 10 lines, interval holds less"


@pytest.mark.skipif(face_for("文泉驿") is None, reason="no Chinese font here")
def test_long_names_of_fonts_are_cut():
    axes = axes_titled(error_rates(Evaluation(LINES), groupings=["font"]), "character error rate")
    label = next(text for text in texts(axes) if text.startswith("文泉驿正黑"))
    assert label.endswith("…")
    assert running_width(label.removesuffix("…")) < _LABEL


def test_bars_are_the_counts_of_mistakes_with_doubled_letters_apart():
    axes = axes_titled(drawn(error_rates(Evaluation(LINES))), "most frequent mistakes")
    others, doubled = axes.containers
    assert [bar.get_width() for bar in others] == [40, 40, 1, 0, 1]
    assert [bar.get_width() for bar in doubled] == [0, 0, 0, 1, 0]
    assert [bar.get_x() for bar in others] == [bar.get_width() for bar in doubled]
    assert texts(axes)[:2] == ["1 → l", "l → I"]
    assert "␣ added" in texts(axes)
    assert "l dropped" in texts(axes)
    assert [text.get_fontfamily()[0] for text in axes.texts] == ["DejaVu Sans Mono"] * 5, "l and I must not look alike"


@pytest.mark.skipif(face_for("未末") is None, reason="no Chinese font here")
def test_chinese_mistakes_are_drawn_as_they_are():
    axes = axes_titled(drawn(error_rates(Evaluation(LINES))), "most frequent mistakes")
    found = next(text for text in axes.texts if text.get_text() == "未 → 末")
    assert face_for("未").name in found.get_fontfamily()


def test_steps_are_the_spread_of_the_spans():
    evaluation = Evaluation(LINES)
    axes = axes_titled(drawn(error_rates(evaluation)), "spans beside the true columns")
    steps = [patch.get_data() for patch in axes.patches if isinstance(patch, StepPatch)]
    expected = evaluation_page(evaluation).spread
    assert len(steps) == 3
    for step, curve in zip(steps, expected.curves, strict=True):
        np.testing.assert_array_equal(step.values, curve.shares)
        np.testing.assert_array_equal(step.edges, expected.edges)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [curve.label for curve in expected.curves]
    assert axes.get_legend().get_title().get_text() == expected.curves_title
    assert axes.get_ylim()[1] > 1.5 * max(step.values.max() for step in steps), "the legend has room above"


def test_what_there_is_not_is_not_drawn():
    assert len(error_rates(Evaluation((ReadLine("a", "a"),))).axes) == 1
    assert len(error_rates(Evaluation((ReadLine("a", "b"),))).axes) == 2


@pytest.mark.parametrize("style", STYLES)
def test_nothing_leaves_the_figure_in_any_style(style):
    figure = drawn(error_rates(Evaluation(LINES), style=style, title="50 % of {lines}, $a$"))
    renderer = figure.canvas.get_renderer()
    for axes in figure.axes:
        box = axes.get_tightbbox(renderer)
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= figure.bbox.width + 1
        assert box.y1 <= figure.bbox.height + 1
    sizes = [axes.get_window_extent() for axes in figure.axes]
    assert not any(one.overlaps(other) for place, one in enumerate(sizes) for other in sizes[:place])
    assert figure.get_suptitle() == "50 % of {lines}, $a$"


def test_an_unknown_style_is_refused():
    with pytest.raises(SelectionError, match="there is no figure style 'poster'"):
        error_rates(Evaluation(LINES), style="poster")


@pytest.mark.parametrize("kind", ["png", "pdf", "svg"])
def test_it_becomes_a_file_with_its_facts(tmp_path, kind):
    path = tmp_path / f"rates.{kind}"
    save_figure(error_rates(Evaluation(LINES), metadata={"checkpoint": "bars.pt"}), path)
    content = path.read_bytes()
    assert b"bars.pt" in content
    if kind == "png":
        with Image.open(path) as picture:
            assert picture.width == pytest.approx(STYLES["a4"].width * STYLES["a4"].dpi, abs=1)


def test_it_is_a_public_name():
    assert gateviz.plot.error_rates is error_rates
