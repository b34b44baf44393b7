"""Reading a line again while somebody looks: edits on top of each other, taken back and put on again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from gateviz.data.gates import GateTrace, Quantity
from gateviz.errors import SelectionError
from gateviz.recording import Recording

if TYPE_CHECKING:
    from gateviz.capture.edits import Edit
    from gateviz.capture.recognizer import Recognizer
    from gateviz.geometry.canvas import Step

# Two runs of one network on one line differ by rounding alone, on another machine too.
ROUNDING = 1e-3


@dataclass(frozen=True)
class Move:
    """A change of the edits that was read and is not yet made.

    Attributes:
        history: all sets of edits there were, and the one that was read.
        at: position of the one that was read.
        recording: what was read; None without edits.
    """

    history: "tuple[tuple[Edit, ...], ...]"
    at: int
    recording: Recording | None


class LiveLine:
    """A recorded line that can be read again.

    The edits stand in a history: every change of them, taking all away included, can be taken back.

    Args:
        recording: the line as it was read without edits.
        recognizer: what read it.
        retouch: the steps that were made on the image before, such as ``Deskew()``.

    Raises:
        SelectionError: the recording has no image to read again, is itself of an edited run, or shows
            an image that the network made of the user's.
    """

    def __init__(self, recording: Recording, recognizer: "Recognizer", retouch: "Sequence[Step]" = ()) -> None:
        if recording.image is None:
            raise SelectionError("a recording without a line image cannot be read again; leave the recognizer out")
        if recording.provenance.edits:
            raise SelectionError(
                "the recording is of an edited run, on which no further edits can be put; "
                "explore the recording without edits"
            )
        if recording.provenance.seen:
            raise SelectionError(
                f"the recording shows the line image {recording.provenance.seen}, and read again that would be done twice; "
                f"leave the recognizer out, and hold gates by record(..., edits=...) on the image itself"
            )
        self.recording = recording
        self._recognizer = recognizer
        self._retouch = tuple(retouch)
        self._history: tuple[tuple[Edit, ...], ...] = ((),)
        self._at = 0
        self._checked = False

    @property
    def edits(self) -> "tuple[Edit, ...]":
        """The edits that are on."""
        return self._history[self._at]

    def asked(self, message: Mapping[str, Any]) -> Move:
        """What a message of the front end asks for, read and not yet made: ``make`` makes it.

        Args:
            message: ``type`` is hold or ablate (see ``edit_of``), undo, redo or clear.

        Raises:
            SelectionError: it cannot be had.
        """
        kind = message.get("type")
        before = self._history[: self._at + 1]
        if kind in ("hold", "ablate"):
            edit = edit_of(message, {trace.name: trace for trace in self.recording.traces})
            return self._move((*before, (*self.edits, edit)), self._at + 1)
        if kind == "clear":
            return self._move((*before, ()) if self.edits else self._history, self._at + bool(self.edits))
        if kind == "undo":
            if self._at == 0:
                raise SelectionError("there is no edit to take back; hold a gate first")
            return self._move(self._history, self._at - 1)
        if kind == "redo":
            if self._at + 1 == len(self._history):
                raise SelectionError("there is no edit to put on again; nothing was taken back")
            return self._move(self._history, self._at + 1)
        raise SelectionError(f"an explorer was asked to {kind!r}; it knows hold, ablate, undo, redo and clear")

    def make(self, move: Move) -> None:
        """From now on the edits of the move are on."""
        self._history, self._at = move.history, move.at

    def _move(self, history: "tuple[tuple[Edit, ...], ...]", at: int) -> Move:
        return Move(history, at, self._read(history[at]) if history[at] else None)

    def _read(self, edits: "tuple[Edit, ...]") -> Recording:
        from gateviz.capture.recorder import record_lines

        recording = self.recording
        assert recording.image is not None
        line = (recording.image, recording.provenance.image)
        if not self._checked:
            [plain] = record_lines(self._recognizer, [line], layers=(), retouch=self._retouch, witness=False)
            _require_same(recording, plain)
            self._checked = True
        [found] = record_lines(
            self._recognizer,
            [line],
            layers={trace.layer for trace in recording.traces},
            quantities={quantity for trace in recording.traces for quantity in trace.values},
            edits=edits,
            retouch=self._retouch,
            witness=False,
        )
        return found


def _require_same(recording: Recording, plain: Recording) -> None:
    """Raises unless the recognizer reads the line as it was recorded: else the edits would not be all that differs."""
    known, found = recording.emission, plain.emission
    same = recording.grid == plain.grid and known is not None and found is not None
    if same and known is not None and found is not None:
        same = known.log_probs.shape == found.log_probs.shape and bool(
            np.allclose(np.exp(known.log_probs), np.exp(found.log_probs), rtol=0, atol=ROUNDING)
        )
    if not same:
        raise SelectionError(
            f"this recognizer reads the line as {plain.text!r} with other posteriors than were recorded "
            f"({recording.text!r}); give the recognizer that made the recording, and its invert, deskew or clahe"
        )


def edit_of(message: Mapping[str, Any], traces: Mapping[str, GateTrace]) -> "Edit":
    """The edit that a message of the front end asks for.

    ``hold`` holds a gate, or any other quantity, at a value; ``ablate`` silences units: their hidden
    state, which is all that anybody sees of them, is held at 0, or their output gate in a layer that
    projects its state. Without units all are meant, without columns all frames.

    Args:
        message: ``type``, ``trace``, ``units``, ``columns``, and for ``hold`` ``gate`` and ``value``.
        traces: by name.

    Raises:
        SelectionError: it asks for what is not there.
    """
    from gateviz.capture.edits import ablate, clamp

    trace = traces.get(str(message.get("trace")))
    if trace is None:
        raise SelectionError(
            f"an edit was asked for in {message.get('trace')!r}, which is no layer and direction; "
            f"there are {', '.join(traces)}"
        )
    units = [_whole(unit, trace) for unit in message.get("units") or ()]
    where: dict[str, Any] = {"layer": trace.layer, "direction": trace.direction, "units": units or None}
    if columns := message.get("columns"):
        where["columns"] = (_number(columns[0], "a column"), _number(columns[-1], "a column"))
    if message.get("type") == "ablate":
        return ablate(_seen(trace), **where)
    return clamp(str(message.get("gate")), _number(message.get("value"), "a value to hold a gate at"), **where)


def _seen(trace: GateTrace) -> Quantity:
    hidden = trace.values.get(Quantity.HIDDEN_STATE)
    projected = hidden is not None and hidden.shape[1] != trace.unit_count
    return Quantity.OUTPUT_GATE if projected else Quantity.HIDDEN_STATE


def _whole(unit: object, trace: GateTrace) -> int:
    if isinstance(unit, bool) or not isinstance(unit, int) or not 0 <= unit < trace.unit_count:
        raise SelectionError(
            f"layer {trace.layer} {trace.direction} has no unit {unit!r}; units are 0 to {trace.unit_count - 1}"
        )
    return unit


def _number(value: object, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SelectionError(f"{value!r} was given for {what}; give a number")
    return float(value)
