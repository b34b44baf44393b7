"""Effective context over corpora of networks whose context is known."""

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from PIL import Image

from gateviz.data.alignment import Alignment
from gateviz.errors import ImageError, SelectionError
from gateviz.files.folders import LineSource
from gateviz.files.json_text import finite
from gateviz.studies.context.figure import ContextFigures, panels_of
from gateviz.studies.context.report import context_page, document
from gateviz.studies.context.request import ContextRequest
from gateviz.studies.context.results import Taking
from gateviz.studies.context.run import ContextTally, FallsTally, context_study
from gateviz.studies.corpus import gather, record_corpus, study, study_chunk
from gateviz.studies.gradients import GradientTally, Sampling, pitch, sampled_frames
from gateviz.studies.page import as_text
from tests.capture.context_models import CLASSES, recognizer, remembering, written
from tests.studies.context_lines import FORWARD, PITCH, Rounding, recorded


def by_gradient(corpus, sampling):
    return gather(corpus.lines, GradientTally(sampling)).tally.result()


def taken(tiny, corpus, taking):
    return gather(corpus.lines, FallsTally(taking)).tally.result(tiny)


def studied(tiny, corpus, request):
    return context_study(gather([*corpus.lines, *corpus.skipped], ContextTally(request)), tiny)


def test_a_network_without_memory_loses_nothing(sources):
    tiny, corpus = recorded(remembering(0.0), sources)
    for what, places in (("blank", ()), ("reset", (FORWARD,))):
        found = taken(tiny, corpus, Taking(what, (0.0, 1.0, 99.0), places=places))
        for variant in found.taking.variants:
            assert [each.value for each in found.fall(variant)] == [0, 0, 0]
            assert [each.value for each in found.lost(variant)] == [0, 0, 0]
            # No effect has no context, and nothing lies beyond 99 symbols.
            assert found.reach(variant) is None
            assert found.reached(variant)[0] > found.reached(variant)[2] == 0
        assert [line.symbols for line in found.lines] == [3, 3, 2, 3, 3, 3]
    measured = by_gradient(corpus, Sampling(probes=None))
    for by in ("image", "input"):
        assert measured.reach(by, FORWARD).context() == (0.0, 0.0, 0.0)
        assert measured.course(by, FORWARD).distances[np.nonzero(measured.course(by, FORWARD).mass)].tolist() == [0.0]
    assert measured.frames_a_symbol == pytest.approx(PITCH, abs=0.5)


def test_a_known_memory_has_a_known_context(sources):
    forget = 0.9
    _, corpus = recorded(remembering(forget, gain=0.01), sources)
    # With so small a gain h is linear: the squared norm falls by f squared a frame, whatever was written.
    measured = by_gradient(corpus, Sampling(frames=99, probes=None))
    expected, frames = 0.0, 0
    for line, recorded_line in zip(measured.lines, corpus.lines, strict=True):
        chosen = sampled_frames(recorded_line.alignment, 99, [0, 0])
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
    tiny, corpus = recorded(remembering(0.7, sharp=3.0), sources)
    blank = taken(tiny, corpus, Taking("blank", symbols=2))
    reset = taken(tiny, corpus, Taking("reset", symbols=2, places=(FORWARD,)))
    assert reset.taking.variants == ("forward",)
    assert {each.value for each in blank.fall("right")} == {0.0}
    assert max(abs(each.value) for each in blank.fall("left")) > 1e-3
    assert max(abs(each.value) for each in reset.fall("forward")) > 1e-3
    # Bare paper is what this network reads as nothing, so to blank and to forget come to the same.
    for one, other in zip(blank.fall("left"), reset.fall("forward"), strict=True):
        assert one.value == pytest.approx(other.value, abs=1e-4)


