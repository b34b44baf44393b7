"""A network as it learns, and the plain one that is left of it."""

import pytest
import torch
from torch import nn

from gateviz.networks.crnn import CRNN, CrnnConfig
from gateviz.training.layered_crnn import LayeredCRNN

TINY = {"backbone": "vgg_narrow", "hidden_size": 5, "backbone_scale": 0.1}


def crnn(**network) -> CRNN:
    torch.manual_seed(3)
    return CRNN(CrnnConfig(7, **{**TINY, **network})).double()


def images(count: int = 6) -> torch.Tensor:
    return torch.rand(count, 1, 32, 48, generator=torch.Generator().manual_seed(1)).double()


SHAPES = [{}, {"depth": 1}, {"depth": 3, "bidirectional": False}, {"recurrent": "gru"}]


@pytest.mark.parametrize("network", SHAPES)
def test_without_norms_it_is_the_network_it_was_made_of(network):
    model = crnn(**network).eval()
    layered = LayeredCRNN(model, normalized=False).eval()
    torch.testing.assert_close(layered(images()), model(images()))


@pytest.mark.parametrize("network", SHAPES)
def test_the_plain_network_computes_what_the_normalized_one_does(network):
    """After some steps, so that the norms have seen features that are far from normal."""
    layered = LayeredCRNN(crnn(**network), normalized=True).double().train()
    optimizer = torch.optim.SGD(layered.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        layered(images()).square().mean().backward()
        optimizer.step()
    layered.eval()
    plain = layered.plain()
    assert any(float(norm.running_mean.abs().max()) > 0.01 for norm in layered.norms)
    torch.testing.assert_close(plain(images()), layered(images()), rtol=1e-9, atol=1e-11)
    assert type(plain.recurrent) in (nn.LSTM, nn.GRU)
    assert list(plain.state_dict()) == list(crnn(**network).state_dict())


@pytest.mark.parametrize("network", SHAPES)
def test_norms_put_between_trained_layers_leave_what_they_compute(network):
    model = crnn(**network).eval()
    before = model(images())
    layered = LayeredCRNN(model, normalized=True).double()
    layered.settle(images(3) + 0.5)
    assert all(float(norm.running_mean.abs().max()) > 1e-4 for norm in layered.norms)
    torch.testing.assert_close(layered(images()), before, rtol=1e-9, atol=1e-11)
    torch.testing.assert_close(layered.plain()(images()), before, rtol=1e-9, atol=1e-11)
    layered.train()(images(3) + 0.5)
    read = layered.passes[0].inputs.detach().flatten(0, 1)
    torch.testing.assert_close(read.mean(0), torch.zeros_like(read[0]), rtol=0, atol=1e-9)


def test_the_plain_network_is_a_copy(tmp_path):
    layered = LayeredCRNN(crnn(), normalized=True).double().eval()
    plain = layered.plain()
    before = plain(images()).clone()
    with torch.no_grad():
        for parameter in layered.parameters():
            parameter.add_(1)
    torch.testing.assert_close(plain(images()), before)


def test_what_the_layers_read_has_mean_zero_and_deviation_one_in_training():
    layered = LayeredCRNN(crnn(), normalized=True).double().train()
    layered(images(20))
    for each in layered.passes:
        read = each.inputs.detach().flatten(0, 1)
        torch.testing.assert_close(read.mean(0), torch.zeros_like(read[0]), rtol=0, atol=1e-9)
        assert float(read.var(0, unbiased=False).max()) == pytest.approx(1, abs=0.01)


def test_passes_are_kept_only_where_gradients_flow():
    layered = LayeredCRNN(crnn(), normalized=True).double().eval()
    with torch.inference_mode():
        layered(images())
    assert layered.passes == ()
