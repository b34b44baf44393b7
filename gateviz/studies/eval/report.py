"""How well a recognizer reads, as tables, sentences and plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from gateviz.data.gate_health import GateHealth
from gateviz.files.printable import printable, visible
from gateviz.measure.evaluation import Evaluation, ReadLine, Score
from gateviz.measure.jackknife import FEW, RULE, Estimate
from gateviz.studies.page import Figure, Page, Section, Sentence, Table, Where, counted

MISTAKES = 12
_RATES = ("cer", "word_accuracy", "line_accuracy")
_FURTHER = ("substitutions", "deletions", "insertions", "lost_repeats", "outside")
_SPANS = ("center", "left", "right")


def eval_page(
    evaluation: Evaluation,
    groupings: Sequence[str],
    worst: int,
    origin: Mapping[str, Any],
    *,
    gates: GateHealth | None = None,
) -> Page:
    """All that is said of an evaluation.

    Args:
        evaluation: what was read.
        groupings: of ``script``, ``length`` and ``font``.
        worst: show so many lines that were read worst.
        origin: what was read (``source``) by which ``model``.
        gates: how the cells fare on some of the lines; None where there are none.
    """
    groups = _groups(evaluation, groupings)
    few = [Sentence(f"Intervals of fewer than {FEW} lines hold less than they say.")]
    sections = (
        Section((_rates(groups, evaluation), *(few if any(score.lines < FEW for score in groups.values()) else []))),
        Section((Figure("whole", "Error rates by group, the most frequent mistakes, and where spans lie"),)),
        Section((_span_table(groups),)),
        Section((_mistakes(evaluation),)),
        Section(tuple(map(Sentence, _counts(evaluation)))),
        Section(() if gates is None else (Sentence(f"gates: {gates.words}"),)),
        Section(_worst(evaluation.worst(worst) if worst else ())),
        Section((_failures(evaluation),)),
    )
    readings = [_reading(line) for line in evaluation.lines]
    rows = [{name: value for name, value in row.items() if name != "spans"} for row in readings]
    health = {"gates": None if gates is None else asdict(gates)}
    numbers = document(evaluation, groupings, worst) | health | {"readings": readings}
    return Page(title_of(evaluation, origin), sections, {**origin, **numbers}, rows)


def title_of(evaluation: Evaluation, origin: Mapping[str, Any]) -> str:
    """Such as ``How well crnn.pth reads 1,200 lines``."""
    model = origin["model"]
    return f"How well {model['checkpoint'] or model['lineage']} reads {len(evaluation.lines):,} lines"


def document(evaluation: Evaluation, groupings: Sequence[str], worst: int) -> dict[str, Any]:
    """Everything an evaluation holds but its readings, as JSON has it."""
    return {
        "lines": len(evaluation.lines),
        "failures": [{"name": line.name, "reason": line.reason} for line in evaluation.failures],
        "interval": {"rule": RULE, "unit": "line", "level": evaluation.jackknife.level},
        "all": _score(evaluation.total),
        "by": {name: {label: _score(score) for label, score in evaluation.by(name).items()} for name in groupings},
        "mistakes": [
            {"written": written, "read": read, "count": count} for (written, read), count in evaluation.mistakes.items()
        ],
        "lost_repeats": evaluation.lost_repeats,
        "outside": evaluation.outside,
        "worst": [line.name for line in evaluation.worst(worst)],
    }


def _groups(evaluation: Evaluation, groupings: Sequence[str]) -> dict[str, Score]:
    found = {"all lines": evaluation.total}
    for name in groupings:
        heading = "symbols" if name == "length" else name
        found |= {f"{heading} {label}": score for label, score in evaluation.by(name).items()}
    return found


def _rates(groups: dict[str, Score], evaluation: Evaluation) -> Table:
    level = f"{100 * evaluation.jackknife.level:g} %"
    head = ("", "lines", "symbols", "CER %", level, "words right %", level, "lines right %", level)
    rows = []
    for label, score in groups.items():
        estimates = [getattr(score, name) for name in _RATES]
        cells = [cell for estimate in estimates for cell in (_percent(estimate), _interval(estimate))]
        rows.append([label, f"{score.lines:,}", f"{score.cer.of:,}", *cells])
    return Table(head, rows, numeric=frozenset(head[1:]))


def _span_table(groups: dict[str, Score]) -> Table:
    """The errors of aligned spans, where true columns are known."""
    scores = {label: score.spans for label, score in groups.items() if score.spans is not None}
    edges = (word for edge in _SPANS for word in (f"{edge} px", "of width"))
    head = ("aligned spans, mean error", "symbols", "width px", *edges)
    rows = []
    for label, score in scores.items():
        cells = [
            cell
            for edge in _SPANS
            for cell in (f"{getattr(score, edge).value:.2f}", f"{getattr(score, f'{edge}_share').value:.3f}")
        ]
        rows.append([label, f"{score.width.of:,.0f}", f"{score.width.value:.1f}", *cells])
    return Table(head, rows, numeric=frozenset(head[1:]))


def _mistakes(evaluation: Evaluation) -> Table:
    rows = [
        [visible(written) or "nothing", visible(read) or "nothing", f"{count:,}"]
        for (written, read), count in list(evaluation.mistakes.items())[:MISTAKES]
    ]
    return Table(("written", "read", "times"), rows, numeric=frozenset({"times"}))


def _counts(evaluation: Evaluation) -> list[str]:
    """What is counted apart, in words."""
    total = evaluation.total
    rows = [
        f"doubled letters read as one: {_share(total.lost_repeats)}{_most(evaluation.lost_repeats)}",
        f"symbols the alphabet does not have: {_share(total.outside)}{_most(evaluation.outside)}",
    ]
    unaligned = [line for line in evaluation.lines if line.unaligned]
    if unaligned:
        rows.append(
            f"lines whose text could not be aligned: {len(unaligned):,}, such as {printable(unaligned[0].unaligned)}"
        )
    return rows


def _most(counts: dict[str, int]) -> str:
    first = [f"{visible(symbol)} {count:,}" for symbol, count in list(counts.items())[:MISTAKES]]
    return f": {', '.join(first)}" if first else ""


def _worst(lines: Sequence[ReadLine]) -> tuple[Sentence | Table, ...]:
    """The lines that were read worst, a few rows each in a terminal."""
    rows = []
    for line in lines:
        about = printable(", ".join(filter(None, (line.name, line.script, line.font))))
        rows.append([f"{100 * line.error_rate:.1f} %", about, _text(line.truth), _text(line.reading)])
    words = ["worst lines"] if rows else []
    for rate, about, truth, reading in rows:
        words += [f"  {rate}  {about}", f"    written  {truth}", f"    read     {reading}"]
    table = Table(("errors", "line", "written", "read"), rows, "Worst lines", Where.HTML, numeric=frozenset({"errors"}))
    return (*(Sentence(row, where=Where.TERMINAL) for row in words), table)


def _failures(evaluation: Evaluation) -> Table:
    rows = [[line.name, line.reason] for line in evaluation.failures]
    title = f"{counted(len(rows), 'line')} that could not be read"
    return Table(("line", "why"), rows, title, Where.HTML, folded=True)


def _text(words: str) -> str:
    return "".join(symbol if symbol.isprintable() else visible(symbol) for symbol in words)


def _percent(estimate: Estimate) -> str:
    return f"{100 * estimate.value:.2f}" if estimate.of else "–"


def _interval(estimate: Estimate) -> str:
    return f"{100 * estimate.low:.2f}–{100 * estimate.high:.2f}" if estimate.of and estimate.low == estimate.low else ""


def _share(estimate: Estimate) -> str:
    share = f" ({_percent(estimate)} %)" if estimate.of and estimate.low == estimate.low else ""
    return f"{estimate.total:,} of {estimate.of:,}{share}"


def _score(score: Score) -> dict[str, Any]:
    found: dict[str, Any] = {"lines": score.lines}
    found |= {name: _estimate(getattr(score, name)) for name in (*_RATES, *_FURTHER)}
    if score.spans is not None:
        names = [*_SPANS, *(f"{edge}_share" for edge in _SPANS), "width"]
        found["spans"] = {name: _estimate(getattr(score.spans, name)) for name in names}
    return found


def _estimate(estimate: Estimate) -> dict[str, Any]:
    return {
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "total": estimate.total,
        "of": estimate.of,
    }


def _reading(line: ReadLine) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": line.name,
        "script": line.script,
        "font": line.font,
        "truth": line.truth,
        "reading": line.reading,
        "edits": line.score.edits,
    }
    if line.unaligned:
        found["unaligned"] = line.unaligned
    if line.spans is not None:
        found["spans"] = {"left": line.spans.left.tolist(), "right": line.spans.right.tolist()}
    return found
