"""Whatever stands around a traced run, it is recorded rightly, or refused in one sentence."""

import threading
import warnings

import pytest
import torch
import torch.utils.checkpoint
from torch import nn

from gateviz.capture.edits import clamp
from gateviz.capture.instrument import instrument, restore
from gateviz.capture.instrumented import InstrumentedLSTM
from gateviz.capture.trace_book import LoopWarning
from gateviz.capture.tracing import trace_gates
from gateviz.errors import SelectionError
from tests.one_thread import one_thread  # noqa: F401


@pytest.fixture
def lstm():
    torch.manual_seed(0)
    return nn.LSTM(5, 4, 2, dropout=0.3)


X = torch.linspace(-2, 2, 6 * 2 * 5).cos().view(6, 2, 5)


def gradients(lstm, run, x):
    torch.manual_seed(1)
    return torch.autograd.grad(run(x).pow(2).sum(), [x, *lstm.parameters()])


@pytest.mark.parametrize("reentrant", [False, True])
@pytest.mark.parametrize("backward_within", [False, True])
def test_checkpoints_are_recorded_once_and_their_gradients_stay(lstm, reentrant, backward_within):
    x = X.clone().requires_grad_()
    expected = gradients(lstm, lambda z: lstm(z)[0], x)
    with torch.no_grad(), trace_gates(lstm) as plain:
        torch.manual_seed(1)
        lstm(X)

    def run(z):
        return torch.utils.checkpoint.checkpoint(lambda each: lstm(each)[0], z, use_reentrant=reentrant)

    def backward(output):
        for each in (x, *lstm.parameters()):
            each.grad = None
        output.pow(2).sum().backward()

    torch.manual_seed(1)
    with trace_gates(lstm) as traces:
        output = run(x)
        if backward_within:
            backward(output)
    if not backward_within:
        backward(output)
    assert [(trace.layer, trace.call) for trace in traces] == [(0, 0), (1, 0)]
    for one, other in zip(traces, plain, strict=True):
        for quantity, series in other.values.items():
            torch.testing.assert_close(one[quantity], series, rtol=0, atol=1e-6)
            assert not one[quantity].requires_grad
    for found, each in zip((x, *lstm.parameters()), expected, strict=True):
        torch.testing.assert_close(found.grad, each, rtol=0, atol=1e-5)


@pytest.mark.parametrize("reentrant", [False, True])
def test_an_edit_under_a_checkpoint_is_refused(lstm, reentrant):
    cell, x = nn.LSTMCell(5, 4), X.clone().requires_grad_()
    runs = {lstm: lambda z: lstm(z)[0], cell: lambda z: cell(z[0])[0]}
    for module, run in runs.items():
        with (
            pytest.raises(
                SelectionError, match="is edited inside an activation checkpoint, which the backward pass runs"
            ),
            trace_gates(module, edits=[clamp("input_gate", 0.0)]),
        ):
            torch.utils.checkpoint.checkpoint(run, x, use_reentrant=reentrant)
        with torch.no_grad(), trace_gates(module, edits=[clamp("input_gate", 0.0)]) as traces:
            run(x)
        assert not traces[0]["cell_state"].any()


@pytest.mark.parametrize("reentrant", [False, True])
@pytest.mark.parametrize("instrumented", [False, True])
def test_a_loop_under_a_checkpoint(reentrant, instrumented):
    torch.manual_seed(2)
    cell, x = nn.LSTMCell(5, 4), X.clone().requires_grad_()
    model = nn.Sequential(cell)

    def loop(z):
        return steps(cell, z)[0]

    def gradients_of(output):
        for each in (x, *cell.parameters()):
            each.grad = None
        output.pow(2).sum().backward()
        return [each.grad for each in (x, *cell.parameters())]

    expected = gradients_of(loop(x))
    if instrumented:
        instrument(model)
        output = torch.utils.checkpoint.checkpoint(loop, x, use_reentrant=reentrant)
        found, traces = gradients_of(output), model.traces
    else:
        with trace_gates(model) as traces:
            output = torch.utils.checkpoint.checkpoint(loop, x, use_reentrant=reentrant)
        found = gradients_of(output)
    assert [(trace.call, trace.frame_count) for trace in traces] == [(0, 6)]
    torch.testing.assert_close(traces[0]["hidden_state"][:, -1], output.detach(), rtol=0, atol=1e-6)
    for mine, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-6)


