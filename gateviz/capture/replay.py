"""The replay engine: the fused layer runs as it always does, then its gates are worked out from its output.

The hidden states that a layer puts out are all that its gates need: i, f, g and o of every frame are one
matrix product over [x_t, h_before], without recurrence. Only the cell state is a recurrence,
c = f c_before + i g, elementwise; on a GPU it is taken in log2(T) rounds (``scan``). There is no
Python loop over T on a GPU. Outputs are the fused layer's own numbers, layer by layer, and gradients of
outputs and of recorded values flow through it. Any dtype, projections and lines of any length.
"""

from typing import Any

import torch
from jaxtyping import Bool, Float

from gateviz.capture.layer import CellKind, DirectionRun, DirectionWeights, LayerJob
from gateviz.data.gates import Quantity

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


def run(job: LayerJob) -> tuple[DirectionRun, ...]:
    """The runs of all directions of a layer."""
    return replayed(job, *fused_layer(job))


def replayed(
    job: LayerJob, output: Float[torch.Tensor, "T B P"], final: tuple[torch.Tensor, ...] = ()
) -> tuple[DirectionRun, ...]:
    """The runs of all directions of a layer that has run: the gates of what it put out, exact in value and gradient.

    Args:
        job: what ran.
        output: what the fused layer put out, all directions side by side.
        final: its final states, where somebody wants them.
    """
    width = output.shape[2] // len(job.weights)
    runs = []
    for index, (weights, wanted) in enumerate(zip(job.weights, job.wanted, strict=True)):
        own = output[..., index * width : (index + 1) * width]
        values: dict[Quantity, torch.Tensor] = {}
        if wanted:
            before = _Before(job.present, own, job.states[index][0], reverse=index == 1)
            replayed = _lstm(job, index, weights, before) if job.kind is CellKind.LSTM else _gru(job, weights, before)
            # A copy, so that a later change of the output in place does not reach the trace.
            replayed[Quantity.HIDDEN_STATE] = own.clone() if Quantity.HIDDEN_STATE in wanted else own
            values = {quantity: replayed[quantity] for quantity in job.kind.quantities if quantity in wanted}
            if job.present is not None:
                values = {each: series * job.present[..., None].to(series.dtype) for each, series in values.items()}
        runs.append(DirectionRun(own, tuple(state[index] for state in final), values))
    return tuple(runs)


def fused_layer(job: LayerJob) -> tuple[Float[torch.Tensor, "T B P"], tuple[torch.Tensor, ...]]:
    """What PyTorch's own layer gives: output of all directions (zeros past a line's end) and final states."""
    states = tuple(torch.stack(each) for each in zip(*job.states, strict=True))
    flat = [tensor for weights in job.weights for tensor in weights.flat]
    has_biases = job.weights[0].input_bias is not None
    options = (has_biases, 1, 0.0, job.training, len(job.weights) == 2)
    function: Any = torch._VF.lstm if job.kind is CellKind.LSTM else torch._VF.gru
    state = states if job.kind is CellKind.LSTM else states[0]
    if job.present is None:
        output, *final = function(job.frames, state, flat, *options, False)
        return output, tuple(final)
    packed, *final = function(job.frames[job.present], job.present.sum(1).cpu(), state, flat, *options)
    output = packed.new_zeros((*job.present.shape, packed.shape[1]))
    return output.masked_scatter(job.present[..., None], packed), tuple(final)


class _Before:
    """The hidden states before each frame, without a copy of them where it can be avoided."""

    def __init__(
        self, present: Bool[torch.Tensor, "T B"] | None, hidden: torch.Tensor, first: torch.Tensor, *, reverse: bool
    ) -> None:
        self.reverse = reverse
        self.present = present
        self.hidden = hidden
        self.first = first

    def states(self) -> Float[torch.Tensor, "T B P"]:
        """h before every frame."""
        if not self.reverse:
            return torch.cat([self.first[None], self.hidden[:-1]])
        later = torch.cat([self.hidden[1:], self.first[None]])
        if self.present is None:
            return later
        # A line that ends earlier starts its way back at its own last frame.
        following = torch.cat([self.present[1:], torch.zeros_like(self.present[:1])])
        return torch.where((self.present & ~following)[..., None], self.first, later)


def _lstm(job: LayerJob, index: int, weights: DirectionWeights, before: _Before) -> dict[Quantity, torch.Tensor]:
    z = torch.nn.functional.linear(job.frames, weights.input_weight, weights.bias)
    z = _plus_product(z, before.states(), weights.hidden_weight)
    z_i, z_f, z_g, z_o = z.chunk(4, 2)
    i, f, o = _sigmoid(z_i), _sigmoid(z_f), _sigmoid(z_o)
    g = torch.tanh(z_g) if z.requires_grad else z_g.tanh_()
    c = cell_states(f, i, g, job.states[index][1], before.present, reverse=before.reverse)
    return {
        Quantity.INPUT_GATE: i,
        Quantity.FORGET_GATE: f,
        Quantity.CANDIDATE: g,
        Quantity.OUTPUT_GATE: o,
        Quantity.CELL_STATE: c,
    }


def _gru(job: LayerJob, weights: DirectionWeights, before: _Before) -> dict[Quantity, torch.Tensor]:
    x_r, x_z, x_n = torch.nn.functional.linear(job.frames, weights.input_weight, weights.input_bias).chunk(3, 2)
    h_r, h_z, h_n = torch.nn.functional.linear(before.states(), weights.hidden_weight, weights.hidden_bias).chunk(3, 2)
    r = torch.sigmoid(x_r + h_r)
    return {
        Quantity.RESET_GATE: r,
        Quantity.UPDATE_GATE: torch.sigmoid(x_z + h_z),
        Quantity.CANDIDATE: torch.tanh(x_n + r * h_n),
    }


def _plus_product(z: torch.Tensor, states: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    if z.requires_grad or states.requires_grad or torch.is_autocast_enabled(z.device.type):
        return z + states @ weight.t()
    z.flatten(0, 1).addmm_(states.flatten(0, 1), weight.t())
    return z


def _sigmoid(z: torch.Tensor) -> torch.Tensor:
    return torch.sigmoid(z) if z.requires_grad else z.sigmoid_()
