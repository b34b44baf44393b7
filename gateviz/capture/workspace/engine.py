"""The workspace engine: the gates that oneDNN keeps anyway, read where they lie.

PyTorch runs an LSTM layer on the CPU through oneDNN (``aten::mkldnn_rnn_layer``). With gradients
enabled that call also returns a workspace, in which oneDNN keeps every activated gate for the
backward pass; recording is reading it. Its layout is not documented (``workspace_layout``), so the
engine proves itself: at every call by the size, once for every layout by the last step, whose cell
state is also put out, and once for every shape of layer against the stepwise cell, on the call's own
numbers. What does not hold up is a ``LayoutMismatch``; another engine then takes over, and says so (``engines``).

Without gradients a short run is handed out as views of the workspace. A long one is run in pieces
whose workspace stays in warm memory, and copied into the trace's own arrays piece by piece.
"""

import math
import threading
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float

from gateviz.capture.layer import DirectionRun, DirectionWeights, LayerJob
from gateviz.capture.stepwise import StepRequest, lstm_steps
from gateviz.capture.trace_memory import TraceMemory, keep_freed_memory
from gateviz.capture.workspace.layout import WorkspaceLayout, layout_of
from gateviz.capture.workspace.packed_weights import PackedWeightsCache, padded_rows
from gateviz.data.gates import LSTM_QUANTITIES, Quantity

LSTM_MODE = 2
VIEW_BYTES = 4 * 2**20
PIECE_BYTES = 28 * 2**20
SMALL_BYTES = 2**20
PROOF_STEPS = 3
TOLERANCE = 1e-4
WEAK = 1e-2


class LayoutMismatch(Exception):  # noqa: N818  (never leaves the package: it chooses another engine)
    """The workspace does not hold what the layout says."""


@dataclass(frozen=True, eq=False)
class FusedPass:
    """One call of oneDNN's LSTM layer: output (T, B, H), both states after the last step, the workspace."""

    output: torch.Tensor
    hidden: torch.Tensor
    cell: torch.Tensor
    workspace: torch.Tensor
    layout: WorkspaceLayout
    reverse: bool

    def values(self, units: int) -> dict[Quantity, Float[torch.Tensor, "T B units"]]:
        """Views of every series, in step order, of the first ``units`` units.

        Raises:
            LayoutMismatch: the workspace has another size than this layout.
        """
        if self.workspace.numel() != self.layout.total_bytes:
            raise LayoutMismatch(
                f"a workspace of {self.workspace.numel()} bytes instead of {self.layout.total_bytes} for {self.layout}"
            )
        floats = self.workspace.view(torch.float32)
        i, f, g, o = self.layout.gates(floats, units)
        c = self.layout.cells(floats, units)
        c[-1] = self.cell[:, :units]
        h = self.layout.hidden(floats, units) if self.reverse else self.output[..., :units]
        return dict(zip(LSTM_QUANTITIES, (i, f, g, o, c, h), strict=True))

    def last_step_holds(self) -> bool:
        """True if the last step of the first line obeys the cell's equations, False if it tells nothing (NaN).

        All regions have a part in it: h = o tanh(f c_before + i g).

        Raises:
            LayoutMismatch: it does not obey them.
        """
        floats = self.workspace.numpy().view(np.float32)
        i, f, g, o = self.layout.last_gates(floats)
        before = self.layout.cell_before_last(floats)
        c = self.cell[0].numpy() if before is None else f * before + i * g
        error = float(np.abs(o * np.tanh(c) - self.hidden[0].numpy()).max())
        if error > TOLERANCE:
            raise LayoutMismatch(f"a last step that is off by {error:.2g} from h = o tanh(f c + i g) for {self.layout}")
        return not math.isnan(error)


def fused_pass(
    frames: torch.Tensor,
    state: tuple[torch.Tensor, torch.Tensor],
    weights: tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor],
    *,
    units: int,
    reverse: bool,
    has_biases: bool,
) -> FusedPass:
    """One call of oneDNN's LSTM layer that keeps its workspace, for detached tensors."""
    # Grad mode is what makes PyTorch ask oneDNN for the workspace; detached tensors keep autograd out.
    with torch.enable_grad():
        output, hidden, cell, workspace = torch.ops.aten.mkldnn_rnn_layer.default(
            frames,
            *weights,
            *state,
            reverse,
            [],
            LSTM_MODE,
            units,
            1,
            has_biases,
            False,
            False,
            True,
        )
    steps, batch, features = frames.shape
    return FusedPass(
        output, hidden, cell=cell, workspace=workspace, layout=layout_of(steps, batch, features, units), reverse=reverse
    )


