"""Reading lines beside their truth, with a recognizer whose readings are known exactly."""

import dataclasses

import numpy as np
import pytest
import torch

from gateviz.capture.recorder import record_lines
from gateviz.data.alphabet import Alphabet
from gateviz.data.emission import Emission
from gateviz.data.frames import FrameGrid
from gateviz.errors import CheckpointError, ImageError, ShapeError
from gateviz.measure.jackknife import Jackknife
from gateviz.networks.crnn import CrnnConfig
from gateviz.training import evaluate as room
from gateviz.training.evaluate import aligned_errors, evaluate
from gateviz.training.pupil import new_crnn
from gateviz.typesetting.lines import TrainingLine
from tests.training.barcodes import Barcode, bar_line, barcode_recognizer
from tests.training.toy_lines import SYMBOLS, ToyLines


def test_lines_are_read_and_held_against_their_truth_in_their_order():
    lines = [
        bar_line("ab", "a-b", script="latin", font="Bar", name="first"),
        bar_line("ball", "ba-l-l-"),
        bar_line("all", "-alll-", name="third"),
        bar_line("a中 l", "a中b-l", script="mixed"),
    ]
    done = []
    evaluation = evaluate(barcode_recognizer(), lines, on_progress=done.append)
    assert [line.reading for line in evaluation.lines] == ["ab", "ball", "al", "a中bl"]
    assert [line.truth for line in evaluation.lines] == ["ab", "ball", "all", "a中 l"]
    assert [line.name for line in evaluation.lines] == ["first", "", "third", ""]
    assert (evaluation.lines[0].script, evaluation.lines[0].font) == ("latin", "Bar")
    assert evaluation.mistakes == {(" ", "b"): 1, ("l", ""): 1}
    assert evaluation.lost_repeats == {"l": 1}
    assert evaluation.total.cer.value == 2 / 13
    assert evaluation.failures == ()
    assert sum(done) == 4
    assert evaluation.jackknife == Jackknife()


def test_only_lines_of_one_size_run_together(monkeypatch):
    recognizer = barcode_recognizer()
    lines = [bar_line("a", "a-b" if number % 3 else "a") for number in range(9)]
    evaluate(recognizer, lines, batch_size=4)
    assert sorted(recognizer.module.sizes) == [2, 3, 4]
    monkeypatch.setattr(room, "WINDOW", 5)
    recognizer = barcode_recognizer()
    evaluation = evaluate(recognizer, lines, batch_size=4)
    assert sum(recognizer.module.sizes) == 9
    assert [line.reading for line in evaluation.lines] == ["a", "ab", "ab"] * 3
    monkeypatch.setattr(room, "WINDOW_PIXELS", 0)
    recognizer = barcode_recognizer()
    assert len(evaluate(recognizer, lines).lines) == 9
    assert recognizer.module.sizes == [1] * 9


def test_a_limit_takes_the_first_lines():
    lines = [bar_line("a", "a", name=str(number)) for number in range(5)]
    assert [line.name for line in evaluate(barcode_recognizer(), lines, limit=2).lines] == ["0", "1"]
    assert len(evaluate(barcode_recognizer(), lines, limit=50).lines) == 5


def test_spans_of_the_true_text_are_held_against_the_true_columns():
    """The path spends frames 0 and 1 on a and frame 4 on b: columns 0 to 8 and 16 to 20."""
    line = bar_line("ab", "aa--b-", [(1.0, 9.0), (14.0, 20.0)])
    errors = evaluate(barcode_recognizer(), [line]).lines[0].spans
    assert errors.left.tolist() == [-1.0, 2.0]
    assert errors.right.tolist() == [-1.0, 0.0]
    assert errors.width.tolist() == [8.0, 6.0]


def test_the_true_text_is_aligned_whatever_was_read():
    evaluation = evaluate(barcode_recognizer(), [bar_line("ab", "aa--l-", [(0.0, 8.0), (16.0, 20.0)])])
    assert evaluation.lines[0].reading == "al"
    assert evaluation.spans.left.tolist() == evaluation.spans.right.tolist() == [0.0, 0.0]


def test_spans_go_back_to_the_columns_of_the_image_that_was_given():
    """The recognizer sees the image at a quarter of its size."""
    pupil = new_crnn(
        CrnnConfig(4, "vgg_narrow", "lstm", hidden_size=6, backbone_scale=0.1), Alphabet.from_symbols("abc", blank=0)
    )
    pupil.recognizer.module.eval()
    line = ToyLines(3)[0]
    large = TrainingLine(np.kron(line.image, np.ones((4, 4), np.uint8)), line.text, 4 * line.columns)
    one, four = (evaluate(pupil.recognizer, [given]).lines[0].spans for given in (line, large))
    np.testing.assert_allclose(four.left, 4 * one.left, atol=1e-4)
    np.testing.assert_allclose(four.width, 4 * one.width)


