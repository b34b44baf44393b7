"""The explorer in a real browser: Debian's Chromium, pages opened from files, the network off."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gateviz.data.alphabet import Alphabet
from gateviz.data.emission import Emission
from gateviz.data.frames import FrameGrid
from gateviz.data.gates import LSTM_QUANTITIES, Direction, GateTrace, Quantity
from gateviz.data.provenance import Provenance
from gateviz.panels.explorer import explorer_document
from gateviz.panels.wire import encode
from gateviz.recording import Recording
from gateviz.widget.html import initial_state, static_text, write_html

CHROMIUM = Path("/usr/bin/chromium")
EXPLORER = "document.querySelector('#gateviz').gatevizExplorer"
TEXT = "ab ba, cab"
# Long enough for any machine: it ends a test that waits for what will never come, which ``evaluate`` alone would do for ever.
PATIENCE = 180_000
DRAWN = f"""new Promise((done, fail) => {{
    setTimeout(() => fail(new Error("the page has drawn no frame")), {PATIENCE});
    requestAnimationFrame(() => requestAnimationFrame(done));
}})"""
FRAMES, UNITS, WIDTH = 60, 12, 242


@pytest.fixture(scope="session")
def browser():
    if not CHROMIUM.exists():
        pytest.skip("needs the Debian package chromium")
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright, which pip installs")
    with sync_api.sync_playwright() as running:
        found = running.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"], timeout=PATIENCE
        )
        yield found
        found.close()


def trace(
    layer: int = 0, direction: str = "forward", *, frames: int = FRAMES, units: int = UNITS, seed: int = 0
) -> GateTrace:
    """Slow random walks, as gates are."""
    rng = np.random.default_rng(100 * layer + 10 * (direction == "backward") + seed)
    values = {}
    for quantity in LSTM_QUANTITIES:
        walk = np.tanh(np.cumsum(rng.normal(scale=0.6, size=(frames, units)), axis=0))
        stretched = 20 * walk if quantity is Quantity.CELL_STATE else walk
        values[quantity] = ((1 + walk) / 2 if quantity.is_gate else stretched).astype(np.float32)
    return GateTrace(layer, Direction(direction), values)


def make_recording(*, seed: int = 0, name: str = "line.png", edits: tuple[str, ...] = (), **options: Any) -> Recording:
    """A line with an image, ten symbols, and two layers in both directions."""
    image = np.random.default_rng(1).integers(0, 256, (24, WIDTH), dtype=np.uint8)
    alphabet = Alphabet.from_symbols("abc ,", blank=0)
    scores = np.full((FRAMES, alphabet.class_count), -6.0)
    scores[:, 0] = 0.0
    for position, symbol in enumerate(TEXT):
        scores[4 + 5 * position : 6 + 5 * position, alphabet.encode(symbol)[0]] = 4.0
    log_probs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    traces = tuple(trace(layer, str(direction), seed=seed, **options) for layer in range(2) for direction in Direction)
    return Recording(
        image=image,
        grid=FrameGrid(FRAMES, 4.03, 1.7, 25.0, WIDTH),
        traces=traces,
        emission=Emission(log_probs.astype(np.float32), alphabet),
        provenance=Provenance(image=name, edits=edits),
    )


@pytest.fixture(scope="session")
def recording() -> Recording:
    return make_recording()


@pytest.fixture(scope="session")
def edited(recording) -> Recording:
    """The same line after an edit: other values, the same shapes."""
    return replace(make_recording(seed=5), provenance=Provenance(image="line.png", edits=("forget gate held at 0",)))


class Opened:
    """A page with an explorer, and short ways to use it."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def ask(self, call: str) -> Any:
        """What ``el.gatevizExplorer`` answers, after everything was drawn."""
        self.settle()
        return self.page.evaluate(f"{EXPLORER}.{call}")

    def settle(self) -> None:
        self.page.evaluate(DRAWN)

    def state(self) -> dict[str, Any]:
        return self.ask("state()")

    def cell(self, quantity: str, unit: int, frame: int, side: int = 0) -> tuple[float, float]:
        """Where a cell of a heatmap is, scrolled into the window."""
        self.page.locator(f'[data-side] canvas[data-quantity="{quantity}"]').nth(side).scroll_into_view_if_needed()
        point = self.ask(f"cellPoint({json.dumps(quantity)}, {unit}, {frame}, {side})")
        return point["x"], point["y"]

    def field(self, name: str) -> str:
        """A field of the readout."""
        self.settle()
        return self.page.locator(f'[data-field="{name}"]').inner_text()

    def press(self, *keys: str) -> None:
        self.page.locator(".plots").first.focus()
        for key in keys:
            self.page.keyboard.press(key)
        self.settle()

    def drag_columns(self, start: float, stop: float, kind: str = "posterior") -> None:
        """Drag over columns of the line."""
        box = self.page.locator(f'canvas[data-panel="{kind}"]').first.bounding_box()
        first, last = (self.ask(f"columnToX({column})") for column in (start, stop))
        self.page.mouse.move(first, box["y"] + box["height"] / 2)
        self.page.mouse.down()
        self.page.mouse.move(last, box["y"] + box["height"] / 2, steps=5)
        self.page.mouse.up()

    def tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name).click()
        self.settle()

    def text(self, selector: str) -> str:
        """The text of an element, after everything was drawn."""
        self.settle()
        return self.page.locator(selector).inner_text()


