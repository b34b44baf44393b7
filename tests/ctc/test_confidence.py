"""Every project's confidence, by hand."""

import math

import numpy as np
import pytest

from gateviz.ctc.confidence import CONFIDENCE_RULES, text_confidence
from gateviz.ctc.forced import align
from gateviz.ctc.greedy import greedy
from gateviz.data.alphabet import Alphabet
from gateviz.errors import SelectionError

ALPHABET = Alphabet.from_symbols("ab", blank=0)
# The greedy path is blank, a, a, blank, b with these posteriors.
MAXIMA = [0.9, 0.5, 0.8, 0.6, 0.7]
WEIGHTS = [[0.9, 0.05, 0.05], [0.3, 0.5, 0.2], [0.1, 0.8, 0.1], [0.6, 0.2, 0.2], [0.2, 0.1, 0.7]]

BY_HAND = {
    "span_mean": (0.5 * 0.8 * 0.7) ** (1 / 3),
    "path_product": math.prod(MAXIMA),
    "frame_minimum": 0.5,
    "kept_mean": (0.5 + 0.7) / 2,
    "run_maximum": (0.8 + 0.7) / 2,
    "softened_product": (0.5 * 0.8 * 0.7) ** (2 / math.sqrt(3)),
}


def test_every_rule_is_tested():
    assert set(BY_HAND) == set(CONFIDENCE_RULES)
    assert {name: rule.name for name, rule in CONFIDENCE_RULES.items()} == {name: name for name in CONFIDENCE_RULES}
    assert CONFIDENCE_RULES["frame_minimum"].project == "docTR"


@pytest.mark.parametrize("rule", BY_HAND)
def test_rules_by_hand(oracle, rule):
    emission = oracle.emission_of(WEIGHTS, ALPHABET)
    assert text_confidence(emission, greedy(emission), rule=rule) == pytest.approx(BY_HAND[rule], rel=1e-6)


def test_the_default_is_the_rule_of_spans(oracle):
    emission = oracle.emission_of(WEIGHTS, ALPHABET)
    read = greedy(emission)
    frames = [span.log_prob * (span.stop - span.start) for span in read.spans]
    count = sum(span.stop - span.start for span in read.spans)
    assert text_confidence(emission, read) == pytest.approx(math.exp(sum(frames) / count))


@pytest.mark.parametrize(
    ("rule", "confidence"),
    [
        ("span_mean", 0.0),
        ("path_product", 0.9 * 0.6),
        ("frame_minimum", 0.6),
        ("kept_mean", 0.0),
        ("run_maximum", 0.0),
        ("softened_product", 0.0),
    ],
)
def test_an_empty_text(oracle, rule, confidence):
    emission = oracle.emission_of([[0.9, 0.05, 0.05], [0.6, 0.2, 0.2]], ALPHABET)
    assert text_confidence(emission, greedy(emission), rule=rule) == pytest.approx(confidence)


def test_blanks_inside_a_symbol(oracle):
    alphabet = Alphabet(("字",), ((1, 2),), 0, 3)
    emission = oracle.emission_of([[0.2, 0.5, 0.3], [0.8, 0.1, 0.1], [0.3, 0.1, 0.6]], alphabet)
    read = greedy(emission)
    assert read.text == "字"
    assert text_confidence(emission, read) == pytest.approx((0.5 * 0.8 * 0.6) ** (1 / 3))
    assert text_confidence(emission, read, rule="run_maximum") == pytest.approx(0.6)


@pytest.mark.parametrize("rule", BY_HAND)
def test_a_forced_text_is_no_surer_than_the_reading(oracle, rule):
    emission = oracle.emission_of(np.array(WEIGHTS) + 0.01, ALPHABET)
    forced = align(emission, "ba")
    assert text_confidence(emission, forced, rule=rule) < text_confidence(emission, greedy(emission), rule=rule)


def test_an_unknown_rule(oracle):
    emission = oracle.emission_of(WEIGHTS, ALPHABET)
    with pytest.raises(SelectionError, match="no confidence rule 'mean'; choose one of span_mean, path_product"):
        text_confidence(emission, greedy(emission), rule="mean")
