"""Scores of units: by hand where the network is planted, against the plain loss elsewhere."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812  (torch's own habit)

from gateviz.data.alphabet import Alphabet
from gateviz.data.crnn import CrnnConfig
from gateviz.data.gates import Direction
from gateviz.training.batches import BatchMaker
from gateviz.training.crnn_units import places
from gateviz.training.pupil import new_crnn
from gateviz.training.unit_scores import Criterion, opened, unit_scores
from tests.training.toy_lines import SYMBOLS, ToyLines

FORWARD = (0, Direction.FORWARD)
LAST = (1, Direction.BACKWARD)


def recognizer(**config):
    shape = {"backbone": "vgg_narrow", "hidden_size": 5, "backbone_scale": 0.1, **config}
    pupil = new_crnn(CrnnConfig(4, **shape), Alphabet.from_symbols(SYMBOLS, blank=0), seed=4)
    pupil.recognizer.module.requires_grad_(False).eval()
    return pupil.recognizer


def batches(of, count=6, columns=300):
    maker = BatchMaker(of.preprocess, of.geometry, of.alphabet, columns)
    return maker.batches([ToyLines(1)[index] for index in range(count)], np.random.default_rng(0))


@pytest.mark.parametrize("recurrent", ["lstm", "gru"])
def test_the_steps_are_those_of_the_plain_layer(recurrent):
    module = recognizer(recurrent=recurrent).module
    seen = torch.randn(3, 11, module.recurrent.input_size, generator=torch.Generator().manual_seed(1))
    run = opened(module, seen)
    expected, _ = module.recurrent(seen)
    torch.testing.assert_close(run.features, expected, rtol=0, atol=1e-6)
    torch.testing.assert_close(run.states[LAST], expected[:, :, 5:].transpose(0, 1), rtol=0, atol=1e-6)


@pytest.mark.parametrize("recurrent", ["lstm", "gru"])
def test_a_factor_has_the_whole_derivative_also_through_the_steps_that_follow(recurrent):
    """Against torch's own layer, begun anew from a first state that was scaled by hand, in float64."""
    module = recognizer(recurrent=recurrent, depth=1, bidirectional=False).module.double()
    part = module.recurrent
    seen = torch.randn(1, 7, part.input_size, generator=torch.Generator().manual_seed(1)).double()
    run = opened(module, seen)
    (gradient,) = torch.autograd.grad(run.features.pow(3).sum(), [run.factors[FORWARD]])

    def loss(unit, factor):
        first, state = part(seen[:, :1])
        scale = torch.ones(5).double()
        scale[unit] = factor
        hidden = (state[0] * scale, state[1]) if recurrent == "lstm" else state * scale
        rest, _ = part(seen[:, 1:], hidden)
        return float(torch.cat([first * scale, rest], dim=1).pow(3).sum())

    for unit in range(5):
        slope = (loss(unit, 1 + 1e-5) - loss(unit, 1 - 1e-5)) / 2e-5
        assert float(gradient[0, 0, unit]) == pytest.approx(slope, rel=1e-5, abs=1e-10)


def test_taylor_is_the_state_times_the_slope_of_the_loss():
    """Units that no gate reads: the slope comes from the head alone, and torch's own CTC of the plain network gives it."""
    of = recognizer(depth=1, bidirectional=False)
    of.module.recurrent.weight_hh_l0.zero_()
    made = batches(of, columns=1)
    assert all(len(batch.names) == 1 for batch in made)
    expected = np.zeros(5)
    for batch in made:
        states = of.module.read(of.module.seen(batch.pixels))
        logits = of.module.head(states).requires_grad_()
        loss = F.ctc_loss(
            logits.log_softmax(2).transpose(0, 1),
            batch.labels,
            torch.tensor([logits.shape[1]]),
            batch.lengths,
            reduction="sum",
        )
        (slope,) = torch.autograd.grad(loss / len(batch.labels), [logits])
        expected += (states * (slope @ of.module.head.weight)).abs().sum(dim=(0, 1)).numpy()
    found = unit_scores(of, Criterion.TAYLOR, made)[FORWARD]
    np.testing.assert_allclose(found, expected, rtol=1e-3)
    assert found.min() > 0


