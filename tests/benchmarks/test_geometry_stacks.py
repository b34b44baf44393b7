"""Seventy-two made-up networks: where columns are told they are right, of the output and of every recurrent layer."""

import numpy as np
import pytest

from benchmarks.geometry_stacks import SEEDS, tried, wrong_columns
from gateviz.data.frames import FrameGrid


@pytest.mark.parametrize("seed", SEEDS)
def test_no_stack_is_accepted_with_wrong_columns(seed):
    trial = tried(seed)
    assert trial.outcome != "wrong", f"{trial.words}: {trial.reason}"
    # A refusal says which frames, or which layer, and why.
    assert trial.outcome == "right" or any(
        words in trial.reason
        for words in (
            "see the same columns", "and it takes notice of column", "for lines of all widths", "of two directions and is fed",
            "a cell in a loop and is fed", "run from right to left", "a NaN there does not reach it", "so they have no one size",
            "their borders move on by", "sees less than the whole line",
        )
    ), trial.reason  # fmt: skip


def test_what_is_held_against_the_stacks_can_fail():
    seen = np.zeros((40, 9), bool)
    for frame in range(9):
        seen[max(4 * frame - 1, 0) : 4 * frame + 5, frame] = True
    assert wrong_columns(FrameGrid(9, 4.0, 2.0, 6.0, 40), seen) == ""
    assert "is said to see" in wrong_columns(FrameGrid(9, 4.0, 3.0, 6.0, 40), seen)
    assert "alone and is said to see" in wrong_columns(FrameGrid(9, 4.0, 2.0, 10.0, 40), seen)
    assert "8 frames where there are 9" in wrong_columns(FrameGrid(8, 4.0, 2.0, 6.0, 40), seen)
