"""trace_gates sees what runs inside the block, in its own thread, and changes nothing."""

import threading

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from gateviz.capture.cell_rule import CellRule
from gateviz.capture.edit_plan import EditPlan
from gateviz.capture.edits import clamp
from gateviz.capture.instrumented import InstrumentedLSTM
from gateviz.capture.ruled import RuledLSTM
from gateviz.capture.tracing import trace_gates
from gateviz.data.gates import Direction, Quantity
from gateviz.errors import SelectionError


class Reader(nn.Module):
    """A network with a two-layer BiLSTM, a GRU, a shared LSTM that runs twice, and one that never runs."""

    def __init__(self):
        super().__init__()
        self.first = nn.LSTM(4, 3, 2, bidirectional=True, batch_first=True)
        self.neck = nn.ModuleDict({"gru": nn.GRU(6, 5, batch_first=True)})
        self.shared = nn.LSTM(5, 5, batch_first=True)
        self.idle = nn.LSTM(5, 5)
        self.head = nn.Linear(5, 2)

    def forward(self, x):
        x, _ = self.first(x)
        x, _ = self.neck["gru"](x)
        x, _ = self.shared(x)
        x, _ = self.shared(x)
        return self.head(x)


@pytest.fixture
def reader():
    torch.manual_seed(0)
    return Reader().eval()


def test_every_layer_of_a_nested_network(reader):
    x = torch.randn(2, 7, 4)
    plain = reader(x)
    with trace_gates(reader) as traces:
        assert torch.equal(reader(x), plain)
    with torch.no_grad(), trace_gates(reader) as again:
        torch.testing.assert_close(reader(x), plain, rtol=0, atol=1e-6)
    assert [(t.layer, t.direction, t.module, t.call, t.engine) for t in again] == [
        (0, "forward", "first", 0, "workspace"),
        (0, "backward", "first", 0, "workspace"),
        (1, "forward", "first", 0, "workspace"),
        (1, "backward", "first", 0, "workspace"),
        (2, "forward", "neck.gru", 0, "replay"),
        (3, "forward", "shared", 0, "workspace"),
        (3, "forward", "shared", 1, "workspace"),
    ]
    # Each layer reads what the one below put out, so the chain itself proves the values.
    twin = InstrumentedLSTM.from_lstm(reader.shared)
    with torch.no_grad():
        below = again.trace(2)["hidden_state"]
        for call in range(2):
            below, _ = twin(below)
            for quantity, series in twin.traces[0].values.items():
                torch.testing.assert_close(again.trace(3, call=call)[quantity], series, rtol=0, atol=1e-6)
    for ours, theirs in zip(traces, again, strict=True):
        for quantity, series in ours.values.items():
            torch.testing.assert_close(series.detach(), theirs[quantity], rtol=0, atol=1e-6)
    assert again.idle_modules == ("idle",)
    assert [trace.name for trace in again.line(1)][:3] == ["0.forward", "0.backward", "1.forward"]


def test_lookups_say_what_there_is(reader):
    with torch.no_grad(), trace_gates(reader, layers=[2]) as traces:
        reader(torch.randn(1, 3, 4))
    assert [trace.layer for trace in traces] == [2]
    assert traces.of_module("neck.gru") == (traces[0],) == tuple(traces[:1])
    with pytest.raises(
        SelectionError, match=r"no trace of layer 2 backward; recorded are 2 forward \(neck.gru\); not run"
    ):
        traces.trace(2, "backward")
    with pytest.raises(SelectionError, match=r"no trace of layer 2 forward in run 1 of its module"):
        traces.trace(2, call=1)
    with pytest.raises(SelectionError, match="no trace of a module 'idle'"):
        traces.of_module("idle")
    with pytest.raises(SelectionError, match="line 4 was asked for; the batch has 1 lines"):
        traces[0].line(4)


def test_only_what_is_asked_for(reader):
    x = torch.randn(2, 5, 4)
    with torch.no_grad(), trace_gates(reader, layers=[1, 3], quantities=["cell_state", Quantity.UPDATE_GATE]) as some:
        reader(x)
    with torch.no_grad(), trace_gates(reader) as everything:
        reader(x)
    assert [(t.layer, t.direction, t.call, list(t.values)) for t in some] == [
        (1, "forward", 0, ["cell_state"]),
        (1, "backward", 0, ["cell_state"]),
        (3, "forward", 0, ["cell_state"]),
        (3, "forward", 1, ["cell_state"]),
    ]
    for trace in some:
        whole = everything.trace(trace.layer, trace.direction, call=trace.call)
        torch.testing.assert_close(trace["cell_state"], whole["cell_state"], rtol=0, atol=1e-6)
    with torch.no_grad(), trace_gates(reader, modules=["shared"]) as one:
        reader(x)
    assert [(trace.layer, trace.call) for trace in one] == [(0, 0), (0, 1)]
    torch.testing.assert_close(one[0]["cell_state"], everything[5]["cell_state"], rtol=0, atol=0)


