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
from gateviz.measure.events import Event, event_named
from gateviz.panels.colors import LAYERS
from gateviz.plot.measure_pages import measure_page
from gateviz.plot.measures import measures, section_figure, sections
from gateviz.plot.measures_report import measures_html, write_measures
from gateviz.plot.style import STYLES, style_named
from gateviz.survey.corpus import Skipped
from gateviz.survey.measure_request import MeasureRequest
from gateviz.survey.measures import measure_lines
from tests.plot.conftest import one_line
from tests.survey.planted import at_punctuation, planted_corpus

EVENTS = (event_named("punctuation"), Event("digit"), event_named("any@onset"))


@pytest.fixture(scope="module")
def report():
    corpus = planted_corpus(at_punctuation(-0.1), lines=10, symbols=14)
    skipped = Skipped(LineSource(Path("<broken>.png")), "cannot be read & so on")
    return measure_lines([*corpus.lines, skipped], MeasureRequest(events=EVENTS))


@pytest.fixture(scope="module")
def page(report):
    return measure_page(report, title="toy")


def drawn(page, name):
    section = next(one for one in sections(page, style_named("a4")) if one.name == name)
    return section_figure(section, page, style_named("a4"))


def test_the_page_has_every_section(page):
    found = [section.name for section in sections(page, style_named("a4"))]
    assert found == ["saturation", "memory", "directions", "effects", "telling", "alike"]
    figure = measures(page)
    assert figure._suptitle.get_text() == "toy"
    assert len(figure.subfigs) == 6


def test_points_are_the_shares_of_frames(page, report):
    axes = drawn(page, "saturation").axes
    assert [one.get_title() for one in axes] == ["input gate", "forget gate", "output gate"]
    place = report.places[2]
    points = axes[1].collections[2].get_offsets()
    found = place.saturations[Quantity.FORGET_GATE]
    np.testing.assert_allclose(points, np.stack([found.left, found.right], axis=1))


def test_curves_are_those_of_the_report(page, report):
    memory, course = drawn(page, "memory").axes[:2]
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


def test_the_best_unit_stands_at_its_area(page, report):
    (axes,) = drawn(page, "telling").axes
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


def test_maps_hold_the_correlations(page, report):
    figure = drawn(page, "alike")
    maps = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title(loc="left") for axes in maps] == [place.words for place in report.places]
    order = page.alike[3].order
    np.testing.assert_allclose(
        maps[3].images[0].get_array(), report.places[3].agreement.correlation[np.ix_(order, order)]
    )


def test_directions_are_drawn_with_their_effects_and_both_p(page, report):
    (axes,) = drawn(page, "effects").axes
    marks = [float(line.get_xdata()[0]) for line in axes.lines if line.get_marker() == "o"]
    assert marks == [row.contrast.effect for row in report.directions]
    violins = drawn(page, "directions").axes
    assert [one.get_title(loc="left") for one in violins] == [
        "forget gate above 0.9",
        "timescale",
        report.directions[-1].what,
    ]
    assert [label.get_text() for label in violins[0].get_yticklabels()] == ["layer 0", "layer 1"]


def test_units_that_are_all_alike_can_be_drawn(report):
    rows = tuple(replace(row, forward=np.zeros(5), backward=np.zeros(5)) for row in report.directions)
    figure = drawn(measure_page(replace(report, directions=rows)), "directions")
    assert figure._repr_png_().startswith(b"\x89PNG")


@pytest.mark.parametrize("style", STYLES)
def test_units_that_tell_have_room_whatever_the_font(page, style, font_list):
    font_list()
    section = next(one for one in sections(page, style_named(style)) if one.name == "telling")
    # That axes have collapsed is a warning, which fails the test.
    figure = section_figure(section, page, style_named(style))
    (axes,) = figure.axes
    assert axes.bbox.height * 72 / figure.dpi >= len(page.tellings.rows) * style_named(style).small_size
    figure.draw_without_rendering()
    (legend,) = figure.legends
    below = [text.get_window_extent() for text in (*legend.get_texts(), legend.get_title())]
    assert all(box.y0 >= 0 and box.y1 <= axes.xaxis.label.get_window_extent().y0 for box in below)


def test_nothing_is_left_behind_in_pyplot(page):
    measures(page)._repr_png_()
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or pyplot.get_fignums() == []


def test_layers_of_one_direction_have_no_comparison(report):
    one = replace(report, places=report.places[::2], directions=())
    assert [section.name for section in sections(measure_page(one), style_named("icml"))] == [
        "saturation", "memory", "telling", "alike",
    ]  # fmt: skip
    assert measures(measure_page(one), style="icml")._repr_png_().startswith(b"\x89PNG")


def test_the_html_is_one_file_with_everything(report, tmp_path):
    write_measures(report, tmp_path / "m.html")
    text = (tmp_path / "m.html").read_text(encoding="utf-8")
    assert text == measures_html(report)
    pictures = re.findall(r'src="data:image/png;base64,([^"]+)"', text)
    assert len(pictures) == 6
    assert all(base64.b64decode(picture).startswith(b"\x89PNG") for picture in pictures)
    assert not re.search(r'(src|href)="(?!data:)', text)
    assert "&lt;broken&gt;.png" in text
    assert "cannot be read &amp; so on" in text
    assert "<title>What the gates of toy.pt do</title>" in text
    for words in ("within digit", "no such frames", "layer 1, timescale", "10 lines", "560 frames of 3.00 columns"):
        assert words in text


def test_a_style_that_is_none_is_refused(page):
    with pytest.raises(SelectionError, match="there is no figure style 'poster'"):
        measures(page, style="poster")
