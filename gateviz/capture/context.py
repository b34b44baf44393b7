"""How far a state looks: the Jacobian of hidden states and posteriors, by distance, from the network's own gradients.

Two questions are kept apart. By the image's columns the answer holds everything below the layer, the
convolutions' receptive field too. By the layer's own input it holds the recurrence alone.

Squared norms are unbiased estimates by random directions: for P orthonormal random directions u of the
H units, H / P times the sum of |u J|^2 has the mean |J|^2 (after Hutchinson 1990, "A stochastic estimator
of the trace of the influence matrix"); with P = H it is exact.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64

from gateviz.capture.layer_runs import Followed, call_frames, run_direction
from gateviz.capture.recognizer import Recognizer, device_of
from gateviz.capture.run_checks import require_frames
from gateviz.capture.traces import CapturedCall, Traces
from gateviz.capture.tracing import trace_gates
from gateviz.data.gates import Direction, Place, Quantity, place_words
from gateviz.errors import CheckpointError, SelectionError

HIDDEN = Quantity.HIDDEN_STATE


class GradientError(SelectionError):
    """A network's gradient was asked for and does not reach what it should."""


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """How strongly one thing at some frames of a line answers to each place of what it reads.

    Attributes:
        place: the layer and direction whose hidden state it is; None for the posterior.
        frames: the F frames, in reading order.
        squared: squared Frobenius norm of the derivative by each of N columns of the network's input, or by each of
            N frames of the layer's own input; shape (F, N).
    """

    place: Place | None
    frames: Int64[np.ndarray, " F"]
    squared: Float64[np.ndarray, "F N"]

    @property
    def words(self) -> str:
        """``layer 1 backward`` or ``posterior``."""
        return "posterior" if self.place is None else place_words(self.place)


@dataclass(frozen=True)
class Probes:
    """The random directions by which norms are estimated.

    Attributes:
        count: directions a frame; None for all units, which is exact.
        seed: the same seed gives the same digits.
        rows: frames times directions that run at once.
    """

    count: int | None = 2
    seed: int | tuple[int, ...] = 0
    rows: int = 32

    def __post_init__(self) -> None:
        if (self.count is not None and self.count < 1) or self.rows < 1:
            raise SelectionError(
                f"the Jacobian was asked for by {self.count} probes, {self.rows} rows at once; take at least 1 of each"
            )

    def directions(self, place: Place, frames: int, width: int) -> Float64[np.ndarray, "F P H"]:
        """Orthonormal directions of every frame, each as long as makes the sum of squares unbiased."""
        count = width if self.count is None else min(self.count, width)
        seed = self.seed if isinstance(self.seed, tuple) else (self.seed,)
        rng = np.random.default_rng([*seed, place[0], int(place[1] is Direction.BACKWARD)])
        if count == width:
            return np.broadcast_to(np.eye(width), (frames, width, width))
        orthonormal = np.linalg.qr(rng.standard_normal((frames, width, count)))[0]
        return np.asarray(orthonormal.transpose(0, 2, 1) * np.sqrt(width / count))


