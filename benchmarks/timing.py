"""Side-by-side timing: candidates run interleaved in one process, so that a slow minute slows them all."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Report:
    """What a benchmark found: a Markdown text for people and numbers for a file."""

    markdown: str
    numbers: dict[str, Any] = field(default_factory=dict)


def interleaved(
    candidates: Mapping[str, Callable[[], object]], *, budget: float, least: int = 5, most: int = 200
) -> dict[str, float]:
    """Median seconds of each candidate, run in turn until ``budget`` seconds are spent.

    One warm-up round is not counted. The order alternates, so that neither always runs on the
    other's warm cache.
    """
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for call in candidates.values():
        call()
    names = list(candidates)
    began = time.perf_counter()
    for round_index in range(most):
        for name in names if round_index % 2 else reversed(names):
            start = time.perf_counter()
            candidates[name]()
            times[name].append(time.perf_counter() - start)
        if round_index + 1 >= least and time.perf_counter() - began > budget:
            break
    return {name: median(values) for name, values in times.items()}


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"
