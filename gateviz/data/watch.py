"""What is kept of a network's gates from time to time while it learns."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt8

from gateviz.data.alignment import Span
from gateviz.data.frames import FrameGrid
from gateviz.data.gate_health import GateHealth
from gateviz.data.gates import Direction, Quantity


@dataclass(frozen=True)
class WatchedLine:
    """The line that is read again and again.

    Attributes:
        grid: where each frame looked, in columns of ``image``.
        image: the line image; None for a network that reads none.
        truth: what is written on it; None where nobody said.
        name: where it comes from.
        evenly: whether frames were only spread evenly over the columns, because nobody knows where they look.
    """

    grid: FrameGrid
    image: UInt8[np.ndarray, "height width *channels"] | None = None
    truth: str | None = None
    name: str = ""
    evenly: bool = False


@dataclass(frozen=True)
class LayerWatch:
    """The gates of one layer and direction on the line.

    Attributes:
        layer: as in ``GateTrace``.
        direction: as in ``GateTrace``.
        left: share of the frames below 0.1, of every unit and by gate; shape (H,).
        right: share of the frames above 0.9.
        means: of each gate over the units, a frame; shape (T,).
        timescale: of every unit, frames.
    """

    layer: int
    direction: Direction
    left: Mapping[Quantity, Float32[np.ndarray, " H"]]
    right: Mapping[Quantity, Float32[np.ndarray, " H"]]
    means: Mapping[Quantity, Float32[np.ndarray, " T"]]
    timescale: Float32[np.ndarray, " H"]

    @property
    def name(self) -> str:
        """``layer.direction``, as in ``GateTrace``."""
        return f"{self.layer}.{self.direction}"

    @property
    def words(self) -> str:
        """Words for a figure, such as ``layer 1 forward``."""
        return f"layer {self.layer} {self.direction}"

    @property
    def gates(self) -> tuple[Quantity, ...]:
        """Which gates its cells have."""
        return tuple(self.left)


@dataclass(frozen=True)
class ReadingWatch:
    """What was read of the line.

    Attributes:
        text: the greedy reading.
        spans: the frames of its symbols.
        blank: posterior of the blank at every frame; shape (T,).
        symbol: that of the best other class.
        blank_share: share of the frames whose best class is the blank.
        cer: edits per symbol of the truth; None where the truth is unknown.
    """

    text: str
    spans: tuple[Span, ...]
    blank: Float32[np.ndarray, " T"]
    symbol: Float32[np.ndarray, " T"]
    blank_share: float
    cer: float | None = None


@dataclass(frozen=True)
class WatchRecord:
    """The network at one step.

    Attributes:
        step: of the training: batches or epochs, as its owner counts.
        layers: one a layer and direction, in network order.
        reading: None for a network that is no recognizer.
        health: how the cells fare on the line; None where there are none, or in records of before it was kept.
    """

    step: int
    layers: tuple[LayerWatch, ...]
    reading: ReadingWatch | None = None
    health: GateHealth | None = None


@dataclass(frozen=True)
class GateHistory:
    """A line, and what the network did on it from time to time.

    Attributes:
        line: what was read.
        records: by step.
    """

    line: WatchedLine
    records: tuple[WatchRecord, ...]
