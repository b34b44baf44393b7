"""The witness: the recorded run is the run of the plain layer, and the recorded values are its gates.

Three things are compared, of every recurrent module and on the very input it saw:

- the recorded gates with the cell's equations, worked out by hand at a few frames;
- the recorded states with what follows from the recorded gates (c = f c' + i g, h = o tanh c) at every
  frame, and the hidden states with the module's output;
- output and final states with those of the plain layer (``torch._VF.lstm``), run again.

A run with edits has no plain counterpart, so it has no witness.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch

from gateviz.capture.step_order import StepOrder, Steps
from gateviz.capture.traces import CapturedCall
from gateviz.data.gates import Direction, Quantity
from gateviz.errors import WitnessError

TOLERANCES = {torch.float64: 1e-10, torch.float32: 1e-4, torch.float16: 2e-2, torch.bfloat16: 1e-1}
"""Largest difference by the type of the numbers."""

SAMPLED_FRAMES = 8
"""Frames at which gates are worked out by hand."""


@dataclass(frozen=True)
class Witness:
    """How far the recorded run lies from the plain layer's, part by part.

    Attributes:
        differences: largest difference of each part, in the order in which the parts are computed, such
            as ``rnn.0.rnn: output``; absolute where values are up to 1, relative beyond.
        tolerance: what is allowed.
        notes: what could not be compared, a sentence each.
    """

    differences: Mapping[str, float]
    tolerance: float
    notes: tuple[str, ...] = ()

    @property
    def largest_difference(self) -> float:
        """The largest of all parts; 0 where there was nothing to compare."""
        return max(self.differences.values(), default=0.0)


@torch.no_grad()
def check_calls(calls: Sequence[CapturedCall], *, tolerance: float | None = None) -> Witness:
    """The witness of an unedited run that ``trace_gates(module, keep_calls=True)`` recorded, after its block.

    Args:
        calls: ``Traces.calls``.
        tolerance: largest difference that is allowed; None for that of the numbers' type.

    Raises:
        WitnessError: names the module and layer that parted first.

    Example:
        >>> from gateviz.capture.tracing import trace_gates
        >>> lstm = torch.nn.LSTM(4, 3, num_layers=2)
        >>> with torch.no_grad(), trace_gates(lstm, keep_calls=True) as traces:
        ...     _ = lstm(torch.ones(6, 1, 4))
        >>> check_calls(traces.calls).largest_difference < 1e-6
        True
    """
    differences: dict[str, float] = {}
    notes: list[str] = []
    # A ruled cell may keep its cell state in another type than its output; the coarser one says what can be asked.
    types = {tensor.dtype for captured in calls for tensor in captured.result}
    allowed = tolerance or max((TOLERANCES[each] for each in types), default=0.0)
    for number, captured in enumerate(calls):
        name = captured.module or "the layer"
        if before := sum(each.module == captured.module for each in calls[:number]):
            name = f"{name} (run {before + 1})"
        for part, difference in _differences(captured):
            differences[f"{name}: {part}"] = difference
            if not difference <= allowed:
                raise WitnessError(
                    f"the recorded run and the plain layer part at {name}: {part} differs by {difference:.3g}, and "
                    f"{allowed:g} is allowed; do not trust this recording, and report the model with what gateviz info says"
                )
        notes += (f"{name}: {note}" for note in _notes(captured))
    return Witness(differences, allowed, tuple(notes))


def _differences(captured: CapturedCall) -> Iterator[tuple[str, float]]:
    """Every part and how far it is off, what is computed first coming first."""
    call = captured.call
    if call.training and call.dropout > 0 and call.layer_count > 1:
        raise WitnessError(
            f"{captured.module or 'the layer'} ran with dropout, which draws anew each time, so there is no plain run to "
            "compare with; call .eval() on the model, or record without a witness"
        )
    if _all_layers_recorded(captured):
        yield from _series_differences(captured)
    if call.rule is not None:
        return
    plain = captured.plain()
    for index in range(call.layer_count * call.direction_count):
        layer, direction = divmod(index, call.direction_count)
        pairs = zip(captured.result[1:], plain[1:], strict=True)
        part = f"final state of its layer {layer} {tuple(Direction)[direction]}"
        yield part, _largest(_distances(recorded[index], state[index]) for recorded, state in pairs)
    yield "output", _largest([_distances(captured.result[0], plain[0])])


def _series_differences(captured: CapturedCall) -> Iterator[tuple[str, float]]:
    """The recorded series against the cell's equations and the module's output.

    The input of a module's deeper layers is the recorded hidden states of the layer before; where these
    were not asked for, the deeper gates are not worked out.
    """
    call, traces, order = captured.call, iter(captured.traces), StepOrder.of(captured.call)
    sampled = SAMPLED_FRAMES if call.rule is None else None
    fed: torch.Tensor | None = order.padded(call.inputs)
    for layer in range(call.layer_count):
        outputs = []
        for index, (weights, states) in enumerate(zip(call.weights(layer), call.layer_states(layer), strict=True)):
            trace = next(traces)
            steps = Steps(order, trace, weights, states)
            pairs = [] if fed is None else steps.gate_pairs(order.turned(fed) if index else fed, sampled)
            pairs += steps.state_pairs()
            part = f"what was recorded of layer {trace.layer} {trace.direction}"
            yield part, _largest(_distances(*pair) for pair in pairs)
            if (hidden := steps.values.get(Quantity.HIDDEN_STATE)) is not None:
                outputs.append(order.turned(hidden) if index else hidden)
        fed = torch.cat(outputs, 2) if len(outputs) == call.direction_count else None
    if fed is not None:
        yield "recorded hidden states", _largest([_distances(fed, order.padded(captured.result[0]))])


def _all_layers_recorded(captured: CapturedCall) -> bool:
    return len(captured.traces) == captured.call.layer_count * captured.call.direction_count


def _notes(captured: CapturedCall) -> Iterator[str]:
    if captured.call.rule is not None:
        yield "no fused kernel computes this cell, so its equations were checked, at every frame"
    if captured.traces and not _all_layers_recorded(captured):
        yield "only some of its layers were recorded, so their gates were not worked out by hand"


def _distances(recorded: torch.Tensor, expected: torch.Tensor, where: torch.Tensor | None = None) -> torch.Tensor:
    """Differences, absolute where values are up to 1 and relative beyond."""
    distance = (recorded - expected).abs() / expected.abs().clamp_min(1)
    return distance if where is None else distance[where]


def _largest(distances: Iterable[torch.Tensor]) -> float:
    """The largest of all, NaN if one is; 0 of none."""
    peaks = [each.max() for each in distances if each.numel()]
    return float(torch.stack(peaks).max()) if peaks else 0.0
