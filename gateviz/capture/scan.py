"""The cell states of all frames from the gates of all frames."""

import torch
from jaxtyping import Bool, Float

Series = Float[torch.Tensor, "T B H"]


def cell_states(
    forget_gate: Series,
    input_gate: Series,
    candidate: Series,
    first: Float[torch.Tensor, "B H"],
    present: Bool[torch.Tensor, "T B"] | None = None,
    *,
    reverse: bool = False,
) -> Series:
    """c = f c_before + i g for every frame, from the last frame on with ``reverse``.

    On the CPU the recurrence is taken step by step, in place; on a GPU in log2(T) rounds over all frames
    (Hillis and Steele 1986): every round joins each frame's pair (f, i g) with that of the frame 1, 2, 4, ...
    before, as (f f', f u' + u). Products of forget gates lie in [0, 1], so nothing can overflow, and nothing
    is divided. Absent frames of a line keep its state.

    Args:
        forget_gate: f.
        input_gate: i.
        candidate: g.
        first: cell state before the first step.
        present: True where a line has a frame.
        reverse: the layer reads from the last frame on.
    """
    keep, update = forget_gate, input_gate * candidate
    if present is not None:
        keep = torch.where(present[..., None], keep, 1.0)
        update = torch.where(present[..., None], update, 0.0)
    if reverse:
        keep, update = keep.flip(0), update.flip(0)
    along = scanned if update.requires_grad or update.is_cuda else stepped
    states = along(keep, update, first)
    return states.flip(0) if reverse else states


def stepped(keep: Series, update: Series, first: Float[torch.Tensor, "B H"]) -> Series:
    """The states one after the other, written over ``update``."""
    before = first
    for state, kept in zip(update.unbind(0), keep.unbind(0), strict=True):
        state.addcmul_(kept, before)
        before = state
    return update


def scanned(keep: Series, update: Series, first: Float[torch.Tensor, "B H"]) -> Series:
    """The states of all frames in log2(T) rounds."""
    # The state before the line joins the first frame, so that it travels with it.
    update = torch.cat([update[:1] + keep[:1] * first, update[1:]])
    distance = 1
    while distance < len(update):
        joined = torch.addcmul(update[distance:], keep[distance:], update[:-distance])
        update = torch.cat([update[:distance], joined])
        keep = torch.cat([keep[:distance], keep[distance:] * keep[:-distance]])
        distance *= 2
    return update
