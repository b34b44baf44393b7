"""The instrumented LSTM returns what nn.LSTM returns, over all of its options, and records what the cell does."""

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from gateviz.capture.instrumented import InstrumentedGRU, InstrumentedLSTM
from gateviz.capture.instrumented_cells import InstrumentedGRUCell, InstrumentedLSTMCell
from gateviz.data.gates import LSTM_QUANTITIES, Direction, Quantity
from gateviz.errors import SelectionError

# PyTorch says so of every plain LSTM with a projection, too.
pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")

TOLERANCE = {torch.float32: 1e-6, torch.float64: 1e-14, torch.bfloat16: 1e-2}


def unrolled_lstm(lstm, x, states):
    """Every series of every layer and direction by nn.LSTMCell's equations, one line at a time.

    ``x`` is one line (T, D), ``states`` pairs of h and c of each layer and direction.
    """
    series = {}
    for layer in range(lstm.num_layers):
        outputs = []
        for index in range(2 if lstm.bidirectional else 1):
            name = f"l{layer}" + ("_reverse" if index else "")
            weight_ih, weight_hh = getattr(lstm, f"weight_ih_{name}"), getattr(lstm, f"weight_hh_{name}")
            h, c = states[len(series)]
            rows = []
            for frame in x.flip(0) if index else x:
                z = weight_ih @ frame + weight_hh @ h
                if lstm.bias:
                    z = z + getattr(lstm, f"bias_ih_{name}") + getattr(lstm, f"bias_hh_{name}")
                z_i, z_f, z_g, z_o = z.chunk(4)
                i, f, g, o = torch.sigmoid(z_i), torch.sigmoid(z_f), torch.tanh(z_g), torch.sigmoid(z_o)
                c = f * c + i * g
                h = o * torch.tanh(c)
                if lstm.proj_size:
                    h = getattr(lstm, f"weight_hr_{name}") @ h
                rows.append((i, f, g, o, c, h))
            if index:
                rows.reverse()
            direction = Direction.BACKWARD if index else Direction.FORWARD
            series[layer, direction] = {
                quantity: torch.stack([row[number] for row in rows]) for number, quantity in enumerate(LSTM_QUANTITIES)
            }
            outputs.append(series[layer, direction][Quantity.HIDDEN_STATE])
        x = torch.cat(outputs, 1)
    return series


def assert_same(found, expected, tolerance):
    assert found.shape == expected.shape
    assert found.dtype == expected.dtype
    torch.testing.assert_close(found, expected, rtol=0, atol=tolerance)


GRID = [
    (dtype, layers, bidirectional, bias, proj, batch_first)
    for dtype, layers, bidirectional, bias, proj, batch_first in product(
        (torch.float32, torch.float64, torch.bfloat16), (1, 3), (False, True), (False, True), (0, 4), (False, True)
    )
]


@pytest.mark.parametrize("grad", [False, True])
@pytest.mark.parametrize(("dtype", "layers", "bidirectional", "bias", "proj", "batch_first"), GRID)
def test_outputs_and_gates_over_the_grid(dtype, layers, bidirectional, bias, proj, batch_first, grad):
    torch.manual_seed(7)
    lstm = nn.LSTM(
        5, 6, layers, bias=bias, batch_first=batch_first, bidirectional=bidirectional, proj_size=proj, dtype=dtype
    )
    recording = InstrumentedLSTM.from_lstm(lstm)
    tolerance = TOLERANCE[dtype]
    x = torch.randn(2, 9, 5, dtype=dtype)
    count = layers * (2 if bidirectional else 1)
    state = (torch.randn(count, 2, proj or 6, dtype=dtype), torch.randn(count, 2, 6, dtype=dtype))
    given_x = x if batch_first else x.transpose(0, 1)
    for hx in (None, state):
        with torch.set_grad_enabled(grad):
            output, (hidden, cell) = recording(given_x, hx)
            plain, (plain_hidden, plain_cell) = lstm(given_x, hx)
        assert_same(output, plain, tolerance)
        assert_same(hidden, plain_hidden, tolerance)
        assert_same(cell, plain_cell, tolerance)
    for line in range(2):
        with torch.no_grad():
            expected = unrolled_lstm(lstm, x[line], [(state[0][k, line], state[1][k, line]) for k in range(count)])
        assert [(trace.layer, trace.direction) for trace in recording.traces] == list(expected)
        for trace in recording.traces:
            for quantity, series in expected[trace.layer, trace.direction].items():
                # bfloat16 rounds each sum of a longer chain once more: 2^-8 a step.
                bound = 5e-2 if dtype is torch.bfloat16 else 5 * tolerance
                assert_same(trace[quantity][line].detach(), series, bound)
                row = trace.line(line)[quantity]
                assert row.dtype == np.float32
                np.testing.assert_allclose(row, series.float().numpy(), rtol=0, atol=max(bound, 1e-6))


