"""What is to be said of lines reaches stderr once: a line by itself, many lines counted."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from gateviz.data.alphabet import Alphabet
from gateviz.networks.crnn import CRNN, CrnnConfig
from gateviz.networks.crnn_file import save_crnn
from gateviz.recording import open_recording

UPRIGHT = "nothing was read: higher than wide: 40 x 96 pixels; is the text vertical, or the image rotated? Lines are read from left to right"
FLAT = "nothing was read: hardly any ink: all levels of gray lie between 240 and 240"


@pytest.fixture(scope="module")
def blind(tmp_path_factory):
    """A model that reads nothing on any line."""
    network = CRNN(CrnnConfig(class_count=4, backbone="vgg_small", hidden_size=6, backbone_scale=0.25)).eval()
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.bias.copy_(torch.tensor([9.0, 0, 0, 0]))
    path = tmp_path_factory.mktemp("model") / "blind.safetensors"
    save_crnn(path, network, Alphabet.from_symbols("abc", blank=0))
    return path


@pytest.fixture
def lines(tmp_path):
    """A folder of three lines: two without ink, one higher than wide."""
    folder = tmp_path / "lines"
    folder.mkdir()
    upright = np.full((96, 40), 240, np.uint8)
    upright[10:80, 10:30:3] = 0
    Image.fromarray(upright).save(folder / "line3.png")
    for number in (1, 2):
        Image.fromarray(np.full((32, 96), 240, np.uint8)).save(folder / f"line{number}.png")
    return folder


@pytest.mark.parametrize(
    "command",
    [("read",), ("align",), ("plot", "-o", "a.png"), ("record", "-o", "a.safetensors"), ("explore", "-o", "a.html")],
)
def test_every_command_that_reads_a_line_says_it_once(run, blind, lines, here, command):
    result = run(command[0], lines / "line3.png", "--model", blind, *command[1:])
    assert result.exit_code == 0
    assert result.stderr.splitlines() == [f"gateviz: {lines}/line3.png: {UPRIGHT}"]


def test_a_saved_recording_says_it_again(run, blind, lines, here):
    run("record", lines / "line3.png", "--model", blind, "-o", "a.safetensors")
    assert open_recording(here / "a.safetensors").remarks == (UPRIGHT,)
    assert run("read", "a.safetensors").stderr.splitlines() == [f"gateviz: a.safetensors: {UPRIGHT}"]


def test_many_lines_are_counted(run, blind, lines, here):
    result = run("read", lines, "--model", blind)
    assert result.stderr.splitlines() == [
        f"gateviz: 3 of 3 lines: nothing was read; the first is {lines}/line1.png: {FLAT.partition(': ')[2]}"
    ]


def test_json_has_the_remarks_of_each_line(run, blind, lines, here):
    found = json.loads(run("read", lines, "--model", blind, "--json").stdout)
    assert [each["remarks"] for each in found] == [[FLAT], [FLAT], [UPRIGHT]]
    assert json.loads(run("align", lines / "line3.png", "--model", blind, "--json").stdout)["remarks"] == [UPRIGHT]


@pytest.mark.parametrize("command", ["measure", "eval", "ablate", "compare"])
def test_corpora_are_counted(run, blind, lines, here, command):
    for number in (1, 2, 3):
        (lines / f"line{number}.gt.txt").write_text("abc")
    arguments = {"compare": ("compare", blind, blind, lines)}.get(command, (command, lines, "--model", blind))
    result = run(*arguments)
    words = "gateviz: 3 of 3 lines: nothing was read; the first is "
    assert [said for said in result.stderr.splitlines() if said.startswith(words)], result.output


def test_a_line_read_with_and_without_edits_is_told_once(run, blind, lines, here):
    edit = ("--edit", "clamp forget_gate 0")
    result = run("explore", lines / "line3.png", "--model", blind, "-o", "a.html", *edit)
    assert result.stderr.splitlines() == [f"gateviz: {lines}/line3.png: {UPRIGHT}"]


def test_how_a_file_was_decoded_is_said_and_drawn(run, blind, here):
    values = np.full((32, 96), 4000, np.uint16)
    values[8:24, 8:88:4] = 100
    Image.fromarray(values).save(here / "a.png")
    result = run("plot", "a.png", "--model", blind, "-o", "a.svg")
    assert "gateviz: a.png: dark for its 16 bits: the brightest pixel is 4,000 of 65,535" in result.stderr
    drawn = (here / "a.svg").read_text()
    assert "Dark for its 16 bits: the brightest pixel is 4,000 of 65,535" in " ".join(drawn.split())
