import dataclasses

import numpy as np
import pytest

from gateviz.errors import AlignmentError, SelectionError
from gateviz.panels.reading import (
    boundaries,
    chosen_alignment,
    class_panel,
    column_axis,
    frame_columns,
    image_panel,
    posterior_panel,
    span_panel,
)
from gateviz.recording import Recording


def test_boundaries_lie_half_way_between_symbols(recording):
    # a is at frames 1 and 2: columns 0 to 8; b at frame 4: columns 12 to 16.
    assert boundaries(recording.alignment, recording.grid) == (0.0, 10.0, 16.0)


def test_spans_lie_over_their_frames(recording):
    first, second = span_panel(recording, recording.alignment).spans
    assert (first.symbol, first.start, first.stop) == ("a", 0.0, 8.0)
    assert (second.symbol, second.start, second.stop) == ("b", 12.0, 16.0)
    assert (first.cut_start, first.cut_stop) == (0.0, 10.0)
    assert (second.cut_start, second.cut_stop) == (10.0, 20.0)
    assert second.confidence == pytest.approx(0.8)
    assert not second.doubtful
    assert dataclasses.replace(second, confidence=0.49).doubtful


def test_a_single_symbol_may_be_cut_anywhere(recording):
    alignment = dataclasses.replace(recording.alignment, spans=recording.alignment.spans[:1], text="a")
    (only,) = span_panel(recording, alignment).spans
    assert (only.cut_start, only.cut_stop) == (0.0, 24.0)
    nothing = dataclasses.replace(alignment, spans=(), text="")
    assert span_panel(recording, nothing).spans == ()
    assert boundaries(nothing, recording.grid) == ()


def test_an_alignment_of_another_line_is_refused(recording):
    odd = dataclasses.replace(recording.alignment, path=np.zeros(5, dtype=np.int64))
    with pytest.raises(AlignmentError, match="an alignment of 5 frames was given for a recording of 8"):
        span_panel(recording, odd)


def test_posteriors_of_the_blank_the_best_symbol_and_the_path(recording):
    forced = chosen_alignment(recording, None, "ba")
    panel = posterior_panel(recording, recording.emission, forced)
    blank, best, path = panel.lines
    assert (blank.role, best.role, path.role) == ("blank", "symbol", "path")
    np.testing.assert_allclose(blank.values, [0.8, 0.1, 0.1, 0.8, 0.1, 0.8, 0.8, 0.8], rtol=1e-6)
    np.testing.assert_allclose(best.values, [0.1, 0.8, 0.8, 0.1, 0.8, 0.1, 0.1, 0.1], rtol=1e-6)
    expected = np.exp(recording.emission.log_probs[np.arange(8), forced.path])
    np.testing.assert_allclose(path.values, expected)
    np.testing.assert_allclose(panel.centers, [-2, 2, 6, 10, 14, 18, 22, 26])
    assert len(posterior_panel(recording, recording.emission).lines) == 2


def test_classes_of_the_text_in_the_order_of_the_text(recording):
    panel = class_panel(recording, recording.emission, recording.alignment)
    assert panel.row_labels == ("∅", "a", "b")
    np.testing.assert_allclose(panel.values, np.exp(recording.emission.log_probs).T)


def test_a_text_is_aligned_or_refused(recording):
    assert chosen_alignment(recording, None, "ba").text == "ba"
    assert chosen_alignment(recording, recording.alignment, None) is recording.alignment
    with pytest.raises(AlignmentError, match="both an alignment and the text 'ba' were given"):
        chosen_alignment(recording, recording.alignment, "ba")
    with pytest.raises(AlignmentError, match="the text 'ba' cannot be aligned: this recording has no posteriors"):
        chosen_alignment(dataclasses.replace(recording, emission=None), None, "ba")


def test_the_receptive_field_is_shaded_within_the_image(recording):
    assert image_panel(recording, [0, 3]).shaded == ((0.0, 4.0), (4.0, 16.0))
    assert image_panel(dataclasses.replace(recording, image=None)) is None
    assert frame_columns(recording.grid, [3]) == ((8.0, 12.0),)
    with pytest.raises(SelectionError, match="there is no frame 8, -1; frames are 0 to 7"):
        frame_columns(recording.grid, [8, -1])


def test_the_axis_is_that_of_the_image(recording, trace):
    assert column_axis(recording) == (0.0, 24.0, "column of the line image (px)")
    assert column_axis(Recording.of_traces([trace])) == (0.0, 8.0, "frame")
