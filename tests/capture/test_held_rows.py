"""Many interventions in one batch, against each of them alone by ``record`` with an edit."""

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode

import gateviz
from gateviz.capture.edits import ablate, clamp
from gateviz.capture.equal_lines import EqualLines
from gateviz.capture.held_rows import Held, RowHold, held_log_probs
from gateviz.capture.recognizer import pixels_of
from gateviz.data.gates import Direction, Quantity
from gateviz.errors import SelectionError

F, I, C = Quantity.FORGET_GATE, Quantity.INPUT_GATE, Quantity.CELL_STATE


@pytest.fixture(scope="module")
def recognizer():
    return gateviz.load()


@pytest.fixture(scope="module")
def image():
    return np.random.default_rng(0).integers(0, 256, (32, 120), dtype=np.uint8)


def units(*which, count=96):
    mask = np.zeros(count, bool)
    mask[list(which)] = True
    return mask


def edited(recognizer, image, edit):
    return gateviz.record(recognizer, image, edits=[edit]).emission.log_probs


def test_every_row_is_its_own_edited_run(recognizer, image):
    forward, backward = (1, Direction.FORWARD), (0, Direction.BACKWARD)
    rows = [None, RowHold(forward, units(3, 7)), RowHold(backward, units(5)), RowHold(forward, units(*range(96)))]
    found = held_log_probs(recognizer, pixels_of(recognizer.prepare(image)), Held(F, 0.0), rows).numpy()
    expected = [
        gateviz.record(recognizer, image).emission.log_probs,
        edited(recognizer, image, clamp(F, 0.0, layer=1, direction="forward", units=[3, 7])),
        edited(recognizer, image, clamp(F, 0.0, layer=0, direction="backward", units=[5])),
        edited(recognizer, image, clamp(F, 0.0, layer=1, direction="forward")),
    ]
    for row, one in zip(found, expected, strict=True):
        assert np.allclose(row, one, atol=1e-4)
    assert not np.allclose(found[1], found[0], atol=1e-3)


def test_a_mean_and_some_frames_only(recognizer, image):
    plain = gateviz.record(recognizer, image)
    place = (1, Direction.FORWARD)
    means = {place: plain.trace(1).forget_gate.astype(np.float64).mean(axis=0).astype(np.float32)}
    frames = np.zeros(plain.grid.frame_count, bool)
    frames[4:9] = True
    pixels = pixels_of(recognizer.prepare(image))
    found = held_log_probs(recognizer, pixels, Held(F, means, frames), [RowHold(place, units(2))])
    edit = ablate(F, to="mean", reference=plain, layer=1, direction="forward", units=[2], frames=(4, 9))
    assert np.allclose(found[0].numpy(), edited(recognizer, image, edit), atol=1e-4)


def test_an_input_gate_of_one_minus_f(recognizer, image):
    # With i = 1 - f a cell is a running mean of its candidates, so it stays between -1 and 1 once it is.
    place = (1, Direction.FORWARD)
    pixels = pixels_of(recognizer.prepare(image))
    rows = [RowHold(place, units(*range(96)))]
    found = held_log_probs(recognizer, pixels, Held(I, None), rows)[0].numpy()
    weights = dict(recognizer.module.named_parameters())
    traced = gateviz.record(recognizer, image)
    below = np.concatenate([traced.trace(0).hidden_state, traced.trace(0, "backward").hidden_state], axis=1)
    suffix = "_l1" if any(name.endswith("weight_ih_l1") for name in weights) else "_l0"
    layer = [name for name in weights if name.endswith(f"weight_ih{suffix}")][-1].removesuffix(f"weight_ih{suffix}")
    kinds = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    named = {kind: weights[f"{layer}{kind}{suffix}"].detach().double().numpy() for kind in kinds}
    h = c = np.zeros(96)
    states = []
    for x in below.astype(np.float64):
        z = named["weight_ih"] @ x + named["weight_hh"] @ h + named["bias_ih"] + named["bias_hh"]
        _, z_f, z_g, z_o = np.split(z, 4)
        f, g, o = 1 / (1 + np.exp(-z_f)), np.tanh(z_g), 1 / (1 + np.exp(-z_o))
        c = f * c + (1 - f) * g
        h = o * np.tanh(c)
        states.append(h)
    assert np.abs(c).max() <= 1
    patched = gateviz.record(
        recognizer, image, edits=[clamp("hidden_state", 0.0, layer=1, direction="forward", units=[0])]
    )
    assert not np.allclose(found, patched.emission.log_probs, atol=1e-3)
    # Put those states in by hand, through the same recorder.
    source = gateviz.record(recognizer, image)
    series = source.trace(1).values
    values = {**series, Quantity.HIDDEN_STATE: np.array(states, dtype=np.float32)}
    traces = tuple(
        type(trace)(trace.layer, trace.direction, values, trace.module) if trace.name == "1.forward" else trace
        for trace in source.traces
    )
    by_hand = type(source)(source.image, source.grid, traces, source.emission, source.provenance)
    edit = gateviz.patch("hidden_state", by_hand, layer=1, direction="forward")
    assert np.allclose(found, edited(recognizer, image, edit), atol=1e-3)


def test_only_the_input_gate_can_be_one_minus_f():
    with pytest.raises(SelectionError, match="only the input gate can be held at 1 - f, not the forget gate"):
        Held(F, None)


def test_what_the_network_does_not_have(recognizer, image):
    pixels = pixels_of(recognizer.prepare(image))
    with pytest.raises(SelectionError, match="layer 7 forward has no forget gate to hold in this network"):
        held_log_probs(recognizer, pixels, Held(F, 0.0), [RowHold((7, Direction.FORWARD), units(0))])
    with pytest.raises(SelectionError, match="layer 1 forward has 96 units of forget gate in 1 rows, and 5 in 1 were"):
        held_log_probs(recognizer, pixels, Held(F, 0.0), [RowHold((1, Direction.FORWARD), units(0, count=5))])


def test_the_convolutions_run_once(recognizer, image):
    batches = []
    convolutions = [each for each in recognizer.module.modules() if isinstance(each, torch.nn.Conv2d)]
    linear = [each for each in recognizer.module.modules() if isinstance(each, torch.nn.Linear)]
    real = torch.nn.functional.conv2d

    class Watching(TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            if func is real:
                batches.append(len(args[0]))
            return func(*args, **(kwargs or {}))

    with Watching():
        rows = [RowHold((1, Direction.FORWARD), units(3))] * 5
        found = held_log_probs(recognizer, pixels_of(recognizer.prepare(image)), Held(F, 0.0), rows)
    assert batches == [1] * len(convolutions)
    assert linear
    assert len(found) == 5


def test_equal_lines_are_what_a_batch_of_copies_is():
    torch.manual_seed(0)
    block = torch.nn.Sequential(
        torch.nn.Conv2d(2, 4, 3, padding=1),
        torch.nn.BatchNorm2d(4),
        torch.nn.ReLU(inplace=True),
        torch.nn.MaxPool2d(2),
        torch.nn.Hardswish(inplace=True),
    ).eval()
    line = torch.randn(1, 2, 8, 12)
    copies = line.repeat(3, 1, 1, 1)
    with torch.no_grad():
        expected = block(copies) + block(copies) * 2
        with EqualLines():
            found = block(line.expand(3, -1, -1, -1))
            found = found + found * 2
            other = block(copies)
    assert found.stride(0) == 0
    assert torch.allclose(found, expected, atol=1e-6)
    assert other.stride(0) != 0
    assert torch.equal(line.repeat(3, 1, 1, 1), copies)
