"""What figures of claims hold, as plain data."""

import numpy as np
import pytest

from gateviz.data.gates import Quantity
from gateviz.errors import AlignmentError
from gateviz.panels.claims import EffectGroup, EffectRow, claim_line_stack, event_columns, span_of_axis
from gateviz.panels.panel import ImagePanel, LinePanel, SpanPanel


def test_neighboring_frames_are_one_stretch_of_columns(recording):
    # Frames of 4 columns whose centers begin at -2.
    assert event_columns(recording, [2, 1, 5]) == ((0.0, 8.0), (16.0, 20.0))
    assert event_columns(recording, []) == ()


def test_the_axis_holds_intervals_and_references():
    rows = (EffectRow("a", 0.2, -0.5, 0.4, "", ""), EffectRow("b", np.nan, np.nan, np.nan, "", ""))
    assert span_of_axis([EffectGroup("c", rows, reference=0.5)]) == pytest.approx((-0.56, 0.56))
    assert span_of_axis([EffectGroup("c", rows[1:])]) == (-0.1, 0.1)


def test_a_line_is_its_image_its_text_and_the_mean_with_the_event_marked(recording):
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


def test_an_alignment_of_another_line_is_refused(recording):
    other = recording.alignment
    with pytest.raises(AlignmentError, match="an alignment of 3 frames was given for a recording of 8"):
        claim_line_stack(
            recording, type(other)(np.zeros(3, int), (), "", 0.0), np.zeros((8, 2), np.float32), Quantity.FORGET_GATE,
            frames=(), ends=(0.0, 1.0),
        )  # fmt: skip
