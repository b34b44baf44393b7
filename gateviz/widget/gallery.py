"""Many lines, one explorer: flip through them."""

from collections.abc import Mapping, Sequence
from typing import Any

from gateviz.errors import MissingExtraError, SelectionError
from gateviz.recording import Recording
from gateviz.widget.jupyter import RecordingExplorer

try:
    import ipywidgets
    import traitlets
except ImportError as error:
    raise MissingExtraError(
        "a gallery needs ipywidgets, which is not installed; pip install 'gateviz[jupyter]'"
    ) from error


class Gallery(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Recordings one at a time in one explorer, which keeps what was chosen from line to line.

    Attributes:
        index: number of the line shown, from 0; set it to go there.
        recordings: the lines.
        explorer: shows one of them.
        previous: button, as the widgets below to be placed elsewhere if wanted.
        following: button.
        slider: moves ``index``.
        dropdown: chooses by what was read.

    Args:
        recordings: at least one.
        explorer: shows them; it is made by the caller, who knows how.

    Raises:
        SelectionError: no recording was given.
    """

    index = traitlets.Int()

    def __init__(self, recordings: Sequence[Recording], explorer: RecordingExplorer) -> None:
        self.recordings = checked(recordings)
        self.explorer = explorer
        last = len(self.recordings) - 1
        self.previous = ipywidgets.Button(description="‹ previous", tooltip="the line before")
        self.following = ipywidgets.Button(description="next ›", tooltip="the line after")
        self.slider = ipywidgets.IntSlider(0, 0, last, description="line", continuous_update=False)
        self.dropdown = ipywidgets.Dropdown(
            options=[(label(each, number), number) for number, each in enumerate(self.recordings)], description="text"
        )
        bar = ipywidgets.HBox(
            [self.previous, self.following, self.slider, self.dropdown], layout={"flex_flow": "row wrap"}
        )
        super().__init__([bar, explorer])
        self.previous.on_click(lambda button: self.go(self.index - 1))
        self.following.on_click(lambda button: self.go(self.index + 1))
        ipywidgets.link((self, "index"), (self.slider, "value"))
        ipywidgets.link((self, "index"), (self.dropdown, "value"))
        self._mark_ends()

    def go(self, index: int) -> None:
        """Show that line, the nearest one there is."""
        self.index = min(max(index, 0), len(self.recordings) - 1)

    @traitlets.validate("index")
    def _checked(self, proposal: Mapping[str, Any]) -> int:
        if not 0 <= proposal["value"] < len(self.recordings):
            raise NoSuchLineError(
                f"there is no line {proposal['value']} in this gallery; lines are 0 to {len(self.recordings) - 1}"
            )
        return int(proposal["value"])

    @traitlets.observe("index")
    def _show(self, change: object) -> None:
        self.explorer.show(self.recordings[self.index])
        self._mark_ends()

    def _mark_ends(self) -> None:
        self.previous.disabled = self.index == 0
        self.following.disabled = self.index == len(self.recordings) - 1


class NoSuchLineError(SelectionError, traitlets.TraitError):
    """A line that is not there; as a ``TraitError`` it makes traitlets keep the one before."""


def checked(recordings: Sequence[Recording]) -> tuple[Recording, ...]:
    """The recordings of a gallery.

    Raises:
        SelectionError: there is none, or one has no traces.
    """
    if not recordings:
        raise SelectionError("a gallery was asked for without any recording; give at least one")
    for number, recording in enumerate(recordings):
        if not recording.traces:
            raise SelectionError(
                f"the recording {number} of the gallery has no gates to explore; record it with layers"
            )
    return tuple(recordings)


def label(recording: Recording, number: int) -> str:
    """What tells a line in a list: its number from 0, its text, else the name of its image.

    Numbers keep lines of one text apart.
    """
    return f"{number}: {recording.text or recording.provenance.image or 'line'}"
