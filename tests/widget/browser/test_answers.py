"""Which unit does this, and where: rankings, queries, orders and filters against numpy."""

from dataclasses import replace

import numpy as np
import pytest

from gateviz.data.gates import Quantity
from gateviz.panels.choice import Order, unit_order
from gateviz.panels.explorer import explorer_document
from tests.widget.browser.conftest import EXPLORER

pytestmark = pytest.mark.system


def shown_values(recording, trace, quantity):
    """The values as they travel, (T, H)."""
    document = explorer_document([recording])
    found = next(each for each in document["recordings"][0]["traces"] if each["name"] == trace)
    return np.asarray(found["quantities"][quantity]["values"].values, dtype=np.float64).T


def effect_sizes(values, inside):
    """Cohen's d with the pooled standard deviation, the paper's way."""
    one, other = values[inside], values[~inside]
    pooled = ((len(one) - 1) * one.var(axis=0, ddof=1) + (len(other) - 1) * other.var(axis=0, ddof=1)) / (
        len(values) - 2
    )
    return (one.mean(axis=0) - other.mean(axis=0)) / np.sqrt(pooled)


@pytest.mark.parametrize("quantity", ["hidden_state", "forget_gate"])
def test_units_are_ranked_by_cohens_d(explore, recording, quantity):
    opened = explore(recording)
    opened.drag_columns(80.0, 130.0)
    opened.page.get_by_label("by", exact=True).select_option(quantity)
    found = opened.ask("ranking()")
    columns = opened.state()["columns"]
    assert columns == pytest.approx([80.0, 130.0], abs=0.5)
    inside = np.zeros(60, dtype=bool)
    inside[slice(*recording.grid.frames_between(*columns))] = True
    expected = effect_sizes(shown_values(recording, "1.forward", quantity), inside)
    order = sorted(range(12), key=lambda unit: (-abs(expected[unit]), unit))
    assert [each["unit"] for each in found["units"]] == order
    np.testing.assert_allclose([each["effect"] for each in found["units"]], expected[order], rtol=1e-5)
    assert (found["inside"], found["outside"]) == (inside.sum(), (~inside).sum())


def test_a_click_on_a_symbol_chooses_its_frames_and_lifts_the_first_units(explore, recording):
    opened = explore(recording)
    span = recording.alignment.spans[4]
    box = opened.page.locator('canvas[data-panel="symbols"]').bounding_box()
    start, stop = recording.grid.columns(span.start, span.stop)
    opened.page.mouse.click(opened.ask(f"columnToX({(start + stop) / 2})"), box["y"] + 12)
    assert opened.state()["columns"] == pytest.approx([start, stop])
    ranked = [each["unit"] for each in opened.ask("ranking()")["units"]]
    rows = next(panel["rows"] for panel in opened.ask("panels()") if panel["kind"] == "heat")
    assert rows == ranked[:5] + [unit for unit in range(12) if unit not in ranked[:5]]
    opened.page.get_by_label("lift the first").uncheck()
    assert next(panel["rows"] for panel in opened.ask("panels()") if panel["kind"] == "heat") == list(range(12))


def test_every_occurrence_of_a_symbol_counts_on_request(explore, recording):
    opened = explore(recording)
    opened.page.get_by_role("button", name="b, frames").first.click()
    opened.page.get_by_label("every “b”").check()
    inside = np.zeros(60, dtype=bool)
    for span in recording.alignment.spans:
        inside[span.start : span.stop] |= span.symbol == "b"
    found = opened.ask("ranking()")
    assert (found["inside"], found["spans"]) == (inside.sum(), 3)
    expected = effect_sizes(shown_values(recording, "1.forward", "hidden_state"), inside)
    assert found["units"][0]["unit"] == np.abs(expected).argmax()


def test_a_click_in_the_list_shows_the_units_curves(explore, recording):
    opened = explore(recording)
    opened.drag_columns(80.0, 130.0)
    unit = opened.ask("ranking()")["units"][1]["unit"]
    opened.page.locator(f'.ranked [data-unit="{unit}"]').click()
    assert opened.state()["selected_units"] == [unit]
    assert "units" in [panel["kind"] for panel in opened.ask("panels()")]
    timescale = explorer_document([recording])["recordings"][0]["traces"][2]["timescale"][unit]
    said = opened.text(".keeps b")
    assert float(said.split()[0]) == pytest.approx(timescale, rel=0.006)


@pytest.mark.parametrize("below", [False, True])
def test_the_query_finds_what_brute_force_finds(explore, recording, below):
    opened = explore(recording)
    threshold, share = 0.1, 0.6
    start, stop = 20, 24
    low, high = recording.grid.columns(start, stop)
    opened.drag_columns(low + 1, high - 1)
    opened.tab("Query")
    opened.page.get_by_label("look for them").check()
    opened.page.get_by_label("is", exact=True).select_option("below" if below else "above")
    opened.page.get_by_label("threshold", exact=True).first.fill(str(threshold))
    opened.page.keyboard.press("Enter")
    opened.page.get_by_label("least share").fill(str(100 * share))
    opened.page.keyboard.press("Enter")
    found = opened.ask("query()")
    values = shown_values(recording, "1.forward", "hidden_state")
    on = values < threshold if below else values > threshold
    units = [unit for unit in range(12) if on[start:stop, unit].all() and not on[[start - 1, stop], unit].any()]
    assert found["units"] == units
    together = on[:, units].mean(axis=1) >= share - 1e-9 if units else np.zeros(60, dtype=bool)
    runs = [
        [first, last]
        for first in range(60)
        for last in range(first + 1, 61)
        if together[first:last].all() and (first == 0 or not together[first - 1]) and (last == 60 or not together[last])
    ]
    assert found["runs"] == runs
    assert found["others"] == [run for run in runs if run[1] <= start or run[0] >= stop]


