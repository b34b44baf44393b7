"""Times of the CTC algorithms, interleaved with torch's CTC loss where the two compute the same.

``torch.nn.functional.ctc_loss`` gives the total probability of the text.
torch gets the labels ready made; gateviz's times include the text's way through the alphabet.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from benchmarks.timing import Report, interleaved, table
from gateviz.ctc.beam import prefix_beam_search
from gateviz.ctc.forced import align
from gateviz.ctc.greedy import greedy
from gateviz.ctc.ngram import CharacterNgram
from gateviz.ctc.total import total_log_prob
from gateviz.data.alphabet import Alphabet
from gateviz.data.emission import Emission

SHAPES = ((100, 25, 100), (400, 80, 7000), (1000, 200, 7000))
QUICK_SHAPES = SHAPES[:1]


@dataclass(frozen=True)
class Line:
    """A made-up line: its posteriors, the text in them, and the same for torch."""

    emission: Emission
    text: str
    log_probs: torch.Tensor
    targets: torch.Tensor


def made_up_line(frames: int, letters: int, classes: int) -> Line:
    """A line whose text stands out of noise as it does in a trained recognizer, a rival beside each letter."""
    random = np.random.default_rng(frames)
    alphabet = Alphabet.from_symbols((chr(0x4E00 + label) for label in range(classes - 1)), blank=0)
    labels = random.integers(1, classes, size=letters)
    path = np.zeros(frames, dtype=np.int64)
    path[np.linspace(1, frames - 2, letters).astype(np.int64)] = labels
    logits = random.normal(size=(frames, classes)).astype(np.float32)
    logits[np.arange(frames), path] += 14
    rivals = random.integers(1, classes, size=frames)
    logits[np.arange(frames), rivals] += 10 * (path > 0)
    log_probs = torch.from_numpy(logits).log_softmax(1)
    text = "".join(alphabet.symbols[label - 1] for label in labels)
    return Line(Emission(log_probs.numpy(), alphabet), text, log_probs[:, None], torch.from_numpy(labels)[None])


def torch_loss(line: Line) -> torch.Tensor:
    """Torch's negative log probability of the text."""
    frames, letters = torch.tensor([len(line.log_probs)]), torch.tensor([line.targets.shape[1]])
    return torch.nn.functional.ctc_loss(line.log_probs, line.targets, frames, letters, reduction="sum")


def jobs_of(line: Line) -> dict[str, Callable[[], object]]:
    """What is timed on a line."""
    symbols = np.random.default_rng(0).choice(list(line.text), size=(100, 40))
    ngram = CharacterNgram.train([line.text, *("".join(row) for row in symbols)], order=5)
    return {
        "greedy": lambda: greedy(line.emission),
        "align": lambda: align(line.emission, line.text),
        "total_log_prob": lambda: total_log_prob(line.emission, line.text),
        "torch ctc_loss": lambda: torch_loss(line),
        "prefix_beam_search, 16 prefixes": lambda: prefix_beam_search(line.emission),
        "prefix_beam_search, 16 prefixes, 5-gram": lambda: prefix_beam_search(line.emission, ngram=ngram),
    }


COMPARABLE = {
    "total_log_prob": "torch ctc_loss",
    "align": "torch ctc_loss",
}


def run(quick: bool) -> Report:
    """Median milliseconds, a column a shape; in brackets the ratio to torch."""
    torch.set_num_threads(1)
    shapes = QUICK_SHAPES if quick else SHAPES
    names: list[str] = []
    columns = []
    for shape in shapes:
        line = made_up_line(*shape)
        assert abs(total_log_prob(line.emission, line.text) + float(torch_loss(line))) < 1e-2
        jobs = jobs_of(line)
        names = list(jobs)
        columns.append(interleaved(jobs, budget=1.0 if quick else 15.0))
    header = [
        "algorithm, one thread",
        *(f"T={frames}, L={letters}, C={classes}" for frames, letters, classes in shapes),
    ]
    rows = []
    for name in names:
        rows.append([name])
        for column in columns:
            ratio = f" ({column[name] / column[COMPARABLE[name]]:.2f})" if name in COMPARABLE else ""
            rows[-1].append(f"{1e3 * column[name]:.1f} ms{ratio}")
    numbers = [
        {"frames": frames, "letters": letters, "classes": classes}
        | {f"{name} ms": round(1e3 * seconds, 3) for name, seconds in column.items()}
        for (frames, letters, classes), column in zip(shapes, columns, strict=True)
    ]
    return Report(table(header, rows), {"shapes": numbers})
