"""Everything by keyboard, and said to those who cannot see it."""

from math import exp, log

import numpy as np
import pytest

pytestmark = pytest.mark.system


def test_arrow_keys_move_the_crosshair(explore, recording):
    opened = explore(recording)
    opened.press("Home", "ArrowRight", "ArrowRight", "ArrowDown", "ArrowDown")
    cursor = opened.state()["cursor"]
    assert (cursor["frame"], cursor["unit"]) == (2, 1)
    opened.press("PageDown", "End", "ArrowLeft")
    cursor = opened.state()["cursor"]
    assert (cursor["frame"], cursor["unit"]) == (58, 11)


def test_plus_zooms_around_the_crosshair_and_0_shows_the_whole_line(explore, recording):
    opened = explore(recording)
    opened.press("Home", *["ArrowRight"] * 20)
    before = opened.ask(f"columnToX({recording.grid.centers[20]})")
    opened.press("+", "+")
    assert opened.ask(f"columnToX({recording.grid.centers[20]})") == pytest.approx(before)
    first, last = opened.state()["zoom"]
    assert last - first == pytest.approx(1 / 1.5**2)
    opened.press("Control+ArrowRight")
    assert opened.state()["zoom"][0] == pytest.approx(first + 0.1 * (last - first))
    opened.press("0")
    assert opened.state()["zoom"] == [0, 1]


def test_shift_and_arrows_choose_columns(explore, recording):
    opened = explore(recording)
    opened.press("Home", "ArrowRight", "ArrowRight", *["Shift+ArrowRight"] * 3)
    assert opened.state()["columns"] == pytest.approx(list(recording.grid.columns(2, 6)))
    opened.press("Escape")
    assert opened.state()["columns"] == []


def test_n_and_p_go_from_symbol_to_symbol(explore, recording):
    opened = explore(recording)
    spans = recording.alignment.spans
    opened.press("Home", "n", "n")
    assert opened.state()["columns"] == pytest.approx(list(recording.grid.columns(spans[1].start, spans[1].stop)))
    opened.press("p")
    assert opened.state()["columns"] == pytest.approx(list(recording.grid.columns(spans[0].start, spans[0].stop)))


def test_enter_chooses_units_and_escape_gives_them_up(explore, recording):
    opened = explore(recording)
    opened.press("ArrowDown", "Enter", "ArrowDown", "Control+Enter")
    assert opened.state()["selected_units"] == [0, 1]
    opened.press("Escape")
    assert opened.state()["selected_units"] == []


def test_the_crosshair_is_said(explore, recording):
    opened = explore(recording)
    opened.press("Home", *["ArrowRight"] * 5, "ArrowDown")
    live = opened.page.locator('[aria-live="polite"]')
    # It is said once the keys have rested: on a slow machine a rest between two of them is said first.
    for words in ("frame 5", "symbol a", "unit 0", "input gate i"):
        live = live.filter(has_text=words)
    live.wait_for(state="attached")


def test_every_control_has_a_name(explore, recording, edited):
    opened = explore(recording, edited)
    nameless = opened.page.evaluate(
        """() => [...document.querySelector("#gateviz").shadowRoot.querySelectorAll("button, select, input, canvas[role], [tabindex]")]
          .filter((each) => !(each.getAttribute("aria-label") || each.getAttribute("aria-labelledby") || each.labels?.length || each.textContent.trim()))
          .map((each) => each.outerHTML)"""
    )
    assert nameless == []


def test_letters_are_one_stop_of_the_tab_key(explore, recording):
    opened = explore(recording)
    first = opened.page.locator(".letter").first
    first.focus()
    opened.page.keyboard.press("ArrowRight")
    opened.page.keyboard.press("Enter")
    span = recording.alignment.spans[1]
    assert opened.state()["columns"] == pytest.approx(list(recording.grid.columns(span.start, span.stop)))
    assert opened.page.locator('.letter[tabindex="0"]').count() == 1


