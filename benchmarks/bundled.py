"""How well the bundled model reads synthetic lines in fonts that it was never trained on."""

from typing import Any

import gateviz
from benchmarks.printed_pages import score_numbers
from benchmarks.timing import Report, table
from gateviz.measure.evaluation import Score
from gateviz.training.evaluate import evaluate
from gateviz.typesetting.alphabets import named_symbols
from gateviz.typesetting.synthetic import SyntheticLines, SyntheticStyle

SEED = 2_000_003
LINES = 500
SCRIPTS = ("latin", "chinese", "mixed", "number")
# Name, hardness, and share of random strings among the texts; None is the renderer's own.
SETS: tuple[tuple[str, str, float | None], ...] = (
    ("clean", "clean", 0.0),
    ("degraded", "mixed", 0.0),
    ("degraded, with random strings", "mixed", None),
)


def run(quick: bool) -> Report:
    """Error rates by script, and how far the aligned spans lie off the true columns."""
    recognizer = gateviz.load()
    rows, numbers = [], {}
    for name, hardness, random in SETS:
        for script in SCRIPTS:
            changes: dict[str, Any] = {} if random is None else {"uniform_share": random}
            style = SyntheticStyle(held_out=True, hardness=hardness, scripts={script: 1.0}, **changes)
            lines = SyntheticLines(named_symbols("bundled"), seed=SEED, count=100 if quick else LINES, style=style)
            score = evaluate(recognizer, lines).total
            pixels, widths = edges_off(score)
            rows.append([*row(name if script == SCRIPTS[0] else "", script, score), f"{pixels:.1f} ({widths:.2f})"])
            edges = {"span_edges_off_pixels": pixels, "span_edges_off_symbol_widths": widths}
            numbers[f"{name}: {script}"] = score_numbers(score) | edges
    header = [
        "lines",
        "script",
        "CER %",
        "95 %",
        "words right %",
        "lines right %",
        "span edges off, px (symbol widths)",
    ]
    document = {
        "model_sha256": recognizer.card.checkpoint_sha256,
        "lines_of_each": LINES,
        "seed": SEED,
        "sets": numbers,
    }
    return Report(table(header, rows), document)


def edges_off(score: Score) -> tuple[float, float]:
    """Mean distance of the spans' edges from the true ones, in pixels and in widths of the symbol."""
    spans = score.spans
    assert spans is not None
    return (spans.left.value + spans.right.value) / 2, (spans.left_share.value + spans.right_share.value) / 2


def row(name: str, script: str, score: Score) -> list[str]:
    """The rates of a line of the table."""
    interval = f"{100 * score.cer.low:.2f} to {100 * score.cer.high:.2f}"
    rates = (score.word_accuracy, score.line_accuracy)
    return [name, script, f"{100 * score.cer.value:.2f}", interval, *(f"{100 * rate.value:.1f}" for rate in rates)]
