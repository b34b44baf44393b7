"""instrument() makes a network record and is undone: same numbers, same gradients, same objects, and the gates' true values."""

import copy
import gc
import io
import threading
import weakref

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from gateviz.capture.edits import clamp
from gateviz.capture.instrument import instrument, restore
from gateviz.capture.instrumented import InstrumentedGRU, InstrumentedLSTM
from gateviz.capture.instrumented_cells import InstrumentedGRUCell, InstrumentedLSTMCell
from gateviz.capture.tracing import trace_gates
from gateviz.data.gates import LSTM_QUANTITIES
from gateviz.errors import SelectionError
from tests.one_thread import one_thread  # noqa: F401


class Crnn(nn.Module):
    """A small CRNN: convolution, two-layer BiLSTM, GRU, an LSTM cell in a loop, classes."""

    def __init__(self, dropout=0.0):
        super().__init__()
        self.cnn = nn.Sequential(nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.AdaptiveMaxPool2d((1, 9)))
        self.rnn = nn.LSTM(6, 5, 2, bidirectional=True, batch_first=True, dropout=dropout)
        self.neck = nn.ModuleDict({"gru": nn.GRU(10, 4, batch_first=True)})
        self.cell = nn.LSTMCell(4, 3)
        self.head = nn.Linear(3, 7)

    def forward(self, image):
        frames, _ = self.rnn(self.cnn(image).squeeze(2).transpose(1, 2))
        frames, _ = self.neck["gru"](frames)
        state, rows = None, []
        for frame in frames.unbind(1):
            state = self.cell(frame, state)
            rows.append(state[0])
        return self.head(torch.stack(rows, 1))


@pytest.fixture
def crnn():
    torch.manual_seed(0)
    return Crnn()


IMAGE = torch.linspace(-1, 1, 2 * 8 * 30).sin().view(2, 1, 8, 30)


def recurrence(layer, x, state=None):
    """Every series of every layer and direction of an nn.LSTM for one line (T, D), in numpy and float64."""

    def numbers(name):
        return getattr(layer, name).detach().double().numpy()

    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    series, ways = [], ("", "_reverse") if layer.bidirectional else ("",)
    for depth in range(layer.num_layers):
        outputs = []
        for way in ways:
            name = f"l{depth}{way}"
            size = layer.hidden_size
            h, c = (np.zeros(layer.proj_size or size), np.zeros(size)) if state is None else state[len(series)]
            bias = numbers(f"bias_ih_{name}") + numbers(f"bias_hh_{name}") if layer.bias else 0.0
            rows = []
            for frame in x[::-1] if way else x:
                z = numbers(f"weight_ih_{name}") @ frame + numbers(f"weight_hh_{name}") @ h + bias
                i, f, o = sigmoid(z[:size]), sigmoid(z[size : 2 * size]), sigmoid(z[3 * size :])
                g = np.tanh(z[2 * size : 3 * size])
                c = f * c + i * g
                h = o * np.tanh(c)
                if layer.proj_size:
                    h = numbers(f"weight_hr_{name}") @ h
                rows.append((i, f, g, o, c, h))
            rows = rows[::-1] if way else rows
            series.append({q: np.stack([row[k] for row in rows]) for k, q in enumerate(LSTM_QUANTITIES)})
            outputs.append(series[-1]["hidden_state"])
        x = np.concatenate(outputs, 1)
    return series