def test_an_instrumented_layer_under_a_checkpoint(lstm):
    x = X.clone().requires_grad_()
    expected = gradients(lstm, lambda z: lstm(z)[0], x)
    model = instrument(nn.Sequential(lstm))
    found = gradients(
        lstm, lambda z: torch.utils.checkpoint.checkpoint(lambda each: model(each)[0], z, use_reentrant=False), x
    )
    for mine, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-5)
    assert [(trace.layer, trace.call) for trace in model.traces] == [(0, 0), (1, 0)]


@torch.no_grad()
def test_what_torch_compile_made_is_recorded(lstm):
    model = nn.Sequential(lstm.eval())
    compiled = torch.compile(model, backend="aot_eager")
    expected = compiled(X)[0]
    with trace_gates(model) as traces:
        torch.testing.assert_close(compiled(X)[0], expected, rtol=0, atol=1e-6)
    assert len(traces) == 2
    torch.testing.assert_close(traces[1]["hidden_state"].transpose(0, 1), expected, rtol=0, atol=1e-6)
    instrument(model)
    for x in (X, X + 1):
        output = compiled(x)[0]
        torch.testing.assert_close(model.traces[1]["hidden_state"].transpose(0, 1), output, rtol=0, atol=1e-6)
    with pytest.raises(SelectionError, match="the model is a OptimizedModule, compiled already; instrument the module"):
        instrument(compiled)
    restore(model)
    torch.testing.assert_close(compiled(X)[0], expected, rtol=0, atol=1e-6)


TRANSFORMS = {
    "vmap": lambda layer: torch.func.vmap(lambda z: layer(z)[0])(X[None]),
    "grad": lambda layer: torch.func.grad(lambda z: layer(z)[0].sum())(X),
    "jvp": lambda layer: torch.func.jvp(lambda z: layer(z)[0], (X,), (X,)),
}


# PyTorch's own, on the way to its jvp.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("instrumented", [False, True])
@pytest.mark.parametrize("name", TRANSFORMS)
def test_transforms_of_torch_func_are_refused_by_name(lstm, name, instrumented):
    words = r"0 runs inside a transform of torch.func \(grad, vmap, jvp\), whose numbers end with it"
    model = nn.Sequential(lstm)
    if instrumented:
        instrument(model)
        with pytest.raises(SelectionError, match=words):
            TRANSFORMS[name](model)
    else:
        with pytest.raises(SelectionError, match=words), trace_gates(model):
            TRANSFORMS[name](model)
    assert torch._C._len_torch_function_stack() == 0


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")
def test_graphs_are_refused(lstm):
    lstm.eval()
    with pytest.raises(SelectionError, match=r"being turned into a graph \(torch.jit.trace"), trace_gates(lstm):
        torch.jit.trace(lstm, (X,))
    twin = InstrumentedLSTM.from_lstm(lstm)
    with pytest.raises(SelectionError, match=r"with a model that is not instrumented \(gateviz.restore\)"):
        torch.jit.trace(twin, (X,))


def test_the_meta_device_has_no_numbers():
    lstm = nn.LSTM(5, 4, device="meta")
    with pytest.raises(SelectionError, match="runs on the meta device, which holds no numbers"), trace_gates(lstm):
        lstm(X.to("meta"))
    with pytest.raises(SelectionError, match="runs on the meta device"):
        instrument(nn.Sequential(lstm))(X.to("meta"))


@torch.no_grad()
def test_a_block_within_a_block_records_in_both(lstm):
    lstm.eval()
    model = nn.Sequential(lstm)
    with trace_gates(lstm, layers=[1]) as outer:
        lstm(X)
        with trace_gates(model, quantities=["forget_gate"]) as inner:
            lstm(X + 1)
    assert [(trace.module, trace.layer, trace.call) for trace in outer] == [("", 1, 0), ("", 1, 1)]
    assert [(trace.module, trace.layer, *trace.values) for trace in inner] == [
        ("0", 0, "forget_gate"),
        ("0", 1, "forget_gate"),
    ]
    assert torch.equal(outer[1]["forget_gate"], inner[1]["forget_gate"])
    with trace_gates(lstm) as alone:
        lstm(X + 1)
    for quantity, series in alone[1].values.items():
        torch.testing.assert_close(outer[1][quantity], series, rtol=0, atol=1e-6)


