"""A recording: everything that was measured while one line was read.

What was measured is stored; the text and the alignment are derived from the emission (``ctc``) on
first use. On disk a recording is one safetensors file (``files.tensors``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import UInt8

from gateviz.ctc.greedy import greedy
from gateviz.data.alignment import Alignment
from gateviz.data.emission import Emission
from gateviz.data.frames import FrameGrid
from gateviz.data.gates import Direction, GateTrace
from gateviz.data.provenance import Provenance
from gateviz.errors import AlignmentError, SelectionError, ShapeError


@dataclass(frozen=True)
class Recording:
    """What a recurrent network did on one line.

    Attributes:
        image: the line image as the user gave it, (H, W) gray or (H, W, 3) RGB; None for a network
            that reads no image.
        grid: where each frame looked, in columns of ``image``.
        traces: one a layer and direction, in network order.
        emission: the log posteriors; None for a network that is no recognizer.
        provenance: where all this comes from.
    """

    image: UInt8[np.ndarray, "height width *channels"] | None
    grid: FrameGrid
    traces: tuple[GateTrace, ...]
    emission: Emission | None = None
    provenance: Provenance = field(default_factory=Provenance)

    def __post_init__(self) -> None:
        counts = {trace.name: trace.frame_count for trace in self.traces}
        if self.emission is not None:
            counts["emission"] = self.emission.frame_count
        odd = {name: count for name, count in counts.items() if count != self.grid.frame_count}
        if odd:
            raise ShapeError(
                f"a recording of {self.grid.frame_count} frames was given {odd}; all parts need the same frames"
            )

    @classmethod
    def of_traces(cls, traces: Sequence[GateTrace]) -> "Recording":
        """The recording of a network that reads no image: one column a frame.

        Raises:
            ShapeError: no trace was given.
        """
        if not traces:
            raise ShapeError("a recording needs at least one trace; none was given")
        frames = traces[0].frame_count
        return cls(None, FrameGrid(frames, 1.0, 0.5, 1.0, frames), tuple(traces))

    @cached_property
    def alignment(self) -> Alignment:
        """The most probable path, collapsed (greedy).

        Raises:
            AlignmentError: the recording has no emission.
        """
        if self.emission is None:
            raise AlignmentError("this recording has no posteriors, so there is no text to align; it shows gates only")
        return greedy(self.emission)

    @property
    def text(self) -> str:
        """What was read (greedy); empty without an emission."""
        return self.alignment.text if self.emission is not None else ""

    def trace(self, layer: int, direction: Direction | str = Direction.FORWARD) -> GateTrace:
        """The trace of one layer and direction.

        Raises:
            SelectionError: lists the traces there are.
        """
        for trace in self.traces:
            if trace.layer == layer and trace.direction == direction:
                return trace
        names = ", ".join(trace.name for trace in self.traces) or "none"
        raise SelectionError(f"there is no trace of layer {layer} {direction}; recorded are {names}")