def test_a_mark_of_the_query_leads_there(explore, recording):
    trace = recording.trace(1, "forward")
    hidden = np.full_like(trace.hidden_state, -0.5)
    for start in (20, 40):
        hidden[start : start + 2, 3] = 0.9
    traces = (replace(trace, values={**trace.values, Quantity.HIDDEN_STATE: hidden}),)
    opened = explore(replace(recording, traces=traces))
    start, stop = recording.grid.columns(20, 22)
    opened.drag_columns(start + 1, stop - 1)
    opened.tab("Query")
    opened.page.get_by_label("look for them").check()
    found = opened.ask("query()")
    assert (found["units"], found["others"]) == ([3], [[40, 42]])
    box = opened.page.locator('canvas[data-panel="axis"]').bounding_box()
    x = opened.ask(f"columnToX({recording.grid.edges[41]})")
    opened.page.mouse.click(x, box["y"] + box["height"] - 3)
    assert opened.state()["cursor"]["frame"] == 40
    opened.press("Home")
    opened.page.locator(".runs button").click()
    assert opened.state()["cursor"]["frame"] == 40


@pytest.mark.parametrize("order", list(Order))
def test_rows_stand_in_the_order_of_the_panels(explore, recording, order):
    opened = explore(recording)
    opened.page.get_by_label("order").select_option(str(order))
    expected = unit_order(recording.trace(1, "forward"), Quantity.CELL_STATE, order).tolist()
    assert next(panel["rows"] for panel in opened.ask("panels()") if panel["kind"] == "heat") == expected


def test_rows_stand_by_selectivity_for_the_chosen_columns(explore, recording):
    opened = explore(recording, state={"columns": [60.0, 100.0]})
    opened.page.get_by_label("order").select_option("selectivity")
    ranked = [each["unit"] for each in opened.ask("ranking()")["units"]]
    assert next(panel["rows"] for panel in opened.ask("panels()") if panel["kind"] == "heat") == ranked


@pytest.mark.parametrize(
    ("when", "columns", "fits"),
    [
        ("mean", [], lambda values: values.mean(axis=0) >= 0.4),
        ("some", [60.0, 100.0], lambda values: (values >= 0.4).any(axis=0)),
        ("every", [60.0, 100.0], lambda values: (values >= 0.4).all(axis=0)),
    ],
)
def test_a_filter_keeps_the_units_within_a_range(explore, recording, when, columns, fits):
    opened = explore(recording, state={"columns": columns})
    if columns:
        opened.page.get_by_label("lift the first").uncheck()
    opened.tab("Filter")
    page = opened.page.get_by_role("tabpanel", name="Filter")
    page.get_by_label("units whose").select_option("forget_gate")
    # Another quantity brings a range of its own, which would replace what is written before it is drawn.
    opened.settle()
    page.get_by_label("least value").fill("0.4")
    page.get_by_label("greatest value").fill("1")
    page.get_by_label("when", exact=True).select_option(when)
    opened.settle()
    page.get_by_role("button", name="Show only").click()
    inside = slice(*recording.grid.frames_between(*columns)) if columns else slice(None)
    kept = np.flatnonzero(fits(shown_values(recording, "1.forward", "forget_gate")[inside])).tolist()
    assert 0 < len(kept) < 12
    # On a busy machine a click is done before what it changes is drawn.
    shown = f'{EXPLORER}.panels().find((panel) => panel.kind === "heat").rows'
    opened.page.wait_for_function(f"(rows) => JSON.stringify({shown}) === JSON.stringify(rows)", arg=kept)
    page.get_by_role("button", name="Show all").click()
    assert len(next(panel["rows"] for panel in opened.ask("panels()") if panel["kind"] == "heat")) == 12


def test_no_row_moves_while_columns_are_dragged_over(explore, recording):
    opened = explore(recording)
    box = opened.page.locator('canvas[data-panel="posterior"]').bounding_box()
    before = opened.ask("panels()")
    opened.page.mouse.move(opened.ask("columnToX(80)"), box["y"] + 9)
    opened.page.mouse.down()
    opened.page.mouse.move(opened.ask("columnToX(130)"), box["y"] + 9, steps=3)
    state = opened.state()
    assert (state["columns"], state["dragged"]["columns"]) == ([], pytest.approx([80.0, 130.0], abs=0.5))
    assert opened.ask("panels()") == before
    opened.page.mouse.up()
    state = opened.state()
    assert (state["columns"], state["dragged"]) == (pytest.approx([80.0, 130.0], abs=0.5), None)


def test_a_filter_has_a_choice_of_frames_from_the_start(explore, recording):
    opened = explore(recording)
    opened.tab("Filter")
    assert opened.page.get_by_label("when", exact=True).input_value() == "some"


def test_the_threshold_is_drawn_with_the_pointer(explore, recording):
    opened = explore(recording, state={"columns": [60.0, 100.0]})
    opened.tab("Query")
    opened.page.get_by_label("look for them").check()
    assert opened.state()["query"]["threshold"] == 0.5
    box = opened.page.locator('canvas[data-panel="query"]').bounding_box()
    # The scale of the hidden state, -1 to 1, fills the panel but for six pixels at both ends.
    top, height = box["y"] + 6, box["height"] - 12
    opened.page.mouse.move(box["x"] + 300, top + 0.25 * height)
    opened.page.mouse.down()
    opened.page.mouse.move(box["x"] + 300, top + 0.6 * height, steps=3)
    opened.page.mouse.up()
    assert opened.state()["query"]["threshold"] == pytest.approx(-0.2, abs=0.02)
    assert opened.state()["columns"] == [60.0, 100.0]
