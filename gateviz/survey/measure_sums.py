"""The sums of one layer and direction, from which every measure follows: no line is kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float64, Int64

from gateviz.data.gates import Direction, GateTrace, Quantity
from gateviz.measure.covariance import Covariance
from gateviz.measure.directions import UnitRatios
from gateviz.measure.saturation import Saturation, saturation
from gateviz.measure.selectivity import Selectivity, rank_sums, selectivity_of_sums
from gateviz.survey.claim_events import LineEvent
from gateviz.survey.measure_request import MeasureRequest, keeping_gate

GROUPS = 100
"""Lines are summed in so many groups at most, line n in group n mod 100; up to 100 lines each is a group of its own."""

SATURATION_SIDES = ("left", "right")


@dataclass
class _EventSums:
    """Of one series at all events."""

    wins: Float64[np.ndarray, "G E H"]
    variance: Float64[np.ndarray, "E H"]


@dataclass
class PlaceSums:
    """What the lines of a corpus add up to in one layer and direction.

    Attributes:
        trace: of the first line, for names and widths.
        request: what is measured.
        groups: of lines.
    """

    trace: GateTrace
    request: MeasureRequest
    groups: int
    frames: Float64[np.ndarray, " G"] = field(init=False)
    covariance: Covariance | None = field(init=False, default=None)
    courses: list[Float64[np.ndarray, " _"]] = field(init=False, default_factory=list)
    course_frames: list[Int64[np.ndarray, " _"]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        events = len(self.request.all_events)
        self.keeping = keeping_gate(self.trace)
        self.course_quantity = self.request.course_quantity(self.trace)
        self.quantities = self.request.measured(self.trace)
        self.gates = tuple(quantity for quantity in self.quantities if quantity.is_gate)
        self.frames = np.zeros(self.groups)
        self._sides = {(gate, side): self._zeros(gate) for gate in self.gates for side in SATURATION_SIDES}
        self._kept = None if self.keeping is None else self._zeros(self.keeping)
        self._events = {
            quantity: _EventSums(
                np.zeros((self.groups, events, self.width(quantity))), np.zeros((events, self.width(quantity)))
            )
            for quantity in self.quantities
        }
        self.pairs = np.zeros((self.groups, events))
        self.inside, self.outside, self.lines, self.left_out = (np.zeros(events, dtype=np.int64) for _ in range(4))

    def width(self, quantity: Quantity) -> int:
        """How many units a series has."""
        return int(self.trace[quantity].shape[1])

    def add(self, number: int, trace: GateTrace, events: Sequence[LineEvent], entered: LineEvent) -> None:
        """One more line.

        Args:
            number: of the line in the corpus, from 0.
            trace: what the layer did.
            events: the request's, on this line.
            entered: where the layer enters the event that courses are drawn around.
        """
        group = number % self.groups
        self.frames[group] += trace.frame_count
        for gate in self.gates:
            shares = saturation(trace[gate])
            self._sides[gate, "left"][group] += shares.left * trace.frame_count
            self._sides[gate, "right"][group] += shares.right * trace.frame_count
        if self._kept is not None and self.keeping is not None:
            self._kept[group] += trace[self.keeping].sum(axis=0, dtype=np.float64)
        alike = Covariance.of(trace[self.likeness])
        self.covariance = alike if self.covariance is None else Covariance.merged([self.covariance, alike])
        self._add_events(group, trace, events)
        self._add_course(trace, entered)

    @property
    def likeness(self) -> Quantity:
        """The series by which units are alike: what the next layer reads, or the last one recorded."""
        there = self.trace.values
        return Quantity.HIDDEN_STATE if Quantity.HIDDEN_STATE in there else list(there)[-1]

    def saturation_of(self, gate: Quantity) -> Saturation:
        """Over all lines."""
        left, right = (self.side(gate, side).values for side in SATURATION_SIDES)
        return Saturation(left, right)

    def side(self, gate: Quantity, side: str) -> UnitRatios:
        """Frames below 0.1 (``left``) or above 0.9 (``right``), over all frames."""
        return UnitRatios(self._sides[gate, side], self.frames)

    @property
    def kept(self) -> UnitRatios | None:
        """The mean of the gate that keeps memory; None without one."""
        return None if self._kept is None else UnitRatios(self._kept, self.frames)

    def selectivity_of(self, quantity: Quantity, event: int) -> Selectivity:
        """Of every unit for one event, by its position among the request's."""
        sums = self._events[quantity]
        return selectivity_of_sums(
            sums.wins[:, event],
            self.pairs[:, event],
            sums.variance[event],
            inside=int(self.inside[event]),
            outside=int(self.outside[event]),
            lines=int(self.lines[event]),
        )

    def telling(self, quantity: Quantity, event: int) -> UnitRatios:
        """How far a unit's AUC lies from 1/2, times two: 0 tells nothing of the event, 1 everything."""
        return UnitRatios(self._events[quantity].wins[:, event], self.pairs[:, event], folded=True)

    def _zeros(self, quantity: Quantity) -> Float64[np.ndarray, "G H"]:
        return np.zeros((self.groups, self.width(quantity)))

    def _add_events(self, group: int, trace: GateTrace, events: Sequence[LineEvent]) -> None:
        self.left_out += [event.left_out for event in events]
        for kept in dict.fromkeys(event.kept for event in events):
            chosen = [number for number, event in enumerate(events) if event.kept == kept]
            masks: Bool[np.ndarray, "E T"] = np.stack([events[number].inside for number in chosen])
            # All series side by side: one long ranking takes less time than many short ones.
            beside = np.concatenate([trace[quantity][slice(*kept)] for quantity in self.quantities], axis=1)
            found = rank_sums(beside, masks)
            ends = np.cumsum([self.width(quantity) for quantity in self.quantities])[:-1]
            parts = (np.split(sums, ends, axis=1) for sums in (found.wins, found.variance))
            for quantity, wins, variance in zip(self.quantities, *parts, strict=True):
                self._events[quantity].wins[group, chosen] += wins
                self._events[quantity].variance[chosen] += variance
            # The counts are the same for every series.
            self.pairs[group, chosen] += found.pairs
            self.inside[chosen] += found.inside
            self.outside[chosen] += found.outside
            self.lines[chosen] += found.pairs > 0

    def _add_course(self, trace: GateTrace, entered: LineEvent) -> None:
        """The series and the event's frames, turned round for a backward layer: time goes the way the layer goes."""
        series = np.asarray(trace[self.course_quantity], dtype=np.float64)
        one = series.mean(axis=1) if self.request.unit is None else series[:, self.request.unit]
        frames = np.array(entered.frames, dtype=np.int64)
        turned = trace.direction is Direction.BACKWARD
        self.courses.append(one[::-1] if turned else one)
        self.course_frames.append(np.sort(len(one) - 1 - frames) if turned else frames)
