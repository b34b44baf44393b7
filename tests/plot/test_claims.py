"""The figures and the page of tested claims: artists hold the report's numbers, the page holds everything."""

import base64
import re
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex

from gateviz.errors import SelectionError
from gateviz.files.folders import LineSource
from gateviz.panels.colors import ALARM, INK, LAYERS, PAPER
from gateviz.plot.claim_pages import course_page, effect_page, line_stacks
from gateviz.plot.claims import course, effects
from gateviz.plot.claims_report import report_html, shown_outcome, write_report
from gateviz.studies.account import Corpus, Skipped
from gateviz.survey.claim import Claim
from gateviz.survey.claims import claims_over
from tests.studies.planted import CELL, at_punctuation, planted_corpus

LOW = Claim("marks-clear", "forget_gate", "punctuation", sign="lower", margin=0, says="Marks <clear> memory.")
HIGH = Claim("marks-keep", "forget_gate", "punctuation", margin=0)
STEP = Claim("steady", "output_gate", "any", "end", "lower", "step", offset=1, margin=0)
MEMORY = Claim("remembers", "forget_gate", statistic="timescale", share=0.3)
RARE = Claim("digits", "forget_gate", "digit", margin=0)


@pytest.fixture(scope="module")
def report():
    corpus = planted_corpus(at_punctuation(-0.06), lines=8, symbols=12)
    skipped = (Skipped(LineSource(Path("<broken>.png")), "cannot be read & so on"),)
    return claims_over(Corpus(corpus.lines, skipped), [LOW, HIGH, STEP, MEMORY, RARE], shifts=199)


def points(axes):
    """The marks of effects: x, y, face."""
    return [
        (float(line.get_xdata()[0]), float(line.get_ydata()[0]), to_hex(line.get_markerfacecolor()))
        for line in axes.lines
        if line.get_marker() == "o"
    ]


def test_effects_are_drawn_the_way_the_claim_says_them(report):
    figure = effects(report)
    events, memory = figure.axes
    assert [axes.get_title(loc="left") for axes in (events, memory)] == ["events", "memory"]
    drawn = points(events)
    planted = next(outcome for outcome in report.of(LOW) if (outcome.layer, outcome.direction) == (1, "forward"))
    effect = planted.numbers.effect
    assert effect < -0.5
    # Below each claim's name stand its four layers and directions; the third is layer 1 forward.
    assert drawn[2] == (pytest.approx(-effect), 3, INK)
    assert drawn[6] == (pytest.approx(effect), 8, ALARM)
    assert drawn[0][2] == PAPER
    assert {mark[0] for mark in points(memory)} == {outcome.numbers.effect for outcome in report.of(MEMORY)}
    words = [text.get_text() for text in events.texts]
    assert "marks-clear" in words
    assert "supported  (5 units for, 0 against, of 5)" in words
    assert words.count("too few events") == 4


def test_a_layer_has_its_color_and_a_direction_its_dash(report):
    axes = course(report, LOW).axes[0]
    curves = [line for line in axes.lines if line.get_label().startswith("layer")]
    assert [line.get_label() for line in curves] == [
        "layer 0 forward", "layer 0 backward", "layer 1 forward", "layer 1 backward",
    ]  # fmt: skip
    assert [to_hex(line.get_color()) for line in curves] == [LAYERS[0], LAYERS[0], LAYERS[1], LAYERS[1]]
    assert [line.get_linestyle() for line in curves] == ["-", "--", "-", "--"]
    dipped = np.asarray(curves[2].get_ydata())
    before, within = dipped[10 - CELL : 10], dipped[10 : 10 + CELL]
    assert within.max() < before.min()
    assert axes.get_ylabel() == "mean f"
    assert axes.get_xlabel() == "frames from the onset of punctuation, the way the layer goes"
    assert course(report, STEP).axes[0].get_ylabel() == "mean |o(t) - o(t-1)|"


def test_there_is_no_course_without_an_event(report):
    assert course_page(report, MEMORY) is None
    for claim in (MEMORY, RARE):
        with pytest.raises(SelectionError, match=f"the claim '{claim.name}' has no event to draw a course around"):
            course(report, claim)


def test_lines_are_marked_at_the_events_frames_on_one_scale(report):
    planted = report.of(LOW)[2]
    best, worst = line_stacks(report, planted)
    assert (len(best), len(worst)) == (len(planted.best), len(planted.worst))
    for position, stack in zip(planted.best, best, strict=True):
        text = report.corpus.lines[position].source.text
        runs = re.finditer(r"[,.]+", text)
        assert stack.highlights == tuple((3.0 * CELL * run.start(), 3.0 * CELL * run.end()) for run in runs)
        assert stack.panels[-1].group == "layer 1 forward: mean f"
    assert len({(stack.panels[-1].low, stack.panels[-1].high) for stack in (*best, *worst)}) == 1
    assert all(stack.highlights == () for stacks in line_stacks(report, report.of(MEMORY)[0]) for stack in stacks)


def test_the_page_is_one_file_that_says_everything(report, tmp_path):
    write_report(report, tmp_path / "claims.html", title="What <it> does")
    page = (tmp_path / "claims.html").read_text(encoding="utf-8")
    assert "<title>What &lt;it&gt; does</title>" in page
    assert "Marks &lt;clear&gt; memory." in page
    assert "Tested: the forget gate is lower within punctuation than elsewhere in the same lines." in page
    assert "&lt;broken&gt;.png" in page
    assert "cannot be read &amp; so on" in page
    assert "no line has frames of the event and others" in page
    assert '<td class="supported">supported</td>' in page
    assert '<td class="contradicted">contradicted</td>' in page
    for outside in ("http://", "https://", "<script", "<link"):
        assert outside not in page
    pictures = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    # All effects, a course for each claim with events, and the lines of one layer of each claim.
    shown = [shown_outcome(report.of(claim)) for claim in report.claims]
    assert len(pictures) == 1 + 3 + sum(len(outcome.best) + len(outcome.worst) for outcome in shown)
    assert all(base64.b64decode(picture).startswith(b"\x89PNG") for picture in pictures)


def test_the_lines_of_the_strongest_layer_are_shown_and_can_be_left_out(report):
    strongest = shown_outcome(report.of(LOW))
    assert (strongest.layer, strongest.direction) == (1, "forward")
    page = report_html(report, lines=False)
    assert page.count("<img") == 4
    assert "that show it best" not in page


def test_claims_of_one_kind_have_one_panel(report):
    alone = claims_over(Corpus(report.corpus.lines), [MEMORY])
    assert [panel.title for panel in effect_page(alone).panels] == ["memory"]
    assert effect_page(alone).panels[0].groups[0].reference == 0.3