def test_hooks_and_module_stay_as_they_are(reader):
    heard = []
    reader.first.register_forward_hook(lambda *_: heard.append("hook"))
    before = (dict(reader.first._forward_hooks), reader.first.forward, set(vars(reader.first)))
    with trace_gates(reader):
        reader(torch.randn(1, 3, 4))
    with pytest.raises(ZeroDivisionError), trace_gates(reader):
        1 / 0  # noqa: B018
    assert heard == ["hook"]
    assert (dict(reader.first._forward_hooks), reader.first.forward, set(vars(reader.first))) == before
    assert torch._C._len_torch_function_stack() == 0


def test_threads_on_one_shared_model(reader):
    inputs = [torch.randn(2, 3 + number, 4) for number in range(4)]
    with torch.no_grad():
        expected = []
        for x in inputs:
            with trace_gates(reader) as traces:
                reader(x)
            expected.append(traces)
    failures, barrier = [], threading.Barrier(5)

    def work(number):
        barrier.wait()
        for _ in range(8):
            with torch.no_grad(), trace_gates(reader) as found:
                reader(inputs[number])
            same = len(found) == len(expected[number]) and all(
                torch.allclose(a[quantity], b[quantity], atol=1e-6)
                for a, b in zip(found, expected[number], strict=True)
                for quantity in a.values
            )
            if not same:
                failures.append(number)

    def bystander():
        barrier.wait()
        for _ in range(20):
            with torch.no_grad():
                reader(inputs[0])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)] + [
        threading.Thread(target=bystander)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


@torch.no_grad()
def test_foreign_layers_run_untouched(reader):
    other, x = nn.LSTM(4, 3), torch.randn(2, 5, 4)
    with trace_gates(reader) as traces:
        found = other(x[0][:, None])
        reader(x)
    assert torch.equal(found[0], other(x[0][:, None])[0])
    assert [trace.module for trace in traces] == ["first"] * 4 + ["neck.gru", "shared", "shared"]


@torch.no_grad()
def test_tied_weights_are_told_apart():
    first, second = nn.LSTM(3, 3), nn.LSTM(3, 3)
    for name, parameter in first.named_parameters():
        setattr(second, name, parameter)
    model = nn.ModuleList([first, second])
    x = torch.randn(4, 1, 3)
    with trace_gates(model) as traces:
        second(first(x)[0])
    assert [(trace.module, trace.layer) for trace in traces] == [("0", 0), ("1", 1)]


def test_weights_made_anew_for_each_run():
    torch.manual_seed(1)
    lstm = nn.utils.parametrizations.weight_norm(nn.LSTM(3, 2), "weight_hh_l0")
    x = torch.randn(4, 1, 3)
    for grad in (False, True):
        with torch.set_grad_enabled(grad), trace_gates(lstm) as traces:
            output, _ = lstm(x)
        torch.testing.assert_close(output, lstm(x)[0], rtol=0, atol=1e-6)
        torch.testing.assert_close(traces[0]["hidden_state"].transpose(0, 1), output, rtol=0, atol=1e-6)
    doubled = {name: 2 * tensor for name, tensor in nn.LSTM(3, 2).named_parameters()}
    plain = nn.LSTM(3, 2)
    with torch.no_grad(), trace_gates(plain) as traces:
        output, _ = torch.func.functional_call(plain, doubled, (x,))
    torch.testing.assert_close(traces[0]["hidden_state"].transpose(0, 1), output, rtol=0, atol=1e-6)


@pytest.mark.parametrize("cls", [nn.LSTM, nn.GRU])
@pytest.mark.parametrize("given_state", [False, True])
@torch.no_grad()
def test_packed_lines_come_in_the_users_order(cls, given_state):
    torch.manual_seed(2)
    layer = cls(4, 3, 2, bidirectional=True)
    x = torch.randn(6, 3, 4)
    packed = pack_padded_sequence(x, [2, 6, 4], enforce_sorted=False)
    hidden = torch.randn(4, 3, 3)
    state = ((hidden, hidden + 1) if cls is nn.LSTM else hidden) if given_state else None
    with trace_gates(layer) as traces:
        layer(packed, state)
    for line, length in enumerate([2, 6, 4]):
        own = None
        if given_state:
            one = tuple(each[:, line : line + 1] for each in (hidden, hidden + 1))
            own = one if cls is nn.LSTM else one[0]
        with trace_gates(layer) as alone:
            layer(x[:length, line : line + 1], own)
        for ours, theirs in zip(traces, alone, strict=True):
            assert ours.lengths == (2, 6, 4)
            for quantity in ours.values:
                torch.testing.assert_close(ours[quantity][line, :length], theirs[quantity][0], rtol=0, atol=1e-6)


@torch.no_grad()
def test_a_layer_that_reads_a_flipped_line():
    torch.manual_seed(3)
    lstm, x = nn.LSTM(4, 3), torch.randn(5, 2, 4)
    two_way = nn.LSTM(4, 3, bidirectional=True)
    for name, parameter in lstm.named_parameters():
        getattr(two_way, f"{name}_reverse").copy_(parameter)
    with trace_gates(two_way) as expected:
        two_way(x)
    for model, name in ((lstm, ""), (nn.Sequential(lstm), "0")):
        with trace_gates(model, reversed_modules=[name]) as traces:
            model(x.flip(0))
        assert traces[0].direction is Direction.BACKWARD
        for quantity, series in expected[1].values.items():
            torch.testing.assert_close(traces[0][quantity], series, rtol=0, atol=1e-6)
            assert abs(traces.line(1)[0][quantity] - series[1].numpy()).max() < 1e-6
    ruled = RuledLSTM(4, 3, rule=CellRule(), reads_backward=True)
    ruled.load_state_dict(lstm.state_dict())
    with trace_gates(ruled) as traces:
        ruled(x.flip(0))
    torch.testing.assert_close(traces[0]["forget_gate"], expected[1]["forget_gate"], rtol=0, atol=1e-6)
    packed = pack_padded_sequence(x, [5, 3])
    with trace_gates(lstm, reversed_modules=[""]) as traces:
        lstm(packed)
    with trace_gates(lstm) as straight:
        lstm(packed)
    for line, length in enumerate([5, 3]):
        assert torch.equal(traces[0]["cell_state"][line, :length], straight[0]["cell_state"][line, :length].flip(0))
        assert (traces[0].line(line).cell_state == traces[0]["cell_state"][line, :length].numpy()).all()
    with (
        pytest.raises(SelectionError, match="was declared to read backward and has two directions"),
        trace_gates(two_way, reversed_modules=[""]),
    ):
        two_way(x)


@torch.no_grad()
def test_a_ruled_layer_is_opened():
    rule = CellRule(state_limit=0.1)
    layer, x = RuledLSTM(4, 3, rule=rule), torch.randn(6, 2, 4) * 3
    plain, _ = layer(x)
    with trace_gates(layer, keep_calls=True) as traces:
        output, _ = layer(x)
    assert torch.equal(output, plain)
    assert traces[0].engine == "stepwise"
    assert traces[0]["cell_state"].abs().max() == pytest.approx(0.1)
    assert torch.equal(traces[0]["hidden_state"].transpose(0, 1), output)
    assert torch.equal(traces.calls[0].plain()[0], output)


def test_cells_in_the_users_loop():
    class Loop(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = nn.LSTMCell(4, 3)

        def forward(self, x):
            state = None
            for frame in x:
                state = self.cell(frame, state)
            return state

    torch.manual_seed(4)
    model, x = Loop(), torch.randn(6, 2, 4)
    lstm = nn.LSTM(4, 3)
    lstm.load_state_dict({f"{name}_l0": tensor for name, tensor in model.cell.state_dict().items()})
    with trace_gates(model) as traces:
        found = model(x)
    assert torch.equal(found[1], model(x)[1])
    with trace_gates(lstm) as expected:
        lstm(x)
    assert [(trace.module, trace.frame_count) for trace in traces] == [("cell", 6)]
    for quantity, series in expected[0].values.items():
        torch.testing.assert_close(traces[0][quantity], series, rtol=0, atol=1e-6)
    plan = EditPlan([clamp("forget_gate", 0.0, frames=(2, 3))])
    with trace_gates(model, edits=plan) as edited:
        model(x)
    with trace_gates(lstm, edits=EditPlan([clamp("forget_gate", 0.0, frames=(2, 3))])) as whole:
        lstm(x)
    assert not edited[0]["forget_gate"][:, 2].any()
    torch.testing.assert_close(edited[0]["cell_state"], whole[0]["cell_state"], rtol=0, atol=1e-6)


def test_edits_are_recorded_and_an_empty_plan_changes_nothing(reader):
    x = torch.randn(2, 5, 4)
    with torch.no_grad(), trace_gates(reader) as plain:
        expected = reader(x)
    with torch.no_grad(), trace_gates(reader, edits=EditPlan([])) as unedited:
        assert torch.equal(reader(x), expected)
    assert [trace.engine for trace in unedited] == [trace.engine for trace in plain]
    plan = EditPlan([clamp("forget_gate", 0.0, layer=1, direction="backward", units=[2], frames=(1, 3))])
    with torch.no_grad(), trace_gates(reader, edits=plan) as edited:
        changed = reader(x)
    plan.finish()
    assert not torch.allclose(changed, expected)
    held = edited.trace(1, "backward")
    assert held.engine == "stepwise"
    assert not held["forget_gate"][:, 1:3, 2].any()
    torch.testing.assert_close(
        held["cell_state"][:, 1:3, 2], (held["input_gate"] * held["candidate"])[:, 1:3, 2], rtol=0, atol=1e-7
    )
    torch.testing.assert_close(
        held["cell_state"][:, 3:], plain.trace(1, "backward")["cell_state"][:, 3:], rtol=0, atol=1e-6
    )


def test_an_edit_of_a_flipped_layer_goes_by_reading_order():
    lstm, x = nn.LSTM(4, 3), torch.randn(5, 1, 4)
    plan = EditPlan([clamp("input_gate", 0.0, frames=(0, 1))])
    with torch.no_grad(), trace_gates(lstm, edits=plan, reversed_modules=[""]) as traces:
        lstm(x.flip(0))
    assert not traces[0]["input_gate"][:, 0].any()
    assert traces[0]["input_gate"][:, 1:].all()


def test_edits_on_packed_lines_out_of_order_are_refused():
    lstm = nn.LSTM(4, 3)
    packed = pack_padded_sequence(torch.randn(5, 2, 4), [3, 5], enforce_sorted=False)
    plan = EditPlan([clamp("input_gate", 0.0)])
    with pytest.raises(SelectionError, match="hand the lines over longest first"), trace_gates(lstm, edits=plan):
        lstm(packed)
    with trace_gates(lstm, edits=plan) as traces:
        lstm(pack_padded_sequence(torch.randn(5, 2, 4), [5, 3]))
    assert not traces[0]["cell_state"].any()


@torch.no_grad()
def test_kept_calls_can_be_made_again(reader):
    x = torch.randn(2, 5, 4)
    with trace_gates(reader, keep_calls=True) as traces:
        reader(x)
    assert [call.module for call in traces.calls] == ["first", "neck.gru", "shared", "shared"]
    for call in traces.calls:
        for ours, plain in zip(call.result, call.plain(), strict=True):
            torch.testing.assert_close(ours, plain, rtol=0, atol=1e-6)


def test_what_cannot_be_traced(reader):
    with (
        pytest.raises(SelectionError, match=r"Linear holds no nn.LSTM, nn.GRU or cell of theirs"),
        trace_gates(nn.Linear(2, 2)),
    ):
        pass
    with (
        pytest.raises(SelectionError, match=r"no recurrent module 'second'; there are 'first', 'neck.gru'"),
        trace_gates(reader, modules=["second"]),
    ):
        pass
    with (
        pytest.raises(SelectionError, match="'gate' was asked for and is no quantity"),
        trace_gates(reader, quantities=["gate"]),
    ):
        pass


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_scripted_layer_is_refused_by_name():
    model = nn.Sequential(torch.jit.script(nn.LSTM(4, 3)))
    with pytest.raises(SelectionError, match="0 cannot be opened, for it is a scripted LSTM"), trace_gates(model):
        pass


@torch.no_grad()
def test_inference_mode_and_bfloat16():
    lstm, x = nn.LSTM(4, 3, dtype=torch.bfloat16), torch.randn(5, 2, 4, dtype=torch.bfloat16)
    with torch.inference_mode(), trace_gates(lstm) as traces:
        output, _ = lstm(x)
    assert torch.equal(output, lstm(x)[0])
    assert traces.line(0)[0].hidden_state.dtype.name == "float32"
    assert (traces.line(0)[0].hidden_state == output[:, 0].float().numpy()).all()


@torch.no_grad()
def test_edits_are_given_as_a_list_and_must_have_an_effect():
    torch.manual_seed(0)
    model = nn.Sequential(nn.LSTM(4, 3))
    x = torch.randn(5, 1, 4)
    with trace_gates(model, edits=[clamp("forget_gate", 0.0, frames=(1, 3))]) as traces:
        output, _ = model(x)
    f = traces[0]["forget_gate"][0]
    assert (f[1:3] == 0).all()
    assert (f[[0, 3, 4]] > 0).all()
    assert not torch.equal(output, model(x)[0])
    with (
        pytest.raises(SelectionError, match=r"changed nothing: this network has"),
        trace_gates(model, edits=[clamp("forget_gate", 0.0, layer=4)]),
    ):
        model(x)
    with trace_gates(model, edits=[]) as traces:
        assert torch.equal(model(x)[0], output) is False
    assert traces[0].engine != "stepwise"
