"""The sums of one layer and direction, from which every measure follows: no line is kept."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool

from gateviz.data.gates import Direction, GateTrace, Quantity
from gateviz.measure.covariance import Covariance
from gateviz.measure.directions import UnitRatios
from gateviz.measure.dynamics import Dynamics, course_of_windows, windows
from gateviz.measure.line_events import LineEvent
from gateviz.measure.saturation import Saturation, saturation
from gateviz.measure.selectivity import Selectivity, rank_sums, selectivity_of_sums
from gateviz.studies.measure.request import MeasureRequest, keeping_gate

GROUPS = 100
"""Lines are summed in so many groups at most, line n in group n mod 100; up to 100 lines each is a group of its own."""

AROUND = 10
"""Frames that a course shows before its event, and after it."""

SATURATION_SIDES = ("left", "right")
_OFFSETS = 2 * AROUND + 1


class PlaceSums:
    """What the lines of a corpus add up to in one layer and direction.

    Args:
        trace: of any line, for names and widths.
        request: what is measured.
        groups: of lines.

    Attributes:
        layer: position of the layer.
        direction: the way it reads.
        keeping: the gate that keeps memory; None where neither a forget nor an update gate was recorded.
        course_quantity: of which series the course is.
        quantities: series that are measured.
        gates: of these, the gates.
        likeness: the series by which units are alike: what the next layer reads, or the last one recorded.
        frames: of all lines, a group; shape (G,).
        covariance: of the units.
    """

    def __init__(self, trace: GateTrace, request: MeasureRequest, groups: int) -> None:
        self.layer, self.direction, self.request = trace.layer, trace.direction, request
        self._widths = {quantity: int(values.shape[1]) for quantity, values in trace.values.items()}
        self.keeping = keeping_gate(trace)
        self.course_quantity = request.course_quantity(trace)
        self.quantities = request.measured(trace)
        self.gates = tuple(quantity for quantity in self.quantities if quantity.is_gate)
        hidden = Quantity.HIDDEN_STATE
        self.likeness = hidden if hidden in self._widths else list(self._widths)[-1]
        self.frames = np.zeros(groups)
        self.covariance: Covariance | None = None
        events = len(request.all_events)
        self._sides = {
            (gate, side): np.zeros((groups, self._widths[gate])) for gate in self.gates for side in SATURATION_SIDES
        }
        self._kept = None if self.keeping is None else np.zeros((groups, self._widths[self.keeping]))
        self._wins = {one: np.zeros((groups, events, self._widths[one])) for one in self.quantities}
        self._variance = {one: np.zeros((events, self._widths[one])) for one in self.quantities}
        self._pairs = np.zeros((groups, events))
        # Frames of each event, other frames, lines that have both, and frames in the margins.
        self._inside, self._outside, self._lines, self._left_out = (np.zeros(events, dtype=np.int64) for _ in range(4))
        self._course = np.zeros((groups, _OFFSETS))
        self._course_count = np.zeros((groups, _OFFSETS), dtype=np.int64)

    def add(self, number: int, trace: GateTrace, events: Sequence[LineEvent], entered: LineEvent) -> None:
        """One more line.

        Args:
            number: of the line in the corpus, from 0.
            trace: what the layer did.
            events: the request's, on this line.
            entered: where the layer enters the event that courses are drawn around.
        """
        group = number % len(self.frames)
        self.frames[group] += trace.frame_count
        for gate in self.gates:
            shares = saturation(trace[gate])
            self._sides[gate, "left"][group] += shares.left * trace.frame_count
            self._sides[gate, "right"][group] += shares.right * trace.frame_count
        if self._kept is not None and self.keeping is not None:
            self._kept[group] += trace[self.keeping].sum(axis=0, dtype=np.float64)
        self._add_covariance(Covariance.of(trace[self.likeness]))
        self._add_events(group, trace, events)
        self._add_course(group, trace, entered)

    def merge(self, later: "PlaceSums") -> None:
        """All lines of another state, of the same layer and direction."""
        if later.covariance is not None:
            self._add_covariance(later.covariance)
        for mine, other in zip(self._arrays(), later._arrays(), strict=True):
            mine += other

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
        return selectivity_of_sums(
            self._wins[quantity][:, event],
            self._pairs[:, event],
            self._variance[quantity][event],
            inside=int(self._inside[event]),
            outside=int(self._outside[event]),
            lines=int(self._lines[event]),
        )

    def left_out(self, event: int) -> int:
        """Frames of an event in the margins, which take no part."""
        return int(self._left_out[event])

    def telling(self, quantity: Quantity, event: int) -> UnitRatios:
        """How far a unit's AUC lies from 1/2, times two: 0 tells nothing of the event, 1 everything."""
        return UnitRatios(self._wins[quantity][:, event], self._pairs[:, event], folded=True)

    @property
    def course(self) -> Dynamics:
        """Around the request's event, the way the layer goes."""
        there = self.frames > 0
        return course_of_windows(self._course[there], self._course_count[there], before=AROUND)

    def _arrays(self) -> list[np.ndarray]:
        """All sums of frames, in one order for every state of this layer and direction."""
        kept = [] if self._kept is None else [self._kept]
        counts = [self._pairs, self._inside, self._outside, self._lines, self._left_out]
        return [
            self.frames, *self._sides.values(), *kept, *self._wins.values(), *self._variance.values(), *counts,
            self._course, self._course_count,
        ]  # fmt: skip

    def _add_covariance(self, more: Covariance) -> None:
        self.covariance = more if self.covariance is None else Covariance.merged([self.covariance, more])

    def _add_events(self, group: int, trace: GateTrace, events: Sequence[LineEvent]) -> None:
        self._left_out += [event.left_out for event in events]
        for kept in dict.fromkeys(event.kept for event in events):
            chosen = [number for number, event in enumerate(events) if event.kept == kept]
            masks: Bool[np.ndarray, "E T"] = np.stack([events[number].inside for number in chosen])
            # All series side by side: one long ranking takes less time than many short ones.
            beside = np.concatenate([trace[quantity][slice(*kept)] for quantity in self.quantities], axis=1)
            found = rank_sums(beside, masks)
            ends = np.cumsum([self._widths[quantity] for quantity in self.quantities])[:-1]
            parts = (np.split(sums, ends, axis=1) for sums in (found.wins, found.variance))
            for quantity, wins, variance in zip(self.quantities, *parts, strict=True):
                self._wins[quantity][group, chosen] += wins
                self._variance[quantity][chosen] += variance
            # The counts are the same for every series.
            self._pairs[group, chosen] += found.pairs
            self._inside[chosen] += found.inside
            self._outside[chosen] += found.outside
            self._lines[chosen] += found.pairs > 0

    def _add_course(self, group: int, trace: GateTrace, entered: LineEvent) -> None:
        """The series and the event's frames, turned round for a backward layer: time goes the way the layer goes."""
        series = np.asarray(trace[self.course_quantity], dtype=np.float64)
        one = series.mean(axis=1) if self.request.unit is None else series[:, self.request.unit]
        frames = np.array(entered.frames, dtype=np.int64)
        if trace.direction is Direction.BACKWARD:
            one, frames = one[::-1], len(one) - 1 - frames
        sums, counts = windows(one, frames, before=AROUND, after=AROUND)
        self._course[group] += sums
        self._course_count[group] += counts
