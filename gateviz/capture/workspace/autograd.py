"""The workspace engine under autograd: PyTorch's own backward pass as long as only outputs are asked for.

The forward call is the one plain ``nn.LSTM`` makes when it trains, weights as they are, and oneDNN's backward
pass reads the same workspace, so outputs and gradients are its own up to the order of additions. When a
recorded value has received a gradient, or a gradient of the gradient is wanted, the layer is run
again by the stepwise cell, which autograd can follow.
"""

from typing import Any

import torch

from gateviz.capture.layer import DirectionRun, DirectionWeights, LayerJob
from gateviz.capture.stepwise import StepRequest, lstm_steps
from gateviz.capture.workspace.engine import LSTM_MODE, WorkspaceEngine, fused_pass
from gateviz.data.gates import LSTM_QUANTITIES, Quantity

STATE_OUTPUTS = 3


def run(job: LayerJob, engine: WorkspaceEngine) -> tuple[DirectionRun, ...]:
    """The runs of all directions of a layer, differentiable.

    Raises:
        LayoutMismatch: oneDNN's workspace is not what it was taken for.
    """
    runs = []
    # Here and not inside, so that what autograd saves is what it knows: a copy made inside has no history.
    frames = job.frames.contiguous()
    for state, weights, wanted, reverse in zip(job.states, job.weights, job.wanted, (False, True), strict=False):
        asked = tuple(quantity for quantity in LSTM_QUANTITIES if quantity in wanted)
        output, hidden, cell, *series = _FusedLayer.apply(  # type: ignore[no-untyped-call]
            engine, reverse, asked, frames, state[0].contiguous(), state[1].contiguous(), *weights.flat
        )
        runs.append(DirectionRun(output, (hidden, cell), dict(zip(asked, series, strict=True)), in_step_order=reverse))
    return tuple(runs)


class _FusedLayer(torch.autograd.Function):
    """One direction of one layer: outputs, final states and recorded series."""

    @staticmethod
    def forward(
        ctx: Any,
        engine: WorkspaceEngine,
        reverse: bool,
        asked: tuple[Quantity, ...],
        frames: torch.Tensor,
        h: torch.Tensor,
        c: torch.Tensor,
        *flat_weights: torch.Tensor,
    ) -> tuple[torch.Tensor, ...]:
        weights = DirectionWeights(*(each.detach() for each in flat_weights))
        plain_frames, plain_state = frames.detach(), (h.detach(), c.detach())
        run = fused_pass(
            plain_frames,
            plain_state,
            _four(tuple(weights.flat)),
            units=h.shape[1],
            reverse=reverse,
            has_biases=len(flat_weights) == 4,
        )
        values = engine.values(run, h.shape[1])
        engine.prove(plain_frames, plain_state, weights, reverse, values)
        ctx.reverse, ctx.asked = reverse, asked
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(frames, h, c, *flat_weights, run.output, run.hidden, run.cell, run.workspace)
        # A forward layer's hidden states are the output itself: autograd wants two outputs to be two tensors.
        shared = None if reverse else Quantity.HIDDEN_STATE
        series = [values[each].clone() if each is shared else values[each] for each in asked]
        return (run.output, run.hidden, run.cell, *series)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor | None) -> tuple[torch.Tensor | None, ...]:
        frames, h, c, *rest = ctx.saved_tensors
        flat_weights, (output, hidden, cell, workspace) = rest[:-4], rest[-4:]
        outer, of_series = gradients[:STATE_OUTPUTS], gradients[STATE_OUTPUTS:]
        if torch.is_grad_enabled() or any(each is not None for each in of_series):
            found = _stepwise_gradients(ctx, (frames, h, c, *flat_weights), gradients)
        else:
            found = _native_gradients(
                ctx.reverse, (frames, h, c), flat_weights, (output, hidden, cell, workspace), outer
            )
        return (None, None, None, *found)


def _native_gradients(
    reverse: bool,
    inputs: tuple[torch.Tensor, torch.Tensor, torch.Tensor],
    flat_weights: list[torch.Tensor],
    kept: tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor],
    gradients: tuple[torch.Tensor | None, ...],
) -> tuple[torch.Tensor | None, ...]:
    """Gradients of frames, states and weights by oneDNN's backward pass."""
    frames, h, c = inputs
    output, hidden, cell, workspace = kept
    has_biases = len(flat_weights) > 2
    by_frames, by_input, by_hidden, by_bias, by_other_bias, by_h, by_c = (
        torch.ops.aten.mkldnn_rnn_layer_backward.default(
            frames,
            *_four(tuple(flat_weights)),
            h,
            c,
            output,
            hidden,
            cell,
            *gradients,
            reverse,
            LSTM_MODE,
            h.shape[1],
            1,
            has_biases,
            True,
            False,
            [],
            False,
            workspace,
        )
    )
    return (by_frames, by_h, by_c, by_input, by_hidden, *((by_bias, by_other_bias) if has_biases else ()))


def _stepwise_gradients(
    ctx: Any, inputs: tuple[torch.Tensor, ...], gradients: tuple[torch.Tensor | None, ...]
) -> tuple[torch.Tensor | None, ...]:
    """The same gradients by a run of the stepwise cell, from recorded series too, differentiable themselves."""
    create_graph = torch.is_grad_enabled()
    needed = [index for index, needs in enumerate(ctx.needs_input_grad[3:]) if needs]
    with torch.enable_grad():
        # Aliases, so that the layer itself is differentiated and not what lies before it.
        own = tuple(each.view_as(each) if each.requires_grad else each for each in inputs)
        frames, h, c, *flat_weights = own
        run = lstm_steps(frames, (h, c), DirectionWeights(*flat_weights), StepRequest(ctx.asked, ctx.reverse))
        series = [run.values[each].flip(0) if ctx.reverse else run.values[each] for each in ctx.asked]
        pairs = [
            (value, gradient)
            for value, gradient in zip((run.output, *run.final, *series), gradients, strict=True)
            if gradient is not None and value.requires_grad
        ]
        found = torch.autograd.grad(
            [value for value, _ in pairs],
            [own[index] for index in needed],
            [gradient for _, gradient in pairs],
            allow_unused=True,
            create_graph=create_graph,
        )
    by_index = dict(zip(needed, found, strict=True))
    return tuple(by_index.get(index) for index in range(len(inputs)))


def _four(
    flat_weights: tuple[torch.Tensor, ...],
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """The weights as the operator wants them: two bias vectors, zeros without."""
    if len(flat_weights) == 4:
        return flat_weights[0], flat_weights[1], flat_weights[2], flat_weights[3]
    none = flat_weights[0].new_zeros(flat_weights[0].shape[0])
    return flat_weights[0], flat_weights[1], none, none
