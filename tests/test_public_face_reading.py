"""The doors: load a checkpoint, record files and arrays, one or many."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import gateviz
from gateviz.api import LineImage
from gateviz.data.alphabet import Alphabet
from gateviz.errors import ImageError, SelectionError
from gateviz.measure.edit_distance import edit_distance
from gateviz.networks.crnn import CRNN, CrnnConfig
from gateviz.networks.crnn_file import save_crnn


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    """A small untrained model."""
    torch.manual_seed(5)
    network = CRNN(CrnnConfig(class_count=5, backbone="vgg_small", hidden_size=6, backbone_scale=0.25)).eval()
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    save_crnn(path, network, Alphabet.from_symbols("abcd", blank=0))
    return path


@pytest.fixture(scope="module")
def recognizer(checkpoint):
    return gateviz.load(checkpoint)


def pixels(seed: int, width: int = 96, channels: tuple[int, ...] = ()) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (32, width, *channels), dtype=np.uint8)


@pytest.fixture
def files(tmp_path) -> list[LineImage]:
    """Three images, the second of another width."""
    paths = [tmp_path / f"line{number}.png" for number in range(3)]
    for number, path in enumerate(paths):
        Image.fromarray(pixels(number, 128 if number == 1 else 96)).save(path)
    return list(paths)


def assert_same_numbers(ours, theirs) -> None:
    assert ours.text == theirs.text
    np.testing.assert_allclose(ours.emission.log_probs, theirs.emission.log_probs, atol=1e-5)
    for mine, yours in zip(ours.traces, theirs.traces, strict=True):
        for quantity in mine.values:
            np.testing.assert_allclose(mine[quantity], yours[quantity], atol=1e-5)


def test_a_file_gives_a_recording_with_its_name_and_pixels(recognizer, files):
    recording = gateviz.record(recognizer, files[0])
    assert isinstance(recording, gateviz.Recording)
    np.testing.assert_array_equal(recording.image, pixels(0))
    assert recording.provenance.image == "line0.png"
    assert recording.provenance.checkpoint == "model.safetensors"
    assert recording.provenance.witness < 1e-4
    assert [trace.name for trace in recording.traces] == ["0.forward", "0.backward", "1.forward", "1.backward"]


def test_a_path_a_string_and_an_array_are_one(recognizer, files):
    from_path = gateviz.record(recognizer, files[0])
    assert_same_numbers(from_path, gateviz.record(recognizer, str(files[0])))
    from_array = gateviz.record(recognizer, pixels(0))
    assert_same_numbers(from_path, from_array)
    assert from_array.provenance.image == ""


def test_a_list_gives_a_list_in_order_each_as_by_itself(recognizer, files):
    recordings = gateviz.record(recognizer, files)
    assert [recording.provenance.image for recording in recordings] == ["line0.png", "line1.png", "line2.png"]
    for path, recording in zip(files, recordings, strict=True):
        assert_same_numbers(recording, gateviz.record(recognizer, path))
    assert len(gateviz.record(recognizer, files[:1])) == 1
    assert gateviz.record(recognizer, []) == []


def test_color_and_gray_arrays_are_read(recognizer):
    gray = pixels(4)
    color = np.repeat(gray[..., None], 3, axis=2)
    assert_same_numbers(gateviz.record(recognizer, gray), gateviz.record(recognizer, color))


def test_only_what_was_asked_for_is_recorded(recognizer, files):
    recording = gateviz.record(recognizer, files[0], layers=[1], quantities=["forget_gate"])
    assert [trace.name for trace in recording.traces] == ["1.forward", "1.backward"]
    assert {tuple(trace.values) for trace in recording.traces} == {(gateviz.Quantity.FORGET_GATE,)}
    assert gateviz.record(recognizer, files[0], layers=(), witness=False).traces == ()


def test_edits_change_the_run_and_stand_in_the_provenance(recognizer, files):
    edit = gateviz.clamp("forget_gate", 0.0, layer=1, units=[2], columns=(16, 64))
    edited = gateviz.record(recognizer, files[0], edits=[edit])
    plain = gateviz.record(recognizer, files[0])
    start, stop = edited.grid.frames_between(16.0, 64.0)
    assert (edited.trace(1).forget_gate[start:stop, 2] == 0).all()
    np.testing.assert_allclose(edited.trace(1).forget_gate[:start], plain.trace(1).forget_gate[:start], atol=1e-6)
    assert np.abs(edited.emission.log_probs - plain.emission.log_probs).max() > 1e-4
    assert edited.provenance.edits == (edit.sentence(),)


def test_an_inverted_image_is_read_as_its_negative(recognizer):
    inverted = gateviz.record(recognizer, pixels(0), invert=True)
    assert_same_numbers(inverted, gateviz.record(recognizer, 255 - pixels(0)))
    np.testing.assert_array_equal(inverted.image, pixels(0))


@pytest.mark.parametrize("option", ["deskew", "clahe"])
def test_retouching_steps_reach_the_network_and_leave_the_users_image(recognizer, option):
    line = np.full((40, 200), 230, np.uint8)
    for column in range(20, 180):
        line[12 + column // 14 : 18 + column // 14, column] = 90
    plain = gateviz.record(recognizer, line)
    touched = gateviz.record(recognizer, line, **{option: True})
    assert not np.array_equal(plain.emission.log_probs, touched.emission.log_probs)
    np.testing.assert_array_equal(touched.image, line)


def test_a_text_is_aligned_to_a_recording(recognizer, files):
    recording = gateviz.record(recognizer, files[0])
    alignment = gateviz.align(recording, "abca")
    assert alignment.text == "abca"
    assert recording.emission.alphabet.text(collapsed(alignment.path, blank=0)) == "abca"


def collapsed(path: np.ndarray, *, blank: int) -> list[int]:
    return [
        int(label)
        for label, before in zip(path, [blank, *path[:-1]], strict=True)
        if label != blank and label != before
    ]


def test_wrong_images_and_wishes_are_named(recognizer, files, tmp_path):
    with pytest.raises(ImageError, match=r"nowhere.png is not there"):
        gateviz.record(recognizer, [*files, tmp_path / "nowhere.png"])
    with pytest.raises(ImageError, match=r"an image array needs type uint8 .* not float64 \(32, 96\)"):
        gateviz.record(recognizer, pixels(0) / 255)
    with pytest.raises(ImageError, match="over the limit of 100"):
        gateviz.record(recognizer, files[0], max_pixels=100)
    with pytest.raises(SelectionError, match="7"):
        gateviz.record(recognizer, files[0], layers=[7])


def test_without_a_checkpoint_the_bundled_model_reads():
    recording = gateviz.record(gateviz.load(), gateviz.sample())
    assert recording.provenance.adapter == "gateviz"
    # Narrow doubled letters are what it still loses.
    assert edit_distance("A balloon committee, 27 Coffee Street.", recording.text) <= 3
    assert [trace.name for trace in recording.traces] == ["0.forward", "0.backward", "1.forward", "1.backward"]
