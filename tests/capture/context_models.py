"""Recognizers of a few units whose context is known: a column of the image is a frame."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from gateviz.capture.ctc_recognizer import CtcRecognizer
from gateviz.data.alphabet import Alphabet
from gateviz.data.frames import ColumnMap, FrameGrid
from gateviz.geometry.preprocess import Preprocess
from gateviz.lines.recognizer import PreparedLine, RecognizerCard

ALPHABET = Alphabet.from_symbols("ab", blank=0)
CLASSES = 3


@dataclass(frozen=True)
class Columns:
    """A frame every ``stride`` columns that sees ``field`` of them."""

    stride: int = 1
    field: int = 1

    def frame_grid(self, width):
        count = width // self.stride
        return FrameGrid(count, float(self.stride), self.stride / 2, float(self.field), width)


@dataclass(frozen=True)
class Tiny(CtcRecognizer):
    """Takes the upper rows of an image as they are, in double precision."""

    def prepare(self, image):
        pixels = (np.asarray(image[:CLASSES], dtype=np.float64) / 255.0)[None]
        width = pixels.shape[2]
        return PreparedLine(pixels, ColumnMap(), width, width)


class ByColumn(nn.Module):
    """Convolutions or none, a recurrent module over columns, a head; (B, 1, H, W) to (T, B, classes)."""

    def __init__(self, recurrent, width, *, convolution=None, turned=False):
        super().__init__()
        self.convolution = convolution or nn.Identity()
        self.recurrent = recurrent
        self.head = nn.Linear(width, CLASSES)
        self.turned = turned

    def forward(self, pixels):
        frames = self.convolution(pixels).flatten(1, 2).permute(2, 0, 1)
        hidden = self.recurrent(frames.flip(0) if self.turned else frames)[0]
        return self.head(hidden.flip(0) if self.turned else hidden)


def recognizer(module, *, grid=Columns(), reversed_modules=()):
    return Tiny(
        module.double().eval(),
        ALPHABET,
        RecognizerCard("tiny"),
        Preprocess(()),
        grid,
        "TBC",
        "logits",
        None,
        frozenset(reversed_modules),
    )


def remembering(forget, *, gain=4.0, sharp=20.0, backward=False):
    """Reads the brightest of three rows; unit j is c_j(t) = forget c_j(t-1) + tanh(gain x_j(t)), and looks at no other.

    With ``backward`` there is a second direction of the same weights, and the head adds both.
    """
    lstm = nn.LSTM(CLASSES, CLASSES, bidirectional=backward)
    module = ByColumn(lstm, CLASSES * (2 if backward else 1))
    module.double()
    eye = torch.eye(CLASSES, dtype=torch.float64)
    with torch.no_grad():
        for name, weight in lstm.named_parameters():
            weight.zero_()
            if name.startswith("weight_ih"):
                weight[2 * CLASSES : 3 * CLASSES] = gain * eye
            if name.startswith("bias_ih"):
                weight[:CLASSES] = 1e3
                weight[CLASSES : 2 * CLASSES] = float(np.log(forget) - np.log1p(-forget)) if forget else -1e3
                weight[3 * CLASSES :] = 1e3
        module.head.bias.zero_()
        module.head.weight[:] = torch.cat([sharp * eye] * (2 if backward else 1), 1)
    return module


def written(text, *, width=3, seed=0):
    """The image of a text over the rows blank, a, b: each symbol ``width`` columns, and as many blank ones after it.

    There is one more row, for fewer than four are no line.
    """
    rows = [0]
    for symbol in text:
        rows += ["-ab".index(symbol)] * width + [0] * width
    image = np.zeros((CLASSES + 1, len(rows)), np.uint8)
    image[rows, np.arange(len(rows))] = np.random.default_rng(seed).integers(180, 256, len(rows))
    return image
