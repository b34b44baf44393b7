"""The column maps of a network that a user's own code built: by arithmetic where its layers allow, else measured.

The output's frames and those that every recurrent layer is given are looked for alike. Arithmetic is tried
on the layers in the order in which they ran, and taken only where it says exactly what the network does
(``factory.column_probe``); what runs between the layers (a function in ``forward``, a shortcut) shows there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from gateviz.adapters.factory.column_probe import OUTPUT, Noticed, Subject, frame_count, noticed, sees_everything
from gateviz.adapters.factory.measured_geometry import (
    EvenRow,
    MeasuredGeometry,
    checked_columns,
    even_row,
    geometry_of,
    require_same,
)
from gateviz.capture.receptive_layers import DeclaresPaths, axis_geometry
from gateviz.errors import GeometryError
from gateviz.geometry.axis_steps import Adaptive, Join, Step, WholeLine
from gateviz.geometry.receptive import AxisGeometry

WIDTHS = (96, 192, 253, 384, 768, 1536)
"""Network inputs that are measured: the first that the network takes, and of which frames begin and end inside."""

_LONG = 192
_WIDEST_STRIDE = 16
# Layers that act on every frame by itself, once rows have become features.
_A_FRAME_EACH = (nn.Linear, nn.LayerNorm, nn.Flatten, nn.Unflatten)
_RECURRENT = (nn.RNNBase, nn.RNNCellBase)

Geometry = AxisGeometry | MeasuredGeometry


@dataclass(frozen=True)
class FoundGeometry:
    """A geometry and how it was found.

    Attributes:
        geometry: where the frames of the output look.
        words: how that was found, for people.
        layers: where the frames look that each recurrent module is given, in the order they run.
        backward: those of them that are fed the line backward.
    """

    geometry: Geometry
    words: str
    layers: Mapping[str, Geometry]
    backward: frozenset[str]


def find_geometry(subject: Subject, width: int | None) -> FoundGeometry:
    """Where the frames of a network look.

    Args:
        subject: the network.
        width: the width to which lines are brought; None where they keep theirs. The network is measured at
            other widths too, as long as it takes them.

    Raises:
        GeometryError: neither arithmetic nor the network itself gives frames a place.
    """
    found, rows = _measured(subject, width)
    others = _at_other_widths(subject, found, rows, width)
    backward = _require_reading_order(subject, rows)
    seen = tuple(_turned(each, backward) for each in (found, *others))
    counts = _Counts(subject)
    arithmetic, problems = _by_arithmetic(subject, found.width)
    geometries: dict[str, Geometry] = {}
    for place in (OUTPUT, *subject.recurrent):
        worked_out = arithmetic.get(place)
        if worked_out is not None:
            problem = _disagreement(worked_out, seen, place)
            if not problem:
                # A mean in the module's own code shows in its runs only.
                more = place in found.whole_line and not worked_out.whole_line
                geometries[place] = AxisGeometry((*worked_out.steps, WholeLine())) if more else worked_out
                continue
            problems.setdefault(place, problem)
            if place == OUTPUT and isinstance(subject.module, DeclaresPaths):
                raise GeometryError(
                    f"the method axis_paths() of {type(subject.module).__name__} is not what the network does: {problem}"
                )
        row = rows[place]
        if isinstance(row, GeometryError):
            raise row
        row = row.turned(found.frame_count(place)) if place in backward else row
        for each in seen[1:]:
            require_same(row, each, place)
        geometries[place] = geometry_of(row, whole_line=place in found.whole_line, count=counts)
    words = "by the arithmetic of its layers, and the network agrees"
    if isinstance(geometries[OUTPUT], MeasuredGeometry):
        words = f"measured column by column ({problems[OUTPUT]})"
    return FoundGeometry(
        geometries[OUTPUT], words, {name: geometries[name] for name in subject.recurrent}, frozenset(backward)
    )


class _Counts:
    """T of an input of some width, by running the network; each width once."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._known: dict[int, int] = {}

    def __call__(self, width: int) -> int:
        """T.

        Raises:
            GeometryError: the network does not take this width.
        """
        if width not in self._known:
            self._known[width] = frame_count(self._subject, width)
        return self._known[width]


