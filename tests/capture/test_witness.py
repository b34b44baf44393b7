"""The witness: small where the run is the plain one, and an error that names the place where it is not."""

from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from gateviz.capture.cell_rule import CellRule
from gateviz.capture.edit_plan import EditPlan
from gateviz.capture.edits import clamp
from gateviz.capture.ruled import RuledLSTM
from gateviz.capture.tracing import trace_gates
from gateviz.capture.witness import TOLERANCES, check_calls
from gateviz.data.gates import Quantity
from gateviz.errors import WitnessError


class TwoStorys(nn.Module):
    """Two recurrent modules one above the other, as a CRNN has them."""

    def __init__(self) -> None:
        super().__init__()
        self.lower = nn.LSTM(5, 6, bidirectional=True)
        self.between = nn.Linear(12, 5)
        self.upper = nn.LSTM(5, 4, num_layers=2, bidirectional=True)

    def forward(self, x):
        return self.upper(self.between(self.lower(x)[0]))[0]


def captured(module, *inputs, **options):
    torch.manual_seed(0)
    with torch.no_grad(), trace_gates(module, keep_calls=True, **options) as traces:
        module(*inputs)
    return traces.calls


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_true_run_is_witnessed(kind, layers, bidirectional, bias, dtype):
    torch.manual_seed(1)
    module = kind(5, 6, layers, bias=bias, bidirectional=bidirectional, dtype=dtype)
    states = torch.randn(layers * (1 + bidirectional), 3, 6, dtype=dtype)
    hx = (states, states.flip(0)) if kind is nn.LSTM else states
    witness = check_calls(captured(module, torch.randn(17, 3, 5, dtype=dtype), hx))
    assert witness.tolerance == TOLERANCES[dtype]
    assert witness.largest_difference < (2e-6 if dtype is torch.float32 else 1e-14)
    assert len(witness.differences) == 2 * layers * (1 + bidirectional) + 2
    assert witness.notes == ()


@pytest.mark.parametrize("projection", [0, 4])
@pytest.mark.parametrize("enforce_sorted", [False, True])
def test_packed_lines_and_projections(projection, enforce_sorted):
    torch.manual_seed(2)
    module = nn.LSTM(5, 6, 2, bidirectional=True, proj_size=projection, batch_first=True)
    lengths = [9, 7, 2] if enforce_sorted else [2, 9, 7]
    packed = pack_padded_sequence(torch.randn(3, 9, 5), lengths, batch_first=True, enforce_sorted=enforce_sorted)
    witness = check_calls(captured(module, packed))
    assert witness.largest_difference < 2e-6
    assert len(witness.differences) == 2 * 4 + 2


def test_half_precision_is_compared_within_its_own_means():
    torch.manual_seed(3)
    witness = check_calls(captured(nn.LSTM(5, 6).bfloat16(), torch.randn(12, 2, 5).bfloat16()))
    assert witness.tolerance == 0.1
    assert 0 < witness.largest_difference < 0.1


def test_a_layer_fed_backward_is_compared_as_it_was_fed():
    torch.manual_seed(4)
    module = nn.Sequential(nn.LSTM(5, 6))
    witness = check_calls(captured(module, torch.randn(11, 2, 5), reversed_modules=["0"]))
    assert witness.largest_difference < 2e-6
    assert "0: what was recorded of layer 0 backward" in witness.differences


def test_a_ruled_cell_is_held_against_its_own_equations():
    torch.manual_seed(5)
    rule = CellRule(
        state_limit=0.3, round_hidden=lambda h: (h * 127).round() / 127, sigmoid=lambda z: (z / 4 + 0.5).clamp(0, 1)
    )
    module = RuledLSTM(5, 6, rule=rule)
    with torch.no_grad():
        module.bias_ih_l0 += 0.5
    calls = captured(module, 3 * torch.randn(20, 2, 5))
    cell = calls[0].traces[0][Quantity.CELL_STATE]
    assert float(cell.abs().max()) == pytest.approx(0.3)
    witness = check_calls(calls)
    assert witness.largest_difference < 2e-6
    assert witness.notes == (
        "the layer: no fused kernel computes this cell, so its equations were checked, at every frame",
    )
    textbook = replace(calls[0], call=replace(calls[0].call, rule=CellRule()))
    with pytest.raises(WitnessError, match="what was recorded of layer 0 forward"):
        check_calls([textbook])


def test_parts_of_a_recording_are_witnessed_as_far_as_they_go():
    module, x = TwoStorys(), torch.randn(9, 2, 5)
    gates_only = check_calls(captured(module, x, quantities=["forget_gate", "cell_state"]))
    assert gates_only.largest_difference < 2e-6
    one_layer = check_calls(captured(module, x, layers=[1]))
    assert one_layer.largest_difference < 2e-6
    assert one_layer.notes == (
        "upper: only some of its layers were recorded, so their gates were not worked out by hand",
    )
    assert "upper: output" in one_layer.differences


