"""A recording small enough to know every number of it."""

import numpy as np
import pytest

from gateviz.data.alphabet import Alphabet
from gateviz.data.emission import Emission
from gateviz.data.frames import FrameGrid
from gateviz.data.gates import GRU_QUANTITIES, LSTM_QUANTITIES, Direction, GateTrace
from gateviz.data.provenance import Provenance
from gateviz.recording import Recording

FRAMES, UNITS = 8, 5


def random_trace(layer, direction, quantities=LSTM_QUANTITIES, units=UNITS, frames=FRAMES):
    rng = np.random.default_rng(layer)
    values = {q: rng.uniform(0 if q.is_gate else -1, 1, (frames, units)).astype(np.float32) for q in quantities}
    return GateTrace(layer, Direction(direction), values)


@pytest.fixture
def trace():
    return random_trace(0, "forward")


@pytest.fixture
def gru():
    return random_trace(0, "forward", GRU_QUANTITIES)


@pytest.fixture
def recording():
    """Eight frames of stride 4 from column -2 on, over an image of 24 columns; the text is ``ab``."""
    path = [0, 1, 1, 0, 2, 0, 0, 0]
    posteriors = np.full((FRAMES, 3), 0.1)
    posteriors[np.arange(FRAMES), path] = 0.8
    emission = Emission(np.log(posteriors).astype(np.float32), Alphabet.from_symbols("ab", blank=0))
    image = np.arange(10 * 24, dtype=np.uint8).reshape(10, 24)
    traces = tuple(random_trace(layer, direction) for layer in (0, 1) for direction in ("forward", "backward"))
    provenance = Provenance(adapter="toy", image="ab.png", versions={"gateviz": "1.2"}, witness=1e-7)
    return Recording(image, FrameGrid(FRAMES, 4.0, -2.0, 12.0, 24), traces, emission, provenance)
