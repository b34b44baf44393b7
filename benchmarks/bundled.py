"""How well the bundled model reads synthetic lines in fonts that it was never trained on, and how its gates fare on them."""

from collections.abc import Sequence
from typing import Any

import gateviz
from benchmarks.bundled_lines import HANDS, MARGINS, Margined, doubled_lost, hand_faces, printed_faces
from benchmarks.printed_pages import score_numbers
from benchmarks.timing import Report, table
from gateviz.capture.recognizer import Recognizer
from gateviz.measure.evaluation import Score
from gateviz.studies.eval.gates import health_on
from gateviz.training.evaluate import evaluate
from gateviz.typesetting.alphabets import named_symbols
from gateviz.typesetting.fonts import FontFace
from gateviz.typesetting.lines import LineSet
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
HEADER = ["lines", "script", "CER %", "95 %", "words right %", "lines right %", "span edges off, px (symbol widths)"]


def run(quick: bool) -> Report:
    """Error rates by script, and how far the aligned spans lie off the true columns; then margins, photographs, hands, gates."""
    recognizer = gateviz.load()
    count = 100 if quick else LINES
    rows, numbers = [], {}
    for name, script, lines in _sets(count):
        score = evaluate(recognizer, lines).total
        pixels, widths = edges_off(score)
        rows.append([*row(name, script, score), f"{pixels:.1f} ({widths:.2f})"])
        edges = {"span_edges_off_pixels": pixels, "span_edges_off_symbol_widths": widths}
        numbers[f"{name}: {script}"] = score_numbers(score) | edges
    gates = _gates(recognizer, min(count, 200))
    doubled = _doubled(recognizer, count)
    document = {
        "model_sha256": recognizer.card.checkpoint_sha256,
        "lines_of_each": LINES,
        "seed": SEED,
        "sets": numbers,
        "gates": gates,
        "doubled narrow letters": doubled,
    }
    facts = [[name, f"{value:.4g}"] for name, value in (gates | doubled).items()]
    return Report(table(HEADER, rows) + "\n" + table(["gates on degraded lines; doubled letters", ""], facts), document)


def _sets(count: int) -> list[tuple[str, str, LineSet]]:
    """Name, script and lines of every set."""
    printed = printed_faces()
    found: list[tuple[str, str, LineSet]] = []
    for name, hardness, random in SETS:
        found += [
            (name, script, _lines(script, count, printed, hardness=hardness, random=random)) for script in SCRIPTS
        ]
    found += [("photographs", script, _lines(script, count, printed, hardness="photo")) for script in SCRIPTS[:2]]
    for share in MARGINS:
        tight = _lines("latin", count, printed, hardness="clean")
        found.append((f"clean, {100 * share:.0f} % of their height around", "latin", Margined(tight, share)))
    for family, script in HANDS.items():
        found.append((family, script, _lines(script, count, hand_faces(family), hardness="mixed")))
    return found


def _lines(
    script: str, count: int, fonts: Sequence[FontFace], *, hardness: str, random: float | None = 0.0
) -> SyntheticLines:
    changes: dict[str, Any] = {} if random is None else {"uniform_share": random}
    style = SyntheticStyle(hardness=hardness, scripts={script: 1.0}, **changes)
    # A hand has not every symbol of the alphabet.
    had = frozenset(" ").union(*(face.covered for face in fonts))
    symbols = tuple(symbol for symbol in named_symbols("bundled") if symbol in had)
    return SyntheticLines(symbols, seed=SEED, count=count, style=style, fonts=fonts)


def _gates(recognizer: Recognizer, count: int) -> dict[str, float]:
    """How the cells fare on degraded lines, and of how many of them another text is read without memory."""
    faces = printed_faces()
    sets = [_lines(script, count // 2, faces, hardness="mixed") for script in SCRIPTS[:2]]
    health = health_on(recognizer, [each[index] for each in sets for index in range(len(each))], limit=count)
    assert health is not None
    without = {
        f"lines read otherwise with f = 0 in layer {layer} %": 100 * share
        for layer, share in enumerate(health.forgetful)
    }
    return {
        "accumulators %": 100 * health.accumulators,
        "99.9 % of |c| below": health.cell_quantile,
        "saturated cells %": 100 * health.saturated_cells,
        **without,
    }


def _doubled(recognizer: Recognizer, count: int) -> dict[str, float]:
    """Of pairs of equal narrow letters in degraded Latin lines."""
    read = evaluate(recognizer, _lines("latin", 4 * count, printed_faces(), hardness="mixed")).lines
    lost, pairs = doubled_lost(read)
    return {"doubled narrow letters": float(pairs), "of these lost %": 100 * lost / pairs}


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
