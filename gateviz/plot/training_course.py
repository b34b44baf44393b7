"""The course of a watched training: what its figures and its film show of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from gateviz.data.gates import Quantity
from gateviz.data.watch import GateHistory, LayerWatch, ReadingWatch, WatchRecord
from gateviz.errors import SelectionError
from gateviz.measure.gate_alarms import stuck

QUANTILES = (0.1, 0.5, 0.9)
BAND = "median and 10–90 % of units"
READINGS = 10
"""Readings that are written out at most."""


@dataclass(frozen=True)
class GateCourse:
    """One gate of one layer over the steps.

    Attributes:
        gate: which.
        shut: 0.1, 0.5 and 0.9 quantile over the units of the share of frames below 0.1; shape (3, S).
        open: of the share of frames above 0.9.
        stuck_shut: share of the units that are shut at more than 99 % of the frames; shape (S,).
        stuck_open: share of those that are open at so many.
    """

    gate: Quantity
    shut: Float64[np.ndarray, "3 S"]
    open: Float64[np.ndarray, "3 S"]
    stuck_shut: Float64[np.ndarray, " S"]
    stuck_open: Float64[np.ndarray, " S"]


@dataclass(frozen=True)
class LayerCourse:
    """One layer and direction over the steps.

    Attributes:
        label: such as ``layer 1 forward``.
        gates: in the order of the cell.
        timescale: 0.1, 0.5 and 0.9 quantile over the units, frames; shape (3, S).
    """

    label: str
    gates: tuple[GateCourse, ...]
    timescale: Float64[np.ndarray, "3 S"]


@dataclass(frozen=True)
class WatchCourse:
    """The course of a watched training.

    Attributes:
        steps: of the records.
        layers: in network order.
        longest: frames; longer timescales are drawn there.
        blank: share of the frames whose best class is the blank; shape (S,), None where nothing was read.
        blank_mean: mean posterior of the blank.
        cer: edits per symbol; None where the truth is unknown.
        readings: step and text of some records, the last among them.
        truth: of the line; None where nobody knows.
    """

    steps: Int64[np.ndarray, " S"]
    layers: tuple[LayerCourse, ...]
    longest: float
    blank: Float64[np.ndarray, " S"] | None
    blank_mean: Float64[np.ndarray, " S"] | None
    cer: Float64[np.ndarray, " S"] | None
    readings: tuple[tuple[int, str], ...]
    truth: str | None


def watch_course(history: GateHistory) -> WatchCourse:
    """The course of a watched training.

    Raises:
        SelectionError: nothing was recorded yet.
    """
    records = recorded(history)
    readings = [record.reading for record in records if record.reading is not None]
    with_text = [record for record in spread_out(records, READINGS) if record.reading is not None]
    truth = history.line.truth
    longest = 10.0 * history.line.grid.frame_count

    def over_steps(value: Callable[[ReadingWatch], float]) -> Float64[np.ndarray, " S"] | None:
        return np.array([value(reading) for reading in readings]) if len(readings) == len(records) else None

    return WatchCourse(
        steps=np.array([record.step for record in records], dtype=np.int64),
        layers=tuple(
            _layer_course([record.layers[at] for record in records], longest) for at in common_layers(records)
        ),
        longest=longest,
        blank=over_steps(lambda reading: reading.blank_share),
        blank_mean=over_steps(lambda reading: float(reading.blank.mean(dtype=np.float64))),
        cer=None if truth is None else over_steps(lambda reading: np.nan if reading.cer is None else reading.cer),
        readings=tuple((record.step, record.reading.text) for record in with_text if record.reading is not None),
        truth=truth,
    )


def spread_out(records: Sequence[WatchRecord], count: int) -> list[WatchRecord]:
    """At most so many of the records, evenly spread, the first and the last among them."""
    at = np.unique(np.linspace(0, len(records) - 1, min(count, len(records))).round().astype(np.int64))
    return [records[index] for index in at]


def recorded(history: GateHistory) -> tuple[WatchRecord, ...]:
    """The looks at a training.

    Raises:
        SelectionError: there is none yet.
    """
    if not history.records:
        raise SelectionError("the training was not looked at yet, so there is nothing to draw; wait for its first step")
    return history.records


def common_layers(records: Sequence[WatchRecord]) -> range:
    """Places of the layers that every record has."""
    return range(min(len(record.layers) for record in records))


def _layer_course(layers: Sequence[LayerWatch], longest: float) -> LayerCourse:
    gates = []
    for gate in layers[0].gates:
        counts = [stuck(layer, gate) for layer in layers]
        gates.append(
            GateCourse(
                gate,
                np.stack([np.quantile(layer.left[gate].astype(np.float64), QUANTILES) for layer in layers], 1),
                np.stack([np.quantile(layer.right[gate].astype(np.float64), QUANTILES) for layer in layers], 1),
                np.array([count.shut / count.units for count in counts]),
                np.array([count.open / count.units for count in counts]),
            )
        )
    # Some are infinite, and between two of those there is no middle.
    times = [np.minimum(layer.timescale.astype(np.float64), longest) for layer in layers]
    return LayerCourse(layers[0].words, tuple(gates), np.stack([np.quantile(each, QUANTILES) for each in times], 1))