class WorkspaceEngine:
    """Runs LSTM layers (CPU, float32, textbook cell, lines of one length) and reads oneDNN's workspace."""

    def __init__(self) -> None:
        self.cache = PackedWeightsCache()
        self._lock = threading.Lock()
        self._proven: set[tuple[int, int, bool, bool, bool]] = set()
        self._sound: set[tuple[WorkspaceLayout, bool]] = set()

    def run(self, job: LayerJob, memory: TraceMemory) -> tuple[DirectionRun, ...]:
        """The runs of all directions of a layer, outside of autograd.

        Raises:
            LayoutMismatch: oneDNN's workspace is not what it was taken for.
        """
        keep_freed_memory()
        frames = job.frames.detach().contiguous()
        return tuple(
            self._direction(
                frames, (state[0], state[1]), weights=weights, wanted=wanted, reverse=reverse, memory=memory
            )
            for state, weights, wanted, reverse in zip(job.states, job.weights, job.wanted, (False, True), strict=False)
        )

    def values(self, run: FusedPass, units: int) -> dict[Quantity, Float[torch.Tensor, "T B units"]]:
        """Views of every series of a run; the first run of a layout is held against the cell's equations.

        Raises:
            LayoutMismatch: the workspace is not laid out as expected.
        """
        values = run.values(units)
        key = (run.layout, run.reverse)
        if key not in self._sound and run.last_step_holds():
            with self._lock:
                self._sound.add(key)
        return values

    def prove(
        self,
        frames: torch.Tensor,
        state: tuple[torch.Tensor, torch.Tensor],
        weights: DirectionWeights,
        reverse: bool,
        values: dict[Quantity, torch.Tensor],
    ) -> None:
        """Returns if the first steps are those of the stepwise cell; asked once for a shape of layer.

        A run that could not show a fault (weights or input so large that float32 itself is off, values
        that are not finite or too much alike) proves nothing, and the next one is asked again.

        Raises:
            LayoutMismatch: they are not.
        """
        steps, batch, features = frames.shape
        shape = (weights.hidden_weight.shape[1], features, batch == 1, steps == 1, reverse)
        if shape in self._proven:
            return
        count = min(steps, PROOF_STEPS)
        first = frames[steps - count :] if reverse else frames[:count]
        with torch.no_grad():
            truth = lstm_steps(first, state, weights, StepRequest(LSTM_QUANTITIES, reverse)).values
        expected = torch.stack([truth[each].flip(0) if reverse else truth[each] for each in LSTM_QUANTITIES])
        found = torch.stack([values[each][:count] for each in LSTM_QUANTITIES])
        allowed = TOLERANCE + _rounding(first, weights)
        if not (expected.isfinite().all() and allowed < WEAK):
            return
        worst = (found - expected).abs().max().item()
        if not worst <= allowed * max(1.0, expected.abs().max().item()):
            raise LayoutMismatch(
                f"gates that are off by {worst:.2g} from the stepwise cell's ({features} in, {shape[0]} units)"
            )
        if _tells_apart(expected):
            with self._lock:
                self._proven.add(shape)

    def _direction(
        self,
        frames: torch.Tensor,
        state: tuple[torch.Tensor, torch.Tensor],
        weights: DirectionWeights,
        wanted: Collection[Quantity],
        reverse: bool,
        memory: TraceMemory,
    ) -> DirectionRun:
        steps, batch, features = frames.shape
        units = weights.hidden_weight.shape[1]
        packed = self.cache.packed(weights)
        layout = layout_of(steps, batch, features, packed.units)
        pieces = [frames] if layout.total_bytes <= VIEW_BYTES else _pieces(frames, layout, reverse)
        # Views keep the whole workspace alive, which only pays when all of it is wanted or it is small.
        as_views = len(pieces) == 1 and (len(wanted) == len(LSTM_QUANTITIES) or layout.total_bytes <= SMALL_BYTES)
        hidden, cell = (padded_rows(each.detach(), packed.units) for each in state)
        outputs = []
        values: dict[Quantity, torch.Tensor] = {}
        done = 0
        for piece in pieces:
            run = fused_pass(
                piece,
                (hidden, cell),
                packed.four,
                units=packed.units,
                reverse=reverse,
                has_biases=weights.input_bias is not None,
            )
            views = self.values(run, units)
            if done == 0:
                self.prove(frames, state, weights, reverse, views)
            for quantity in (each for each in LSTM_QUANTITIES if each in wanted):
                if as_views:
                    values[quantity] = views[quantity]
                else:
                    if quantity not in values:
                        values[quantity] = memory.take((steps, batch, units))
                    values[quantity][done : done + len(piece)] = views[quantity]
            done += len(piece)
            outputs.append(run.output[..., :units])
            hidden, cell = run.hidden, run.cell
        if not as_views and not reverse and Quantity.HIDDEN_STATE in values:
            output = values[Quantity.HIDDEN_STATE]
        else:
            output = torch.cat(outputs[::-1] if reverse else outputs) if len(outputs) > 1 else outputs[0]
        return DirectionRun(output, (hidden[:, :units], cell[:, :units]), values, in_step_order=reverse)


def _pieces(frames: torch.Tensor, layout: WorkspaceLayout, reverse: bool) -> list[torch.Tensor]:
    """The frames in runs whose workspace stays within PIECE_BYTES, in the order in which they are run."""
    steps = len(frames)
    count = -(-layout.total_bytes // PIECE_BYTES)
    length = max(1, -(-steps // count))
    if reverse:
        return [frames[max(0, stop - length) : stop] for stop in range(steps, 0, -length)]
    return [frames[start : start + length] for start in range(0, steps, length)]


def _rounding(frames: torch.Tensor, weights: DirectionWeights) -> float:
    """By how much two float32 sums of the products of a step may differ when they are added in another order."""
    inputs = frames.abs().max() * weights.input_weight.abs().sum(1).max()
    return float(torch.finfo(torch.float32).eps * 10 * (inputs + weights.hidden_weight.abs().sum(1).max()))


def _tells_apart(series: torch.Tensor) -> bool:
    """True if no two of the series are so alike that one could have been taken for the other."""
    apart = (series[:, None] - series[None]).abs().flatten(2).amax(2)
    others = ~torch.eye(len(series), dtype=torch.bool)
    return bool((apart[others] > 10 * TOLERANCE).all())
