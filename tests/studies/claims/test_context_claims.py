"""Claims about context, over corpora of networks whose context is known."""

from dataclasses import replace

import pytest

from gateviz.errors import SelectionError
from gateviz.studies.account import Corpus
from gateviz.studies.claims.report import effect_words, unit_words
from gateviz.studies.claims.request import Claim
from gateviz.studies.claims.results import Verdict
from gateviz.studies.claims.run import claims_over
from tests.capture.context_models import remembering
from tests.studies.context_lines import TEXTS, Deaf, recorded


def beyond(name, **options):
    return Claim(name, "hidden_state", statistic="context", **{"share": 0.1, **options})


def test_claims_about_context_are_decided(sources):
    near = beyond("near")
    short = beyond("short", sign="lower")
    across = beyond("across", symbols=50.0)
    _, corpus = recorded(remembering(0.97, gain=0.01), sources)
    told: list[int] = []
    report = claims_over(corpus, [near, short, across], shifts=99, on_context=told.append)
    assert told == [1] * len(TEXTS)
    assert [outcome.verdict for outcome in report.outcomes] == [
        Verdict.SUPPORTED, Verdict.CONTRADICTED, Verdict.CONTRADICTED,
    ]  # fmt: skip
    (outcome,) = report.of(near)
    assert outcome.numbers.low > 0.1
    assert outcome.numbers.lines == len(TEXTS)
    assert outcome.numbers.inside == 4 * len(TEXTS)
    assert effect_words(outcome)[0] == f"{100 * outcome.numbers.effect:.1f} %"
    assert unit_words(outcome).startswith("effective context ")
    assert "lies above 10 %" in outcome.why
    _, corpus = recorded(remembering(0.0), sources)
    (found,) = claims_over(corpus, [near], shifts=99).outcomes
    assert (found.verdict, found.numbers.effect) == (Verdict.CONTRADICTED, 0.0)
    assert near.words == (
        "more than 10 % of what the hidden state answers to in its layer's input (squared norm of the Jacobian) lies "
        "further than 1 symbol away"
    )


def test_what_is_not_measured_says_why(sources):
    _, corpus = recorded(Deaf(), sources)
    (found,) = claims_over(corpus, [beyond("near")], shifts=99).outcomes
    assert found.verdict == Verdict.NOT_MEASURED
    assert "no gradient of layer 0 forward reaches its own input" in found.why
    assert effect_words(found) == ("–", "")
    alone = Corpus(tuple(replace(line, recognizer=None) for line in corpus.lines))
    (found,) = claims_over(alone, [beyond("near")], shifts=99).outcomes
    assert found.why == "its gradients need the recognizer, and only its recordings are at hand"
    _, corpus = recorded(remembering(0.5), sources[:3])
    (found,) = claims_over(corpus, [beyond("near")], shifts=99).outcomes
    assert found.verdict == Verdict.TOO_FEW
    assert found.why == "3 lines have two symbols or more, and an interval needs 5"


def test_the_context_of_a_gate_cannot_be_claimed():
    with pytest.raises(
        SelectionError, match="asks for the context of the forget_gate; it is measured of the hidden_state"
    ):
        Claim("wrong", "forget_gate", statistic="context")
