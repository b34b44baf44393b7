"""The figures and the page of tested claims: artists hold the report's numbers, the page holds everything."""

import base64
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_hex

from gateviz.data.gates import Quantity
from gateviz.errors import AlignmentError, SelectionError
from gateviz.files.folders import LineSource
from gateviz.panels.colors import ALARM, INK, LAYERS, PAPER
from gateviz.panels.panel import ImagePanel, LinePanel, SpanPanel
from gateviz.plot.painters.effects import EffectGroup, EffectRow, span_of_axis
from gateviz.studies.account import Corpus, Skipped
from gateviz.studies.claims.figure import ClaimFigures, claim_line_stack, effect_panels, event_columns, line_stacks
from gateviz.studies.claims.report import claims_page, shown_outcome
from gateviz.studies.claims.request import Claim
from gateviz.studies.claims.run import claims_over
from gateviz.studies.page import as_html
from tests.panels.conftest import recording  # noqa: F401
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
    figure = ClaimFigures(report).whole()
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
    axes = ClaimFigures(report).course(LOW).axes[0]
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
    assert ClaimFigures(report).course(STEP).axes[0].get_ylabel() == "mean |o(t) - o(t-1)|"


def test_there_is_no_course_without_an_event(report):
    assert not any(outcome.has_course for outcome in report.of(MEMORY))
    for claim in (MEMORY, RARE):
        with pytest.raises(SelectionError, match=f"the claim '{claim.name}' has no event to draw a course around"):
            ClaimFigures(report).course(claim)


def test_lines_are_marked_at_the_events_frames_on_one_scale(report):
    planted = report.of(LOW)[2]
    stacks = line_stacks(report, planted)
    assert tuple(stacks) == (*planted.best, *planted.worst)
    for position in planted.best:
        stack = stacks[position]
        text = report.corpus.lines[position].source.text
        runs = re.finditer(r"[,.]+", text)
        assert stack.highlights == tuple((3.0 * CELL * run.start(), 3.0 * CELL * run.end()) for run in runs)
        assert stack.panels[-1].group == "layer 1 forward: mean f"
    assert len({(stack.panels[-1].low, stack.panels[-1].high) for stack in stacks.values()}) == 1
    assert all(stack.highlights == () for stack in line_stacks(report, report.of(MEMORY)[0]).values())


def test_the_page_is_one_file_that_says_everything(report):
    page = as_html(replace(claims_page(report), title="What <it> does"), ClaimFigures(report).one)
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
    page = as_html(claims_page(report, lines=False), ClaimFigures(report).one)
    assert page.count("<img") == 4
    assert "that show it best" not in page


def test_claims_of_one_kind_have_one_panel(report):
    alone = claims_over(Corpus(report.corpus.lines), [MEMORY])
    (panel,) = effect_panels(alone)
    assert panel.title == "memory"
    assert panel.groups[0].reference == 0.3


def test_neighboring_frames_are_one_stretch_of_columns(recording):  # noqa: F811
    # Frames of 4 columns whose centers begin at -2.
    assert event_columns(recording, [2, 1, 5]) == ((0.0, 8.0), (16.0, 20.0))
    assert event_columns(recording, []) == ()


def test_the_axis_holds_intervals_and_references():
    rows = (EffectRow("a", 0.2, -0.5, 0.4, "", ""), EffectRow("b", np.nan, np.nan, np.nan, "", ""))
    assert span_of_axis([EffectGroup("c", rows, reference=0.5)]) == pytest.approx((-0.56, 0.56))
    assert span_of_axis([EffectGroup("c", rows[1:])]) == (-0.1, 0.1)


def test_a_line_is_its_image_its_text_and_the_mean_with_the_event_marked(recording):  # noqa: F811
    series = recording.trace(1)[Quantity.FORGET_GATE]
    stack = claim_line_stack(
        recording, recording.alignment, series, Quantity.FORGET_GATE, frames=(1, 2), ends=(0.2, 0.8), legend="mean f"
    )
    image, spans, curve = stack.panels
    assert isinstance(image, ImagePanel)
    assert isinstance(spans, SpanPanel)
    assert isinstance(curve, LinePanel)
    assert curve.lines[0].values == pytest.approx(series.mean(axis=1))
    assert (curve.lines[0].role, curve.low, curve.high, curve.group) == ("forget_gate", 0.2, 0.8, "mean f")
    assert stack.highlights == ((0.0, 8.0),)
    assert (stack.start, stack.stop) == (0.0, 24.0)
    assert stack.metadata["image"] == "ab.png"


def test_an_alignment_of_another_line_is_refused(recording):  # noqa: F811
    other = recording.alignment
    with pytest.raises(AlignmentError, match="an alignment of 3 frames was given for a recording of 8"):
        claim_line_stack(
            recording, type(other)(np.zeros(3, int), (), "", 0.0), np.zeros((8, 2), np.float32), Quantity.FORGET_GATE,
            frames=(), ends=(0.0, 1.0),
        )  # fmt: skip
