"""The figure of a comparison: artists hold the comparison's numbers."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle, StepPatch

from gateviz.data.gates import GateTrace, Quantity
from gateviz.errors import SelectionError
from gateviz.measure.common_axis import by_column
from gateviz.panels.colors import INK, ROLES, SHADE
from gateviz.plot.export import save_figure
from gateviz.studies.compare.figure import ComparisonFigures, distance_scale
from gateviz.studies.compare.results import LinePair
from gateviz.studies.compare.run import compare_images, compare_pairs
from gateviz.studies.compare.units import in_matched_order
from tests.plot.conftest import make_recording

ORIGIN = {"first": {"checkpoint": "one.pt"}, "second": {"checkpoint": "中.pt"}}
ORDER = np.random.default_rng(0).permutation(24)


def moved(trace):
    """The units in another order, and in the middle third of the line something else."""
    values = {}
    for quantity, series in trace.values.items():
        changed = series[:, ORDER].copy()
        third = len(changed) // 3
        changed[third : 2 * third] = changed[third : 2 * third][::-1]
        values[quantity] = changed
    return GateTrace(trace.layer, trace.direction, values)


@pytest.fixture(scope="module")
def comparison():
    one = make_recording("A balloon, 27.", units=24)
    # One symbol is read as another: the classes of b and n change places.
    alphabet, log_probs = one.emission.alphabet, one.emission.log_probs.copy()
    labels = alphabet.encode("bn")
    log_probs[: len(log_probs) // 3, labels] = log_probs[: len(log_probs) // 3, labels[::-1]]
    other = replace(one, traces=tuple(map(moved, one.traces)), emission=replace(one.emission, log_probs=log_probs))
    return compare_pairs([LinePair("line.png", one, other, by_column(one.grid, other.grid), "A balloon, 27.")])


@pytest.fixture(scope="module")
def drawing(comparison):
    return ComparisonFigures(comparison, ORIGIN)


@pytest.fixture(scope="module")
def figure(drawing):
    made = drawing.whole()
    made.draw_without_rendering()
    return made


def images(axes):
    return [image.get_array() for image in axes.images]


def test_every_layer_has_its_distances_under_the_columns(comparison, drawing, figure):
    (line,) = comparison.lines
    matrices = [image for axes in figure.axes for image in axes.images if image.get_array().shape[0] == 6]
    assert len(matrices) == len(comparison.places) == 4
    for place, image in zip(comparison.places, matrices, strict=True):
        courses = [line.distances[place.name][one.quantity] for one in place.quantities]
        assert np.asarray(image.get_array()) == pytest.approx(np.stack(courses).astype(np.float32))
        start, stop = image.get_extent()[:2]
        assert (start, stop) == line.pair.first.grid.columns(0, line.pair.first.grid.frame_count)
        # Apart in the middle third alone.
        frames = np.asarray(image.get_array()).max(axis=0)
        third = len(frames) // 3
        assert frames[:third].max() < 1e-5 < frames[third : 2 * third].max()
    assert {image.get_clim() for image in matrices} == {(0.0, drawing.courses[0].scale.high)}


def test_what_is_read_differently_is_framed(comparison, drawing, figure):
    (line,) = comparison.lines
    misread = [one for one in line.symbols if one.first != one.second]
    assert [(one.first, one.second) for one in misread] == [("b", "n")]
    assert line.misread == ((misread[0].start, misread[0].stop),)
    frames = [
        patch
        for axes in figure.axes
        for patch in axes.patches
        if isinstance(patch, Rectangle) and to_hex(patch.get_edgecolor()) == SHADE
    ]
    # Under the curve of the posteriors and each layer.
    assert len(frames) == 5
    assert {(patch.get_x(), patch.get_x() + patch.get_width()) for patch in frames} == set(line.misread)


def test_distributions_of_both_lie_in_one_cell(comparison, figure):
    steps = [
        (axes, [patch for patch in axes.patches if isinstance(patch, StepPatch)])
        for axes in figure.axes
        if any(isinstance(patch, StepPatch) for patch in axes.patches)
    ]
    assert len(steps) == 24
    for (axes, (first, second)), one in zip(
        steps, [one for place in comparison.places for one in place.quantities], strict=True
    ):
        assert first.get_data().values.tolist() == one.shares[0].tolist()
        assert second.get_data().values.tolist() == one.shares[1].tolist()
        assert to_hex(first.get_facecolor()) == ROLES[one.quantity]
        assert to_hex(second.get_edgecolor()) == INK
        assert axes.texts[0].get_text() == f"{one.distance:.2g}"
    assert [axes.get_title() for axes, _ in steps[:6]] == [
        one.quantity.words for one in comparison.places[0].quantities
    ]


def test_matched_units_lie_on_the_diagonal(comparison, figure):
    matrices = [(axes, image) for axes in figure.axes for image in axes.images if image.get_array().shape == (24, 24)]
    assert len(matrices) == 4
    for place, (axes, image) in zip(comparison.places, matrices, strict=True):
        assert place.matching.second.tolist() == np.argsort(ORDER).tolist()
        values = np.asarray(image.get_array())
        assert np.diagonal(values) == pytest.approx(place.matching.similarity)
        assert image.get_clim() == (-1.0, 1.0)
        assert axes.get_title() == f"{place.words}\nmatched: {place.matching.mean:.2f} (chance {place.chance:.2f})"


def test_two_images_have_their_own_axes():
    first, second = make_recording("balloon", units=24), make_recording("ballon", units=24)
    drawing = ComparisonFigures(compare_images(first, second), ORIGIN)
    assert [(strip.name, strip.image is not None, strip.stop) for strip in drawing.strips] == [
        ("A", True, float(first.grid.source_width)), ("B", True, float(second.grid.source_width)),
    ]  # fmt: skip
    assert drawing.axis[2] == "column of the line image A (px)"
    assert drawing.whole().axes[2].get_xlim() == (0.0, second.grid.source_width)


def test_one_image_is_drawn_once(drawing):
    assert [strip.image is not None for strip in drawing.strips] == [True, False]
    assert "".join(span.symbol for span in drawing.strips[1].spans.spans) == "A naloon, 27."


def test_nothing_overlaps_and_nothing_leaves_the_page(figure):
    renderer = FigureCanvasAgg(figure).get_renderer()
    boxes = [axes.get_window_extent(renderer) for axes in figure.axes]
    for number, box in enumerate(boxes):
        assert not any(box.shrunk(0.98, 0.98).overlaps(other.shrunk(0.98, 0.98)) for other in boxes[number + 1 :])
    width, height = figure.get_size_inches() * figure.dpi
    for axes in figure.axes:
        for text in (*axes.texts, axes.title, axes.xaxis.label, axes.yaxis.label):
            if text.get_text():
                extent = text.get_window_extent(renderer)
                assert extent.x0 >= -1
                assert extent.x1 <= width + 1
                assert extent.y0 >= -1
                assert extent.y1 <= height + 1


@pytest.mark.parametrize("kind", ["png", "pdf", "svg"])
def test_it_is_written_in_every_format(comparison, tmp_path, kind):
    save_figure(ComparisonFigures(comparison, ORIGIN, style="icml-wide").whole(), tmp_path / f"figure.{kind}")
    assert (tmp_path / f"figure.{kind}").stat().st_size > 10_000


def test_styles_and_scales():
    assert distance_scale([np.zeros((2, 3)), np.full((1, 1), np.nan)]).high == 1.0
    values = in_matched_order(np.arange(6.0).reshape(2, 3), [1], [2])
    assert values.tolist() == [[5.0, 3.0, 4.0], [2.0, 0.0, 1.0]]
    with pytest.raises(SelectionError, match="there is no figure style 'poster'"):
        ComparisonFigures(
            compare_images(make_recording("ab", units=24), make_recording("ab", units=24)), ORIGIN, style="poster"
        )


def test_few_series_make_a_smaller_page(figure, comparison):
    line = comparison.lines[0].pair
    gates = [
        replace(
            recording,
            traces=tuple(
                GateTrace(trace.layer, trace.direction, {Quantity.FORGET_GATE: trace.forget_gate})
                for trace in recording.traces[:1]
            ),
        )
        for recording in (line.first, line.second)
    ]
    small = ComparisonFigures(compare_pairs([LinePair("line.png", *gates, line.frames)]), ORIGIN)
    assert [panel.row_labels for panel in small.courses] == [("f",)]
    assert small.whole().get_size_inches()[1] < figure.get_size_inches()[1]
