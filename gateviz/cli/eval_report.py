"""What ``gateviz eval`` says: tables for people, and the same in the words of JSON."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gateviz.files.printable import printable, table, visible

if TYPE_CHECKING:
    from gateviz.measure.evaluation import Evaluation, ReadLine, Score
    from gateviz.measure.jackknife import Estimate

MISTAKES = 12
_RATES = ("cer", "word_accuracy", "line_accuracy")
_FURTHER = ("substitutions", "deletions", "insertions", "lost_repeats", "outside")
_SPANS = ("center", "left", "right")


def evaluation_words(evaluation: "Evaluation", groupings: Sequence[str], worst: int) -> str:
    """The tables of an evaluation, one below the other."""
    from gateviz.measure.jackknife import FEW

    groups = _groups(evaluation, groupings)
    parts = [_rates(groups, evaluation), *_span_table(groups), *_mistakes(evaluation), "\n".join(_counts(evaluation))]
    if any(score.lines < FEW for score in groups.values()):
        parts[0] += f"\nIntervals of fewer than {FEW} lines hold less than they say."
    if worst and (lines := evaluation.worst(worst)):
        parts.append("\n".join(["worst lines", *(row for line in lines for row in _worst(line))]))
    return "\n\n".join(parts)


def evaluation_document(evaluation: "Evaluation", groupings: Sequence[str], worst: int) -> dict[str, Any]:
    """Everything an evaluation holds, as JSON has it."""
    from gateviz.measure.jackknife import RULE

    return {
        "lines": len(evaluation.lines),
        "failures": [{"name": line.name, "reason": line.reason} for line in evaluation.failures],
        "interval": {
            "rule": RULE,
            "unit": "line",
            "level": evaluation.jackknife.level,
        },
        "all": _score(evaluation.total),
        "by": {name: {label: _score(score) for label, score in evaluation.by(name).items()} for name in groupings},
        "mistakes": [
            {"written": written, "read": read, "count": count} for (written, read), count in evaluation.mistakes.items()
        ],
        "lost_repeats": evaluation.lost_repeats,
        "outside": evaluation.outside,
        "worst": [line.name for line in evaluation.worst(worst)],
        "readings": [_reading(line) for line in evaluation.lines],
    }


def _groups(evaluation: "Evaluation", groupings: Sequence[str]) -> "dict[str, Score]":
    found = {"all lines": evaluation.total}
    for name in groupings:
        heading = "symbols" if name == "length" else name
        found |= {f"{heading} {label}": score for label, score in evaluation.by(name).items()}
    return found


def _rates(groups: "dict[str, Score]", evaluation: "Evaluation") -> str:
    level = f"{100 * evaluation.jackknife.level:g} %"
    header = ["", "lines", "symbols", "CER %", level, "words right %", level, "lines right %", level]
    rows = []
    for label, score in groups.items():
        estimates = [getattr(score, name) for name in _RATES]
        cells = [cell for estimate in estimates for cell in (_percent(estimate), _interval(estimate))]
        rows.append([label, f"{score.lines:,}", f"{score.cer.of:,}", *cells])
    return table(header, rows)


def _span_table(groups: "dict[str, Score]") -> list[str]:
    """The errors of aligned spans, where true columns are known."""
    scores = {label: score.spans for label, score in groups.items() if score.spans is not None}
    if not scores:
        return []
    header = ["aligned spans, mean error", "symbols", "width px"]
    header += [word for edge in _SPANS for word in (f"{edge} px", "of width")]
    rows = []
    for label, score in scores.items():
        cells = [
            cell
            for edge in _SPANS
            for cell in (f"{getattr(score, edge).value:.2f}", f"{getattr(score, f'{edge}_share').value:.3f}")
        ]
        rows.append([label, f"{score.width.of:,.0f}", f"{score.width.value:.1f}", *cells])
    return [table(header, rows)]


def _mistakes(evaluation: "Evaluation") -> list[str]:
    rows = [
        [visible(written) or "nothing", visible(read) or "nothing", f"{count:,}"]
        for (written, read), count in list(evaluation.mistakes.items())[:MISTAKES]
    ]
    return [table(["written", "read", "times"], rows)] if rows else []


def _counts(evaluation: "Evaluation") -> list[str]:
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


def _worst(line: "ReadLine") -> list[str]:
    about = printable(", ".join(filter(None, (line.name, line.script, line.font))))
    return [
        f"  {100 * line.error_rate:.1f} %  {about}",
        f"    written  {_text(line.truth)}",
        f"    read     {_text(line.reading)}",
    ]


def _text(words: str) -> str:
    return "".join(symbol if symbol.isprintable() else visible(symbol) for symbol in words)


def _percent(estimate: "Estimate") -> str:
    return f"{100 * estimate.value:.2f}" if estimate.of else "–"


def _interval(estimate: "Estimate") -> str:
    return f"{100 * estimate.low:.2f}–{100 * estimate.high:.2f}" if estimate.of and estimate.low == estimate.low else ""


def _share(estimate: "Estimate") -> str:
    share = f" ({_percent(estimate)} %)" if estimate.of and estimate.low == estimate.low else ""
    return f"{estimate.total:,} of {estimate.of:,}{share}"


def _score(score: "Score") -> dict[str, Any]:
    found: dict[str, Any] = {"lines": score.lines}
    found |= {name: _estimate(getattr(score, name)) for name in (*_RATES, *_FURTHER)}
    if score.spans is not None:
        names = [*_SPANS, *(f"{edge}_share" for edge in _SPANS), "width"]
        found["spans"] = {name: _estimate(getattr(score.spans, name)) for name in names}
    return found


def _estimate(estimate: "Estimate") -> dict[str, Any]:
    return {
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "total": estimate.total,
        "of": estimate.of,
    }


def _reading(line: "ReadLine") -> dict[str, Any]:
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