def test_the_same_seed_gives_the_same_digits(sources):
    _, corpus = recorded(remembering(0.7), sources)
    first, again, other = (
        by_gradient(corpus, Sampling(2, 1, seed=seed)).reach("input", FORWARD).beyond for seed in (1, 1, 2)
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
    study = studied(tiny, corpus, ContextRequest(distances=(0.0, 2.0)))
    assert [one.source.path.name for one in study.account.skipped] == ["broken.png"]
    assert study.falls["blank"].textless == (str(tmp_path / "bare.png"),)
    assert len(study.gradient.lines) == len(sources) + 1
    assert study.account.truths.aligned == len(sources)
    numbers = document(study)
    assert json.loads(json.dumps(finite(numbers)))["blank"]["textless"] == [str(tmp_path / "bare.png")]
    assert numbers["lines"] == 7
    assert [row["of"] for row in numbers["gradient"]["image"]] == ["layer 0 forward", "posterior"]
    assert numbers["gradient"]["input"][0]["beyond_a_symbol"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert [len(panel.curves) for panel in panels_of(study)] == [2, 1, 3, 1]
    page = context_page(study, {"lineage": "tiny"})
    assert page.document == {"lineage": "tiny"} | numbers
    assert "1 line without text took no part" in as_text(page)
    rows = [row for row in page.rows if row["by"] == "blank"]
    assert [(row["of"], row["distance"]) for row in rows[:2]] == [("left", 0.0), ("left", 2.0)]
    assert len(rows) == 6
    with pytest.raises(ImageError, match="the corpus holds no line"):
        record_corpus(tiny, [])


def test_where_no_gradient_goes_the_rest_is_still_measured(sources):
    tiny = recognizer(Rounding())
    study = studied(tiny, record_corpus(tiny, sources), ContextRequest(distances=(0.0, 1.0)))
    assert "no gradient of layer 0 forward reaches the image" in study.gradient.why_not
    assert len(study.gradient.refused) == 3
    assert study.falls["reset"].taking.variants == ("forward",)
    assert len(panels_of(study)) == 2
    words = " ".join(text.get_text() for text in ContextFigures(study).whole().texts).replace("\n", " ")
    assert "No gradient reaches through this network." in words
    assert "by gradient: not measured; no gradient of layer 0 forward reaches the image" in as_text(
        context_page(study, {})
    )


def test_what_cannot_be_asked_is_said(sources):
    tiny, corpus = recorded(remembering(0.5), sources)
    with pytest.raises(SelectionError, match="the context of layer 4 was asked for; recorded are 0"):
        studied(tiny, corpus, ContextRequest(layers=[4]))
    with pytest.raises(SelectionError, match="asked for by telepathy; it is measured by gradient, blank, reset"):
        studied(tiny, corpus, ContextRequest(("telepathy",)))
    with pytest.raises(SelectionError, match="the distances 1, 2 were asked for; they begin with 0"):
        Taking("blank", (1.0, 2.0))
    with pytest.raises(SelectionError, match="'gate' was to be taken away; what can be is blank or reset"):
        Taking("gate")
    with pytest.raises(SelectionError, match="the context of 0 frames a line was asked for"):
        Sampling(0)
    alone = [replace(line, source=replace(line.source, text="a")) for line in corpus.lines]
    with pytest.raises(SelectionError, match="no line of the corpus has two symbols"):
        gather(alone, FallsTally(Taking("blank"))).tally.result(tiny)
    with pytest.raises(SelectionError, match="'up' was not taken away; taken were left, right, both"):
        taken(tiny, corpus, Taking("blank", (0.0, 1.0), 1)).fall("up")
    measured = by_gradient(corpus, Sampling(1, 1, measures=("input",)))
    with pytest.raises(SelectionError, match="the posterior by the image was not measured; measured are none"):
        measured.reach("image", None)


def test_a_pitch_needs_two_symbols(sources):
    _, corpus = recorded(remembering(0.0), sources[:1])
    assert pitch(corpus.lines[0].alignment) == pytest.approx(PITCH, abs=0.5)
    assert np.isnan(pitch(Alignment(np.zeros(4, int), (), "", 0.0)))


def test_a_line_of_one_symbol_is_as_wide_as_those_of_the_others(sources, tmp_path):
    Image.fromarray(written("a", seed=9)).save(tmp_path / "a.png")
    tiny = recognizer(remembering(0.7, sharp=3.0))
    given = [sources[0], LineSource(tmp_path / "a.png", "a"), *sources[1:]]
    taking = Taking("blank", (0.0, 1.0))
    whole = taken(tiny, record_corpus(tiny, given), taking)
    assert [(line.number, line.symbols) for line in whole.lines][:3] == [(0, 3), (1, 1), (2, 3)]
    # Wherever the corpus is cut, chunks add up to the same.
    numbered = list(enumerate(given))
    request = ContextRequest(("blank", "reset"), distances=(0.0, 1.0))
    begin = partial(ContextTally, request)
    parts = study_chunk(tiny, numbered[:0], begin)
    for chunk in (numbered[:2], numbered[2:5], numbered[5:]):
        parts.merge(study_chunk(tiny, chunk, begin))
    once = study(tiny, given, begin)
    assert document(context_study(parts, tiny)) == document(context_study(once, tiny))
    assert document(context_study(once, tiny))["blank"]["taken"][0]["fall"][1]["value"] == whole.fall("left")[1].value