def test_help_lists_the_keys(explore, recording):
    opened = explore(recording)
    opened.press("?")
    opened.page.get_by_role("dialog").get_by_text("Cohen's d").wait_for()
    opened.page.keyboard.press("Escape")
    opened.page.get_by_role("dialog").wait_for(state="detached")


def test_play_reads_forward_from_the_left_and_backward_from_the_right(explore, recording):
    # As slowly as can be: the line must not end between two looks at it.
    opened = explore(recording, state={"speed": 2})
    opened.press("Home", ".", ".")
    assert opened.state()["cursor"]["frame"] == 2
    opened.page.get_by_label("layer", exact=True).select_option("1.backward")
    opened.press("End", ".", ".")
    assert opened.state()["cursor"]["frame"] == 57
    opened.press("Escape", " ")
    assert opened.state()["playing"]
    opened.press(" ")
    assert not opened.state()["playing"]


def test_the_wheel_zooms_around_the_pointer_and_a_drag_moves_the_line(explore, recording):
    opened = explore(recording)
    x, y = map(round, opened.cell("forget_gate", 3, 30))
    opened.page.mouse.move(x, y)
    before = opened.ask(f"xToColumn({x})")
    opened.page.locator(".plots").focus()
    opened.page.mouse.wheel(0, -240)
    while opened.state()["zoom"] == [0, 1]:
        opened.settle()
    assert opened.ask(f"xToColumn({x})") == pytest.approx(before, abs=0.01)
    opened.page.keyboard.down("Shift")
    opened.page.mouse.down()
    opened.page.mouse.move(x - 60, y, steps=4)
    opened.page.mouse.up()
    opened.page.keyboard.up("Shift")
    assert opened.ask(f"xToColumn({x - 60})") == pytest.approx(before, abs=0.1)
    opened.page.mouse.dblclick(x, y)
    assert opened.state()["zoom"] == [0, 1]


WHEEL = """
([x, y, options]) => {
  const plots = document.querySelector("#gateviz").shadowRoot.querySelector(".plots");
  const event = new WheelEvent("wheel", { bubbles: true, composed: true, cancelable: true, clientX: x, clientY: y, ...options });
  plots.dispatchEvent(event);
  return event.defaultPrevented;
}
"""


def wheel(opened, point, **options) -> bool:
    """Let the wheel turn over a point; whether the page was kept from scrolling, or from zooming itself."""
    return opened.page.evaluate(WHEEL, [*point, options])


def test_without_the_focus_the_wheel_scrolls_the_page(explore, recording):
    opened = explore(recording, viewport={"width": 900, "height": 400})
    x, y = map(round, opened.cell("forget_gate", 3, 30))
    opened.page.mouse.move(x, y)
    opened.page.evaluate("window.scrollTo(0, 200)")
    # The page's policy forbids it to poll an expression; a promise is waited for without.
    opened.page.evaluate(
        "() => { window.up = new Promise(done => addEventListener('scroll', () => scrollY < 200 && done(1))) }"
    )
    opened.page.mouse.wheel(0, -100)
    assert opened.page.evaluate("window.up") == 1
    assert opened.state()["zoom"] == [0, 1]
    assert not wheel(opened, (x, y), deltaY=-100)
    opened.press("+")
    opened.page.evaluate("document.querySelector('#gateviz').shadowRoot.activeElement.blur()")
    zoom = opened.state()["zoom"]
    assert not wheel(opened, (x, y), deltaY=100)
    assert opened.state()["zoom"] == zoom
    # Along the line there is nothing else that could move.
    assert wheel(opened, (x, y), deltaX=30)
    assert opened.state()["zoom"][0] > zoom[0]


