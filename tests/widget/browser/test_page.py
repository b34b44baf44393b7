"""The page as a file: no network, no console error (``new_page`` sees to both), any size, any recording."""

import re
from dataclasses import replace

import numpy as np
import pytest

from gateviz.data.gates import GRU_QUANTITIES, Direction, GateTrace, Quantity
from gateviz.panels.explorer import explorer_document
from gateviz.recording import Recording
from gateviz.widget.html import write_html

pytestmark = pytest.mark.system


def bare(frames, units, quantities=tuple(Quantity)[:6]):
    rng = np.random.default_rng(frames)
    return GateTrace(
        0, Direction.FORWARD, {each: rng.random((frames, units)).astype(np.float32) for each in quantities}
    )


def test_the_text_stands_above_as_letters_to_choose(explore, recording):
    opened = explore(recording)
    assert recording.text == "ab ba, cab"
    assert [letter.inner_text() for letter in opened.page.locator(".letter").all()] == list("ab␣ba,␣cab")


@pytest.mark.parametrize(("frames", "units"), [(1, 1), (1, 5), (30, 1), (5000, 2)])
def test_any_size_opens(explore, frames, units):
    opened = explore(Recording.of_traces([bare(frames, units)]))
    opened.press("End", "ArrowDown", "+", "+", "Enter")
    assert opened.state()["cursor"]["frame"] == frames - 1
    assert opened.state()["selected_units"] == [0]
    opened.press("0", " ")
    assert opened.field("frame").endswith(f"of 0–{frames - 1}")


def test_a_gru_opens(explore):
    opened = explore(Recording.of_traces([bare(20, 4, GRU_QUANTITIES)]))
    assert [panel["quantity"] for panel in opened.ask("panels()") if panel["kind"] == "heat"] == [
        "reset_gate", "update_gate", "candidate", "hidden_state",
    ]  # fmt: skip


def test_missing_values_are_said_and_no_console_error(explore, recording):
    trace = recording.traces[2]
    holed = {quantity: series.copy() for quantity, series in trace.values.items()}
    holed[Quantity.FORGET_GATE][10:20] = np.nan
    holed[Quantity.CELL_STATE][:, 3] = np.nan
    opened = explore(replace(recording, traces=(replace(trace, values=holed),)))
    opened.page.mouse.move(*opened.cell("forget_gate", 3, 12))
    assert opened.field("value") == "missing"
    opened.drag_columns(60.0, 100.0)
    opened.page.get_by_label("by", exact=True).select_option("cell_state")
    assert 3 not in [each["unit"] for each in opened.ask("ranking()")["units"]]


def test_a_line_without_emission_or_image_opens(explore, recording):
    without = explore(replace(recording, emission=None))
    assert [panel["kind"] for panel in without.ask("panels()")][:3] == ["image", "axis", "strips"]
    imageless = Recording(None, recording.grid, recording.traces, recording.emission)
    assert "image" not in [panel["kind"] for panel in explore(imageless).ask("panels()")]


@pytest.mark.parametrize("width", [320, 670, 700, 1080, 1280, 3840])
def test_no_width_makes_the_page_scroll_sideways(explore, recording, edited, width):
    opened = explore(recording, edited, viewport={"width": width, "height": 900}, state={"selected_units": [1]})
    opened.drag_columns(60.0, 100.0)
    # A page that keeps room for its scroll bar is not as wide as its window: what counts is whether it moves.
    moved = opened.page.evaluate("(document.documentElement.scrollLeft = 1000) && document.documentElement.scrollLeft")
    assert moved == 0


def test_light_and_dark_follow_the_system_until_one_is_chosen(explore, recording):
    opened = explore(recording, color_scheme="dark")
    assert opened.state()["dark"]
    opened.page.get_by_label("colors").select_option("light")
    assert not opened.state()["dark"]


def test_blocks_of_values_are_averaged_where_pixels_are_fewer(explore):
    values = np.zeros((4000, 6), dtype=np.float32)
    values[::2] = 1.0
    opened = explore(Recording.of_traces([GateTrace(0, Direction.FORWARD, {Quantity.FORGET_GATE: values})]))
    [panel] = [panel for panel in opened.ask("panels()") if panel["kind"] == "heat"]
    colors = opened.page.locator('canvas[data-panel="heat"]').evaluate(
        """(canvas, [x, width]) => {
          const row = new Uint32Array(canvas.getContext("2d").getImageData(x, 10, width, 1).data.buffer);
          return new Set(row).size;
        }""",
        [panel["left"] + 1, int(panel["width"]) - 2],
    )
    assert colors == 1


def test_a_symbol_that_no_font_has_is_shown_by_its_own_pixels(explore, recording):
    from gateviz.data.alphabet import Alphabet
    from gateviz.data.emission import Emission

    odd = Alphabet.from_symbols("\U0010fff0bc ,", blank=0)
    opened = explore(replace(recording, emission=Emission(recording.emission.log_probs, odd)))
    assert opened.page.locator(".letter canvas").count() == 3


def test_no_name_is_cut_off_at_the_left(explore, recording):
    many = replace(recording, traces=(replace(recording.traces[2], values=wide(recording, 400)),))
    opened = explore(many, many, viewport={"width": 1400, "height": 1400})
    for panel in opened.page.locator('canvas[data-panel="heat"]').all():
        edge = panel.evaluate(
            "canvas => canvas.getContext('2d').getImageData(0, 0, 3, canvas.height).data.some((each) => each)"
        )
        assert not edge
    assert re.search(r">mean of \d+ a row<", opened.ask("svg()"))


def wide(recording, units):
    """Values of as many units, over the frames of the recording."""
    return bare(recording.grid.frame_count, units).values


def test_a_title_that_was_given_stands_above(explore, recording, new_page, tmp_path):
    path = tmp_path / "titled.html"
    write_html(path, explorer_document([recording], title="What the comma does"))
    page = new_page()
    page.goto(path.as_uri())
    page.get_by_role("heading", name="What the comma does").wait_for()
    assert explore(recording).page.get_by_role("heading", level=1).count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(explore, recording, scheme):
    opened = explore(recording, color_scheme=scheme, state={"selected_units": [2]})
    found = opened.page.evaluate(CONTRASTS)
    assert len(found) > 30
    assert [each for each in found if each["contrast"] < 4.5] == []


# The contrast (WCAG 2) of every element that has text of its own and can be used, to the ground it stands on.
CONTRASTS = """() => {
  const channels = (color) => color.match(/[0-9.]+/g).map(Number);
  const luminance = (color) => {
    const [red, green, blue] = channels(color).map((each) => each / 255)
      .map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ground = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const color = getComputedStyle(each).backgroundColor;
      if ((channels(color)[3] ?? 1) > 0) return color;
    }
    throw new Error("no ground");
  };
  return [...document.querySelector("#gateviz").shadowRoot.querySelectorAll(".gateviz *")]
    .filter((each) => [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
    .filter((each) => each.checkVisibility() && !each.closest(":disabled, option, .unseen, style"))
    .map((each) => {
      const [low, high] = [getComputedStyle(each).color, ground(each)].map(luminance).sort((a, b) => a - b);
      return { text: each.textContent, contrast: (high + 0.05) / (low + 0.05) };
    });
}"""
