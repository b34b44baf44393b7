"""Time and size of a figure: gateviz against seaborn.heatmap and a vector pcolormesh; a redraw against ``import torch``.

All ways draw the same heatmaps into PNG, PDF and SVG, in turn, so that a busy machine slows all of
them alike; medians are shown. seaborn is no part of gateviz: where it is not installed, its row is
left out.
"""

import importlib.util
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmarks.timing import Report, table
from gateviz.data.gates import LSTM_QUANTITIES, Direction, GateTrace
from gateviz.plot.export import save_figure
from gateviz.plot.figures import gates
from gateviz.recording import Recording

FORMATS = ("png", "pdf", "svg")
Draw = Callable[[Recording, Path], None]


def recording_of(frames: int, units: int, *, layers: int, directions: int) -> Recording:
    """Smooth random series, as gates are."""
    rng = np.random.default_rng(0)
    traces = []
    for layer in range(layers):
        for direction in list(Direction)[:directions]:
            values = {}
            for quantity in LSTM_QUANTITIES:
                walk = np.cumsum(rng.normal(scale=0.4, size=(frames, units)), axis=0)
                bounded = np.tanh(walk - walk.mean(axis=0))
                values[quantity] = ((1 + bounded) / 2 if quantity.is_gate else bounded).astype(np.float32)
            traces.append(GateTrace(layer, direction, values))
    return Recording.of_traces(traces)


def draw_gateviz(recording: Recording, folder: Path) -> None:
    for kind in FORMATS:
        layers = {trace.layer for trace in recording.traces}
        save_figure(gates(recording, layers=layers), folder / f"figure.{kind}")


def draw_cells(recording: Recording, folder: Path, paint: Callable[..., object]) -> None:
    """The usual way: one axes a heatmap, one vector cell a value."""
    matrices = [series.T for trace in recording.traces for series in trace.values.values()]
    figure = Figure(figsize=(6.3, 0.7 * len(matrices)), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, matrix in zip(np.ravel(figure.subplots(len(matrices), 1)), matrices, strict=True):
        paint(axes, matrix)
    for kind in FORMATS:
        figure.savefig(folder / f"figure.{kind}")


def ways() -> dict[str, Draw]:
    """Name of each way to draw, and how."""
    found: dict[str, Draw] = {
        "gateviz": draw_gateviz,
        "pcolormesh, vector": lambda recording, folder: draw_cells(
            recording, folder, lambda axes, matrix: axes.pcolormesh(matrix)
        ),
    }
    if importlib.util.find_spec("seaborn"):
        import seaborn

        found["seaborn.heatmap"] = lambda recording, folder: draw_cells(
            recording, folder, lambda axes, matrix: seaborn.heatmap(matrix, ax=axes, cbar=False)
        )
    return found


def measured(recording: Recording, candidates: dict[str, Draw], rounds: int) -> dict[str, dict[str, float]]:
    """Median seconds of each way for all three formats together, and the megabytes of each format."""
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    results: dict[str, dict[str, float]] = {}
    for _ in range(rounds):
        for name, draw in candidates.items():
            with tempfile.TemporaryDirectory() as folder:
                start = time.perf_counter()
                draw(recording, Path(folder))
                seconds[name].append(time.perf_counter() - start)
                results[name] = {kind: (Path(folder) / f"figure.{kind}").stat().st_size / 1e6 for kind in FORMATS}
    for name, times in seconds.items():
        results[name]["seconds"] = median(times)
    return results


def redraw_ratio(rounds: int) -> dict[str, float]:
    """Median seconds of whole processes: ``import torch``, and drawing a saved recording again as PNG."""
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "line.safetensors"
        recording_of(41, 256, layers=2, directions=2).save(saved)
        redraw = (
            "import gateviz.plot\n"
            "from gateviz.recording import open_recording\n"
            f"figure = gateviz.plot.gates(open_recording({str(saved)!r}))\n"
            f"gateviz.plot.save(figure, {str(Path(folder) / 'a.png')!r})"
        )
        scripts = {"import torch": "import torch", "redraw": redraw}
        seconds: dict[str, list[float]] = {name: [] for name in scripts}
        for _ in range(rounds):
            for name, script in scripts.items():
                start = time.perf_counter()
                subprocess.run([sys.executable, "-c", script], check=True)
                seconds[name].append(time.perf_counter() - start)
    return {name: median(times) for name, times in seconds.items()}


def run(quick: bool) -> Report:
    """The tables that the README quotes; the large figure takes the vector ways minutes."""
    shapes = [(41, 256, 1, 1, ways(), 1 if quick else 3)]
    if not quick:
        shapes.append((400, 512, 1, 1, ways(), 1))
    shapes.append((400, 512, 2, 2, {"gateviz": draw_gateviz}, 1 if quick else 3))
    rows, numbers = [], []
    for frames, units, layers, directions, candidates, rounds in shapes:
        recording = recording_of(frames, units, layers=layers, directions=directions)
        heatmaps = len(LSTM_QUANTITIES) * layers * directions
        for name, found in measured(recording, candidates, rounds).items():
            numbers.append({"frames": frames, "units": units, "heatmaps": heatmaps, "way": name, **found})
            sizes = " / ".join(f"{found[kind]:.2f}" for kind in FORMATS)
            rows.append([f"{frames} x {units} x {heatmaps}", name, f"{found['seconds']:.2f}", sizes])
    processes = redraw_ratio(3 if quick else 9)
    ratio = processes["redraw"] / processes["import torch"]
    text = table(["frames x units x heatmaps", "way", "seconds, three formats", "MB (PNG / PDF / SVG)"], rows)
    text += (
        f"\nDrawing a saved recording again (41 x 256, two layers, both directions, default figure, PNG), whole process: "
        f"{processes['redraw']:.2f} s, {ratio:.2f} of `import torch` ({processes['import torch']:.2f} s).\n"
    )
    return Report(text, {"figures": numbers, "processes": processes})