def _measured(subject: Subject, width: int | None) -> tuple[Noticed, dict[str, EvenRow | GeometryError]]:
    """Every column of the first width at which frames show where they look, and their rows (or why there is none).

    Raises:
        GeometryError: there is no such width.
    """
    refused: GeometryError | None = None
    least: Noticed | None = None
    uneven: tuple[Noticed, dict[str, EvenRow | GeometryError]] | None = None
    for tried in (*WIDTHS, *(() if width is None else (width,))):
        try:
            apart = noticed(subject, tried, (tried // 8, tried // 2, tried - 1 - tried // 8), drawn_anew=False)
            if any(sees_everything(seen) for seen in apart.frames.values()):
                least = apart
                continue
            found = noticed(subject, tried, range(tried))
        except GeometryError as error:
            refused = error
            continue
        rows = {place: _row(found, place) for place in (OUTPUT, *subject.recurrent)}
        if (there := {place: row for place, row in rows.items() if row is not None}) and len(there) == len(rows):
            # What looks uneven on a short line may be what happens at its ends.
            if tried >= _LONG or not any(isinstance(row, GeometryError) for row in there.values()):
                return found, there
            uneven = found, there
            continue
        least = found
    if uneven is not None:
        return uneven
    if least is None:
        assert refused is not None
        raise refused
    raise GeometryError(
        f"no frame of an input of {least.width} columns sees less than the whole line, or too few begin and end inside of "
        f"it, so frames have no one place"
    )


def _row(found: Noticed, place: str) -> EvenRow | GeometryError | None:
    try:
        return even_row(found, place)
    except GeometryError as error:
        return error


def _at_other_widths(
    subject: Subject, found: Noticed, rows: Mapping[str, EvenRow | GeometryError], own: int | None
) -> list[Noticed]:
    """Some columns of widths that leave every remainder, of a much wider line and of the user's own width.

    Raises:
        GeometryError: the user's own width is none that the network takes.
    """
    strides = [abs(row.stride) for row in rows.values() if isinstance(row, EvenRow)]
    stride = min(max(strides, default=4), _WIDEST_STRIDE)
    near = [found.width + more for more in (*range(1, stride), stride + stride // 2)]
    others = []
    for width in (*near, 2 * found.width + stride // 2 + 1, *(() if own is None else (own,))):
        try:
            others.append(noticed(subject, width, checked_columns(width, stride), drawn_anew=False))
        except GeometryError:
            # Not every network takes every width.
            if width == own:
                raise
    return others


def _require_reading_order(subject: Subject, rows: Mapping[str, EvenRow | GeometryError]) -> set[str]:
    """The recurrent modules that are fed the line backward.

    Raises:
        GeometryError: the output runs from right to left, or a module is fed backward whose gates could not be named.
    """
    backward = {place for place, row in rows.items() if isinstance(row, EvenRow) and row.stride < 0}
    if OUTPUT in backward:
        raise GeometryError(
            "the frames of the output run from right to left; let its forward flip them back, so that they read as the line does"
        )
    modules = dict(subject.module.named_modules())
    for name in backward:
        if getattr(modules[name], "bidirectional", False) or isinstance(modules[name], nn.RNNCellBase):
            kind = "a cell in a loop" if isinstance(modules[name], nn.RNNCellBase) else "a layer of two directions"
            raise GeometryError(
                f"{name} is {kind} and is fed the line from right to left, so its directions would be named wrongly; "
                f"feed it the line from left to right, or take a one-way nn.LSTM or nn.GRU"
            )
    return backward


def _turned(found: Noticed, backward: set[str]) -> Noticed:
    """The frames in reading order, also of layers that are fed the line backward."""
    frames = {place: seen[:, ::-1] if place in backward else seen for place, seen in found.frames.items()}
    return Noticed(found.width, found.columns, frames, found.whole_line)


def _by_arithmetic(subject: Subject, width: int) -> tuple[dict[str, AxisGeometry], dict[str, str]]:
    """The geometries of the layers up to each recurrent one and to the output, in the order they run; or why there is none."""
    module = subject.module
    if isinstance(module, DeclaresPaths):
        try:
            declared = axis_geometry(module)
        except GeometryError as error:
            return {}, dict.fromkeys((OUTPUT, *subject.recurrent), str(error).split(";")[0])
        return dict.fromkeys((OUTPUT, *subject.recurrent), declared), {}
    image = torch.zeros(1, subject.channels, subject.height, width)
    found: dict[str, AxisGeometry] = {}
    problems: dict[str, str] = {}
    for place, layers in _layers_before(subject, image).items():
        try:
            found[place] = axis_geometry(nn.Sequential(*layers))
        except GeometryError as error:
            problems[place] = str(error).split(";")[0]
    return found, problems


def _layers_before(subject: Subject, image: torch.Tensor) -> dict[str, list[nn.Module]]:
    """The layers that ran before each recurrent module, and before the end; a block that declares its paths is one."""
    ran: list[nn.Module] = []
    before: dict[str, list[nn.Module]] = {}
    modules = dict(subject.module.named_modules())
    names = {modules[name]: name for name in subject.recurrent}

    def note(layer: nn.Module, arguments: object, output: object) -> None:
        if not isinstance(layer, (*_A_FRAME_EACH, *_RECURRENT)):
            ran.append(layer)

    def stop(layer: nn.Module, arguments: object) -> None:
        before.setdefault(names[layer], list(ran))

    hooks = [layer.register_forward_pre_hook(stop) for layer in names]
    hooks += [layer.register_forward_hook(note) for layer in _leaves(subject.module)]
    try:
        with torch.inference_mode():
            subject.module(image.to(next(subject.module.parameters(), image).device))
    finally:
        for hook in hooks:
            hook.remove()
    return {OUTPUT: ran, **before}


def _leaves(module: nn.Module) -> list[nn.Module]:
    if isinstance(module, DeclaresPaths):
        return [module]
    children = list(module.children())
    return [leaf for child in children for leaf in _leaves(child)] if children else [module]


def _disagreement(geometry: AxisGeometry, seen: Sequence[Noticed], place: str) -> str:
    """In what the arithmetic is not what the network does; empty where they are the same."""
    local = AxisGeometry(_through_windows(geometry.steps))
    try:
        for found in seen:
            count, produced = geometry.frame_count(found.width), found.frame_count(place)
            if count != produced:
                return f"its layers come to {count} frames at {found.width} columns, and it gives {produced}"
            grid, columns = local.frame_grid(found.width), np.array(found.columns)
            for frame in range(count):
                start, stop = local.seen_columns(frame, found.width)
                notices = columns[found.frames[place][:, frame]]
                tried = columns[(columns == start) | (columns == stop - 1)]
                if set(tried) - set(notices) or (notices < start).any() or (notices >= stop).any():
                    has = f"{notices[0]} to {notices[-1] + 1}" if len(notices) else "none"
                    return f"by its layers frame {frame} sees columns {start} to {stop} of {found.width}, and it takes notice of {has}"
                # Windows of an adaptive pooling differ in size, and no one grid may fit them.
                inside = start > 0 and stop < found.width
                if inside and abs((start + stop) / 2 - grid.centers[frame]) > grid.stride / 4:
                    return f"by its layers frame {frame} stands beside an even row"
    except GeometryError as error:
        return str(error).split(";")[0]
    return ""


def _through_windows(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps without what sees the whole line at once: windows are measured without that too."""
    kept: list[Step] = []
    for step in steps:
        if isinstance(step, Join):
            branches = [branch for branch in step.branches if Adaptive(1) not in branch] or list(step.branches)
            kept.append(Join(tuple(_through_windows(branch) for branch in branches)))
        elif not isinstance(step, WholeLine):
            kept.append(step)
    return tuple(kept)