def test_a_click_into_the_panels_lets_the_wheel_zoom(explore, recording):
    opened = explore(recording)
    x, y = map(round, opened.cell("forget_gate", 3, 30))
    opened.page.mouse.click(x, y)
    # There is nothing to zoom out from: the page may scroll.
    assert not wheel(opened, (x, y), deltaY=100)
    assert wheel(opened, (x, y), deltaY=-160)
    start, stop = opened.state()["zoom"]
    assert stop - start == pytest.approx(exp(-160 / 320), abs=1e-6)


@pytest.mark.parametrize("key", ["ctrlKey", "metaKey"])
def test_ctrl_and_the_wheel_zoom_without_the_focus(explore, recording, key):
    opened = explore(recording)
    x, y = map(round, opened.cell("forget_gate", 3, 30))
    before = opened.ask(f"xToColumn({x})")
    assert wheel(opened, (x, y), deltaY=-160, **{key: True})
    start, stop = opened.state()["zoom"]
    assert stop - start == pytest.approx(exp(-160 / 320), abs=1e-6)
    assert opened.ask(f"xToColumn({x})") == pytest.approx(before, abs=1e-6)
    # At the whole line, too, the browser must not zoom its page.
    assert wheel(opened, (x, y), deltaY=240, **{key: True})
    assert wheel(opened, (x, y), deltaY=240, **{key: True})
    assert opened.state()["zoom"] == [0, 1]


def test_a_pinch_on_a_touchpad_zooms_as_far_as_the_fingers_spread(explore, recording):
    opened = explore(recording)
    x, y = map(round, opened.cell("forget_gate", 3, 30))
    before = opened.ask(f"xToColumn({x})")
    # Chromium and Firefox hand a pinch over as wheel events with Ctrl: -100 times the logarithm of its scale.
    for _ in range(10):
        assert wheel(opened, (x, y), deltaY=-100 * log(2) / 10, ctrlKey=True)
    start, stop = opened.state()["zoom"]
    assert stop - start == pytest.approx(1 / 2, abs=1e-6)
    assert opened.ask(f"xToColumn({x})") == pytest.approx(before, abs=1e-6)


