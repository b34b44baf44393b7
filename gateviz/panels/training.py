"""What a training run's log has to show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64


@dataclass(frozen=True)
class TrainingCurves:
    """The course of a training run.

    Attributes:
        steps: of the losses.
        losses: by name, nats.
        rate: learning rate at the same steps.
        validation_steps: of the error rates.
        cer: edits per symbol on the validation lines.
        line_accuracy: share of validation lines read without an error.
        accumulators: share of the units whose cells only add up (``measure.gate_health``); NaN where nobody looked.
        saturated_cells: share of the cells that say nothing any more.
    """

    steps: Int64[np.ndarray, " S"]
    losses: Mapping[str, Float64[np.ndarray, " S"]]
    rate: Float64[np.ndarray, " S"]
    validation_steps: Int64[np.ndarray, " V"]
    cer: Float64[np.ndarray, " V"]
    line_accuracy: Float64[np.ndarray, " V"]
    accumulators: Float64[np.ndarray, " V"]
    saturated_cells: Float64[np.ndarray, " V"]

    @property
    def has_gates(self) -> bool:
        """Whether anybody looked at the gates."""
        return bool(np.isfinite(self.accumulators).any())

    @classmethod
    def of_log(cls, entries: Sequence[Mapping[str, Any]]) -> "TrainingCurves":
        """The curves in the entries of a run's log."""
        steps = [entry for entry in entries if entry["kind"] == "step"]
        checks = [entry for entry in entries if entry["kind"] == "validation"]
        gates = [entry.get("gates") or {} for entry in checks]

        def column(rows: Sequence[Mapping[str, Any]], name: str) -> Float64[np.ndarray, " N"]:
            return np.array([row.get(name, np.nan) for row in rows], dtype=np.float64)

        losses = {"CTC, by symbol": column(steps, "ctc")}
        if any(entry["frames"] for entry in steps):
            losses["frame labels, by frame"] = column(steps, "frames")
        return cls(
            column(steps, "step").astype(np.int64),
            losses,
            column(steps, "rate"),
            column(checks, "step").astype(np.int64),
            column(checks, "cer"),
            column(checks, "line_accuracy"),
            column(gates, "accumulators"),
            column(gates, "saturated_cells"),
        )
