"""The explorer in Chromium: how soon a large recording is drawn, how steadily it moves, and how large its file is.

Measured by the page's own performance clock, in Debian's Chromium without a window. It has no graphics
card there: all pixels are painted by the processor, which is the slowest a reader may have.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.timing import Report, table
from gateviz.data.alphabet import Alphabet
from gateviz.data.emission import Emission
from gateviz.data.frames import FrameGrid
from gateviz.data.gates import LSTM_QUANTITIES, Direction, GateTrace
from gateviz.data.provenance import Provenance
from gateviz.errors import MissingExtraError
from gateviz.panels.explorer import explorer_document
from gateviz.recording import Recording
from gateviz.widget.html import write_html

CHROMIUM = Path("/usr/bin/chromium")
UNITS = 512
STRIDE = 6
WINDOW = {"width": 1440, "height": 900}
# A frame of a screen that shows 60 a second; one that took half as long again was seen late.
FRAME = 1000 / 60
LATE = 1.5 * FRAME
MOVES = 240

# Runs before the page's own script: notes when the frame after the first complete drawing begins, which
# the browser does not do before that drawing has been painted.
WATCH = """
(() => {
  const look = () => {
    const [opened] = performance.getEntriesByName("gateviz open");
    if (!opened) requestAnimationFrame(look);
    else requestAnimationFrame(() => requestAnimationFrame((now) => (window.painted = { ...opened.toJSON(), now })));
  };
  requestAnimationFrame(look);
})();
"""

# Lets a pointer or wheel event go off in every frame and notes when frames begin.
MOVE = """
async ({ kind, moves }) => {
  const element = document.querySelector("#gateviz");
  const explorer = element.gatevizExplorer;
  const plots = element.shadowRoot.querySelector(".plots");
  const panel = explorer.panels().find((each) => each.kind === "heat");
  const box = plots.getBoundingClientRect();
  const [left, top] = [box.left + panel.left, box.top + panel.top + panel.height / 2];
  const before = explorer.metrics();
  const starts = [];
  for (let at = 0; at < moves; at += 1) {
    starts.push(await new Promise((done) => requestAnimationFrame(done)));
    const across = ((at * 7) % 997) / 997;
    const place = { bubbles: true, composed: true, cancelable: true, clientX: left + across * panel.width, clientY: top };
    if (kind === "crosshair") plots.dispatchEvent(new PointerEvent("pointermove", { ...place, pointerId: 1 }));
    else plots.dispatchEvent(new WheelEvent("wheel", { ...place, clientX: left + panel.width / 2, deltaX: (at % 120 < 60 ? 1 : -1) * 24 }));
  }
  starts.push(await new Promise((done) => requestAnimationFrame(done)));
  const { crosses, draws } = explorer.metrics();
  const script = kind === "crosshair" ? crosses.slice(before.crosses.length) : draws.slice(before.draws.length);
  return { frames: starts.slice(1).map((start, at) => start - starts[at]), script };
}
"""


def run(quick: bool) -> Report:
    """Milliseconds from the data to the first complete paint, frame times, and megabytes, for T = 400 and 5000."""
    shapes = [(400, 1 if quick else 7)] + ([] if quick else [(5000, 3)])
    load, began = os.getloadavg()[0], time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        found = [measured(Path(folder), chromium, frames, rounds) for frames, rounds in shapes]
        name = chromium.version
    numbers: dict[str, Any] = {
        "browser": f"Chromium {name}, headless, no graphics card: pixels are painted by the processor",
        "playwright": version("playwright"),
        "window": WINDOW,
        "load_average": {"before": load, "after": os.getloadavg()[0]},
        "seconds": time.perf_counter() - began,
        "recordings": found,
    }
    header = ["4 traces x 512 units x T", "first paint", "crosshair: median / worst", "panning: median / worst", "HTML"]
    rows = [
        [
            str(each["frames"]),
            f"{each['open']['paint_ms']['median']:.0f} ms",
            *(f"{each[kind]['frame_ms']['median']:.1f} / {each[kind]['frame_ms']['worst']:.0f} ms" for kind in KINDS),
            f"{each['html_megabytes']:.1f} MB",
        ]
        for each in found
    ]
    text = table(header, rows)
    text += f"\nA frame of 60 a second takes {FRAME:.1f} ms. Load average before {load:.1f}, {os.cpu_count()} cores.\n"
    return Report(text, numbers)


KINDS = ("crosshair", "panning")


@contextmanager
def browser() -> Iterator[Any]:
    """Debian's Chromium."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise MissingExtraError("the explorer is measured with playwright; pip install 'gateviz[test]'") from error
    if not CHROMIUM.exists():
        raise MissingExtraError(f"the explorer is measured in {CHROMIUM}, which is not there; apt install chromium")
    with sync_playwright() as running:
        found = running.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"], timeout=0
        )
        try:
            yield found
        finally:
            found.close()


