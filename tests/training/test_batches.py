"""Batches of lines of like width."""

import numpy as np
import pytest
import torch

from gateviz.capture.recognizer import pixels_of
from gateviz.data.alphabet import Alphabet
from gateviz.errors import AlphabetError
from gateviz.lines.recognizer import prepared_line
from gateviz.networks.crnn import CrnnConfig
from gateviz.training.batches import BatchMaker, Chunks, stream
from gateviz.training.frame_labels import IGNORED
from gateviz.training.pupil import new_crnn
from gateviz.typesetting.lines import TrainingLine
from tests.training.toy_lines import SYMBOLS, ToyLines, toy_line


@pytest.fixture(scope="module")
def maker():
    pupil = new_crnn(
        CrnnConfig(4, "vgg_narrow", hidden_size=4, backbone_scale=0.1), Alphabet.from_symbols(SYMBOLS, blank=0)
    )
    return BatchMaker(pupil.recognizer.preprocess, pupil.recognizer.geometry, pupil.recognizer.alphabet, 600)


def batch_of(maker, *lines):
    return maker.batch([(line, prepared_line(maker.preprocess, line.image)) for line in lines])


def test_narrow_lines_are_padded_with_their_last_column(maker):
    wide, narrow = toy_line("abcab"), toy_line("cc")
    batch = batch_of(maker, wide, narrow)
    assert batch.pixels.shape == (2, 1, 32, 88)
    own = pixels_of(prepared_line(maker.preprocess, narrow.image))
    torch.testing.assert_close(batch.pixels[1, :, :, :40], own, rtol=0, atol=0)
    torch.testing.assert_close(batch.pixels[1, :, :, 40:], own[:, :, -1:].expand(1, 32, 48), rtol=0, atol=0)


def test_labels_and_lengths_spell_the_texts(maker):
    batch = batch_of(maker, toy_line("abc"), toy_line("ca"))
    assert batch.labels.tolist() == [1, 2, 3, 3, 1]
    assert batch.lengths.tolist() == [3, 2]


def test_frames_are_labeled_in_the_networks_own_columns(maker):
    """The line is twice as high as the network's input, so its columns are halved."""
    line = toy_line("ab")
    double = TrainingLine(line.image.repeat(2, 0).repeat(2, 1), "ab", line.columns * 2)
    # a: ink 6 to 18, middle 60 % 8.4 to 15.6, centers 10 and 14; b 16 columns on.
    expected = [0, IGNORED, 1, 1, 0, IGNORED, 2, 2, 0, 0]
    assert batch_of(maker, line).frame_labels[0].tolist() == expected
    assert batch_of(maker, double).frame_labels[0].tolist() == expected


def test_without_columns_every_frame_is_ignored(maker):
    line = toy_line("ab")
    batch = batch_of(maker, TrainingLine(line.image, "ab"))
    assert set(batch.frame_labels[0].tolist()) == {IGNORED}


def test_lines_that_do_not_fit_their_frames_are_counted(maker):
    image = np.full((32, 40), 255, np.uint8)
    fits, not_quite = TrainingLine(image, "abababab" + "ab"), TrainingLine(image, "abababab" + "aa")
    assert maker.geometry.frame_grid(40).frame_count == 10
    assert batch_of(maker, fits).hidden == 0
    assert batch_of(maker, not_quite).hidden == 1


def test_a_symbol_outside_the_alphabet_is_named(maker):
    with pytest.raises(AlphabetError, match="'z'"):
        batch_of(maker, TrainingLine(np.full((32, 40), 255, np.uint8), "az"))


def test_a_chunk_is_cut_by_width_into_batches_of_so_many_columns_at_most(maker):
    batches = Chunks(ToyLines(1), maker, size=40, seed=0)[0]
    assert sum(len(batch.names) for batch in batches) == 40
    for batch in batches:
        count, width = batch.pixels.shape[0], batch.pixels.shape[3]
        # A few leftover lines may join a batch.
        assert count * width <= 600 * 1.25
    widths = [batch.pixels.shape[3] for batch in batches]
    assert widths != sorted(widths), "the batches of a chunk come in random order"


def test_each_chunk_is_the_same_whenever_it_is_made(maker):
    def names(number):
        return [batch.names for batch in Chunks(ToyLines(1), maker, size=30, seed=5)[number]]

    assert names(2) == names(2)
    assert names(1) != names(2)


def test_a_stream_may_start_anywhere_and_worker_processes_change_nothing(maker):
    chunks = Chunks(ToyLines(1), maker, size=20, seed=5)
    whole = [
        batch.names for _, (_, _, batch) in zip(range(9), stream(chunks, chunk=0, batch=0, workers=0), strict=False)
    ]
    places = [
        (chunk, place)
        for _, (chunk, place, _) in zip(range(9), stream(chunks, chunk=0, batch=0, workers=0), strict=False)
    ]
    for start in (1, 4, 7):
        chunk, place = places[start]
        rest = stream(chunks, chunk=chunk, batch=place, workers=0)
        assert [batch.names for _, (_, _, batch) in zip(range(9 - start), rest, strict=False)] == whole[start:]
    beside = stream(chunks, chunk=0, batch=0, workers=2)
    assert [batch.names for _, (_, _, batch) in zip(range(9), beside, strict=False)] == whole
