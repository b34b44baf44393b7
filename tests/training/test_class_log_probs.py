"""Log posteriors of the classes that a batch names, against those of all classes."""

import pytest
import torch
from torch import nn

from gateviz.training import loss as losses
from gateviz.training.batches import Batch
from gateviz.training.frame_labels import IGNORED
from gateviz.training.loss import NamedClasses, batch_loss

LABELS = torch.tensor([3, 5, 5, 9, 3])
FRAMES = torch.full((2, 7), IGNORED)
FRAMES[0, 1], FRAMES[0, 2], FRAMES[1, 0] = 5, 0, 9


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(losses, "CHUNK", 4)


def problem():
    torch.manual_seed(0)
    return torch.randn(2, 7, 6, dtype=torch.float64, requires_grad=True), nn.Linear(6, 12).double()


def batch(lengths=(3, 2)) -> Batch:
    return Batch(torch.zeros(2, 1, 32, 28), LABELS, torch.tensor(lengths), FRAMES, 0, ("", ""))


def test_they_are_rows_of_the_log_softmax_over_all_classes():
    features, head = problem()
    named = NamedClasses(torch.tensor([0, 3, 9]), 0)
    torch.testing.assert_close(named.log_probs(features, head), head(features).log_softmax(-1)[..., [0, 3, 9]])


def test_gradients_are_exact():
    features, head = problem()

    def found(features, weight, bias):
        return losses._ClassLogProbs.apply(features, weight, bias, torch.tensor([0, 3, 9]), False)

    assert torch.autograd.gradcheck(found, (features.flatten(0, 1), head.weight, head.bias))


@pytest.mark.parametrize("lengths", [(3, 2), (5, 0)])
@pytest.mark.parametrize("frame_weight", [0.0, 0.5])
def test_a_batch_pulls_at_the_network_as_with_all_classes(lengths, frame_weight):
    gradients = []
    for few in (False, True):
        features, head = problem()
        whole = batch(lengths)
        if few:
            labels = whole.classes(0)
            named = NamedClasses(labels, int(torch.searchsorted(labels, 0)))
            loss = batch_loss(named.log_probs(features, head), whole.among(labels), named.blank, frame_weight)
        else:
            loss = batch_loss(head(features).log_softmax(-1), whole, 0, frame_weight)
        loss.total.backward()
        gradients.append((loss.total.detach(), features.grad, head.weight.grad, head.bias.grad))
    for few, every in zip(*gradients, strict=True):
        torch.testing.assert_close(few, every)


def test_ctc_pulls_as_differences_say():
    """The gradient by a single logit against two losses; torch's own CTC gradient is only that of a whole softmax."""
    features, head = problem()
    whole = batch()
    labels = whole.classes(0)
    named = NamedClasses(labels, 0)

    def loss() -> torch.Tensor:
        return batch_loss(named.log_probs(features, head), whole.among(labels), named.blank, 0.0).total

    loss().backward()
    for place in (0, 3, 7):
        sides = []
        for move in (1e-6, -1e-6):
            with torch.no_grad():
                head.bias[place] += move
                sides.append(float(loss()))
                head.bias[place] -= move
        assert float(head.bias.grad[place]) == pytest.approx((sides[0] - sides[1]) / 2e-6, rel=1e-6, abs=1e-9)


def test_half_precision_stays_near():
    torch.manual_seed(0)
    features, head = torch.randn(2, 7, 6), nn.Linear(6, 12)
    labels = torch.tensor([0, 3, 9])
    near = NamedClasses(labels, 0, half=True).log_probs(features, head)
    torch.testing.assert_close(near, NamedClasses(labels, 0).log_probs(features, head), rtol=0, atol=0.05)
    assert near.dtype == torch.float32


def test_a_batch_among_its_classes_keeps_what_nobody_knows():
    labels = batch().classes(0)
    assert labels.tolist() == [0, 3, 5, 9]
    among = batch().among(labels)
    assert among.labels.tolist() == [1, 2, 2, 3, 1]
    assert among.frame_labels[0].tolist() == [IGNORED, 2, 0, *[IGNORED] * 4]
