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
from gateviz.studies.account import told_alignment
from gateviz.studies.corpus import record_corpus
from gateviz.survey.ablation import Ablation, Plan, ablate_lines, groups_of
from gateviz.survey.ablation_log import AblationLog
from gateviz.survey.ablation_report import ablation_document, page_of, places_of, selectivities
from gateviz.survey.interventions import Intervention, intervention_named, unit_groups

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


def test_every_group_is_its_own_edited_run(recognizer, corpus):
    plan = Plan(Intervention(F, 0.0), "layer", places_of(corpus))
    outcomes = list(ablate_lines(recognizer, corpus, plan))
    groups = groups_of(plan, corpus)
    assert [group.place for group in groups] == list(places_of(corpus))
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


def test_an_event_holds_its_frames_alone(recognizer, corpus):
    plan = Plan(Intervention(F, 0.0), "layer", (PLACE,), Event("punctuation"))
    outcomes = list(ablate_lines(recognizer, corpus, plan))
    for line, outcome in zip(corpus.lines, outcomes, strict=True):
        alignment = line.recording.alignment
        frames = [t for span in alignment.spans if span.symbol in ",." for t in range(span.start, span.stop)]
        assert outcome.held_frames == len(frames)
        if not frames:
            assert outcome.divergence.tolist() == [0.0]
            assert outcome.edits.tolist() == [0]
    ablation = Ablation(plan, groups_of(plan, corpus), tuple(outcomes))
    assert len(ablation.met) == sum(outcome.held_frames > 0 for outcome in outcomes) == 2


def test_effects_are_means_over_lines(recognizer, corpus):
    plan = Plan(Intervention(F, 0.0), "layer", places_of(corpus))
    outcomes = tuple(ablate_lines(recognizer, corpus, plan))
    ablation = Ablation(plan, groups_of(plan, corpus), outcomes)
    effect = ablation.effects[0]
    assert effect.divergence.value == pytest.approx(np.mean([outcome.divergence[0] for outcome in outcomes]))
    assert effect.edits.value == sum(o.edits[0] for o in outcomes) / sum(o.symbols for o in outcomes)
    told = [outcome for outcome in outcomes if outcome.truth_symbols]
    rise = sum(o.errors[0] - o.plain_errors for o in told) / sum(o.truth_symbols for o in told)
    assert effect.errors.value == pytest.approx(rise)
    values = [ablation.effects[group].divergence.value for group in ablation.ranking]
    assert values == sorted(values, reverse=True)


def test_units_are_told_with_their_selectivity(recognizer, corpus):
    plan = Plan(Intervention(F, 1.0), "unit", (PLACE,))
    ablation = Ablation(plan, groups_of(plan, corpus), tuple(ablate_lines(recognizer, corpus, plan)))
    event = Event("blank")
    told = selectivities(ablation, corpus, event)
    assert told.shape == (96,)
    pairs: list[float] = []
    for line in corpus.lines:
        alignment, _ = told_alignment(line.recording, line.source.text)
        values, blank = line.recording.trace(*PLACE).forget_gate[:, 5], alignment.path == recognizer.alphabet.blank
        pairs += [(a > b) + 0.5 * (a == b) for a in values[blank] for b in values[~blank]]
    assert told[5] == pytest.approx(np.mean(pairs))
    document = ablation_document(ablation, corpus, told, event, {"checkpoint": "m"})
    assert (document["held"], document["lines"], document["selectivity_for"]) == (
        "forget gate held at 1",
        3,
        "within blank",
    )
    strongest = document["groups"][0]
    assert strongest["units"] == ablation.groups[ablation.ranking[0]].words
    page = page_of(ablation, corpus, told, event, {})
    assert len(page.points) == 96
    assert page.bars[0].effect == strongest["divergence"]["value"]
    assert -1 <= page.correlation <= 1


def test_groups_of_like_memory(corpus):
    groups = unit_groups(corpus.recordings, F, "timescale", [PLACE])
    assert len(groups) == 4
    assert np.sum([group.units for group in groups], axis=0).tolist() == [1] * 96
    gate = np.concatenate([recording.trace(*PLACE).forget_gate for recording in corpus.recordings]).mean(axis=0)
    assert gate[groups[0].units].max() <= gate[groups[1].units].min()
    assert groups[0].words.startswith("memory of ")
    with pytest.raises(SelectionError, match="there is no grouping 'heads'; choose one of unit, layer, timescale"):
        unit_groups(corpus.recordings, F, "heads", [PLACE])


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


def test_no_line_has_the_event(recognizer, corpus):
    plan = Plan(Intervention(F, 0.0), "layer", (PLACE,), Event("han"))
    ablation = Ablation(plan, groups_of(plan, corpus), tuple(ablate_lines(recognizer, corpus, plan)))
    with pytest.raises(SelectionError, match=r"no line has the event \(forget gate held at 0, within han\)"):
        _ = ablation.effects


def test_outcomes_go_on_where_they_stopped(recognizer, corpus, tmp_path):
    plan = Plan(Intervention(F, 0.0), "layer", (PLACE,))
    outcomes = list(ablate_lines(recognizer, corpus, plan))
    header = {"held": plan.words, "groups": ["1.forward"]}
    log = AblationLog(tmp_path / "new" / "log.jsonl", header)
    for outcome in outcomes[:2]:
        log.add(outcome)
    path = tmp_path / "new" / "log.jsonl"
    # A line that was cut off while it was written is as good as not there.
    path.write_text(path.read_text(encoding="utf-8") + '{"name": "cut', encoding="utf-8")
    again = AblationLog(path, header)
    assert [outcome.name for outcome in again.outcomes] == [outcome.name for outcome in outcomes[:2]]
    assert again.outcomes[1].divergence.tolist() == outcomes[1].divergence.tolist()
    rest = list(ablate_lines(recognizer, corpus, plan, done=[outcome.name for outcome in again.outcomes]))
    assert [outcome.name for outcome in rest] == [outcomes[2].name]
    again.add(rest[0])
    assert len(AblationLog(path, header).outcomes) == 3


def test_outcomes_of_another_study_are_not_mixed(tmp_path):
    AblationLog(tmp_path / "log.jsonl", {"held": "forget gate held at 0"})
    with pytest.raises(OutputError, match=r"is of another study \(its held differ\); name another folder or remove it"):
        AblationLog(tmp_path / "log.jsonl", {"held": "forget gate held at 1"})
    (tmp_path / "text.jsonl").write_text("something else\n", encoding="utf-8")
    with pytest.raises(OutputError, match="is no file of outcomes"):
        AblationLog(tmp_path / "text.jsonl", {"held": "x"})
