"""How much each recurrent unit of a CRNN matters: by the loss, by its weights, by its activity, or by lot."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import nn

from gateviz.capture.ctc_recognizer import CtcRecognizer
from gateviz.data.gates import Direction, Place
from gateviz.networks.crnn import CRNN
from gateviz.training.batches import Batch
from gateviz.training.crnn_units import Scores, incoming, named, outgoing, places, recurrent_part
from gateviz.training.loss import NamedClasses, batch_loss


class Criterion(StrEnum):
    """By what units are scored.

    ``taylor`` is what the loss would change by, to first order, if the unit's state were 0 at a frame: |h dL/dh| with the
    CTC loss of a line by symbol, summed over frames and lines (Molchanov et al., arXiv 1611.06440). The derivative is the
    whole one, also through the steps that follow. ``magnitude`` is the Euclidean norm of all weights into and out of the
    unit, ``activity`` the variance of its state times the norm of the weights that read it, ``random`` a lot.
    """

    TAYLOR = "taylor"
    MAGNITUDE = "magnitude"
    ACTIVITY = "activity"
    RANDOM = "random"

    @property
    def needs_lines(self) -> bool:
        """Whether the network must run."""
        return self in (Criterion.TAYLOR, Criterion.ACTIVITY)


def unit_scores(
    recognizer: CtcRecognizer,
    criterion: Criterion,
    batches: Sequence[Batch],
    *,
    seed: int = 0,
    on_progress: Callable[[int], object] = lambda lines: None,
) -> Scores:
    """The score of every unit of every layer and direction; the higher, the more it matters.

    Args:
        recognizer: whose module is a ``CRNN`` with recurrent layers; it runs in evaluation mode and stays as it is.
        criterion: by what.
        batches: of lines; what looks at weights alone, or draws a lot, needs none.
        seed: of the lot.
        on_progress: is told the number of lines just done.
    """
    module = recognizer.module
    assert isinstance(module, CRNN)
    if criterion is Criterion.RANDOM:
        rng = np.random.default_rng(seed)
        return {
            place: rng.permutation(recurrent_part(module).hidden_size).astype(np.float64) for place in places(module)
        }
    if criterion is Criterion.MAGNITUDE:
        return {
            place: _norms(torch.cat([incoming(module, place), outgoing(module, place)], dim=1))
            for place in places(module)
        }
    if criterion is Criterion.TAYLOR:
        return _taylor(module, recognizer.alphabet.blank, batches, on_progress)
    return _activity(module, batches, on_progress)


def _norms(weights: Float[torch.Tensor, "H weights"]) -> Float64[np.ndarray, " H"]:
    return np.asarray(weights.double().norm(dim=1).cpu())


def _taylor(module: CRNN, blank: int, batches: Sequence[Batch], on_progress: Callable[[int], object]) -> Scores:
    scores = {place: np.zeros(recurrent_part(module).hidden_size) for place in places(module)}
    for batch in batches:
        seen = _seen(module, batch)
        with torch.enable_grad():
            run = opened(module, seen)
            labels = batch.classes(blank)
            named_classes = NamedClasses(labels.to(seen.device), int(torch.searchsorted(labels, blank)))
            log_probs = named_classes.log_probs(run.features, module.head)
            # The loss is a mean over the lines; their sum makes batches of any size alike.
            loss = batch_loss(log_probs, batch.among(labels), named_classes.blank, 0.0).total * len(batch.names)
            # A factor of 1 on a state has the derivative h dL/dh.
            gradients = torch.autograd.grad(loss, list(run.factors.values()))
        for place, gradient in zip(run.factors, gradients, strict=True):
            scores[place] += gradient.double().abs().sum(dim=(0, 1)).cpu().numpy()
        on_progress(len(batch.names))
    return scores


def _activity(module: CRNN, batches: Sequence[Batch], on_progress: Callable[[int], object]) -> Scores:
    size = recurrent_part(module).hidden_size
    sums = {place: np.zeros((2, size)) for place in places(module)}
    frames = 0
    for batch in batches:
        with torch.no_grad():
            run = opened(module, _seen(module, batch))
        for place, states in run.states.items():
            wide = states.double()
            sums[place] += torch.stack([wide.sum(dim=(0, 1)), wide.square().sum(dim=(0, 1))]).cpu().numpy()
        frames += run.features.shape[0] * run.features.shape[1]
        on_progress(len(batch.names))
    scores = {}
    for place, (first, second) in sums.items():
        variance = np.maximum(second / max(frames, 1) - (first / max(frames, 1)) ** 2, 0.0)
        scores[place] = variance * _norms(outgoing(module, place))
    return scores


def _seen(module: CRNN, batch: Batch) -> Float[torch.Tensor, "B T D"]:
    """What the backbone makes of a batch, as it is used and without its gradient."""
    module.eval()
    with torch.no_grad():
        return module.seen(batch.pixels.to(module.head.weight.device))


@dataclass(frozen=True, eq=False)
class OpenedRun:
    """A run of the recurrent part, step by step.

    Attributes:
        features: what the head reads.
        factors: of each layer and direction, what every state was multiplied with before anybody read it: 1.
        states: the states, in reading order.
    """

    features: Float[torch.Tensor, "B T P"]
    factors: dict[Place, Float[torch.Tensor, "T B H"]]
    states: dict[Place, Float[torch.Tensor, "T B H"]]


def opened(module: CRNN, seen: Float[torch.Tensor, "B T D"]) -> OpenedRun:
    """Run the recurrent part in evaluation mode, with a factor on every state of every unit.

    Args:
        module: a ``CRNN`` with recurrent layers.
        seen: what its backbone put out.
    """
    part = recurrent_part(module)
    frames = seen.transpose(0, 1)
    factors, states = {}, {}
    for layer in range(part.num_layers):
        own = [place for place in places(module) if place[0] == layer]
        for place in own:
            factors[place] = torch.ones(*frames.shape[:2], part.hidden_size).to(frames).requires_grad_()
            states[place] = _steps(part, frames, factors[place], place)
        frames = torch.cat([states[place] for place in own], dim=2)
    return OpenedRun(frames.transpose(0, 1), factors, states)


def _steps(
    part: nn.LSTM | nn.GRU, frames: Float[torch.Tensor, "T B D"], factors: Float[torch.Tensor, "T B H"], place: Place
) -> Float[torch.Tensor, "T B H"]:
    """The states of one layer and direction."""
    weights = [getattr(part, named(name, place)).detach() for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    hidden = cell = frames.new_zeros(frames.shape[1], part.hidden_size)
    found = []
    # Taken apart once: the derivative of a row taken out of a series is a whole series of zeros.
    steps = list(zip(frames.unbind(0), factors.unbind(0), strict=True))
    backward = place[1] is Direction.BACKWARD
    for frame, factor in reversed(steps) if backward else steps:
        if isinstance(part, nn.LSTM):
            hidden, cell = torch.lstm_cell(frame, (hidden, cell), *weights)
        else:
            hidden = torch.gru_cell(frame, hidden, *weights)
        hidden = hidden * factor
        found.append(hidden)
    return torch.stack(found[::-1] if backward else found)
