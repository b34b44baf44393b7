"""``gateviz info`` of a checkpoint, of a recording, and of files that are neither."""

import hashlib
import json

import pytest
import torch

from gateviz.cli.info import in_words
from gateviz.data.alphabet import Alphabet
from gateviz.networks.crnn import CRNN, CrnnConfig
from gateviz.networks.crnn_file import save_crnn


@pytest.fixture
def model(tmp_path):
    """A small untrained model of two layers, both ways."""
    torch.manual_seed(1)
    network = CRNN(CrnnConfig(class_count=4, backbone="vgg_small", hidden_size=6, backbone_scale=0.25)).eval()
    path = tmp_path / "model.safetensors"
    save_crnn(path, network, Alphabet.from_symbols("a中 ", blank=0))
    return path


def test_a_checkpoint_is_told_with_its_layers_engines_and_geometry(run, model):
    result = run("info", model, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    network = CRNN(CrnnConfig(class_count=4, backbone="vgg_small", hidden_size=6, backbone_scale=0.25))
    assert found["lineage"] == "gateviz"
    assert found["evidence"]
    assert found["sha256"] == hashlib.sha256(model.read_bytes()).hexdigest()
    assert found["parameters"] == sum(parameter.numel() for parameter in network.parameters())
    assert [(layer["layer"], layer["direction"], layer["units"]) for layer in found["layers"]] == [
        (0, "forward", 6),
        (0, "backward", 6),
        (1, "forward", 6),
        (1, "backward", 6),
    ]
    assert {layer["kind"] for layer in found["layers"]} == {"LSTM"}
    for layer in found["layers"]:
        assert found["engines"][layer["engine"]], "an engine without a reason"
    for width in (100, 200, 320, 640):
        pixels = torch.zeros(1, 1, 32, width)
        assert found["frames"][f"T_at_{width}"] == network.eval()(pixels).shape[1]
    assert found["alphabet"] == {
        "symbol_count": 3,
        "class_count": 4,
        "blank": 0,
        "longest_code": 1,
        "symbols": ["a", "中", " "],
    }


def test_a_checkpoint_in_words_says_the_same(run, model):
    lines = run("info", model).stdout.splitlines()
    assert "lineage: gateviz" in lines
    assert "  symbols: a中␣" in lines
    header = lines.index("layers:") + 1
    assert lines[header].split() == ["layer", "direction", "kind", "units", "engine", "module"]
    assert [row.split()[:4] for row in lines[header + 1 : header + 5]] == [
        ["0", "forward", "LSTM", "6"],
        ["0", "backward", "LSTM", "6"],
        ["1", "forward", "LSTM", "6"],
        ["1", "backward", "LSTM", "6"],
    ]


def test_a_recording_is_told_with_its_traces_and_provenance(run, saved):
    found = json.loads(run("info", saved, "--json").stdout)
    assert found["text"] == "ab中"
    assert found["image"] == {"columns": 32, "rows": 16}
    assert found["frames"] == {"count": 8, "stride": 4.0, "first_center": 2.0, "receptive_field": 10.0}
    assert [(trace["layer"], trace["direction"]) for trace in found["traces"]] == [
        (0, "forward"),
        (0, "backward"),
        (1, "forward"),
        (1, "backward"),
    ]
    assert found["provenance"]["checkpoint"] == "a.pth"
    words = run("info", saved).stdout.splitlines()
    assert "text: ab中" in words
    assert "  count: 8" in words


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.pth", b"just a text file\n", "is a text file"),
        ("a.pth", b"", "is empty (0 bytes)"),
        ("a.safetensors", b"broken, and long enough to have a header", "a.safetensors"),
    ],
)
def test_what_is_neither_is_one_line(run, tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    result = run("info", tmp_path / name)
    assert result.exit_code == 1
    assert words in result.stderr
    assert result.stderr.count("\n") == 1


def test_long_alphabets_are_cut_and_nothing_is_left_out_silently():
    lines = in_words({"symbols": ["x"] * 100, "empty": {}, "none": None, "list": ["one", "two"], "number": 0.5})
    assert lines == [f"symbols: {'x' * 60} and 40 more", "list:", "  one", "  two", "number: 0.5"]
