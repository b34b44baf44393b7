"""What training minimizes."""

import math

import pytest
import torch

from gateviz.training.batches import Batch
from gateviz.training.frame_labels import IGNORED
from gateviz.training.loss import batch_loss


def batch(labels, lengths, frames):
    return Batch(
        torch.zeros(len(lengths), 1, 32, 8),
        torch.tensor(labels),
        torch.tensor(lengths),
        torch.tensor(frames),
        0,
        ("",) * len(lengths),
    )


@pytest.fixture
def log_probs():
    return torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(1)).log_softmax(-1).requires_grad_()


def test_the_ctc_part_is_the_sum_over_all_paths(log_probs):
    """Two frames, the text of one label: the paths a a, a blank, blank a; one symbol, so nothing is divided."""
    p = log_probs[:1, :2].exp()
    paths = p[0, 0, 1] * p[0, 1, 1] + p[0, 0, 1] * p[0, 1, 0] + p[0, 0, 0] * p[0, 1, 1]
    loss = batch_loss(log_probs[:1, :2], batch([1], [1], [[IGNORED] * 2]), 0, 0.0)
    assert float(loss.ctc) == pytest.approx(-math.log(float(paths.detach())), rel=1e-5)
    assert float(loss.total.detach()) == float(loss.ctc)


def test_the_frame_part_is_the_mean_over_the_frames_whose_label_is_known(log_probs):
    frames = [[IGNORED, 1, 0, IGNORED], [2, IGNORED, IGNORED, IGNORED]]
    loss = batch_loss(log_probs, batch([1, 2], [1, 1], frames), 0, 0.25)
    by_hand = -(log_probs[0, 1, 1] + log_probs[0, 2, 0] + log_probs[1, 0, 2]) / 3
    assert float(loss.frames) == pytest.approx(float(by_hand.detach()), rel=1e-6)
    assert float(loss.total.detach()) == pytest.approx(float(loss.ctc) + 0.25 * float(loss.frames), rel=1e-6)


def test_without_known_frames_only_ctc_counts(log_probs):
    loss = batch_loss(log_probs, batch([1, 2], [1, 1], [[IGNORED] * 4] * 2), 0, 0.5)
    assert float(loss.frames) == 0
    assert float(loss.total.detach()) == float(loss.ctc)


def test_a_line_that_does_not_fit_its_frames_counts_zero_and_pulls_at_nothing(log_probs):
    fitting = batch_loss(log_probs[:1], batch([1], [1], [[IGNORED] * 4]), 0, 0.0)
    both = batch_loss(log_probs, batch([1, 2, 2, 2], [1, 3], [[IGNORED] * 4] * 2), 0, 0.0)
    assert float(both.ctc) == pytest.approx(float(fitting.ctc) / 2, rel=1e-6)
    both.total.backward()
    assert log_probs.grad[1].abs().max() == 0
    assert log_probs.grad[0].abs().max() > 0
