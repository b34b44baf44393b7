"""What is said and drawn at the crosshair: the numbers of the recording, over the columns of its frame grid."""

from dataclasses import replace

import numpy as np
import pytest

from gateviz.data.gates import Quantity
from gateviz.panels.traces import scales_for

pytestmark = pytest.mark.system

# The columns that one row of a canvas' pixels covers: where it is not transparent, or where its color changes.
COVERED = """canvas => {
  const row = canvas.getContext("2d").getImageData(0, ROW, canvas.width, 1).data;
  return Array.from({ length: canvas.width }, (_, x) => x).filter((x) => row[4 * x + 3]);
}"""
CHANGES = """canvas => {
  const row = new Uint32Array(canvas.getContext("2d").getImageData(0, ROW, canvas.width, 1).data.buffer);
  return Array.from({ length: canvas.width - 1 }, (_, x) => x + 1).filter((x) => row[x] !== row[x - 1]);
}"""


@pytest.mark.parametrize(
    ("quantity", "unit", "frame"), [("forget_gate", 3, 17), ("cell_state", 11, 0), ("hidden_state", 0, 59)]
)
def test_the_hovered_value_is_the_recorded_one_within_1_255_of_the_scale(explore, recording, quantity, unit, frame):
    opened = explore(recording)
    opened.page.mouse.move(*opened.cell(quantity, unit, frame))
    said = opened.field("value")
    value, _, off = said.replace("−", "-").partition(" ± ")
    trace = recording.trace(1, "forward")
    scale = scales_for(recording.traces, [Quantity(quantity)])[Quantity(quantity)]
    tolerance = (scale.high - scale.low) / 255
    assert float(off) <= tolerance
    assert abs(float(value) - trace[quantity][frame, unit]) <= tolerance
    assert opened.field("unit") == str(unit)
    assert opened.field("frame").startswith(f"{frame} of 0–59")


def test_an_exact_page_says_the_very_value(explore, recording):
    opened = explore(recording, exact=True)
    opened.page.mouse.move(*opened.cell("forget_gate", 5, 30))
    value = recording.trace(1, "forward").forget_gate[30, 5]
    assert float(opened.field("value")) == pytest.approx(float(value), rel=1e-5)
    assert opened.ask("valueAt('1.forward', 'forget_gate', 5, 30)") == float(value)


def test_every_value_of_every_trace_arrives(explore, recording):
    opened = explore(recording)
    for trace in recording.traces:
        found = opened.page.evaluate(
            """([trace, frames, units]) => {
              const explorer = document.querySelector("#gateviz").gatevizExplorer;
              return Array.from({ length: frames }, (_, t) => Array.from({ length: units }, (_, u) => explorer.valueAt(trace, "hidden_state", u, t)));
            }""",
            [trace.name, *trace.hidden_state.shape],
        )
        np.testing.assert_allclose(found, trace.hidden_state, atol=2 / 255)


def test_columns_receptive_field_and_symbol_are_said(explore, recording):
    opened = explore(recording)
    opened.page.mouse.move(*opened.cell("input_gate", 2, 5))
    grid = recording.grid
    assert opened.field("columns") == "{:.1f} – {:.1f}".format(*grid.columns(5, 6))
    assert opened.field("field") == "{:.1f} – {:.1f}".format(*grid.receptive_span(5))
    assert opened.field("symbol").startswith("a · p(a)")


@pytest.mark.parametrize("density", [1, 2])
@pytest.mark.parametrize("presses", [0, 3, 6])
def test_the_crosshair_covers_the_pixels_between_the_edges_of_the_frame_grid(explore, recording, density, presses):
    opened = explore(recording, device_scale_factor=density)
    opened.press("Home", *["ArrowRight"] * 23, *["+"] * presses)
    panel = next(panel for panel in opened.ask("panels()") if panel["kind"] == "axis")
    row = round((panel["top"] + panel["height"] / 2) * density)
    covered = opened.page.locator(".cross").evaluate(COVERED.replace("ROW", str(row)))
    first, last = opened.state()["zoom"]
    start, stop = first * recording.grid.source_width, last * recording.grid.source_width
    edges = np.array(recording.grid.columns(23, 24))
    x = (panel["left"] + (edges - start) / (stop - start) * panel["width"]) * density
    assert last - first == pytest.approx(1.5**-presses)
    assert covered == list(range(*np.floor(x + 0.5).astype(int)))


@pytest.mark.parametrize("density", [1, 2])
@pytest.mark.parametrize("presses", [0, 3, 6])
def test_the_heatmap_changes_its_color_at_the_edges_of_the_frame_grid(explore, recording, density, presses):
    trace = recording.trace(1, "forward")
    stripes = np.zeros_like(trace.forget_gate)
    stripes[::2] = 1.0
    plain = replace(recording, traces=(replace(trace, values={Quantity.FORGET_GATE: stripes}),), emission=None)
    opened = explore(plain, device_scale_factor=density)
    opened.press("Home", *["ArrowRight"] * 23, *["+"] * presses)
    panel = next(panel for panel in opened.ask("panels()") if panel["kind"] == "heat")
    changes = opened.page.locator('canvas[data-panel="heat"]').evaluate(CHANGES.replace("ROW", str(round(9 * density))))
    first, last = opened.state()["zoom"]
    start, stop = first * plain.grid.source_width, last * plain.grid.source_width
    x = (panel["left"] + (plain.grid.edges - start) / (stop - start) * panel["width"]) * density
    borders = [int(edge) for edge in np.floor(x + 0.5)]
    low, high = panel["left"] * density + 2, (panel["left"] + panel["width"]) * density - 2
    # Names and the scale stand at the sides.
    assert [edge for edge in changes if low < edge < high] == [edge for edge in borders if low < edge < high]


def test_the_receptive_field_is_shaded_on_the_image(explore, recording):
    opened = explore(recording)
    opened.press("Home", *["ArrowRight"] * 30)
    panel = next(panel for panel in opened.ask("panels()") if panel["kind"] == "image")
    covered = opened.page.locator(".cross").evaluate(COVERED.replace("ROW", str(round(panel["top"] + 5))))
    start, stop = recording.grid.receptive_span(30)
    scale = panel["width"] / recording.grid.source_width
    assert abs(covered[0] - (panel["left"] + start * scale)) <= 1
    assert abs(covered[-1] + 1 - (panel["left"] + stop * scale)) <= 1


def test_hovering_draws_no_panel_again(explore, recording):
    opened = explore(recording)
    opened.page.mouse.move(*opened.cell("forget_gate", 3, 10))
    before = opened.ask("metrics()")
    opened.page.mouse.move(*opened.cell("forget_gate", 8, 40))
    after = opened.ask("metrics()")
    assert len(after["draws"]) == len(before["draws"])
    assert len(after["crosses"]) > len(before["crosses"])
    assert after["rasters"] == before["rasters"]
