"""Lines and a recognizer that reads them exactly: the gray level of four columns is the label of a frame."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from gateviz.capture.ctc_recognizer import CtcRecognizer
from gateviz.data.alphabet import Alphabet
from gateviz.data.frames import FrameGrid
from gateviz.errors import GeometryError
from gateviz.geometry.preprocess import Gray, Preprocess
from gateviz.lines.recognizer import RecognizerCard
from gateviz.typesetting.lines import TrainingLine

ALPHABET = Alphabet.from_symbols(("a", "b", "l", "中", " "), blank=0)
LABELS = {"-": 0, "a": 1, "b": 2, "l": 3, "中": 4, " ": 5}
COLUMNS = 4
STEP = 20


class Barcode(nn.Module):
    """Posteriors that favor the label whose gray level a frame has."""

    def __init__(self) -> None:
        super().__init__()
        self.levels = nn.Parameter(torch.arange(ALPHABET.class_count) * float(STEP))
        self.sizes: list[int] = []

    def forward(self, pixels):
        self.sizes.append(len(pixels))
        frames = pixels.mean((1, 2)).unfold(1, COLUMNS, COLUMNS).mean(2)
        return -(frames[:, :, None] - self.levels).abs()


@dataclass(frozen=True)
class EveryFour:
    """Frames of four columns each."""

    def frame_grid(self, width: int) -> FrameGrid:
        if width < COLUMNS:
            raise GeometryError(f"an input of {width} columns gives no frame")
        return FrameGrid(width // COLUMNS, float(COLUMNS), COLUMNS / 2, float(COLUMNS), width)


def barcode_recognizer() -> CtcRecognizer:
    return CtcRecognizer(
        Barcode().eval(),
        ALPHABET,
        RecognizerCard("barcode", checkpoint="bars.pt", checkpoint_sha256="00ff"),
        Preprocess((Gray(),)),
        EveryFour(),
        "BTC",
        "logits",
    )


def bars(path: str) -> np.ndarray:
    """The image that is read along this path, a label a frame; ``-`` is the blank."""
    levels = np.array([LABELS[label] * STEP for label in path], np.uint8)
    return np.repeat(levels, COLUMNS)[None].repeat(8, axis=0)


def bar_line(text: str, path: str, columns: Sequence[tuple[float, float]] | None = None, **about: str) -> TrainingLine:
    known = None if columns is None else np.array(columns, np.float32).reshape(-1, 2)
    return TrainingLine(bars(path), text, known, **about)
