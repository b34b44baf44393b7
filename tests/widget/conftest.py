"""A small recognizer that reads a line in no time, and what it recorded."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn

from gateviz.capture.ctc_recognizer import CtcRecognizer
from gateviz.capture.recorder import record_lines
from gateviz.data.alphabet import Alphabet
from gateviz.data.frames import FrameGrid
from gateviz.data.gates import Direction, GateTrace
from gateviz.geometry.preprocess import Gray, Preprocess
from gateviz.lines.recognizer import RecognizerCard

ALPHABET = Alphabet.from_symbols("abcd", blank=0)
FRAMES, UNITS, WIDTH = 12, 6, 48


class SmallCrnn(nn.Module):
    """A convolution of stride 4 down to height 1, two bidirectional LSTM layers, a head."""

    def __init__(self, projection=0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 5, (8, 4), (8, 4))
        self.rnn = nn.LSTM(5, UNITS, num_layers=2, bidirectional=True, proj_size=projection)
        self.head = nn.Linear(2 * (projection or UNITS), ALPHABET.class_count)

    def forward(self, pixels):
        return self.head(self.rnn(self.conv(pixels).squeeze(2).permute(2, 0, 1))[0])


@dataclass(frozen=True)
class EveryFour:
    """Frames of a convolution with kernel 4 and stride 4."""

    def frame_grid(self, width: int) -> FrameGrid:
        return FrameGrid(width // 4, 4.0, 2.0, 4.0, width)


def small_recognizer(seed=0, projection=0) -> CtcRecognizer:
    torch.manual_seed(seed)
    module = SmallCrnn(projection)
    with torch.no_grad():  # weights large enough for gates to open and close
        for parameter in module.parameters():
            parameter *= 3
    card = RecognizerCard("small", checkpoint=f"{seed}.pt")
    return CtcRecognizer(module.eval(), ALPHABET, card, Preprocess((Gray(),)), EveryFour(), "TBC", "logits")


def line(seed=0, frames=FRAMES) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (8, 4 * frames), dtype=np.uint8)


def recorded(recognizer, image=None, *, name="line.png", edits=()):
    return record_lines(recognizer, [(line() if image is None else image, name)], edits=edits)[0]


@pytest.fixture(scope="session")
def recognizer():
    return small_recognizer()


@pytest.fixture(scope="session")
def recording(recognizer):
    """12 frames of stride 4, two layers of 6 units, both directions."""
    return recorded(recognizer)


def without(recording, *names):
    """The recording without these traces."""
    from dataclasses import replace

    return replace(recording, traces=tuple(trace for trace in recording.traces if trace.name not in names))


def large_trace(layer, direction, *, frames=400, units=512):
    """A trace as wide as real ones are, its values smooth in time as real ones are."""
    from gateviz.data.gates import LSTM_QUANTITIES

    rng = np.random.default_rng(layer)
    walks = np.cumsum(rng.normal(size=(frames, units)).astype(np.float32), axis=0) / 5
    values = {q: 1 / (1 + np.exp(-walks)) if q.is_gate else np.tanh(walks) for q in LSTM_QUANTITIES}
    return GateTrace(layer, Direction(direction), values)
