"""The probability of a text against every path there is, and against torch's CTC loss."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gateviz.ctc.total import total_log_prob
from gateviz.data.alphabet import Alphabet
from gateviz.errors import AlphabetError


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


@pytest.mark.parametrize(("frames", "letters", "classes"), [(12, 5, 4), (60, 20, 30), (400, 120, 90)])
@pytest.mark.parametrize("blank_last", [False, True])
def test_it_is_the_negative_of_torchs_loss(oracle, frames, letters, classes, blank_last):
    random = np.random.default_rng(frames + blank_last)
    blank = classes - 1 if blank_last else 0
    alphabet = Alphabet.from_symbols((chr(0x4E00 + label) for label in range(classes - 1)), blank=blank)
    emission = oracle.emission_of(random.dirichlet(np.full(classes, 0.3), size=frames) + 1e-6, alphabet)
    text = "".join(random.choice(alphabet.symbols, size=letters))
    labels = alphabet.encode(text)

    log_probs = torch.from_numpy(emission.log_probs.astype(np.float64))
    loss = torch.nn.functional.ctc_loss(
        log_probs[:, None], torch.tensor([labels]), [frames], [letters], blank=blank, reduction="sum"
    )
    assert total_log_prob(emission, text) == pytest.approx(-loss.item(), rel=1e-10)


def test_an_empty_text_is_all_blanks(oracle):
    emission = oracle.emission_of([[1, 3], [1, 1]], Alphabet.from_symbols("a", blank=1))
    assert total_log_prob(emission, "") == pytest.approx(math.log(0.375))


def test_too_few_frames(oracle):
    emission = oracle.emission_of(np.ones((2, 2)), Alphabet.from_symbols("a", blank=0))
    assert total_log_prob(emission, "aa") == -math.inf


def test_impossible_texts(oracle):
    emission = oracle.emission_of([[1, 0], [1, 0]], Alphabet.from_symbols("a", blank=0))
    assert total_log_prob(emission, "a") == -math.inf


def test_symbols_outside_the_alphabet(oracle):
    emission = oracle.emission_of(np.ones((2, 2)), Alphabet.from_symbols("a", blank=0))
    with pytest.raises(AlphabetError, match="has 'x'"):
        total_log_prob(emission, "x")
