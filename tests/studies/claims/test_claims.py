"""Claims over corpora with planted effects and without: verdicts, counts, lines, and what is refused."""

import math

import numpy as np
import pytest

from gateviz.data.gates import Direction, Quantity
from gateviz.errors import AlignmentError, SelectionError
from gateviz.files.folders import LineSource
from gateviz.measure.contrast import contrast
from gateviz.recording import Recording
from gateviz.studies.account import Corpus, CorpusLine
from gateviz.studies.claims.numbers import compared
from gateviz.studies.claims.request import Claim, checked_claims, quantities_of
from gateviz.studies.claims.results import Verdict
from gateviz.studies.claims.run import claims_over
from gateviz.studies.claims.stated import STATED
from tests.studies.planted import CELL, at_punctuation, planted_corpus

HIGH = Claim("high", "forget_gate", "punctuation")
LOW = Claim("low", "forget_gate", "punctuation", sign="lower")


def verdicts(report, claim):
    return {(outcome.layer, str(outcome.direction)): outcome.verdict for outcome in report.of(claim)}


def test_a_planted_effect_is_found_where_it_is_and_nowhere_else():
    report = claims_over(planted_corpus(at_punctuation(-0.06)), [HIGH, LOW], shifts=499)
    assert verdicts(report, LOW) == {
        (0, "forward"): Verdict.NO_EVIDENCE,
        (0, "backward"): Verdict.NO_EVIDENCE,
        (1, "forward"): Verdict.SUPPORTED,
        (1, "backward"): Verdict.NO_EVIDENCE,
    }
    assert verdicts(report, HIGH)[1, "forward"] == Verdict.CONTRADICTED
    planted = next(outcome for outcome in report.of(LOW) if outcome.verdict == Verdict.SUPPORTED)
    assert planted.numbers.difference == pytest.approx(-0.06, abs=0.01)
    assert (planted.units.agree, planted.units.against, planted.units.total) == (5, 0, 5)
    assert planted.numbers.low < planted.numbers.effect < planted.numbers.high < 0
    other = next(outcome for outcome in report.of(HIGH) if outcome.verdict == Verdict.CONTRADICTED)
    assert (other.units.agree, other.units.against) == (0, 5)
    assert "other way round" in other.why


def test_the_numbers_are_those_of_the_contrast_over_the_marks_cells():
    corpus = planted_corpus(at_punctuation(0.02), lines=8)
    found = claims_over(corpus, [HIGH], shifts=199, seed=3, layers=[1], directions=["forward"]).outcomes[0]
    values, masks = [], []
    for line in corpus.lines:
        # Three symbols at both ends take no part.
        inner = slice(3 * CELL, -3 * CELL)
        mean = line.recording.trace(1)[Quantity.FORGET_GATE][inner].mean(axis=1, dtype=np.float64)[:, None]
        values.append(mean - mean.mean())
        masks.append(np.repeat([symbol in ",." for symbol in line.source.text], CELL)[inner])
    expected = contrast(values, masks, shifts=199, seed=3)
    assert found.numbers.effect == pytest.approx(expected.effect[0])
    assert (found.numbers.low, found.numbers.high) == pytest.approx((expected.low[0], expected.high[0]))
    assert (found.numbers.inside, found.numbers.outside) == (expected.inside, expected.outside)
    # A single test is corrected for nothing.
    assert found.p == pytest.approx(expected.p[0])


def test_p_is_corrected_for_all_tests_once_however_often_its_claim_is_turned():
    corpus = planted_corpus(at_punctuation(-0.06), lines=8)
    alone = claims_over(corpus, [HIGH], shifts=199)
    both = claims_over(corpus, [HIGH, LOW], shifts=199)
    assert [outcome.p for outcome in both.of(HIGH)] == [outcome.p for outcome in alone.outcomes]
    assert [outcome.p for outcome in both.of(LOW)] == [outcome.p for outcome in alone.outcomes]
    raw = sorted(outcome.numbers.p for outcome in alone.outcomes)
    assert min(outcome.p for outcome in alone.outcomes) == pytest.approx(min(raw[0] * 4, raw[1] * 2))