def test_two_fingers_on_a_screen_zoom_what_is_between_them(explore, recording):
    opened = explore(recording, has_touch=True)
    x, y = opened.cell("forget_gate", 3, 30)
    before = opened.ask(f"xToColumn({x})")
    touch = opened.page.context.new_cdp_session(opened.page)

    def fingers(kind: str, *places: float) -> None:
        points = [{"x": place, "y": y, "id": at} for at, place in enumerate(places)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", x - 40)
    fingers("touchStart", x - 40, x + 40)
    for apart in (60, 80, 100, 120):
        fingers("touchMove", x - apart, x + apart)
    fingers("touchEnd")
    start, stop = opened.state()["zoom"]
    assert stop - start == pytest.approx(1 / 3, abs=0.02)
    assert opened.ask(f"xToColumn({x})") == pytest.approx(before, abs=1.0)


def test_v_goes_through_the_views_and_q_through_the_heatmaps(explore, recording, edited):
    opened = explore(recording, edited)
    seen = []
    for _ in range(4):
        opened.press("v")
        seen.append(opened.state()["view"])
    assert seen == ["difference", "first", "second", "both"]
    opened.press("Home", "ArrowDown", "q", "q", "Q")
    assert opened.state()["cursor"]["quantity"] == "forget_gate"


def test_m_t_and_brackets(explore, recording):
    opened = explore(recording, state={"columns": [60.0, 100.0]})
    heat = [panel["height"] for panel in opened.ask("panels()") if panel["kind"] == "heat"]
    opened.press("m", "t", "]")
    state = opened.state()
    assert (state["mode"], state["lift"], state["tall"]) == ("pan", False, 1.25)
    opened.press("[", "t")
    assert [panel["height"] for panel in opened.ask("panels()") if panel["kind"] == "heat"] == pytest.approx(heat)


def test_a_keyboard_alone_reaches_every_control(explore, recording, edited):
    """With the Tab key, from the first control to the last and round again."""
    opened = explore(recording, edited, state={"columns": [60.0, 100.0]})
    wanted = opened.page.evaluate(
        """() => [...document.querySelector("#gateviz").shadowRoot.querySelectorAll("[data-key]")]
          .filter((each) => each.checkVisibility() && !each.disabled && each.tabIndex >= 0 && each.type !== "radio")
          .map((each) => each.dataset.key)"""
    )
    reached = set()
    for _ in range(len(wanted) + 20):
        opened.page.keyboard.press("Tab")
        reached.add(opened.page.evaluate("document.querySelector('#gateviz').shadowRoot.activeElement?.dataset.key"))
    assert set(wanted) <= reached
    assert {"view-both", "mode-select"} <= reached


def test_the_focus_can_be_seen(explore, recording):
    opened = explore(recording)
    for _ in range(12):
        opened.page.keyboard.press("Tab")
        outline = opened.page.evaluate(
            """() => {
              const focused = document.querySelector("#gateviz").shadowRoot.activeElement;
              const shown = focused.matches(".segments input") ? focused.nextElementSibling : focused;
              return getComputedStyle(shown).outlineStyle + getComputedStyle(shown).outlineWidth;
            }"""
        )
        assert outline == "solid2px"


def test_a_click_into_the_panels_gives_them_the_keys_and_draws_no_ring(explore, recording):
    opened = explore(recording)
    opened.page.mouse.click(*opened.cell("forget_gate", 3, 17))
    opened.page.keyboard.press("ArrowRight")
    assert opened.state()["cursor"]["frame"] == 18


def veiled(opened, xs, ys):
    """Whether something is drawn over the panels, at each of these rows and columns of pixels."""
    return opened.page.locator(".cross").evaluate(
        """(canvas, [xs, ys]) => {
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          return ys.map((y) => xs.map((x) => data[4 * (y * canvas.width + x) + 3] > 0));
        }""",
        [xs, ys],
    )


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_playing_runs_to_the_end_and_veils_what_is_not_read(explore, recording, direction):
    opened = explore(recording, state={"trace": f"1.{direction}"})
    opened.page.get_by_label("frames/s").select_option("50")
    opened.press(" ")
    frames = [opened.state()["cursor"]["frame"]]
    while opened.state()["playing"]:
        frames.append(opened.state()["cursor"]["frame"])
    steps = np.diff(frames)
    assert (steps >= 0).all() if direction == "forward" else (steps <= 0).all()
    end = {"forward": 59, "backward": 0}[direction]
    assert opened.state()["cursor"]["frame"] == end
    assert not opened.state()["played"]

    opened.press("Home", *["ArrowRight"] * 30, ",", ".")
    panel = next(panel for panel in opened.ask("panels()") if panel["kind"] == "image")
    ends = [panel["left"] + 5, panel["left"] + int(panel["width"]) - 5]
    assert veiled(opened, ends, [int(panel["top"]) + 5]) == [
        {"forward": [False, True], "backward": [True, False]}[direction]
    ]


def test_the_first_step_is_the_first_frame_read(explore, recording):
    for trace, frame in (("1.forward", 0), ("1.backward", 59)):
        opened = explore(recording, state={"trace": trace})
        opened.press(".")
        assert opened.state()["cursor"]["frame"] == frame


def test_with_all_layers_each_is_read_from_its_own_side(explore, recording):
    opened = explore(recording)
    opened.page.get_by_label("all layers").check()
    opened.press("Home", *["."] * 10)
    panel = next(panel for panel in opened.ask("panels()") if panel["kind"] == "strips")
    lanes = [int(panel["top"] + (at + 0.5) * panel["height"] / 4) for at in range(4)]
    ends = [panel["left"] + 5, panel["left"] + int(panel["width"]) - 5]
    assert veiled(opened, ends, lanes) == [[False, True], [True, False]] * 2
    assert opened.page.locator(".legend").inner_text().endswith("mean i\nmean f\nmean o")
