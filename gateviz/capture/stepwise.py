"""The stepwise cell: one time step after the other, in plain torch operations, with everything in the open.

It is the reference of all engines and the only one that takes edits and cells that are more than the
textbook's (``CellRule``). It runs projections, lines of different lengths and every dtype, and is
differentiable throughout: gradients flow to the input, the weights, the initial state and every
recorded value.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float

from gateviz.capture.cell_rule import CellRule as CellRule
from gateviz.capture.layer import CellKind, DirectionRun, DirectionWeights, LayerJob, StepEditor
from gateviz.data.gates import Quantity

TEXTBOOK = CellRule()


@dataclass(frozen=True, eq=False)
class StepRequest:
    """How one direction of a layer is to be run, step by step.

    Attributes:
        wanted: the quantities to record.
        reverse: start at the last frame.
        present: True where a line has a frame; None when all lines have all.
        editor: changes values on the way.
        rule: what the cell does beyond the textbook's (LSTM only).
    """

    wanted: Collection[Quantity]
    reverse: bool = False
    present: Bool[torch.Tensor, "T B"] | None = None
    editor: StepEditor | None = None
    rule: CellRule = TEXTBOOK


def run(job: LayerJob) -> tuple[DirectionRun, ...]:
    """The runs of all directions of a layer."""
    steps = lstm_steps if job.kind is CellKind.LSTM else gru_steps
    return tuple(
        steps(job.frames, state, weights, StepRequest(wanted, reverse, job.present, editor, job.rule or TEXTBOOK))
        for state, weights, wanted, editor, reverse in zip(
            job.states, job.weights, job.wanted, job.editors, (False, True), strict=False
        )
    )


def lstm_steps(
    frames: Float[torch.Tensor, "T B D"],
    state: tuple[torch.Tensor, ...],
    weights: DirectionWeights,
    request: StepRequest,
) -> DirectionRun:
    """One direction of an LSTM layer (Hochreiter and Schmidhuber 1997; forget gates, Gers et al. 2000).

    Args:
        frames: what the layer reads.
        state: hidden state (B, P) and cell state (B, H) before the first step.
        weights: of this direction.
        request: what to record, and in which order and manner to run.
    """
    h, c = state
    rule, edited = request.rule, _editing(request.editor)
    # The product with the input needs no recurrence: one for all frames instead of one a frame.
    projected = torch.nn.functional.linear(frames, weights.input_weight, weights.bias)
    recurrent = weights.hidden_weight.t()
    shelf = _Shelf(request, CellKind.LSTM.quantities, len(frames))
    for t in _order(len(frames), request.reverse):
        z_i, z_f, z_g, z_o = (projected[t] + h @ recurrent).chunk(4, 1)
        # The forget gate first, so that an edit may set the input gate by it.
        f = edited(Quantity.FORGET_GATE, t, rule.sigmoid(z_f))
        i = edited(Quantity.INPUT_GATE, t, rule.sigmoid(z_i))
        g = edited(Quantity.CANDIDATE, t, rule.tanh(z_g))
        o = edited(Quantity.OUTPUT_GATE, t, rule.sigmoid(z_o))
        c_new = f * c + i * g
        if rule.state_limit is not None:
            c_new = c_new.clamp(-rule.state_limit, rule.state_limit)
        c_new = edited(Quantity.CELL_STATE, t, c_new)
        h_new = o * rule.tanh(c_new)
        if weights.projection is not None:
            h_new = h_new @ weights.projection.t()
        if rule.round_hidden is not None:
            h_new = rule.round_hidden(h_new)
        h_new = edited(Quantity.HIDDEN_STATE, t, h_new)
        shelf.put(t, (i, f, g, o, c_new, h_new))
        h, c = shelf.kept(t, h_new, h), shelf.kept(t, c_new, c)
    return shelf.run(h, c)


def gru_steps(
    frames: Float[torch.Tensor, "T B D"],
    state: tuple[torch.Tensor, ...],
    weights: DirectionWeights,
    request: StepRequest,
) -> DirectionRun:
    """One direction of a GRU layer, by PyTorch's convention.

    The reset gate acts on the projected hidden state, bias included: n = tanh(W x + b + r (U h + b')),
    and the update gate keeps: h' = (1 - z) n + z h (Cho et al. 2014, as cuDNN computes it).

    Args: as for ``lstm_steps``; the state is the hidden state alone.
    """
    (h,) = state
    edited = _editing(request.editor)
    projected = torch.nn.functional.linear(frames, weights.input_weight, weights.input_bias)
    shelf = _Shelf(request, CellKind.GRU.quantities, len(frames))
    for t in _order(len(frames), request.reverse):
        x_r, x_z, x_n = projected[t].chunk(3, 1)
        h_r, h_z, h_n = torch.nn.functional.linear(h, weights.hidden_weight, weights.hidden_bias).chunk(3, 1)
        r = edited(Quantity.RESET_GATE, t, torch.sigmoid(x_r + h_r))
        z = edited(Quantity.UPDATE_GATE, t, torch.sigmoid(x_z + h_z))
        n = edited(Quantity.CANDIDATE, t, torch.tanh(x_n + r * h_n))
        h_new = edited(Quantity.HIDDEN_STATE, t, (1 - z) * n + z * h)
        shelf.put(t, (r, z, n, h_new))
        h = shelf.kept(t, h_new, h)
    return shelf.run(h)


class _Shelf:
    """Where the values of each step are put: the trace itself, or a list where autograd follows every step."""

    def __init__(self, request: StepRequest, order: Sequence[Quantity], frame_count: int) -> None:
        self._request = request
        self._order = order
        self._frame_count = frame_count
        self._written: dict[Quantity, torch.Tensor] = {}
        self._steps: dict[Quantity, list[torch.Tensor | None]] = {}

    def put(self, t: int, values: tuple[torch.Tensor, ...]) -> None:
        """Keeps the wanted values of step ``t``; zeros where a line has no such frame."""
        present = self._request.present
        for quantity, step in zip(self._order, values, strict=True):
            if quantity in self._request.wanted or quantity is Quantity.HIDDEN_STATE:
                value = step if present is None else step * present[t][:, None].to(step.dtype)
                if value.requires_grad:
                    self._steps.setdefault(quantity, [None] * self._frame_count)[t] = value
                else:
                    if quantity not in self._written:
                        self._written[quantity] = value.new_zeros((self._frame_count, *value.shape))
                    self._written[quantity][t] = value

    def kept(self, t: int, new: torch.Tensor, old: torch.Tensor) -> torch.Tensor:
        """The new state of the lines that have this frame, the old one of the others."""
        present = self._request.present
        return new if present is None else torch.where(present[t][:, None], new, old)

    def run(self, *final: torch.Tensor) -> DirectionRun:
        """All steps together."""
        values = dict(self._written)
        for quantity, steps in self._steps.items():
            # An edit can cut single steps off from everything that needs a gradient.
            rows = [self._written[quantity][t] if step is None else step for t, step in enumerate(steps)]
            values[quantity] = torch.stack(rows)
        output = values[Quantity.HIDDEN_STATE]
        return DirectionRun(output, final, {each: values[each] for each in self._order if each in self._request.wanted})


def _order(frame_count: int, reverse: bool) -> range:
    return range(frame_count - 1, -1, -1) if reverse else range(frame_count)


def _editing(editor: StepEditor | None) -> Callable[[Quantity, int, torch.Tensor], torch.Tensor]:
    def edited(quantity: Quantity, frame: int, values: torch.Tensor) -> torch.Tensor:
        if editor is None or not editor.touches(quantity):
            return values
        return editor.apply(quantity, frame, values)

    return edited