def test_without_an_effect_few_verdicts_are_given():
    claims = [
        Claim(f"{what} {at} {borders}", "input_gate", what, at, least_effect=0.0, borders=borders)
        for what, at in (("punctuation", "span"), ("any", "onset"), ("word", "onset"))
        for borders in ("cell", "emitted")
    ]
    raw = []
    for seed in range(6):
        report = claims_over(planted_corpus(lines=12, units=1, seed=seed), claims, shifts=199)
        raw += [outcome.numbers.p for outcome in report.outcomes]
    share = np.mean(np.array(raw) < 0.05)
    assert len(raw) == 6 * 6 * 4
    # 144 tests, of which many share their events: three standard errors of half as many independent ones.
    assert share < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 72)


def test_lines_with_more_events_and_another_level_are_no_effect():
    def plant(text, layer, direction, series):
        marks = sum(symbol in ",." for symbol in text)
        series[Quantity.FORGET_GATE] += 0.04 * (marks - 5)

    corpus = planted_corpus(plant, lines=40)
    report = claims_over(corpus, [HIGH], shifts=499)
    assert all(abs(outcome.numbers.effect) < 0.2 for outcome in report.outcomes)
    assert {outcome.verdict for outcome in report.outcomes} == {Verdict.NO_EVIDENCE}


def test_the_same_seed_gives_the_same_digits_and_another_does_not():
    corpus = planted_corpus(lines=8)
    first, again, other = (claims_over(corpus, [HIGH], shifts=199, seed=seed) for seed in (1, 1, 2))
    assert [outcome.numbers.p for outcome in first.outcomes] == [outcome.numbers.p for outcome in again.outcomes]
    assert [outcome.numbers.low for outcome in first.outcomes] == [outcome.numbers.low for outcome in again.outcomes]
    assert [outcome.numbers.p for outcome in first.outcomes] != [outcome.numbers.p for outcome in other.outcomes]


def test_an_effect_that_is_sure_but_small_is_no_evidence():
    corpus = planted_corpus(at_punctuation(-0.012), lines=60, units=8)
    small = claims_over(corpus, [LOW], layers=[1], directions=["forward"], shifts=499)
    outcome = small.outcomes[0]
    assert outcome.p < 0.05
    assert abs(outcome.numbers.effect) > 0.2
    asked = Claim("low", "forget_gate", "punctuation", sign="lower", least_effect=3.0)
    (found,) = claims_over(corpus, [asked], layers=[1], directions=["forward"], shifts=499).outcomes
    assert found.verdict == Verdict.NO_EVIDENCE
    assert found.why == "more than chance, but an effect below 3 is negligible"


def test_too_few_events_are_told_instead_of_a_p():
    corpus = Corpus(planted_corpus(lines=4).lines)
    (found,) = claims_over(corpus, [HIGH], layers=[0], directions=["forward"], shifts=99).outcomes
    assert found.verdict == Verdict.TOO_FEW
    assert math.isnan(found.p)
    assert found.why == "4 lines have the event, and a test needs 5"
    nowhere = Claim("digits", "forget_gate", "digit")
    (found,) = claims_over(planted_corpus(lines=6), [nowhere], layers=[0], directions=["forward"], shifts=99).outcomes
    assert (found.verdict, found.why) == (Verdict.TOO_FEW, "no line has frames of the event and others")
    assert (found.best, found.worst) == ((), ())


def test_the_lines_shown_are_those_with_the_effect():
    strong = {}

    def plant(text, layer, direction, series):
        number = strong.setdefault(text, len(strong))
        at_punctuation({0: -0.3, 1: -0.2, 2: 0.2}.get(number, -0.02))(text, layer, direction, series)

    corpus = planted_corpus(plant, lines=12)
    (found,) = claims_over(corpus, [LOW], layers=[1], directions=["forward"], shifts=199).outcomes
    assert set(found.best[:2]) == {0, 1}
    assert found.worst[0] == 2
    assert len(found.best) == 3
    assert not set(found.best) & set(found.worst)


def test_a_backward_layer_meets_a_symbol_at_its_right_edge():
    def plant(text, layer, direction, series):
        if direction is Direction.BACKWARD:
            series[Quantity.INPUT_GATE][CELL - 1 :: CELL] += 0.2

    onset = Claim("onset", "input_gate", "any", "onset")
    reading = Claim("reading", "input_gate", "any", "onset", as_met=False)
    report = claims_over(planted_corpus(plant, lines=30), [onset, reading], layers=[0], shifts=199)
    assert verdicts(report, onset)[0, "backward"] == Verdict.SUPPORTED
    assert verdicts(report, onset)[0, "forward"] == Verdict.NO_EVIDENCE
    assert verdicts(report, reading)[0, "backward"] == Verdict.CONTRADICTED


