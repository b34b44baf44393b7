"""The figures and the page of measures: artists hold the report's numbers, the page holds everything."""

import base64
import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex

from gateviz.data.gates import Quantity
from gateviz.errors import SelectionError
from gateviz.files.folders import LineSource
from gateviz.measure.covariance import cluster_order
from gateviz.measure.events import Event, event_named
from gateviz.panels.colors import LAYERS
from gateviz.plot.painters.agreement import UnitMap
from gateviz.plot.style import STYLES, style_named
from gateviz.studies.account import Skipped
from gateviz.studies.corpus import gather
from gateviz.studies.measure.figure import MeasureFigures, drawn_side
from gateviz.studies.measure.report import figures_of, measure_page
from gateviz.studies.measure.request import MeasureRequest
from gateviz.studies.measure.run import MeasureTally, measured
from gateviz.studies.page import as_html
from tests.plot.conftest import one_line
from tests.studies.planted import at_punctuation, planted_corpus

EVENTS = (event_named("punctuation"), Event("digit"), event_named("any@onset"))


@pytest.fixture(scope="module")
def report():
    corpus = planted_corpus(at_punctuation(-0.1), lines=10, symbols=14)
    skipped = Skipped(LineSource(Path("<broken>.png")), "cannot be read & so on")
    return measured(gather([*corpus.lines, skipped], MeasureTally(MeasureRequest(events=EVENTS))))


def drawn(report, name):
    return MeasureFigures(report).one(name)


def names(report):
    return [figure.name for figure in figures_of(report)]


def test_the_page_has_every_section(report):
    assert names(report) == ["saturation", "memory", "directions", "effects", "telling", "alike"]
    figure = MeasureFigures(report, title="toy").whole()
    assert figure._suptitle.get_text() == "toy"
    assert len(figure.subfigs) == 6


def test_points_are_the_shares_of_frames(report):
    axes = drawn(report, "saturation").axes
    assert [one.get_title() for one in axes] == ["input gate", "forget gate", "output gate"]
    place = report.places[2]
    points = axes[1].collections[2].get_offsets()
    found = place.saturations[Quantity.FORGET_GATE]
    np.testing.assert_allclose(points, np.stack([found.left, found.right], axis=1))


def test_curves_are_those_of_the_report(report):
    memory, course = drawn(report, "memory").axes[:2]
    steps = [line for line in memory.lines if line.get_label().startswith("layer")]
    assert [line.get_label() for line in steps] == [place.words for place in report.places]
    inner = np.sort(report.places[1].timescales / report.pitch)
    np.testing.assert_allclose(steps[1].get_xdata()[1:-1], inner)
    assert to_hex(steps[2].get_color()) == LAYERS[1]
    courses = [line for line in course.lines if line.get_label().startswith("layer")]
    np.testing.assert_allclose(courses[2].get_ydata(), report.places[2].course.mean)
    assert one_line(course.get_xlabel()) == "frames from the onset of punctuation, the way the layer goes"
    assert course.get_ylabel() == "mean f"
    # Three columns a frame: the upper axis says the same in columns.
    above = course.child_axes[0]
    course.get_figure()._repr_png_()
    assert above.get_xlim() == pytest.approx((-30.0, 30.0))


def test_the_best_unit_stands_at_its_area(report):
    (axes,) = drawn(report, "telling").axes
    told = report.places[2].told(EVENTS[0])
    best = told.best
    marks = {
        (line.get_label(), round(float(line.get_ydata()[0]))): line for line in axes.lines if line.get_marker() in "o^"
    }
    assert float(marks["layer 1 forward", 0].get_xdata()[0]) == told.found.auc[best]
    # The event without frames has words instead of marks.
    assert not [place for _, place in marks if place == 1]
    words = [text.get_text() for text in axes.texts]
    assert words[2:4] == ["within digit", "no such frames"]
    assert f"{told.found.inside} frames, {told.found.lines} lines" in words


