"""A corpus whose gates are noise that remembers, with effects planted where a test wants them."""

from pathlib import Path

import numpy as np

from gateviz.data.alphabet import Alphabet
from gateviz.data.emission import Emission
from gateviz.data.frames import FrameGrid
from gateviz.data.gates import Direction, GateTrace, Quantity
from gateviz.data.provenance import Provenance
from gateviz.files.folders import LineSource
from gateviz.recording import Recording
from gateviz.studies.account import Corpus, CorpusLine

CELL = 4
ALPHABET = Alphabet.from_symbols("abc,. ", blank=0)
GATES = (Quantity.INPUT_GATE, Quantity.FORGET_GATE, Quantity.OUTPUT_GATE)


def emission(text: str) -> Emission:
    """Every symbol is said at the second and third of its four frames."""
    path = np.zeros(CELL * len(text), dtype=int)
    for place, label in enumerate(ALPHABET.encode(text)):
        path[CELL * place + 1 : CELL * place + 3] = label
    log_probs = np.full((len(path), ALPHABET.class_count), np.log(0.01), np.float32)
    log_probs[np.arange(len(path)), path] = np.log(0.9)
    return Emission(log_probs, ALPHABET)


def noise(rng, frames, units, memory=0.7):
    """Noise around 1/2 that remembers, of standard deviation 0.05."""
    made = np.empty((frames, units))
    made[0] = rng.normal(0, 1, units)
    for t in range(1, frames):
        made[t] = memory * made[t - 1] + rng.normal(0, np.sqrt(1 - memory**2), units)
    return 0.5 + 0.05 * made


def planted_corpus(plant=lambda text, layer, direction, series: None, *, lines=30, symbols=24, units=5, seed=0):
    """A corpus of random texts.

    Args:
        plant: is handed the text, the layer, the direction and the dictionary of series (T, H), and changes them.
    """
    rng = np.random.default_rng(seed)
    found = []
    for number in range(lines):
        text = "".join(rng.choice(list("abcabc,. "), symbols))
        # Two spaces in a row, or a mark at the border, would make events that a test does not mean.
        text = "a" + text[1:-1].replace("  ", "ab") + "b"
        traces = []
        for layer in (0, 1):
            for direction in Direction:
                series = {gate: noise(rng, CELL * len(text), units) for gate in GATES}
                plant(text, layer, direction, series)
                values = {gate: np.clip(one, 0, 1).astype(np.float32) for gate, one in series.items()}
                traces.append(GateTrace(layer, direction, values))
        width = 3 * CELL * len(text)
        image = rng.integers(0, 256, (12, width), dtype=np.uint8)
        grid = FrameGrid(CELL * len(text), 3.0, 1.5, 9.0, width)
        recording = Recording(
            image, grid, tuple(traces), emission(text), Provenance(adapter="toy", checkpoint="toy.pt")
        )
        found.append(CorpusLine(LineSource(Path(f"{number}.png"), text), recording, number))
    return Corpus(tuple(found))


def at_punctuation(amount, gate=Quantity.FORGET_GATE):
    """Plants so much into every frame of a mark's cell, in layer 1 forward."""

    def plant(text, layer, direction, series):
        if layer == 1 and direction is Direction.FORWARD:
            for place, symbol in enumerate(text):
                if symbol in ",.":
                    series[gate][CELL * place : CELL * (place + 1)] += amount

    return plant
