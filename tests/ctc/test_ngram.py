"""The character model's probabilities, and documents that hold none."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateviz.ctc.ngram import HIGHEST_COUNT, LINE_END, CharacterNgram
from gateviz.ctc.spelling import Speller
from gateviz.data.alphabet import Alphabet
from gateviz.errors import NgramError

LINES = st.lists(st.text("abc 字", min_size=1, max_size=8), min_size=1, max_size=6)


def test_witten_bell_by_hand():
    model = CharacterNgram.train(["ab", "ac"], order=2)
    # Characters seen: a twice, b, c, and the end of the line twice; uniform over a, b, c, end, unseen.
    uniform = 1 / 5
    b = (1 + 4 * uniform) / (6 + 4)
    b_after_a = (1 + 2 * b) / (2 + 2)
    assert math.exp(model.log_prob("a", "b")) == pytest.approx(b_after_a)
    unseen = 4 * uniform / (6 + 4)
    assert math.exp(model.log_prob("a", "q")) == pytest.approx(2 * unseen / (2 + 2))
    # After a history never seen the shorter one counts; more than n - 1 characters do not.
    assert math.exp(model.log_prob("q", "b")) == pytest.approx(b)
    assert model.log_prob("cba", "b") == model.log_prob("a", "b")
    assert model.advance("ab", "c") == "c"
    # Every line begins with a.
    a = (2 + 4 * uniform) / (6 + 4)
    assert math.exp(model.log_prob(model.beginning, "a")) == pytest.approx((2 + a) / (2 + 1))


@given(lines=LINES, order=st.integers(1, 4), text=st.text("abc 字q", max_size=5))
def test_what_may_follow_is_certain_to_follow(lines, order, text):
    model = CharacterNgram.train(lines, order=order)
    history = model.beginning
    for character in text:
        history = model.advance(history, character)
    followers = [*model.characters, LINE_END, "never seen"]
    assert math.fsum(math.exp(model.log_prob(history, character)) for character in followers) == pytest.approx(1)


@given(lines=LINES, order=st.integers(1, 4))
def test_a_line_is_the_product_of_its_characters(lines, order):
    model = CharacterNgram.train(lines, order=order)
    line = lines[0]
    padded = LINE_END + line + LINE_END
    log_prob = sum(
        model.log_prob(padded[max(position - order + 1, 0) : position] if order > 1 else "", padded[position])
        for position in range(1, len(padded))
    )
    assert model.line_log_prob(line) == pytest.approx(log_prob)


def test_more_history_knows_more():
    lines = ["the cat sat on the mat", "the hat on the rat", "that cat"]
    scores = [CharacterNgram.train(lines, order=order).line_log_prob("the cat sat") for order in (1, 2, 3)]
    assert scores == sorted(scores)


def test_a_unigram_model_has_no_history():
    model = CharacterNgram.train(["ab"], order=1)
    assert model.beginning == model.advance("a", "b") == ""
    # a, b and the end once each; uniform over these and what was never seen.
    assert math.exp(model.log_prob("", "a")) == pytest.approx((1 + 3 / 4) / (3 + 3))


def test_lines_end_where_they_end():
    assert CharacterNgram.train(["ab\ncd\n", "", "\n"]) == CharacterNgram.train(["ab", "cd"])


@given(lines=LINES, order=st.integers(1, 4))
def test_the_document_holds_the_model(lines, order):
    model = CharacterNgram.train(lines, order=order)
    assert CharacterNgram.from_json(model.to_json()) == model


def document(**changes):
    model = CharacterNgram.train(["ab"], order=2)
    return json.dumps({**json.loads(model.to_json()), **changes})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "must be a JSON document"),
        ("[" * 100_000, "must be a JSON document"),
        ("[]", "holds no 'gateviz character n-gram'"),
        ('{"format": "other"}', "holds no 'gateviz character n-gram'"),
        (document(format_version=2), "has format version 2 and this gateviz reads 1"),
        (document(order="3"), "needs an integer order and counts, not '3' and dict"),
        (document(order=True), "needs an integer order and counts, not True and dict"),
        (document(counts=[]), "needs an integer order and counts, not 2 and list"),
        (document(order=0, counts={}), "an n-gram model of order 0 was asked for; give 1 to 12"),
        (document(order=10**9), "an n-gram model of order 1000000000 was asked for"),
        (document(counts={}), "an n-gram model needs text to count in"),
        (document(counts={"abc": {"a": 1}}), "of order 2 counts after 'abc', which is 3 characters"),
        (document(counts={"": {}}), "has no counts after '', but dict"),
        (document(counts={"": 3}), "has no counts after '', but int"),
        (document(counts={"": {"ab": 1}}), "counts 'ab' after '' as 1"),
        (document(counts={"": {"a": 0}}), "counts 'a' after '' as 0; single characters and counts of 1 to"),
        (document(counts={"": {"a": 1.5}}), "counts 'a' after '' as 1.5"),
        (document(counts={"": {"a": True}}), "counts 'a' after '' as True"),
        (document(counts={"": {"a": HIGHEST_COUNT + 1}}), "counts 'a' after '' as 9007199254740993"),
    ],
)
def test_documents_that_hold_no_model(text, words):
    with pytest.raises(NgramError, match="n-gram") as raised:
        CharacterNgram.from_json(text)
    assert words in str(raised.value)


def test_no_text_is_no_model():
    with pytest.raises(NgramError, match="needs text to count in, and there was none; give lines of text"):
        CharacterNgram.train(["", "\n"])
    with pytest.raises(NgramError, match="order 13 was asked for; give 1 to 12"):
        CharacterNgram.train(["ab"], order=13)


CODED = Alphabet(("x", "y", "zz"), ((1, 2), (1,), (2, 1)), 0, 4)


@given(labels=st.lists(st.sampled_from([1, 2, 3]), max_size=8), weight=st.sampled_from([0.0, 0.7]))
def test_a_speller_scores_the_decoded_text_at_every_label(labels, weight):
    model = CharacterNgram.train(["xyzz", "yx", "zzy"], order=3)
    speller = Speller(CODED, model, weight, 0.25)
    spelled = speller.beginning
    for count, label in enumerate(labels, start=1):
        spelled = speller.extend(spelled, label)
        text = CODED.text(labels[:count])
        log_prob, history = 0.0, model.beginning
        for character in text:
            log_prob += model.log_prob(history, character)
            history = model.advance(history, character)
        assert speller.score(spelled) == pytest.approx(weight * log_prob + 0.25 * len(text))
        line_log_prob, score = speller.finish(spelled)
        assert line_log_prob == pytest.approx(model.line_log_prob(text))
        assert score == pytest.approx(weight * line_log_prob + 0.25 * len(text))