def test_maps_hold_the_correlations(report):
    figure = drawn(report, "alike")
    maps = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title(loc="left") for axes in maps] == [place.words for place in report.places]
    one = UnitMap("layer 1 backward", "", report.places[3].agreement.correlation)
    np.testing.assert_allclose(maps[3].images[0].get_array(), one.ordered)


def test_directions_are_drawn_with_their_effects_and_both_p(report):
    (axes,) = drawn(report, "effects").axes
    marks = [float(line.get_xdata()[0]) for line in axes.lines if line.get_marker() == "o"]
    assert marks == [row.contrast.effect for row in report.directions]
    violins = drawn(report, "directions").axes
    assert [one.get_title(loc="left") for one in violins] == [
        "forget gate above 0.9",
        "timescale",
        report.directions[-1].what,
    ]
    assert [label.get_text() for label in violins[0].get_yticklabels()] == ["layer 0", "layer 1"]


def test_units_that_are_all_alike_can_be_drawn(report):
    rows = tuple(replace(row, forward=np.zeros(5), backward=np.zeros(5)) for row in report.directions)
    figure = drawn(replace(report, directions=rows), "directions")
    assert figure._repr_png_().startswith(b"\x89PNG")


@pytest.mark.parametrize("style", STYLES)
def test_units_that_tell_have_room_whatever_the_font(report, style, font_list):
    font_list()
    # That axes have collapsed is a warning, which fails the test.
    figure = MeasureFigures(report, style=style).one("telling")
    (axes,) = figure.axes
    assert axes.bbox.height * 72 / figure.dpi >= len(EVENTS) * style_named(style).small_size
    figure.draw_without_rendering()
    (legend,) = figure.legends
    below = [text.get_window_extent() for text in (*legend.get_texts(), legend.get_title())]
    assert all(box.y0 >= 0 and box.y1 <= axes.xaxis.label.get_window_extent().y0 for box in below)


def test_nothing_is_left_behind_in_pyplot(report):
    MeasureFigures(report).whole()._repr_png_()
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or pyplot.get_fignums() == []


def test_layers_of_one_direction_have_no_comparison(report):
    one = replace(report, places=report.places[::2], directions=())
    assert names(one) == ["saturation", "memory", "telling", "alike"]
    assert MeasureFigures(one, style="icml").whole()._repr_png_().startswith(b"\x89PNG")


def test_the_html_is_one_file_with_everything(report):
    text = as_html(measure_page(report), MeasureFigures(report).one)
    pictures = re.findall(r'src="data:image/png;base64,([^"]+)"', text)
    assert len(pictures) == 6
    assert all(base64.b64decode(picture).startswith(b"\x89PNG") for picture in pictures)
    assert not re.search(r'(src|href)="(?!data:)', text)
    assert "&lt;broken&gt;.png" in text
    assert "cannot be read &amp; so on" in text
    assert "<title>What the gates of toy.pt do</title>" in text
    for words in ("within digit", "no such frames", "layer 1, timescale", "10 lines", "560 frames of 3.00 columns"):
        assert words in text


def test_a_style_that_is_none_is_refused(report):
    with pytest.raises(SelectionError, match="there is no figure style 'poster'"):
        MeasureFigures(report, style="poster")


def test_maps_are_in_the_order_of_their_rows():
    correlation = np.corrcoef(np.random.default_rng(0).normal(size=(6, 40)))
    order = cluster_order(correlation)
    assert sorted(order) == list(range(6))
    ordered = UnitMap("layer 0 forward", "note", correlation).ordered
    for row, unit in enumerate(order):
        for column, other in enumerate(order):
            assert ordered[row, column] == correlation[unit, other]


def test_timescales_are_logarithms_cut_to_the_axis_and_shares_are_as_they_are():
    assert drawn_side(np.array([10.0, np.inf, np.nan]), logarithmic=True).tolist() == [1.0, 3.0]
    assert drawn_side(np.zeros(2), logarithmic=True).tolist() == [-1.0, -1.0]
    assert drawn_side(np.array([0.2]), logarithmic=False).tolist() == [0.2]
