"""Effective context over corpora of networks whose context is known."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from gateviz.data.alignment import Alignment
from gateviz.data.gates import Direction
from gateviz.errors import ImageError, SelectionError
from gateviz.files.folders import LineSource
from gateviz.files.json_text import finite
from gateviz.studies.account import told_alignment
from gateviz.studies.corpus import record_corpus
from gateviz.survey.claim import Claim
from gateviz.survey.claim_report import Verdict
from gateviz.survey.claims import claims_over
from gateviz.survey.claims_words import effect_words, unit_words
from gateviz.survey.context import Sampling, gradient_context, pitch, sampled_frames
from gateviz.survey.context_falls import Taking, falls
from gateviz.survey.context_page import context_page
from gateviz.survey.context_report import Asked, context_document, context_study
from tests.capture.context_models import CLASSES, ByColumn, recognizer, remembering, written

TEXTS = ("abab", "aabb", "ba", "abba", "bbab", "baba")
# A symbol is three columns and three blank ones.
PITCH = 6.0
FORWARD = (0, Direction.FORWARD)


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("lines")
    found = []
    for number, text in enumerate(TEXTS):
        Image.fromarray(written(text, seed=number)).save(folder / f"{number}.png")
        found.append(LineSource(folder / f"{number}.png", text))
    return found


def recorded(module, sources):
    tiny = recognizer(module)
    corpus = record_corpus(tiny, sources)
    return tiny, corpus, [told_alignment(line.recording, line.source.text)[0] for line in corpus.lines]


class Rounded(nn.Module):
    def forward(self, pixels):
        return (pixels * 127).round() / 127


class Rounding(ByColumn):
    """Rounds its frames, as a network of integers does."""

    def __init__(self):
        torch.manual_seed(0)
        super().__init__(nn.LSTM(CLASSES, 4), 4, convolution=Rounded())


class Deaf(ByColumn):
    """Its layer hands on rounded states: not even its own input has a gradient."""

    def __init__(self):
        torch.manual_seed(0)
        super().__init__(nn.LSTM(CLASSES, 4), 4)
        with torch.no_grad():
            self.recurrent.weight_ih_l0.zero_()


def test_a_network_without_memory_loses_nothing(sources):
    tiny, corpus, alignments = recorded(remembering(0.0), sources)
    for what, places in (("blank", ()), ("reset", (FORWARD,))):
        found = falls(tiny, corpus, alignments, Taking(what, (0.0, 1.0, 99.0), places=places))
        for variant in found.taking.variants:
            assert [each.value for each in found.fall(variant)] == [0, 0, 0]
            assert [each.value for each in found.lost(variant)] == [0, 0, 0]
            # No effect has no context, and nothing lies beyond 99 symbols.
            assert found.reach(variant) is None
            assert found.reached(variant)[0] > found.reached(variant)[2] == 0
        assert [line.symbols for line in found.lines] == [3, 3, 2, 3, 3, 3]
    measured = gradient_context(tiny, corpus, alignments, Sampling(probes=None))
    for by in ("image", "input"):
        assert measured.reach(by, FORWARD).context() == (0.0, 0.0, 0.0)
        assert measured.course(by, FORWARD).distances[np.nonzero(measured.course(by, FORWARD).mass)].tolist() == [0.0]
    assert measured.frames_a_symbol == pytest.approx(PITCH, abs=0.5)


def test_a_known_memory_has_a_known_context(sources):
    forget = 0.9
    tiny, corpus, alignments = recorded(remembering(forget, gain=0.01), sources)
    # With so small a gain h is linear: the squared norm falls by f squared a frame, whatever was written.
    measured = gradient_context(tiny, corpus, alignments, Sampling(frames=99, probes=None))
    expected, frames = 0.0, 0
    for line, alignment in zip(measured.lines, alignments, strict=True):
        chosen = sampled_frames(alignment, 99, [0, 0])
        assert line.input[FORWARD].frames == len(chosen)
        for t in chosen:
            powers = forget ** (2 * np.arange(t + 1))
            expected += powers[np.arange(t + 1) > 8].sum() / powers.sum()
        frames += len(chosen)
    found = measured.reach("input", FORWARD)
    assert found.beyond[8] == pytest.approx(expected / frames, rel=1e-3)
    assert found.low[8] < found.beyond[8] < found.high[8]
    context = found.context()[0]
    assert found.beyond[int(context)] <= 0.1 < found.beyond[int(context) - 1]
    norm = measured.course("input", FORWARD).norm
    np.testing.assert_allclose(norm[:20][::-1][1:] / norm[:20][::-1][:-1], forget, rtol=0.05)


def test_what_is_taken_on_the_side_that_a_layer_reads_is_missed(sources):
    tiny, corpus, alignments = recorded(remembering(0.7, sharp=3.0), sources)
    blank = falls(tiny, corpus, alignments, Taking("blank", symbols=2))
    reset = falls(tiny, corpus, alignments, Taking("reset", symbols=2, places=(FORWARD,)))
    assert reset.taking.variants == ("forward",)
    assert {each.value for each in blank.fall("right")} == {0.0}
    assert max(abs(each.value) for each in blank.fall("left")) > 1e-3
    assert max(abs(each.value) for each in reset.fall("forward")) > 1e-3
    # Bare paper is what this network reads as nothing, so to blank and to forget come to the same.
    for one, other in zip(blank.fall("left"), reset.fall("forward"), strict=True):
        assert one.value == pytest.approx(other.value, abs=1e-4)


def test_the_same_seed_gives_the_same_digits(sources):
    tiny, corpus, alignments = recorded(remembering(0.7), sources)
    first, again, other = (
        gradient_context(tiny, corpus, alignments, Sampling(2, 1, seed=seed)).reach("input", FORWARD).beyond
        for seed in (1, 1, 2)
    )
    assert first.tolist() == again.tolist() != other.tolist()


def test_a_line_without_text_is_counted(sources, tmp_path):
    Image.fromarray(np.full((CLASSES + 1, 9), 7, np.uint8)).save(tmp_path / "bare.png")
    (tmp_path / "broken.png").write_bytes(b"nothing")
    module = remembering(0.0)
    with torch.no_grad():
        module.head.bias[0] = 1.0
    given = [*sources, LineSource(tmp_path / "bare.png", None), LineSource(tmp_path / "broken.png", "a")]
    tiny = recognizer(module)
    corpus = record_corpus(tiny, given)
    study = context_study(tiny, corpus, Asked(distances=(0.0, 2.0)))
    assert [one.source.path.name for one in study.corpus.skipped] == ["broken.png"]
    assert study.falls["blank"].textless == (str(tmp_path / "bare.png"),)
    assert len(study.gradient.lines) == len(sources) + 1
    assert study.truths.aligned == len(sources)
    document = context_document(study, {"lineage": "tiny"})
    assert json.loads(json.dumps(finite(document)))["blank"]["textless"] == [str(tmp_path / "bare.png")]
    assert document["lines"] == 7
    assert [row["of"] for row in document["gradient"]["image"]] == ["layer 0 forward", "posterior"]
    assert document["gradient"]["input"][0]["beyond_a_symbol"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    page = context_page(study, {})
    assert [len(panel.curves) for panel in page.panels] == [2, 1, 3, 1]
    with pytest.raises(ImageError, match="the corpus holds no line"):
        record_corpus(tiny, [])


def test_where_no_gradient_goes_the_rest_is_still_measured(sources):
    tiny = recognizer(Rounding())
    study = context_study(tiny, record_corpus(tiny, sources), Asked(distances=(0.0, 1.0)))
    assert "no gradient of layer 0 forward reaches the image" in study.gradient.why_not
    assert len(study.gradient.refused) == 3
    assert study.falls["reset"].taking.variants == ("forward",)
    page = context_page(study, {})
    assert len(page.panels) == 2
    assert "No gradient reaches through this network." in page.remark


def beyond(name, **options):
    return Claim(name, "hidden_state", statistic="context", **{"share": 0.1, **options})


def test_claims_about_context_are_decided(sources):
    near = beyond("near")
    short = beyond("short", sign="lower")
    across = beyond("across", symbols=50.0)
    tiny, corpus, _ = recorded(remembering(0.97, gain=0.01), sources)
    told: list[int] = []
    report = claims_over(corpus, [near, short, across], recognizer=tiny, shifts=99, on_context=told.append)
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
    tiny, corpus, _ = recorded(remembering(0.0), sources)
    (found,) = claims_over(corpus, [near], recognizer=tiny, shifts=99).outcomes
    assert (found.verdict, found.numbers.effect) == (Verdict.CONTRADICTED, 0.0)
    assert near.words == (
        "more than 10 % of what the hidden state answers to in its layer's input (squared norm of the Jacobian) lies "
        "further than 1 symbol away"
    )


def test_what_is_not_measured_says_why(sources):
    tiny, corpus, _ = recorded(Deaf(), sources)
    (found,) = claims_over(corpus, [beyond("near")], recognizer=tiny, shifts=99).outcomes
    assert found.verdict == Verdict.NOT_MEASURED
    assert "no gradient of layer 0 forward reaches its own input" in found.why
    assert effect_words(found) == ("–", "")
    (found,) = claims_over(corpus, [beyond("near")], shifts=99).outcomes
    assert found.why == "its gradients need the recognizer, and only its recordings are at hand"
    tiny, corpus, _ = recorded(remembering(0.5), sources[:3])
    (found,) = claims_over(corpus, [beyond("near")], recognizer=tiny, shifts=99).outcomes
    assert found.verdict == Verdict.TOO_FEW
    assert found.why == "3 lines have two symbols or more, and an interval needs 5"


def test_what_cannot_be_asked_is_said(sources):
    tiny, corpus, alignments = recorded(remembering(0.5), sources)
    with pytest.raises(SelectionError, match="the context of layer 4 was asked for; recorded are 0"):
        context_study(tiny, corpus, Asked(layers=[4]))
    with pytest.raises(SelectionError, match="asked for by telepathy; it is measured by gradient, blank, reset"):
        context_study(tiny, corpus, Asked(("telepathy",)))
    with pytest.raises(SelectionError, match="the distances 1, 2 were asked for; they begin with 0"):
        Taking("blank", (1.0, 2.0))
    with pytest.raises(SelectionError, match="'gate' was to be taken away; what can be is blank or reset"):
        Taking("gate")
    with pytest.raises(SelectionError, match="the context of 0 frames a line was asked for"):
        Sampling(0)
    with pytest.raises(SelectionError, match="no line of the corpus has two symbols"):
        falls(tiny, corpus, [Alignment(a.path, a.spans[:1], "a", 0.0) for a in alignments], Taking("blank"))
    with pytest.raises(SelectionError, match="'up' was not taken away; taken were left, right, both"):
        falls(tiny, corpus, alignments, Taking("blank", (0.0, 1.0), 1)).fall("up")
    measured = gradient_context(tiny, corpus, alignments, Sampling(1, 1, measures=("input",)))
    with pytest.raises(SelectionError, match="the posterior by the image was not measured; measured are none"):
        measured.reach("image", None)
    with pytest.raises(
        SelectionError, match="asks for the context of the forget_gate; it is measured of the hidden_state"
    ):
        Claim("wrong", "forget_gate", statistic="context")


def test_a_pitch_needs_two_symbols(sources):
    _, _, alignments = recorded(remembering(0.0), sources[:1])
    assert pitch(alignments[0]) == pytest.approx(PITCH, abs=0.5)
    assert np.isnan(pitch(Alignment(np.zeros(4, int), (), "", 0.0)))
