"""How fast the bundled model reads, with its gates recorded and without, and how fast synthetic lines are made."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import numpy as np
import torch
from PIL import Image

import gateviz
from benchmarks.timing import Report, interleaved, table
from gateviz.capture.recognizer import Recognizer
from gateviz.ctc.greedy import greedy
from gateviz.data.emission import Emission
from gateviz.training.evaluate import evaluate
from gateviz.typesetting.alphabets import named_symbols
from gateviz.typesetting.synthetic import SyntheticLines, SyntheticStyle

COLUMNS = 320
MANY = 256
SEED = 3_000_003


def run(quick: bool) -> Report:
    """Milliseconds a line of 32 x 320 on one thread; lines a second of batches, and of the renderer."""
    recognizer = gateviz.load()
    lines = [*synthetic_lines(64 if quick else MANY)]
    pictures = [line.image for line in lines]
    with tempfile.TemporaryDirectory() as folder, threads(1):
        single = one_line(recognizer, Path(folder), budget=3 if quick else 20)
    with threads(2):
        rounds = 1 if quick else 5
        batch = [rate(lambda: evaluate(recognizer, lines), len(lines)) for _ in range(rounds)]
        recorded = [rate(lambda: gateviz.record(recognizer, pictures), len(lines)) for _ in range(rounds)]
    renderer = renderer_rate(500 if quick else 4000)
    numbers = {
        "milliseconds_32x320_one_thread": {name: 1e3 * seconds for name, seconds in single.items()},
        "lines_a_second_two_threads": {"read": median(batch), "read and record": median(recorded)},
        "mean_columns_of_these_lines": float(np.mean([picture.shape[1] for picture in pictures])),
        "synthetic_lines_a_second_one_process": renderer,
    }
    rows = [[name, f"{1e3 * seconds:.1f} ms"] for name, seconds in single.items()]
    rows += [
        ["read, batches, two threads", f"{median(batch):.0f} lines a second"],
        ["read and record, batches, two threads", f"{median(recorded):.0f} lines a second"],
        ["synthetic lines, one process", f"{renderer:.0f} lines a second"],
    ]
    return Report(table([f"bundled model, 32 x {COLUMNS}, one thread, warm", ""], rows), numbers)


@contextmanager
def threads(count: int) -> Iterator[None]:
    """So many threads for torch."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def one_line(recognizer: Recognizer, folder: Path, *, budget: float) -> dict[str, float]:
    """Median seconds to read one line: the network alone, the file with text, the same with all gates."""
    place = folder / "line.png"
    Image.fromarray(line_of_columns(COLUMNS)).save(place)
    assert gateviz.record(recognizer, place).grid.source_width == COLUMNS
    pixels = torch.linspace(-1, 1, 32 * COLUMNS).reshape(1, 1, 32, COLUMNS)

    def network() -> str:
        with torch.inference_mode():
            log_probs = recognizer.log_probs(pixels)[0].numpy()
        return greedy(Emission(log_probs, recognizer.alphabet)).text

    candidates: dict[str, Callable[[], object]] = {
        "network and greedy text, gates closed": network,
        "gateviz.record from a file: text and all gates": lambda: gateviz.record(recognizer, place).text,
        "the same without the witness": lambda: gateviz.record(recognizer, place, witness=False).text,
    }
    return interleaved(candidates, budget=budget)


def line_of_columns(columns: int) -> np.ndarray:
    """Synthetic text, cut to 32 x ``columns``."""
    lines = synthetic_lines(1000)
    wide = next(line.image for line in lines if line.image.shape[1] >= columns)
    return np.ascontiguousarray(wide[:, :columns])


def synthetic_lines(count: int) -> SyntheticLines:
    """Lines in fonts of the training."""
    return SyntheticLines(named_symbols("bundled"), seed=SEED, count=count, style=SyntheticStyle())


def rate(job: Callable[[], object], count: int) -> float:
    """How many a second."""
    start = time.perf_counter()
    job()
    return count / (time.perf_counter() - start)


def renderer_rate(count: int) -> float:
    """Lines a second of one process, its glyphs drawn before."""
    lines = synthetic_lines(2 * count)
    for index in range(count):
        lines[index]
    return rate(lambda: [lines[index] for index in range(count, 2 * count)], count)
