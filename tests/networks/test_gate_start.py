"""Where gates stand before training."""

import pytest
import torch
from torch import nn

import gateviz
from gateviz.networks.crnn import CRNN, CrnnConfig, spread_memory


def gate_biases(part: nn.Module, suffix: str, gates: int) -> tuple[torch.Tensor, ...]:
    """What is added to each gate's inputs in all."""
    total = getattr(part, f"bias_ih_{suffix}") + getattr(part, f"bias_hh_{suffix}")
    return total.detach().chunk(gates)


@pytest.mark.parametrize("suffix", ["l0", "l0_reverse", "l1", "l1_reverse"])
def test_a_cell_starts_as_an_average_over_one_to_sixteen_frames(suffix):
    torch.manual_seed(0)
    part = nn.LSTM(8, 400, 2, bidirectional=True)
    others = [gate.clone() for gate in gate_biases(part, suffix, 4)[2:]]
    spread_memory(part, 16)
    i, f, g, o = gate_biases(part, suffix, 4)
    torch.testing.assert_close(i.sigmoid() + f.sigmoid(), torch.ones(400))
    frames = f.exp()
    assert frames.min() >= 1
    assert frames.max() <= 15
    assert abs(float(frames.mean()) - 8) < 1
    for left, before in zip((g, o), others, strict=True):
        assert torch.equal(left, before)


def test_a_gru_keeps_by_its_update_gate():
    torch.manual_seed(0)
    part = nn.GRU(8, 400)
    r, z, n = (part.bias_ih_l0.detach().clone().chunk(3)[k] for k in range(3))
    spread_memory(part, 16)
    after = part.bias_ih_l0.detach().chunk(3)
    assert torch.equal(after[0], r)
    assert torch.equal(after[2], n)
    assert float(after[1].exp().min()) >= 1
    assert not torch.equal(after[1], z)
    assert torch.count_nonzero(part.bias_hh_l0[400:800]) == 0


def test_without_inputs_a_unit_forgets_in_the_time_it_was_given():
    """With weights and candidates at zero, c decays by f = u / (u + 1) at every frame, whatever the input."""
    torch.manual_seed(1)
    part = nn.LSTM(3, 5)
    spread_memory(part)
    with torch.no_grad():
        for name, weight in part.named_parameters():
            if name.startswith("weight"):
                weight.zero_()
        i, f, g, _ = gate_biases(part, "l0", 4)
        c0 = torch.ones(1, 1, 5)
        with gateviz.trace_gates(part) as traces:
            part(torch.randn(4, 1, 3), (torch.zeros(1, 1, 5), c0))
        cell, wanted = traces[0]["cell_state"][0], c0[0, 0]
        for frame in range(4):
            wanted = f.sigmoid() * wanted + i.sigmoid() * g.tanh()
            torch.testing.assert_close(cell[frame], wanted)


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_a_new_recognizer_starts_so(kind):
    model = CRNN(CrnnConfig(5, "vgg_narrow", kind, 16, 2, backbone_scale=0.1))
    part = model.recurrent
    assert part is not None
    kept = gate_biases(part, "l1_reverse", 4 if kind == "lstm" else 3)[1]
    assert float(kept.min()) >= 0
    assert float(kept.max()) > 1
