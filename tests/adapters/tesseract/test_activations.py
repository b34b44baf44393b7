import math

import numpy as np
import pytest
import torch

from gateviz.adapters.tesseract.activations import log_softmax, tabled_logistic, tabled_tanh, to_int8_steps

F = np.float32
TABLES = {
    "tanh": [F(math.tanh(index / 256)) for index in range(4096)],
    "logistic": [F(1 / (1 + math.exp(-index / 256))) for index in range(4096)],
}


def by_table(name, x):
    """The definition, one number at a time in single precision."""
    if x < 0:
        return -by_table(name, -x) if name == "tanh" else F(1) - by_table(name, -x)
    scaled = F(x) * F(256)
    index = int(scaled)
    if index >= 4095:
        return F(1)
    low, high = TABLES[name][index], TABLES[name][index + 1]
    return low + (high - low) * (scaled - F(index))


@pytest.mark.parametrize(("name", "function"), [("tanh", tabled_tanh), ("logistic", tabled_logistic)])
def test_tables_are_read_bit_for_bit(name, function):
    rng = np.random.default_rng(0)
    edges = [0.0, 1 / 256, -1 / 256, 15.99, 4095 / 256, -4095 / 256, 15.997, 16.0, -16.0, 1e30, -1e30]
    numbers = np.concatenate([rng.normal(0, 3, 3000), rng.normal(0, 0.01, 500), edges]).astype(F)
    found = function(torch.from_numpy(numbers)).numpy()
    np.testing.assert_array_equal(found, np.array([by_table(name, x) for x in numbers], F))


def test_tables_are_close_to_the_functions():
    x = torch.linspace(-20, 20, 40001)
    assert (tabled_tanh(x) - torch.tanh(x)).abs().max() < 2e-6
    assert (tabled_logistic(x) - torch.sigmoid(x)).abs().max() < 1e-6


def test_double_precision_sums_are_taken_in_single_precision():
    x = torch.tensor([0.123456789012345], dtype=torch.float64)
    assert tabled_tanh(x).dtype == torch.float32
    assert torch.equal(tabled_tanh(x), tabled_tanh(x.float()))


def test_rounding_to_int8_goes_away_from_zero_and_stops_at_127():
    x = torch.tensor([0.5, 1.5, -0.5, -1.5, 0.49, 300.0, -300.0, 0.0]) / 127
    assert (to_int8_steps(x) * 127).round().tolist() == [1, 2, -1, -2, 0, 127, -127, 0]
    assert to_int8_steps(x).dtype == torch.float64


def test_the_gradient_passes_the_rounding():
    x = torch.tensor([0.1, -0.7], requires_grad=True)
    rounded = to_int8_steps(x)
    (rounded * torch.tensor([2.0, 3.0])).sum().backward()
    assert x.grad.tolist() == [2.0, 3.0]
    assert torch.equal(rounded.detach(), to_int8_steps(x.detach()))


def test_softmax_keeps_logits_within_86_of_the_largest():
    log_probs = log_softmax(torch.tensor([[0.0, -200.0]]))
    assert log_probs[0].tolist() == pytest.approx([0.0, -86.0], abs=1e-6)
