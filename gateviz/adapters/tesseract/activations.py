"""Tesseract's activation functions and its rounding to int8.

Tesseract looks tanh and the logistic function up in tables of 4096 entries, 256 an unit, and
interpolates linearly in single precision; from the last entry on both are 1. That differs from the
functions by at most 2e-6. In an int8 network it can tip a rounding, and one tipped rounding can move
a probability by several hundredths: so here every operation is done in the same order and precision.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from jaxtyping import Float32

INT8_STEPS = 127.0
LOWEST_LOGIT = -86.0
"""Softmax keeps every logit within this of the largest."""

_ENTRIES = 4096
_PER_UNIT = 256.0
_ARGUMENTS = np.arange(_ENTRIES) / _PER_UNIT
_TABLES = {
    "tanh": torch.from_numpy(np.tanh(_ARGUMENTS).astype(np.float32)),
    "logistic": torch.from_numpy((1.0 / (1.0 + np.exp(-_ARGUMENTS))).astype(np.float32)),
}


@dataclass(frozen=True, eq=False)
class _Held:
    """A table and the constants beside it on one device; numbers of Python would be made tensors at every call."""

    entries: torch.Tensor
    steps: torch.Tensor
    per_unit: torch.Tensor
    half: torch.Tensor


@cache
def _held(name: str, device: torch.device) -> _Held:
    entries = _TABLES[name].clone()
    steps = torch.diff(entries, append=entries[-1:])
    entries[-1] = 1.0
    return _Held(
        entries.to(device),
        steps.to(device),
        torch.tensor(_PER_UNIT, device=device),
        torch.tensor(0.5, device=device),
    )


# The functions below run thousands of times a line, so their shapes (all as the argument's) are not
# annotated: checking them in tests took ten times as long as the network.


def _look_up(held: _Held, x: torch.Tensor) -> torch.Tensor:
    """The table's function at |x|."""
    scaled = torch.clamp(x.abs() * held.per_unit, max=_ENTRIES - 1.0)
    index = scaled.long()
    # Product and sum stay apart: fused, they would round once instead of twice.
    return held.steps.take(index) * scaled.frac() + held.entries.take(index)


def tabled_tanh(x: torch.Tensor) -> torch.Tensor:
    """tanh by Tesseract's table, in single precision."""
    x = x.float()
    return torch.copysign(_look_up(_held("tanh", x.device), x), x)


def tabled_logistic(x: torch.Tensor) -> torch.Tensor:
    """The logistic function by Tesseract's table, in single precision; 1 - f(-x) for negative numbers."""
    x = x.float()
    held = _held("logistic", x.device)
    # Values from 1/2 to 1 lose nothing when 1/2 is taken off or they are taken from 1.
    return torch.copysign(_look_up(held, x) - held.half, x) + held.half


def to_int8_steps(x: torch.Tensor) -> torch.Tensor:
    """The nearest multiple of 1/127 in [-1, 1] of single-precision numbers, halves away from zero.

    In double precision, so that sums over these steps are exact. The gradient is that of no
    rounding, since that of rounding is zero everywhere.
    """
    half = _held("tanh", x.device).half
    steps = x.detach() * INT8_STEPS
    rounded = (steps + torch.copysign(half, steps)).trunc_().clamp_(-INT8_STEPS, INT8_STEPS)
    exact = rounded.double() / INT8_STEPS
    if not x.requires_grad:
        return exact
    return x.double() + (exact - x.detach().double())


def log_softmax(logits: Float32[torch.Tensor, "*shape C"]) -> Float32[torch.Tensor, "*shape C"]:
    """Log probabilities, no logit further than 86 below the largest."""
    shifted = (logits - logits.amax(-1, keepdim=True)).clamp(min=LOWEST_LOGIT)
    return shifted - shifted.exp().sum(-1, keepdim=True).log()