def test_a_truth_that_cannot_be_aligned_says_why_and_is_still_counted():
    lines = [
        bar_line("né", "a-b", [(0, 4), (4, 8)]),
        bar_line("abab", "ab", [(0, 1), (1, 2), (2, 3), (3, 4)]),
        bar_line("né", "a"),
    ]
    found = evaluate(barcode_recognizer(), lines)
    assert [line.spans for line in found.lines] == [None] * 3
    assert "'n', 'é', not among the alphabet's 5 symbols" in found.lines[0].unaligned
    assert "needs at least 4 frames" in found.lines[1].unaligned
    assert found.lines[2].unaligned == "", "nobody knows its columns"
    assert found.outside == {"n": 2, "é": 2}
    assert found.total.spans is None
    assert found.total.cer.total == 2 + 2 + 2


def test_symbols_of_several_code_points_have_the_columns_of_all_of_them():
    alphabet = Alphabet.from_symbols(("ch", "a"), blank=0)
    posteriors = np.full((4, 3), 0.05, np.float32)
    posteriors[[0, 1, 2, 3], [1, 1, 2, 0]] = 0.9
    columns = np.array([[0.0, 3.0], [4.0, 9.0], [8.0, 11.0]])
    errors = aligned_errors(Emission(np.log(posteriors), alphabet), "cha", columns, FrameGrid(4, 4.0, 2.0, 4.0, 16))
    assert errors.left.tolist() == [0.0, 0.0]
    assert errors.right.tolist() == [8.0 - 9.0, 12.0 - 11.0]
    assert errors.width.tolist() == [9.0, 3.0]


def test_columns_of_another_text_are_refused():
    with pytest.raises(ShapeError, match="the line has columns of 1 symbols and a text of 2; give one pair for each"):
        evaluate(barcode_recognizer(), [bar_line("ab", "a-b", [(0, 4)])])


class Broken(list):
    """Lines of which the second cannot be decoded."""

    def __getitem__(self, index):
        if index == 1:
            raise ImageError("b.png is no image; export it anew")
        return super().__getitem__(index)


def test_lines_that_cannot_be_read_are_named_and_count_in_no_rate():
    narrow = TrainingLine(np.zeros((8, 2), np.uint8), "a", name="narrow.png")
    lines = Broken([bar_line("a", "a"), bar_line("a", "b"), narrow, bar_line(" ", "a", name="empty.png")])
    done = []
    evaluation = evaluate(barcode_recognizer(), lines, on_progress=done.append)
    assert [(line.name, line.reason) for line in evaluation.failures] == [
        ("line 2", "b.png is no image; export it anew"),
        ("narrow.png", "an input of 2 columns gives no frame"),
        ("empty.png", "it has no text that a reading could be held against"),
    ]
    assert evaluation.total.lines == 1
    assert evaluation.total.cer.value == 0.0
    assert sum(done) == 4


def test_readings_are_those_of_a_recording_and_the_network_stays_as_it_is():
    recognizer = new_crnn(
        CrnnConfig(4, "vgg_narrow", "lstm", hidden_size=8, depth=2, backbone_scale=0.2),
        Alphabet.from_symbols(SYMBOLS, blank=0),
        seed=3,
    ).recognizer
    recognizer.module.eval()
    before = {name: value.clone() for name, value in recognizer.module.state_dict().items()}
    lines = ToyLines(5, 12)
    evaluation = evaluate(recognizer, lines, batch_size=4)
    recordings = record_lines(recognizer, [(line.image, line.name) for line in map(lines.__getitem__, range(12))])
    assert [line.reading for line in evaluation.lines] == [recording.text for recording in recordings]
    assert any(recording.text for recording in recordings)
    for line, recording in zip(evaluation.lines, recordings, strict=True):
        expected = aligned_errors(recording.emission, line.truth, lines[int(line.name[2:])].columns, recording.grid)
        np.testing.assert_array_equal(line.spans.left, expected.left)
    for name, value in recognizer.module.state_dict().items():
        assert torch.equal(value, before[name])
    assert not recognizer.module.training


def test_a_network_in_training_mode_is_refused():
    recognizer = barcode_recognizer()
    recognizer.module.train()
    with pytest.raises(CheckpointError, match=r"in training mode and would read otherwise .* call .eval\(\)"):
        evaluate(recognizer, [bar_line("a", "a")])


def test_posteriors_that_are_none_are_refused():
    recognizer = barcode_recognizer()
    with torch.no_grad():
        recognizer.module.levels[1] = float("nan")
    with pytest.raises(
        CheckpointError, match="the posteriors of x are not finite: 1 of the checkpoint's weights hold NaN"
    ):
        evaluate(recognizer, [bar_line("a", "a", name="x")])
    loud = dataclasses.replace(barcode_recognizer(), module=Barcode().eval(), output="log_probs")
    with pytest.raises(CheckpointError, match="the recognizer's outputs are no log posteriors"):
        evaluate(loud, [TrainingLine(np.full((8, 8), 10, np.uint8), "a")])
