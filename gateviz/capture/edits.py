"""Edits: hold a gate shut, silence a unit, carry a memory from one line to another, and see what is read then.

An edit is made by ``clamp``, ``ablate``, ``scale`` or ``patch`` and applies to a quantity at once after
it is computed, so everything later in the step, the line and the network follows from the edited
value. In one step the order is f, i, g, o, c, h for an LSTM and r, z, candidate, h for a GRU.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from gateviz.capture.changes import Change, Hold, Mean, Patch, Scale
from gateviz.data.gates import Direction, Quantity, place_words
from gateviz.errors import SelectionError
from gateviz.recording import Recording


@dataclass(frozen=True)
class Edit:
    """One change of one quantity, somewhere. None stands for all.

    Attributes:
        quantity: the series that is changed.
        change: what is put in the place of its values.
        layer: position among the recurrent layers.
        direction: which way the layer reads.
        units: indices in the layer.
        frames: half-open span of frames, in reading order.
        columns: half-open span of columns of the line image: the frames whose centers lie there.
    """

    quantity: Quantity
    change: Change
    layer: int | None = None
    direction: Direction | None = None
    units: tuple[int, ...] | None = None
    frames: tuple[int, int] | None = None
    columns: tuple[float, float] | None = None

    def reaches(self, layer: int, direction: Direction) -> bool:
        """True if the edit is meant for this layer and direction."""
        return self.layer in (None, layer) and self.direction in (None, direction)

    def sentence(self) -> str:
        """The edit in words, as it stands under a figure.

        Example:
            >>> clamp("forget_gate", 0.0, layer=1, units=[37], columns=(120, 160)).sentence()
            'forget gate of unit 37 in layer 1, every direction, held at 0 in columns [120, 160)'
        """
        layer = "every layer" if self.layer is None else f"layer {self.layer}"
        direction = ", every direction" if self.direction is None else f" {self.direction}"
        units = "" if self.units is None else f" of {_unit_words(self.units)}"
        when = "" if self.frames is None else f" in frames [{self.frames[0]}, {self.frames[1]})"
        when = when if self.columns is None else f" in columns [{self.columns[0]:g}, {self.columns[1]:g})"
        return f"{self.quantity.words}{units} in {layer}{direction}, {self.change.words}{when}"


def clamp(
    quantity: Quantity | str,
    value: float | int,
    *,
    layer: int | None = None,
    direction: Direction | str | None = None,
    units: Iterable[int] | None = None,
    frames: tuple[int, int] | None = None,
    columns: tuple[float | int, float | int] | None = None,
) -> Edit:
    """The edit that holds a quantity at a value; the value may lie outside what a gate can reach.

    Args:
        quantity: such as ``forget_gate``.
        value: what it is held at.
        layer: None for all.
        direction: None for both.
        units: None for all.
        frames: half-open; None for all.
        columns: of the line image, half-open; instead of frames.

    Raises:
        SelectionError: the selection cannot mean anything.
    """
    return _edit(
        quantity,
        Hold(_finite(value, "clamp")),
        layer=layer,
        direction=direction,
        units=units,
        frames=frames,
        columns=columns,
    )


def scale(
    quantity: Quantity | str,
    factor: float | int,
    *,
    layer: int | None = None,
    direction: Direction | str | None = None,
    units: Iterable[int] | None = None,
    frames: tuple[int, int] | None = None,
    columns: tuple[float | int, float | int] | None = None,
) -> Edit:
    """The edit that multiplies a quantity; a scaled gate is not cut to [0, 1].

    Args and errors: as for ``clamp``, with ``factor`` in the place of the value.
    """
    return _edit(
        quantity,
        Scale(_finite(factor, "scale")),
        layer=layer,
        direction=direction,
        units=units,
        frames=frames,
        columns=columns,
    )


def ablate(
    quantity: Quantity | str,
    *,
    to: str = "zero",
    reference: Recording | Sequence[Recording] | None = None,
    layer: int | None = None,
    direction: Direction | str | None = None,
    units: Iterable[int] | None = None,
    frames: tuple[int, int] | None = None,
    columns: tuple[float | int, float | int] | None = None,
) -> Edit:
    """The edit that takes away what a quantity says: zero, or always the unit's own mean.

    The mean is taken over all frames of ``reference``, one recording or many, made by the model as it
    is. There is no default: a mean over the edited line itself keeps what that line said on average,
    one over a corpus does not, and the two must not be mistaken for each other.

    Args:
        quantity: such as ``forget_gate``.
        to: ``zero`` or ``mean``.
        reference: recordings the mean is taken over; only with ``to="mean"``.
        layer: None for all.
        direction: None for both.
        units: None for all.
        frames: half-open; None for all.
        columns: of the line image, half-open; instead of frames.

    Raises:
        SelectionError: the selection cannot mean anything, or the reference is missing, edited or
            without the quantity.
    """
    where = (layer, direction, units, frames, columns)
    if to == "zero":
        if reference is not None:
            raise SelectionError('ablating to zero takes no reference; use to="mean" to ablate to its mean')
        return _edit(quantity, Hold(0.0), *where)
    if to != "mean":
        raise SelectionError(f"ablate was asked for to={to!r}; it knows zero and mean")
    recordings = [reference] if isinstance(reference, Recording) else list(reference or ())
    if not recordings:
        raise SelectionError(
            "ablating to the mean needs reference=, a recording of the model as it is, or several; "
            "record the line without edits first"
        )
    if any(recording.provenance.edits for recording in recordings):
        raise SelectionError("the reference of a mean was recorded with edits; record it without them")
    kind = _quantity(quantity)
    places = [(trace.layer, trace.direction) for trace in recordings[0].traces if kind in trace.values]
    _require_places(places, kind, recordings[0])
    means = {}
    for place in places:
        series = [each.trace(*place)[kind] for each in recordings]
        if len(counts := {each.shape[1] for each in series}) > 1:
            raise SelectionError(
                f"the references have {sorted(counts)} units in {place_words(place)}; use one network's"
            )
        means[place] = np.concatenate(series).mean(0, dtype=np.float64).astype(np.float32)
    words = _recording_words(recordings[0]) if len(recordings) == 1 else f"{len(recordings)} recordings"
    return _edit(kind, Mean(means, words), *where)


def patch(
    quantity: Quantity | str,
    source: Recording,
    *,
    layer: int | None = None,
    direction: Direction | str | None = None,
    units: Iterable[int] | None = None,
    frames: tuple[int, int] | None = None,
    columns: tuple[float | int, float | int] | None = None,
) -> Edit:
    """The edit that puts another recording's values in, at the same layer, direction, unit and frame.

    Both lines must have as many frames: bring their images to one width. The source may itself be an
    edited run.

    Args and errors: as for ``clamp``, with ``source`` in the place of the value.
    """
    kind = _quantity(quantity)
    series = {(trace.layer, trace.direction): trace[kind] for trace in source.traces if kind in trace.values}
    _require_places(series, kind, source)
    return _edit(
        kind,
        Patch(series, _recording_words(source)),
        layer=layer,
        direction=direction,
        units=units,
        frames=frames,
        columns=columns,
    )


def _edit(
    quantity: Quantity | str,
    change: Change,
    layer: int | None,
    direction: Direction | str | None,
    units: Iterable[int] | None,
    frames: tuple[int, int] | None,
    columns: tuple[float | int, float | int] | None,
) -> Edit:
    """The edit, after everything that can be wrong before the network is known."""
    kind = _quantity(quantity)
    if direction is not None and direction not in tuple(Direction):
        raise SelectionError(f"an edit was asked for direction {direction!r}; there are {', '.join(Direction)}")
    if layer is not None and layer < 0:
        raise SelectionError(f"an edit was asked for layer {layer}; layers count from 0")
    chosen = None if units is None else tuple(dict.fromkeys(int(unit) for unit in units))
    if chosen is not None and (not chosen or min(chosen) < 0):
        raise SelectionError(
            f"an edit was asked for units {list(chosen)}; name at least one, from 0, or leave units out"
        )
    if frames is not None and columns is not None:
        raise SelectionError(f"an edit was asked for frames {frames} and columns {columns}; give one of the two")
    if frames is not None and not 0 <= frames[0] < frames[1]:
        raise SelectionError(f"an edit was asked for frames {frames}; a span is (start, stop), from 0, stop excluded")
    if columns is not None and not columns[0] < columns[1]:
        raise SelectionError(f"an edit was asked for columns {columns}; a span is (start, stop) with start < stop")
    return Edit(
        kind,
        change,
        layer=layer,
        direction=None if direction is None else Direction(direction),
        units=chosen,
        frames=None if frames is None else (int(frames[0]), int(frames[1])),
        columns=None if columns is None else (float(columns[0]), float(columns[1])),
    )


def _quantity(quantity: Quantity | str) -> Quantity:
    if quantity not in tuple(Quantity):
        raise SelectionError(
            f"an edit was asked for {quantity!r}, which is no quantity; there are {', '.join(Quantity)}"
        )
    return Quantity(quantity)


def _finite(number: float | int, verb: str) -> float:
    if not math.isfinite(number):
        raise SelectionError(f"{verb} was asked for {number}; it takes a finite number")
    return float(number)


def _require_places(places: Iterable[tuple[int, Direction]], quantity: Quantity, recording: Recording) -> None:
    if not tuple(places):
        recorded = ", ".join(dict.fromkeys(str(each) for trace in recording.traces for each in trace.values))
        raise SelectionError(f"{_recording_words(recording)} has no {quantity}; recorded are {recorded or 'no traces'}")


def _recording_words(recording: Recording) -> str:
    return f"the recording of {recording.provenance.image}" if recording.provenance.image else "another recording"


def _unit_words(units: tuple[int, ...]) -> str:
    """``unit 37``, ``units 0-63, 70``."""
    runs: list[list[int]] = []
    for unit in sorted(units):
        if runs and unit == runs[-1][1] + 1:
            runs[-1][1] = unit
        else:
            runs.append([unit, unit])
    words = ", ".join(f"{first}" if first == last else f"{first}-{last}" for first, last in runs)
    return f"unit{'s' if len(units) > 1 else ''} {words}"
