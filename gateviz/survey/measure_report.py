"""What was measured over a corpus: plain values, by layer and direction."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float64

from gateviz.data.gates import Direction, Quantity
from gateviz.data.provenance import Provenance
from gateviz.files.folders import LineSource
from gateviz.measure.directions import DirectionContrast
from gateviz.measure.dynamics import Dynamics
from gateviz.measure.events import Event
from gateviz.measure.saturation import Saturation
from gateviz.measure.selectivity import Selectivity
from gateviz.survey.corpus import Skipped, Truths
from gateviz.survey.measure_request import MeasureRequest


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
        mean_kept: its mean over all frames, a unit; None without it.
        timescales: -1 / ln of that, in frames; infinite where the mean is 1.
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
    mean_kept: Float64[np.ndarray, " H"] | None
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
    def keeping_letter(self) -> str:
        """The letter of the gate that keeps memory; empty without one."""
        return "" if self.keeping is None else self.keeping.letter

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
        lines: how many were read.
        skipped: those that could not be.
        untold: lines aligned by what was read, for nobody said what is written there or it cannot be aligned.
        stride: columns of the source image a frame, mean over frames.
        pitch: frames from one symbol to the next, mean over such steps; NaN without a line of two symbols.
        places: by layer and direction.
        directions: forward against backward; empty for layers of one direction.
        origin: of the recordings.
        truths: how many lines have a true text.
    """

    request: MeasureRequest
    lines: int
    skipped: tuple[Skipped, ...]
    untold: tuple[LineSource, ...]
    stride: float
    pitch: float
    places: tuple[PlaceMeasures, ...]
    directions: tuple[DirectionRow, ...] = ()
    origin: Provenance = field(default_factory=Provenance)
    truths: Truths = field(default_factory=lambda: Truths(0, 0, (), 0))