@torch.no_grad()
def test_one_of_two_blocks_may_edit():
    torch.manual_seed(2)
    lstm, cell = nn.LSTM(5, 4), nn.LSTMCell(5, 4)
    for module, x in ((lstm, X), (cell, X[0])):
        for edits in ([(), [clamp("input_gate", 0.0)]], [[clamp("input_gate", 0.0)], ()]):
            with trace_gates(module, edits=edits[0]) as outer, trace_gates(module, edits=edits[1]) as inner:
                module(x)
            assert not outer[0]["cell_state"].any()
            assert not inner[0]["cell_state"].any()
        with (
            pytest.raises(SelectionError, match="is edited by 2 trace_gates blocks at once, one within the other"),
            trace_gates(module, edits=[clamp("input_gate", 0.0)]),
            trace_gates(module, edits=[clamp("output_gate", 0.0)]),
        ):
            module(x)


@torch.no_grad()
def test_packed_lines_are_in_the_users_order_in_both_blocks():
    torch.manual_seed(3)
    lstm = nn.LSTM(5, 4)
    packed = nn.utils.rnn.pack_padded_sequence(X, [3, 6], enforce_sorted=False)
    with trace_gates(lstm) as outer, trace_gates(lstm) as inner:
        lstm(packed)
    assert outer[0].lengths == inner[0].lengths == (3, 6)
    assert torch.equal(outer[0]["cell_state"], inner[0]["cell_state"])


@torch.no_grad()
def test_a_run_in_another_thread_is_said(lstm):
    words = "nothing was recorded: LSTM did not run inside the block, in the thread that began it"
    with pytest.raises(SelectionError, match=words), trace_gates(lstm):
        thread = threading.Thread(target=lstm, args=(X,))
        thread.start()
        thread.join()
    with (
        pytest.raises(
            SelectionError, match=r"layer 5 was asked for and did not run; recorded are layers \[0\], .* are 0 to 1"
        ),
        trace_gates(lstm, layers=[0, 5]),
    ):
        lstm(X)


@torch.no_grad()
def test_blocks_of_generators_end_in_any_order():
    torch.manual_seed(4)
    first, second = nn.LSTM(5, 4), nn.LSTM(5, 4)

    def reading(lstm):
        with trace_gates(lstm) as traces:
            while True:
                lstm(X)
                yield traces

    one, two = reading(first), reading(second)
    traces, others = next(one), next(two)
    next(one)
    one.close()
    next(two)
    assert torch._C._len_torch_function_stack() == 1
    two.close()
    assert torch._C._len_torch_function_stack() == 0
    assert (len(traces), len(others)) == (2, 2)
    torch.testing.assert_close(others[1]["hidden_state"].transpose(0, 1), second(X)[0], rtol=0, atol=1e-6)


@torch.no_grad()
def test_a_block_cannot_end_in_another_thread(lstm):
    block, said = trace_gates(lstm), []
    block.__enter__()
    lstm(X)

    def leave():
        try:
            block.__exit__(None, None, None)
        except SelectionError as error:
            said.append(str(error))

    thread = threading.Thread(target=leave)
    thread.start()
    thread.join()
    assert said == [
        "a trace_gates block ended in another thread than the one it began in; begin and end it in one thread"
    ]
    torch.overrides._pop_mode()


CELLS = {"lstm": nn.LSTMCell, "gru": nn.GRUCell}


def steps(cell, frames, state=None, change=lambda state: state):
    for frame in frames:
        state = change(cell(frame, state))
    return state


def both(cell, change):
    """The change of one tensor as a change of the cell's state."""
    return (lambda state: tuple(map(change, state))) if isinstance(cell, nn.LSTMCell) else change


