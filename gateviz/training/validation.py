"""How well a model reads lines it never trained on."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from gateviz.capture.ctc_recognizer import CtcRecognizer
from gateviz.capture.tracing import trace_gates
from gateviz.ctc.collapse import collapse
from gateviz.measure.edit_distance import edit_distance
from gateviz.measure.gate_health import QUANTITIES, GateHealth, gate_health
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
            paths = recognizer.log_probs(batch.pixels.to(device)).argmax(2).cpu().numpy().astype(np.int64)
            truths = torch.split(batch.labels, batch.lengths.tolist())
            pairs += [
                (alphabet.text(truth.tolist()), alphabet.text(collapse(path, alphabet.blank)))
                for truth, path in zip(truths, paths, strict=True)
            ]
    return pairs


def health_of(recognizer: CtcRecognizer, batch: Batch) -> GateHealth | None:
    """How the cells of its LSTM fare on a batch; None where there is none."""
    module = recognizer.module.eval()
    if not any(isinstance(part, nn.LSTM) for part in module.modules()):
        return None
    device = next(module.parameters()).device
    with torch.inference_mode(), trace_gates(module, quantities=QUANTITIES) as traces:
        recognizer.log_probs(batch.pixels.to(device))
    return gate_health(traces.line(line) for line in range(len(batch.names)))


def error_rate(pairs: Sequence[tuple[str, str]]) -> float:
    """Edits per symbol of the truth over all pairs of truth and reading."""
    edits = sum(edit_distance(truth, reading) for truth, reading in pairs)
    return edits / max(sum(len(truth) for truth, _ in pairs), 1)
