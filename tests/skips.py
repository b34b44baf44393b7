"""What a run of the tests left out, in one line."""

from collections import Counter
from collections.abc import Sequence

import pytest

NAMED = 4
"""Reasons that are named; pytest -rs lists them all."""


def skips_said(reports: Sequence[pytest.TestReport | pytest.CollectReport]) -> str:
    """How many tests were skipped for which reason, the commonest first; empty where none was."""
    reasons = Counter(_reason(report) for report in reports)
    if not reasons:
        return ""
    named = [f"{count} ({reason})" for reason, count in reasons.most_common(NAMED)]
    if rest := reasons.most_common()[NAMED:]:
        named.append(f"{sum(count for _, count in rest)} for {len(rest)} other reasons, which -rs lists")
    return f"{reasons.total()} skipped: {'; '.join(named)}"


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """The words of a skip; pytest keeps them behind the place where it was raised."""
    words = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return words.removeprefix("Skipped: ")