def swapped(values, one, other):
    return {**values, one: values[other], other: values[one]}


@pytest.mark.parametrize(
    "damage",
    [
        lambda values: swapped(values, Quantity.INPUT_GATE, Quantity.FORGET_GATE),
        lambda values: swapped(values, Quantity.INPUT_GATE, Quantity.OUTPUT_GATE),
        lambda values: swapped(values, Quantity.CANDIDATE, Quantity.OUTPUT_GATE),
        lambda values: {quantity: series.roll(1, 1) for quantity, series in values.items()},
        lambda values: {quantity: series.flip(1) for quantity, series in values.items()},
        lambda values: {quantity: series.roll(1, 2) for quantity, series in values.items()},
        lambda values: {quantity: series.roll(1, 0) for quantity, series in values.items()},
        lambda values: {**values, Quantity.CELL_STATE: values[Quantity.CELL_STATE] * 1.001},
        lambda values: {**values, Quantity.FORGET_GATE: values[Quantity.FORGET_GATE] * float("nan")},
    ],
)
@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_damaged_recordings_are_named_by_their_layer(damage, number):
    """Only the damaged layer's own traces are touched, so the error must name exactly that layer and direction."""
    torch.manual_seed(6)
    module = nn.Sequential(nn.LSTM(5, 6, 2, bidirectional=True))
    (call,) = captured(module, torch.randn(9, 2, 5))
    trace = call.traces[number]
    broken = replace(trace, stored=damage(trace.values), in_step_order=False)
    traces = tuple(broken if each is trace else each for each in call.traces)
    words = f"part at 0: what was recorded of layer {number // 2} {trace.direction} differs by"
    with pytest.raises(WitnessError, match=words):
        check_calls([replace(call, traces=traces)])


def test_single_gates_are_checked_when_no_identity_can_be():
    """With forget and output gate alone nothing follows from the recorded values but what the weights say."""
    torch.manual_seed(7)
    module = nn.LSTM(5, 6)
    (call,) = captured(module, torch.randn(9, 2, 5), quantities=["forget_gate", "output_gate", "hidden_state"])
    assert check_calls([call]).largest_difference < 2e-6
    (trace,) = call.traces
    broken = replace(trace, stored=swapped(trace.values, Quantity.FORGET_GATE, Quantity.OUTPUT_GATE))
    with pytest.raises(WitnessError, match="what was recorded of layer 0 forward differs by 0"):
        check_calls([replace(call, traces=(broken,))])


def test_the_module_that_parted_first_is_named():
    torch.manual_seed(8)
    calls = captured(TwoStorys(), torch.randn(9, 2, 5))
    off = calls[1].result[0].clone()
    off[4, 1, 2] += 0.01
    broken = replace(calls[1], result=(off, *calls[1].result[1:]), traces=())
    with pytest.raises(WitnessError, match=r"at upper: output differs by 0.01, and 0.0001 is allowed; do not trust"):
        check_calls([calls[0], broken])
    state = calls[1].result[2].clone()
    state[3, 0, 0] -= 0.5
    broken = replace(calls[1], result=(*calls[1].result[:2], state), traces=())
    with pytest.raises(WitnessError, match=r"at upper: final state of its layer 1 backward differs by 0.5"):
        check_calls([calls[0], broken])


def test_an_edited_run_parts_from_the_plain_one():
    torch.manual_seed(9)
    plan = EditPlan([clamp("forget_gate", 0.0, layer=1, frames=(3, 4))])
    with pytest.raises(WitnessError, match="at upper: what was recorded of layer 1 forward"):
        check_calls(captured(TwoStorys(), torch.randn(9, 2, 5), edits=plan))


def test_two_runs_of_a_module_are_two_parts():
    module = nn.Sequential(nn.LSTM(5, 6))
    with torch.no_grad(), trace_gates(module, keep_calls=True) as traces:
        module(torch.ones(3, 1, 5))
        module(torch.zeros(3, 1, 5))
    assert {"0: output", "0 (run 2): output"} <= set(check_calls(traces.calls).differences)


def test_dropout_has_no_witness():
    module = nn.LSTM(5, 6, 2, dropout=0.5).train()
    with pytest.raises(WitnessError, match="ran with dropout, which draws anew each time"):
        check_calls(captured(module, torch.randn(9, 2, 5)))


def test_nothing_to_compare_is_no_difference():
    assert check_calls([]).largest_difference == 0.0
