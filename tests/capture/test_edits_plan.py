"""Edits at work on the values of single steps: which rows, units and frames change, and to what."""

from types import MappingProxyType

import numpy as np
import pytest
import torch

from gateviz.capture.edit_plan import EditPlan
from gateviz.capture.edits import ablate, clamp, patch, scale
from gateviz.data.frames import FrameGrid
from gateviz.data.gates import Direction, GateTrace, Quantity
from gateviz.errors import SelectionError
from gateviz.recording import Recording

F, B = Direction.FORWARD, Direction.BACKWARD
FORGET, CELL = Quantity.FORGET_GATE, Quantity.CELL_STATE
SERIES = np.random.default_rng(5).random((6, 4), dtype=np.float32)
SOURCE = Recording.of_traces([GateTrace(0, F, MappingProxyType({FORGET: SERIES}))])


def values(rows: int = 2, units: int = 4) -> torch.Tensor:
    return torch.arange(1.0, rows * units + 1).reshape(rows, units) / 10


def run(plan: EditPlan, quantity=FORGET, frames=6, rows=2, layer=0, direction=F) -> list[torch.Tensor]:
    """What a cell would do: each frame's values after the edits."""
    editor = plan.editor_for(layer, direction)
    if editor is None or not editor.touches(quantity):
        return [values(rows)] * frames
    return [editor.apply(quantity, frame, values(rows)) for frame in range(frames)]


def test_a_plan_without_edits_is_false_and_gives_no_editor():
    plan = EditPlan((), ())
    assert not plan
    assert plan.editor_for(0, F) is None
    plan.finish()


def test_everything_is_touched_when_nothing_is_chosen():
    plan = EditPlan([clamp(FORGET, 0.5)])
    assert plan
    assert all(torch.equal(step, torch.full((2, 4), 0.5)) for step in run(plan))
    plan.finish()


def test_only_the_chosen_units_and_frames_change():
    steps = run(EditPlan([clamp(FORGET, 9.0, units=[1, 3], frames=(2, 4))]))
    for frame, step in enumerate(steps):
        expected = values()
        if frame in (2, 3):
            expected[:, [1, 3]] = 9.0
        assert torch.equal(step, expected)


def test_columns_are_each_lines_own():
    """The same columns are frames 2 and 3 of one line and frame 1 of the other, whose frames lie twice as far apart."""
    narrow = FrameGrid(6, 4.0, 2.0, 8.0, 24)
    wide = FrameGrid(6, 8.0, 2.0, 8.0, 48)
    steps = run(EditPlan([clamp(FORGET, 9.0, columns=(10, 18))], [narrow, wide]))
    changed = [[bool((step[row] == 9.0).all()) for step in steps] for row in range(2)]
    assert changed == [[False, False, True, True, False, False], [False, True, False, False, False, False]]
    untouched = [torch.equal(step[row], values()[row]) for step in steps for row in range(2)]
    assert untouched.count(False) == 3


def test_the_order_of_edits_counts():
    clamp_first = run(EditPlan([clamp(FORGET, 2.0), scale(FORGET, 3.0)]))[0]
    scale_first = run(EditPlan([scale(FORGET, 3.0), clamp(FORGET, 2.0)]))[0]
    assert torch.equal(clamp_first, torch.full((2, 4), 6.0))
    assert torch.equal(scale_first, torch.full((2, 4), 2.0))
    twice = run(EditPlan([scale(FORGET, 0.5), scale(FORGET, 0.5)]))[0]
    assert torch.equal(twice, values() / 4)


def test_a_patch_puts_in_the_sources_values_of_the_same_frame_and_unit():
    steps = run(EditPlan([patch(FORGET, SOURCE, units=[2], frames=(1, 6))]))
    assert torch.equal(steps[0], values())
    for frame in range(1, 6):
        expected = values()
        expected[:, 2] = float(SERIES[frame, 2])
        assert torch.equal(steps[frame], expected)