def image_sensitivity(
    recognizer: Recognizer,
    pixels: Float[torch.Tensor, "channels height width"],
    frames: Sequence[int],
    labels: Sequence[int] = (),
    *,
    layers: Collection[int] | None = None,
    probes: Probes = Probes(),
) -> tuple[Sensitivity, ...]:
    """How each layer's hidden state at some frames, and the posterior, depends on each column of the network's input.

    Args:
        recognizer: what reads; it is not changed.
        pixels: a prepared line.
        frames: which, in reading order.
        labels: one a frame: its log posterior is what the last sensitivity is of; none leaves it out.
        layers: these only; None for all.
        probes: the random directions. The posterior is one number, and exact.

    Raises:
        SelectionError: there is no such frame or layer.
        GradientError: no gradient reaches the image.
        CheckpointError: the network is in training mode.
    """
    chosen = _checked(recognizer, pixels, frames)
    if labels and len(labels) != len(chosen):
        raise SelectionError(f"{len(labels)} labels were given for {len(chosen)} frames; give one a frame")
    with torch.enable_grad():
        count = min(probes.rows, len(chosen) * (probes.count or probes.rows))
        # Copies of one line, so that each row of the batch can ask for another frame and direction.
        lines = _line(recognizer, pixels).repeat(count, 1, 1, 1).requires_grad_(True)
        with _tracing(recognizer, False) as traces:
            log_probs = recognizer.log_probs(lines)
        require_frames(log_probs, traces, recognizer.frame_grid(int(pixels.shape[2])), int(pixels.shape[2]))
        asked: list[tuple[Place | None, torch.Tensor, np.ndarray]] = []
        for trace in traces:
            place = (trace.layer, trace.direction)
            directions = probes.directions(place, len(chosen), int(trace[HIDDEN].shape[2]))
            asked.append((place, trace[HIDDEN], directions))
        chosen_places = _of_layers([place for place, _, _ in asked if place], layers)
        asked = [one for one in asked if one[0] in chosen_places]
        if labels:
            asked.append((None, log_probs, np.eye(log_probs.shape[2])[list(labels)][:, None]))
        found = [
            Sensitivity(place, chosen, _squared(output, lines, chosen, directions))
            for place, output, directions in asked
        ]
    for each in found:
        _require_gradient(each, "the image")
    return tuple(found)


def layer_sensitivity(
    recognizer: Recognizer,
    pixels: Float[torch.Tensor, "channels height width"],
    frames: Sequence[int],
    *,
    layers: Collection[int] | None = None,
    probes: Probes = Probes(),
) -> tuple[Sensitivity, ...]:
    """How each layer's hidden state at some frames depends on each frame of the layer's own input.

    A forward layer cannot depend on what comes after, a backward one on what came before: those are exact zeros.

    Args and errors: as for ``image_sensitivity``; the gradient has to reach the layer's input.
    """
    chosen = _checked(recognizer, pixels, frames)
    with torch.no_grad(), _tracing(recognizer, True) as traces:
        log_probs = recognizer.log_probs(_line(recognizer, pixels))
    require_frames(log_probs, traces, recognizer.frame_grid(int(pixels.shape[2])), int(pixels.shape[2]))
    places = _of_layers([(trace.layer, trace.direction) for trace in traces], layers)
    found = [each for captured in traces.calls for each in _of_call(captured, chosen, places, probes)]
    for each in found:
        _require_gradient(each, "its own input")
    return tuple(found)


def _of_call(
    captured: CapturedCall, frames: Int64[np.ndarray, " F"], places: Collection[Place], probes: Probes
) -> Iterator[Sensitivity]:
    """The sensitivities of the layers of one recurrent module, each by its own input."""
    call, own = captured.call, captured.traces
    first = min(trace.layer for trace in own)
    turned = own[0].direction is Direction.BACKWARD
    inputs = call_frames(call).detach()
    asked = len(inputs) - 1 - frames if turned else frames
    for index in range(call.layer_count):
        outputs = []
        for number, direction in enumerate(tuple(Direction)[: call.direction_count]):
            place = (first + index, Direction.BACKWARD if turned else direction)
            with torch.no_grad():
                outputs.append(run_direction(call, index, number, inputs))
            if place not in places:
                continue
            directions = probes.directions(place, len(frames), int(outputs[-1].shape[2]))
            with torch.enable_grad():
                rows = min(probes.rows, directions.shape[0] * directions.shape[1])
                leaf = inputs.repeat(1, rows, 1).requires_grad_(True)
                output = run_direction(call, index, number, leaf)
                squared = _squared(output.transpose(0, 1), leaf, asked, directions, frames_first=True)
            yield Sensitivity(place, frames, squared[:, ::-1].copy() if turned else squared)
        inputs = torch.cat(outputs, 2)