def measured(folder: Path, chromium: Any, frames: int, rounds: int) -> dict[str, Any]:
    """What there is to say of a recording of so many frames: every round opens the page anew."""
    recording = recording_of(frames)
    path = folder / f"{frames}.html"
    start = time.perf_counter()
    write_html(path, explorer_document([recording]))
    written = time.perf_counter() - start
    every = [round_of(chromium, path) for _ in range(rounds)]
    result: dict[str, Any] = {
        "frames": frames,
        "units": UNITS,
        "traces": len(recording.traces),
        "quantities": len(LSTM_QUANTITIES),
        "rounds": rounds,
        "html_megabytes": path.stat().st_size / 1e6,
        "html_seconds_to_write": written,
        "open": {
            "paint_ms": spread([each["paint"] for each in every]),
            "script_ms": spread([each["script"] for each in every]),
            "from_the_file_ms": spread([each["file"] for each in every]),
        },
    }
    for kind in KINDS:
        intervals = [interval for each in every for interval in each[kind]["frames"]]
        result[kind] = {
            "moves": len(intervals),
            "frame_ms": spread(intervals),
            "share_of_late_frames": sum(interval > LATE for interval in intervals) / len(intervals),
            "script_ms": spread([took for each in every for took in each[kind]["script"]]),
        }
    if frames <= 400:
        write_html(path, explorer_document([recording], exact=True))
        result["html_megabytes_exact"] = path.stat().st_size / 1e6
    return result


def round_of(chromium: Any, path: Path) -> dict[str, Any]:
    """One page opened, the crosshair moved, the zoomed line panned."""
    context = chromium.new_context(viewport=WINDOW, offline=True)
    context.set_default_timeout(300_000)
    try:
        context.add_init_script(WATCH)
        page = context.new_page()
        page.goto(path.as_uri())
        page.wait_for_function("() => window.painted")
        painted = page.evaluate("window.painted")
        arrived = page.evaluate("performance.getEntriesByType('navigation')[0].responseEnd")
        found: dict[str, Any] = {
            "paint": painted["now"] - painted["startTime"],
            "script": painted["duration"],
            "file": painted["now"] - arrived,
        }
        # What the browser does once after a page has opened is not what is asked about.
        page.wait_for_timeout(1000)
        found["crosshair"] = page.evaluate(MOVE, {"kind": "crosshair", "moves": MOVES})
        zoom_in(page)
        found["panning"] = page.evaluate(MOVE, {"kind": "panning", "moves": MOVES})
    finally:
        context.close()
    for kind in KINDS:
        # Every move was drawn, or nearly: two may fall into one frame.
        assert len(found[kind]["script"]) > 0.8 * MOVES, f"{kind}: {len(found[kind]['script'])} of {MOVES} were drawn"
    return found


def zoom_in(page: Any) -> None:
    """Show a part of the line, by keys, as a reader would."""
    page.locator(".plots").first.focus()
    for _ in range(8):
        page.keyboard.press("+")
    page.wait_for_timeout(500)
    start, stop = page.evaluate("document.querySelector('#gateviz').gatevizExplorer.state().zoom")
    assert stop - start < 0.8, f"the keys left the zoom at {start} to {stop}"


def spread(milliseconds: list[float]) -> dict[str, float]:
    """Median, 95th percentile and the worst."""
    return {
        "median": median(milliseconds),
        "p95": float(np.percentile(milliseconds, 95)),
        "worst": max(milliseconds),
    }


def recording_of(frames: int) -> Recording:
    """A line with an image, a symbol every ten frames, and two layers in both directions of smooth random series."""
    rng = np.random.default_rng(0)
    traces = []
    for layer in range(2):
        for direction in Direction:
            values = {}
            for quantity in LSTM_QUANTITIES:
                walk = np.cumsum(rng.normal(scale=0.4, size=(frames, UNITS)).astype(np.float32), axis=0)
                bounded = np.tanh(walk - walk.mean(axis=0))
                values[quantity] = (1 + bounded) / 2 if quantity.is_gate else bounded
            traces.append(GateTrace(layer, direction, values))
    alphabet = Alphabet.from_symbols("abcdefghij", blank=0)
    scores = np.full((frames, alphabet.class_count), -8.0)
    scores[:, 0] = 0.0
    at = np.arange(4, frames, 10)
    scores[at, 1 + np.arange(len(at)) % 10] = 4.0
    log_probs = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    return Recording(
        image=rng.integers(0, 256, (48, STRIDE * frames), dtype=np.uint8),
        grid=FrameGrid(frames, float(STRIDE), STRIDE / 2, 50.0, STRIDE * frames),
        traces=tuple(traces),
        emission=Emission(log_probs.astype(np.float32), alphabet),
        provenance=Provenance(image=f"{frames} frames"),
    )