@pytest.mark.parametrize("grad", [False, True])
@pytest.mark.parametrize("kind", ["lstm", "gru"])
@pytest.mark.parametrize("enforce_sorted", [False, True])
def test_packed_lines_of_different_lengths(kind, enforce_sorted, grad):
    torch.manual_seed(3)
    plain_class, from_plain = (
        (nn.LSTM, InstrumentedLSTM.from_lstm) if kind == "lstm" else (nn.GRU, InstrumentedGRU.from_gru)
    )
    plain = plain_class(5, 6, 2, bidirectional=True, batch_first=True, dtype=torch.float64)
    recording = from_plain(plain)
    lengths = [8, 5, 3] if enforce_sorted else [3, 8, 5]
    x = torch.randn(3, 8, 5, dtype=torch.float64)
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=enforce_sorted)
    with torch.set_grad_enabled(grad):
        output, state = recording(packed)
        expected, expected_state = plain(packed)
    assert isinstance(output, PackedSequence)
    torch.testing.assert_close(output.data, expected.data, rtol=0, atol=1e-14)
    torch.testing.assert_close(state, expected_state, rtol=0, atol=1e-14)
    padded, _ = pad_packed_sequence(expected, batch_first=True)
    forward, backward = recording.traces[2:]
    joined = torch.cat([forward["hidden_state"], backward["hidden_state"]], 2)
    torch.testing.assert_close(joined, padded, rtol=0, atol=1e-14)
    # Each line by itself gives the same series, and nothing is recorded past its end.
    alone = from_plain(plain)
    for line, length in enumerate(lengths):
        alone(x[line : line + 1, :length])
        for ours, theirs in zip(recording.traces, alone.traces, strict=True):
            assert ours.lengths == tuple(lengths)
            for quantity in ours.values:
                torch.testing.assert_close(ours[quantity][line, :length], theirs[quantity][0], rtol=0, atol=1e-14)
                assert not ours[quantity][line, length:].any()
            assert ours.line(line).frame_count == length


@pytest.mark.parametrize("layer", [nn.LSTM(5, 6, 2, bidirectional=True), nn.GRU(5, 6, 2, bidirectional=True)])
def test_a_single_line_without_batch_axis(layer):
    twin = InstrumentedLSTM.from_lstm(layer) if isinstance(layer, nn.LSTM) else InstrumentedGRU.from_gru(layer)
    x = torch.randn(7, 5)
    with torch.no_grad():
        torch.testing.assert_close(twin(x), layer(x), rtol=0, atol=1e-6)
    assert twin.traces[0]["hidden_state"].shape == (1, 7, 6)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("grad", [False, True])
def test_dropout_draws_as_pytorch_draws(grad, packed):
    torch.manual_seed(0)
    lstm = nn.LSTM(5, 6, 3, dropout=0.4, bidirectional=True)
    recording = InstrumentedLSTM.from_lstm(lstm)
    assert recording.training
    x = torch.randn(9, 2, 5)
    given_x = pack_padded_sequence(x, [9, 4]) if packed else x
    with torch.set_grad_enabled(grad):
        torch.manual_seed(1)
        expected = lstm(given_x)[0]
        torch.manual_seed(1)
        found = recording(given_x)[0]
        other = recording(given_x)[0]
    data = [each.data if packed else each for each in (found, expected, other)]
    torch.testing.assert_close(data[0], data[1], rtol=0, atol=1e-6)
    assert not torch.allclose(data[2], data[1])


