"""Every recurrent layer has the columns of its own input: from the recognizer to file, figure, explorer and edits."""

import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from gateviz.capture.ctc_recognizer import CtcRecognizer
from gateviz.capture.edits import clamp
from gateviz.capture.layer_grids import layers_apart, numbered
from gateviz.capture.recorder import record_lines
from gateviz.cli.describe import recognizer_facts, recording_facts
from gateviz.data.alphabet import Alphabet
from gateviz.data.frames import FrameGrid
from gateviz.data.gates import Quantity
from gateviz.data.layer_columns import columns_apart
from gateviz.errors import GeometryError, SelectionError
from gateviz.files.tensors import opened_tensors
from gateviz.geometry.axis_steps import Window
from gateviz.geometry.canvas import Normalize
from gateviz.geometry.preprocess import Gray, Preprocess, ResizeToHeight
from gateviz.geometry.receptive import AxisGeometry
from gateviz.lines.grids import line_grids
from gateviz.lines.recognizer import RecognizerCard
from gateviz.panels.build import gates_stack
from gateviz.panels.explorer import explorer_document
from gateviz.panels.panel import HeatmapPanel, ImagePanel, LinePanel
from gateviz.recording import Recording, open_recording

ALPHABET = Alphabet.from_symbols("abcd", blank=0)
HEIGHT = 8
CONVOLVE = Window(4, 4)
CAUSAL = Window(7, 1, 6, 0)
SENTENCE = (
    "Layers 0 and 1 look elsewhere than the output: {0} {2} further right, each frame seeing {1} {2} (the output's {3})"
)


class Causal(nn.Module):
    """A convolution of stride 4, two layers, a convolution that looks back over 7 frames, and one more layer."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(3)
        self.conv = nn.Conv2d(1, 5, (HEIGHT, 4), (HEIGHT, 4))
        self.lower = nn.LSTM(5, 3, num_layers=2)
        self.back = nn.Conv1d(3, 3, 7)
        self.upper = nn.GRU(3, 3, bidirectional=True)
        self.head = nn.Linear(6, ALPHABET.class_count)

    def forward(self, pixels):
        lower = self.lower(self.conv(pixels).squeeze(2).permute(2, 0, 1))[0]
        behind = self.back(F.pad(lower.permute(1, 2, 0), (6, 0)))
        return self.head(self.upper(behind.permute(2, 0, 1))[0])


def recognizer(layers=("lower", "upper")):
    geometries = {"lower": AxisGeometry((CONVOLVE,)), "upper": AxisGeometry((CONVOLVE, CAUSAL))}
    return CtcRecognizer(
        Causal().eval(),
        ALPHABET,
        RecognizerCard("small"),
        Preprocess((Gray(), ResizeToHeight(HEIGHT), Normalize())),
        AxisGeometry((CONVOLVE, CAUSAL)),
        "TBC",
        "logits",
        layer_geometries={name: geometries[name] for name in layers},
    )


def line(width=160, height=16):
    return np.random.default_rng(0).integers(0, 256, (height, width), dtype=np.uint8)


@pytest.fixture
def recording():
    return record_lines(recognizer(), [(line(), "line.png")])[0]


def test_each_trace_has_the_columns_at_which_its_layer_looked(recording):
    """The line is twice as high as the network's input, so every column counts double."""
    assert recording.grid == FrameGrid(20, 8.0, -20.0, 56.0, 160)
    lower, upper = recording.trace(0).grid, recording.trace(2).grid
    assert lower == FrameGrid(20, 8.0, 4.0, 8.0, 160)
    assert upper == recording.grid
    assert [trace.grid for trace in recording.traces] == [lower, lower, upper, upper]
    assert recording.layers_apart == SENTENCE.format(24, 8, "columns", 56)


def test_ink_reaches_the_frames_that_are_drawn_at_its_columns():
    """Drawn at the output's frames the gates stood 24 columns too far left: the network itself says where they belong."""
    white = np.full((16, 160), 255, np.uint8)
    inked = white.copy()
    inked[:, 83:85] = 0
    before, after = record_lines(recognizer(), [(white, "white"), (inked, "inked")])
    gate = Quantity.INPUT_GATE
    first = int(np.flatnonzero(np.abs(before.trace(0)[gate] - after.trace(0)[gate]).max(1) > 1e-6)[0])
    start, stop = after.grid_of(after.trace(0)).columns(first, first + 1)
    assert start <= 83 < stop
    start, stop = after.grid.columns(first, first + 1)
    assert stop <= 83


def test_a_file_keeps_the_columns_of_every_layer(recording, tmp_path):
    path = tmp_path / "line.safetensors"
    recording.save(path)
    again = open_recording(path)
    assert again.grid == recording.grid
    assert [trace.grid for trace in again.traces] == [trace.grid for trace in recording.traces]
    with opened_tensors(path) as file:
        assert file.document["format_version"] == 2
        assert ["grid" in entry for entry in file.document["traces"]] == [True, True, False, False]


def test_a_file_without_such_layers_is_one_that_an_older_gateviz_reads(recording, tmp_path):
    path = tmp_path / "plain.safetensors"
    Recording(recording.image, recording.grid, recording.traces[2:], recording.emission).save(path)
    with opened_tensors(path) as file:
        assert file.document["format_version"] == 1
        assert not any("grid" in entry for entry in file.document["traces"])
    assert open_recording(path).trace(2).grid == recording.grid


