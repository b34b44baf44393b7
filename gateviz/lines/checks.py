"""What must hold of a run before anything is made of it, whatever ran it."""

from collections.abc import Collection, Mapping

from gateviz.data.frames import FrameGrid
from gateviz.data.gates import Quantity
from gateviz.errors import GeometryError, SelectionError

NORMALIZED_WITHIN = 1e-2
"""How far from 0 the logarithm of a frame's summed posteriors may lie."""


def require_frame_count(frames: int, grid: FrameGrid, width: int) -> None:
    """Returns if a network gave as many frames as its geometry says.

    Raises:
        GeometryError: names both numbers.
    """
    if frames != grid.frame_count:
        raise GeometryError(
            f"the network gave {frames} frames for an input of {width} columns, and its geometry says {grid.frame_count}; "
            "the adapter's geometry is not this network's"
        )


def require_recorded(
    recorded: Mapping[int, Collection[Quantity]],
    layers: Collection[int] | None,
    quantities: Collection[Quantity | str] | None,
) -> None:
    """Returns if everything that was asked for was recorded.

    Args:
        recorded: what of each layer.
        layers: that were asked for; None for all.
        quantities: that were asked for; None for all.

    Raises:
        SelectionError: names what was not, and what there is.
    """
    there = sorted(recorded)
    for layer in () if layers is None else layers:
        if layer not in there:
            raise SelectionError(f"layer {layer} was asked for and did not run; recorded are layers {there or 'none'}")
    names = {str(quantity) for held in recorded.values() for quantity in held}
    for quantity in () if quantities is None else quantities:
        if recorded and quantity not in names:
            raise SelectionError(f"{quantity} was asked for, and these layers compute {', '.join(sorted(names))}")
