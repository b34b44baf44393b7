"""The engines agree with each other and with autograd, step aside visibly, and are chosen by one rule."""

import threading
import warnings
from dataclasses import replace

import pytest
import torch
from torch import nn

from gateviz.capture import engines as engines_module
from gateviz.capture import replay, stepwise
from gateviz.capture.cell_rule import CellRule
from gateviz.capture.engines import Engine, Engines, EngineWarning
from gateviz.capture.instrumented import InstrumentedLSTM
from gateviz.capture.layer import CellKind, DirectionWeights, LayerJob
from gateviz.capture.replay import cell_states, scanned, stepped
from gateviz.capture.ruled import RuledLSTM
from gateviz.capture.trace_memory import TraceMemory
from gateviz.capture.workspace import autograd
from gateviz.capture.workspace import engine as workspace
from gateviz.capture.workspace.engine import WorkspaceEngine
from gateviz.capture.workspace.layout import WorkspaceLayout, layout_of
from gateviz.capture.workspace.packed_weights import PackedWeightsCache
from gateviz.data.gates import LSTM_QUANTITIES, Quantity

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")


def a_job(
    *,
    kind="lstm",
    frames=7,
    batch=3,
    features=5,
    units=6,
    dtype=torch.float64,
    proj=0,
    lengths=None,
    bias=True,
    **changes,
):
    """A two-way layer with random weights, input and first states, everything asking for gradients."""
    torch.manual_seed(11)
    if kind == "lstm":
        layer = nn.LSTM(features, units, bidirectional=True, proj_size=proj, bias=bias, dtype=dtype)
    else:
        layer = nn.GRU(features, units, bidirectional=True, bias=bias, dtype=dtype)
    flat = layer._flat_weights
    half = len(flat) // 2
    cell = CellKind(kind)

    def weights(tensors):
        biases = tensors[2:4] if bias else [None, None]
        return DirectionWeights(*tensors[:2], *biases, *tensors[4 if bias else 2 :])

    states = tuple(
        tuple(
            torch.randn(batch, width, dtype=dtype, requires_grad=True)
            for width in (proj or units, units)[: cell.state_count]
        )
        for _ in range(2)
    )
    present = None if lengths is None else torch.arange(frames)[:, None] < torch.tensor(lengths)
    x = torch.randn(frames, batch, features, dtype=dtype, requires_grad=True)
    fields = {"wanted": (frozenset(cell.quantities),) * 2, "editors": (None, None), "rule": None} | changes
    return LayerJob(cell, x, states, (weights(flat[:half]), weights(flat[half:])), present=present, **fields)


class Doubling:
    """Doubles one quantity at one frame."""

    def __init__(self, quantity, frame):
        self.place = (quantity, frame)

    def touches(self, quantity):
        return quantity == self.place[0]

    def apply(self, quantity, frame, values):
        return values * 2 if (quantity, frame) == self.place else values


def inputs_of(job):
    return [job.frames, *(each for state in job.states for each in state), *(w for d in job.weights for w in d.flat)]


def everything(runs):
    """All results of a layer in reading order."""
    found = []
    for run in runs:
        found += [run.output, *run.final]
        found += [each.flip(0) if run.in_step_order else each for each in run.values.values()]
    return found


def gradients(results, job):
    torch.manual_seed(5)
    loss = sum((each * torch.randn_like(each)).sum() for each in results)
    return torch.autograd.grad(loss, inputs_of(job), retain_graph=True)


