"""The column map of a network that a user's own code built: by arithmetic where its layers allow, else measured.

Arithmetic is tried on the layers in the order in which they ran, and taken only where it says exactly
what the gradient says; what runs between the layers (a function in ``forward``, a shortcut) shows there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from gateviz.adapters.measured_geometry import (
    WIDEST,
    WIDTHS,
    Layout,
    MeasuredGeometry,
    Measurement,
    measure,
    measured_geometry,
)
from gateviz.capture.axis_steps import Adaptive, Join, Step, WholeLine
from gateviz.capture.receptive import AxisGeometry
from gateviz.capture.receptive_layers import DeclaresPaths, axis_geometry
from gateviz.errors import GeometryError

_CHECKED = 8
# Layers that act on every frame by itself, once rows have become features.
_A_FRAME_EACH = (nn.Linear, nn.LayerNorm, nn.Flatten, nn.Unflatten)


@dataclass(frozen=True)
class FoundGeometry:
    """A geometry and how it was found.

    Attributes:
        geometry: where the frames of a network input look.
        words: how it was found, for people.
        backward: for every call of a recurrent layer along the line, whether it was fed the line backward.
    """

    geometry: AxisGeometry | MeasuredGeometry
    words: str
    backward: tuple[bool, ...]


def find_geometry(
    module: nn.Module,
    channels: int,
    height: int,
    width: int | None,
    layout: Layout,
    recurrent: Sequence[str],
    count: Callable[[int], int],
) -> FoundGeometry:
    """Where the frames of a network look.

    Args:
        module: in evaluation mode.
        channels: of its input.
        height: of its input.
        width: the only width it takes; None where it takes many.
        layout: axes of its output.
        recurrent: names of the recurrent layers along the line, in the order they run.
        count: T for an input of some width.

    Raises:
        GeometryError: neither arithmetic nor the gradient gives frames a place.
    """
    widths = WIDTHS if width is None else (width, width)
    seen = [measure(module, channels, height, each, layout) for each in widths]
    first = seen[0]
    geometry, problem = _by_arithmetic(module, torch.zeros(1, channels, height, widths[0]), recurrent)
    if geometry is not None:
        problem = _disagreement(geometry, seen, count, fixed=width is not None)
        if not problem:
            words = "by the arithmetic of its layers, and the gradient agrees"
            if first.whole_line and not geometry.whole_line:
                # A mean in the module's own code shows in the gradient only.
                geometry = AxisGeometry((*geometry.steps, WholeLine()))
            return FoundGeometry(geometry, words, first.backward)
        if isinstance(module, DeclaresPaths):
            raise GeometryError(
                f"the method axis_paths() of {type(module).__name__} is not what the network does: {problem}"
            )
    while len(first.inner) < 2 and width is None and first.width * 2 < WIDEST:
        first = measure(module, channels, height, first.width * 2, layout)
    found = measured_geometry(first, seen[1], count)
    return FoundGeometry(found, f"measured by the gradient ({problem})", first.backward)


def _by_arithmetic(module: nn.Module, image: torch.Tensor, recurrent: Sequence[str]) -> tuple[AxisGeometry | None, str]:
    """The geometry of the layers up to the first recurrent one, in the order they run; or why there is none."""
    try:
        if isinstance(module, DeclaresPaths):
            return axis_geometry(module), ""
        layers = _layers_that_run(module, image, recurrent)
        return axis_geometry(nn.Sequential(*layers)), ""
    except GeometryError as error:
        return None, str(error).split(";")[0]


def _layers_that_run(module: nn.Module, image: torch.Tensor, recurrent: Sequence[str]) -> list[nn.Module]:
    """The layers before the first recurrent one, each as often as it runs; a block that declares its paths is one."""
    ran: list[nn.Module] = []
    reached = [False]

    def note(layer: nn.Module, arguments: object, output: object) -> None:
        if not reached[0] and not isinstance(layer, _A_FRAME_EACH):
            ran.append(layer)

    def stop(layer: nn.Module, arguments: object) -> None:
        reached[0] = True

    modules = dict(module.named_modules())
    hooks = [modules[name].register_forward_pre_hook(stop) for name in recurrent]
    hooks += [layer.register_forward_hook(note) for layer in _leaves(module)]
    try:
        with torch.inference_mode():
            module(image.to(next(module.parameters()).device))
    finally:
        for hook in hooks:
            hook.remove()
    return ran


def _leaves(module: nn.Module) -> list[nn.Module]:
    if isinstance(module, DeclaresPaths):
        return [module]
    children = list(module.children())
    return [leaf for child in children for leaf in _leaves(child)] if children else [module]


def _disagreement(
    geometry: AxisGeometry, seen: Sequence[Measurement], count: Callable[[int], int], *, fixed: bool
) -> str:
    """In what the arithmetic is not what the network does; empty where they are the same."""
    widths = {seen[0].width} if fixed else {seen[0].width - step for step in range(_CHECKED)}
    local = AxisGeometry(_through_windows(geometry.steps))
    try:
        for width in sorted(widths):
            if geometry.frame_count(width) != (produced := count(width)):
                return f"its layers come to {geometry.frame_count(width)} frames at {width} columns, and it gives {produced}"
        for measurement in seen:
            for frame, (start, stop) in zip(measurement.frames, measurement.spans.tolist(), strict=True):
                told = local.seen_columns(frame, measurement.width)
                if told != (start, stop):
                    return (
                        f"by its layers frame {frame} sees columns {told[0]} to {told[1]} of {measurement.width}, "
                        f"and the gradient has {start} to {stop}"
                    )
    except GeometryError as error:
        return str(error).split(";")[0]
    return ""


def _through_windows(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps without what sees the whole line at once: the gradient is measured without that too."""
    kept: list[Step] = []
    for step in steps:
        if isinstance(step, Join):
            branches = [branch for branch in step.branches if Adaptive(1) not in branch] or list(step.branches)
            kept.append(Join(tuple(_through_windows(branch) for branch in branches)))
        elif not isinstance(step, WholeLine):
            kept.append(step)
    return tuple(kept)
