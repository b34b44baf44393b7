"""What is drawn where: numbers of the artists, never pixels."""

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from gateviz.data.gates import GRU_QUANTITIES, Direction, GateTrace, Quantity
from gateviz.panels.colors import ALARM, ROLES
from gateviz.plot import fonts
from gateviz.plot.figures import alignment, gates, overview, posterior, saturation, units
from gateviz.plot.missing import GlyphWarning
from gateviz.plot.painters.heatmap import FrameImage
from gateviz.plot.style import STYLES
from gateviz.recording import Recording


def pictures(figure, kind=FrameImage):
    return [image for axes in figure.axes for image in axes.images if type(image) is kind]


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def drawn(figure):
    FigureCanvasAgg(figure).draw()
    return figure


def column_axes(figure, recording):
    return [axes for axes in figure.axes if axes.get_xlim() == (0.0, float(recording.grid.source_width))]


def test_heatmaps_are_the_values_over_their_exact_columns(recording):
    figure = gates(recording, layers=[1], directions=["forward"])
    found = pictures(figure)
    start, stop = recording.grid.columns(0, recording.grid.frame_count)
    trace = recording.trace(1, "forward")
    assert len(found) == 6
    for image, letter in zip(found, "ifgoch", strict=True):
        quantity = next(quantity for quantity in Quantity if quantity.letter == letter)
        assert image.get_extent()[:2] == (start, stop)
        np.testing.assert_array_equal(image.get_array(), trace[quantity].T)
        bottom, top = image.get_extent()[2:]
        assert 0 <= bottom < top <= 1
    tops = [image.get_extent()[3] for image in found]
    assert tops == sorted(tops, reverse=True)
    assert found[0].get_clim() == (0.0, 1.0)
    assert found[2].get_clim() == (-1.0, 1.0)
    low, high = found[4].get_clim()
    assert low == -high
    assert high >= np.quantile(np.abs(trace.cell_state), 0.98)


def test_row_0_is_on_top(recording):
    figure = gates(recording, layers=[1], directions=["forward"], quantities=["f"])
    (image,) = pictures(figure)
    assert image.origin == "upper"
    assert image.axes.get_ylim() == (0.0, 1.0)


def test_all_panels_share_the_columns_of_the_image(recording):
    figure = drawn(gates(recording))
    axes = column_axes(figure, recording)
    # Image, text, posterior, four strips, two groups of heatmaps.
    assert len(axes) == 9
    left = {round(one.get_position().x0, 6) for one in axes}
    right = {round(one.get_position().x1, 6) for one in axes}
    assert len(left) == len(right) == 1
    first = axes[0].images[0]
    assert first.get_extent() == (0.0, float(recording.grid.source_width), 0.0, 1.0)
    np.testing.assert_array_equal(first.get_array(), recording.image)


def test_rules_run_through_all_panels_but_the_text(recording):
    figure = gates(recording, layers=[0], quantities=["f"])
    expected = [recording.grid.columns(span.start, span.stop) for span in recording.alignment.spans]
    counts = []
    for axes in column_axes(figure, recording):
        rules = [c for c in axes.collections if len(c.get_segments() if hasattr(c, "get_segments") else ()) > 30]
        counts.append(len(rules))
        for rule in rules:
            at = [segment[0][0] for segment in rule.get_segments()]
            if len(at) == len(expected) + 1:
                assert at[0] == expected[0][0]
                assert at[-1] == expected[-1][1]
                assert at[1] == (expected[0][1] + expected[1][0]) / 2
    assert all(count == 1 for count in counts)


def test_symbols_stand_under_their_frames(recording):
    figure = gates(recording, style="slide")
    axes = column_axes(figure, recording)[1]
    written = [text.get_text() for text in axes.texts]
    assert written == [fonts.visible(symbol) for symbol in recording.text]
    bars = axes.collections[0].get_segments()
    for text, bar, span in zip(axes.texts, bars, recording.alignment.spans, strict=True):
        start, stop = recording.grid.columns(span.start, span.stop)
        assert (bar[0][0], bar[1][0]) == (start, stop)
        assert text.get_position()[0] * recording.grid.source_width == pytest.approx((start + stop) / 2, abs=3)


