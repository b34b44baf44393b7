"""Jacobians by distance against formulas, brute force and finite differences; what refuses is named."""

import numpy as np
import pytest
import torch
from torch import nn

from gateviz.capture.context import GradientError, Probes, image_sensitivity, layer_sensitivity
from gateviz.capture.tracing import trace_gates
from gateviz.data.gates import Direction
from gateviz.errors import CheckpointError, SelectionError
from tests.capture.context_models import CLASSES, ByColumn, Columns, recognizer, remembering

EXACT = Probes(None)


def line(width, height=CLASSES, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).random((1, height, width)))


def small_crnn(*, layers=2, kind=nn.LSTM, seed=0, **options):
    torch.manual_seed(seed)
    recurrent = kind(3 * CLASSES, 4, num_layers=layers, bidirectional=True, **options)
    convolution = nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.Tanh())
    width = 2 * (options.get("proj_size") or 4)
    return recognizer(ByColumn(recurrent, width, convolution=convolution), grid=Columns(1, 3))


def hidden_of(tiny, pixels):
    """Every layer and direction's hidden states, by the recorder."""
    with torch.no_grad(), trace_gates(tiny.module, quantities=["hidden_state"]) as traces:
        logits = tiny.module(pixels[None])
    found = {(trace.layer, trace.direction): trace["hidden_state"][0].numpy() for trace in traces}
    return found | {None: logits.log_softmax(-1)[:, 0].numpy()}


def test_a_known_forget_gate_fades_by_its_powers():
    forget, gain, width = 0.8, 0.7, 12
    tiny, pixels = recognizer(remembering(forget, gain=gain)), line(width)
    (found, *_) = image_sensitivity(tiny, pixels, [3, 11], probes=EXACT)
    x = pixels[0].numpy()
    g = np.tanh(gain * x)
    for row, t in zip(found.squared, (3, 11), strict=True):
        c = sum(forget ** (t - s) * g[:, s] for s in range(t + 1))
        for s in range(width):
            # h = tanh(c), c(t) = f c(t-1) + g(t): unit j answers to row j alone.
            slope = (1 - np.tanh(c) ** 2) * forget ** (t - s) * (1 - g[:, s] ** 2) * gain if s <= t else np.zeros(3)
            assert row[s] == pytest.approx((slope**2).sum(), rel=1e-9, abs=1e-300)
    (own,) = layer_sensitivity(tiny, pixels, [3, 11], probes=EXACT)
    np.testing.assert_allclose(own.squared, found.squared, rtol=1e-9)


def test_every_column_is_that_of_finite_differences():
    tiny, pixels, frames = small_crnn(), line(7, seed=1), [0, 3, 6]
    found = image_sensitivity(tiny, pixels, frames, [1, 0, 2], probes=EXACT)
    assert [each.place for each in found] == [*((n, d) for n in (0, 1) for d in Direction), None]
    step, squared = 1e-5, {each.place: np.zeros((3, 7)) for each in found}
    for row, column in np.ndindex(CLASSES, 7):
        moved = torch.zeros_like(pixels)
        moved[0, row, column] = step
        above, below = hidden_of(tiny, pixels + moved), hidden_of(tiny, pixels - moved)
        for place, sums in squared.items():
            slope = (above[place] - below[place])[frames] / (2 * step)
            slope = slope[np.arange(3), [1, 0, 2]][:, None] if place is None else slope
            sums[:, column] += (slope**2).sum(axis=1)
    for each in found:
        # The posterior goes through float32, as every recognizer's.
        tolerance = 1e-6 if each.place else 1e-4
        np.testing.assert_allclose(each.squared, squared[each.place], rtol=tolerance, atol=1e-12, err_msg=each.words)


@pytest.mark.parametrize(
    ("kind", "options"), [(nn.LSTM, {}), (nn.GRU, {}), (nn.LSTM, {"proj_size": 2}), (nn.LSTM, {"bias": False})]
)
def test_a_layers_own_jacobian_is_that_of_torchs_layer(kind, options):
    tiny, pixels, frames = small_crnn(layers=1, kind=kind, **options), line(6, seed=2), [1, 5]
    found = layer_sensitivity(tiny, pixels, frames, probes=EXACT)
    features = tiny.module.convolution(pixels[None]).flatten(1, 2).permute(2, 0, 1).detach()
    whole = torch.autograd.functional.jacobian(lambda x: tiny.module.recurrent(x)[0], features)
    width = whole.shape[2] // 2
    for each, part in zip(found, (slice(0, width), slice(width, None)), strict=True):
        expected = whole[frames][:, 0, part, :, 0].square().sum((1, 3)).numpy()
        np.testing.assert_allclose(each.squared, expected, rtol=1e-8)
    forward, backward = found
    # What comes after a forward frame, or before a backward one, has no part in it.
    assert (forward.squared[0, 2:] == 0).all()
    assert (backward.squared[1, :5] == 0).all()


def test_an_upper_layer_answers_to_the_lower_ones_outputs():
    tiny, pixels = small_crnn(), line(6, seed=3)
    (own,) = (each for each in layer_sensitivity(tiny, pixels, [4], probes=EXACT) if each.words == "layer 1 backward")
    states = hidden_of(tiny, pixels)
    below = torch.from_numpy(np.concatenate([states[0, d] for d in Direction], axis=1))[:, None]
    upper = nn.LSTM(8, 4, bidirectional=True).double()
    upper.load_state_dict(
        {key.replace("_l1", "_l0"): value for key, value in tiny.module.recurrent.state_dict().items() if "_l1" in key}
    )
    whole = torch.autograd.functional.jacobian(lambda x: upper(x)[0][4, 0, 4:], below)
    np.testing.assert_allclose(own.squared[0], whole[:, :, 0].square().sum((0, 2)).numpy(), rtol=1e-8)


