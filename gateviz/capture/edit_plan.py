"""Edits at work: which values of which step of which line they change, and whether they changed any."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float

from gateviz.capture.changes import Patch
from gateviz.capture.edits import Edit
from gateviz.data.frames import FrameGrid
from gateviz.data.gates import Direction, Place, Quantity, place_words
from gateviz.errors import SelectionError

Spans = tuple[tuple[int, int], ...]
"""Half-open frames, one span a line of the batch, or one for all lines."""

ALL_FRAMES = (0, 2**62)


class EditPlan:
    """Edits resolved for the lines of one batch; false without edits.

    The stepwise cell asks ``editor_for`` once a layer and direction and, if there is an editor, lets it
    change each quantity it touches at once after that quantity of a step is computed. After the run
    ``finish`` makes sure that every edit had its effect.

    Args:
        edits: applied in this order.
        grids: where each line of the batch has its frames, one a row of the batch; empty for a network
            that is no recognizer.
        layer_grids: of every line, the grids of those layers that have one of their own, by their numbers.

    Raises:
        SelectionError: an edit's columns hold no frame of one of the lines.
    """

    def __init__(
        self,
        edits: Sequence[Edit],
        grids: Sequence[FrameGrid] = (),
        layer_grids: Sequence[Mapping[int, FrameGrid]] = (),
    ) -> None:
        self.edits = tuple(edits)
        self._grids = tuple(grids)
        self._layer_grids = tuple(layer_grids)
        for edit in self.edits:
            # Before anything runs: columns without a frame.
            own = self._layer_grids[0] if self._layer_grids else {}
            for layer in (edit.layer,) if edit.layer is not None else (*own,) or (None,):
                self._spans(edit, layer)
        self._editors: dict[Place, LayerEditor] = {}

    def __bool__(self) -> bool:
        return bool(self.edits)

    def editor_for(self, layer: int, direction: Direction) -> "LayerEditor | None":
        """What changes this layer and direction; None if no edit is meant for it."""
        place = (layer, direction)
        if place not in self._editors:
            self._editors[place] = LayerEditor(
                place,
                {
                    number: (edit, self._spans(edit, layer))
                    for number, edit in enumerate(self.edits)
                    if edit.reaches(layer, direction)
                },
            )
        editor = self._editors[place]
        return editor if editor.chosen else None

    def _spans(self, edit: Edit, layer: int | None) -> Spans:
        """The frames an edit means on each line, by the columns at which this layer looked."""
        grids = self._grids
        if layer is not None and self._layer_grids:
            grids = tuple(own.get(layer, grid) for grid, own in zip(grids, self._layer_grids, strict=True))
        return _spans(edit, grids)

    def finish(self) -> None:
        """Returns if every edit had all of its effect in the run that just ended.

        Raises:
            SelectionError: an edit changed nothing, or its frames are not this line's; says what there is.
        """
        for editor in self._editors.values():
            editor.finish()
        used = set[int]().union(*(editor.used for editor in self._editors.values()))
        for number, edit in enumerate(self.edits):
            if number not in used:
                there_are = "; ".join(editor.words for editor in self._editors.values()) or "no recurrent layers"
                raise SelectionError(f"the edit '{edit.sentence()}' changed nothing: this network has {there_are}")


class LayerEditor:
    """The edits of one layer and direction.

    Args:
        place: the layer and direction.
        chosen: by their position among all edits, those meant for it, with their frames.
    """

    def __init__(self, place: Place, chosen: dict[int, tuple[Edit, Spans]]) -> None:
        self.place = place
        self.chosen = chosen
        self.used: set[int] = set()
        self._asked: dict[Quantity, None] = {}
        self._frame_count = 0

    @property
    def words(self) -> str:
        """The place and what it computes, as far as the run has shown."""
        return place_words(self.place) + (f" ({', '.join(self._asked)})" if self._asked else "")

    def touches(self, quantity: Quantity) -> bool:
        """True if one of the edits changes this quantity."""
        self._asked[quantity] = None
        return any(edit.quantity == quantity for edit, _ in self.chosen.values())

    def apply(self, quantity: Quantity, frame: int, values: Float[torch.Tensor, "B H"]) -> Float[torch.Tensor, "B H"]:
        """The values of one step after the edits, differentiable; the same tensor where nothing changes.

        Args:
            quantity: what was just computed.
            frame: of this step, in reading order.
            values: one row a line.

        Raises:
            SelectionError: an edit names units that are not there, or lines that are not these rows.
        """
        self._frame_count = max(self._frame_count, frame + 1)
        for number, (edit, spans) in self.chosen.items():
            if edit.quantity != quantity:
                continue
            if edit.columns is not None and len(spans) != len(values):
                raise SelectionError(
                    f"the edit '{edit.sentence()}' names columns of {len(spans)} lines, and {place_words(self.place)} runs "
                    f"over {len(values)} sequences, so it does not read along the lines; name another layer"
                )
            rows = [start <= frame < stop for start, stop in spans]
            if not any(rows):
                continue
            changed = edit.change(self.place, frame, values)
            if edit.units is not None or not all(rows):
                where = torch.tensor(rows, device=values.device)[:, None] & self._units(edit, values)
                changed = torch.where(where, changed, values)
            values = changed
            self.used.add(number)
        return values

    def finish(self) -> None:
        """Returns if the run had the frames that the edits name.

        Raises:
            SelectionError: it had fewer, or others than the recording that is patched in.
        """
        for edit, _ in self.chosen.values() if self._frame_count else ():
            if edit.frames is not None and edit.frames[1] > self._frame_count:
                raise SelectionError(f"the edit '{edit.sentence()}' goes beyond this line's {self._frame_count} frames")
            if isinstance(edit.change, Patch) and edit.change.frame_count != self._frame_count:
                raise SelectionError(
                    f"{edit.change.source} has {edit.change.frame_count} frames and this line {self._frame_count}; "
                    "patching needs as many: bring both images to one width"
                )

    def _units(self, edit: Edit, values: torch.Tensor) -> torch.Tensor:
        count = values.shape[1]
        if edit.units is None:
            return torch.ones(count, dtype=torch.bool, device=values.device)
        if max(edit.units) >= count:
            raise SelectionError(
                f"the edit '{edit.sentence()}' names unit {max(edit.units)}, and {place_words(self.place)} has {count} units "
                f"of {edit.quantity}, 0 to {count - 1}"
            )
        mask = torch.zeros(count, dtype=torch.bool, device=values.device)
        mask[list(edit.units)] = True
        return mask


def _spans(edit: Edit, grids: tuple[FrameGrid, ...]) -> Spans:
    """The frames an edit means on each line."""
    if edit.columns is None:
        return (edit.frames or ALL_FRAMES,)
    if not grids:
        raise SelectionError(
            f"the edit '{edit.sentence()}' names columns, which only the frames of a recognizer have; name frames"
        )
    spans = tuple(grid.frames_between(*edit.columns) for grid in grids)
    for grid, (start, stop) in zip(grids, spans, strict=True):
        if start == stop:
            raise SelectionError(
                f"the edit '{edit.sentence()}' holds no frame of this line: its {grid.frame_count} frames have their "
                f"centers every {grid.stride:g} columns from {grid.first_center:g}, and the image has {grid.source_width} columns"
            )
    return spans
