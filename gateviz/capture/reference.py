"""What torch computes of given inputs: posteriors and every series of every layer, for something else to be held against."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32

from gateviz.capture.recognizer import Recognizer
from gateviz.capture.tracing import trace_gates
from gateviz.data.gates import Direction, Quantity

Series = Mapping[tuple[int, Direction, Quantity], Float32[np.ndarray, "T B _"]]


@torch.no_grad()
def torch_reference(
    recognizer: Recognizer, pixels: Float32[np.ndarray, "B channels height width"], *, gates: bool
) -> tuple[Float32[np.ndarray, "B T C"], Series]:
    """Log posteriors of a batch, and the series of every layer and direction, rows in reading order.

    Args:
        recognizer: what reads; it is not changed.
        pixels: prepared lines of one size.
        gates: record the series too; without it there are none.
    """
    given: Any = torch.from_numpy(pixels)
    parameter = next(recognizer.module.parameters(), None)
    given = given if parameter is None else given.to(parameter.device)
    modules = getattr(recognizer, "traced_modules", None)
    if not gates or modules == ():
        return recognizer.log_probs(given).cpu().float().numpy(), {}
    reversed_modules = getattr(recognizer, "reversed_modules", ())
    with trace_gates(recognizer.module, modules=modules, reversed_modules=reversed_modules) as traces:
        log_probs = recognizer.log_probs(given)
    series = {
        (trace.layer, trace.direction, quantity): trace[quantity].transpose(0, 1).cpu().float().numpy()
        for trace in traces
        for quantity in trace.stored
    }
    return log_probs.cpu().float().numpy(), series
