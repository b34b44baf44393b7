"""The explorer's document: every number in it is the one that the library's own measures give."""

import dataclasses
import json

import numpy as np
import pytest

from gateviz.data.frames import FrameGrid
from gateviz.data.gates import LSTM_QUANTITIES, Direction, GateTrace, Quantity
from gateviz.data.provenance import Provenance
from gateviz.errors import SelectionError
from gateviz.measure.saturation import saturation
from gateviz.measure.timescale import timescale
from gateviz.panels.choice import Order, unit_order
from gateviz.panels.explorer import TOLERANCE, explorer_document
from gateviz.panels.reading import boundaries
from gateviz.panels.traces import scales_for, spread
from gateviz.panels.wire import Quantized, decode, encode
from gateviz.recording import Recording
from tests.panels.conftest import random_trace


def shown(quantity) -> np.ndarray:
    values = quantity["values"]
    return values.values if isinstance(values, Quantized) else values


def only(document):
    [recording] = document["recordings"]
    return recording


def of_traces(*traces, edits=(), image="", checkpoint="") -> Recording:
    bare = Recording.of_traces(traces)
    return dataclasses.replace(bare, provenance=Provenance(image=image, edits=edits, checkpoint=checkpoint))


def test_the_document_is_json_and_bytes(recording):
    wire = encode(explorer_document([recording]))
    json.dumps(wire.header, allow_nan=False)
    assert wire.header["version"] == 1
    assert list(wire.header["quantities"]) == list(LSTM_QUANTITIES[:3]) + list(LSTM_QUANTITIES[3:])
    assert wire.header["quantities"]["forget_gate"] == {"name": "forget gate", "letter": "f", "signed": False}
    assert wire.header["quantities"]["candidate"]["signed"] is True
    assert decode(wire)["recordings"][0]["traces"][3]["name"] == "1.backward"


def test_geometry_is_that_of_the_frame_grid(recording):
    frames = only(explorer_document([recording]))["frames"]
    assert frames["count"] == 8
    np.testing.assert_array_equal(frames["edges"], recording.grid.edges)
    np.testing.assert_array_equal(frames["centers"], recording.grid.centers)
    for frame in range(8):
        assert tuple(frames["fields"][frame]) == recording.grid.receptive_span(frame)
        assert tuple(frames["edges"][frame : frame + 2]) == recording.grid.columns(frame, frame + 1)


def test_the_reading_is_that_of_the_recording(recording):
    part = only(explorer_document([recording]))
    assert (part["name"], part["text"]) == ("ab.png", "ab")
    assert part["axis"] == {"start": 0.0, "stop": 24.0, "label": "column of the line image (px)"}
    assert part["image"] is recording.image
    first, second = part["spans"]
    assert (first["symbol"], first["frames"], second["symbol"], second["frames"]) == ("a", [1, 3], "b", [4, 5])
    assert (first["start"], first["stop"]) == recording.grid.columns(1, 3)
    assert first["confidence"] == pytest.approx(0.8)
    assert first["cut_stop"] == second["cut_start"]
    assert tuple(part["rules"]) == boundaries(recording.alignment, recording.grid)
    assert part["posterior"]["symbols"] == ["a", "a", "a", "a", "b", "a", "a", "a"]
    np.testing.assert_allclose(part["posterior"]["blank"], [0.8, 0.1, 0.1, 0.8, 0.1, 0.8, 0.8, 0.8], rtol=1e-6)
    np.testing.assert_allclose(part["posterior"]["best"], [0.1, 0.8, 0.8, 0.1, 0.8, 0.1, 0.1, 0.1], rtol=1e-6)


def test_every_measure_is_the_librarys(recording):
    for trace, part in zip(recording.traces, only(explorer_document([recording]))["traces"], strict=True):
        assert (part["name"], part["layer"], part["direction"]) == (trace.name, trace.layer, str(trace.direction))
        assert (part["title"], part["units"]) == (f"layer {trace.layer} {trace.direction}", 5)
        np.testing.assert_allclose(part["timescale"], timescale(trace.forget_gate), rtol=1e-6)
        assert set(part["saturation"]) == {"input_gate", "forget_gate", "output_gate"}
        for gate, shares in part["saturation"].items():
            np.testing.assert_allclose(shares["left"], saturation(trace[gate]).left)
            np.testing.assert_allclose(shares["right"], saturation(trace[gate]).right)
        for name, order in part["orders"].items():
            np.testing.assert_array_equal(order, unit_order(trace, Quantity.CELL_STATE, Order(name)))
        for quantity, each in part["quantities"].items():
            for name, expected in zip(("mean", "low", "high"), spread(trace[quantity]), strict=True):
                np.testing.assert_allclose(each[name], expected, rtol=1e-6)


