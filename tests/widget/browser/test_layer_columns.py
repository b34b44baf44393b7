"""A layer that looked elsewhere than the posteriors is drawn, read out and asked where it looked."""

from dataclasses import replace

import numpy as np
import pytest

from gateviz.data.frames import FrameGrid

pytestmark = pytest.mark.system

OWN = FrameGrid(60, 4.03, 13.7, 13.0, 242)


@pytest.fixture
def apart(recording):
    """The upper layer's frames look 12 columns further right than the posteriors' frames."""
    return replace(
        recording, traces=tuple(replace(each, grid=OWN) if each.layer == 1 else each for each in recording.traces)
    )


def test_a_layer_is_drawn_and_read_out_where_it_looked(explore, recording, apart):
    plain, opened = explore(recording), explore(apart)
    assert plain.state()["trace"] == opened.state()["trace"] == "1.forward"
    at, moved = plain.cell("forget_gate", 3, 20), opened.cell("forget_gate", 3, 20)
    twelve = opened.ask("columnToX(24)") - opened.ask("columnToX(12)")
    assert moved[0] - at[0] == pytest.approx(twelve, abs=0.1)
    opened.page.mouse.move(*moved)
    assert opened.field("frame") == "20 of 0–59"
    start, stop = OWN.columns(20, 21)
    assert opened.field("columns") == f"{start:.1f} – {stop:.1f}"
    start, stop = OWN.receptive_span(20)
    assert opened.field("field") == f"{start:.1f} – {stop:.1f}"
    assert opened.page.get_by_text("Layer 1 looks elsewhere than the output: 12 columns further right").count() >= 1


def test_chosen_columns_mean_the_frames_of_the_layer(explore, apart):
    opened = explore(apart)
    opened.drag_columns(80.0, 130.0)
    columns = opened.state()["columns"]
    start, stop = OWN.frames_between(*columns)
    found = opened.ask("ranking()")
    assert (found["inside"], found["outside"]) == (stop - start, 60 - (stop - start))
    assert (start, stop) != apart.grid.frames_between(*columns)
    assert np.isclose(columns, [80.0, 130.0], atol=0.5).all()
