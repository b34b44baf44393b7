"""What must hold of a run before anything is made of it: posteriors are posteriors, frames are the line's frames."""

from collections.abc import Collection, Sequence

import torch
from jaxtyping import Float

from gateviz.capture.layer_grids import numbered
from gateviz.capture.layer_trace import LayerTrace
from gateviz.data.frames import FrameGrid
from gateviz.data.gates import Quantity
from gateviz.errors import CheckpointError, GeometryError, SelectionError
from gateviz.lines.checks import NORMALIZED_WITHIN, require_frame_count, require_recorded


def require_posteriors(
    log_probs: Float[torch.Tensor, "B T C"], names: Sequence[str], module: torch.nn.Module, *, edited: bool
) -> None:
    """Returns if every line's numbers are log posteriors.

    Raises:
        CheckpointError: they are not finite, and which weights are not; or they are not normalized.
        SelectionError: they are not finite, and the run was edited.
    """
    total = log_probs.logsumexp(-1)
    finite = torch.isfinite(total).all(1)
    if not finite.all():
        name = names[int((~finite).nonzero()[0])] or "the line"
        broken = [key for key, weight in module.named_parameters() if not torch.isfinite(weight).all()]
        if broken:
            raise CheckpointError(
                f"the posteriors of {name} are not finite: {len(broken)} of the checkpoint's weights hold NaN or infinity, "
                f"the first is {broken[0]}; take an earlier checkpoint"
            )
        if edited:
            raise SelectionError(f"the edits drive the posteriors of {name} beyond all bounds; choose smaller values")
        raise CheckpointError(
            f"the posteriors of {name} are not finite although all weights are: the network overflows in "
            f"{str(log_probs.dtype).removeprefix('torch.')}; check that its preprocessing is the right one"
        )
    if (off := float(total.abs().max())) > NORMALIZED_WITHIN:
        raise CheckpointError(
            f"the recognizer's outputs are no log posteriors: those of a frame sum to exp({off:.3g}) instead of 1; "
            "declare them as logits or probs"
        )


def require_frames(
    log_probs: Float[torch.Tensor, "B T C"], traces: Sequence[LayerTrace], grid: FrameGrid, width: int
) -> None:
    """Returns if geometry, posteriors and traces speak of the same frames.

    Raises:
        GeometryError: names the numbers, and the module that does not read along the line.
    """
    lines, frames = log_probs.shape[:2]
    require_frame_count(frames, grid, width)
    for trace in traces:
        if (trace.batch_size, trace.frame_count) != (lines, frames):
            raise GeometryError(
                f"{trace.module} ran over {trace.batch_size} sequences of {trace.frame_count} steps, and the posteriors are "
                f"{lines} lines of {frames} frames, so it does not read along the line; leave it out of traced_modules"
            )


def require_order(traces: Sequence[LayerTrace], network: torch.nn.Module, names: Sequence[str]) -> None:
    """Returns if the recurrent modules ran in the order in which the geometry names them: edits by columns count on it.

    Raises:
        GeometryError: names a layer, the module that ran as it and the one that was to.
    """
    expected = numbered(network, names)
    for trace in traces:
        if expected and expected.get(trace.layer) != trace.module:
            raise GeometryError(
                f"layer {trace.layer} ran in {trace.module}, and the recognizer's geometry has it in "
                f"{expected.get(trace.layer, 'no module')}; its layer_geometries must name all modules in the order they run"
            )


def require_selection(
    traces: Sequence[LayerTrace], layers: Collection[int] | None, quantities: Collection[Quantity | str] | None
) -> None:
    """Returns if everything that was asked for was recorded.

    Raises:
        SelectionError: names what was not, and what there is.
    """
    recorded: dict[int, set[Quantity]] = {}
    for trace in traces:
        recorded.setdefault(trace.layer, set()).update(trace.stored)
    require_recorded(recorded, layers, quantities)