def assert_traces_are(traces, line, expected, tolerance=2e-6):
    assert len(traces) == len(expected)
    for trace, series in zip(traces, expected, strict=True):
        for quantity, values in series.items():
            found = trace[quantity][line].detach().double().numpy()[: len(values)]
            np.testing.assert_allclose(found, values, rtol=0, atol=tolerance, err_msg=f"{trace.layer} {quantity}")


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("grad", [False, True])
@pytest.mark.parametrize(
    "options",
    [
        {"num_layers": 3, "bidirectional": True},
        {"batch_first": True, "bidirectional": True},
        {"proj_size": 2, "num_layers": 2, "bidirectional": True},
        {"bias": False, "batch_first": True},
        {"dropout": 0.5, "num_layers": 2},
    ],
    ids=str,
)
def test_values_are_those_of_the_equations(options, grad):
    torch.manual_seed(1)
    lstm = nn.LSTM(4, 3, **options).eval()
    model = instrument(nn.Sequential(lstm))
    x = torch.randn(2, 6, 4)
    count = lstm.num_layers * (2 if lstm.bidirectional else 1)
    state = torch.randn(count, 2, lstm.proj_size or 3), torch.randn(count, 2, 3)
    with torch.set_grad_enabled(grad):
        lstm(x if lstm.batch_first else x.transpose(0, 1), state)
        own = lstm.traces
        model(x if lstm.batch_first else x.transpose(0, 1))
    for line in range(2):
        first = [tuple(each[k, line].double().numpy() for each in state) for k in range(count)]
        assert_traces_are(own, line, recurrence(lstm, x[line].double().numpy(), first))
        assert_traces_are(model.traces, line, recurrence(lstm, x[line].double().numpy()))
    assert model.traces[0]["forget_gate"].requires_grad is grad


def test_packed_lines_single_lines_and_empty_batches():
    torch.manual_seed(2)
    lstm, x = nn.LSTM(4, 3, 2, bidirectional=True), torch.randn(7, 3, 4)
    plain = copy.deepcopy(lstm)
    assert instrument(lstm) is lstm
    lengths = [4, 7, 2]
    packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
    torch.testing.assert_close(lstm(packed)[0].data, plain(packed)[0].data, rtol=0, atol=1e-6)
    for line, length in enumerate(lengths):
        assert_traces_are(lstm.traces, line, recurrence(plain, x[:length, line].double().numpy()))
        assert [trace.lengths for trace in lstm.traces] == [tuple(lengths)] * 4
        assert not lstm.traces[1]["forget_gate"][line, length:].any()
    lstm(x[:, 1])
    assert_traces_are(lstm.traces, 0, recurrence(plain, x[:, 1].double().numpy()))
    output, _ = lstm(x[:, :0])
    assert (output.shape, lstm.traces[3]["cell_state"].shape) == ((7, 0, 6), (0, 7, 3))


def test_a_whole_network_is_recorded_as_trace_gates_records_it(crnn):
    plain = crnn(IMAGE)
    with trace_gates(crnn) as expected:
        crnn(IMAGE)
    assert instrument(crnn) is crnn
    assert len(crnn.traces) == 0
    torch.testing.assert_close(crnn(IMAGE), plain, rtol=0, atol=1e-6)
    kinds = [InstrumentedLSTM, InstrumentedGRU, InstrumentedLSTMCell]
    assert [type(each) for each in (crnn.rnn, crnn.neck["gru"], crnn.cell)] == kinds
    assert len(crnn.traces) == 6
    for found, one in zip(crnn.traces, expected, strict=True):
        key = (one.layer, one.direction, one.module, one.call, one.engine)
        assert (found.layer, found.direction, found.module, found.call, found.engine) == key
        for quantity, series in one.values.items():
            torch.testing.assert_close(found[quantity], series, rtol=0, atol=1e-6)
    assert [trace.frame_count for trace in crnn.cell.traces] == [9]
    assert len(crnn.rnn.traces) == 4


def test_gradients_and_a_training_step_are_the_plain_layers(crnn):
    wanted = torch.randint(0, 7, (2, 9), generator=torch.Generator().manual_seed(3))

    def steps(model):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
        for _ in range(3):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(IMAGE).flatten(0, 1), wanted.flatten()).backward()
            first = [parameter.grad.clone() for parameter in model.parameters()]
            optimizer.step()
        return first

    other = copy.deepcopy(crnn)
    optimized = list(crnn.parameters())
    expected, found = steps(other), steps(instrument(crnn))
    assert all(mine is before for mine, before in zip(crnn.parameters(), optimized, strict=True))
    for mine, theirs in zip((*found, *crnn.parameters()), (*expected, *other.parameters()), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-5)
    assert max(float(each.abs().max()) for each in found) > 1e-3