@pytest.mark.parametrize("kind", CELLS)
@torch.no_grad()
def test_every_loop_over_a_cell_is_a_trace(kind):
    torch.manual_seed(5)
    cell = CELLS[kind](5, 4)
    model = nn.Sequential(cell)
    given = both(cell, torch.clone)((torch.ones(2, 4), torch.ones(2, 4)) if kind == "lstm" else torch.ones(2, 4))
    with trace_gates(model) as traces:
        steps(cell, X)
        steps(cell, X[:4])
        steps(cell, X[:3, 0])
        steps(cell, X[:5], given)
        steps(cell, X[:2], given)
    counts = [(trace.call, trace.frame_count, trace.batch_size) for trace in traces]
    assert counts == [(0, 6, 2), (1, 4, 2), (2, 3, 1), (3, 5, 2), (4, 2, 2)]
    for quantity, series in traces[0].values.items():
        torch.testing.assert_close(traces[1][quantity], series[:, :4], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "change",
    [
        torch.clone,
        lambda state: state * torch.tensor([[1.0], [0.5]]),
        lambda state: state.detach()[:],
        torch.Tensor.double,
    ],
    ids=["copied", "masked", "viewed", "converted"],
)
@pytest.mark.parametrize("kind", CELLS)
@torch.no_grad()
def test_a_loop_that_changes_its_state_is_one_trace(kind, change):
    torch.manual_seed(6)
    cell = CELLS[kind](5, 4, dtype=torch.float64)
    with trace_gates(cell) as traces:
        steps(cell, X.double(), change=both(cell, change))
    assert [(trace.call, trace.frame_count) for trace in traces] == [(0, 6)]


@torch.no_grad()
def test_two_loops_in_turns_are_two_traces_and_rows_are_copies():
    torch.manual_seed(7)
    cell, one, two = nn.LSTMCell(5, 4), None, None
    with trace_gates(cell) as traces:
        for frame in X:
            one = cell(frame, one)
            two = cell(-frame, two)
    with trace_gates(cell) as alone:
        steps(cell, -X)
    assert [trace.call for trace in traces] == [0, 1]
    for quantity, series in alone[0].values.items():
        torch.testing.assert_close(traces[1][quantity], series, rtol=0, atol=1e-6)
    one[0].fill_(7.0)
    assert traces[0]["hidden_state"].abs().max() < 1


@torch.no_grad()
def test_a_loop_whose_end_is_not_to_be_told_is_doubted_once():
    torch.manual_seed(8)
    cell = nn.LSTMCell(5, 4)
    states = [(torch.full((2, 4), value), torch.zeros(2, 4)) for value in (0.25, 0.5)]
    with warnings.catch_warnings(record=True) as said, trace_gates(nn.Sequential(cell)) as traces:
        warnings.simplefilter("always")
        for state in states:
            steps(cell, X, state)
    words = str(said[0].message)
    assert said[0].category is LoopWarning
    assert words.startswith(
        "0 was handed a state in step 6 that it had not returned, and the step is taken for the next"
    )
    assert len(said) == 1
    assert [trace.frame_count for trace in traces] == [12]


@torch.no_grad()
def test_edits_of_a_loop_go_by_its_own_steps_also_where_nothing_is_recorded():
    torch.manual_seed(9)
    cell = nn.LSTMCell(5, 4)
    edit = clamp("forget_gate", 0.0, frames=(1, 2))
    with trace_gates(cell, edits=[edit]) as traces:
        expected = steps(cell, X)
        steps(cell, X)
    for trace in traces:
        assert [bool(row.any()) for row in trace["forget_gate"][0]] == [True, False, True, True, True, True]
    with trace_gates(cell, edits=[edit], quantities=["update_gate"]):
        found = steps(cell, X)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)


def test_autocast_and_inference_mode():
    gru, x = nn.GRU(5, 4), X
    with torch.inference_mode():
        expected = gru(x)[0]
        with trace_gates(gru) as traces:
            gru(x)
        torch.testing.assert_close(traces[0]["hidden_state"].transpose(0, 1), expected, rtol=0, atol=1e-6)
        model = instrument(nn.Sequential(gru))
        model(x)
        torch.testing.assert_close(model.traces[0]["hidden_state"].transpose(0, 1), expected, rtol=0, atol=1e-6)
    restore(model)
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        expected = gru(x)[0]
        with trace_gates(gru) as traces:
            found = gru(x)[0]
    assert found.dtype is expected.dtype
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-2)
    hidden = traces[0]["hidden_state"].transpose(0, 1)
    torch.testing.assert_close(hidden.float(), expected.float(), rtol=0, atol=1e-2)