def test_the_mean_is_put_in_at_every_frame():
    steps = run(EditPlan([ablate(FORGET, to="mean", reference=SOURCE, direction=F)]))
    expected = torch.from_numpy(SERIES.mean(0)).expand(2, 4)
    assert all(torch.allclose(step, expected, atol=1e-7) for step in steps)


def test_values_keep_type_and_gradient():
    leaf = values().double().requires_grad_()
    editor = EditPlan([scale(FORGET, 3.0, units=[0]), clamp(FORGET, 0.0, units=[1])]).editor_for(0, F)
    edited = editor.apply(FORGET, 0, leaf)
    assert edited.dtype == torch.float64
    edited.sum().backward()
    assert leaf.grad[0].tolist() == [3.0, 0.0, 1.0, 1.0]


def test_what_no_edit_means_is_the_same_tensor():
    given = values()
    editor = EditPlan([clamp(FORGET, 0.0, frames=(3, 4))]).editor_for(0, F)
    assert editor.touches(FORGET)
    assert not editor.touches(CELL)
    assert editor.apply(FORGET, 0, given) is given


def test_layers_and_directions_that_no_edit_means_have_no_editor():
    plan = EditPlan([clamp(FORGET, 0.0, layer=1, direction=B)])
    assert [plan.editor_for(layer, direction) is None for layer in (0, 1) for direction in (F, B)] == [
        True,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (
            clamp(FORGET, 0.0, layer=7),
            "forget gate in layer 7, every direction, held at 0' changed nothing: this network has layer 0 forward$",
        ),
        (
            clamp("reset_gate", 0.0),
            "changed nothing: this network has layer 0 forward \\(forget_gate\\)",
        ),
        (clamp(FORGET, 0.0, frames=(4, 7)), "goes beyond this line's 6 frames"),
        (clamp(FORGET, 0.0, frames=(40, 70)), "goes beyond this line's 6 frames"),
        (clamp(FORGET, 0.0, units=[1, 4]), "names unit 4, and layer 0 forward has 4 units of forget_gate, 0 to 3"),
    ],
)
def test_an_edit_without_its_effect_is_an_error(edit, words):
    plan = EditPlan([edit])
    with pytest.raises(SelectionError, match=words):
        run(plan)
        plan.finish()


@pytest.mark.parametrize(
    ("source_frames", "source_units", "words"),
    [
        (5, 4, "another recording has 5 frames and cannot be patched into frame 5"),
        (7, 4, "another recording has 7 frames and this line 6; patching needs as many"),
        (6, 3, "another recording has 3 units in layer 0 forward and this network 4"),
    ],
)
def test_a_patch_of_another_size_is_an_error(source_frames, source_units, words):
    series = np.zeros((source_frames, source_units), np.float32)
    source = Recording.of_traces([GateTrace(0, F, MappingProxyType({FORGET: series}))])
    plan = EditPlan([patch(FORGET, source)])
    with pytest.raises(SelectionError, match=words):
        run(plan)
        plan.finish()


def test_a_patch_without_the_layer_is_an_error():
    plan = EditPlan([patch(FORGET, SOURCE)])
    with pytest.raises(
        SelectionError, match="another recording has no such series of layer 1 backward; it has layer 0 forward"
    ):
        run(plan, layer=1, direction=B)


def test_columns_need_frames_with_columns():
    with pytest.raises(SelectionError, match="names columns, which only the frames of a recognizer have; name frames"):
        EditPlan([clamp(FORGET, 0.0, columns=(3, 9))])
    grid = FrameGrid(6, 4.0, 2.0, 8.0, 24)
    with pytest.raises(
        SelectionError, match="its 6 frames have their centers every 4 columns from 2, and the image has 24"
    ):
        EditPlan([clamp(FORGET, 0.0, columns=(30, 90))], [grid])
    plan = EditPlan([clamp(FORGET, 0.0, columns=(3, 9))], [grid, grid])
    with pytest.raises(
        SelectionError, match="names columns of 2 lines, and layer 0 forward runs over 5 sequences, so it"
    ):
        run(plan, rows=5)