def test_a_loss_on_a_gate_reaches_the_input_and_gradients_have_gradients():
    torch.manual_seed(4)
    lstm = instrument(nn.LSTM(3, 2, dtype=torch.float64))

    def loss(x):
        output, _ = lstm(x)
        return lstm.traces[0]["forget_gate"].pow(2).sum() + output.pow(3).sum()

    x = torch.randn(4, 1, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(loss, (x,))
    assert torch.autograd.gradgradcheck(loss, (x,))


def test_dropout_draws_as_the_plain_network_draws():
    torch.manual_seed(5)
    model = Crnn(dropout=0.5)
    torch.manual_seed(6)
    expected = model(IMAGE)
    torch.manual_seed(6)
    torch.testing.assert_close(instrument(model)(IMAGE), expected, rtol=0, atol=1e-6)


def test_state_dicts_hooks_modes_and_ties_stay(crnn):
    heard = []
    crnn.second = crnn.rnn
    crnn.unregistered = [crnn.rnn]
    crnn.rnn.register_forward_hook(lambda *_: heard.append("hook"))
    crnn.neck.eval()
    state, modes = crnn.state_dict(), [each.training for each in crnn.modules()]
    instrument(crnn)
    assert list(crnn.state_dict()) == list(state)
    assert all(tensor is not None and torch.equal(tensor, state[key]) for key, tensor in crnn.state_dict().items())
    assert [each.training for each in crnn.modules()] == modes
    crnn(IMAGE)
    assert heard == ["hook"]
    assert crnn.second is crnn.rnn is crnn.unregistered[0]
    file = io.BytesIO()
    torch.save(crnn.state_dict(), file)
    file.seek(0)
    fresh = Crnn()
    fresh.second = fresh.rnn
    fresh.load_state_dict(torch.load(file, weights_only=True))
    torch.testing.assert_close(fresh(IMAGE), crnn(IMAGE), rtol=0, atol=1e-6)
    crnn.load_state_dict(Crnn().state_dict(), strict=False)
    crnn.double()
    crnn(IMAGE.double())
    assert crnn.traces[0]["forget_gate"].dtype is torch.float64


def test_restore_gives_back_the_very_modules(crnn):
    before = [(each, type(each), set(vars(each))) for each in crnn.modules()]
    parameters = list(crnn.parameters())
    instrument(crnn)(IMAGE)
    kept = crnn.traces
    assert restore(crnn) is crnn
    after = [(each, type(each), set(vars(each))) for each in crnn.modules()]
    assert all(a[0] is b[0] and a[1:] == b[1:] for a, b in zip(after, before, strict=True))
    assert all(a is b for a, b in zip(crnn.parameters(), parameters, strict=True))
    assert not hasattr(crnn, "traces")
    assert len(kept) == 6
    lstm = nn.LSTM(2, 2)
    assert type(restore(instrument(lstm))) is nn.LSTM
    assert not hasattr(lstm, "traces")


def test_copies_record_for_themselves(crnn):
    instrument(crnn)
    expected = crnn(IMAGE)
    file = io.BytesIO()
    torch.save(crnn, file)
    file.seek(0)
    for other in (copy.deepcopy(crnn), torch.load(file, weights_only=False)):
        assert len(other.traces) == len(other.rnn.traces) == 0
        torch.testing.assert_close(other(IMAGE), expected, rtol=0, atol=1e-6)
        assert (len(other.traces), len(other.rnn.traces)) == (6, 4)
        other(IMAGE[:1])
        assert (other.traces[0].batch_size, crnn.traces[0].batch_size) == (1, 2)
        assert type(restore(other).rnn) is nn.LSTM
    assert type(crnn.rnn) is InstrumentedLSTM


def test_traces_are_of_the_last_run_and_nothing_is_kept(crnn):
    instrument(crnn)
    crnn(IMAGE)
    first = crnn.traces
    held = weakref.ref(first[0]["forget_gate"])
    crnn(IMAGE[:1])
    assert [trace.batch_size for trace in crnn.traces] == [1] * 6
    assert [trace.batch_size for trace in first] == [2] * 6
    del first
    gc.collect()
    assert held() is None
    held = weakref.ref(crnn.traces[0]["forget_gate"])
    crnn.traces.clear()
    gc.collect()
    assert held() is None
    assert len(crnn.traces) == len(crnn.rnn.traces) == 0


def test_a_layer_run_by_itself_replaces_its_own_traces(crnn):
    instrument(crnn)
    crnn(IMAGE)
    for _ in range(3):
        crnn.rnn(torch.randn(1, 4, 6))
    assert [(trace.module, trace.call, trace.batch_size) for trace in crnn.traces] == [
        ("neck.gru", 0, 2),
        ("cell", 0, 2),
        *[("rnn", 0, 1)] * 4,
    ]


def test_a_module_that_runs_twice_and_a_model_that_calls_itself():
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.LSTM(3, 3)

        def forward(self, x, again=True):
            x = self.rnn(x)[0]
            return self(x, again=False) if again else x

    torch.manual_seed(7)
    model, x = instrument(Twice()), torch.randn(5, 1, 3)
    for _ in range(2):
        output = model(x)
        assert [(trace.layer, trace.call) for trace in model.traces] == [(0, 0), (0, 1)]
    torch.testing.assert_close(model.traces[1]["hidden_state"].transpose(0, 1), output, rtol=0, atol=1e-6)
    assert [trace.call for trace in model.rnn.traces] == [1]


def test_an_error_within_a_run_leaves_nothing_behind(crnn):
    instrument(crnn)
    with pytest.raises(RuntimeError):
        crnn(torch.zeros(2, 3, 8, 30))
    with pytest.raises(RuntimeError, match="Expected 6, got 5"):
        crnn.rnn(torch.zeros(1, 4, 5))
    assert torch._C._len_torch_function_stack() == 0
    crnn(IMAGE)
    assert len(crnn.traces) == 6


def test_only_what_is_asked_for(crnn):
    instrument(crnn, quantities=["forget_gate", "update_gate"], modules=["rnn", "neck.gru"])
    crnn(IMAGE)
    assert type(crnn.cell) is nn.LSTMCell
    found = [(trace.module, *trace.values) for trace in crnn.traces]
    assert found == [*[("rnn", "forget_gate")] * 4, ("neck.gru", "update_gate")]
    restore(crnn)
    lstm, x = nn.LSTM(3, 2), torch.randn(5, 1, 3)
    straight = instrument(nn.Sequential(copy.deepcopy(lstm)))
    straight(x)
    turned = instrument(nn.Sequential(lstm), reversed_modules=["0"])
    turned(x)
    assert str(turned.traces[0].direction) == "backward"
    torch.testing.assert_close(
        turned.traces[0]["cell_state"].flip(1), straight.traces[0]["cell_state"], rtol=0, atol=1e-6
    )


def test_a_subclass_keeps_its_methods_and_its_forward():
    class Halved(nn.LSTM):
        def __init__(self, size):
            super().__init__(size, size)

        def forward(self, x, *, by=1.0):
            return super().forward(x / by)[0]

        def zeros(self, count):
            return torch.zeros(count, 1, self.hidden_size)

    torch.manual_seed(8)
    layer, x = Halved(3), torch.randn(4, 1, 3)
    expected = layer(x, by=2.0)
    instrument(layer)
    torch.testing.assert_close(layer(x, by=2.0), expected, rtol=0, atol=1e-6)
    torch.testing.assert_close(layer.traces[0]["hidden_state"].transpose(0, 1), expected, rtol=0, atol=1e-6)
    assert isinstance(layer, Halved)
    assert isinstance(layer, InstrumentedLSTM)
    assert layer.zeros(2).shape == (2, 1, 3)
    assert type(restore(copy.deepcopy(layer))) is Halved


def test_weights_that_a_hook_makes_anew_are_the_ones_recorded():
    torch.manual_seed(9)
    lstm, x = nn.LSTM(3, 2), torch.randn(4, 1, 3)
    raw = nn.Parameter(lstm.weight_hh_l0.detach().clone())
    del lstm._parameters["weight_hh_l0"]
    lstm.register_parameter("raw", raw)
    lstm.register_forward_pre_hook(lambda module, _: setattr(module, "weight_hh_l0", 0.5 * module.raw))
    expected, _ = lstm(x)
    instrument(lstm)
    torch.testing.assert_close(lstm(x)[0], expected, rtol=0, atol=1e-6)
    torch.testing.assert_close(lstm.traces[0]["hidden_state"].transpose(0, 1), expected, rtol=0, atol=1e-6)


@torch.no_grad()
def test_edits_and_other_tracers_work_on_an_instrumented_model(crnn):
    instrument(crnn)
    with trace_gates(crnn, edits=[clamp("forget_gate", 0.0, layer=1)]) as traces:
        crnn(IMAGE)
    assert len(traces) == len(crnn.traces) == 6
    assert not traces.trace(1)["forget_gate"].any()
    assert not crnn.traces.trace(1)["forget_gate"].any()
    assert crnn.traces.trace(0)["forget_gate"].all()


def test_layers_made_recording_by_hand_join_in_and_go_back():
    torch.manual_seed(10)
    by_hand = InstrumentedLSTM(3, 2)
    model, x = nn.Sequential(by_hand), torch.randn(4, 1, 3)
    by_hand(x)
    before = by_hand.traces
    instrument(model)(x)
    assert len(model.traces) == len(by_hand.traces) == 1
    restore(model)
    assert type(by_hand) is InstrumentedLSTM
    assert by_hand.traces is before
    by_hand(x)
    assert len(by_hand.traces) == 1

    class Named(InstrumentedLSTM):
        pass

    own = Named(3, 2)
    assert type(copy.deepcopy(own)) is Named
    assert type(restore(instrument(nn.Sequential(own)))[0]) is Named


def test_a_run_in_another_thread_at_the_same_time_is_refused(crnn):
    instrument(crnn)
    reached, go = threading.Event(), threading.Event()

    def wait(*_):
        reached.set()
        assert go.wait(60)

    handle = crnn.head.register_forward_hook(wait)
    thread = threading.Thread(target=crnn, args=(IMAGE,))
    thread.start()
    assert reached.wait(60)
    with pytest.raises(SelectionError, match="runs in another thread already, and its traces are of one run"):
        crnn(IMAGE)
    go.set()
    thread.join()
    handle.remove()
    crnn(IMAGE)
    assert len(crnn.traces) == 6


class Taken(nn.Module):
    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(2, 2)
        self.traces = []


class TakenLSTM(nn.LSTM):
    traces = ()


def half_done():
    """The second layer cannot record; the first one must not be changed."""
    return nn.Sequential(nn.LSTM(2, 2), nn.utils.parametrizations.weight_norm(nn.LSTM(2, 2), "weight_hh_l0"))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(
    ("make", "options", "words"),
    [
        (lambda: nn.Linear(2, 2), {}, "Linear holds no nn.LSTM, nn.GRU or cell of theirs"),
        (lambda: nn.Sequential(nn.RNN(2, 2)), {}, "no gates to trace; 0 is a plain nn.RNN, which has none"),
        (half_done, {}, r"1 is parametrized \(torch.nn.utils.parametrize\), which holds on to its class"),
        (Taken, {}, "the Taken has traces of its own, where those of its gates would stand"),
        (lambda: nn.Sequential(TakenLSTM(2, 2)), {}, r"0 \(TakenLSTM\) has traces of its own"),
        (
            lambda: nn.DataParallel(Crnn()),
            {},
            r"wrapped in DataParallel; instrument the module inside \(model.module\)",
        ),
        (lambda: nn.Sequential(torch.jit.script(nn.LSTM(2, 2))), {}, "0 cannot be opened, for it is a scripted LSTM"),
        (lambda: instrument(Crnn()), {}, "the Crnn, or a part of it, is instrumented already; restore it first"),
        (lambda: instrument(nn.Sequential(Crnn()))[0], {}, "or a part of it, is instrumented already"),
        (Crnn, {"modules": ["rn"]}, "there is no recurrent module 'rn'; there are 'rnn', 'neck.gru', 'cell'"),
        (Crnn, {"quantities": ["openness"]}, "'openness' was asked for and is no quantity"),
        (Crnn, {"modules": ["rnn"], "reversed_modules": ["cell"]}, "cell is declared to read backward and not among"),
    ],
)
def test_what_cannot_be_instrumented_is_refused_by_name_and_left_as_it_was(make, options, words):
    model = make()
    before = [(each, type(each), set(vars(each))) for each in model.modules()]
    with pytest.raises(SelectionError, match=words):
        instrument(model, **options)
    assert [(each, type(each), set(vars(each))) for each in model.modules()] == before


def test_a_quantized_layer_is_refused_by_name():
    from torch.ao.nn.quantized.dynamic import LSTM

    model = nn.Sequential(nn.LSTM(2, 2))
    # As torch.ao.quantization.quantize_dynamic leaves it, without asking this machine for a quantizing engine.
    model.append(LSTM.__new__(LSTM))
    nn.Module.__init__(model[1])
    for attempt in (instrument, lambda each: trace_gates(each).__enter__()):
        with pytest.raises(
            SelectionError,
            match=r"1 cannot be opened, for it is a quantized LSTM \(torch.ao.nn.quantized.*keeps no gates",
        ):
            attempt(model)
    assert type(model[0]) is nn.LSTM
    with torch.no_grad(), trace_gates(model, modules=["0"]) as traces:
        model[0](torch.zeros(2, 1, 2))
    assert len(traces) == 1


def test_restore_refuses_what_was_not_instrumented_or_changed_since(crnn):
    with pytest.raises(SelectionError, match="the Crnn is not instrumented"):
        restore(crnn)
    whole = instrument(nn.Sequential(crnn))
    with pytest.raises(SelectionError, match="the Crnn was instrumented as a part of a larger model; restore that one"):
        restore(crnn)
    restore(whole)
    with pytest.raises(SelectionError, match="the InstrumentedLSTM is not instrumented"):
        restore(InstrumentedLSTM(2, 2))
    lstm = nn.utils.parametrizations.weight_norm(instrument(nn.LSTM(2, 2)), "weight_hh_l0")
    lstm(torch.zeros(2, 1, 2))
    with pytest.raises(SelectionError, match="became a ParametrizedInstrumentedLSTM after it was instrumented"):
        restore(lstm)
    nn.utils.parametrize.remove_parametrizations(lstm, "weight_hh_l0")
    assert type(restore(lstm)) is nn.LSTM


def test_a_forward_without_pytorchs_layer_is_said():
    class Other(nn.LSTM):
        def forward(self, x):
            return x * 2

    layer = instrument(Other(2, 2))
    with pytest.raises(SelectionError, match="ran by the forward of Other, which does not call PyTorch's recurrent"):
        layer(torch.zeros(2, 1, 2))


def test_a_replica_is_refused(crnn):
    instrument(crnn)
    replica = crnn.rnn._replicate_for_data_parallel()
    with pytest.raises(SelectionError, match=r"rnn is a replica made by nn\.DataParallel"):
        replica(torch.zeros(1, 4, 6))


def test_a_recording_cell_goes_on_until_restart():
    torch.manual_seed(11)
    cell, x = InstrumentedGRUCell(3, 2), torch.randn(5, 2, 3)
    gru = nn.GRU(3, 2)
    gru.load_state_dict({f"{name}_l0": tensor for name, tensor in cell.state_dict().items()})
    for _ in range(2):
        state = None
        for frame in x:
            state = cell(frame, state)
    assert [(trace.call, trace.frame_count) for trace in cell.traces] == [(0, 5), (1, 5)]
    torch.testing.assert_close(cell.traces[1]["hidden_state"].transpose(0, 1), gru(x)[0], rtol=0, atol=1e-6)
    cell.restart(quantities=["update_gate"])
    cell(x[0])
    assert [list(trace.values) for trace in cell.traces] == [["update_gate"]]
