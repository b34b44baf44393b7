"""What ``gateviz claims`` says: a table a claim for people, and the same in the words of JSON."""

from typing import TYPE_CHECKING, Any

from gateviz.files.printable import printable, table

if TYPE_CHECKING:
    from gateviz.survey.claim import Claim
    from gateviz.survey.claim_report import ClaimReport, Outcome

_FIELDS = (
    "name", "says", "gate", "what", "at", "sign", "statistic", "borders", "as_met", "offset", "margin", "least_effect",
    "share", "symbols",
)  # fmt: skip


def claims_words(report: "ClaimReport") -> str:
    """The tables of a report, one below the other."""
    from gateviz.survey.claims_words import summary_words

    first, *rest = summary_words(report)
    return "\n\n".join([first, *(_claim_words(report, claim) for claim in report.claims), "\n".join(rest)])


def claims_document(report: "ClaimReport") -> dict[str, Any]:
    """Everything a report holds, as JSON has it."""
    from gateviz.measure.jackknife import RULE
    from gateviz.measure.line_events import MARGIN

    return {
        "truths": report.truths.document,
        "lines": len(report.corpus.lines),
        "skipped": [{"path": str(one.source.path), "why": one.why} for one in report.corpus.skipped],
        "aligned_by_reading": [str(report.corpus.lines[position].source.path) for position in report.untold],
        "test": {
            "rule": "circular shifts within the line, two-sided",
            "shifts": report.shifts,
            "correction": "Benjamini-Hochberg over all tests; units over their layer",
            "interval": f"{RULE}, 95 %, unit: line",
            "margin": f"{MARGIN} symbols at both ends of the text, where a claim has none of its own",
            "seed": report.seed,
        },
        "claims": [_claim_document(report, claim) for claim in report.claims],
    }


def _claim_words(report: "ClaimReport", claim: "Claim") -> str:
    from gateviz.survey.claims_words import effect_words, p_words, unit_words, verdict_words

    outcomes = report.of(claim)
    about_share = claim.about_share
    header = ["", "share" if about_share else "d", "95 %", "p", "frames", "left out", "lines", "units", "verdict"]
    rows = [
        [
            f"layer {outcome.layer} {outcome.direction}", *effect_words(outcome), p_words(outcome),
            f"{outcome.numbers.inside:,}", f"{outcome.numbers.left_out:,}", f"{outcome.numbers.lines:,}", unit_words(outcome),
            f"{outcome.verdict}: {outcome.why}",
        ]
        for outcome in outcomes
    ]  # fmt: skip
    lines = [f"{claim.name}: {verdict_words(outcomes)}", f"  {claim.words}{_margin_words(claim)}", table(header, rows)]
    for outcome in outcomes:
        for word, positions in (("best", outcome.best), ("against", outcome.worst)):
            names = (
                ", ".join(printable(report.corpus.lines[position].source.path.name) for position in positions) or "none"
            )
            lines.append(f"  layer {outcome.layer} {outcome.direction} {word}: {names}")
    return "\n".join(lines)


def _margin_words(claim: "Claim") -> str:
    return "" if claim.about_share else f"; {claim.margin_words} at both ends take no part"


def _claim_document(report: "ClaimReport", claim: "Claim") -> dict[str, Any]:
    found = {name: getattr(claim, name) for name in _FIELDS}
    return {
        **found,
        "tested": claim.words,
        "outcomes": [_outcome_document(report, outcome) for outcome in report.of(claim)],
    }


def _outcome_document(report: "ClaimReport", outcome: "Outcome") -> dict[str, Any]:
    numbers, units = outcome.numbers, outcome.units

    def names(positions: tuple[int, ...]) -> list[str]:
        return [str(report.corpus.lines[position].source.path) for position in positions]

    return {
        "layer": outcome.layer,
        "direction": str(outcome.direction),
        "effect": numbers.effect,
        "low": numbers.low,
        "high": numbers.high,
        "p": outcome.p,
        "difference": numbers.difference,
        "frames": numbers.inside,
        "other_frames": numbers.outside,
        "left_out": numbers.left_out,
        "lines": numbers.lines,
        "units": {"agree": units.agree, "against": units.against, "total": units.total},
        "verdict": str(outcome.verdict),
        "why": outcome.why,
        "best": names(outcome.best),
        "against": names(outcome.worst),
    }