def test_without_memory_nothing_lies_beyond_the_receptive_field():
    module = remembering(0.0)
    module.convolution = nn.Conv2d(1, 1, (1, 5), padding=(0, 2))
    tiny, pixels = recognizer(module, grid=Columns(1, 5)), line(15)
    forward, posterior = image_sensitivity(tiny, pixels, [7], [1], probes=EXACT)
    for found in (forward, posterior):
        assert np.flatnonzero(found.squared[0]).tolist() == [5, 6, 7, 8, 9]
    (own,) = layer_sensitivity(tiny, pixels, [7], probes=EXACT)
    assert np.flatnonzero(own.squared[0]).tolist() == [7]


def test_random_directions_give_the_norm_on_average_and_all_of_them_give_it_exactly():
    tiny, pixels = small_crnn(layers=1), line(6, seed=4)
    exact = layer_sensitivity(tiny, pixels, [3], probes=EXACT)[0].squared
    every = layer_sensitivity(tiny, pixels, [3], probes=Probes(4, rows=3))[0].squared
    np.testing.assert_allclose(every, exact, rtol=1e-9)
    drawn = np.stack([layer_sensitivity(tiny, pixels, [3], probes=Probes(1, seed))[0].squared for seed in range(60)])
    error = drawn.std(axis=0) / np.sqrt(len(drawn))
    assert (np.abs(drawn.mean(axis=0) - exact) <= 4 * error + 1e-12).all()
    assert np.array_equal(drawn[7], layer_sensitivity(tiny, pixels, [3], probes=Probes(1, 7))[0].squared)


def test_rows_at_a_time_change_nothing():
    tiny, pixels = small_crnn(), line(6, seed=5)
    together = image_sensitivity(tiny, pixels, [0, 2, 5], [0, 1, 2], probes=Probes(3, 9))
    apart = image_sensitivity(tiny, pixels, [0, 2, 5], [0, 1, 2], probes=Probes(3, 9, rows=2))
    for one, other in zip(together, apart, strict=True):
        np.testing.assert_allclose(one.squared, other.squared, rtol=1e-9)


def test_a_layer_that_is_fed_the_line_backward_looks_to_the_right():
    torch.manual_seed(0)
    module = ByColumn(nn.LSTM(CLASSES, 4), 4, turned=True)
    tiny, pixels = recognizer(module, reversed_modules=["recurrent"]), line(8)
    (by_image, by_input) = (
        *image_sensitivity(tiny, pixels, [2], probes=EXACT), *layer_sensitivity(tiny, pixels, [2], probes=EXACT)
    )  # fmt: skip
    assert by_image.place == by_input.place == (0, Direction.BACKWARD)
    assert np.flatnonzero(by_image.squared[0]).tolist() == [2, 3, 4, 5, 6, 7]
    np.testing.assert_allclose(by_input.squared, by_image.squared, rtol=1e-9)


class Rounding(ByColumn):
    """Rounds what it reads, as a network of integers does."""

    def forward(self, pixels):
        return super().forward((pixels * 127).round() / 127)


class Cut(ByColumn):
    """Hands on numbers that know no gradient."""

    def forward(self, pixels):
        return super().forward(pixels.detach())


@pytest.mark.parametrize("kind", [Rounding, Cut])
def test_a_gradient_that_does_not_reach_the_image_is_refused(kind):
    torch.manual_seed(0)
    tiny = recognizer(kind(nn.LSTM(CLASSES, 4), 4))
    with pytest.raises(
        GradientError, match="no gradient of layer 0 forward reaches the image: on the way the network rounds"
    ):
        image_sensitivity(tiny, line(6), [2])
    # The layer itself is whole.
    assert layer_sensitivity(tiny, line(6), [2])[0].squared.any()


def test_what_cannot_be_measured_is_said():
    tiny, pixels = small_crnn(), line(6)
    with pytest.raises(SelectionError, match=r"the context of layer 5 was asked for; this network has layers \[0, 1\]"):
        layer_sensitivity(tiny, pixels, [2], layers=[5])
    with pytest.raises(SelectionError, match="the context of layer 5 was asked for"):
        image_sensitivity(tiny, pixels, [2], layers=[5])
    with pytest.raises(SelectionError, match=r"frames \[6\] was asked for; this line has frames 0 to 5"):
        image_sensitivity(tiny, pixels, [6])
    with pytest.raises(SelectionError, match="2 labels were given for 1 frames"):
        image_sensitivity(tiny, pixels, [2], [0, 0])
    with pytest.raises(SelectionError, match="by 0 probes, 32 rows at once; take at least 1 of each"):
        Probes(0)
    tiny.module.train()
    with pytest.raises(CheckpointError, match=r"in training mode; call .eval\(\)"):
        layer_sensitivity(tiny, pixels, [2])


def test_one_layer_alone():
    tiny, pixels = small_crnn(), line(6)
    every = layer_sensitivity(tiny, pixels, [2])
    alone = layer_sensitivity(tiny, pixels, [2], layers=[1])
    assert [each.words for each in alone] == ["layer 1 forward", "layer 1 backward"]
    assert np.array_equal(alone[0].squared, every[2].squared)
    assert len(image_sensitivity(tiny, pixels, [2], layers=[1])) == 2