def assert_all_close(found, expected, tolerance):
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("grad", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("lengths", [None, [7, 4, 1]])
@pytest.mark.parametrize(("kind", "proj"), [("lstm", 0), ("lstm", 4), ("gru", 0)])
def test_replay_is_the_stepwise_cell(kind, proj, lengths, bias, grad):
    job = a_job(kind=kind, proj=proj, lengths=lengths, bias=bias)
    with torch.set_grad_enabled(grad):
        found, expected = everything(replay.run(job)), everything(stepwise.run(job))
    assert_all_close(found, expected, 1e-14)
    if grad:
        assert_all_close(gradients(found, job), gradients(expected, job), 1e-12)


@pytest.mark.parametrize("kind", ["lstm", "gru"])
@pytest.mark.parametrize("run", [stepwise.run, replay.run])
def test_gradients_are_those_of_finite_differences(run, kind):
    job = a_job(kind=kind, frames=3, batch=2, features=2, units=2, lengths=[3, 2])
    assert torch.autograd.gradcheck(lambda *_: tuple(everything(run(job))), inputs_of(job))


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(("frames", "batch", "units"), [(1, 1, 6), (9, 2, 6), (6, 1, 64), (5, 3, 33)])
def test_the_workspace_is_the_stepwise_cell(frames, batch, units, bias):
    job = a_job(frames=frames, batch=batch, units=units, dtype=torch.float32, bias=bias)
    expected = everything(stepwise.run(job))
    with torch.no_grad():
        assert_all_close(everything(WorkspaceEngine().run(job, TraceMemory())), expected, 3e-6)
    found = everything(autograd.run(job, WorkspaceEngine()))
    assert_all_close(found, expected, 3e-6)
    assert_all_close(gradients(found, job), gradients(expected, job), 2e-4)


def test_frames_that_lie_batch_first_in_memory():
    job = a_job(dtype=torch.float32)
    job = replace(job, frames=job.frames.detach().transpose(0, 1).contiguous().requires_grad_().transpose(0, 1))
    found = everything(autograd.run(job, WorkspaceEngine()))
    assert_all_close(gradients(found, job), gradients(everything(stepwise.run(job)), job), 2e-4)


@pytest.mark.parametrize("bias", [False, True])
def test_training_is_plain_training_bit_for_bit(bias):
    job = a_job(dtype=torch.float32, bias=bias)
    output, final = replay.fused_layer(job)
    runs = autograd.run(job, WorkspaceEngine())
    ours = torch.cat([run.output for run in runs], 2)
    assert torch.equal(ours, output)
    torch.manual_seed(1)
    weight = torch.randn_like(output)
    states = [torch.stack([run.final[index] for run in runs]) for index in range(2)]

    def grads(result, hidden, cell):
        return torch.autograd.grad((result * weight).sum() + hidden.sum() + (cell**2).sum(), inputs_of(job))

    expected = grads(output, *final)
    assert all(torch.equal(a, b) for a, b in zip(grads(ours, *states), expected, strict=True))


def test_gradients_of_gradients():
    job = a_job(dtype=torch.float32, frames=4, batch=2)

    def penalty(runs):
        (slope,) = torch.autograd.grad(sum(run.output.pow(2).sum() for run in runs), job.frames, create_graph=True)
        return torch.autograd.grad(slope.pow(2).sum(), job.weights[0].input_weight)[0]

    ours = penalty(autograd.run(job, WorkspaceEngine()))
    torch.testing.assert_close(ours, penalty(stepwise.run(job)), rtol=1e-4, atol=1e-5)


def test_a_loss_on_a_recorded_gate_reaches_everything_before_it():
    """Through InstrumentedLSTM as a user would, two layers: the first one's weights get their part."""
    torch.manual_seed(0)
    lstm = nn.LSTM(4, 5, 2, bidirectional=True)
    double = nn.LSTM(4, 5, 2, bidirectional=True, dtype=torch.float64)
    double.load_state_dict(lstm.state_dict())
    x = torch.randn(6, 2, 4)
    found = {}
    for layer, line in ((lstm, x), (double, x.double())):
        twin = InstrumentedLSTM.from_lstm(layer)
        output, _ = twin(line)
        (twin.traces[3]["forget_gate"].pow(2).sum() + output.sum()).backward()
        found[layer] = [parameter.grad for parameter in layer.parameters()]
        assert all(gradient.abs().max() > 0 for gradient in found[layer])
    for single, exact in zip(found[lstm], found[double], strict=True):
        torch.testing.assert_close(single.double(), exact, rtol=1e-4, atol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("units", [6, 64])
def test_a_long_run_in_pieces_is_the_same_run(monkeypatch, units):
    job = a_job(frames=37, batch=4, units=units, dtype=torch.float32)
    whole = WorkspaceEngine().run(job, TraceMemory())
    monkeypatch.setattr(workspace, "VIEW_BYTES", 0)
    monkeypatch.setattr(workspace, "PIECE_BYTES", 60_000)
    pieces = WorkspaceEngine().run(job, TraceMemory())
    assert_all_close(everything(pieces), everything(whole), 1e-6)


@torch.no_grad()
def test_pieces_use_the_memory_of_the_trace_before(monkeypatch):
    monkeypatch.setattr(workspace, "VIEW_BYTES", 0)
    torch.manual_seed(0)
    twin = InstrumentedLSTM.from_lstm(nn.LSTM(4, 3))
    x = torch.randn(20, 2, 4)
    twin(x)
    place = twin.traces[0]["forget_gate"].data_ptr()
    twin(x)
    again = twin.traces[0]["forget_gate"]
    first = again.clone()
    assert again.data_ptr() in {place, *(trace.data_ptr() for trace in twin.traces[0].values.values())}
    # What somebody still holds is never written over.
    twin(x + 1)
    assert torch.equal(again, first)
    assert again.data_ptr() != twin.traces[0]["forget_gate"].data_ptr()


def test_trace_memory_gives_back_only_what_is_free():
    memory = TraceMemory()
    first = memory.take((3, 4))
    view = first[1:].transpose(0, 1)
    place = first.data_ptr()
    del first
    assert memory.take((12,)).data_ptr() != place
    del view
    assert memory.take((4, 3)).data_ptr() == place
    memory.release()
    assert TraceMemory(reuse=False).take((2,)).shape == (2,)


def test_the_scan_is_the_recurrence():
    torch.manual_seed(0)
    for frames in (1, 2, 3, 8, 37):
        keep, update = torch.rand(frames, 2, 3).double(), torch.randn(frames, 2, 3).double()
        first = torch.randn(2, 3).double()
        torch.testing.assert_close(
            scanned(keep, update, first), stepped(keep, update.clone(), first), rtol=1e-14, atol=1e-14
        )
    # Gates that are shut or wide open for a thousand frames neither overflow nor vanish into NaN.
    keep = torch.ones(1000, 1, 2)
    keep[..., 0] = 0.0
    states = scanned(keep, torch.ones(1000, 1, 2), torch.zeros(1, 2))
    assert states[-1, 0].tolist() == [1.0, 1000.0]
    reverse = cell_states(keep, torch.ones(1000, 1, 2), torch.ones(1000, 1, 2), torch.zeros(1, 2), reverse=True)
    assert reverse[0, 0].tolist() == [1.0, 1000.0]


def test_gpu_path_has_no_loop_over_frames(monkeypatch):
    """On a GPU, and under autograd, the cell states come from the scan alone."""
    monkeypatch.setattr("gateviz.capture.replay.stepped", lambda *_: pytest.fail("the loop over frames ran"))
    replay.run(a_job())


@pytest.mark.parametrize(
    ("change", "engine"),
    [
        ({}, Engine.WORKSPACE),
        ({"dtype": torch.float64}, Engine.REPLAY),
        ({"dtype": torch.bfloat16}, Engine.REPLAY),
        ({"kind": "gru"}, Engine.REPLAY),
        ({"proj": 3}, Engine.REPLAY),
        ({"lengths": [7, 3, 2]}, Engine.REPLAY),
        ({"wanted": (frozenset(), frozenset())}, Engine.FUSED),
        ({"rule": CellRule(state_limit=1.0)}, Engine.STEPWISE),
        ({"editors": (Doubling(Quantity.CANDIDATE, 2), None)}, Engine.STEPWISE),
    ],
)
def test_the_rule(change, engine):
    assert Engines().choose(a_job(**({"dtype": torch.float32} | change))) is engine


def test_the_rule_under_autocast_and_without_onednn():
    job = a_job(dtype=torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert Engines().choose(job) is Engine.REPLAY
    torch._C._set_mkldnn_enabled(False)
    try:
        assert Engines().choose(job) is Engine.REPLAY
    finally:
        torch._C._set_mkldnn_enabled(True)
    assert Engines().choose(job) is Engine.WORKSPACE


def test_the_rule_explains_itself():
    found = Engines()
    text = found.explain()
    assert [line.split(":")[0] for line in text.splitlines()] == [
        "stepwise",
        "stepwise",
        "fused",
        "workspace",
        "replay",
    ]
    assert "a layer that is edited takes the stepwise cell" in text
    found.refusal = "sand"
    assert found.explain().endswith("the workspace engine has stepped aside in this process: it held sand")
    assert engines_module.explain() == engines_module.ENGINES.explain()


def swapped_gates(layout, floats, units):
    """A layout that takes the input gate for the forget gate."""
    i, f, g, o = ORIGINAL_GATES(layout, floats, units)
    return f, i, g, o


ORIGINAL_GATES = WorkspaceLayout.gates


@pytest.mark.parametrize("grad", [False, True])
@pytest.mark.parametrize("fault", ["gates", "cells", "size"])
def test_a_wrong_layout_is_caught_and_steps_aside_visibly(monkeypatch, fault, grad):
    if fault == "gates":
        monkeypatch.setattr(WorkspaceLayout, "gates", swapped_gates)
    elif fault == "cells":
        monkeypatch.setattr(WorkspaceLayout, "cells", lambda layout, floats, units: layout.hidden(floats, units))
    else:
        layout_of.cache_clear()
        monkeypatch.setattr(WorkspaceLayout, "total_bytes", 17)
    fresh = Engines()
    job = a_job(dtype=torch.float32)
    with torch.set_grad_enabled(grad), pytest.warns(EngineWarning, match=r"recorded by replay from now on, slower"):
        engine, runs = fresh.run(job, TraceMemory())
    assert engine is Engine.REPLAY
    assert_all_close(everything(runs), everything(stepwise.run(job)), 3e-6)
    assert fresh.refusal in fresh.explain()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fresh.run(job, TraceMemory())[0] is Engine.REPLAY


@torch.no_grad()
def test_the_last_step_is_checked_once_for_every_layout(monkeypatch):
    engine, job = WorkspaceEngine(), a_job(dtype=torch.float32)
    engine.run(job, TraceMemory())
    monkeypatch.setattr(WorkspaceLayout, "last_gates", lambda layout, floats: floats[: 4 * layout.units].reshape(4, -1))
    engine.run(job, TraceMemory())
    longer = replace(job, frames=torch.cat([job.frames, job.frames]))
    with pytest.raises(workspace.LayoutMismatch, match=r"off by .* from h = o tanh"):
        engine.run(longer, TraceMemory())


@torch.no_grad()
def test_a_run_that_tells_nothing_proves_nothing():
    job = a_job(dtype=torch.float32)
    for weights in job.weights:
        for each in weights.flat:
            each.zero_()
    engine = WorkspaceEngine()
    engine.run(job, TraceMemory())
    assert not engine._proven
    nan = a_job(dtype=torch.float32)
    nan.frames.fill_(float("nan"))
    runs = engine.run(nan, TraceMemory())
    assert not engine._proven
    assert runs[0].output.isnan().all()
    engine.run(a_job(dtype=torch.float32), TraceMemory())
    assert len(engine._proven) == 2


@torch.no_grad()
def test_weights_far_from_scale_are_no_mismatch():
    job = a_job(dtype=torch.float32, features=200)
    for weights in job.weights:
        weights.input_weight.mul_(300)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Engines().run(job, TraceMemory())[0] is Engine.WORKSPACE


def test_packed_weights_are_forgotten_with_their_layer():
    cache = PackedWeightsCache()
    lstm = nn.LSTM(4, 3)
    cache.packed(DirectionWeights(*lstm._flat_weights))
    cache.packed(DirectionWeights(*lstm._flat_weights))
    assert len(cache) == 1
    del lstm
    assert len(cache) == 0


def test_one_engine_from_many_threads():
    engine, jobs = WorkspaceEngine(), [a_job(frames=5 + number, dtype=torch.float32) for number in range(4)]
    expected = [everything(stepwise.run(job)) for job in jobs]
    failures = []

    def work(number):
        for _ in range(10):
            with torch.no_grad():
                found = everything(engine.run(jobs[number], TraceMemory()))
            if not all(torch.allclose(a, b, atol=3e-6) for a, b in zip(found, expected[number], strict=True)):
                failures.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


@pytest.mark.parametrize("quantity", LSTM_QUANTITIES)
def test_an_edit_changes_what_follows_from_it_and_nothing_before(quantity):
    edited = a_job(editors=(Doubling(quantity, 3), None))
    (forward, backward), (plain, plain_backward) = stepwise.run(edited), stepwise.run(a_job())
    order = list(LSTM_QUANTITIES)
    for each in order:
        torch.testing.assert_close(backward.values[each], plain_backward.values[each], rtol=0, atol=0)
        torch.testing.assert_close(forward.values[each][:3], plain.values[each][:3], rtol=0, atol=0)
        if order.index(each) < 4 and each != quantity:
            torch.testing.assert_close(forward.values[each][3], plain.values[each][3], rtol=0, atol=0)
    torch.testing.assert_close(forward.values[quantity][3], 2 * plain.values[quantity][3])
    values = forward.values
    if quantity not in (Quantity.CELL_STATE,):
        before = plain.values[Quantity.CELL_STATE][2]
        c = values[Quantity.FORGET_GATE][3] * before + values[Quantity.INPUT_GATE][3] * values[Quantity.CANDIDATE][3]
        torch.testing.assert_close(values[Quantity.CELL_STATE][3], c)
    if quantity is not Quantity.HIDDEN_STATE:
        h = values[Quantity.OUTPUT_GATE][3] * values[Quantity.CELL_STATE][3].tanh()
        torch.testing.assert_close(values[Quantity.HIDDEN_STATE][3], h)
    torch.testing.assert_close(forward.output, values[Quantity.HIDDEN_STATE], rtol=0, atol=0)
    assert not torch.allclose(forward.output[4:], plain.output[4:])


def test_a_ruled_layer_clips_and_rounds():
    torch.manual_seed(3)
    rule = CellRule(state_limit=0.25, round_hidden=lambda h: torch.round(h * 16) / 16, tanh=torch.sin)
    layer = RuledLSTM(4, 3, rule=rule, batch_first=True)
    x = torch.randn(2, 6, 4) * 3
    h, c = torch.zeros(2, 3), torch.zeros(2, 3)
    rows = []
    for t in range(6):
        z = x[:, t] @ layer.weight_ih_l0.t() + h @ layer.weight_hh_l0.t() + layer.bias_ih_l0 + layer.bias_hh_l0
        i, f, g, o = z.chunk(4, 1)
        c = (torch.sigmoid(f) * c + torch.sigmoid(i) * torch.sin(g)).clamp(-0.25, 0.25)
        h = torch.round(torch.sigmoid(o) * torch.sin(c) * 16) / 16
        rows.append(h)
    output, (hidden, cell) = layer(x)
    torch.testing.assert_close(output, torch.stack(rows, 1))
    torch.testing.assert_close(hidden[0], h)
    torch.testing.assert_close(cell[0], c)
    assert cell.abs().max() == 0.25
