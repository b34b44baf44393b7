"""What removing units did, as numbers for people and programs."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gateviz.data.gates import Place, Quantity, place_words
from gateviz.measure.evaluation import Score
from gateviz.measure.jackknife import Estimate
from gateviz.training.crnn_units import Kept


@dataclass(frozen=True)
class GateShift:
    """How far one series of the units that stayed lies from what it was.

    Attributes:
        place: the layer and direction.
        quantity: the series.
        mean: of the absolute differences, over lines, frames and units.
    """

    place: Place
    quantity: Quantity
    mean: float


@dataclass(frozen=True)
class Stage:
    """One recognizer as it was measured.

    Attributes:
        name: ``before``, ``pruned`` or ``fine-tuned``.
        score: how it reads.
        rise: of the character error rate over that of ``before``, on the same lines; None of ``before`` itself.
        units: of each layer and direction.
        parameters: of the whole network.
        size: bytes of its file; None for one that stands in no file.
        milliseconds: that a line takes, the median over lines; one line at a time, one thread.
        shifts: of the gates that stayed; none of ``before``.
    """

    name: str
    score: Score
    rise: Estimate | None
    units: int
    parameters: int
    size: int | None
    milliseconds: float
    shifts: tuple[GateShift, ...]


@dataclass(frozen=True)
class PruneReport:
    """A model before and after units were removed.

    Attributes:
        stages: before, pruned, and fine-tuned where that was asked for.
        kept: the units that stayed, of each layer and direction.
        scored: lines that units were scored on; 0 where no line was looked at for it.
        same_lines: the lines that were scored are among those that were measured on.
        failures: lines that could not be read, of those to measure on.
    """

    stages: tuple[Stage, ...]
    kept: Kept
    scored: int
    same_lines: bool
    failures: int

    @property
    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "stages": [_stage_document(stage) for stage in self.stages],
            "kept": {f"{layer}.{direction}": units.tolist() for (layer, direction), units in self.kept.items()},
            "scored_lines": self.scored,
            "scored_on_what_is_measured": self.same_lines,
            "unread_lines": self.failures,
        }

    @property
    def words(self) -> str:
        """The report for people, several lines of text."""
        rows = [_stage_words(stage, self.stages[0]) for stage in self.stages]
        for stage in self.stages[1:]:
            rows += ["", f"mean |difference| of the units that stayed, {stage.name} against before:"]
            rows += _shift_rows(stage.shifts)
        rows.append("")
        if self.same_lines and self.scored:
            rows.append(
                f"the {self.scored:,} lines that units were scored on are among those read here; --validation reads others"
            )
        if self.failures:
            rows.append(f"{_lines(self.failures)} could not be read and count in nothing")
        return "\n".join(rows).rstrip()


def _stage_words(stage: Stage, first: Stage) -> str:
    size = "" if stage.size is None else f", {stage.size / 1e6:.2f} MB"
    less = "" if stage is first else f" ({100 * (stage.parameters / first.parameters - 1):+.1f} %)"
    rise = "" if stage.rise is None else f" ({_points(stage.rise, signed=True)})"
    return (
        f"{stage.name}: CER {_points(stage.score.cer)}{rise} on {_lines(stage.score.lines)}, {stage.units} units a layer and "
        f"direction, {stage.parameters:,} parameters{less}{size}, {stage.milliseconds:.2f} ms a line (torch, one thread)"
    )


def _points(estimate: Estimate, *, signed: bool = False) -> str:
    """A rate with its interval, such as ``2.46 % [1.90, 3.10]``."""
    form = "+.2f" if signed else ".2f"
    low, high = (format(100 * end, form) for end in (estimate.low, estimate.high))
    return f"{format(100 * estimate.value, form)} % [{low}, {high}]"


def _shift_rows(shifts: Iterable[GateShift]) -> list[str]:
    by_place: dict[Place, list[str]] = {}
    for shift in shifts:
        by_place.setdefault(shift.place, []).append(f"{shift.quantity.words} {shift.mean:.4f}")
    return [f"  {place_words(place)}: {', '.join(words)}" for place, words in by_place.items()]


def _lines(count: int) -> str:
    return f"{count:,} line" + ("" if count == 1 else "s")


def _estimate_document(estimate: Estimate) -> dict[str, float]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def _stage_document(stage: Stage) -> dict[str, Any]:
    return {
        "name": stage.name,
        "lines": stage.score.lines,
        "cer": _estimate_document(stage.score.cer),
        "cer_rise": None if stage.rise is None else _estimate_document(stage.rise),
        "line_accuracy": _estimate_document(stage.score.line_accuracy),
        "units": stage.units,
        "parameters": stage.parameters,
        "bytes": stage.size,
        "milliseconds_a_line": stage.milliseconds,
        "gates": [
            {
                "layer": shift.place[0],
                "direction": shift.place[1].value,
                "quantity": shift.quantity.value,
                "mean_difference": shift.mean,
            }
            for shift in stage.shifts
        ],
    }