@settings(max_examples=25)
@given(
    frames=st.integers(1, 12),
    batch=st.integers(1, 5),
    features=st.integers(1, 70),
    units=st.sampled_from([1, 3, 16, 33, 64, 128]),
    bidirectional=st.booleans(),
    seed=st.integers(0, 100),
)
def test_any_shape_agrees_with_the_unrolled_cell(frames, batch, features, units, bidirectional, seed):
    torch.manual_seed(seed)
    lstm = nn.LSTM(features, units, bidirectional=bidirectional)
    recording = InstrumentedLSTM.from_lstm(lstm)
    x = torch.randn(frames, batch, features)
    zeros = [(torch.zeros(units), torch.zeros(units))] * 2
    with torch.no_grad():
        output, _ = recording(x)
        torch.testing.assert_close(output, lstm(x)[0], rtol=0, atol=1e-6)
        assert {trace.engine for trace in recording.traces} == {"workspace"}
        for line in range(batch):
            expected = unrolled_lstm(lstm, x[:, line], zeros)
            for trace in recording.traces:
                for quantity, series in expected[trace.layer, trace.direction].items():
                    torch.testing.assert_close(trace[quantity][line], series, rtol=0, atol=3e-6)


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:None of the submodule got qconfig")
def test_gates_are_those_of_the_quantizable_lstm():
    """PyTorch's own LSTM with gates as modules: an oracle nobody here wrote."""
    from torch.ao.nn.quantizable import LSTM

    torch.manual_seed(5)
    lstm = nn.LSTM(5, 6, bidirectional=True)
    lstm.qconfig = None
    oracle = LSTM.from_float(lstm)
    seen = {}
    for direction, cell in (("forward", oracle.layers[0].layer_fw.cell), ("backward", oracle.layers[0].layer_bw.cell)):
        for gate in ("input_gate", "forget_gate", "cell_gate", "output_gate"):
            module = getattr(cell, gate)
            name = "candidate" if gate == "cell_gate" else gate
            module.register_forward_hook(
                lambda _, __, out, key=(direction, name): seen.setdefault(key, []).append(out.detach())
            )
    recording = InstrumentedLSTM.from_lstm(lstm)
    x = torch.randn(8, 3, 5)
    with torch.no_grad():
        oracle(x)
        recording(x)
    for trace in recording.traces:
        for name in ("input_gate", "forget_gate", "candidate", "output_gate"):
            steps = torch.stack(seen[trace.direction, name], 1)
            steps = steps.flip(1) if trace.direction == "backward" else steps
            torch.testing.assert_close(trace[name], steps, rtol=0, atol=1e-6)


def test_weights_are_shared_not_copied():
    lstm = nn.LSTM(4, 3, 2, bidirectional=True, proj_size=2, dropout=0.5).eval()
    twin = InstrumentedLSTM.from_lstm(lstm)
    assert list(twin.state_dict()) == list(lstm.state_dict())
    assert all(mine is theirs for mine, theirs in zip(twin.parameters(), lstm.parameters(), strict=True))
    assert (twin.training, twin.dropout) == (False, 0.5)


@pytest.mark.parametrize(
    "change",
    [
        "in place",
        "through data",
        "new tensor",
        "one row through data",
        "one column through data",
        "bias",
        "swapped rows",
    ],
)
@torch.no_grad()
def test_changed_weights_are_never_stale(change):
    torch.manual_seed(2)
    lstm = nn.LSTM(64, 64)
    twin = InstrumentedLSTM.from_lstm(lstm)
    x = torch.randn(5, 2, 64)
    before = twin(x)[0]
    match change:
        case "in place":
            lstm.weight_hh_l0.mul_(0.5)
        case "through data":
            lstm.weight_ih_l0.data.mul_(0.5)
        case "new tensor":
            lstm.weight_ih_l0.data = lstm.weight_ih_l0.data * 0.5
        case "one row through data":
            lstm.weight_ih_l0.data[17] = 0.0
        case "one column through data":
            lstm.weight_ih_l0.data[:, 41] = 0.0
        case "bias":
            lstm.bias_hh_l0.data[5] = 3.0
        case "swapped rows":
            lstm.weight_ih_l0.data[[1, 2]] = lstm.weight_ih_l0.data[[2, 1]]
    after = twin(x)[0]
    assert not torch.allclose(after, before, atol=1e-4)
    torch.testing.assert_close(after, lstm(x)[0], rtol=0, atol=1e-6)


@torch.no_grad()
def test_a_later_change_of_the_output_does_not_reach_the_trace():
    for lstm in (nn.LSTM(4, 3), nn.LSTM(4, 64), nn.LSTM(4, 3, bidirectional=True), nn.LSTM(4, 3, dtype=torch.float64)):
        twin = InstrumentedLSTM.from_lstm(lstm)
        output, (hidden, cell) = twin(torch.randn(5, 2, 4, dtype=lstm.weight_ih_l0.dtype))
        before = {key: series.clone() for trace in twin.traces for key, series in trace.values.items()}
        for each in (output, hidden, cell):
            each.fill_(9.0)
        after = {key: series for trace in twin.traces for key, series in trace.values.items()}
        assert all(torch.equal(after[key], before[key]) for key in before)
        assert output.is_contiguous()