@pytest.mark.parametrize("style", sorted(STYLES))
def test_no_text_is_clipped_and_no_symbols_overlap(make, style):
    recording = make("the quick brown fox jumps over the lazy dog and more than that", units=16, stride=5.0, size=24)
    figure = drawn(gates(recording, style=style))
    renderer = figure.canvas.get_renderer()
    width, height = figure.bbox.width, figure.bbox.height
    for axes in figure.axes:
        for text in axes.texts:
            box = text.get_window_extent(renderer)
            assert box.x0 >= -0.5, text
            assert box.x1 <= width + 0.5, text
            assert box.y0 >= -0.5, text
            assert box.y1 <= height + 0.5, text
    symbols = list(column_axes(figure, recording)[1].texts)
    assert symbols
    baselines = {}
    for text in symbols:
        baselines.setdefault(round(text.get_transform().transform(text.get_position())[1]), []).append(text)
    for row in baselines.values():
        row.sort(key=lambda text: text.get_position()[0])
        for one, other in pairwise(row):
            assert one.get_window_extent(renderer).x1 <= other.get_window_extent(renderer).x0 + 1, (one, other)


@pytest.mark.parametrize("style", sorted(STYLES))
def test_a_figure_has_the_width_of_its_style_and_fits_the_page(make, style):
    recording = make(units=512, layers=3, stride=12.0)
    figure = gates(recording, style=style)
    width, height = figure.get_size_inches()
    assert width == STYLES[style].width
    if style != "slide":
        assert height <= STYLES[style].page_height + 1e-6
    smallest = min(text.get_fontsize() for axes in figure.axes for text in axes.texts if text.get_text())
    assert smallest >= 5


def test_strips_are_the_means_in_the_quantity_colors(recording):
    figure = gates(recording, layers=[0], directions=["forward"], quantities=["f", "o"])
    strip = column_axes(figure, recording)[3]
    forget, output = strip.lines
    trace = recording.trace(0, "forward")
    np.testing.assert_allclose(forget.get_xdata(), recording.grid.centers)
    np.testing.assert_allclose(forget.get_ydata(), trace.forget_gate.mean(axis=1), rtol=1e-5)
    assert forget.get_color() == ROLES["forget_gate"]
    # The second lane is a whole value axis lower.
    drop = trace.output_gate.mean(axis=1) - output.get_ydata()
    np.testing.assert_allclose(drop, drop[0], rtol=1e-5)
    assert drop[0] > 1
    low, high = strip.get_ylim()
    assert high == 1.0
    assert low == pytest.approx(-drop[0], rel=1e-5)


def test_the_receptive_field_is_shaded_and_the_frame_marked(recording):
    figure = gates(recording, frames=[20], quantities=["f"])
    axes = column_axes(figure, recording)
    start, stop = recording.grid.receptive_span(20)
    shaded = axes[0].patches[0]
    assert (shaded.get_x(), shaded.get_x() + shaded.get_width()) == (start, stop)
    left, right = recording.grid.columns(20, 21)
    for one in axes:
        mark = one.patches[-1]
        assert (mark.get_x(), mark.get_x() + mark.get_width()) == pytest.approx((left, right))


def test_saturated_values_keep_their_color_and_the_rest_fades(recording):
    figure = gates(recording, layers=[0], directions=["forward"], quantities=["f", "c"], mark_saturation=True)
    image, veil, cell = pictures(figure)
    forget = recording.trace(0, "forward").forget_gate.T
    np.testing.assert_array_equal(veil.get_array(), (forget < 0.1) | (forget > 0.9))
    assert veil.get_extent() == image.get_extent()
    assert veil.get_cmap()(1.0)[3] == 0.0
    assert veil.get_cmap()(0.0)[3] > 0.5
    assert cell.get_extent()[3] < image.get_extent()[2]
    assert any("Saturated gates" in text for text in texts(figure))