def _squared(
    output: Float[torch.Tensor, "B T H"],
    leaf: torch.Tensor,
    frames: Int64[np.ndarray, " F"],
    directions: Float64[np.ndarray, "F P H"],
    *,
    frames_first: bool = False,
) -> Float64[np.ndarray, "F N"]:
    """Squared norms of the output's derivative, summed over directions; equal lines share their backward passes.

    Args:
        output: of B equal lines.
        leaf: what they read: (B, channels, height, N), or (N, B, D) with ``frames_first``.
        frames: whose output is asked for.
        directions: in which the output is moved, for each frame.
        frames_first: see ``leaf``.
    """
    columns = int(leaf.shape[0] if frames_first else leaf.shape[3])
    count, width = directions.shape[1], directions.shape[2]
    flat, steps = directions.reshape(-1, width), np.repeat(frames, count)
    squared = np.zeros((len(flat), columns))
    for start in range(0, len(flat) if output.requires_grad else 0, len(output)):
        rows = slice(start, start + len(output))
        moved = len(flat[rows])
        weights = torch.zeros_like(output)
        weights[torch.arange(moved), torch.as_tensor(steps[rows])] = torch.from_numpy(flat[rows].copy()).to(weights)
        gradient = torch.autograd.grad(output, leaf, weights, retain_graph=True, allow_unused=True)[0]
        if gradient is not None:
            of_columns = (
                gradient.double().square().sum(2).t() if frames_first else gradient.double().square().sum((1, 2))
            )
            squared[rows] = of_columns[:moved].cpu().numpy()
    return np.asarray(squared.reshape(len(frames), count, columns).sum(axis=1))


def _tracing(recognizer: Recognizer, keep_calls: bool) -> AbstractContextManager[Traces]:
    modules = getattr(recognizer, "traced_modules", None)
    if modules == ():
        raise SelectionError("none of this network's LSTMs reads along the line, so it has no context to measure")
    return trace_gates(
        recognizer.module,
        quantities=(HIDDEN,),
        edits=Followed(),
        modules=modules,
        reversed_modules=getattr(recognizer, "reversed_modules", ()),
        keep_calls=keep_calls,
    )


def _line(recognizer: Recognizer, pixels: torch.Tensor) -> Float[torch.Tensor, "1 channels height width"]:
    return pixels.detach()[None].to(device_of(recognizer.module, pixels.device))


def _checked(recognizer: Recognizer, pixels: torch.Tensor, frames: Sequence[int]) -> Int64[np.ndarray, " F"]:
    if recognizer.module.training:
        raise CheckpointError(
            "the recognizer's network is in training mode; call .eval() before its context is measured"
        )
    count = recognizer.frame_grid(int(pixels.shape[2])).frame_count
    chosen = np.array(list(frames), dtype=np.int64)
    if not len(chosen) or chosen.min() < 0 or chosen.max() >= count:
        raise SelectionError(
            f"the context of frames {chosen.tolist()} was asked for; this line has frames 0 to {count - 1}, name one or more"
        )
    return chosen


def _of_layers(places: Sequence[Place], layers: Collection[int] | None) -> list[Place]:
    there = sorted({layer for layer, _ in places})
    for layer in layers or ():
        if layer not in there:
            raise SelectionError(f"the context of layer {layer} was asked for; this network has layers {there}")
    return [place for place in places if layers is None or place[0] in layers]


def _require_gradient(found: Sensitivity, what: str) -> None:
    if not np.isfinite(found.squared).all():
        raise GradientError(
            f"the gradient of {found.words} is not finite, so its context cannot be told by it; blank or reset instead"
        )
    if not found.squared.any():
        raise GradientError(
            f"no gradient of {found.words} reaches {what}: on the way the network rounds, looks values up or cuts gradients "
            "off; measure its context without a model of it, by blanking and resetting"
        )
