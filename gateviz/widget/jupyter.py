"""The explorer as a Jupyter widget."""

import base64
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateviz.errors import GatevizError, SelectionError
from gateviz.panels.explorer import Orders
from gateviz.recording import Recording
from gateviz.widget.html import initial_state, write_html
from gateviz.widget.live import LiveLine
from gateviz.widget.selection import Scene
from gateviz.widget.traits import CHOICES, ExplorerTraits

if TYPE_CHECKING:
    from gateviz.capture.recognizer import Recognizer
    from gateviz.geometry.canvas import Step

Still = Callable[[Recording, str, Sequence[str]], bytes]
"""Draws a recording's trace of that name, these quantities of it, as PNG."""


class RecordingExplorer(ExplorerTraits):
    """What the gates did on one line, or on two to compare, under one's fingers.

    Everything that can be chosen is a trait: set it from Python, observe it, link it to other widgets.
    A choice that the recording does not have raises SelectionError and changes nothing.

    Attributes:
        trace: layer and direction, such as ``1.forward``.
        layer: the layer's number; set it to go to that layer in the same direction.
        direction: ``forward`` or ``backward``.
        quantities: names of the quantities shown; letters (``f``) may be set.
        order: ``index``, ``peak``, ``similarity``, ``timescale`` or ``selectivity`` (for ``columns``).
        selected_units: units of the layer.
        columns: [start, stop) in columns of the line image, or empty.
        view: ``first``, ``second``, ``both`` or ``difference``.
        theme: ``auto``, ``light`` or ``dark``.
        edits: sentences of the edits that are on; to be read.
        status: ``busy`` and ``words``; to be read.

    Args:
        recording: the line.
        versus: another recording to see beside it.
        recognizer: what made the recording; with it gates can be held.
        retouch: the steps that were made on the image before it was read.
        exact: send all values as float32, not in 8 bits.
        title: above the explorer; empty takes the text.
        still: draws the picture that a saved notebook shows where no widget runs; None leaves it out.
        trace: what is chosen at first; None takes the last layer, forward.
        quantities: likewise; None takes all.
        order: likewise.
        selected_units: likewise.
        columns: likewise.
        view: likewise; None takes both of two recordings.
        theme: likewise.

    Raises:
        SelectionError: a recording has no traces, cannot be read again, or has not what was chosen.
    """

    _live: LiveLine | None
    _unedited: tuple[Recording, ...]
    _orders: Orders

    def __init__(
        self,
        recording: Recording,
        versus: Recording | None = None,
        *,
        recognizer: "Recognizer | None" = None,
        retouch: "Sequence[Step]" = (),
        exact: bool = False,
        title: str = "",
        still: Still | None = None,
        trace: str | None = None,
        quantities: Sequence[str] | None = None,
        order: str = "index",
        selected_units: Sequence[int] = (),
        columns: Sequence[float | int] = (),
        view: str | None = None,
        theme: str = "auto",
    ) -> None:
        self._exact, self._title, self._still = exact, title, still
        self._recognizer, self._retouch = recognizer, tuple(retouch)
        self._view_before = ""
        scene = self._set_up(recording, versus)
        asked = {
            "trace": trace,
            "quantities": None if quantities is None else list(quantities),
            "order": order,
            "selected_units": list(selected_units),
            "columns": list(map(float, columns)),
            "view": view,
            "theme": theme,
        }
        super().__init__(scene, {name: each for name, each in asked.items() if each is not None})
        self.on_msg(self._heard)

    def show(self, recording: Recording, versus: Recording | None = None) -> None:
        """Show another line, or two; what was chosen stays as far as it is there. The edits are gone.

        Raises:
            SelectionError: a recording has no traces, or cannot be read again.
        """
        scene = self._set_up(recording, versus)
        self._present(scene, (), initial_state(scene.document)["view"])
        self.status = {"busy": False, "words": ""}

    # Files

    def to_html(self, path: str | Path, *, exact: bool | None = None) -> None:
        """Write what is explored as one HTML file that needs no network, no Jupyter and no gateviz.

        What is chosen now is chosen there; edits are shown, and can no longer be changed.

        Args:
            path: the file, written whole or not at all.
            exact: float32 values instead of 8 bits; None takes what the explorer has.

        Raises:
            OutputError: the file cannot be written.
        """
        scene = self._seen(self._scene.recordings, live=False, exact=self._exact if exact is None else exact)
        chosen = {name: getattr(self, name) for name in (*CHOICES, "edits")}
        write_html(path, scene.document, initial_state(scene.document) | chosen)

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """The widget, and a picture for where no widget runs."""
        shown = super()._repr_mimebundle_(**kwargs)
        if shown is None or self._still is None:
            return shown
        bundle, metadata = shown if isinstance(shown, tuple) else (shown, {})
        picture = self._still(self._scene.recordings[-1 if self.edits else 0], self.trace, self.quantities)
        return {**bundle, "image/png": base64.b64encode(picture).decode("ascii")}, metadata

    # Edits

    def hold(
        self,
        gate: str,
        value: float | int,
        *,
        trace: str | None = None,
        units: Sequence[int] | None = None,
        columns: Sequence[float | int] | None = None,
    ) -> str:
        """Hold a gate at a value, read the line again, and return what is read now.

        Args:
            gate: such as ``forget_gate``; any other quantity as well.
            value: what it is held at.
            trace: layer and direction; None takes the one shown.
            units: None takes those selected, and all if none is.
            columns: [start, stop); None takes those chosen, and all if none are.

        Raises:
            SelectionError: the edit cannot be made; nothing was changed.
        """
        return self._edited({"type": "hold", "gate": gate, "value": value, **self._where(trace, units, columns)})

    def ablate(
        self,
        *,
        trace: str | None = None,
        units: Sequence[int] | None = None,
        columns: Sequence[float | int] | None = None,
    ) -> str:
        """Silence units (their hidden state is 0), read the line again, and return what is read now.

        Arguments and errors: as for ``hold``.
        """
        return self._edited({"type": "ablate", **self._where(trace, units, columns)})

    def undo(self) -> str:
        """Take the last edit, or the last clearing of all, back; returns what is read now.

        Raises:
            SelectionError: there is nothing to take back.
        """
        return self._edited({"type": "undo"})

    def redo(self) -> str:
        """Put on again what was taken back; returns what is read now.

        Raises:
            SelectionError: nothing was taken back.
        """
        return self._edited({"type": "redo"})

    def clear(self) -> str:
        """Take all edits off; returns what is read now."""
        return self._edited({"type": "clear"})

    def _where(
        self, trace: str | None, units: Sequence[int] | None, columns: Sequence[float | int] | None
    ) -> dict[str, Any]:
        return {
            "trace": self.trace if trace is None else trace,
            "units": self.selected_units if units is None else list(units),
            "columns": self.columns if columns is None else list(columns),
        }

    def _heard(self, widget: object, message: Any, buffers: object) -> None:
        """A message of the front end; what goes wrong is said in the status, for nobody else would hear it."""
        try:
            self._edited(message if isinstance(message, Mapping) else {})
        except GatevizError:
            # ``_edited`` has said so in the status.
            return

    def _edited(self, message: Mapping[str, Any]) -> str:
        """Do what a message asks for; document, edits and status change together, or only the status does."""
        before = self._text
        self.status = {"busy": True, "words": "reading the line again"}
        words = "an unforeseen error ended the edit; the notebook's log has it"
        try:
            self._read_again(message)
            words = f"still read as “{before}”" if self._text == before else f"read again as “{self._text}”"
        except GatevizError as error:
            words = str(error)
            raise
        finally:
            self.status = {"busy": False, "words": words}
        return self._text

    def _read_again(self, message: Mapping[str, Any]) -> None:
        if self._live is None:
            raise SelectionError("no edit can be made without the recognizer; explore(recording, recognizer=...)")
        move = self._live.asked(message)
        scene = self._seen(
            self._unedited if move.recording is None else (self._unedited[0], move.recording),
            live=True,
            exact=self._exact,
        )
        if not self._live.edits:
            self._view_before = self.view
        view = self._view_before if move.recording is None else self.view if self._live.edits else "both"
        self._live.make(move)
        self._present(scene, [edit.sentence() for edit in self._live.edits], view)

    @property
    def _text(self) -> str:
        """What is read now."""
        return self._scene.recordings[-1 if self._live is not None and self._live.edits else 0].text

    # What is shown

    def _set_up(self, recording: Recording, versus: Recording | None) -> Scene:
        """The scene of these recordings, taken as the ones to go back to; or raises and keeps those before."""
        live = None if self._recognizer is None else LiveLine(recording, self._recognizer, self._retouch)
        recordings = (recording,) if versus is None else (recording, versus)
        orders: Orders = {}
        scene = Scene.of(recordings, title=self._title, exact=self._exact, live=live is not None, orders=orders)
        self._live, self._orders, self._unedited = live, orders, recordings
        return scene

    def _seen(self, recordings: Sequence[Recording], *, live: bool, exact: bool) -> Scene:
        return Scene.of(recordings, title=self._title, exact=exact, live=live, orders=self._orders)
