"""Recordings by ONNX Runtime are those that torch makes, within rounding, of any width and any number of lines."""

import numpy as np
import pytest
import torch

import gateviz
from gateviz.adapters.core.deferred import DeferredRecognizer
from gateviz.capture.recorder import record_lines as record_by_torch
from gateviz.data.alphabet import Alphabet
from gateviz.data.crnn import CrnnConfig
from gateviz.data.gates import Direction
from gateviz.errors import SelectionError, WitnessError
from gateviz.exporting import difference
from gateviz.geometry.preprocess import Invert
from gateviz.networks.crnn import CRNN
from gateviz.networks.crnn_file import save_crnn
from gateviz.runtime.recorder import record_lines
from gateviz.runtime.witness import NEEDED, states_apart

CLOSE = 5e-5
"""Both are float32 networks of some hundred thousand sums, in the order of two libraries and of this processor; 1.2e-5 was seen."""
LETTERS = Alphabet.from_symbols("abcdef", blank=0)


def line(width, seed=0):
    image = np.full((40, width), 255, np.uint8)
    image[12:30, 8 : width - 8] = np.random.default_rng(seed).integers(0, 256, (18, width - 16), dtype=np.uint8)
    return image


def saved(folder, **fields):
    torch.manual_seed(1)
    shape = {"backbone": "vgg_small", "hidden_size": 6, "backbone_scale": 0.1} | fields
    path = folder / "own.safetensors"
    save_crnn(path, CRNN(CrnnConfig(LETTERS.class_count, **shape)).eval(), LETTERS)
    return path


def both(recognizer, images, **options):
    named = [(image, f"{number}.png") for number, image in enumerate(images)]
    found = record_lines(recognizer, named, **options)
    assert not recognizer.torch_opened
    return found, record_by_torch(recognizer, named, **options)


def assert_same(found, expected):
    assert len(found) == len(expected)
    for ours, torchs in zip(found, expected, strict=True):
        assert difference(ours.emission.log_probs, torchs.emission.log_probs) <= CLOSE
        assert [(each.layer, each.direction, each.module, each.grid) for each in ours.traces] == [
            (each.layer, each.direction, each.module, each.grid) for each in torchs.traces
        ]
        for one, other in zip(ours.traces, torchs.traces, strict=True):
            assert list(one.values) == list(other.values)
            for quantity, series in one.values.items():
                assert difference(series, other.values[quantity]) <= CLOSE, quantity
        assert (ours.grid, ours.text, ours.remarks) == (torchs.grid, torchs.text, torchs.remarks)
        assert np.array_equal(ours.image, torchs.image)
        origin, theirs = ours.provenance, torchs.provenance
        for name in ("adapter", "checkpoint", "checkpoint_sha256", "image", "seen", "device", "edits"):
            assert getattr(origin, name) == getattr(theirs, name)


def test_the_bundled_model_at_several_widths_alone_and_in_batches():
    images = [line(120), line(300, 1), line(120, 2), line(300, 3), line(701), line(120, 4)]
    found, expected = both(gateviz.load(), images)
    assert_same(found, expected)
    alone = record_lines(gateviz.load(), [(images[2], "2.png")])
    assert_same(alone, expected[2:3])


@pytest.mark.parametrize(
    "fields",
    [
        {"recurrent": "gru"},
        {"recurrent": "gru", "bidirectional": False},
        {"bidirectional": False, "depth": 1},
        {"backbone": "vgg", "depth": 3},
    ],
    ids=lambda fields: " ".join(map(str, fields.values())),
)
def test_networks_of_every_build(tmp_path, fields):
    recognizer = gateviz.load(saved(tmp_path, **fields))
    assert_same(*both(recognizer, [line(90), line(90, 1), line(200)]))


