"""Occupancy and total probability against every path there is, and against torch's CTC loss."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gateviz.ctc.forced import align
from gateviz.ctc.occupancy import occupancy, total_log_prob
from gateviz.data.alphabet import Alphabet
from gateviz.errors import AlignmentError, AlphabetError


@given(data=st.data())
def test_total_equals_the_sum_over_paths(oracle, small_emissions, data):
    emission = oracle.emission_of(*data.draw(small_emissions))
    text = data.draw(st.text(emission.alphabet.symbols, max_size=4))
    paths = oracle.paths_of(emission, emission.alphabet.encode(text))
    assert total_log_prob(emission, text) == pytest.approx(oracle.log_sum([value for _, value in paths]))


@given(data=st.data())
def test_all_texts_together_are_certain(oracle, small_emissions, data):
    emission = oracle.emission_of(*data.draw(small_emissions))
    alphabet = emission.alphabet
    texts = {alphabet.text(oracle.collapse(path, alphabet.blank)) for path, _ in oracle.paths(emission)}
    assert math.fsum(math.exp(total_log_prob(emission, text)) for text in texts) == pytest.approx(1, abs=1e-5)


@given(data=st.data())
def test_states_equal_the_share_of_paths(oracle, positive_emissions, data):
    emission = oracle.emission_of(*data.draw(positive_emissions))
    text = data.draw(st.text(emission.alphabet.symbols, max_size=3))
    labels = emission.alphabet.encode(text)
    if not oracle.paths_of(emission, labels):
        return
    found = occupancy(emission, text)
    np.testing.assert_allclose(found.states, oracle.occupancy(emission, labels), atol=1e-12)
    np.testing.assert_allclose(found.states.sum(axis=1), 1, atol=1e-12)
    np.testing.assert_array_equal(found.symbols, found.states[:, 1::2])
    assert found.names == tuple(text)
    assert found.log_prob == total_log_prob(emission, text)


@given(data=st.data())
def test_zero_posteriors_leave_the_rest_right(oracle, small_emissions, data):
    emission = oracle.emission_of(*data.draw(small_emissions))
    text = data.draw(st.text(emission.alphabet.symbols, max_size=3))
    if total_log_prob(emission, text) == -math.inf:
        return
    expected = oracle.occupancy(emission, emission.alphabet.encode(text))
    np.testing.assert_allclose(occupancy(emission, text).states, expected, atol=1e-12)


@given(data=st.data())
def test_a_symbol_occupies_its_span(oracle, coded_emissions, data):
    emission = oracle.emission_of(*data.draw(coded_emissions))
    alphabet = emission.alphabet
    text = "".join(data.draw(st.lists(st.sampled_from(alphabet.symbols), min_size=1, max_size=2)))
    labels = alphabet.encode(text)
    paths = [(path, value) for path, value in oracle.paths_of(emission, labels) if value > -math.inf]
    if not paths:
        return
    total = oracle.log_sum([value for _, value in paths])
    names = alphabet.split(text)
    expected = np.zeros((emission.frame_count, len(names)))
    for path, value in paths:
        states = oracle.states(path, alphabet.blank)
        first_label = 0
        for column, name in enumerate(names):
            first, last = 2 * first_label + 1, 2 * (first_label + len(alphabet.code(name))) - 1
            expected[states.index(first) : len(states) - states[::-1].index(last), column] += math.exp(value - total)
            first_label += len(alphabet.code(name))
    np.testing.assert_allclose(occupancy(emission, text).symbols, expected, atol=1e-12)


@pytest.mark.parametrize(("frames", "letters", "classes"), [(12, 5, 4), (60, 20, 30), (400, 120, 90)])
@pytest.mark.parametrize("blank_last", [False, True])
def test_total_and_occupancy_equal_torch(oracle, frames, letters, classes, blank_last):
    random = np.random.default_rng(frames + blank_last)
    blank = classes - 1 if blank_last else 0
    alphabet = Alphabet.from_symbols((chr(0x4E00 + label) for label in range(classes - 1)), blank=blank)
    emission = oracle.emission_of(random.dirichlet(np.full(classes, 0.3), size=frames) + 1e-6, alphabet)
    text = "".join(random.choice(alphabet.symbols, size=letters))
    labels = alphabet.encode(text)

    log_probs = torch.from_numpy(emission.log_probs.astype(np.float64)).requires_grad_()
    loss = torch.nn.functional.ctc_loss(
        log_probs[:, None], torch.tensor([labels]), [frames], [letters], blank=blank, reduction="sum"
    )
    loss.backward()
    assert total_log_prob(emission, text) == pytest.approx(-loss.item(), rel=1e-10)

    # The gradient of torch's loss is, by class, the posterior minus the occupancy.
    found = occupancy(emission, text)
    by_class = np.zeros((frames, classes))
    np.add.at(by_class.T, found.labels, found.states.T)
    expected = np.exp(emission.log_probs.astype(np.float64)) - log_probs.grad.numpy()
    np.testing.assert_allclose(by_class, expected, atol=1e-8)


def test_a_sure_line_occupies_its_forced_path(oracle):
    alphabet = Alphabet.from_symbols("ab", blank=0)
    path = [0, 1, 1, 0, 1, 2, 0]
    weights = np.full((7, 3), 1e-9)
    weights[np.arange(7), path] = 1
    emission = oracle.emission_of(weights, alphabet)
    found = occupancy(emission, "aab")
    spans = align(emission, "aab").spans
    for column, span in enumerate(spans):
        inside = np.zeros(7)
        inside[span.start : span.stop] = 1
        np.testing.assert_allclose(found.symbols[:, column], inside, atol=1e-6)


def test_an_empty_text_occupies_the_blank(oracle):
    emission = oracle.emission_of([[1, 3], [1, 1]], Alphabet.from_symbols("a", blank=1))
    found = occupancy(emission, "")
    np.testing.assert_allclose(found.states, [[1], [1]], atol=1e-12)
    assert found.symbols.shape == (2, 0)
    assert found.log_prob == pytest.approx(math.log(0.375))


def test_too_few_frames(oracle):
    emission = oracle.emission_of(np.ones((2, 2)), Alphabet.from_symbols("a", blank=0))
    assert total_log_prob(emission, "aa") == -math.inf
    with pytest.raises(AlignmentError, match=r"the text 'aa' needs at least 3 frames .* and there are 2"):
        occupancy(emission, "aa")


def test_impossible_texts(oracle):
    emission = oracle.emission_of([[1, 0], [1, 0]], Alphabet.from_symbols("a", blank=0))
    assert total_log_prob(emission, "a") == -math.inf
    with pytest.raises(AlignmentError, match="the posterior of 'a' is zero"):
        occupancy(emission, "a")


def test_symbols_outside_the_alphabet(oracle):
    emission = oracle.emission_of(np.ones((2, 2)), Alphabet.from_symbols("a", blank=0))
    with pytest.raises(AlphabetError, match="has 'x'"):
        total_log_prob(emission, "x")
    with pytest.raises(AlphabetError, match="has 'x'"):
        occupancy(emission, "x")
