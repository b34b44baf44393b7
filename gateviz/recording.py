"""A recording: everything that was measured while one line was read.

What was measured is stored; the text and the alignment are derived from the emission (``ctc``) on
first use. On disk a recording is one safetensors file (``files.tensors``).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32, UInt8

from gateviz.ctc.forced import align as forced_alignment
from gateviz.ctc.greedy import greedy
from gateviz.data.alignment import Alignment
from gateviz.data.emission import Emission
from gateviz.data.frames import FrameGrid
from gateviz.data.gates import Direction, GateTrace, Quantity
from gateviz.data.layer_columns import columns_apart
from gateviz.data.provenance import Provenance
from gateviz.errors import AlignmentError, AlphabetError, GeometryError, RecordingFileError, SelectionError, ShapeError
from gateviz.files.datatree import to_datatree, to_frame
from gateviz.files.document import (
    IMAGE,
    LOG_PROBS,
    RecordingDocument,
    TraceEntry,
    entry_of,
    from_json,
    tensor_name,
    to_json,
)
from gateviz.files.tensors import TensorFile, opened_tensors, write_tensors

if TYPE_CHECKING:
    import pandas as pd
    import xarray


@dataclass(frozen=True)
class Recording:
    """What a recurrent network did on one line.

    Attributes:
        image: the line image as the user gave it, (H, W) gray or (H, W, 3) RGB; None for a network
            that reads no image.
        grid: where each frame of the posteriors looked, in columns of ``image``.
        traces: one a layer and direction, in network order, each with the grid of its own layer.
        emission: the log posteriors; None for a network that is no recognizer.
        provenance: where all this comes from.
    """

    image: UInt8[np.ndarray, "height width *channels"] | None
    grid: FrameGrid
    traces: tuple[GateTrace, ...]
    emission: Emission | None = None
    provenance: Provenance = field(default_factory=Provenance)

    def __post_init__(self) -> None:
        if not self.traces and self.emission is None:
            raise ShapeError("a recording needs at least one trace or an emission; neither was given")
        if self.image is not None and self.image.shape[1] != self.grid.source_width:
            raise GeometryError(
                f"the image has {self.image.shape[1]} columns and the frame grid speaks of {self.grid.source_width}; "
                f"a grid is in columns of the image it comes with"
            )
        counts = {trace.name: trace.frame_count for trace in self.traces}
        if self.emission is not None:
            counts["emission"] = self.emission.frame_count
        odd = {name: count for name, count in counts.items() if count != self.grid.frame_count}
        if odd:
            raise ShapeError(
                f"a recording of {self.grid.frame_count} frames was given {odd}; all parts need the same frames"
            )
        for trace in self.traces:
            own = self.grid_of(trace)
            if (own.frame_count, own.source_width) != (trace.frame_count, self.grid.source_width):
                raise GeometryError(
                    f"layer {trace.layer} {trace.direction} has {trace.frame_count} frames on a line of "
                    f"{self.grid.source_width} columns, and a grid of {own.frame_count} frames on {own.source_width}"
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
        return greedy(_posteriors(self))

    @property
    def text(self) -> str:
        """What was read (greedy), in the order people read it; empty without an emission."""
        return self.alignment.reading if self.emission is not None else ""

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader of this recording must know of its line, a sentence each; those of its provenance."""
        return self.provenance.remarks

    def grid_of(self, trace: GateTrace) -> FrameGrid:
        """Where the frames of one layer looked: its own grid, or the recording's where it has none of its own."""
        return self.grid if trace.grid is None else trace.grid

    @property
    def layers_apart(self) -> str:
        """One sentence that says which layers look elsewhere than the posteriors' frames; empty if none does."""
        return columns_apart({trace.layer: self.grid_of(trace) for trace in self.traces}, self.grid)

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

    def save(self, path: str | Path) -> None:
        """Write everything to one safetensors file, whole or not at all; ``open_recording`` reads it.

        The arrays are named ``image``, ``emission.log_probs`` and ``trace.0.forward.forget_gate``
        (layer, direction, quantity); what they are is said by the JSON document under the key
        ``gateviz`` of the file's metadata.

        Raises:
            OutputError: the file cannot be written.
            ShapeError: two traces are of the same layer and direction, or an array of another type.
        """
        names = [trace.name for trace in self.traces]
        if len(set(names)) < len(names):
            raise ShapeError(f"of the traces {', '.join(names)} one stands twice; a file tells them by these names")
        tensors = {
            tensor_name(trace.name, quantity): series
            for trace in self.traces
            for quantity, series in trace.values.items()
        }
        if self.image is not None:
            tensors[IMAGE] = self.image
        if self.emission is not None:
            tensors[LOG_PROBS] = self.emission.log_probs
        document = RecordingDocument(
            grid=self.grid,
            traces=tuple(entry_of(trace, self.grid_of(trace)) for trace in self.traces),
            has_image=self.image is not None,
            alphabet=None if self.emission is None else self.emission.alphabet,
            provenance=self.provenance,
        )
        write_tensors(path, tensors, to_json(document))

    def to_xarray(self) -> "xarray.DataTree":
        """The recording as an xarray ``DataTree``: ``tree["trace/0/forward/forget_gate"]``.

        Dimensions are ``time`` (frames) and ``unit``; the coordinates ``column`` (center of the frame
        in the source image, of a layer's own frames beside its series) and ``symbol`` (of the greedy path, empty at blanks) lie along ``time``.

        Raises:
            MissingExtraError: xarray is not installed.
        """
        alignment = None if self.emission is None else self.alignment
        return to_datatree(
            self.image,
            self.grid,
            traces=self.traces,
            emission=self.emission,
            alignment=alignment,
            provenance=self.provenance,
        )

    def to_frame(self, *, quantities: Collection[Quantity] | None = None) -> "pd.DataFrame":
        """The traces as a tidy pandas ``DataFrame``, a row a number, as seaborn takes it.

        Columns: layer, direction, quantity, unit, frame, column (center of the frame in the source image), symbol (of
        the greedy path, empty at blanks), value.

        Args:
            quantities: to take; None takes all that were recorded.
        """
        alignment = None if self.emission is None else self.alignment
        return to_frame(self.grid, self.traces, alignment, quantities)