def with_values(recording, **series):
    trace = recording.traces[-1]
    values = {**trace.values, **{Quantity(name): value for name, value in series.items()}}
    return dataclasses.replace(recording, traces=(*recording.traces[:-1], dataclasses.replace(trace, values=values)))


def test_missing_values_are_hatched_and_said(recording):
    forget = recording.traces[-1].forget_gate.copy()
    forget[3:6, 2:9] = np.nan
    figure = drawn(gates(with_values(recording, forget_gate=forget), quantities=["f"], directions=["backward"]))
    (image,) = pictures(figure)
    assert np.isnan(np.ma.filled(image.get_array(), np.nan)).sum() == 21
    assert image.axes.patches[0].get_hatch()
    assert image.get_cmap()(np.nan)[3] == 0
    assert any("Hatched: missing values" in text for text in texts(figure))
    assert not any("Hatched" in text for text in texts(gates(recording)))


def test_impossible_values_are_marked_and_said(recording):
    forget = recording.traces[-1].forget_gate.copy()
    forget[3, 2] = 1.4
    figure = gates(with_values(recording, forget_gate=forget), quantities=["f"])
    assert any("outside of the range" in text for text in texts(figure))
    assert not any("outside of the range" in text for text in texts(gates(recording)))


def test_edits_are_visible(make):
    figure = gates(make(units=8, edits=("forget_gate of layer 1 held at 0",)))
    note = next(text for axes in figure.axes for text in axes.texts if "Edited run" in text.get_text())
    assert note.get_text() == "Edited run: forget_gate of layer 1 held at 0"
    assert note.get_color() == ALARM


def test_doubtful_symbols_are_red(recording):
    figure = alignment(recording, text=recording.text.replace("27", "72"), style="slide")
    axes = column_axes(figure, recording)[1]
    assert {text.get_color() for text in axes.texts} >= {ALARM}
    assert any("confidence below 0.5" in text for text in texts(figure))


def test_a_forced_text_is_drawn_with_its_path(recording):
    text = recording.text[:-1]
    figure = alignment(recording, text=text, style="slide")
    axes = column_axes(figure, recording)
    assert [t.get_text() for t in axes[1].texts] == [fonts.visible(symbol) for symbol in text]
    assert [line.get_label() for line in axes[2].lines] == ["blank", "best symbol", "given text"]


def test_posteriors_have_a_row_a_symbol(chinese):
    figure = drawn(posterior(chinese, style="icml"))
    (image,) = pictures(figure)
    assert image.get_array().shape == (len(set(chinese.text)) + 1, chinese.grid.frame_count)
    assert image.get_clim() == (0.0, 1.0)


def test_chinese_without_a_font_shows_the_image_own_pixels(chinese, font_list):
    font_list()
    with pytest.warns(GlyphWarning, match=r"no font here has U\+4F60, .* \(CJK\)"):
        figure = drawn(gates(chinese, quantities=["f"]))
    assert any("shown by the line's own pixels, whatever was read there" in text for text in texts(figure))
    axes = column_axes(figure, chinese)[1]
    assert not axes.texts
    assert len(axes.images) == len(chinese.text)
    for cut in axes.images:
        left, right, _, _ = cut.get_extent()
        np.testing.assert_array_equal(cut.get_array(), chinese.image[:, int(left) : int(right)])
    left, _, bottom, top = axes.images[0].get_extent()
    box = axes.get_window_extent()
    pixels = box.width / chinese.grid.source_width
    assert (top - bottom) * box.height / chinese.image.shape[0] == pytest.approx(pixels, rel=0.1)


def test_chinese_with_a_font_is_text(chinese):
    if fonts.face_for("你") is None:
        pytest.skip("this system has no font with Chinese glyphs")
    axes = column_axes(drawn(gates(chinese, quantities=["f"])), chinese)[1]
    assert [text.get_text() for text in axes.texts] == list(chinese.text)


