"""What was measured over a corpus, and the same as plain values: a document, and a row a unit."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64

from gateviz.data.gates import Direction, Quantity
from gateviz.measure.directions import DirectionContrast
from gateviz.measure.dynamics import Dynamics
from gateviz.measure.events import Event
from gateviz.measure.jackknife import RULE
from gateviz.measure.line_events import MARGIN
from gateviz.measure.saturation import Saturation
from gateviz.measure.selectivity import Selectivity
from gateviz.measure.timescale import memory_spread, share_beyond
from gateviz.studies.account import Account
from gateviz.studies.measure.request import MeasureRequest
from gateviz.studies.measure.sums import GROUPS
from gateviz.studies.page import counted


@dataclass(frozen=True)
class Agreement:
    """How much the units of a layer do the same.

    Attributes:
        quantity: of which series.
        correlation: Pearson's, of every unit with every other, each line less its own mean; shape (H, H).
        redundancy: magnitude of each unit's correlation with the unit most like it, 0 to 1; shape (H,).
        participation: how many directions the units use, 1 to H; NaN where nothing moves.
    """

    quantity: Quantity
    correlation: Float64[np.ndarray, "H H"]
    redundancy: Float64[np.ndarray, " H"]
    participation: float


@dataclass(frozen=True)
class Telling:
    """How well the units of one series tell one event.

    Attributes:
        quantity: the series.
        event: the event.
        found: area, interval and uncorrected p of every unit.
        p: of every unit, corrected for all units, series, events, layers and directions of the run; shape (H,).
        left_out: frames of the event in the margins, which took no part.
    """

    quantity: Quantity
    event: Event
    found: Selectivity
    p: Float64[np.ndarray, " H"]
    left_out: int = 0

    @property
    def best(self) -> int | None:
        """The unit whose area is farthest from 1/2, either way; None without a pair of frames."""
        return None if np.isnan(self.found.auc).all() else int(np.nanargmax(np.abs(self.found.auc - 0.5)))


@dataclass(frozen=True)
class PlaceMeasures:
    """All measures of one layer and direction.

    Attributes:
        layer: position of the layer.
        direction: the way it reads.
        frames: frames of all lines.
        saturations: shares of frames below 0.1 and above 0.9, a gate.
        keeping: the gate that keeps memory; None where neither a forget nor an update gate was recorded.
        timescales: -1 / ln of its mean over all frames, in frames, a unit; infinite where the mean is 1, None without it.
        agreement: of its units.
        tellings: of every series and event.
        course_quantity: of which series the course is.
        course: around the request's event, the way the layer goes, in frames.
    """

    layer: int
    direction: Direction
    frames: int
    saturations: Mapping[Quantity, Saturation]
    keeping: Quantity | None
    timescales: Float64[np.ndarray, " H"] | None
    agreement: Agreement
    tellings: tuple[Telling, ...]
    course_quantity: Quantity
    course: Dynamics

    @property
    def words(self) -> str:
        """Layer and direction, such as ``layer 1 forward``."""
        return f"layer {self.layer} {self.direction}"

    @property
    def units(self) -> int:
        """How many units the layer has, by the series that agreement is measured on."""
        return len(self.agreement.redundancy)

    def told(self, event: Event) -> Telling | None:
        """The series with the unit that tells an event best; None where no frame pair was found."""
        there = [telling for telling in self.tellings if telling.event == event and telling.best is not None]
        return max(there, key=lambda one: abs(one.found.auc[one.best] - 0.5), default=None)


@dataclass(frozen=True)
class DirectionRow:
    """One number of the units of a layer, forward beside backward.

    Attributes:
        layer: position of the layer.
        what: in words, such as ``forget gate above 0.9``.
        unit: of the numbers: ``share of frames``, ``symbols``, ``frames`` or ``2 |AUC - 0.5|``.
        forward: the number of each forward unit; shape (H,).
        backward: of each backward one.
        contrast: effect, interval and uncorrected p of both kinds.
        p: over lines, corrected for all such rows of the run; NaN without a test.
        p_units: over units, corrected likewise.
    """

    layer: int
    what: str
    unit: str
    forward: Float64[np.ndarray, " H"]
    backward: Float64[np.ndarray, " K"]
    contrast: DirectionContrast
    p: float = float("nan")
    p_units: float = float("nan")


@dataclass(frozen=True)
class MeasureReport:
    """A whole run.

    Attributes:
        request: what was measured.
        account: of which lines.
        stride: columns of the source image a frame, mean over frames.
        pitch: frames from one symbol to the next, mean over such steps; NaN without a line of two symbols.
        places: by layer and direction.
        directions: forward against backward; empty for layers of one direction.
    """

    request: MeasureRequest
    account: Account
    stride: float
    pitch: float
    places: tuple[PlaceMeasures, ...]
    directions: tuple[DirectionRow, ...] = ()

    @property
    def side_by_side(self) -> Mapping[str, list[DirectionRow]]:
        """The rows of which distributions are drawn: of the gate that keeps, its timescale, and telling the event."""
        keeping = {f"{gate.words} above 0.9" for gate in (Quantity.FORGET_GATE, Quantity.UPDATE_GATE)}
        found: dict[str, list[DirectionRow]] = {}
        for row in self.directions:
            if row.what in keeping or row.unit != "share of frames":
                found.setdefault(row.what, []).append(row)
        return found

    def rank(self, layer: int) -> int:
        """The position of a layer among those that were measured."""
        return sorted({place.layer for place in self.places}).index(layer)


def document(report: MeasureReport) -> dict[str, Any]:
    """Everything a report holds, as plain values."""
    account = report.account
    return account.document | {
        "aligned_by_reading": [str(source.path) for source in account.by_reading],
        "columns_a_frame": report.stride,
        "frames_a_symbol": report.pitch,
        "test": {
            "selectivity": "circular shifts within the line, two-sided, normal approximation; Benjamini-Hochberg over all",
            "directions": "p: signs flipped by line; p_units: means over units, lines and units at random; Benjamini-Hochberg over all",
            "margin": f"{margin_words(report)} at both ends of the text",
            "interval": f"{RULE}, 95 %, unit: line" + (f", in {GROUPS} groups" if account.lines > GROUPS else ""),
            "seed": report.request.seed,
        },
        "places": [_place_document(report, place) for place in report.places],
        "directions": [
            {
                "layer": row.layer, "what": row.what, "unit": row.unit, "forward": float(np.median(row.forward)),
                "backward": float(np.median(row.backward)), "delta": row.contrast.effect, "low": row.contrast.low,
                "high": row.contrast.high, "p": row.p, "p_units": row.p_units, "lines": row.contrast.lines,
                "why_not": row.contrast.why_not,
            }
            for row in report.directions
        ],
    }  # fmt: skip


def unit_rows(report: MeasureReport) -> list[dict[str, Any]]:
    """A row a unit: saturation of every gate, timescale, redundancy, and the event that it tells best."""
    return [_unit_row(report, place, unit) for place in report.places for unit in range(place.units)]


def margin_words(report: MeasureReport) -> str:
    """What is left out at both ends of a text."""
    margin = report.request.margin
    return f"{MARGIN} symbols" if margin is None else counted(margin, "frame")


def _unit_row(report: MeasureReport, place: PlaceMeasures, unit: int) -> dict[str, Any]:
    row: dict[str, Any] = {"layer": place.layer, "direction": place.direction.value, "unit": unit}
    for gate, found in place.saturations.items():
        inside = unit < len(found.left)
        row[f"{gate.value}_below_0.1"] = float(found.left[unit]) if inside else None
        row[f"{gate.value}_above_0.9"] = float(found.right[unit]) if inside else None
    memory = place.timescales
    frames = float(memory[unit]) if memory is not None and unit < len(memory) else None
    row["timescale_frames"] = frames
    row["timescale_columns"] = None if frames is None else frames * report.stride
    row["timescale_symbols"] = None if frames is None else frames / report.pitch
    row["redundancy"] = float(place.agreement.redundancy[unit])
    # What the unit tells best, of what could be tested.
    there = [one for one in place.tellings if unit < len(one.p) and not np.isnan(one.p[unit])]
    best = max(there, key=lambda one: abs(one.found.auc[unit] - 0.5), default=None)
    row["event"] = "" if best is None else best.event.words
    row["series"] = "" if best is None else best.quantity.value
    for name in ("auc", "low", "high"):
        row[name] = None if best is None else float(getattr(best.found, name)[unit])
    row["p"] = None if best is None else float(best.p[unit])
    row["event_frames"] = None if best is None else best.found.inside
    row["event_lines"] = None if best is None else best.found.lines
    return row


def _place_document(report: MeasureReport, place: PlaceMeasures) -> dict[str, Any]:
    return {
        "layer": place.layer,
        "direction": place.direction.value,
        "units": place.units,
        "frames": place.frames,
        "saturation": {
            gate.value: {"below_0.1": float(one.left.mean()), "above_0.9": float(one.right.mean())}
            for gate, one in place.saturations.items()
        },
        "memory": _memory_document(report, place),
        "agreement": {
            "series": place.agreement.quantity.value,
            "participation_ratio": place.agreement.participation,
            "median_redundancy": float(np.median(place.agreement.redundancy)),
        },
        "selectivity": [_telling_document(event.words, place.told(event)) for event in report.request.all_events],
        "course": {
            "event": report.request.event.words,
            "series": place.course_quantity.value,
            "unit": report.request.unit,
            "frames": place.course.offsets.tolist(),
            "columns": place.course.columns(report.stride).tolist(),
            "mean": place.course.mean.tolist(),
            "low": place.course.low.tolist(),
            "high": place.course.high.tolist(),
            "count": place.course.count.tolist(),
        },
        "every_unit": [_unit_row(report, place, unit) for unit in range(place.units)],
    }


def _memory_document(report: MeasureReport, place: PlaceMeasures) -> dict[str, Any] | None:
    """Quartiles in frames, columns and symbols; None without a gate that keeps."""
    if place.timescales is None or place.keeping is None:
        return None
    symbols = place.timescales / report.pitch
    found: dict[str, Any] = {"gate": place.keeping.value}
    scales = {"frames": place.timescales, "columns": place.timescales * report.stride, "symbols": symbols}
    for unit, values in scales.items():
        spread = memory_spread(values)
        found[unit] = {"lower": spread.lower, "median": spread.median, "upper": spread.upper}
        found["infinite"] = int(np.isinf(values).sum())
    for length in (1, 10):
        found[f"share_beyond_{length}_symbols"] = share_beyond(symbols, float(length))
    return found


def _telling_document(event: str, telling: Telling | None) -> dict[str, Any]:
    if telling is None or (best := telling.best) is None:
        return {"event": event, "why_not": "no such frames"}
    found = telling.found
    return {
        "event": event,
        "series": telling.quantity.value,
        "unit": best,
        "auc": float(found.auc[best]),
        "low": float(found.low[best]),
        "high": float(found.high[best]),
        "p": float(telling.p[best]),
        "frames": found.inside,
        "other_frames": found.outside,
        "left_out": telling.left_out,
        "lines": found.lines,
        "why_not": found.why_not,
    }
