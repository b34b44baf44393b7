"""The figures and the film of a watched training."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.colors import to_hex
from PIL import Image

from gateviz.data.watch import GateHistory, WatchRecord
from gateviz.errors import OutputError, SelectionError
from gateviz.panels.colors import ALARM, ROLES
from gateviz.plot.training_film import training_film
from gateviz.plot.training_gates import training_gates, training_saturation
from tests.panels.watched import GATES, STEPS, history, record
from tests.plot.made_fonts import make_font, own_box


def lines_of(axes, color):
    return [line for line in axes.lines if to_hex(line.get_color()) == color]


def test_a_cell_has_what_is_open_above_and_what_is_shut_below():
    figure = training_gates(history())
    cells = figure.axes[: 4 * 4]
    assert [axes.get_title() for axes in cells[:4]] == ["input gate", "forget gate", "output gate", "timescale, frames"]
    for place, gate in enumerate(GATES):
        above, below = lines_of(cells[place], ROLES[gate])
        np.testing.assert_allclose(above.get_xdata(), STEPS)
        np.testing.assert_allclose(above.get_ydata(), [0, 0, 0.5, 0.5])
        np.testing.assert_allclose(below.get_ydata(), [-0.2, -0.2, -0.1, -0.1], atol=1e-6)
        stuck_open, stuck_shut = lines_of(cells[place], ALARM)
        np.testing.assert_allclose(stuck_open.get_ydata(), [0, 0, 0.2, 0.2])
        np.testing.assert_allclose(stuck_shut.get_ydata(), 0)
        band = cells[place].collections[0].get_paths()[0].vertices
        assert (band[:, 1].min(), band[:, 1].max()) == (0.0, pytest.approx(0.9))
    times = cells[3]
    assert times.get_yscale() == "log"
    np.testing.assert_allclose(times.lines[0].get_ydata(), 10.0)


def test_blank_error_and_readings_stand_below():
    figure = training_gates(history(), title="my run")
    blank, readings = figure.axes[-2:]
    np.testing.assert_allclose(blank.lines[0].get_ydata(), [1.0, 1.0, 0.7, 0.7])
    np.testing.assert_allclose(blank.lines[2].get_ydata(), [1.0, 1.0, 0.5, 0.5])
    written = [text.get_text() for text in readings.texts]
    assert written[:2] == ["step 0", "(nothing)"]
    assert written[-2:] == ["written", "好ab"]
    assert written[4:6] == ["step 20", "好b"]
    assert to_hex(readings.texts[1].get_color()) == ALARM
    assert figure.get_suptitle() == "my run"


def test_no_letters_lie_on_others_and_none_is_cut():
    figure = training_gates(history(steps=tuple(range(0, 40_000, 1000))))
    figure.canvas.draw()
    width, height = figure.get_size_inches() * figure.dpi
    readings = figure.axes[-1]
    boxes = [text.get_window_extent() for text in readings.texts]
    tops = [(box.y0, box.y1) for box in boxes[::2]]
    assert all(upper[0] >= lower[1] - 1 for upper, lower in pairwise(tops))
    titles = [axes.title.get_window_extent() for axes in figure.axes if axes.get_title()]
    assert all(box.x0 >= 0 and box.x1 <= width and box.y0 >= 0 and box.y1 <= height for box in [*boxes, *titles])


@pytest.mark.parametrize("style", ["a4", "icml", "slide"])
@pytest.mark.parametrize("told", [history(steps=(5,)), history(read=False, image=False), history(truth=None)])
def test_every_style_and_every_kind_of_watch_is_drawn(style, told, tmp_path):
    training_gates(told, style=style).savefig(tmp_path / "a.png")
    training_saturation(told, style=style).savefig(tmp_path / "b.png")


def test_a_network_without_gates_is_drawn_as_far_as_it_goes(tmp_path):
    told = GateHistory(history().line, tuple(WatchRecord(step, (), record(step).reading) for step in STEPS))
    figure = training_gates(told)
    assert len(figure.axes) == 2
    figure.savefig(tmp_path / "a.png")


@pytest.mark.parametrize("advance", [None, 1000, 1020])
def test_a_long_reading_is_cut_where_the_figure_ends(advance, font_list, tmp_path):
    """In the system's fonts and in wide ones; 18.4 pixels are drawn as 19."""
    if advance is not None:
        font_list(make_font(tmp_path / "han.ttf", "Made Han", map(ord, "字好"), own_box, advance=advance))
    told = history(truth="字" * 400)
    figure = training_gates(told)
    figure.canvas.draw()
    text = figure.axes[-1].texts[-1]
    assert text.get_text().endswith("…")
    assert text.get_window_extent().x1 <= figure.get_size_inches()[0] * figure.dpi


def test_the_scatter_is_a_grid_of_gates_and_steps():
    figure = training_saturation(history())
    assert len(figure.axes) == 3 * 4
    first = figure.axes[0]
    assert (first.get_title(), first.get_ylabel()) == ("step 0", "input gate\nabove 0.9")
    assert figure.axes[4].get_title() == ""
    points = figure.axes[11].collections[3].get_offsets()
    np.testing.assert_allclose(points, np.stack([np.arange(5) / 20, np.arange(5) / 4], 1), atol=1e-6)


def test_an_unknown_style_is_refused():
    for draw in (training_gates, training_saturation):
        with pytest.raises(SelectionError, match="style"):
            draw(history(), style="poster of a cat")


# The film


def test_a_film_has_a_picture_a_record_and_the_last_one_stays(tmp_path):
    seen = []
    path = tmp_path / "a.gif"
    training_film(history(), path, dpi=60, frames_per_second=5, progress=lambda done, of: seen.append((done, of)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    with Image.open(path) as film:
        assert film.n_frames == 4
        durations, pictures = [], []
        for number in range(4):
            film.seek(number)
            durations.append(film.info["duration"])
            pictures.append(np.asarray(film.convert("RGB")).astype(int))
    assert durations == [200, 200, 200, 200 * (1 + 8)]
    # The doubtful b is red, also in the one palette; nothing is before.
    red = [int(((p[..., 0] > 150) & (p[..., 1] < 60) & (p[..., 2] < 80)).sum()) for p in pictures]
    assert red[0] == red[1] == 0 < red[2]
    # The gates' rows stay where they are: what moves stands above them, and a single pixel may be another of the few colors.
    moved = (np.abs(pictures[0] - pictures[3]).max(axis=2) > 40).sum(axis=1)
    rows = np.flatnonzero(moved > 3)
    assert rows.max() < 0.55 * len(pictures[0])


def test_a_film_that_cannot_be_leaves_nothing(tmp_path):
    with pytest.raises(OutputError, match=r"by the name 'a\.avi'; end it in \.gif or \.mp4"):
        training_film(history(), tmp_path / "a.avi")
    with pytest.raises(SelectionError, match="a film of 0 pictures a second was asked for"):
        training_film(history(), tmp_path / "a.gif", frames_per_second=0)
    with pytest.raises(SelectionError, match="so there is nothing to film"):
        training_film(GateHistory(history().line, ()), tmp_path / "a.gif")
    assert list(tmp_path.iterdir()) == []
