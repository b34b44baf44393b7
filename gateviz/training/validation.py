"""How well a model reads lines it never trained on."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import nn

from gateviz.capture.ctc_recognizer import CtcRecognizer
from gateviz.capture.edit_plan import EditPlan
from gateviz.capture.edits import clamp
from gateviz.capture.tracing import trace_gates
from gateviz.ctc.collapse import collapse
from gateviz.data.gate_health import GateHealth
from gateviz.data.gates import Quantity
from gateviz.measure.edit_distance import edit_distance
from gateviz.measure.gate_health import QUANTITIES, forgetful, gate_health
from gateviz.training.batches import Batch


def read_batches(recognizer: CtcRecognizer, batches: Sequence[Batch]) -> list[tuple[str, str]]:
    """The truth and the greedy reading of every line of the batches."""
    alphabet = recognizer.alphabet
    module = recognizer.module
    device = next(module.parameters()).device
    pairs = []
    module.eval()
    with torch.inference_mode():
        for batch in batches:
            truths = torch.split(batch.labels, batch.lengths.tolist())
            texts = _texts(recognizer, batch.pixels.to(device))
            pairs += [(alphabet.text(truth.tolist()), text) for truth, text in zip(truths, texts, strict=True)]
    return pairs


def health_of(recognizer: CtcRecognizer, batch: Batch) -> GateHealth | None:
    """How the cells of its LSTM fare on a batch; None where there is none."""
    module = recognizer.module.eval()
    if not any(isinstance(part, nn.LSTM) for part in module.modules()):
        return None
    device = next(module.parameters()).device
    pixels = batch.pixels.to(device)
    with torch.inference_mode(), trace_gates(module, quantities=QUANTITIES) as traces:
        readings = _texts(recognizer, pixels)
    health = gate_health(traces.line(line) for line in range(len(batch.names)))
    if health is None:
        return None
    layers = range(max(trace.layer for trace in traces) + 1)
    return replace(
        health, forgetful=forgetful(readings, [_without_memory(recognizer, pixels, layer) for layer in layers])
    )


def _without_memory(recognizer: CtcRecognizer, pixels: torch.Tensor, layer: int) -> list[str]:
    """The readings with the forget gates of one layer held at 0."""
    plan = EditPlan([clamp(Quantity.FORGET_GATE, 0.0, layer=layer)])
    with torch.inference_mode(), trace_gates(recognizer.module, quantities=QUANTITIES[:1], edits=plan):
        return _texts(recognizer, pixels)


def _texts(recognizer: CtcRecognizer, pixels: torch.Tensor) -> list[str]:
    """The greedy readings of a batch."""
    alphabet = recognizer.alphabet
    paths = recognizer.log_probs(pixels).argmax(2).cpu().numpy().astype(np.int64)
    return [alphabet.text(collapse(path, alphabet.blank)) for path in paths]


def error_rate(pairs: Sequence[tuple[str, str]]) -> float:
    """Edits per symbol of the truth over all pairs of truth and reading."""
    edits = sum(edit_distance(truth, reading) for truth, reading in pairs)
    return edits / max(sum(len(truth) for truth, _ in pairs), 1)
