"""Collapse, spans and the greedy path."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateviz.ctc.collapse import Run, align_path, collapse, runs
from gateviz.ctc.greedy import greedy
from gateviz.data.alphabet import Alphabet


def path_emission(oracle, alphabet, path, sure=0.7):
    """Posteriors of ``sure`` on a path and the rest shared out."""
    weights = np.full((len(path), alphabet.class_count), (1 - sure) / (alphabet.class_count - 1))
    weights[np.arange(len(path)), path] = sure
    return oracle.emission_of(weights, alphabet)


def test_runs_are_half_open_and_leave_the_blank_out():
    path = np.array([3, 3, 0, 1, 1, 1, 2, 0, 0, 2])
    assert runs(path, 0) == [Run(3, 0, 2), Run(1, 3, 6), Run(2, 6, 7), Run(2, 9, 10)]
    assert runs(path, 2) == [Run(3, 0, 2), Run(0, 2, 3), Run(1, 3, 6), Run(0, 7, 9)]
    assert runs(np.array([], dtype=np.int64), 0) == []


@given(path=st.lists(st.integers(0, 3)), blank=st.integers(0, 3))
def test_collapse_is_graves_collapse(oracle, path, blank):
    assert tuple(collapse(np.array(path, dtype=np.int64), blank)) == oracle.collapse(path, blank)


def test_a_doubled_letter_needs_a_blank(oracle):
    alphabet = Alphabet.from_symbols("lo", blank=2)
    read = greedy(path_emission(oracle, alphabet, [0, 0, 2, 0, 1]))
    assert read.text == "llo"
    assert [(span.symbol, span.start, span.stop) for span in read.spans] == [("l", 0, 2), ("l", 3, 4), ("o", 4, 5)]


def test_a_symbol_of_several_labels_spans_them_all(oracle):
    alphabet = Alphabet(("字", "b"), ((1, 2, 1), (3,)), 0, 4)
    read = greedy(path_emission(oracle, alphabet, [0, 1, 1, 0, 2, 1, 0, 3, 3, 0]))
    assert read.text == "字b"
    assert [(span.symbol, span.start, span.stop) for span in read.spans] == [("字", 1, 6), ("b", 7, 9)]


def test_labels_that_spell_nothing_leave_no_span(oracle):
    alphabet = Alphabet(("字", "b"), ((1, 2), (3,)), 0, 4)
    read = greedy(path_emission(oracle, alphabet, [1, 3, 2, 0, 1, 2]))
    assert [(span.symbol, span.start, span.stop) for span in read.spans] == [("b", 1, 2), ("字", 4, 6)]


def test_a_span_is_as_sure_as_the_geometric_mean_of_its_frames(oracle):
    alphabet = Alphabet(("字",), ((1, 2),), 0, 3)
    emission = oracle.emission_of([[0.2, 0.5, 0.3], [0.8, 0.1, 0.1], [0.3, 0.1, 0.6], [0.9, 0.05, 0.05]], alphabet)
    read = greedy(emission)
    # The blank between the two labels counts, the blank after them does not.
    assert [(span.symbol, span.start, span.stop) for span in read.spans] == [("字", 0, 3)]
    assert read.spans[0].log_prob == pytest.approx(math.log(0.5 * 0.8 * 0.6) / 3)
    assert read.log_prob == pytest.approx(math.log(0.5 * 0.8 * 0.6 * 0.9))


def test_equal_posteriors_give_the_lowest_label(oracle):
    emission = oracle.emission_of([[1, 2, 2], [2, 1, 2]], Alphabet.from_symbols("ab", blank=2))
    assert greedy(emission).path.tolist() == [1, 0]


@given(data=st.data())
def test_greedy_is_the_most_probable_of_all_paths(oracle, small_emissions, data):
    emission = oracle.emission_of(*data.draw(small_emissions))
    read = greedy(emission)
    assert read.path.tolist() == np.argmax(emission.log_probs, axis=1).tolist()
    assert read.log_prob == pytest.approx(max(value for _, value in oracle.paths(emission)))
    assert read.text == oracle.spell(oracle.collapse(read.path.tolist(), emission.alphabet.blank), emission.alphabet)


@given(data=st.data())
def test_spans_are_in_order_and_made_of_their_labels(oracle, coded_emissions, data):
    emission = oracle.emission_of(*data.draw(coded_emissions))
    alphabet = emission.alphabet
    read = greedy(emission)
    assert read.text == "".join(span.symbol for span in read.spans)
    stops = [0, *(span.stop for span in read.spans)]
    for span, stop_before in zip(read.spans, stops, strict=False):
        assert stop_before <= span.start < span.stop <= emission.frame_count
        assert oracle.collapse(read.path[span.start : span.stop].tolist(), alphabet.blank) == alphabet.code(span.symbol)


def test_known_symbols_win_over_the_alphabet(oracle):
    alphabet = Alphabet(("a", "c", "b"), ((1,), (2,), (1, 2)), 0, 3)
    emission = path_emission(oracle, alphabet, [1, 2])
    assert align_path(emission, np.array([1, 2])).text == "b"
    assert align_path(emission, np.array([1, 2]), [("a", 0, 1), ("c", 1, 2)]).text == "ac"