@torch.no_grad()
def test_only_what_is_asked_for_is_recorded():
    lstm = nn.LSTM(4, 3, 2, bidirectional=True)
    twin = InstrumentedLSTM.from_lstm(lstm, quantities=["forget_gate"])
    x = torch.randn(5, 2, 4)
    torch.testing.assert_close(twin(x)[0], lstm(x)[0], rtol=0, atol=1e-6)
    assert [list(trace.values) for trace in twin.traces] == [[Quantity.FORGET_GATE]] * 4
    everything = InstrumentedLSTM.from_lstm(lstm)
    everything(x)
    for one, whole in zip(twin.traces, everything.traces, strict=True):
        assert torch.equal(one["forget_gate"], whole["forget_gate"])
    with pytest.raises(SelectionError, match="has no cell_state; recorded are forget_gate"):
        twin.traces[0]["cell_state"]
    with pytest.raises(SelectionError, match="'openness' was asked for and is no quantity; there are input_gate"):
        InstrumentedLSTM.from_lstm(lstm, quantities=["openness"])


def test_cells_in_a_loop():
    torch.manual_seed(4)
    cell, lstm = nn.LSTMCell(4, 3), nn.LSTM(4, 3)
    lstm.load_state_dict({f"{name}_l0": tensor for name, tensor in cell.state_dict().items()})
    twin, x = InstrumentedLSTMCell.from_cell(cell), torch.randn(6, 2, 4)
    for _ in range(2):
        twin.restart()
        state = None
        for frame in x:
            state = twin(frame, state)
    expected = InstrumentedLSTM.from_lstm(lstm)
    expected(x)
    for quantity in LSTM_QUANTITIES:
        torch.testing.assert_close(twin.traces[0][quantity], expected.traces[0][quantity], rtol=0, atol=1e-6)
    gru_cell, gru = nn.GRUCell(4, 3), nn.GRU(4, 3)
    gru.load_state_dict({f"{name}_l0": tensor for name, tensor in gru_cell.state_dict().items()})
    gru_twin, state = InstrumentedGRUCell.from_cell(gru_cell), None
    for frame in x:
        state = gru_twin(frame, state)
    whole = InstrumentedGRU.from_gru(gru)
    whole(x)
    for quantity, series in whole.traces[0].values.items():
        torch.testing.assert_close(gru_twin.traces[0][quantity], series, rtol=0, atol=1e-6)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("grad", [False, True])
def test_gru_by_its_equations(grad, bias):
    torch.manual_seed(6)
    gru = nn.GRU(5, 6, bidirectional=True, bias=bias, dtype=torch.float64)
    twin, x, first = (
        InstrumentedGRU.from_gru(gru),
        torch.randn(7, 1, 5, dtype=torch.float64),
        torch.randn(2, 1, 6).double(),
    )
    with torch.set_grad_enabled(grad):
        output, hidden = twin(x, first)
        torch.testing.assert_close((output, hidden), gru(x, first), rtol=0, atol=1e-14)
    for trace, suffix, order in zip(twin.traces, ("", "_reverse"), (range(7), range(6, -1, -1)), strict=True):
        h = first[0 if suffix == "" else 1, 0]
        weights = [getattr(gru, f"{name}_l0{suffix}") for name in ("weight_ih", "weight_hh")]
        biases = [
            getattr(gru, f"{name}_l0{suffix}") if bias else torch.zeros(18).double() for name in ("bias_ih", "bias_hh")
        ]
        for t in order:
            x_r, x_z, x_n = (weights[0] @ x[t, 0] + biases[0]).chunk(3)
            h_r, h_z, h_n = (weights[1] @ h + biases[1]).chunk(3)
            r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
            n = torch.tanh(x_n + r * h_n)
            h = (1 - z) * n + z * h
            for quantity, value in zip(
                ("reset_gate", "update_gate", "candidate", "hidden_state"), (r, z, n, h), strict=True
            ):
                torch.testing.assert_close(trace[quantity][0, t], value, rtol=0, atol=1e-14)


def test_what_cannot_have_a_twin():
    class Odd(nn.LSTM):
        def forward(self, x, hx=None):
            return super().forward(x * 2, hx)

    with pytest.raises(SelectionError, match=r"made of nn.LSTM itself, not of Odd; trace it by trace_gates"):
        InstrumentedLSTM.from_lstm(Odd(3, 2))
    normed = nn.utils.parametrizations.weight_norm(nn.LSTM(3, 2), "weight_hh_l0")
    with pytest.raises(SelectionError, match="makes its weights anew for each run"):
        InstrumentedLSTM.from_lstm(normed)


def test_wrong_input_meets_pytorchs_own_words():
    twin = InstrumentedLSTM.from_lstm(nn.LSTM(4, 3))
    with pytest.raises(RuntimeError, match=r"Expected 4, got 5"):
        twin(torch.randn(2, 2, 5))
    with pytest.raises(RuntimeError, match="hx and cx should also be 3-D"):
        twin(torch.randn(2, 2, 4), (torch.zeros(2, 3), torch.zeros(2, 3)))