def test_lines_count_alike_in_batches_of_any_size():
    of = recognizer()
    line = ToyLines(1)[0]
    maker = BatchMaker(of.preprocess, of.geometry, of.alphabet, 10_000)
    rng = np.random.default_rng(0)
    together = unit_scores(of, Criterion.TAYLOR, maker.batches([line, line, line], rng))
    alone = unit_scores(of, Criterion.TAYLOR, maker.batches([line], rng) * 3)
    for place in places(of.module):
        np.testing.assert_allclose(together[place], alone[place], rtol=1e-4)


@pytest.mark.parametrize("criterion", [Criterion.TAYLOR, Criterion.ACTIVITY])
def test_a_unit_that_nobody_reads_does_not_matter(criterion):
    of = recognizer()
    part = of.module.recurrent
    part.weight_hh_l0[:, 2] = 0
    part.weight_ih_l1[:, 2] = 0
    part.weight_ih_l1_reverse[:, 2] = 0
    part.weight_hh_l1_reverse[:, 4] = 0
    of.module.head.weight[:, 5 + 4] = 0
    found = unit_scores(of, criterion, batches(of))
    assert found[FORWARD][2] == 0
    assert found[LAST][4] == 0
    assert (found[FORWARD][[0, 1, 3, 4]] > 0).all()
    assert (found[LAST][[0, 1, 2, 3]] > 0).all()


def test_activity_is_the_variance_of_the_state_times_the_norm_of_what_reads_it():
    of = recognizer(depth=1, bidirectional=False)
    made = batches(of)
    states = torch.cat([of.module.read(of.module.seen(batch.pixels)).flatten(0, 1) for batch in made]).double()
    readers = torch.cat([of.module.recurrent.weight_hh_l0, of.module.head.weight]).double()
    expected = states.var(dim=0, correction=0) * readers.square().sum(dim=0).sqrt()
    found = unit_scores(of, Criterion.ACTIVITY, made)[FORWARD]
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-4)


def test_magnitude_orders_units_by_their_weights_and_needs_no_lines():
    of = recognizer(depth=1, bidirectional=False)
    part = of.module.recurrent
    for weight in (part.weight_ih_l0, part.weight_hh_l0, of.module.head.weight):
        weight.zero_()
    part.weight_ih_l0[[1, 6], 0] = 3.0  # unit 1, input and forget gate
    of.module.head.weight[2, 4] = 4.0
    part.weight_hh_l0[7, 0] = 2.0  # unit 2 reads unit 0: into one, out of the other
    found = unit_scores(of, Criterion.MAGNITUDE, ())[FORWARD]
    np.testing.assert_allclose(found, [2.0, np.sqrt(18), 2.0, 0.0, 4.0], rtol=1e-6)


def test_a_lot_is_the_same_for_the_same_seed_and_another_for_another():
    of = recognizer(hidden_size=40)
    one, again, other = (unit_scores(of, Criterion.RANDOM, (), seed=seed) for seed in (1, 1, 2))
    for place in places(of.module):
        assert one[place].tolist() == again[place].tolist()
        assert sorted(one[place]) == list(range(40))
        assert one[place].tolist() != other[place].tolist()
    assert one[FORWARD].tolist() != one[LAST].tolist()


def test_scoring_leaves_no_gradient_and_tells_how_far_it_is():
    of, told = recognizer(), []
    before = {name: tensor.clone() for name, tensor in of.module.state_dict().items()}
    made = batches(of)
    unit_scores(of, Criterion.TAYLOR, made, on_progress=told.append)
    assert sum(told) == sum(len(batch.names) for batch in made) == 6
    for name, tensor in of.module.state_dict().items():
        torch.testing.assert_close(tensor, before[name], rtol=0, atol=0)
    assert all(weights.grad is None for weights in of.module.parameters())
