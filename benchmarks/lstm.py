"""What recording costs: an instrumented LSTM against the plain ``nn.LSTM``, side by side.

Ratios of medians, recording to plain, both in inference mode on the same threads unless said
otherwise. 1.00 is "for nothing".
"""

import json
import subprocess
import sys
from functools import partial
from itertools import product
from statistics import geometric_mean, median

import torch
from torch import nn

from benchmarks.timing import Report, interleaved, table
from gateviz.capture.instrumented import InstrumentedLSTM
from gateviz.capture.tracing import trace_gates
from gateviz.networks.crnn import CRNN, CrnnConfig

HIDDEN, FRAMES, BATCH, LAYERS, THREADS = (96, 256, 512), (25, 64, 160, 400, 1024), (1, 16, 64), (1, 2), (1, 2)
QUICK = {"hidden": (96, 256), "frames": (25, 160), "batch": (1, 16), "layers": (2,), "threads": (2,)}


def _layer(hidden: int, layers: int) -> tuple[nn.LSTM, InstrumentedLSTM]:
    torch.manual_seed(0)
    plain = nn.LSTM(hidden * 2, hidden, layers, bidirectional=True).eval()
    return plain, InstrumentedLSTM.from_lstm(plain)


def grid(quick: bool) -> list[dict[str, float]]:
    """Ratio and plain milliseconds of every shape."""
    axes = QUICK if quick else dict(zip(QUICK, (HIDDEN, FRAMES, BATCH, LAYERS, THREADS), strict=True))
    rows = []
    for threads in axes["threads"]:
        torch.set_num_threads(threads)
        for hidden, layers in product(axes["hidden"], axes["layers"]):
            plain, recording = _layer(hidden, layers)
            for frames, batch in product(axes["frames"], axes["batch"]):
                x = torch.randn(frames, batch, hidden * 2)
                with torch.inference_mode():
                    times = interleaved(
                        {"plain": partial(plain, x), "recording": partial(recording, x)},
                        budget=0.5 if quick else 1.2,
                        least=2,
                    )
                # The trace of the last call is let go before the next shape is timed.
                recording.traces = ()
                rows.append(
                    {
                        "threads": threads,
                        "layers": layers,
                        "hidden": hidden,
                        "frames": frames,
                        "batch": batch,
                        "plain_ms": round(times["plain"] * 1e3, 3),
                        "ratio": round(times["recording"] / times["plain"], 3),
                    }
                )
                print(f"\r{len(rows)} shapes", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return rows


def grid_markdown(rows: list[dict[str, float]]) -> str:
    """Geometric means by batch and threads, then the extremes."""
    lines = []
    for batch, threads in product(sorted({row["batch"] for row in rows}), sorted({row["threads"] for row in rows})):
        part = [row["ratio"] for row in rows if row["batch"] == batch and row["threads"] == threads]
        lines.append(
            [f"{batch:g}", f"{threads:g}", f"{geometric_mean(part):.2f}", f"{min(part):.2f}", f"{max(part):.2f}"]
        )
    ratios = [row["ratio"] for row in rows]
    worst = max(rows, key=lambda row: row["ratio"])
    short = [row["ratio"] for row in rows if row["batch"] == 1 and row["frames"] <= 160 and row["hidden"] <= 256]
    words = (
        f"\nGeometric mean over {len(rows)} shapes {geometric_mean(ratios):.3f}; worst {worst['ratio']:.2f} at "
        f"H {worst['hidden']:g}, T {worst['frames']:g}, B {worst['batch']:g}, {worst['layers']:g} layers, "
        f"{worst['threads']:g} threads; B = 1, T up to 160, H up to 256: geometric mean {geometric_mean(short):.2f}, "
        f"worst {max(short):.2f}.\n"
    )
    return table(["B", "threads", "geometric mean", "best", "worst"], lines) + words


def train(layer: nn.Module, x: torch.Tensor) -> None:
    """One forward and backward pass."""
    layer.zero_grad(set_to_none=True)
    layer(x)[0].sum().backward()


def gradients(quick: bool) -> list[dict[str, float]]:
    """Forward and backward with gradients on, the recorded values not part of the loss."""
    torch.set_num_threads(2)
    rows = []
    for hidden, frames, batch in product((256,) if quick else (96, 256), (25, 160), (1, 16)):
        plain, recording = _layer(hidden, 2)
        x = torch.randn(frames, batch, hidden * 2)

        times = interleaved(
            {"plain": partial(train, plain, x), "recording": partial(train, recording, x)}, budget=1.0 if quick else 4.0
        )
        rows.append({"hidden": hidden, "frames": frames, "batch": batch, "ratio": times["recording"] / times["plain"]})
    return rows


def whole_crnn(quick: bool) -> dict[int, float]:
    """Ratio of the paper's CRNN (vgg, two BiLSTM(256)) with every gate recorded to the plain one."""
    torch.set_num_threads(2)
    torch.manual_seed(0)
    model = CRNN(CrnnConfig(37, backbone="vgg")).eval()

    def traced(x: torch.Tensor) -> None:
        with trace_gates(model):
            model(x)

    ratios = {}
    with torch.inference_mode():
        for batch in (1, 16):
            x = torch.randn(batch, 1, 32, 160)
            times = interleaved(
                {"plain": partial(model, x), "recording": partial(traced, x)}, budget=3.0 if quick else 15.0
            )
            ratios[batch] = times["recording"] / times["plain"]
    return ratios


FIRST_CALL = """
import json, sys, time, torch
from torch import nn
from gateviz.capture.instrumented import InstrumentedLSTM
torch.manual_seed(0)
layer = nn.LSTM(512, 256, 2, bidirectional=True).eval()
if sys.argv[1] == "recording":
    layer = InstrumentedLSTM.from_lstm(layer)
x = torch.randn(64, 1, 512)
with torch.inference_mode():
    start = time.perf_counter()
    layer(x)
    print(json.dumps(time.perf_counter() - start))
"""


def first_call(quick: bool) -> dict[str, float]:
    """Milliseconds of the first call of a fresh process, T = 64, B = 1, two layers of 256."""
    times: dict[str, list[float]] = {"plain": [], "recording": []}
    for _ in range(3 if quick else 9):
        for name, values in times.items():
            done = subprocess.run([sys.executable, "-c", FIRST_CALL, name], capture_output=True, text=True, check=True)
            values.append(json.loads(done.stdout) * 1e3)
    return {name: median(values) for name, values in times.items()}


MEMORY = """
import json, sys, torch
from pathlib import Path
from torch import nn
from gateviz.capture.instrumented import InstrumentedLSTM
torch.set_num_threads(1)
torch.manual_seed(0)
T, B, H = 400, 16, 512
plain = nn.LSTM(2 * H, H, bidirectional=True).eval()
layer = InstrumentedLSTM.from_lstm(plain) if sys.argv[1] == "recording" else plain
def status(key):
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(key))
    return int(line.split()[1]) * 1024
with torch.inference_mode():
    layer(torch.randn(2, B, 2 * H))
    x = torch.randn(T, B, 2 * H)
    before = status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    layer(x)
    print(json.dumps(status("VmHWM") - before))
"""


def memory() -> dict[str, float]:
    """Peak of memory beside the input, in MiB, T = 400, B = 16, H = 512, both directions."""
    peaks = {}
    for name in ("plain", "recording"):
        done = subprocess.run([sys.executable, "-c", MEMORY, name], capture_output=True, text=True, check=True)
        peaks[name] = json.loads(done.stdout) / 2**20
    peaks["trace itself"] = 2 * 6 * 400 * 16 * 512 * 4 / 2**20
    return peaks


def run(quick: bool) -> Report:
    """All of it."""
    rows = grid(quick)
    trained, crnn, first, peaks = gradients(quick), whole_crnn(quick), first_call(quick), memory()
    grad_rows = [[f"{r['hidden']:g}", f"{r['frames']:g}", f"{r['batch']:g}", f"{r['ratio']:.2f}"] for r in trained]
    markdown = "\n".join(
        [
            "## Recording in inference mode, two-way layers\n",
            grid_markdown(rows),
            "## With gradients on, forward and backward\n",
            table(["H", "T", "B", "ratio"], grad_rows),
            "## Whole CRNN (vgg, two BiLSTM(256), 32 x 160)\n",
            table(["B", "ratio"], [[str(batch), f"{ratio:.2f}"] for batch, ratio in crnn.items()]),
            f"First call of a process: plain {first['plain']:.1f} ms, recording {first['recording']:.1f} ms.\n",
            "Peak memory: " + ", ".join(f"{name} {size:.0f} MiB" for name, size in peaks.items()) + ".\n",
        ]
    )
    numbers = {"grid": rows, "gradients": trained, "crnn": crnn, "first_call_ms": first, "memory_mib": peaks}
    return Report(markdown, numbers)
