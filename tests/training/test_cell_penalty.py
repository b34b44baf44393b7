"""Cells that grow too large, as the penalty sees them."""

import numpy as np
import pytest
import torch
from torch import nn

from gateviz.training.layered_crnn import LayerPass
from gateviz.training.loss import CELL_LIMIT, cell_penalty


def adding_layer(bidirectional: bool = True) -> nn.LSTM:
    """Input and forget gate near 1: the cells only add up."""
    torch.manual_seed(5)
    layer = nn.LSTM(3, 4, batch_first=True, bidirectional=bidirectional).double()
    with torch.no_grad():
        for name, bias in layer.named_parameters():
            if name.startswith("bias_ih"):
                bias[:8] = 4.0
                bias[8:12] = 1.5
    return layer


def passed(layer: nn.LSTM, lines: int = 4) -> LayerPass:
    inputs = torch.randn(lines, 12, 3, generator=torch.Generator().manual_seed(2)).double()
    return LayerPass(layer, inputs, layer(inputs)[0])


def by_hand(layer: nn.LSTM, inputs: np.ndarray) -> float:
    """The recurrence step by step, in numpy."""
    excess = []
    for suffix, order in (("", 1), ("_reverse", -1)):
        w_x, w_h, b_x, b_h = (
            getattr(layer, f"{name}_l0{suffix}").detach().numpy()
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        for line in inputs:
            h, c = np.zeros(4), np.zeros(4)
            for x in line[::order]:
                i, f, g, o = np.split(w_x @ x + b_x + w_h @ h + b_h, 4)
                c = c / (1 + np.exp(-f)) + np.tanh(g) / (1 + np.exp(-i))
                h = np.tanh(c) / (1 + np.exp(-o))
                excess.append(np.maximum(np.abs(c) - CELL_LIMIT, 0) ** 2)
    return float(np.mean(excess))


def test_it_is_the_mean_square_by_which_cells_pass_their_limit():
    each = passed(adding_layer())
    expected = by_hand(each.layer, each.inputs[:2].numpy())
    assert expected > 1
    assert float(cell_penalty([each]).detach()) == pytest.approx(expected, rel=1e-5)


def test_cells_within_their_limit_cost_nothing():
    torch.manual_seed(5)
    assert float(cell_penalty([passed(nn.LSTM(3, 4, batch_first=True).double())]).detach()) == 0


def test_a_step_against_its_gradient_makes_it_smaller():
    layer = adding_layer()
    before = cell_penalty([passed(layer)])
    before.backward()
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter -= 1e-3 * parameter.grad
    after = cell_penalty([passed(layer)])
    assert float(after.detach()) < float(before.detach())


def test_its_gradient_is_that_of_differences():
    """By the first weights of every matrix, moved a little; the hidden states move with them."""
    layer = adding_layer()
    cell_penalty([passed(layer)], share=1.0).backward()
    for parameter in layer.parameters():
        values = []
        for move in (1e-2, -1e-2):
            with torch.no_grad():
                parameter.view(-1)[0] += move
                values.append(float(cell_penalty([passed(layer)], share=1.0)))
                parameter.view(-1)[0] -= move
        assert float(parameter.grad.view(-1)[0]) == pytest.approx((values[0] - values[1]) / 2e-2, rel=2e-2, abs=2e-3)