def test_any_recurrent_network_is_drawn():
    rng = np.random.default_rng(0)
    values = {q: rng.uniform(0, 1, (30, 7)).astype(np.float32) for q in GRU_QUANTITIES}
    recording = Recording.of_traces([GateTrace(0, Direction.FORWARD, values)])
    figure = drawn(gates(recording))
    assert [image.get_extent()[:2] for image in pictures(figure)] == [(0.0, 30.0)] * 4
    assert figure.axes[-1].get_xlabel() == "frame"
    assert len(drawn(units(recording, units=[0, 6])).axes) == 4


def test_one_frame_is_drawn_as_a_point():
    values = {q: np.full((1, 3), 0.5, dtype=np.float32) for q in GRU_QUANTITIES}
    figure = drawn(overview(Recording.of_traces([GateTrace(0, Direction.FORWARD, values)])))
    assert figure.axes[-1].lines[0].get_marker() == "o"


def test_units_are_curves_over_the_frames(recording):
    figure = drawn(units(recording, units=[5], layers=[0], directions=["backward"]))
    gates_axes, states_axes = column_axes(figure, recording)[2:]
    trace = recording.trace(0, "backward")
    np.testing.assert_allclose(gates_axes.lines[1].get_ydata(), trace.forget_gate[:, 5])
    np.testing.assert_allclose(states_axes.lines[1].get_ydata(), trace.cell_state[:, 5])
    assert gates_axes.get_ylim() == (0.0, 1.0)


def test_saturation_draws_a_point_a_unit(recording):
    figure = drawn(saturation(recording, layers=[1]))
    assert [axes.get_title() for axes in figure.axes] == ["input gate", "forget gate", "output gate"]
    points = figure.axes[1].collections
    assert [len(group.get_offsets()) for group in points] == [96, 96]
    forget = recording.trace(1, "forward").forget_gate
    np.testing.assert_allclose(points[0].get_offsets()[:, 0], (forget < 0.1).mean(axis=0))
    np.testing.assert_allclose(points[0].get_offsets()[:, 1], (forget > 0.9).mean(axis=0))


def test_figures_are_plain_figures_and_leave_the_settings_alone(recording):
    import matplotlib as mpl

    before = dict(mpl.rcParams)
    figure = drawn(overview(recording))
    assert isinstance(figure, Figure)
    assert dict(mpl.rcParams) == before


def test_a_users_settings_do_not_leak_in(recording):
    import matplotlib as mpl

    with mpl.rc_context({"axes.grid": True, "text.color": "red", "figure.facecolor": "black", "text.usetex": True}):
        figure = gates(recording, quantities=["f"])
        drawn(figure)
    assert figure.get_facecolor() == (1.0, 1.0, 1.0, 1.0)
    assert not any(text.get_usetex() for axes in figure.axes for text in axes.texts)


def test_dollar_signs_are_dollar_signs(make):
    figure = drawn(gates(make("cost $5 or $6", units=8), title="from $5_a$ to {b"))
    assert "$" in texts(figure)
    assert "from $5_a$ to {b" in texts(figure)


def test_a_heatmap_is_drawn_with_no_more_values_than_pixels(recording, monkeypatch):
    seen = []
    original = AxesImage.draw
    monkeypatch.setattr(
        AxesImage,
        "draw",
        lambda self, renderer: (seen.append((self.get_clim(), self.get_array().shape)), original(self, renderer))[1],
    )
    figure = drawn(gates(recording, layers=[1], directions=["forward"], quantities=["f"], style="acl"))
    (image,) = pictures(figure)
    shape = next(shape for clim, shape in seen if clim == (0.0, 1.0) and shape[1] == recording.grid.frame_count)
    height = image.get_window_extent().height
    assert shape[0] <= round(height)
    assert image.get_array().shape == (96, recording.grid.frame_count)