def test_scales_are_those_of_the_figures(recording):
    scales = scales_for(recording.traces, list(LSTM_QUANTITIES))
    for part in only(explorer_document([recording]))["traces"]:
        for quantity, each in part["quantities"].items():
            scale = scales[Quantity(quantity)]
            expected = {"palette": str(scale.palette), "low": scale.low, "high": scale.high, "rule": scale.rule}
            assert each["scale"] == expected


@pytest.mark.parametrize("exact", [False, True])
def test_rows_are_units_and_values_are_those_recorded(recording, exact):
    for trace, part in zip(recording.traces, only(explorer_document([recording], exact=exact))["traces"], strict=True):
        for quantity, each in part["quantities"].items():
            scale = each["scale"]
            far = np.abs(shown(each) - trace[quantity].T).max()
            assert far == 0 if exact else far <= TOLERANCE * (scale["high"] - scale["low"])
            assert isinstance(each["values"], Quantized) is not exact
            if not exact:
                assert each["values"].codes.dtype == np.uint8


def test_a_runaway_state_takes_more_bits_and_not_its_neighbors_accuracy():
    trace = random_trace(0, "forward", units=200, frames=20)
    states = trace.cell_state.copy()
    for runaway, kind in ((50.0, np.uint16), (1e6, np.float32)):
        states[3, 7] = runaway
        edited = GateTrace(0, Direction.FORWARD, {**trace.values, Quantity.CELL_STATE: states})
        each = only(explorer_document([of_traces(edited)]))["traces"][0]["quantities"]["cell_state"]
        assert each["scale"]["high"] < 2
        assert (each["values"].codes if kind is np.uint16 else each["values"]).dtype == kind
        assert np.abs(shown(each) - states.T).max() <= TOLERANCE * 2 * each["scale"]["high"]


def test_missing_and_infinite_values_stay_what_they_are():
    trace = random_trace(0, "forward")
    series = trace.forget_gate.copy()
    series[2] = np.nan
    series[3, 1] = np.nan
    candidate = trace.candidate.copy()
    candidate[0, 0] = np.inf
    broken = GateTrace(
        0, Direction.FORWARD, {**trace.values, Quantity.FORGET_GATE: series, Quantity.CANDIDATE: candidate}
    )
    document = explorer_document([of_traces(broken)])
    json.dumps(encode(document).header, allow_nan=False)
    part = only(document)["traces"][0]
    np.testing.assert_array_equal(np.isnan(shown(part["quantities"]["forget_gate"])), np.isnan(series.T))
    np.testing.assert_array_equal(shown(part["quantities"]["candidate"]), candidate.T)
    assert np.isnan(part["quantities"]["forget_gate"]["mean"][2])
    assert np.isfinite(part["quantities"]["forget_gate"]["mean"][3])
    assert np.isnan(part["timescale"]).all()


def test_a_gate_held_below_zero_has_no_timescale():
    trace = random_trace(0, "forward")
    held = GateTrace(0, Direction.FORWARD, {**trace.values, Quantity.FORGET_GATE: np.full((8, 5), -1, np.float32)})
    assert np.isnan(only(explorer_document([of_traces(held)]))["traces"][0]["timescale"]).all()


def test_a_network_that_reads_no_image_has_frames_and_nothing_to_read():
    part = only(explorer_document([of_traces(random_trace(0, "forward"))]))
    assert (part["image"], part["text"], part["spans"], part["posterior"]) == (None, None, [], None)
    assert len(part["rules"]) == 0
    assert part["axis"] == {"start": 0.0, "stop": 8.0, "label": "frame"}
    np.testing.assert_array_equal(part["frames"]["edges"], np.arange(9))


@pytest.mark.parametrize(("frames", "units"), [(1, 5), (8, 1), (1, 1), (5000, 2)])
def test_extreme_shapes(frames, units):
    trace = random_trace(0, "forward", frames=frames, units=units)
    part = only(explorer_document([of_traces(trace)]))
    assert part["frames"]["count"] == frames
    each = part["traces"][0]["quantities"]["forget_gate"]
    assert shown(each).shape == (units, frames)
    np.testing.assert_allclose(each["mean"], trace.forget_gate.mean(axis=1), rtol=1e-5)
    for order in part["traces"][0]["orders"].values():
        assert sorted(order) == list(range(units))


def test_a_projected_state_has_rows_and_orders_of_its_own():
    trace = random_trace(0, "forward")
    projected = GateTrace(0, Direction.FORWARD, {**trace.values, Quantity.HIDDEN_STATE: trace.hidden_state[:, :3]})
    part = only(explorer_document([of_traces(projected)]))["traces"][0]
    assert part["units"] == 5
    assert len(part["orders"]["similarity"]) == 5
    hidden = part["quantities"]["hidden_state"]
    assert shown(hidden).shape == (3, 8)
    assert set(hidden["orders"]) == {"index", "peak", "similarity"}
    assert all(sorted(order) == [0, 1, 2] for order in hidden["orders"].values())
    assert "orders" not in part["quantities"]["cell_state"]