def test_a_grid_must_be_of_its_trace(recording):
    short = FrameGrid(19, 8.0, 4.0, 8.0, 160)
    trace = recording.trace(0)
    wrong = type(trace)(trace.layer, trace.direction, trace.values, trace.module, short)
    with pytest.raises(GeometryError, match="layer 0 forward has 20 frames on a line of 160 columns, and a grid of 19"):
        Recording(recording.image, recording.grid, (wrong,), recording.emission)


def test_xarray_has_the_columns_of_each_layer(recording):
    pytest.importorskip("xarray")
    tree = recording.to_xarray()
    assert tree["trace/0/forward"].coords["column"].values.tolist() == recording.trace(0).grid.centers.tolist()
    assert tree.coords["column"].values.tolist() == recording.grid.centers.tolist()
    assert json.loads(tree["trace/0/forward"].attrs["grid"])["first_center"] == 4.0
    assert json.loads(tree["trace/2/forward"].attrs["grid"])["first_center"] == -20.0


def test_a_figure_draws_and_marks_each_layer_where_it_looked_and_says_so(recording):
    stack = gates_stack(recording, layers=[0, 2], frames=[5])
    heat = {panel.group: (panel.start, panel.stop) for panel in stack.panels if isinstance(panel, HeatmapPanel)}
    assert heat["layer 0 forward"] == (0.0, 160.0)
    assert heat["layer 2 backward"] == (-24.0, 136.0)
    strips = {panel.group: panel.centers[0] for panel in stack.panels if isinstance(panel, LinePanel)}
    assert (strips["posterior"], strips["layer 0 forward"], strips["layer 2 forward"]) == (-20.0, 4.0, -20.0)
    assert stack.highlights == ((16.0, 24.0),)
    assert stack.group_highlights == {"layer 0 forward": ((40.0, 48.0),)}
    (image,) = [panel for panel in stack.panels if isinstance(panel, ImagePanel)]
    assert image.shaded == ((0.0, 48.0),)
    assert stack.notes[0].startswith("Layer 0 looks elsewhere than the output: 24 columns further right")
    assert gates_stack(recording, layers=[2]).notes == ()


def test_the_explorer_is_sent_the_frames_of_each_layer(recording):
    (sent,) = explorer_document([recording])["recordings"]
    lower, _, upper, _ = sent["traces"]
    assert sent["frames"]["centers"][0] == -20.0
    assert (lower["frames"]["centers"][0], lower["frames"]["edges"][0]) == (4.0, 0.0)
    assert lower["frames"]["fields"][3].tolist() == [24.0, 32.0]
    assert "frames" not in upper
    assert sent["notes"] == [SENTENCE.format(24, 8, "columns", 56)]


def test_an_edit_by_columns_means_the_frames_of_each_layer():
    """Columns 80 to 96 are frames 10 and 11 of the lower layers, and 13 and 14 of the upper one."""
    made = recognizer()
    for layer, quantity, frames in (
        (0, "input_gate", [10, 11]),
        (1, "input_gate", [10, 11]),
        (2, "update_gate", [13, 14]),
    ):
        (found,) = record_lines(made, [(line(), "")], edits=[clamp(quantity, 0.5, layer=layer, columns=(80, 96))])
        held = np.flatnonzero((found.trace(layer)[quantity] == 0.5).all(1))
        assert held.tolist() == frames
    (found,) = record_lines(made, [(line(), "")], edits=[clamp("hidden_state", 0.5, columns=(80, 96))])
    held = [np.flatnonzero((found.trace(layer)["hidden_state"] == 0.5).all(1)).tolist() for layer in (0, 1, 2)]
    assert held == [[10, 11], [10, 11], [13, 14]]
    with pytest.raises(
        SelectionError, match=r"holds no frame of this line: its 20 frames have their centers every 8 .* from 4,"
    ):
        record_lines(made, [(line(), "")], edits=[clamp("input_gate", 0.5, layer=0, columns=(-20, -18))])


def test_the_order_of_the_modules_is_held_against_the_run():
    with pytest.raises(GeometryError, match="layer 0 ran in lower, and the recognizer's geometry has it in upper"):
        record_lines(recognizer(("upper", "lower")), [(line(), "")])
    assert numbered(Causal(), ("lower", "upper")) == {0: "lower", 1: "lower", 2: "upper"}


def test_info_says_it_of_a_recognizer_and_of_a_recording(recording):
    grids = line_grids(recognizer(), 100)
    assert (grids.of("lower").first_center, grids.of("upper").first_center) == (2.0, -10.0)
    told = SENTENCE.format(12, 4, "columns of the network's input", 28)
    assert layers_apart(recognizer(), 100) == told
    assert recognizer_facts(recognizer())["layers_apart"] == told
    facts = recording_facts(recording)
    assert facts["layers_apart"] == recording.layers_apart
    assert [trace["first_center"] for trace in facts["traces"]] == [4.0, 4.0, -20.0, -20.0]


def test_the_sentence_names_what_differs():
    output = FrameGrid(4, 4.0, 2.0, 30.0, 16)
    assert columns_apart({0: output, 1: output}, output) == ""
    layers = {0: FrameGrid(4, 4.0, 2.0, 10.0, 16), 1: FrameGrid(4, 4.0, -1.0, 30.0, 16), 2: output}
    assert columns_apart(layers, output) == (
        "Layer 0 looks elsewhere than the output: each frame seeing 10 columns (the output's 30); "
        "layer 1 looks elsewhere than the output: 3 columns further left"
    )
