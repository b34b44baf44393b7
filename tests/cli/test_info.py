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
    assert lines[header].split() == ["layer", "direction", "kind", "inputs", "units", "engine", "module"]
    features = CRNN(
        CrnnConfig(class_count=4, backbone="vgg_small", hidden_size=6, backbone_scale=0.25)
    ).recurrent.input_size
    assert [row.split()[:5] for row in lines[header + 1 : header + 5]] == [
        ["0", "forward", "LSTM", str(features), "6"],
        ["0", "backward", "LSTM", str(features), "6"],
        ["1", "forward", "LSTM", "12", "6"],
        ["1", "backward", "LSTM", "12", "6"],
    ]
    assert ["head", "Linear", "4", "x", "12", "52"] in [line.split() for line in lines]
    assert any(line.startswith("witness: ") and float(line.split()[1]) < 1e-5 for line in lines)


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


def crnn(**changes):
    """A checkpoint of meijieru's lineage with other tensors; None takes one away."""
    from gateviz.adapters.crnn_pytorch import CrnnPytorch, CrnnPytorchShape

    state = CrnnPytorch(CrnnPytorchShape(1, (2, 2, 2, 3, 3, 3, 4), (5, 5), (5, 37))).state_dict()
    state.update({name.replace("__", "."): tensor for name, tensor in changes.items()})
    return {f"module.{name}": tensor for name, tensor in state.items() if tensor is not None}


def test_a_checkpoint_that_nearly_fits_is_diagnosed_in_full(run, tmp_path):
    path = tmp_path / "near.pth"
    gone = [f"cnn__conv{i}__bias" for i in range(7)]
    torch.save({"state_dict": crnn(**dict.fromkeys(gone), head__bias=torch.zeros(3)), "epoch": 3}, path)
    result = run("info", path, "--json")
    assert result.exit_code == 1
    assert result.stderr.startswith("gateviz: error: ")
    assert result.stderr.count("\n") == 1
    found = json.loads(result.stdout)
    assert "fits no lineage that gateviz knows" in found["problem"]
    assert (found["checkpoint"], found["container"], found["bytes"]) == (
        "near.pth",
        "torch zip archive",
        path.stat().st_size,
    )
    assert found["unwrapping"] == ["weights under 'state_dict'", "beside them epoch", "prefix 'module.' on every key"]
    assert found["nearest"]["lineage"] == "crnn_pytorch"
    sizes = (2, 2, 2, 3, 3, 3, 4)
    assert found["nearest"]["misses"] == [
        *(f"cnn.conv{i}.bias [{size}]" for i, size in enumerate(sizes)),
        "a network that has head.bias [3]",
    ]
    assert found["recurrent"] == [
        {"module": "rnn.0.rnn", "layer": 0, "kind": "LSTM", "directions": 2, "inputs": 4, "units": 5},
        {"module": "rnn.1.rnn", "layer": 0, "kind": "LSTM", "directions": 2, "inputs": 5, "units": 5},
    ]
    assert found["lineages"][0] == {"lineage": "crnn_pytorch", "found": found["lineages"][0]["found"], "differences": 8}
    words = run("info", path)
    assert words.exit_code == 1
    assert "    cnn.conv6.bias [4]" in words.stdout.splitlines()
    assert "  lineage: crnn_pytorch" in words.stdout.splitlines()


def test_a_checkpoint_of_nobody_lists_its_own_keys(run, tmp_path):
    path = tmp_path / "strange.pth"
    torch.save(
        {"reader.weight_hh_l0": torch.zeros(9, 3), "reader.weight_ih_l0": torch.zeros(9, 2), "mu": torch.zeros(4, 4)},
        path,
    )
    result = run("info", path, "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert "nearest" not in found
    assert found["keys"] == ["reader.weight_hh_l0 [9, 3]", "reader.weight_ih_l0 [9, 2]", "mu [4, 4]"]
    assert found["recurrent"] == [
        {"module": "reader", "layer": 0, "kind": "GRU", "directions": 1, "inputs": 2, "units": 3}
    ]
    assert (found["tensors"], found["parameters"]) == (3, 61)
    assert "--factory" in found["problem"]


def test_a_lineage_that_fits_but_lacks_its_alphabet(run, tmp_path):
    path = tmp_path / "crnn.pth"
    torch.save(crnn(rnn__1__embedding__weight=torch.zeros(12, 10), rnn__1__embedding__bias=torch.zeros(12)), path)
    result = run("info", path, "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert "has 12 classes (11 symbols and the blank)" in found["problem"]
    assert (found["nearest"]["lineage"], found["nearest"]["misses"]) == ("crnn_pytorch", [])
    assert found["nearest"]["evidence"]


def test_files_without_tensors_are_diagnosed_too(run, tmp_path):
    (tmp_path / "page.pth").write_text("<html>not found</html>", encoding="utf-8")
    result = run("info", tmp_path / "page.pth", "--json")
    found = json.loads(result.stdout)
    assert (result.exit_code, found["container"], found["tensors"]) == (1, "other", 0)
    assert "a web page: the download went wrong" in found["problem"]
    (tmp_path / "cut.pth").write_bytes(b"\x80\x02}q\x00(")
    assert run("info", tmp_path / "cut.pth").exit_code == 1


@pytest.mark.parametrize("name", ["none.pth", "empty.pth", "folder"])
def test_what_is_no_file_at_all_is_a_problem_in_json_too(run, tmp_path, name):
    (tmp_path / "empty.pth").touch()
    (tmp_path / "folder").mkdir()
    told = run("info", tmp_path / name, "--json")
    (problem,) = json.loads(told.stdout).values()
    assert (told.exit_code, name in problem) == (1, True)
    plain = run("info", tmp_path / name)
    assert (plain.exit_code, plain.stdout) == (1, "")