def align(recording: Recording, text: str) -> Alignment:
    """The most probable path of a recording that spells ``text``, symbol by symbol from left to right.

    Args:
        recording: with posteriors.
        text: as people read it, also where its letters run from right to left.

    Raises:
        AlphabetError: names every symbol of the text that is not in the alphabet.
        AlignmentError: the text needs more frames than there are, or the recording has no posteriors.
    """
    return forced_alignment(_posteriors(recording), text)


def open_recording(
    path: str | Path, *, layers: Collection[int] | None = None, quantities: Collection[Quantity | str] | None = None
) -> Recording:
    """The recording that ``Recording.save`` wrote.

    Args:
        path: the file.
        layers: read the traces of these layers only; None reads all.
        quantities: read these series only; None reads all. What is not asked for is not read from
            the disk.

    Raises:
        RecordingFileError: the file is missing, damaged, of a later version or no recording.
        SelectionError: the file has no trace of what was asked for.
    """
    with opened_tensors(path) as file:
        try:
            document = from_json(file.document)
        except RecordingFileError as error:
            raise RecordingFileError(f"the recording {path} {error}") from error
        except Exception as error:  # of a document that no check foresaw
            raise RecordingFileError(
                f"the recording {path} cannot be understood ({error}); record the line again"
            ) from error
        chosen = _chosen(document.traces, layers, quantities)
        try:
            return Recording(
                image=_image(file) if document.has_image else None,
                grid=document.grid,
                traces=tuple(_trace(file, entry) for entry in chosen),
                emission=None if document.alphabet is None else Emission(_matrix(file, LOG_PROBS), document.alphabet),
                provenance=document.provenance,
            )
        except (ShapeError, GeometryError, AlphabetError) as error:
            raise RecordingFileError(f"the recording {path} does not fit together: {error}") from error


def _posteriors(recording: Recording) -> Emission:
    if recording.emission is None:
        raise AlignmentError("this recording has no posteriors, so there is no text to align; it shows gates only")
    return recording.emission


def _chosen(
    entries: Sequence[TraceEntry], layers: Collection[int] | None, quantities: Collection[Quantity | str] | None
) -> list[TraceEntry]:
    """The entries cut down to what was asked for."""
    if isinstance(quantities, str):
        quantities = (quantities,)
    unknown = set(map(str, quantities or ())) - set(Quantity)
    if unknown:
        raise SelectionError(f"there is no quantity {_listed(sorted(unknown))}; there are {_listed(list(Quantity))}")
    chosen = [
        replace(entry, quantities=tuple(q for q in entry.quantities if quantities is None or q in quantities))
        for entry in entries
        if layers is None or entry.layer in layers
    ]
    chosen = [entry for entry in chosen if entry.quantities]
    if entries and not chosen:
        there = "; ".join(f"layer {entry.layer} {entry.direction}: {', '.join(entry.quantities)}" for entry in entries)
        raise SelectionError(
            f"no trace was recorded of layers {_listed(layers)} and quantities {_listed(quantities)}; there are {there}"
        )
    return chosen


def _listed(choice: Collection[object] | None) -> str:
    return "all" if choice is None else ", ".join(map(str, choice)) or "none"


def _trace(file: TensorFile, entry: TraceEntry) -> GateTrace:
    values = {quantity: _matrix(file, tensor_name(entry.name, quantity)) for quantity in entry.quantities}
    return GateTrace(entry.layer, entry.direction, values, entry.module, entry.grid)


def _matrix(file: TensorFile, name: str) -> Float32[np.ndarray, "T _"]:
    tensor = file.read(name)
    if tensor.dtype != np.float32 or tensor.ndim != 2 or 0 in tensor.shape:
        raise RecordingFileError(
            f"{file.path} is damaged: {name} is {tensor.dtype} {tensor.shape}, not a float32 matrix"
        )
    return tensor


def _image(file: TensorFile) -> UInt8[np.ndarray, "height width *channels"]:
    tensor = file.read(IMAGE)
    if tensor.dtype != np.uint8 or tensor.shape[2:] not in ((), (3,)) or tensor.ndim < 2 or 0 in tensor.shape:
        raise RecordingFileError(f"{file.path} is damaged: its image is {tensor.dtype} {tensor.shape}")
    return tensor
