"""gateviz's own network: what comes out at which width, what it is made of, where it looks."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from gateviz.capture.receptive_layers import axis_geometry
from gateviz.errors import ShapeError
from gateviz.networks.crnn import CRNN, CrnnConfig
from gateviz.networks.mobilenet_v3 import mobilenet_v3
from gateviz.networks.vgg import vgg, vgg_small

_spec = importlib.util.spec_from_file_location(
    "gradient_proof", Path(__file__).parents[1] / "capture" / "gradient_proof.py"
)
proof = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(proof)

BACKBONES = ("vgg", "vgg_small", "mobilenet_v3")
# Output channels, frames at W columns, center of frame 0, receptive field, parameters.
FACTS = {
    "vgg": (512, lambda w: w // 4 + 1, 0.0, 54.0, 5_549_824),
    "vgg_small": (384, lambda w: w // 4, 2.0, 34.0, 1_846_080),
    "mobilenet_v3": (480, lambda w: (w + 1) // 4, 1.5, 89.0, 777_878),
}


def small(backbone, **options):
    settings = {"hidden_size": 6, "backbone_scale": 0.1, **options}
    torch.manual_seed(0)
    return CRNN(CrnnConfig(7, backbone=backbone, **settings)).eval()


def parameters(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize("backbone", BACKBONES)
def test_the_facts_of_each_backbone(backbone):
    channels, frames, first_center, receptive_field, count = FACTS[backbone]
    module, outputs = {"vgg": vgg, "vgg_small": vgg_small, "mobilenet_v3": mobilenet_v3}[backbone](1, 32)
    assert outputs == channels
    assert parameters(module) == count
    geometry = axis_geometry(module)
    assert (geometry.first_center, geometry.stride, geometry.receptive_field) == (first_center, 4.0, receptive_field)
    assert geometry.whole_line == (backbone == "mobilenet_v3")
    with torch.inference_mode():
        assert module.eval()(torch.zeros(1, 1, 32, 160)).shape == (1, channels, 1, frames(160))


def test_the_paper_counts_its_own_parameters():
    # arXiv 1507.05717, table 1: 3 x 3 convolutions 64 to 512, a 2 x 2 one at the end, two batch norms.
    sizes = ((1, 64, 9), (64, 128, 9), (128, 256, 9), (256, 256, 9), (256, 512, 9), (512, 512, 9), (512, 512, 4))
    weights = sum(inputs * outputs * window for inputs, outputs, window in sizes)
    biases, norms = 64 + 128 + 256 + 256 + 512, 2 * 2 * 512
    assert FACTS["vgg"][-1] == weights + biases + norms
    assert FACTS["vgg_small"][-1] / FACTS["vgg"][-1] == pytest.approx(1 / 3, abs=0.005)


@pytest.mark.parametrize("backbone", BACKBONES)
@pytest.mark.parametrize("height", [32, 48])
def test_any_width_gives_the_predicted_frames(backbone, height):
    model = small(backbone, height=height)
    geometry = axis_geometry(model.backbone)
    frames = FACTS[backbone][1]
    with torch.inference_mode():
        for width in [*range(geometry.minimum_width, geometry.minimum_width + 12), 100, 163]:
            logits = model(torch.zeros(1, 1, height, width))
            assert logits.shape == (1, geometry.frame_count(width), 7)
            assert geometry.frame_count(width) == frames(width)


@pytest.mark.parametrize("backbone", ["vgg", "vgg_small"])
def test_the_gradient_agrees_with_the_geometry(backbone):
    module = proof.averaging(proof.make_positive(small(backbone, backbone_scale=0.03).backbone))
    geometry = axis_geometry(module)
    spans = proof.supports(module, 1, 32, 83)
    assert [geometry.seen_columns(t, 83) for t in range(len(spans))] == [tuple(span) for span in spans.tolist()]


def test_squeeze_and_excitation_shows_the_whole_line_and_nothing_else_does():
    # Weights that are all positive drive the hard gates into saturation, where they have no gradient: random ones.
    torch.manual_seed(1)
    module = proof.averaging(small("mobilenet_v3").backbone.double())
    geometry = axis_geometry(module)
    width = 101
    spans = proof.supports(module, 1, 32, width)
    assert spans.tolist() == [[0, width]] * geometry.frame_count(width)
    assert [geometry.seen_columns(t, width) for t in range(len(spans))] == [(0, width)] * len(spans)
    for layer in module.modules():
        if type(layer).__name__ == "Squeeze":
            layer.gate = nn.Sequential(nn.Identity())
    local = axis_geometry(module)
    assert not local.whole_line
    assert local.receptive_field == geometry.receptive_field == 89.0
    local_spans = proof.supports(proof.make_positive(module), 1, 32, width)
    assert [local.seen_columns(t, width) for t in range(len(spans))] == [tuple(span) for span in local_spans.tolist()]


@pytest.mark.parametrize(
    ("options", "kind", "features"),
    [
        ({"recurrent": "lstm", "depth": 3}, nn.LSTM, 12),
        ({"recurrent": "gru", "depth": 1}, nn.GRU, 12),
        ({"recurrent": "lstm", "bidirectional": False}, nn.LSTM, 6),
        ({"recurrent": "none"}, type(None), 38),
    ],
    ids=["lstm", "gru", "one way", "none"],
)
def test_the_recurrent_part(options, kind, features):
    model = small("vgg_small", **options)
    assert type(model.recurrent) is kind
    assert model.head.in_features == features
    if model.recurrent is not None:
        assert model.recurrent.num_layers == options.get("depth", 2)
        assert model.recurrent.hidden_size == 6
    with torch.inference_mode():
        assert model(torch.zeros(2, 1, 32, 64)).shape == (2, 16, 7)


def test_without_a_recurrent_part_a_frame_sees_its_receptive_field_only():
    model = proof.make_positive(small("vgg_small", recurrent="none", backbone_scale=0.03))
    image = torch.rand(1, 1, 32, 100, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(proof.averaging(model)(image)[0, 10].sum(), image)
    touched = np.flatnonzero(gradient.abs().sum(dim=(0, 1, 2)).numpy())
    assert (touched[0], touched[-1] + 1) == axis_geometry(model.backbone).seen_columns(10, 100)


def test_paddles_mobile_recognizer_has_this_size():
    model = CRNN(CrnnConfig(6625, backbone="mobilenet_v3", hidden_size=96, channels=3))
    assert model.recurrent.input_size == 480
    assert model.head.in_features == 192


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"backbone": "alexnet"}, "the backbone 'alexnet' and the recurrent part 'lstm' was asked for; there are vgg"),
        ({"recurrent": "rnn"}, "the recurrent part 'rnn' was asked for"),
        ({"height": 30}, "images of 30 rows was asked for; give a multiple of 16"),
        ({"hidden_size": 0}, "needs at least one class, unit, layer and channel"),
        ({"dropout": 1.0}, r"drop the share 1\.0 of its values"),
    ],
)
def test_impossible_configs_are_refused(settings, words):
    with pytest.raises(ShapeError, match=words):
        CrnnConfig(5, **settings)
