"""Lines whose context is known, and networks of which it can or cannot be measured."""

import pytest
import torch
from PIL import Image
from torch import nn

from gateviz.data.gates import Direction
from gateviz.files.folders import LineSource
from gateviz.studies.corpus import record_corpus
from tests.capture.context_models import CLASSES, ByColumn, recognizer, written

TEXTS = ("abab", "aabb", "ba", "abba", "bbab", "baba")
# A symbol is three columns and three blank ones.
PITCH = 6.0
FORWARD = (0, Direction.FORWARD)


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lines")
    found = []
    for number, text in enumerate(TEXTS):
        Image.fromarray(written(text, seed=number)).save(folder / f"{number}.png")
        found.append(LineSource(folder / f"{number}.png", text))
    return found


def recorded(module, sources):
    """A recognizer around a module, and the corpus as it reads it."""
    tiny = recognizer(module)
    return tiny, record_corpus(tiny, sources)


class Rounded(nn.Module):
    def forward(self, pixels):
        return (pixels * 127).round() / 127


class Rounding(ByColumn):
    """Rounds its frames, as a network of integers does."""

    def __init__(self):
        torch.manual_seed(0)
        super().__init__(nn.LSTM(CLASSES, 4), 4, convolution=Rounded())


class Deaf(ByColumn):
    """Its layer hands on rounded states: not even its own input has a gradient."""

    def __init__(self):
        torch.manual_seed(0)
        super().__init__(nn.LSTM(CLASSES, 4), 4)
        with torch.no_grad():
            self.recurrent.weight_ih_l0.zero_()
