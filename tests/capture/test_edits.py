"""Edits as data: what can be asked, and how it reads."""

from types import MappingProxyType

import numpy as np
import pytest

from gateviz.capture.changes import Hold, Mean, Patch
from gateviz.capture.edits import ablate, clamp, patch, scale
from gateviz.data.gates import Direction, GateTrace, Quantity
from gateviz.data.provenance import Provenance
from gateviz.errors import SelectionError
from gateviz.recording import Recording

F, B = Direction.FORWARD, Direction.BACKWARD


def recording(frames=6, units=4, seed=0, image="one.png", edits=(), layers=(0,)) -> Recording:
    rng = np.random.default_rng(seed)
    traces = [
        GateTrace(
            layer,
            direction,
            MappingProxyType(
                {
                    Quantity.FORGET_GATE: rng.random((frames, units), dtype=np.float32),
                    Quantity.CELL_STATE: rng.standard_normal((frames, units), dtype=np.float32),
                }
            ),
        )
        for layer in layers
        for direction in Direction
    ]
    made = Recording.of_traces(traces)
    return Recording(None, made.grid, made.traces, None, Provenance(image=image, edits=tuple(edits)))


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (clamp("forget_gate", 0), "forget gate in every layer, every direction, held at 0"),
        (
            clamp("forget_gate", 0.25, layer=1, direction="backward", units=[37], columns=(120, 160)),
            "forget gate of unit 37 in layer 1 backward, held at 0.25 in columns [120, 160)",
        ),
        (
            scale("cell_state", 2, direction="forward", units=[5, 0, 1, 2, 9, 2], frames=(3, 7)),
            "cell state of units 0-2, 5, 9 in every layer forward, scaled by 2 in frames [3, 7)",
        ),
        (ablate("candidate", layer=0), "candidate in layer 0, every direction, held at 0"),
        (
            ablate("forget_gate", to="mean", reference=recording()),
            "forget gate in every layer, every direction, ablated to its mean over the recording of one.png",
        ),
        (
            ablate("forget_gate", to="mean", reference=[recording(), recording(seed=1)]),
            "forget gate in every layer, every direction, ablated to its mean over 2 recordings",
        ),
        (
            patch("cell_state", recording(image=""), layer=0, direction=F),
            "cell state in layer 0 forward, taken from another recording",
        ),
    ],
)
def test_sentences(edit, sentence):
    assert edit.sentence() == sentence


def test_none_reaches_everything_and_a_choice_only_itself():
    assert all(clamp("forget_gate", 0.0).reaches(layer, direction) for layer in range(3) for direction in Direction)
    edit = clamp("forget_gate", 0.0, layer=1, direction="forward")
    reached = [(layer, direction) for layer in range(3) for direction in Direction if edit.reaches(layer, direction)]
    assert reached == [(1, F)]


def test_ablation_to_zero_holds_at_zero():
    assert ablate("output_gate").change == Hold(0.0)


def test_the_mean_is_each_units_own_over_all_frames_of_all_references():
    one, two = recording(frames=6), recording(frames=3, seed=7)
    change = ablate("forget_gate", to="mean", reference=(one, two)).change
    assert isinstance(change, Mean)
    pooled = np.concatenate([one.trace(0, B).forget_gate, two.trace(0, B).forget_gate])
    assert np.allclose(change.means[0, B], pooled.mean(0), atol=1e-7)
    assert not np.allclose(change.means[0, B], change.means[0, F])


def test_a_patch_carries_the_sources_own_values():
    source = recording()
    change = patch("cell_state", source).change
    assert isinstance(change, Patch)
    assert change.series[0, F] is source.trace(0).values[Quantity.CELL_STATE]
    assert change.frame_count == 6


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: clamp("forget", 0.0), "'forget', which is no quantity; there are input_gate, forget_gate"),
        (lambda: clamp("forget_gate", float("nan")), "clamp was asked for nan; it takes a finite number"),
        (lambda: scale("forget_gate", float("inf")), "scale was asked for inf"),
        (lambda: clamp("forget_gate", 0.0, direction="up"), "direction 'up'; there are forward, backward"),
        (lambda: clamp("forget_gate", 0.0, layer=-1), "layer -1; layers count from 0"),
        (lambda: clamp("forget_gate", 0.0, units=[]), "units \\[\\]; name at least one"),
        (lambda: clamp("forget_gate", 0.0, units=[3, -1]), "units \\[3, -1\\]"),
        (lambda: clamp("forget_gate", 0.0, frames=(1, 2), columns=(1, 2)), "give one of the two"),
        (lambda: clamp("forget_gate", 0.0, frames=(4, 4)), "frames \\(4, 4\\); a span is"),
        (lambda: clamp("forget_gate", 0.0, frames=(-1, 4)), "frames \\(-1, 4\\); a span is"),
        (lambda: clamp("forget_gate", 0.0, columns=(9.0, 3.0)), "columns \\(9.0, 3.0\\); a span is"),
        (lambda: ablate("forget_gate", to="median"), "to='median'; it knows zero and mean"),
        (lambda: ablate("forget_gate", to="mean"), "needs reference=, a recording of the model as it is"),
        (lambda: ablate("forget_gate", to="mean", reference=[]), "needs reference="),
        (lambda: ablate("forget_gate", reference=recording()), "to zero takes no reference"),
        (
            lambda: ablate("forget_gate", to="mean", reference=recording(edits=["x"])),
            "was recorded with edits; record it without",
        ),
        (
            lambda: ablate("output_gate", to="mean", reference=recording()),
            "the recording of one.png has no output_gate; recorded are forget_gate, cell_state",
        ),
        (
            lambda: ablate("forget_gate", to="mean", reference=[recording(), recording(units=5)]),
            "have \\[4, 5\\] units in layer 0 forward",
        ),
        (
            lambda: ablate("forget_gate", to="mean", reference=[recording(layers=(0, 1)), recording()]),
            "there is no trace of layer 1 forward; recorded are 0.forward, 0.backward",
        ),
        (lambda: patch("input_gate", recording()), "has no input_gate; recorded are forget_gate, cell_state"),
    ],
)
def test_selections_that_mean_nothing_are_refused(make, words):
    with pytest.raises(SelectionError, match=words):
        make()
