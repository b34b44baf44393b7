"""What holding units does as words, a table and plain values: effects beside selectivity."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from gateviz.measure.jackknife import Estimate
from gateviz.studies.ablate.results import Ablation, Effect
from gateviz.studies.page import Page, Section, Sentence, Table

SHOWN = 15
"""Groups that a terminal shows; JSON has all of them."""


def ablate_page(found: Ablation, origin: Mapping[str, Any]) -> Page:
    """All that is said.

    Args:
        found: what holding units came to.
        origin: which model read, for the document.
    """
    rate, account = found.plain_error_rate, found.account
    words = [
        f"{account.truths.words}.",
        f"{found.request.words}, by {found.request.grouping}, {found.held} of {account.lines} lines",
    ]
    if rate is not None:
        words.append(f"character error rate of the model as it is: {100 * rate:.2f} %")
    more = len(found.effects) - SHOWN
    below = [f"and {more} more, with less effect"] if more > 0 else []
    below.append(f"AUC: how well the value alone tells frames {found.request.beside.words}; telling is not causing")
    if account.skipped:
        below.append(f"{len(account.skipped)} lines could not be read and are left out")
    section = Section((*map(Sentence, words), _table(found), *map(Sentence, below)))
    return Page(title_of(found), (section,), _document(found, origin))


def title_of(found: Ablation) -> str:
    """What was held."""
    return f"What it does to hold: {found.request.words}"


def _table(found: Ablation) -> Table:
    """The strongest groups."""
    with_errors = ["CER rises by"] if found.plain_error_rate is not None else []
    head = ("layer", "held", "nats a frame", "text changed", "lines changed", *with_errors, "AUC")
    rows = []
    for effect in found.ranking[:SHOWN]:
        layer, direction = effect.group.place
        moved = effect.divergence
        rows.append([
            f"{layer} {direction}", effect.group.words, f"{moved.value:.3g} ({moved.low:.3g} to {moved.high:.3g})",
            f"{100 * effect.edits.value:.2f} %", f"{100 * effect.changed:.0f} %",
            *([] if effect.errors is None else [f"{100 * effect.errors.value:.2f} %"]),
            "-" if np.isnan(effect.selectivity) else f"{effect.selectivity:.2f}",
        ])  # fmt: skip
    return Table(head, rows)


def _document(found: Ablation, origin: Mapping[str, Any]) -> dict[str, Any]:
    """Everything as plain values, the strongest group first."""
    account = found.account
    return {
        **origin,
        "truths": account.truths.document,
        "held": found.request.words,
        "by": str(found.request.grouping),
        "selectivity_for": found.request.beside.words,
        "lines": account.lines,
        "lines_held": found.held,
        "lines_with_truth": found.held_told,
        "plain_error_rate": found.plain_error_rate,
        "skipped": [{"line": str(line.source.path), "why": line.why} for line in account.skipped],
        "groups": [_effect_document(effect) for effect in found.ranking],
    }


def _effect_document(effect: Effect) -> dict[str, Any]:
    return {
        "layer": effect.group.place[0],
        "direction": str(effect.group.place[1]),
        "units": effect.group.words,
        "divergence": _estimate(effect.divergence),
        "text_changed": _estimate(effect.edits),
        "error_rate_rise": None if effect.errors is None else _estimate(effect.errors),
        "lines_changed": effect.changed,
        "selectivity": None if np.isnan(effect.selectivity) else effect.selectivity,
    }


def _estimate(estimate: Estimate) -> dict[str, float]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}
