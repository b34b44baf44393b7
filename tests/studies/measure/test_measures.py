"""Measures over a corpus with planted units: what is planted is found, what is not there is said in words."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gateviz.data.gates import Direction, GateTrace, Quantity
from gateviz.errors import AlignmentError, ImageError, SelectionError
from gateviz.files.folders import LineSource
from gateviz.measure.events import Event, event_named
from gateviz.studies.account import Skipped
from gateviz.studies.corpus import gather
from gateviz.studies.measure.report import strongest_rows, untested_words
from gateviz.studies.measure.request import MeasureRequest
from gateviz.studies.measure.results import document, unit_rows
from gateviz.studies.measure.run import MeasureTally, measured
from gateviz.studies.measure.sums import GROUPS
from tests.studies.planted import ALPHABET, CELL, planted_corpus

COMMAS = event_named("symbol:,")
F, I, O = Quantity.FORGET_GATE, Quantity.INPUT_GATE, Quantity.OUTPUT_GATE


def over(lines, request=None, groups=GROUPS):
    return measured(gather(lines, MeasureTally(request or MeasureRequest(), groups)))


def plant(text, layer, direction, series):
    """Unit 0 of the input gate is 1 at commas alone; forget gates of layer 0 are constant, unit by unit."""
    series[I][:, 0] = np.repeat([symbol == "," for symbol in text], CELL)
    if layer == 0:
        series[F][:] = [np.exp(-1 / 2), np.exp(-1 / 40), 0.0, 1.0, 0.95]
    if layer == 1 and direction is Direction.BACKWARD:
        series[O][:] = 0.95


@pytest.fixture(scope="module")
def corpus():
    return planted_corpus(plant, lines=24)


@pytest.fixture(scope="module")
def report(corpus):
    return over(corpus.lines, MeasureRequest(COMMAS, events=(COMMAS, Event("digit"), Event("any", "onset"))))


def place_of(report, layer, direction):
    return next(place for place in report.places if (place.layer, place.direction) == (layer, direction))


def test_a_unit_that_is_1_at_commas_alone_tells_them_and_them_only(report):
    for place in report.places:
        told = place.told(COMMAS)
        assert (told.quantity, told.best) == (I, 0)
        assert (told.found.auc[0], told.found.low[0], told.found.high[0]) == (1.0, 1.0, 1.0)
        assert told.p[0] < 1e-6
    others = [
        telling for place in report.places if place.layer == 1 for telling in place.tellings if telling.event == COMMAS
    ]
    clear = sum(int((telling.p < 0.05).sum()) for telling in others)
    # The planted one in both directions; at most one of the 28 others by chance.
    assert 2 <= clear <= 3


def test_events_are_counted_frame_by_frame(report, corpus):
    texts = [line.source.text for line in corpus.lines]
    told = report.places[0].told(COMMAS)
    # Three symbols at both ends take no part.
    assert told.found.inside == CELL * sum(text[3:-3].count(",") for text in texts)
    assert told.left_out == CELL * sum(text[:3].count(",") + text[-3:].count(",") for text in texts)
    assert told.found.lines == sum("," in text[3:-3] for text in texts)
    whole = over(corpus.lines[:6], MeasureRequest(COMMAS, margin=0)).places[0].told(COMMAS)
    assert (whole.found.inside, whole.left_out) == (CELL * sum(text.count(",") for text in texts[:6]), 0)


def test_timescales_come_from_the_mean_forget_gate_in_every_unit_of_length(report):
    place = place_of(report, 0, "forward")
    expected = [2.0, 40.0, 0.0, np.inf, -1 / np.log(0.95)]
    np.testing.assert_allclose(place.timescales, expected, rtol=1e-5)
    assert (report.stride, report.pitch) == (3.0, CELL)
    rows = [row for row in unit_rows(report) if (row["layer"], row["direction"]) == (0, "forward")]
    assert [row["timescale_columns"] for row in rows] == pytest.approx([3 * value for value in expected])
    assert [row["timescale_symbols"] for row in rows] == pytest.approx([value / CELL for value in expected])
    plain = document(report)["places"][0]["memory"]
    assert plain["infinite"] == 1
    assert plain["share_beyond_1_symbols"] == pytest.approx(3 / 5)
    assert plain["share_beyond_10_symbols"] == pytest.approx(1 / 5)
    assert plain["columns"]["median"] == pytest.approx(3 * -1 / np.log(0.95), rel=1e-5)


def test_saturation_is_the_share_of_all_frames(report, corpus):
    place = place_of(report, 0, "backward")
    gates = np.concatenate([line.recording.trace(0, "backward")[I] for line in corpus.lines])
    np.testing.assert_allclose(place.saturations[I].left, (gates < 0.1).mean(axis=0))
    np.testing.assert_allclose(place.saturations[I].right, (gates > 0.9).mean(axis=0))
    assert place.frames == len(gates)


def test_directions_that_differ_are_told_apart_and_those_that_do_not_are_not(report):
    rows = {(row.layer, row.what): row for row in report.directions}
    wide = rows[1, "output gate above 0.9"]
    assert wide.contrast.effect == -1.0
    assert wide.p < 0.01
    assert wide.backward.tolist() == [1.0] * 5
    same = rows[0, "timescale"]
    assert (same.contrast.effect, same.p, same.unit) == (0.0, 1.0, "symbols")
    assert rows[1, "forget gate above 0.9"].p > 0.05


def test_the_course_goes_the_way_the_layer_goes(corpus):
    # Unit 0 of the input gate is 1 in the comma's four frames: from its onset on, whichever way the layer reads.
    report = over(corpus.lines, MeasureRequest(COMMAS, "input_gate", 0))
    for place in report.places:
        course = dict(zip(place.course.offsets.tolist(), place.course.mean.tolist(), strict=True))
        assert [course[offset] for offset in range(CELL)] == [1.0] * CELL
        assert course[-1] < 0.5
        assert course[CELL] < 0.5
    assert document(report)["places"][0]["course"]["columns"][:2] == [-30.0, -27.0]


def test_many_lines_are_summed_in_groups_without_another_result(corpus, report):
    grouped = over(corpus.lines, report.request, groups=7)
    for one, two in zip(report.places, grouped.places, strict=True):
        np.testing.assert_allclose(one.timescales, two.timescales)
        np.testing.assert_allclose(one.agreement.correlation, two.agreement.correlation)
        for first, second in zip(one.tellings, two.tellings, strict=True):
            np.testing.assert_allclose(first.found.auc, second.found.auc)
            np.testing.assert_allclose(first.found.p, second.found.p)
    assert [row.contrast.effect for row in grouped.directions] == [row.contrast.effect for row in report.directions]
    assert grouped.directions[0].contrast.lines == 7


def test_chunks_of_lines_add_up_to_the_same_numbers(corpus, report):
    def part(lines):
        return gather(lines, MeasureTally(report.request))

    whole = part(corpus.lines[:5])
    whole.merge(part(corpus.lines[5:6]))
    whole.merge(part(corpus.lines[6:]))
    parts = json.loads(json.dumps(document(measured(whole))), parse_float=lambda word: round(float(word), 9))
    assert parts == json.loads(json.dumps(document(report)), parse_float=lambda word: round(float(word), 9))


def test_the_same_seed_gives_the_same_digits(corpus, report):
    again = over(iter(corpus.lines), report.request)
    assert str(document(again)) == str(document(report))


def test_too_few_events_and_none_are_said_in_words(report, corpus):
    assert untested_words(report) == ["Not tested, within digit: no such frames."]
    few = over(corpus.lines[:3], report.request)
    words = untested_words(few)
    assert any("lines have the event, and a test needs 5" in one for one in words)
    assert strongest_rows(few, 4) == []
    assert {row.contrast.why_not for row in few.directions} >= {"3 lines took part, and a test needs 5"}


def test_a_gru_is_measured_by_its_update_gate(corpus):
    lines = [of_gru(line) for line in corpus.lines[:6]]
    report = over(lines)
    assert report.places[0].keeping == Quantity.UPDATE_GATE
    assert report.places[0].course_quantity == Quantity.UPDATE_GATE
    np.testing.assert_allclose(report.places[0].timescales[:2], [2.0, 40.0], rtol=1e-5)
    with pytest.raises(
        SelectionError, match="layer 0 forward has no forget_gate; recorded are reset_gate, update_gate"
    ):
        over(lines, MeasureRequest(gate="forget_gate"))


def of_gru(line):
    names = {I: Quantity.RESET_GATE, F: Quantity.UPDATE_GATE, O: Quantity.HIDDEN_STATE}
    traces = tuple(
        GateTrace(trace.layer, trace.direction, {names[name]: values for name, values in trace.values.items()})
        for trace in line.recording.traces
    )
    return replace(line, recording=replace(line.recording, traces=traces))


def test_without_a_gate_that_keeps_there_is_no_timescale(corpus):
    lines = [
        replace(line, recording=replace(line.recording, traces=(only_output(line.recording.traces[0]),)))
        for line in corpus.lines[:6]
    ]
    report = over(lines)
    assert report.places[0].timescales is None
    assert report.directions == ()
    plain = document(report)["places"][0]
    assert plain["memory"] is None
    assert plain["every_unit"][0]["timescale_frames"] is None


def only_output(trace):
    return GateTrace(trace.layer, trace.direction, {O: trace[O]})


def test_lines_that_cannot_be_read_are_counted_and_an_empty_corpus_refused(corpus):
    broken = Skipped(LineSource(Path("broken.png")), "no image")
    report = over([*corpus.lines[:6], broken])
    assert (report.account.lines, report.account.skipped) == (6, [broken])
    assert document(report)["skipped"] == [{"path": "broken.png", "why": "no image"}]
    with pytest.raises(ImageError, match="none of the 1 lines of the corpus can be read; the first: no image"):
        over([broken])


def test_what_is_not_there_is_refused_by_name(corpus):
    with pytest.raises(SelectionError, match="there is no series 'memory_gate' to measure; choose one of input_gate"):
        MeasureRequest(gate="memory_gate")
    with pytest.raises(SelectionError, match="there is no event 'comma'"):
        MeasureRequest(event_named("comma"))
    with pytest.raises(SelectionError, match="has no unit 5 in its forget gate; units are 0 to 4"):
        over(corpus.lines, MeasureRequest(unit=5))
    with pytest.raises(SelectionError, match="layer 0 forward has no cell_state"):
        over(corpus.lines, MeasureRequest(quantities=("cell_state",)))
    with pytest.raises(SelectionError, match="'x', 'y', not among the 6 symbols of this recognizer"):
        MeasureRequest(event_named("symbol:xy")).check_symbols(ALPHABET)
    without = replace(corpus.lines[0], recording=replace(corpus.lines[0].recording, emission=None))
    with pytest.raises(AlignmentError, match="no posteriors, so no event can be found"):
        over([without])


def test_lines_without_a_text_are_aligned_by_what_was_read(corpus):
    told, other = corpus.lines[:2]
    report = over([told, replace(other, source=replace(other.source, text=None)), *corpus.lines[2:6]])
    assert [source.path.name for source in report.account.by_reading] == ["1.png"]
