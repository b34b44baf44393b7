"""Blanked columns and forgotten states against the same done by hand."""

import numpy as np
import pytest
import torch
from torch import nn

from gateviz.capture.context_rows import Reset, blanked_log_probs, reset_log_probs
from gateviz.capture.recognizer import pixels_of
from gateviz.data.gates import Direction
from gateviz.errors import SelectionError
from tests.capture.context_models import CLASSES, ByColumn, recognizer, remembering, written

BACKWARD = (0, Direction.BACKWARD)


@pytest.fixture
def tiny():
    torch.manual_seed(3)
    return recognizer(ByColumn(nn.LSTM(CLASSES, 4, num_layers=2, bidirectional=True), 8))


def test_what_is_blanked_has_the_color_of_paper(tiny):
    line = tiny.prepare(written("ab"))
    found = blanked_log_probs(tiny, line, [None, (2.0, 9.0), (-np.inf, 4.4)])
    by_hand = [pixels_of(line).clone() for _ in range(3)]
    paper = pixels_of(line).median()
    by_hand[1][:, :, :2] = paper
    by_hand[1][:, :, 9:] = paper
    # The center of column 4 is 4.5.
    by_hand[2][:, :, 4:] = paper
    with torch.no_grad():
        expected = tiny.log_probs(torch.stack(by_hand))
    assert torch.equal(found, expected)


def test_a_network_without_memory_loses_nothing_that_lies_elsewhere():
    tiny = recognizer(remembering(0.0))
    line = tiny.prepare(written("ab"))
    plain, blanked = blanked_log_probs(tiny, line, [None, (4.0, 7.0)])
    assert torch.equal(plain[4:7], blanked[4:7])
    assert not torch.allclose(plain[7:], blanked[7:])
    plain, reset = reset_log_probs(tiny, pixels_of(line), [None, Reset(forward=5)])
    assert torch.equal(plain, reset)


def halves(layer, x, forward=0, backward=None):
    """Both halves of a bidirectional layer, each begun anew at a frame; what came before stays."""
    plain = layer(x)[0]
    size = plain.shape[2] // 2
    outputs = [plain[..., :size].clone(), plain[..., size:].clone()]
    outputs[0][forward:] = layer(x[forward:])[0][..., :size]
    if backward is not None:
        outputs[1][: backward + 1] = layer(x[: backward + 1])[0][..., size:]
    return torch.cat(outputs, 2)


@torch.no_grad()
def test_every_reset_is_the_layer_begun_anew(tiny):
    line = tiny.prepare(written("abba"))
    x = pixels_of(line)[:, :, :].flatten(0, 1).t()[:, None]
    layers = []
    for index, width in enumerate((CLASSES, 8)):
        layers.append(nn.LSTM(width, 4, bidirectional=True).double())
        state = tiny.module.recurrent.state_dict()
        layers[-1].load_state_dict(
            {key.replace(f"_l{index}", "_l0"): value for key, value in state.items() if f"_l{index}" in key}
        )
    resets = {
        Reset(forward=6): [(6, None), (6, None)],
        Reset(backward=9): [(0, 9), (0, 9)],
        Reset(6, 9): [(6, 9), (6, 9)],
        Reset(6, 9, frozenset({(1, Direction.FORWARD)})): [(0, None), (6, None)],
        Reset(6, 9, frozenset({BACKWARD})): [(0, 9), (0, None)],
    }
    found = reset_log_probs(tiny, pixels_of(line), [None, *resets])
    assert torch.allclose(found[0], tiny.log_probs(pixels_of(line)[None])[0], atol=1e-6)
    for row, ends in zip(found[1:], resets.values(), strict=True):
        hidden = halves(layers[1], halves(layers[0], x, *ends[0]), *ends[1])
        assert torch.allclose(row, tiny.module.head(hidden)[:, 0].log_softmax(-1).float(), atol=1e-6)
        assert not torch.allclose(row, found[0], atol=1e-4)


@torch.no_grad()
def test_a_layer_that_is_fed_the_line_backward_forgets_what_lies_to_the_right():
    torch.manual_seed(0)
    module = ByColumn(nn.LSTM(CLASSES, 4), 4, turned=True)
    tiny = recognizer(module, reversed_modules=["recurrent"])
    pixels = pixels_of(tiny.prepare(written("ab")))
    plain, forgot, other = reset_log_probs(tiny, pixels, [None, Reset(backward=6), Reset(forward=6)])
    assert torch.equal(plain, other)
    assert torch.equal(plain[7:], forgot[7:])
    assert torch.allclose(forgot[:7], tiny.log_probs(pixels[None, :, :, :7])[0], atol=1e-6)
    assert not torch.allclose(plain[:7], forgot[:7], atol=1e-4)


def test_a_gru_forgets_too():
    torch.manual_seed(0)
    tiny = recognizer(ByColumn(nn.GRU(CLASSES, 4), 4))
    pixels = pixels_of(tiny.prepare(written("ab")))
    found = reset_log_probs(tiny, pixels, [Reset(forward=5)])[0]
    with torch.no_grad():
        assert torch.allclose(found[5:], tiny.log_probs(pixels[None, :, :, 5:])[0], atol=1e-6)


def test_a_layer_that_is_not_there(tiny):
    pixels = pixels_of(tiny.prepare(written("ab")))
    with pytest.raises(SelectionError, match="layer 7 forward was to be reset; the layers of this network are 0 "):
        reset_log_probs(tiny, pixels, [Reset(3, None, frozenset({(7, Direction.FORWARD)}))])
