"""Forced alignment against every path there is."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateviz.ctc.beam import prefix_beam_search
from gateviz.ctc.collapse import collapse
from gateviz.ctc.forced import align
from gateviz.ctc.greedy import greedy
from gateviz.ctc.total import total_log_prob
from gateviz.data.alphabet import Alphabet
from gateviz.data.emission import Emission
from gateviz.errors import AlignmentError, AlphabetError

TEXTS = st.text("abc", max_size=4)


def aligned_or_none(emission, text):
    try:
        return align(emission, text)
    except AlignmentError:
        return None


@given(data=st.data())
def test_the_path_is_the_most_probable_that_spells_the_text(oracle, small_emissions, data):
    emission = oracle.emission_of(*data.draw(small_emissions))
    text = data.draw(st.text(emission.alphabet.symbols, max_size=4))
    labels = emission.alphabet.encode(text)
    best = max((value for _, value in oracle.paths_of(emission, labels)), default=-math.inf)
    found = aligned_or_none(emission, text)
    if found is None:
        assert best == -math.inf
        return
    assert found.log_prob == pytest.approx(best)
    assert tuple(found.path.tolist()) in {path for path, _ in oracle.paths_of(emission, labels)}
    assert found.text == text
    assert [span.symbol for span in found.spans] == list(text)


@given(data=st.data())
def test_codes_of_several_labels_are_aligned_as_one_symbol(oracle, coded_emissions, data):
    emission = oracle.emission_of(*data.draw(coded_emissions))
    alphabet = emission.alphabet
    symbols = data.draw(st.lists(st.sampled_from(alphabet.symbols), max_size=2))
    found = aligned_or_none(emission, "".join(symbols))
    labels = alphabet.encode("".join(symbols))
    best = max((value for _, value in oracle.paths_of(emission, labels)), default=-math.inf)
    assert (found.log_prob if found else -math.inf) == pytest.approx(best)
    if found:
        assert [span.symbol for span in found.spans] == alphabet.split("".join(symbols))
        for span in found.spans:
            path = found.path[span.start : span.stop].tolist()
            assert oracle.collapse(path, alphabet.blank) == alphabet.code(span.symbol)
            assert path[0] != alphabet.blank
            assert path[-1] != alphabet.blank


@given(data=st.data())
def test_the_greedy_text_is_aligned_by_the_greedy_path(oracle, small_emissions, data):
    emission = oracle.emission_of(*data.draw(small_emissions))
    read = greedy(emission)
    assert align(emission, read.text).log_prob == pytest.approx(read.log_prob)


@pytest.mark.parametrize("seed", range(5))
def test_a_long_path_collapses_to_its_text(oracle, seed):
    random = np.random.default_rng(seed)
    alphabet = Alphabet.from_symbols((chr(0x4E00 + label) for label in range(400)), blank=int(random.integers(401)))
    emission = oracle.emission_of(random.dirichlet(np.full(401, 0.1), size=150) + 1e-9, alphabet)
    text = "".join(random.choice(alphabet.symbols, size=60))
    found = align(emission, text)
    assert alphabet.text(collapse(found.path, alphabet.blank)) == text
    assert found.log_prob == pytest.approx(
        sum(float(row[label]) for row, label in zip(emission.log_probs, found.path, strict=True))
    )


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a", [1, 0, 0, 0, 0]),
        ("ab", [1, 2, 0, 0, 0]),
        ("aa", [1, 0, 1, 0, 0]),
        ("", [0, 0, 0, 0, 0]),
    ],
)
def test_ties_stay_before_they_step_and_step_before_they_skip(oracle, text, path):
    emission = oracle.emission_of(np.ones((5, 3)), Alphabet.from_symbols("ab", blank=0))
    assert align(emission, text).path.tolist() == path


def test_a_step_over_a_blank_goes_before_a_skip(oracle):
    # Before b, at the only frame it can have, a blank and a second a are equally probable.
    emission = oracle.emission_of([[1, 1, 0], [1, 1, 0], [0, 0, 1]], Alphabet.from_symbols("ab", blank=0))
    assert align(emission, "ab").path.tolist() == [1, 0, 2]


def test_an_empty_text_is_all_blanks(oracle):
    emission = oracle.emission_of([[1, 3], [1, 1]], Alphabet.from_symbols("a", blank=1))
    found = align(emission, "")
    assert (found.path.tolist(), found.spans, found.text) == ([1, 1], (), "")
    assert found.log_prob == pytest.approx(math.log(0.75 * 0.5))


def test_a_text_may_need_every_frame(oracle):
    emission = oracle.emission_of(np.ones((4, 3)), Alphabet.from_symbols("ab", blank=0))
    assert align(emission, "aab").path.tolist() == [1, 0, 1, 2]


def test_the_symbols_asked_for_are_kept(oracle):
    # The labels of "ac" could be read as "b".
    alphabet = Alphabet(("a", "c", "b"), ((1,), (2,), (1, 2)), 0, 3)
    found = align(oracle.emission_of(np.ones((3, 3)), alphabet), "ac")
    assert [span.symbol for span in found.spans] == ["a", "c"]
    assert found.text == "ac"


def test_too_few_frames_say_how_many(oracle):
    emission = oracle.emission_of(np.ones((3, 3)), Alphabet.from_symbols("ab", blank=0))
    with pytest.raises(AlignmentError) as raised:
        align(emission, "aab")
    assert str(raised.value) == (
        "the text 'aab' needs at least 4 frames (3 labels and 1 blanks between equal ones), and there are 3; "
        "give a shorter text or a wider line image"
    )


def test_a_symbol_outside_the_alphabet_is_named(oracle):
    emission = oracle.emission_of(np.ones((3, 3)), Alphabet.from_symbols("ab", blank=0))
    with pytest.raises(AlphabetError, match="the text 'axb' has 'x', not among the alphabet's 2 symbols"):
        align(emission, "axb")


def test_a_symbol_that_never_has_a_posterior_is_named(oracle):
    emission = oracle.emission_of([[1, 1, 0], [1, 1, 0]], Alphabet.from_symbols("ab", blank=0))
    with pytest.raises(AlignmentError, match="'ab' cannot be aligned to these 2 frames: the posterior of 'b' is zero"):
        align(emission, "ab")


def test_a_wrong_order_is_impossible(oracle):
    emission = oracle.emission_of([[0, 1, 0], [0, 0, 1]], Alphabet.from_symbols("ab", blank=0))
    assert align(emission, "ab").log_prob == 0.0
    with pytest.raises(
        AlignmentError, match="'ba' cannot be aligned to these 2 frames: frames with posteriors of zero"
    ):
        align(emission, "ba")


def test_posteriors_that_are_no_numbers_are_no_alignment(oracle):
    emission = oracle.emission_of(np.ones((3, 3)), Alphabet.from_symbols("ab", blank=0))
    emission.log_probs[:] = np.nan
    with pytest.raises(AlignmentError, match="the posterior of 'a' is zero, or no number"):
        align(emission, "a")


def test_a_text_read_from_the_right_is_aligned_from_its_last_letter_on():
    alphabet = Alphabet.from_symbols("אבג 12", blank=0)
    read, standing = "אבג 12", "12 גבא"
    labels = [label for symbol in standing for label in (*alphabet.code(symbol), alphabet.blank)]
    emission = Emission(np.log(np.full((len(labels), 7), 0.01) + 0.94 * np.eye(7)[labels]).astype(np.float32), alphabet)
    found = align(emission, read)
    assert [span.symbol for span in found.spans] == list(standing)
    assert [span.start for span in found.spans] == list(range(0, len(labels), 2))
    assert (found.reading, greedy(emission).reading) == (read, read)
    assert (found.path == greedy(emission).path).all()
    assert [each.text for each in prefix_beam_search(emission, hypotheses=1)] == [read]
    assert total_log_prob(emission, read) > total_log_prob(emission, standing)
    assert alphabet.reading(alphabet.encode(standing)) == read
