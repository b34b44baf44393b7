"""Prefix beam search against the exact ranking of all texts."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateviz.ctc.beam import PrefixTree, prefix_beam_search
from gateviz.ctc.greedy import greedy
from gateviz.ctc.ngram import CharacterNgram
from gateviz.ctc.total import total_log_prob
from gateviz.data.alphabet import Alphabet
from gateviz.errors import AlignmentError

NGRAM = CharacterNgram.train(["abcab", "xxy", "zzx", "cab", "字b字", "bac"], order=3)
EVERYTHING = {"beam_width": 5000, "hypotheses": 5000, "label_limit": None, "label_floor": -math.inf}


def assert_ranks(found, expected):
    """Hypotheses have the expected texts and scores, the best first; equal scores in the order of the texts."""
    assert {hypothesis.text: hypothesis.score for hypothesis in found} == pytest.approx(expected)
    assert found == sorted(found, key=lambda hypothesis: (-hypothesis.score, hypothesis.text))


@pytest.mark.parametrize("kind", ["small_emissions", "coded_emissions"])
@given(data=st.data())
def test_a_wide_beam_ranks_all_texts_exactly(oracle, request, kind, data):
    emission = oracle.emission_of(*data.draw(request.getfixturevalue(kind)))
    found = prefix_beam_search(emission, **EVERYTHING)
    assert_ranks(found, oracle.text_log_probs(emission))
    assert all(hypothesis.score == hypothesis.log_prob for hypothesis in found)


@pytest.mark.parametrize("kind", ["small_emissions", "coded_emissions"])
@given(data=st.data(), weight=st.sampled_from([0.0, 0.3, 1.0, 2.5]), bonus=st.sampled_from([-1.0, 0.0, 1.5]))
def test_a_wide_beam_ranks_all_texts_exactly_with_an_ngram(oracle, request, kind, data, weight, bonus):
    emission = oracle.emission_of(*data.draw(request.getfixturevalue(kind)))
    found = prefix_beam_search(emission, ngram=NGRAM, ngram_weight=weight, insertion_bonus=bonus, **EVERYTHING)
    expected = {
        text: value + weight * NGRAM.line_log_prob(text) + bonus * len(text)
        for text, value in oracle.text_log_probs(emission).items()
    }
    assert_ranks(found, expected)
    for hypothesis in found:
        assert hypothesis.ngram_log_prob == pytest.approx(NGRAM.line_log_prob(hypothesis.text))


@given(data=st.data(), width=st.integers(1, 4))
def test_a_narrow_beam_never_claims_more_than_there_is(oracle, small_emissions, data, width):
    emission = oracle.emission_of(*data.draw(small_emissions))
    found = prefix_beam_search(emission, beam_width=width, hypotheses=width)
    assert 1 <= len(found) <= width
    for hypothesis in found:
        assert hypothesis.log_prob <= total_log_prob(emission, hypothesis.text) + 1e-9


def test_paths_of_one_text_outweigh_the_best_path(oracle):
    # Graves 2012, figure 7.6: the most probable path is all blanks, the most probable text is not.
    emission = oracle.emission_of([[6, 4], [6, 4]], Alphabet.from_symbols("a", blank=0))
    assert greedy(emission).text == ""
    first, second = prefix_beam_search(emission, hypotheses=2)
    assert (first.text, second.text) == ("a", "")
    assert math.exp(first.log_prob) == pytest.approx(0.64)
    assert math.exp(second.log_prob) == pytest.approx(0.36)


def test_an_ngram_mends_what_the_frames_leave_open(oracle):
    alphabet = Alphabet.from_symbols("chtse ", blank=6)
    order = ["t", "h", "e", " ", "c", "e"]
    weights = np.full((13, 7), 0.001)
    for place, symbol in enumerate(order):
        weights[2 * place, 6] = 1
        weights[2 * place + 1, alphabet.encode(symbol)[0]] = 1
    weights[12, 6] = 1
    weights[3, alphabet.encode("c")[0]] = 1.1  # "tce" by a hair, where "the" is meant
    emission = oracle.emission_of(weights, alphabet)
    language = CharacterNgram.train(["the hen", "the the", "set the", "these"], order=3)
    assert prefix_beam_search(emission)[0].text == "tce ce"
    assert prefix_beam_search(emission, ngram=language)[0].text == "the ce"


@pytest.mark.parametrize("kind", ["small_emissions", "coded_emissions"])
@given(data=st.data(), width=st.integers(1, 5), bonus=st.sampled_from([-1.0, 0.0, 1.5]))
def test_what_the_ngram_is_not_asked_could_not_have_won(oracle, request, kind, data, width, bonus):
    emission = oracle.emission_of(*data.draw(request.getfixturevalue(kind)))
    options = {"beam_width": width, "hypotheses": width, "ngram": NGRAM, "ngram_weight": 0.8, "insertion_bonus": bonus}
    found = prefix_beam_search(emission, **options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PrefixTree, "spelling_bound", lambda self, prefix: 1e6)
        assert prefix_beam_search(emission, **options) == found


def test_a_bonus_alone_makes_texts_longer(oracle):
    emission = oracle.emission_of([[6, 1], [6, 1]], Alphabet.from_symbols("a", blank=0))
    assert prefix_beam_search(emission)[0].text == ""
    found = prefix_beam_search(emission, insertion_bonus=2.0)[0]
    assert found.text == "a"
    assert found.ngram_log_prob == 0.0
    assert found.score == pytest.approx(found.log_prob + 2.0)


def test_a_doubled_letter_is_told_from_a_long_one(oracle):
    alphabet = Alphabet.from_symbols("l", blank=1)
    weights = np.array([[9, 1], [9, 1], [1, 9], [9, 1]])
    assert prefix_beam_search(oracle.emission_of(weights, alphabet))[0].text == "ll"
    weights[2] = 9, 1
    assert prefix_beam_search(oracle.emission_of(weights, alphabet))[0].text == "l"


def many_classes(oracle, frames=60, classes=7000):
    random = np.random.default_rng(7)
    alphabet = Alphabet.from_symbols((chr(0x4E00 + label) for label in range(classes - 1)), blank=0)
    logits = random.normal(size=(frames, classes))
    logits[np.arange(frames), random.integers(classes, size=frames) * (np.arange(frames) % 3 == 0)] += 12
    return oracle.emission_of(np.exp(logits), alphabet)


def test_pruning_keeps_a_clear_line(oracle):
    emission = many_classes(oracle)
    read = greedy(emission).text
    assert len(read) == 20
    for limits in ({}, {"label_limit": 1}, {"label_floor": -1.0}, {"label_limit": None, "label_floor": -6.0}):
        assert prefix_beam_search(emission, **limits)[0].text == read


def test_the_floor_spares_the_most_probable_label(oracle):
    emission = oracle.emission_of([[6, 3, 1], [6, 3, 1]], Alphabet.from_symbols("ab", blank=0))
    found = prefix_beam_search(emission, hypotheses=9, beam_width=9, label_floor=0.0)
    assert {hypothesis.text for hypothesis in found} == {"", "a"}
    assert {hypothesis.text for hypothesis in prefix_beam_search(emission, hypotheses=9, beam_width=9)} > {"b", "ab"}


def test_the_limit_spares_a_repeated_label(oracle):
    alphabet = Alphabet.from_symbols("ab", blank=0)
    emission = oracle.emission_of([[1, 8, 1], [1, 4, 5]], alphabet)
    found = prefix_beam_search(emission, hypotheses=9, beam_width=9, label_limit=1)
    by_text = {hypothesis.text: math.exp(hypothesis.log_prob) for hypothesis in found}
    # Only b may be new at the second frame; blank-a counts, since "a" is in the beam already.
    assert by_text["a"] == pytest.approx(0.8 * 0.4 + 0.8 * 0.1 + 0.1 * 0.4)
    assert by_text["b"] == pytest.approx(0.1 * 0.5)


def test_searches_are_repeatable(oracle):
    emission = oracle.emission_of(np.ones((5, 4)), Alphabet.from_symbols("abc", blank=2))
    once = prefix_beam_search(emission, beam_width=6, hypotheses=6)
    assert once == prefix_beam_search(emission, beam_width=6, hypotheses=6)


@pytest.mark.parametrize(("width", "hypotheses"), [(0, 0), (4, 5), (4, 0)])
def test_senseless_widths(oracle, width, hypotheses):
    emission = oracle.emission_of([[1, 1]], Alphabet.from_symbols("a", blank=0))
    with pytest.raises(
        AlignmentError, match=f"{hypotheses} hypotheses were asked of a beam of {width}; ask for at least 1"
    ):
        prefix_beam_search(emission, beam_width=width, hypotheses=hypotheses)


def test_a_negative_weight(oracle):
    emission = oracle.emission_of([[1, 1]], Alphabet.from_symbols("a", blank=0))
    with pytest.raises(AlignmentError, match=r"an n-gram weight of -0.5 was asked for; it is at least 0"):
        prefix_beam_search(emission, ngram=NGRAM, ngram_weight=-0.5)


@pytest.mark.parametrize("value", [-np.inf, np.nan])
@pytest.mark.parametrize("read", [prefix_beam_search, greedy])
def test_a_frame_without_posteriors_is_named(oracle, read, value):
    emission = oracle.emission_of(np.ones((4, 2)), Alphabet.from_symbols("a", blank=0))
    emission.log_probs[2] = value
    words = r"frame 2 of 4 has posteriors that are all zero or no numbers \(1 such frames\)"
    with pytest.raises(AlignmentError, match=words):
        read(emission)
