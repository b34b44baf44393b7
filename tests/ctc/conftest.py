"""Oracles: every path of a small emission, written without a line of gateviz's own recursions."""

import itertools
import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gateviz.data.alphabet import Alphabet
from gateviz.data.emission import Emission


def emission_of(weights, alphabet):
    """The emission whose posteriors are the rows of weights, scaled to sum to 1."""
    weights = np.asarray(weights, dtype=np.float64)
    with np.errstate(divide="ignore"):
        return Emission(np.log(weights / weights.sum(axis=1, keepdims=True)).astype(np.float32), alphabet)


def log_sum(values):
    values = [value for value in values if value > -math.inf]
    if not values:
        return -math.inf
    top = max(values)
    return top + math.log(math.fsum(math.exp(value - top) for value in values))


class Oracle:
    """Enumerates all C ** T paths."""

    emission_of = staticmethod(emission_of)
    log_sum = staticmethod(log_sum)

    @staticmethod
    def collapse(path, blank):
        return tuple(label for label, _ in itertools.groupby(path) if label != blank)

    @staticmethod
    def spell(labels, alphabet):
        """The text of labels: the longest code that matches, labels that begin none dropped."""
        text = ""
        while labels:
            codes = [
                (len(code), symbol)
                for code, symbol in zip(alphabet.codes, alphabet.symbols, strict=True)
                if tuple(labels[: len(code)]) == code
            ]
            length, symbol = max(codes, default=(1, ""))
            text += symbol
            labels = labels[length:]
        return text

    def paths(self, emission):
        rows = emission.log_probs.astype(np.float64).tolist()
        for path in itertools.product(range(emission.alphabet.class_count), repeat=len(rows)):
            yield path, sum(row[label] for row, label in zip(rows, path, strict=True))

    def paths_of(self, emission, labels):
        labels, blank = tuple(labels), emission.alphabet.blank
        return [(path, value) for path, value in self.paths(emission) if self.collapse(path, blank) == labels]

    def label_log_probs(self, emission):
        """Log probability of every label sequence that has any."""
        found = defaultdict(list)
        for path, value in self.paths(emission):
            if value > -math.inf:
                found[self.collapse(path, emission.alphabet.blank)].append(value)
        return {labels: log_sum(values) for labels, values in found.items()}

    def text_log_probs(self, emission):
        """Log probability of every text that has any."""
        found = defaultdict(list)
        for labels, value in self.label_log_probs(emission).items():
            found[self.spell(labels, emission.alphabet)].append(value)
        return {text: log_sum(values) for text, values in found.items()}

    def states(self, path, blank):
        """The state of every frame of a path in the chain blank, label, blank, label, ..., blank."""
        states, runs, before = [], 0, blank
        for label in path:
            runs += label not in (blank, before)
            states.append(2 * runs if label == blank else 2 * runs - 1)
            before = label
        return states


@pytest.fixture(scope="session")
def oracle():
    return Oracle()


CODED = (
    # Symbols of two labels, one that is a prefix of another, one of two code points, and a label that spells nothing.
    Alphabet(("x", "y", "zz"), ((0, 1), (0,), (1, 0)), 2, 3),
    Alphabet(("字", "b"), ((1, 1), (2,)), 0, 4),
    Alphabet(("ab", "c"), ((1, 3), (3, 1)), 2, 4),
)


SINGLE = tuple(
    Alphabet.from_symbols("abc"[: classes - 1], blank=blank) for classes in (2, 3, 4) for blank in range(classes)
)


@st.composite
def emissions(draw, zeros=True, alphabets=SINGLE):
    """Arguments of ``emission_of`` for small emissions with ties and, where asked for, posteriors of zero.

    The emission itself is made outside: the run-time type checks of tests draw random numbers.
    """
    alphabet = draw(st.sampled_from(alphabets))
    frames = draw(st.integers(1, 5))
    weights = draw(hnp.arrays(np.int64, (frames, alphabet.class_count), elements=st.integers(0 if zeros else 1, 6)))
    weights[weights.sum(axis=1) == 0, alphabet.blank] = 1
    return weights, alphabet


@pytest.fixture(scope="session")
def small_emissions():
    return emissions()


@pytest.fixture(scope="session")
def positive_emissions():
    return emissions(zeros=False)


@pytest.fixture(scope="session")
def coded_emissions():
    return emissions(alphabets=CODED)