def test_without_a_keeping_gate_there_is_no_timescale(gru):
    lstm = random_trace(0, "forward", (Quantity.HIDDEN_STATE,))
    part = only(explorer_document([of_traces(lstm)]))["traces"][0]
    assert part["timescale"] is None
    assert "timescale" not in part["orders"]
    assert part["saturation"] == {}
    of_gru = only(explorer_document([of_traces(gru)]))["traces"][0]
    np.testing.assert_allclose(of_gru["timescale"], timescale(gru.update_gate), rtol=1e-6)


# Two recordings


def moved(recording, shift=0.1, **origin):
    """The same line with other numbers."""
    traces = tuple(
        GateTrace(t.layer, t.direction, {q: (s + shift).astype(np.float32) for q, s in t.values.items()})
        for t in recording.traces
    )
    provenance = dataclasses.replace(recording.provenance, **origin)
    return dataclasses.replace(recording, traces=traces, provenance=provenance)


def test_two_recordings_share_scales_and_the_order_of_their_units(recording):
    document = explorer_document([recording, moved(recording, 2.0)])
    first, second = (part["traces"][0] for part in document["recordings"])
    assert first["quantities"]["cell_state"]["scale"] == second["quantities"]["cell_state"]["scale"]
    assert second["quantities"]["cell_state"]["scale"]["high"] > 2
    wire = encode(document)
    places = [part["traces"][0]["orders"]["similarity"] for part in wire.header["recordings"]]
    assert places[0] == places[1]


def test_a_difference_of_two_runs_of_one_line(recording):
    assert explorer_document([recording])["comparison"] is None
    comparison = explorer_document([recording, moved(recording)])["comparison"]
    assert comparison == {"difference": ["0.forward", "0.backward", "1.forward", "1.backward"], "words": ""}


def test_lines_of_other_frames_have_no_difference_and_say_so():
    one, other = of_traces(random_trace(0, "forward")), of_traces(random_trace(0, "forward", frames=9))
    comparison = explorer_document([one, other])["comparison"]
    expected = "No difference: the first line has 8 frames and the second 9."
    assert comparison == {"difference": [], "words": expected}


def test_networks_of_other_units_have_no_difference_and_say_so():
    one = of_traces(random_trace(0, "forward"), random_trace(1, "forward"))
    other = of_traces(random_trace(0, "forward", units=4), random_trace(1, "forward"))
    assert explorer_document([one, other])["comparison"]["difference"] == ["1.forward"]
    alone = of_traces(random_trace(0, "forward", units=4))
    assert explorer_document([one, alone])["comparison"] == {
        "difference": [],
        "words": "No difference: the two have no layer of the same units in common.",
    }


def test_a_difference_over_other_columns_is_said_to_be_one(recording):
    shifted = dataclasses.replace(recording, grid=FrameGrid(8, 4.0, 0.0, 12.0, 24))
    comparison = explorer_document([recording, shifted])["comparison"]
    assert len(comparison["difference"]) == 4
    assert "do not look at the same columns" in comparison["words"]


@pytest.mark.parametrize(
    ("origins", "names"),
    [
        ([{"image": "a.png"}, {"image": "b.png"}], ["a.png", "b.png"]),
        ([{"image": "a.png"}, {"image": "a.png", "edits": ("x",)}], ["a.png", "a.png, edited"]),
        (
            [{"image": "a.png", "checkpoint": "1.pt"}, {"image": "a.png", "checkpoint": "2.pt"}],
            ["a.png, 1.pt", "a.png, 2.pt"],
        ),
        ([{"image": "a.png"}, {"image": "a.png"}], ["a.png, first", "a.png, second"]),
        ([{}, {}], ["line, first", "line, second"]),
    ],
)
def test_two_recordings_have_two_names(origins, names):
    recordings = [of_traces(random_trace(0, "forward"), **origin) for origin in origins]
    assert [part["name"] for part in explorer_document(recordings)["recordings"]] == names


def test_edits_are_never_hidden(recording):
    edited = moved(recording, edits=("forget gate in layer 0, every direction, held at 0",))
    notes = [part["notes"] for part in explorer_document([recording, edited])["recordings"]]
    assert notes == [[], ["Edited run: forget gate in layer 0, every direction, held at 0"]]


def test_the_title_is_the_text_unless_one_is_given(recording):
    assert explorer_document([recording])["title"] == "ab"
    assert explorer_document([recording], title="T")["title"] == "T"
    assert explorer_document([of_traces(random_trace(0, "forward"), image="x.png")])["title"] == "x.png"


def test_what_cannot_be_explored_is_said(recording):
    with pytest.raises(SelectionError, match="shows one recording, or two to compare, and 0 were given"):
        explorer_document([])
    with pytest.raises(SelectionError, match="shows one recording, or two to compare, and 3 were given"):
        explorer_document([recording] * 3)
    bare = dataclasses.replace(recording, traces=())
    with pytest.raises(SelectionError, match=r"the recording of ab\.png has no gates to explore; record it with at"):
        explorer_document([recording, bare])