def test_a_network_without_recurrent_layers_is_read_too(tmp_path):
    recognizer = gateviz.load(saved(tmp_path, recurrent="none"))
    [found] = record_lines(recognizer, [(line(90), "")])
    pixels = torch.from_numpy(recognizer.prepare(line(90)).pixels)[None]
    with torch.no_grad():
        assert difference(found.emission.log_probs, recognizer.log_probs(pixels)[0].numpy()) <= CLOSE
    assert found.traces == ()


def test_what_was_chosen_is_what_is_recorded(tmp_path):
    recognizer = gateviz.load(saved(tmp_path))
    options = {"layers": [1], "quantities": ["forget_gate", "cell_state"], "retouch": [Invert()]}
    found, expected = both(recognizer, [line(90)], **options)
    assert_same(found, expected)
    assert [list(trace.values) for trace in found[0].traces] == [["forget_gate", "cell_state"]] * 2
    assert found[0].provenance.witness <= 1e-5


def test_layers_and_quantities_that_are_not_there(tmp_path):
    recognizer = gateviz.load(saved(tmp_path))
    with pytest.raises(
        SelectionError, match="layer 7 was asked for and did not run; recorded are layers none, and those of "
    ):
        record_lines(recognizer, [(line(90), "")], layers=[7])
    with pytest.raises(SelectionError, match="'gate' was asked for and is no quantity"):
        record_lines(recognizer, [(line(90), "")], quantities=["gate"])
    with pytest.raises(
        SelectionError, match="reset_gate was asked for, and these layers compute candidate, cell_state"
    ):
        record_lines(recognizer, [(line(90), "")], quantities=["reset_gate"])


def test_nothing_of_a_run_without_layers_is_kept_but_the_posteriors(tmp_path):
    recognizer = gateviz.load(saved(tmp_path))
    [found] = record_lines(recognizer, [(line(90), "")], layers=(), witness=False)
    assert found.traces == () and found.provenance.witness is None and found.provenance.engine == {}


def test_the_provenance_names_the_engine_and_its_witness(tmp_path):
    [found] = record_lines(gateviz.load(saved(tmp_path)), [(line(90), "a.png")], remarks=[["seen before: so"]])
    assert list(found.provenance.engine) == ["recurrent"]
    assert found.provenance.engine["recurrent"].startswith("onnxruntime 1.")
    assert set(found.provenance.versions) == {"gateviz", "onnxruntime", "numpy"}
    assert 0 < found.provenance.witness <= 1e-5
    assert found.remarks[0] == "seen before: so"


@pytest.mark.parametrize(("kind", "wrong"), [("lstm", "cell_state"), ("gru", "update_gate")])
def test_the_witness_is_sensitive_to_every_part(tmp_path, kind, wrong):
    [found] = record_lines(gateviz.load(saved(tmp_path, recurrent=kind)), [(line(90), "")])
    for trace in found.traces:
        series = {quantity: values[:, None] for quantity, values in trace.values.items()}
        assert states_apart(kind, trace.direction, series, "layer 0") <= 1e-5
        series[wrong] = series[wrong] * 0.99
        with pytest.raises(WitnessError, match="layer 0: the states that ONNX Runtime computed differ by 0"):
            states_apart(kind, trace.direction, series, "layer 0")


def test_no_number_is_no_agreement():
    series = {name: np.full((2, 1, 3), np.nan) for name in NEEDED["lstm"]}
    with pytest.raises(WitnessError, match="differ by nan"):
        states_apart("lstm", Direction.FORWARD, series, "layer 0")


def test_progress_is_told_of_every_batch(tmp_path):
    done = []
    images = [(line(90, seed), "") for seed in range(5)]
    record_lines(gateviz.load(saved(tmp_path)), images, batch_size=2, progress=done.append)
    assert done == [2, 2, 1]


def test_a_recognizer_that_is_deferred_is_one_for_everything_else(tmp_path):
    recognizer = gateviz.load(saved(tmp_path))
    assert isinstance(recognizer, DeferredRecognizer) and not recognizer.torch_opened
    assert isinstance(recognizer.module, CRNN) and recognizer.torch_opened
    assert recognizer.module is recognizer.module