def test_a_timescale_is_a_share_of_units_in_symbols():
    keep = np.array([0.5, 0.6, 0.95, 0.96, 0.97])

    def plant(text, layer, direction, series):
        series[Quantity.FORGET_GATE][:] = keep

    corpus = planted_corpus(plant, lines=8)
    claim = Claim("memory", "forget_gate", statistic="timescale")
    far = Claim("far", "forget_gate", statistic="timescale", symbols=6.0)
    report = claims_over(corpus, [claim, far], layers=[0], directions=["forward"])
    near, distant = report.outcomes
    assert near.numbers.effect == pytest.approx(0.6)
    # The frames from one symbol to the next are the cell's.
    assert near.numbers.difference == pytest.approx(np.median(-1 / np.log(keep)) / CELL)
    assert (near.units.agree, near.units.against) == (3, 2)
    assert near.verdict == Verdict.SUPPORTED
    assert distant.numbers.effect == pytest.approx(0.4)
    assert distant.verdict == Verdict.CONTRADICTED
    assert "interval of the share lies below 50 %" in distant.why
    slight = Claim("slight", "forget_gate", statistic="timescale", share=0.59)
    (found,) = claims_over(corpus, [slight], layers=[0], directions=["forward"]).outcomes
    assert found.verdict == Verdict.NO_EVIDENCE
    assert "negligible" in found.why


def test_lines_that_nobody_wrote_down_are_aligned_by_reading_and_counted():
    lines = planted_corpus(lines=3).lines
    untold = CorpusLine(LineSource(lines[1].source.path), lines[1].recording)
    foreign = CorpusLine(LineSource(lines[2].source.path, "?"), lines[2].recording)
    report = claims_over(Corpus((lines[0], untold, foreign)), [HIGH], shifts=99)
    assert report.account.by_reading == [untold.source, foreign.source]
    assert [line.alignment.text for line in report.corpus.lines] == [line.recording.text for line in lines]


def test_what_cannot_be_tested_is_refused_by_name():
    corpus = planted_corpus(lines=2)
    with pytest.raises(SelectionError, match="the claim 'x' is about 'x', 'é', not among the 6 symbols"):
        claims_over(corpus, [Claim("x", "forget_gate", "symbol:axé")])
    with pytest.raises(SelectionError, match="there is no claim to test"):
        claims_over(corpus, [])
    with pytest.raises(SelectionError, match="two claims are named 'high'"):
        claims_over(corpus, [HIGH, HIGH])
    with pytest.raises(SelectionError, match="no layer 7 to test claims in; recorded are 0, 1"):
        claims_over(corpus, [HIGH], layers=[7])
    with pytest.raises(SelectionError, match="no layer and direction was chosen"):
        claims_over(corpus, [HIGH], directions=["sideways"])
    with pytest.raises(SelectionError, match="has no update_gate; recorded are input_gate"):
        claims_over(corpus, [Claim("gru", "update_gate", "any")])
    recording = corpus.recordings[0]
    silent = CorpusLine(corpus.lines[0].source, Recording(recording.image, recording.grid, recording.traces))
    with pytest.raises(AlignmentError, match="no posteriors"):
        claims_over(Corpus((silent,)), [HIGH])


def test_the_stated_claims_are_sound_and_name_their_series():
    assert checked_claims(STATED) == STATED
    assert set(quantities_of(STATED)) == {
        Quantity.FORGET_GATE, Quantity.INPUT_GATE, Quantity.OUTPUT_GATE, Quantity.HIDDEN_STATE,
    }  # fmt: skip
    assert all(claim.says for claim in STATED)
    signs = {claim.sign for claim in STATED if claim.what == "punctuation"}
    assert signs == {"higher", "lower"}


def test_a_step_is_from_the_frame_that_the_layer_met_before():
    claim = Claim("c", "output_gate", statistic="step")
    series = np.array([[0.0, 1.0], [0.5, 1.0], [0.25, 0.0]])
    assert compared(series, claim, Direction.FORWARD).tolist() == [[0, 0], [0.5, 0], [0.25, 1]]
    assert compared(series, claim, Direction.BACKWARD).tolist() == [[0.5, 0], [0.25, 1], [0, 0]]
    assert compared(series, Claim("c", "output_gate"), Direction.FORWARD) is series
