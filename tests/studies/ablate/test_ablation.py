"""Interventions over a corpus, against each of them alone by ``record`` with an edit."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

import gateviz
from gateviz.capture.edits import clamp
from gateviz.data.gates import Direction, Quantity
from gateviz.errors import OutputError, SelectionError
from gateviz.files.folders import LineSource
from gateviz.measure.edit_distance import edit_distance
from gateviz.measure.events import Event
from gateviz.studies.ablate.report import ablate_page
from gateviz.studies.ablate.request import AblateRequest, Intervention, intervention_named
from gateviz.studies.ablate.results import LineOutcome
from gateviz.studies.ablate.run import ablate_lines, ablated, unit_groups
from gateviz.studies.corpus import record_corpus
from gateviz.studies.kept import KeptOutcomes

F = Quantity.FORGET_GATE
PLACE = (1, Direction.FORWARD)
TEXTS = ("a cat, 7", "no dogs.", "x")


@pytest.fixture(scope="module")
def recognizer():
    return gateviz.load()


@pytest.fixture(scope="module")
def corpus(recognizer, tmp_path_factory, font_folder):
    folder = tmp_path_factory.mktemp("lines")
    font = ImageFont.truetype(str(font_folder / "DejaVuSans.ttf"), 26)
    sources = []
    for number, text in enumerate(TEXTS):
        image = Image.new("L", (int(font.getlength(text)) + 20, 40), 255)
        ImageDraw.Draw(image).text((10, 4), text, fill=0, font=font)
        image.save(folder / f"{number}.png")
        sources.append(LineSource(folder / f"{number}.png", text if number else None))
    return record_corpus(recognizer, sources)


def asked(value=0.0, grouping="layer", **options):
    """The forget gate held, in one layer and direction."""
    return AblateRequest(Intervention(F, value), grouping, (PLACE[0],), (PLACE[1],), **options)


def every_outcome(corpus, request):
    return list(ablate_lines(corpus, request, unit_groups(request, corpus)))


def whole(corpus, request, outcomes=None):
    return ablated(corpus, request, unit_groups(request, corpus), outcomes or every_outcome(corpus, request))


def test_every_group_is_its_own_edited_run(recognizer, corpus):
    request = AblateRequest(Intervention(F, 0.0), "layer")
    outcomes = every_outcome(corpus, request)
    groups = unit_groups(request, corpus)
    assert [group.place for group in groups] == [
        (layer, direction) for layer in (0, 1) for direction in (Direction.FORWARD, Direction.BACKWARD)
    ]
    for line, outcome in zip(corpus.lines, outcomes, strict=True):
        plain = line.recording
        for number, group in enumerate(groups):
            edit = clamp(F, 0.0, layer=group.place[0], direction=group.place[1])
            held = gateviz.record(recognizer, line.source.path, edits=[edit])
            p, q = (each.emission.log_probs.astype(np.float64) for each in (plain, held))
            divergence = (np.exp(p) * (p - q)).sum(axis=1).mean()
            assert outcome.divergence[number] == pytest.approx(divergence, rel=1e-3, abs=1e-5)
            assert outcome.edits[number] == edit_distance(plain.text, held.text)
            truth = line.source.text
            assert outcome.errors[number] == (edit_distance(truth, held.text) if truth else -1)
        assert outcome.symbols == len(plain.text)
        assert outcome.held_frames == plain.grid.frame_count
    assert max(outcome.divergence.max() for outcome in outcomes) > 0.01


def test_an_event_holds_its_frames_alone(corpus):
    request = asked(event=Event("punctuation"))
    outcomes = every_outcome(corpus, request)
    for line, outcome in zip(corpus.lines, outcomes, strict=True):
        alignment = line.recording.alignment
        frames = [t for span in alignment.spans if span.symbol in ",." for t in range(span.start, span.stop)]
        assert outcome.held_frames == len(frames)
        if not frames:
            assert outcome.divergence.tolist() == [0.0]
            assert outcome.edits.tolist() == [0]
    found = whole(corpus, request, outcomes)
    assert found.held == sum(outcome.held_frames > 0 for outcome in outcomes) == 2


def test_effects_are_means_over_lines(corpus):
    request = AblateRequest(Intervention(F, 0.0), "layer")
    outcomes = every_outcome(corpus, request)
    found = whole(corpus, request, outcomes)
    effect = found.effects[0]
    assert effect.divergence.value == pytest.approx(np.mean([outcome.divergence[0] for outcome in outcomes]))
    assert effect.edits.value == sum(o.edits[0] for o in outcomes) / sum(o.symbols for o in outcomes)
    told = [outcome for outcome in outcomes if outcome.truth_symbols]
    rise = sum(o.errors[0] - o.plain_errors for o in told) / sum(o.truth_symbols for o in told)
    assert effect.errors.value == pytest.approx(rise)
    values = [effect.divergence.value for effect in found.ranking]
    assert values == sorted(values, reverse=True)


def test_units_are_told_with_their_selectivity(recognizer, corpus):
    found = whole(corpus, asked(1.0, "unit", beside=Event("blank")))
    told = [effect.selectivity for effect in found.effects]
    assert len(told) == 96
    pairs: list[float] = []
    for line in corpus.lines:
        values, blank = line.recording.trace(*PLACE).forget_gate[:, 5], line.alignment.path == recognizer.alphabet.blank
        pairs += [(a > b) + 0.5 * (a == b) for a in values[blank] for b in values[~blank]]
    assert told[5] == pytest.approx(np.mean(pairs))
    document = ablate_page(found, {"checkpoint": "m"}).document
    assert (document["held"], document["lines"], document["selectivity_for"]) == (
        "forget gate held at 1",
        3,
        "within blank",
    )
    strongest = document["groups"][0]
    assert strongest["units"] == found.ranking[0].group.words
    assert len(found.telling) == 96
    assert found.ranking[0].divergence.value == strongest["divergence"]["value"]
    assert -1 <= found.correlation <= 1


def test_groups_of_like_memory(corpus):
    groups = unit_groups(asked(grouping="timescale"), corpus)
    assert len(groups) == 4
    assert np.sum([group.units for group in groups], axis=0).tolist() == [1] * 96
    gate = np.concatenate([recording.trace(*PLACE).forget_gate for recording in corpus.recordings]).mean(axis=0)
    assert gate[groups[0].units].max() <= gate[groups[1].units].min()
    assert groups[0].words.startswith("memory of ")
    with pytest.raises(SelectionError, match="there is no grouping 'heads'; choose one of unit, layer, timescale"):
        asked(grouping="heads")


def test_the_words_of_interventions():
    assert intervention_named("f=0") == Intervention(F, 0.0)
    assert intervention_named("forget_gate = mean").words == "forget gate held at its mean"
    assert intervention_named("i=1-f").words == "input gate held at 1 - f"
    assert intervention_named("o=1").words == "output gate held at 1"
    for wrong in ("q=1", "f", "=0"):
        with pytest.raises(
            SelectionError, match="holds nothing; write QUANTITY=VALUE such as f=0, with a quantity of i"
        ):
            intervention_named(wrong)
    with pytest.raises(
        SelectionError, match="the forget gate cannot be held at '1-f'; give a number, mean, or for the"
    ):
        intervention_named("f=1-f")
    with pytest.raises(SelectionError, match="the output gate cannot be held at 'nan'"):
        intervention_named("o=nan")


def test_no_line_has_the_event(corpus):
    with pytest.raises(SelectionError, match=r"no line has the event \(forget gate held at 0, within han\)"):
        whole(corpus, asked(event=Event("han")))


def test_outcomes_go_on_where_they_stopped(corpus, tmp_path):
    request = asked()
    groups = unit_groups(request, corpus)
    outcomes = every_outcome(corpus, request)
    header = {"held": request.words, "groups": ["1.forward"]}
    path = tmp_path / "new" / "log.jsonl"
    kept = KeptOutcomes(path, header)
    for outcome in outcomes[:2]:
        kept.add(outcome.document)
    # A line that was cut off while it was written is as good as not there.
    path.write_text(path.read_text(encoding="utf-8") + '{"name": "cut', encoding="utf-8")
    kept = KeptOutcomes(path, header)
    again = list(map(LineOutcome.of, kept.outcomes))
    assert [outcome.name for outcome in again] == [outcome.name for outcome in outcomes[:2]]
    assert again[1].divergence.tolist() == outcomes[1].divergence.tolist()
    rest = list(ablate_lines(corpus, request, groups, done=[outcome.name for outcome in again]))
    assert [outcome.name for outcome in rest] == [outcomes[2].name]
    kept.add(rest[0].document)
    assert len(KeptOutcomes(path, header).outcomes) == 3


def test_outcomes_of_another_study_are_not_mixed(tmp_path):
    KeptOutcomes(tmp_path / "log.jsonl", {"held": "forget gate held at 0"})
    with pytest.raises(OutputError, match=r"is of another study \(its held differ\); name another folder or remove it"):
        KeptOutcomes(tmp_path / "log.jsonl", {"held": "forget gate held at 1"})
    (tmp_path / "text.jsonl").write_text("something else\n", encoding="utf-8")
    with pytest.raises(OutputError, match="is no file of outcomes"):
        KeptOutcomes(tmp_path / "text.jsonl", {"held": "x"})
    for wrong in ({"name": "a.png"}, {"name": "a.png", "divergence": "b", "edits": [], "errors": []}):
        with pytest.raises(OutputError, match=r"what was kept of a line is no outcome .*; name another folder"):
            LineOutcome.of(wrong)