@pytest.fixture
def new_page(browser):
    """A page of a fresh context; afterwards nothing may have gone wrong, and nothing been asked of the network."""
    contexts, troubles = [], []

    def make(**options: Any) -> Any:
        options = {"viewport": {"width": 1280, "height": 900}, "offline": True, "accept_downloads": True, **options}
        context = browser.new_context(**options)
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: troubles.append(message.text) if message.type in ("error", "warning") else 0)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on(
            "request",
            lambda request: 0 if request.url.startswith(("file:", "data:", "blob:")) else troubles.append(request.url),
        )
        return page

    yield make
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture
def explore(new_page, tmp_path) -> Callable[..., Opened]:
    """Write recordings as an HTML file and open it."""

    def opened(
        *recordings: Recording, exact: bool = False, state: dict[str, Any] | None = None, **options: Any
    ) -> Opened:
        document = explorer_document(recordings, exact=exact)
        path = tmp_path / "gates.html"
        write_html(path, document, initial_state(document) | (state or {}))
        page = new_page(**options)
        page.goto(path.as_uri())
        found = Opened(page)
        # What stands beside the panels is written with the first frame that is drawn.
        found.settle()
        return found

    return opened


@pytest.fixture
def explore_live(new_page, tmp_path) -> Callable[..., Opened]:
    """The explorer with a kernel that is played: it keeps what is sent in ``window.sent`` and says nothing."""

    def opened(*recordings: Recording, **options: Any) -> Opened:
        document = explorer_document(recordings, live=True)
        wire = encode(document)
        state = initial_state(document) | {"document": wire.header}
        data = base64.b64encode(wire.data).decode("ascii")
        path = tmp_path / "live.html"
        script = f"{static_text('explorer.js')}\n{PLAYED_KERNEL}"
        path.write_text(
            f'<!doctype html><meta charset="utf-8"><div id="gateviz"></div>'
            f'<script id="state" type="application/json">{json.dumps(state).replace("<", chr(92) + "u003c")}</script>'
            f'<script id="data" type="text/plain">{data}</script><script type="module">{script}</script>',
            encoding="utf-8",
        )
        page = new_page(**options)
        page.goto(path.as_uri())
        found = Opened(page)
        # What stands beside the panels is written with the first frame that is drawn.
        found.settle()
        return found

    return opened


PLAYED_KERNEL = """
const told = new Map();
const state = JSON.parse(document.getElementById("state").textContent);
state.data = new DataView(Uint8Array.from(atob(document.getElementById("data").textContent), (c) => c.charCodeAt(0)).buffer);
window.sent = [];
window.kernel = { status: "idle", isDisposed: false };
window.model = {
  widget_manager: { kernel: window.kernel },
  get: (name) => state[name],
  set: (name, value) => { state[name] = value; },
  save_changes: () => {},
  send: (message) => { if (window.broken) throw new Error(window.broken); window.sent.push(message); },
  on: (event, call) => told.set(event, [...(told.get(event) ?? []), call]),
  off: (event, call) => told.set(event, (told.get(event) ?? []).filter((each) => each !== call)),
};
window.tell = (changes) => {
  Object.assign(state, changes);
  for (const name of Object.keys(changes)) for (const call of told.get(`change:${name}`) ?? []) call();
};
render({ model: window.model, el: document.getElementById("gateviz") });
"""
